//! A file of a fixed size that lies in memory, without a name: it lives as long as somebody holds it.
//!
//! Invariant: it never grows or shrinks, whoever holds it: the kernel sees to that. Only what was written takes memory.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create,
};
use rustix::io::{pread, pwrite};

use crate::base::limits;

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

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
        if sealed.contains(SEALS) && size == limits::HISTORY_BYTES_MAX {
            return Ok(MemoryFile(file));
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no memory file of ours"))
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
}
