//! A file of a fixed size that lies in memory, without a name: it lives as long as somebody holds it.
//!
//! Invariant: it never grows or shrinks, whoever holds it: the kernel sees to that. Only what was written takes memory.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    FallocateFlags, MemfdFlags, Mode, OFlags, SealFlags, SeekFrom, fallocate, fcntl_add_seals, fcntl_get_seals,
    fcntl_getfl, fstat, ftruncate, memfd_create, open, seek,
};
use rustix::io::{pread, pwrite};

use crate::base::limits;

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// What its opening may say besides that it is read and written; this one the kernel sets by itself. Others are set by whoever
/// shares the opening, and one of them has writing go elsewhere (`O_APPEND`).
const FLAGS_IGNORED: OFlags = OFlags::LARGEFILE;

/// One such file, of `limits::HISTORY_BYTES_MAX` bytes.
#[derive(Debug)]
pub struct MemoryFile(OwnedFd);

// === impl MemoryFile ===

impl MemoryFile {
    pub fn new() -> io::Result<MemoryFile> {
        let file = memfd_create("unblink-history", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, limits::HISTORY_BYTES_MAX)?;
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL)?;
        Ok(MemoryFile(file))
    }

    /// A file that somebody else made; an error where this is none.
    pub fn of(file: OwnedFd) -> io::Result<MemoryFile> {
        let sealed = fcntl_get_seals(&file)?;
        let size = u64::try_from(fstat(&file)?.st_size).unwrap_or(0);
        if sealed.contains(SEALS | SealFlags::SEAL) && size == limits::HISTORY_BYTES_MAX {
            return Ok(MemoryFile(file));
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no memory file of ours"))
    }

    /// One that came back from outside: none of those who kept it may have made it less than it was.
    pub fn returned(file: OwnedFd) -> io::Result<MemoryFile> {
        let is_plainly_open_for_both = fcntl_getfl(&file)?.difference(FLAGS_IGNORED) == OFlags::RDWR;
        let file = MemoryFile::of(file)?;
        if is_plainly_open_for_both {
            Ok(file)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it cannot be written as ours can"))
        }
    }

    /// The same file with an opening of its own: what somebody does to the flags of that one is nobody else's.
    pub fn reopen(&self) -> io::Result<MemoryFile> {
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        Ok(MemoryFile(open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?))
    }

    pub fn try_clone(&self) -> io::Result<MemoryFile> {
        Ok(MemoryFile(self.0.try_clone()?))
    }

    /// Reads until `into` is full or the file ends; how much that is.
    pub fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match pread(&self.0, &mut into[done..], at + done as u64)? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    /// Writes all of it; an error where the file has no room for it.
    pub fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match pwrite(&self.0, &bytes[done..], at + done as u64)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => done += count,
            }
        }
        Ok(())
    }

    /// What was written from there on, so many bytes of it at most, and where it stands; none where nothing was. Parts that
    /// were never written, or were cleared, are passed over.
    pub fn piece(&self, from: u64, most: usize) -> io::Result<Option<(u64, Vec<u8>)>> {
        let (at, end) = loop {
            let at = match seek(&self.0, SeekFrom::Data(from)) {
                Err(rustix::io::Errno::NXIO) => return Ok(None),
                found => found?,
            };
            let end = seek(&self.0, SeekFrom::Hole(at))?;
            if end > at {
                break (at, end);
            }
            // It was cleared this very moment: what stands behind it is not the end.
        };
        let mut bytes = vec![0; usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(most)];
        let read = self.read_at(&mut bytes, at)?;
        bytes.truncate(read);
        Ok(Some((at, bytes)))
    }

    /// Zeroes a part and gives its memory back.
    pub fn clear(&self, at: u64, len: u64) -> io::Result<()> {
        Ok(fallocate(&self.0, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, len)?)
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<MemoryFile> for OwnedFd {
    fn from(file: MemoryFile) -> OwnedFd {
        file.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of memory it takes.
    fn taken(file: &MemoryFile) -> u64 {
        u64::try_from(fstat(file).unwrap().st_blocks).unwrap() * 512
    }

    #[test]
    fn it_keeps_what_is_written_and_takes_memory_for_that_alone() {
        let file = MemoryFile::new().unwrap();
        assert_eq!(taken(&file), 0);
        file.write_at(b"hello", 4_090).unwrap();
        let other = MemoryFile::of(OwnedFd::from(file.try_clone().unwrap())).unwrap();
        let mut read = [0; 7];
        assert_eq!(other.read_at(&mut read, 4_089).unwrap(), 7);
        assert_eq!(&read, b"\0hello\0");
        assert!((1..=64 * 1024).contains(&taken(&file)), "{}", taken(&file));
        file.clear(0, 8_192).unwrap();
        assert_eq!((taken(&file), other.read_at(&mut read, 4_089).unwrap(), read), (0, 7, [0; 7]));
    }

    #[test]
    fn only_what_was_written_is_read_piece_by_piece() {
        let file = MemoryFile::new().unwrap();
        assert_eq!(file.piece(0, 100).unwrap(), None);
        let far = limits::HISTORY_BYTES_MAX / 2;
        file.write_at(&[7; 5_000], 0).unwrap();
        file.write_at(b"far", far).unwrap();
        assert_eq!(file.piece(0, 4_999).unwrap(), Some((0, vec![7; 4_999])));
        let (at, bytes) = file.piece(4_999, 1 << 20).unwrap().unwrap();
        assert_eq!((at, bytes[0], bytes[1]), (4_999, 7, 0), "to the end of its page");
        let (at, bytes) = file.piece(at + bytes.len() as u64, 1 << 20).unwrap().unwrap();
        assert_eq!((at, &bytes[..4]), (far, &b"far\0"[..]));
        assert_eq!(file.piece(at + bytes.len() as u64, 1).unwrap(), None);
        assert_eq!(file.piece(u64::MAX / 2, 1).unwrap(), None);
        file.clear(0, far).unwrap();
        assert_eq!(file.piece(0, 1).unwrap(), Some((far, b"f".to_vec())));
    }

    #[test]
    fn nobody_can_make_it_longer_or_shorter() {
        let file = MemoryFile::new().unwrap();
        let end = limits::HISTORY_BYTES_MAX;
        assert!(file.write_at(b"x", end).is_err());
        assert!(ftruncate(&file, end - 1).is_err() && ftruncate(&file, end + 1).is_err());
        file.write_at(b"x", end - 1).unwrap();
        assert_eq!(file.read_at(&mut [0; 2], end - 1).unwrap(), 1);
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        let plain = std::fs::File::open("/dev/null").unwrap();
        assert!(MemoryFile::of(plain.into()).is_err());
        let unsealed = memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&unsealed, limits::HISTORY_BYTES_MAX).unwrap();
        assert!(MemoryFile::of(unsealed).is_err());
    }

    #[test]
    fn what_comes_back_is_ours_and_can_be_written() {
        let file = MemoryFile::new().unwrap();
        let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        let read_only = std::fs::File::open(path).unwrap();
        assert!(MemoryFile::returned(read_only.into()).is_err());
        assert!(MemoryFile::returned(std::fs::File::open("/dev/null").unwrap().into()).is_err());
        let again = file.reopen().unwrap();
        let appends = fcntl_getfl(&again.0).unwrap() | OFlags::APPEND;
        rustix::fs::fcntl_setfl(&again.0, appends).unwrap();
        assert!(MemoryFile::returned(again.into()).is_err(), "it would be written at its end, where there is no room");
        // The other opening has nothing of that.
        MemoryFile::returned(file.into()).unwrap().write_at(b"x", 7).unwrap();
        let unsealed = memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&unsealed, limits::HISTORY_BYTES_MAX).unwrap();
        fcntl_add_seals(&unsealed, SEALS).unwrap();
        assert!(MemoryFile::of(unsealed).is_err(), "somebody may seal it against being written");
    }
}
