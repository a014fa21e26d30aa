//! Whole lines out of the stretches a file is read in.
//!
//! Invariant: a line that is not whole yet waits; what waits is bounded, and so is every line. After a gap, the rest of
//! the line the gap was in is left out.

use crate::base::limits;

/// The beginning of a line whose end was not written yet.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    waiting: Vec<u8>,
    /// The rest of this line is left out.
    skipping: bool,
}

// === impl Lines ===

impl Lines {
    /// Adds what was read and puts all lines that are whole now behind `all`.
    pub fn add(&mut self, bytes: &[u8], all: &mut Vec<String>) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, whole) = match part.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (part, false),
            };
            if !self.skipping {
                let room = limits::SOURCE_LINE_BYTES_MAX.saturating_sub(self.waiting.len());
                self.waiting.extend_from_slice(&line[..line.len().min(room)]);
            }
            if whole {
                if !self.skipping {
                    self.finish(all);
                }
                self.skipping = false;
            }
        }
    }

    /// Something between what was read and what is read next is missing.
    pub fn gap(&mut self) {
        self.waiting.clear();
        self.skipping = true;
    }

    /// A new file begins; the line that waits will not go on.
    pub fn forget(&mut self) {
        self.waiting.clear();
        self.skipping = false;
    }

    /// Nothing more will come: what waits is a line too.
    pub fn finish(&mut self, all: &mut Vec<String>) {
        let line = self.waiting.strip_suffix(b"\r").unwrap_or(&self.waiting);
        if !line.is_empty() {
            all.push(String::from_utf8_lossy(line).into_owned());
        }
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_waits_for_its_end_and_its_length_is_bounded() {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        lines.add(b"one\r\ntw", &mut all);
        assert_eq!(all, ["one"]);
        lines.add(b"o\n\n\xff\n", &mut all);
        assert_eq!(all, ["one", "two", "\u{fffd}"]);
        lines.add(&vec![b'x'; 1024 * 1024], &mut all);
        assert_eq!(lines.waiting.len(), limits::SOURCE_LINE_BYTES_MAX);
        lines.add(b"\nnext\n", &mut all);
        assert_eq!((all[3].len(), all[4].as_str()), (limits::SOURCE_LINE_BYTES_MAX, "next"));
    }

    #[test]
    fn after_a_gap_no_half_line_is_told() {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        lines.add(b"half", &mut all);
        lines.gap();
        lines.add(b" a line\nwhole\n", &mut all);
        assert_eq!(all, ["whole"]);
        lines.add(b"last", &mut all);
        lines.finish(&mut all);
        assert_eq!(all, ["whole", "last"]);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_are_read(text in "[ab\n]{0,200}", cut in 0_usize..200) {
            let bytes = text.as_bytes();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let (mut lines, mut all) = (Lines::default(), Vec::new());
            lines.add(first, &mut all);
            lines.add(second, &mut all);
            lines.finish(&mut all);
            let expect: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(all, expect);
        }
    }
}
