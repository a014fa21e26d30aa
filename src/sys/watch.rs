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

/// What of a folder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What comes to it, goes from it, has other rights, or was written and closed.
    Entries,
    /// And each write to a file in it.
    Writes,
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

    /// Watches a folder. Of the same folder it is the same watch again, and tells of the most that was wanted.
    pub fn add(&self, folder: &Path, scope: Scope) -> io::Result<Watch> {
        let entries = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF;
        let what = match scope {
            Scope::Entries => entries,
            Scope::Writes => entries | WatchFlags::MODIFY,
        };
        Ok(Watch(inotify::add_watch(&self.inotify, folder, what | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD)?))
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
    use std::io::Write;

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
        let watch = watcher.add(&folder, Scope::Entries).unwrap();
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
        assert!(watcher.add(&folder, Scope::Entries).is_err());
        assert!(watcher.add(Path::new("/proc/self/status"), Scope::Entries).is_err(), "a file is no folder");
    }

    #[test]
    fn a_file_that_is_written_all_the_time_is_told_of_only_where_writes_are_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let watcher = Watcher::new().unwrap();
        let mut file = fs::File::create(folder.path().join("a")).unwrap();
        let watch = watcher.add(folder.path(), Scope::Entries).unwrap();
        file.write_all(b"1").unwrap();
        assert_eq!(changes(&watcher), [""; 0]);
        assert_eq!(watcher.add(folder.path(), Scope::Writes).unwrap(), watch);
        watcher.add(folder.path(), Scope::Entries).unwrap();
        file.write_all(b"2").unwrap();
        assert_eq!(changes(&watcher), ["a"], "also where less is wanted of it besides");
        drop(file);
        assert_eq!(changes(&watcher), ["a"]);
    }

    #[test]
    fn a_folder_that_is_watched_twice_is_one_watch() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        let watcher = Watcher::new().unwrap();
        let [watch, again] = [parent.path(), &link].map(|path| watcher.add(path, Scope::Entries).unwrap());
        assert_eq!(watch, again);
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
