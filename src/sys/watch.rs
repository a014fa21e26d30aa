//! Folders that are watched for changes, by inotify.
//!
//! Invariant: one descriptor, whatever is watched; a watch goes with its folder or with [`Watcher::remove`]. It must not
//! decide what matters.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// All watches of one reader.
#[derive(Debug)]
pub struct Watcher {
    inotify: OwnedFd,
}

/// One folder that is watched, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watch(i32);

/// Something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// What has this name in a folder was made, written, moved or removed, or has other rights.
    Named(Watch, &'a OsStr),
    /// The folder itself went or moved.
    Folder(Watch),
    /// More happened than was told.
    Overflow,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    Changed,
    /// The other end of the pipe was closed.
    Stopped,
    TimeUp,
    /// Nothing can be waited for.
    Failed(Errno),
}

/// Room for some dozen changes at a time.
const BUFFER_BYTES: usize = 16 * 1024;

// === impl Watcher ===

impl Watcher {
    pub fn new() -> io::Result<Watcher> {
        Ok(Watcher { inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)? })
    }

    /// Watches a folder. Of the same folder it is the same watch again.
    pub fn add(&self, folder: &Path) -> io::Result<Watch> {
        let what = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        Ok(Watch(inotify::add_watch(&self.inotify, folder, what)?))
    }

    /// Nothing when the folder has gone meanwhile.
    pub fn remove(&self, watch: Watch) {
        let _ = inotify::remove_watch(&self.inotify, watch.0);
    }

    /// Waits for a change.
    pub fn wait(&self, stop: impl AsFd) -> Woken {
        let mut both = [PollFd::new(&stop, PollFlags::IN), PollFd::new(&self.inotify, PollFlags::IN)];
        wait(&mut both, None)
    }

    /// Tells of all that changed up to now.
    pub fn drain(&self, mut tell: impl FnMut(Change<'_>)) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let watch = Watch(event.wd());
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    tell(match name {
                        _ if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => Change::Overflow,
                        Some(name) => Change::Named(watch, name),
                        None => Change::Folder(watch),
                    });
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

/// Waits that long, or until the other end of the pipe is closed.
pub fn pause(stop: impl AsFd, span: Duration) -> Woken {
    wait(&mut [PollFd::new(&stop, PollFlags::IN)], Some(span))
}

/// The first of these ends everything.
fn wait(fds: &mut [PollFd<'_>], span: Option<Duration>) -> Woken {
    let span = span.and_then(|span| Timespec::try_from(span).ok());
    loop {
        match poll(fds, span.as_ref()) {
            Ok(0) => return Woken::TimeUp,
            Ok(_) if !fds[0].revents().is_empty() => return Woken::Stopped,
            Ok(_) => return Woken::Changed,
            Err(Errno::INTR) => {}
            Err(error) => return Woken::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn changes(watcher: &Watcher) -> Vec<String> {
        let mut all = Vec::new();
        watcher.drain(|change| {
            all.push(match change {
                Change::Named(_, name) => name.to_string_lossy().into_owned(),
                Change::Folder(_) => "the folder".to_owned(),
                Change::Overflow => "too much".to_owned(),
            });
        });
        all.dedup();
        all
    }

    #[test]
    fn what_happens_in_a_folder_and_to_it_is_told() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let watcher = Watcher::new().unwrap();
        let watch = watcher.add(&folder).unwrap();
        let (never, _writer) = io::pipe().unwrap();
        assert_eq!(changes(&watcher), [""; 0]);
        fs::write(folder.join("a"), "1").unwrap();
        assert_eq!(watcher.wait(&never), Woken::Changed);
        assert_eq!(changes(&watcher), ["a"]);
        fs::rename(folder.join("a"), folder.join("b")).unwrap();
        assert_eq!(changes(&watcher), ["a", "b"]);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(changes(&watcher), ["b", "the folder"]);
        watcher.remove(watch);
        assert!(watcher.add(&folder).is_err());
        assert!(watcher.add(Path::new("/proc/self/status")).is_err(), "a file is no folder");
    }

    #[test]
    fn a_folder_that_is_watched_twice_is_one_watch() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        let watcher = Watcher::new().unwrap();
        assert_eq!(watcher.add(parent.path()).unwrap(), watcher.add(&link).unwrap());
    }

    #[test]
    fn whoever_waits_is_let_go_by_the_end_of_a_pipe() {
        let watcher = Watcher::new().unwrap();
        let (stop, writer) = io::pipe().unwrap();
        assert_eq!(pause(&stop, Duration::from_millis(1)), Woken::TimeUp);
        drop(writer);
        assert_eq!(watcher.wait(&stop), Woken::Stopped);
        assert_eq!(pause(&stop, Duration::from_secs(3600)), Woken::Stopped);
    }
}
