//! A history as it is kept in a file: what was written of it, piece by piece, and a checksum over all of that.
//!
//! A line `unblink history 1 VERSION`, of the file's own format and of what workers write; then, for each piece, where it stands
//! (`u64`), its length (`u32`, both little-endian) and its bytes; then `u64::MAX`, and SHA-256 over everything before that.
//!
//! Invariant: nobody looks into what workers wrote. Whatever the bytes, they are such a file, each piece behind the one before
//! and within the bounds of a history, or they are none; and no more than a piece is held.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::history::VERSION;
use crate::base::limits;

/// Why a file cannot be taken for a history.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("it is no history")]
    Foreign,
    #[error("it is of version {0}, and this program reads {VERSION}")]
    Version(String),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// How every file begins.
const HEAD: &str = "unblink history 1 ";
/// Such a line is not longer.
const LINE_BYTES_MAX: usize = 64;
/// Stands where a piece would.
const END: u64 = u64::MAX;
const CUT_SHORT: Unfit = Unfit::Damaged("it is cut short");

/// Writes one; pieces are told with where they stand, each behind the one before.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    sum: Sha256,
}

/// Reads and sums up.
struct Reader<R> {
    from: R,
    sum: Sha256,
}

// === impl Writer ===

impl<W: Write> Writer<W> {
    /// `version` is that of the workers that wrote it, who may be of another program than this one.
    pub fn begin(out: W, version: u16) -> io::Result<Writer<W>> {
        let mut writer = Writer { out, sum: Sha256::new() };
        writer.put(format!("{HEAD}{version}\n").as_bytes())?;
        Ok(writer)
    }

    pub fn piece(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut at = at;
        for part in bytes.chunks(limits::HISTORY_PIECE_BYTES_MAX) {
            let length = u32::try_from(part.len()).expect("invariant: a piece is far below 4 GiB");
            self.put(&at.to_le_bytes())?;
            self.put(&length.to_le_bytes())?;
            self.put(part)?;
            at += part.len() as u64;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.put(&END.to_le_bytes())?;
        let Writer { mut out, sum } = self;
        out.write_all(&sum.finalize())?;
        Ok(out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads one to its end. What `take` was told is to be believed only where all of it was read.
pub fn read(from: impl Read, mut take: impl FnMut(u64, &[u8]) -> io::Result<()>) -> Result<(), Unfit> {
    let mut reader = Reader { from, sum: Sha256::new() };
    reader.line()?;
    let mut bytes = Vec::new();
    let mut behind = 0;
    loop {
        let at = u64::from_le_bytes(reader.array()?);
        if at == END {
            break;
        }
        let length = u32::from_le_bytes(reader.array()?) as usize;
        let end = at.saturating_add(length as u64);
        let is_bounded = (1..=limits::HISTORY_PIECE_BYTES_MAX).contains(&length);
        if !is_bounded || at < behind || end > limits::HISTORY_BYTES_MAX {
            return Err(Unfit::Damaged("a piece of it has no place"));
        }
        behind = end;
        bytes.resize(length, 0);
        reader.fill(&mut bytes)?;
        take(at, &bytes)?;
    }
    let sum: [u8; 32] = reader.sum.clone().finalize().into();
    if reader.array::<32>()? != sum {
        return Err(Unfit::Damaged("its SHA-256 is another one than when it was written"));
    }
    match reader.from.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(Unfit::Damaged("something stands behind its end")),
    }
}

// === impl Reader ===

impl<R: Read> Reader<R> {
    fn line(&mut self) -> Result<(), Unfit> {
        let mut line = Vec::new();
        loop {
            let [byte] = self.array().map_err(|_| Unfit::Foreign)?;
            match byte {
                b'\n' => break,
                _ if line.len() == LINE_BYTES_MAX => return Err(Unfit::Foreign),
                _ => line.push(byte),
            }
        }
        let version = line.strip_prefix(HEAD.as_bytes()).ok_or(Unfit::Foreign)?;
        let version = std::str::from_utf8(version).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        match version.filter(|version| !version.is_empty()) {
            None => Err(Unfit::Foreign),
            Some(version) if version != VERSION.to_string() => Err(Unfit::Version(version.to_owned())),
            Some(_) => Ok(()),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unfit> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Unfit> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => CUT_SHORT,
            _ => Unfit::Io(error),
        })?;
        self.sum.update(&*bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(pieces: &[(u64, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), VERSION).unwrap();
        pieces.iter().for_each(|(at, bytes)| writer.piece(*at, bytes).unwrap());
        writer.finish().unwrap()
    }

    fn read_all(bytes: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, String> {
        let mut pieces = Vec::new();
        read(bytes, |at, bytes| {
            pieces.push((at, bytes.to_vec()));
            Ok(())
        })
        .map_err(|unfit| unfit.to_string())?;
        Ok(pieces)
    }

    #[test]
    fn what_was_written_is_read_and_long_pieces_are_several() {
        let most = limits::HISTORY_PIECE_BYTES_MAX;
        let (end, long) = (limits::HISTORY_BYTES_MAX, vec![7; most + 3]);
        let bytes = written(&[(0, b"a"), (4096, &long), (end - 1, b"z")]);
        let expected =
            vec![(0, b"a".to_vec()), (4096, vec![7; most]), (4096 + most as u64, vec![7; 3]), (end - 1, b"z".to_vec())];
        assert_eq!(read_all(&bytes), Ok(expected));
        assert_eq!(read_all(&written(&[])), Ok(Vec::new()));
    }

    #[test]
    fn every_byte_that_is_changed_and_every_end_that_is_missing_is_noticed() {
        let bytes = written(&[(0, b"some"), (4096, b"more")]);
        for at in 0..bytes.len() {
            for change in [1, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                assert!(read_all(&damaged).is_err(), "byte {at}");
            }
            assert!(read_all(&bytes[..at]).is_err(), "{at} bytes");
        }
        assert!(read_all(&[&bytes[..], b"x"].concat()).unwrap_err().contains("behind its end"));
    }

    #[test]
    fn what_is_foreign_of_another_version_or_out_of_bounds_is_told() {
        let of_another = Writer::begin(Vec::new(), VERSION + 1).unwrap().finish().unwrap();
        assert!(matches!(read(&of_another[..], |_, _| Ok(())), Err(Unfit::Version(_))));
        for (bytes, says) in [
            (b"".to_vec(), "it is no history"),
            (b"[host]\n".to_vec(), "it is no history"),
            (vec![b'x'; 500], "it is no history"),
            (b"unblink history 1 one\n".to_vec(), "it is no history"),
            (b"unblink history 1 \n".to_vec(), "it is no history"),
            (written(&[(8, b"b"), (4, b"a")]), "it is damaged: a piece of it has no place"),
            (written(&[(8, b"bb"), (9, b"a")]), "it is damaged: a piece of it has no place"),
            (written(&[(limits::HISTORY_BYTES_MAX, b"a")]), "it is damaged: a piece of it has no place"),
            (written(&[(limits::HISTORY_BYTES_MAX - 1, b"ab")]), "it is damaged: a piece of it has no place"),
            (written(&[(END - 1, b"a")]), "it is damaged: a piece of it has no place"),
        ] {
            assert_eq!(read_all(&bytes), Err(says.to_owned()), "{bytes:?}");
        }
        let mut huge = format!("{HEAD}{VERSION}\n").into_bytes();
        huge.extend(0_u64.to_le_bytes().into_iter().chain(u32::MAX.to_le_bytes()));
        assert_eq!(read_all(&huge), Err("it is damaged: a piece of it has no place".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            head in prop::sample::select(vec![String::new(), format!("{HEAD}{VERSION}\n")]),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            prop_assert!(read_all(&[head.as_bytes(), &bytes].concat()).is_err());
        }
    }
}
