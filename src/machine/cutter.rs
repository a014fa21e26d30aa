//! Bytes that come in pieces, cut into chunks of whole lines.
//!
//! Invariant: no chunk is longer, and none has more lines, than said; memory stays within a chunk, a line and a piece,
//! whatever comes. A line that is too long is left out and counted, not cut into two that mean something else.

/// What a chunk may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    pub bytes: usize,
    pub lines: usize,
    /// Longest line, without its end.
    pub line_bytes: usize,
}

/// Whole lines, each with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub bytes: Vec<u8>,
    pub lines: u32,
    /// Of its first line, in all that came, counted from 1.
    pub first_line: u64,
}

#[derive(Debug)]
pub struct Cutter {
    caps: Caps,
    held: Vec<u8>,
    /// Number of the line that `held` begins with.
    line: u64,
    /// The rest of the line is left out, too.
    skipping: bool,
    /// Nothing more comes.
    ended: bool,
    too_long: Vec<u64>,
}

// === impl Cutter ===

impl Cutter {
    pub fn new(caps: Caps) -> Cutter {
        Cutter { caps, held: Vec::new(), line: 1, skipping: false, ended: false, too_long: Vec::new() }
    }

    /// Whether more should be handed in: not before a chunk was taken out.
    pub fn is_hungry(&self) -> bool {
        !self.ended && self.held.len() < self.caps.bytes && self.too_long.len() < self.caps.lines
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        if self.skipping {
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
            bytes = &bytes[end + 1..];
            self.skipping = false;
            self.line += 1;
        }
        self.held.extend_from_slice(bytes);
    }

    /// Nothing more comes: what is there is a line even without its end.
    pub fn end(&mut self) {
        self.ended = true;
        if !self.held.is_empty() && !self.held.ends_with(b"\n") {
            self.held.push(b'\n');
        }
    }

    /// Whether all that came was taken out.
    pub fn is_done(&self) -> bool {
        self.ended && self.held.is_empty()
    }

    /// Numbers of lines that were too long since this was asked last.
    pub fn take_too_long(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.too_long)
    }

    /// The next chunk of whole lines; none while there is no whole line.
    pub fn take_chunk(&mut self) -> Option<Chunk> {
        loop {
            let (end, lines) = self.whole_lines();
            if end > 0 {
                let rest = self.held.split_off(end);
                let bytes = std::mem::replace(&mut self.held, rest);
                let first_line = self.line;
                self.line += u64::from(lines);
                return Some(Chunk { bytes, lines, first_line });
            }
            if !self.drop_too_long() {
                return None;
            }
        }
    }

    /// How many bytes, and lines, from the beginning make a chunk.
    fn whole_lines(&self) -> (usize, u32) {
        let (mut end, mut lines) = (0, 0);
        while (lines as usize) < self.caps.lines {
            let Some(length) = self.held[end..].iter().position(|byte| *byte == b'\n') else { break };
            if length > self.caps.line_bytes || end + length + 1 > self.caps.bytes {
                break;
            }
            end += length + 1;
            lines += 1;
        }
        (end, lines)
    }

    /// Leaves the first line out where that is too long, as far as it is there.
    fn drop_too_long(&mut self) -> bool {
        let end = self.held.iter().position(|byte| *byte == b'\n');
        if end.unwrap_or(self.held.len()) <= self.caps.line_bytes {
            return false;
        }
        self.too_long.push(self.line);
        match end {
            Some(end) => {
                self.held.drain(..=end);
                self.line += 1;
            }
            None => {
                self.held.clear();
                self.skipping = true;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPS: Caps = Caps { bytes: 12, lines: 3, line_bytes: 8 };

    /// All chunks, and the lines that were too long.
    fn cut(pieces: &[&[u8]]) -> (Vec<(u64, String)>, Vec<u64>) {
        let mut cutter = Cutter::new(CAPS);
        let (mut chunks, mut too_long) = (Vec::new(), Vec::new());
        let mut drain = |cutter: &mut Cutter| {
            while let Some(chunk) = cutter.take_chunk() {
                assert!(chunk.bytes.len() <= CAPS.bytes && chunk.lines as usize <= CAPS.lines);
                assert_eq!(chunk.bytes.iter().filter(|byte| **byte == b'\n').count(), chunk.lines as usize);
                chunks.push((chunk.first_line, String::from_utf8(chunk.bytes).unwrap()));
            }
            too_long.extend(cutter.take_too_long());
        };
        for piece in pieces {
            cutter.feed(piece);
            drain(&mut cutter);
        }
        cutter.end();
        drain(&mut cutter);
        assert!(cutter.is_done());
        (chunks, too_long)
    }

    fn chunk(line: u64, text: &str) -> (u64, String) {
        (line, text.to_owned())
    }

    #[test]
    fn lines_are_handed_on_whole_as_soon_as_they_are() {
        assert_eq!(cut(&[b"a\nb", b"c\n"]), (vec![chunk(1, "a\n"), chunk(2, "bc\n")], vec![]));
        assert_eq!(cut(&[b"a\n\nb\nc\n"]), (vec![chunk(1, "a\n\nb\n"), chunk(4, "c\n")], vec![]));
        assert_eq!(cut(&[b"12345678\n12345678\n"]).0.len(), 2, "two do not fit into one chunk");
        assert_eq!(cut(&[b"last"]), (vec![chunk(1, "last\n")], vec![]), "the end of the input is the end of a line");
        assert_eq!(cut(&[]), (vec![], vec![]));
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_and_those_around_it_keep_their_numbers() {
        assert_eq!(cut(&[b"a\n123456789\nb\n"]), (vec![chunk(1, "a\n"), chunk(3, "b\n")], vec![2]));
        assert_eq!(cut(&[b"1234567890", b"1234", b"56\nb\n"]), (vec![chunk(2, "b\n")], vec![1]));
        assert_eq!(cut(&[b"123456789"]), (vec![], vec![1]));
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut cutter = Cutter::new(Caps { bytes: 65_536, lines: 4096, line_bytes: 8192 });
        let piece = vec![0; 65_536];
        for _ in 0..256 {
            assert!(cutter.is_hungry());
            cutter.feed(&piece);
            assert_eq!(cutter.take_chunk(), None);
        }
        assert!(cutter.held.capacity() <= 2 * 65_536, "{}", cutter.held.capacity());
        assert_eq!(cutter.take_too_long(), [1]);
        cutter.feed(b"\nx\n");
        assert_eq!(cutter.take_chunk().map(|chunk| chunk.first_line), Some(2));
    }

    proptest! {
        #[test]
        fn however_it_comes_in_pieces_the_lines_are_the_same(
            text in "[a\n]{0,60}", at in prop::collection::vec(0_usize..60, 0..6),
        ) {
            let mut at: Vec<usize> = at.into_iter().map(|at| at.min(text.len())).collect();
            at.sort_unstable();
            at.push(text.len());
            let mut from = 0;
            let pieces: Vec<&[u8]> = at.iter().map(|to| {
                let piece = &text.as_bytes()[from..*to];
                from = *to;
                piece
            }).collect();
            let (whole, too_long) = cut(&pieces);
            let kept: String = whole.into_iter().map(|(_, text)| text).collect();
            let expected: String = text.split_inclusive('\n').filter(|line| line.trim_end_matches('\n').len() <= CAPS.line_bytes)
                .map(|line| format!("{}\n", line.trim_end_matches('\n'))).collect();
            prop_assert_eq!(kept, expected);
            let long = text.split('\n').filter(|line| line.len() > CAPS.line_bytes).count();
            prop_assert_eq!(too_long.len(), long);
        }
    }
}
