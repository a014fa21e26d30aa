//! A lookout for a path: tells at once when something comes to be there, by inotify.
//!
//! Invariant: whatever is made at the path after [`Lookout::new`] returned is told, also when folders on the way to it
//! went and come back, as long as [`Lookout::holds`]: the kernel does not tell of a folder that went while somebody was
//! in it, nor of what lies further up. One descriptor and one watch, wherever the nearest folder lies. It must not open what it sees.

use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::fd;

/// Somebody who waits for something at a path.
#[derive(Debug)]
pub struct Lookout {
    path: PathBuf,
    inotify: AsyncFd<OwnedFd>,
    watch: i32,
    /// What has to appear in the folder that is watched: the path's last part, or a folder on the way to it.
    awaited: OsString,
    /// The folder that is watched.
    folder: Folder,
}

/// A folder, and which one lay there when it was watched.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

/// Room for some dozen changes at a time.
const BUFFER_BYTES: usize = 4 * 1024;
/// Left to others of the same user: the daemon that is waited for watches its configuration by one.
const SPARE: usize = 8;
/// The watch that tells of what could not be told.
const OVERFLOW: i32 = -1;

// === impl Lookout ===

impl Lookout {
    /// Looks out from now on. Needs a running runtime.
    ///
    /// # Errors
    /// Where the user has nearly as many of these as one may (`fs.inotify.max_user_instances`), or the path cannot be
    /// watched.
    pub fn new(path: &Path) -> io::Result<Lookout> {
        let spare: Result<Vec<OwnedFd>, Errno> = (0..SPARE).map(|_| inotify::init(CreateFlags::CLOEXEC)).collect();
        drop(spare?);
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let (watch, awaited, folder) = nearest(&inotify, path)?;
        Ok(Lookout { path: path.to_owned(), inotify: fd::watch(inotify, Interest::READABLE)?, watch, awaited, folder })
    }

    /// Whether the folder that is watched is the one that lies there.
    pub fn holds(&self) -> bool {
        self.folder.identity.is_some() && identity(&self.folder.path) == self.folder.identity
    }

    /// Waits until something appears there, or gets other rights. Safe to drop and call again.
    ///
    /// # Errors
    /// When the path cannot be watched any more.
    pub async fn seen(&mut self) -> io::Result<()> {
        loop {
            // Cleared before all is read: what comes in between wakes us once more.
            self.inotify.readable().await?.clear_ready();
            if self.look()? {
                return Ok(());
            }
        }
    }

    /// Whether it is there, from what happened up to now.
    fn look(&mut self) -> io::Result<bool> {
        let (mut appeared, mut lost) = (false, false);
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = Reader::new(self.inotify.get_ref(), &mut buffer);
        loop {
            match reader.next() {
                // The watch before this one says that it went.
                Ok(event) if event.wd() != self.watch && event.wd() != OVERFLOW => {}
                Ok(event) => match event.file_name().map(|name| OsStr::from_bytes(name.to_bytes())) {
                    Some(name) => appeared |= name == self.awaited,
                    // The folder went, or more happened than was told.
                    None => lost = true,
                },
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        let is_last = self.path.file_name() == Some(&*self.awaited);
        if appeared && is_last && !lost {
            return Ok(true);
        }
        if appeared || lost {
            // Watched from elsewhere: what appeared there before that was not told.
            let _ = inotify::remove_watch(self.inotify.get_ref(), self.watch);
            (self.watch, self.awaited, self.folder) = nearest(self.inotify.get_ref(), &self.path)?;
            return Ok(self.path.symlink_metadata().is_ok());
        }
        Ok(false)
    }
}

/// Watches the nearest folder that is there, for the next part of the path.
fn nearest(inotify: &OwnedFd, path: &Path) -> io::Result<(i32, OsString, Folder)> {
    let what = WatchFlags::CREATE
        | WatchFlags::MOVED_TO
        | WatchFlags::ATTRIB
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    let mut part = path;
    while let (Some(folder), Some(name)) = (part.parent(), part.file_name()) {
        let folder_or_here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // Looked at first: one that takes its place before it is watched is found not to be it.
        let identity = identity(folder_or_here);
        match inotify::add_watch(inotify, folder_or_here, what) {
            // Made just now: it is nearer.
            Ok(watch) if part != path && part.is_dir() => {
                let _ = inotify::remove_watch(inotify, watch);
                part = path;
            }
            Ok(watch) => return Ok((watch, name.to_owned(), Folder { path: folder_or_here.to_owned(), identity })),
            Err(Errno::NOENT) => part = folder,
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// Device and number; none of what is not there.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    folder.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::future::Future;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    use super::*;

    async fn in_time<T>(future: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(60), future).await.expect("waited in vain")
    }

    /// The kernel tells of what was done before the call returns.
    fn sees_nothing(lookout: &mut Lookout) {
        assert!(!lookout.look().unwrap(), "saw something");
    }

    #[tokio::test]
    async fn a_socket_that_appears_is_seen_and_its_neighbours_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.sock");
        fs::write(&path, "left by another").unwrap();
        let mut lookout = Lookout::new(&path).unwrap();
        fs::write(folder.path().join("it.sock.lock"), "1").unwrap();
        fs::remove_file(&path).unwrap();
        sees_nothing(&mut lookout);
        let _listener = UnixListener::bind(&path).unwrap();
        in_time(lookout.seen()).await.unwrap();
        sees_nothing(&mut lookout);
        fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
        in_time(lookout.seen()).await.unwrap();
        fs::rename(&path, folder.path().join("away")).unwrap();
        sees_nothing(&mut lookout);
        fs::rename(folder.path().join("away"), &path).unwrap();
        in_time(lookout.seen()).await.unwrap();
    }

    #[tokio::test]
    async fn folders_that_went_and_come_back_are_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/it.sock");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut lookout = Lookout::new(&path).unwrap();
        for _ in 0..3 {
            fs::remove_dir_all(folder.path().join("a")).unwrap();
            sees_nothing(&mut lookout);
            fs::create_dir(folder.path().join("a")).unwrap();
            sees_nothing(&mut lookout);
            fs::create_dir(folder.path().join("a/b")).unwrap();
            sees_nothing(&mut lookout);
            let _listener = UnixListener::bind(&path).unwrap();
            in_time(lookout.seen()).await.unwrap();
        }
        // All at once: told, wherever the watch was.
        fs::remove_dir_all(folder.path().join("a")).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        in_time(lookout.seen()).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_that_was_exchanged_unseen_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/it.sock");
        fs::create_dir(path.parent().unwrap()).unwrap();
        let mut lookout = Lookout::new(&path).unwrap();
        assert!(lookout.holds());
        // Whoever is in it, as a shell is in its folder, keeps it from going for good.
        let _somebody = fs::File::open(path.parent().unwrap()).unwrap();
        fs::remove_dir(path.parent().unwrap()).unwrap();
        fs::create_dir(path.parent().unwrap()).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        sees_nothing(&mut lookout);
        assert!(!lookout.holds());
        assert!(Lookout::new(&path).unwrap().holds());
    }

    #[tokio::test]
    async fn what_cannot_be_watched_is_an_error() {
        assert!(Lookout::new(Path::new("/proc/self/status/it.sock")).is_err());
        assert!(Lookout::new(Path::new("/")).is_err());
    }
}
