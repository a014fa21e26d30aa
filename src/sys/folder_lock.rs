//! A folder that several hold together, or one alone.
//!
//! Invariant: it is held as long as the value lives, however its process ends, and nothing is written for it. Nothing that this
//! process starts holds it on.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::fs::{FlockOperation, flock};

use super::clock;

/// Held until it goes.
#[derive(Debug)]
#[must_use = "it is held as long as it is there"]
pub struct Held(File);

/// Why a folder is not held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error("somebody else holds it")]
    Busy,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Time between two tries: nothing tells when a lock is free, but for a thread that waits and cannot be called off.
const RETRY: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

// === impl Held ===

impl Held {
    /// With whoever else holds it so; waits so long for one who holds it alone.
    pub fn together(folder: &Path, patience: Duration) -> Result<Held, HoldError> {
        Held::by(FlockOperation::NonBlockingLockShared, folder, patience)
    }

    /// Waits so long for whoever holds it.
    pub fn alone(folder: &Path, patience: Duration) -> Result<Held, HoldError> {
        Held::by(FlockOperation::NonBlockingLockExclusive, folder, patience)
    }

    fn by(operation: FlockOperation, folder: &Path, patience: Duration) -> Result<Held, HoldError> {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(folder)?;
        let deadline = clock::mono() + patience;
        loop {
            match flock(&file, operation) {
                Ok(()) => return Ok(Held(file)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) if clock::mono() >= deadline => return Err(HoldError::Busy),
                Err(rustix::io::Errno::WOULDBLOCK) => _ = poll(&mut [], Some(&RETRY)),
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing alone would not do: a child that was forked this very moment holds a duplicate until it runs exec.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn several_hold_it_together_and_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let two = [(); 2].map(|()| Held::together(path, AT_ONCE).unwrap());
        assert!(matches!(Held::alone(path, AT_ONCE), Err(HoldError::Busy)));
        drop(two);
        let alone = Held::alone(path, AT_ONCE).unwrap();
        for tried in [Held::alone(path, AT_ONCE), Held::together(path, Duration::from_millis(20))] {
            assert!(matches!(tried, Err(HoldError::Busy)), "{tried:?}");
        }
        drop(alone);
        assert!(Held::together(path, AT_ONCE).is_ok());
        assert_eq!(std::fs::read_dir(path).unwrap().count(), 0, "nothing is written");
        assert!(matches!(Held::alone(&path.join("none"), AT_ONCE), Err(HoldError::Io(_))));
    }
}
