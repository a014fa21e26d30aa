//! A folder that several hold together, or one alone.
//!
//! Invariant: it is held as long as the value lives, however its process ends. Nothing that this process starts holds it on. Who may
//! read the folder, and no more, holds nothing: a file is locked that is the folder's owner's alone, since the kernel lets
//! anybody lock what they may open.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::fs::{FlockOperation, flock};

use super::clock;
use super::identity::Borrowed;

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
/// The file in the folder. It stays: whoever removed it would let two hold it alone.
const NAME: &str = "lock";
const OWNERS_ALONE: u32 = 0o600;

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
        let file = file(folder)?;
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

/// The file that is locked, made where there is none. Root makes it for whose the folder is, who has to open it too.
fn file(folder: &Path) -> io::Result<File> {
    let owner = fs::metadata(folder)?;
    let is_anothers = rustix::process::geteuid().is_root() && owner.uid() != 0;
    let _as_owner = is_anothers.then(|| Borrowed::of(owner.uid(), owner.gid())).transpose()?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(OWNERS_ALONE);
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(folder.join(NAME))?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.uid() != owner.uid() {
        return Err(io::Error::other(format!("{NAME} in it is not a file of whose the folder is; remove it")));
    }
    if facts.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(OWNERS_ALONE))?;
    }
    Ok(file)
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
    use crate::sys::testing;

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
        assert!(matches!(Held::alone(&path.join("none"), AT_ONCE), Err(HoldError::Io(_))));
    }

    /// Every viewer of a system's daemon may read its state folder.
    #[test]
    fn who_may_only_read_the_folder_keeps_nobody_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let reads = File::open(path).unwrap();
        flock(&reads, FlockOperation::NonBlockingLockExclusive).unwrap();
        drop(Held::alone(path, AT_ONCE).unwrap());
        let lock = path.join(NAME);
        let mode = || fs::metadata(&lock).unwrap().mode() & 0o777;
        assert_eq!(mode(), OWNERS_ALONE);
        fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
        let _held = Held::together(path, AT_ONCE).unwrap();
        assert_eq!(mode(), OWNERS_ALONE, "one that was open is closed");
    }

    #[test]
    fn a_link_or_what_is_no_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path().join("made"), path.join(NAME)).unwrap();
        assert!(matches!(Held::alone(path, AT_ONCE), Err(HoldError::Io(_))));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        fs::remove_file(path.join(NAME)).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, path.join(NAME), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(Held::alone(path, AT_ONCE), Err(HoldError::Io(_))));
    }

    /// What root makes in a folder of the daemon's user is that user's, who holds it the next time.
    #[test]
    fn as_root_it_is_made_for_whose_the_folder_is() {
        testing::need_root();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::os::unix::fs::chown(path, Some(54_321), Some(54_322)).unwrap();
        drop(Held::alone(path, AT_ONCE).unwrap());
        let facts = fs::metadata(path.join(NAME)).unwrap();
        assert_eq!((facts.uid(), facts.gid()), (54_321, 54_322));
        fs::set_permissions(path, Permissions::from_mode(0o750)).unwrap();
        // As a viewer in the folder's group.
        let _viewer = Borrowed::of(54_323, 54_322).unwrap();
        assert!(File::open(path).is_ok(), "the folder can be read");
        assert_eq!(File::open(path.join(NAME)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
