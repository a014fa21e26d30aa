//! Files that take the place of others in one folder: all of them, or none.
//!
//! Invariant: until it is finished, dropping it puts everything back. What was there lies in a folder beside it afterwards. The
//! folder is held, and where root works in one of somebody else's, it does so as that somebody: a link that its owner puts
//! there leads nowhere where the owner could not go.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::cli::reader::Reader;
use crate::sys::identity::Borrowed;

/// Under way.
#[derive(Debug)]
pub struct Swap {
    /// As it is called.
    shown: PathBuf,
    /// The same by what holds it: whatever its name leads to by now.
    folder: PathBuf,
    held: File,
    /// Whose folder it is, and what others may do there.
    owner: (u32, u32),
    mode: u32,
    /// Who is to read what is put here.
    reader: Option<Reader>,
    /// What is new lies here until it is exchanged.
    staged: Inner,
    /// What its folders were where they came from, by their paths in it.
    folders: BTreeMap<PathBuf, Given>,
    /// The first parts of its names, which are to be exchanged.
    names: BTreeSet<String>,
    /// Folders that were made for it, each after the one it lies in; whose they shall be, and their rights.
    made: Vec<(PathBuf, (u32, u32), u32)>,
    /// What was there goes here, once something was.
    aside: Option<Inner>,
    aside_name: String,
    /// From where to where something was moved.
    moves: Vec<(PathBuf, PathBuf)>,
    is_over: bool,
}

/// A folder of ours in it, held too: nobody else can put another one in its place.
#[derive(Debug)]
struct Inner {
    name: PathBuf,
    path: PathBuf,
    held: File,
}

/// What a file or a folder was where it came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    pub mode: u32,
    /// Whose, by the numbers that their names have here; none where this machine does not know them.
    pub user: Option<u32>,
    pub group: Option<u32>,
}

/// A folder for its owner alone, where there is none.
pub fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| on(folder, &error))
}

/// Root follows a link only where it is root's own.
fn hold(folder: &Path) -> io::Result<File> {
    let is_own = || fs::symlink_metadata(folder).is_ok_and(|facts| facts.is_symlink() && facts.uid() == 0);
    let links = if !rustix::process::geteuid().is_root() || is_own() { 0 } else { libc::O_NOFOLLOW };
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | links).open(folder)
}

/// As its owner, where we are root and it is not root's.
fn as_owner((user, group): (u32, u32)) -> io::Result<Option<Borrowed>> {
    let is_anothers = rustix::process::geteuid().is_root() && user != 0;
    is_anothers.then(|| Borrowed::of(user, group)).transpose()
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

// === impl Swap ===

impl Swap {
    /// In a folder that is there; `stamp` tells this time from others.
    pub fn begin(folder: &Path, stamp: &str, reader: Option<Reader>) -> io::Result<Swap> {
        let held = hold(folder).map_err(|error| on(folder, &error))?;
        let facts = held.metadata().map_err(|error| on(folder, &error))?;
        let owner = (facts.uid(), facts.gid());
        let by_hold = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
        let name = format!(".restoring-{stamp}");
        let staged = {
            let _as_owner = as_owner(owner)?;
            // Where there is one it is another's: nothing of ours is there yet that could be taken away.
            Inner::made(by_hold.join(&name), owner.0).map_err(|error| on(&folder.join(&name), &error))?
        };
        Ok(Swap {
            shown: folder.to_owned(),
            owner,
            mode: facts.mode() & 0o777,
            reader,
            staged,
            folders: BTreeMap::new(),
            names: BTreeSet::new(),
            made: Vec::new(),
            aside: None,
            aside_name: format!("before-restore-{stamp}"),
            moves: Vec::new(),
            is_over: false,
            folder: by_hold,
            held,
        })
    }

    /// What folders were, by their paths of plain names; of others it is what the folder is that all goes into.
    pub fn with_folders(mut self, folders: BTreeMap<PathBuf, Given>) -> Swap {
        self.folders = folders;
        self
    }

    /// Into folders that are made here comes their owner alone, whatever the folder is that all goes into.
    pub fn closed(mut self) -> Swap {
        self.mode = 0o700;
        self
    }

    /// One file that is to take the place of `over`, in the folder; `within` is a path of plain names.
    pub fn stage(&mut self, within: &str, over: &Path, given: &Given, bytes: &[u8]) -> io::Result<()> {
        let _as_owner = as_owner(self.owner)?;
        let path = self.staged.path.join(within);
        let owner = self.owner_of(over, given, 0o4);
        self.write(&path, owner, given.mode, bytes).map_err(|error| self.on(&path, &error))?;
        self.names.extend(within.split('/').next().map(str::to_owned));
        Ok(())
    }

    /// By the names it had; else whose the file is that it takes the place of; else whose the folder is. Where that would keep
    /// from it who is to read it, and a group may, that one's group.
    fn owner_of(&self, over: &Path, given: &Given, bits: u32) -> (u32, u32) {
        let there = fs::symlink_metadata(self.folder.join(over));
        let (user, group) = there.map_or(self.owner, |facts| (facts.uid(), facts.gid()));
        let owner = (given.user.unwrap_or(user), given.group.unwrap_or(group));
        match &self.reader {
            Some(reader) if given.mode >> 3 & bits == bits && !reader.may(owner, given.mode, bits) => {
                (owner.0, reader.group())
            }
            _ => owner,
        }
    }

    fn write(&mut self, path: &Path, owner: (u32, u32), mode: u32, bytes: &[u8]) -> io::Result<()> {
        let above = path.parent().unwrap_or(&self.staged.path);
        let missing: Vec<&Path> = above.ancestors().take_while(|folder| !is_there(folder)).collect();
        for folder in missing.into_iter().rev() {
            DirBuilder::new().mode(0o700).create(folder)?;
            let within = folder.strip_prefix(&self.staged.path).unwrap_or(folder);
            let given = self.folders.get(within).map(|given| (self.owner_of(within, given, 0o5), given.mode));
            let (owner, mode) = given.unwrap_or((self.owner, self.mode));
            self.made.push((folder.to_owned(), owner, mode));
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        self.give(&file, owner, mode)?;
        file.sync_all()
    }

    /// To whom it shall belong, where that is ours to say: in another's folder all is that other's.
    fn give(&self, file: &File, (user, group): (u32, u32), mode: u32) -> io::Result<()> {
        if rustix::process::geteuid().is_root() && self.owner.0 == 0 {
            fchown(file, Some(user), Some(group))?;
        }
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// All that was staged is safe from a power cut, before any of it takes a place.
    pub fn settle(&self) -> io::Result<()> {
        let _as_owner = as_owner(self.owner)?;
        // Only now: rights that were given may keep us from it.
        for (folder, owner, mode) in self.made.iter().rev() {
            let settled = opened(folder).and_then(|made| {
                self.give(&made, *owner, *mode)?;
                made.sync_all()
            });
            settled.map_err(|error| self.on(folder, &error))?;
        }
        self.staged.held.sync_all().map_err(|error| self.on(&self.staged.path, &error))
    }

    /// What was staged under this name takes the place of what is called `target` in the folder; where nothing was, nothing does.
    pub fn exchange(&mut self, name: &str, target: &Path) -> io::Result<()> {
        let _as_owner = as_owner(self.owner)?;
        let target_name = target.file_name().unwrap_or_default();
        let (staged, target) = (self.staged.path.join(name), self.folder.join(target_name));
        let is_new = self.names.remove(name);
        if is_new && !is_there(&staged) {
            return Err(self.on(&staged, &io::Error::other("somebody took it away meanwhile")));
        }
        if is_there(&target) {
            let aside = match self.aside.take() {
                Some(aside) => aside,
                None => {
                    let path = self.folder.join(&self.aside_name);
                    Inner::made(path.clone(), self.owner.0).map_err(|error| self.on(&path, &error))?
                }
            };
            let aside = self.aside.insert(aside).path.join(target_name);
            self.rename(&target, &aside)?;
        }
        if is_new { self.rename(&staged, &target) } else { Ok(()) }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to).map_err(|error| self.on(to, &error))?;
        self.moves.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// What was exchanged is safe from a power cut, and so is what was there before.
    pub fn sync(&self) -> io::Result<()> {
        let _as_owner = as_owner(self.owner)?;
        if let Some(aside) = &self.aside {
            aside.held.sync_all().map_err(|error| self.on(&aside.path, &error))?;
        }
        self.held.sync_all().map_err(|error| on(&self.shown, &error))
    }

    /// All is in place. Gives the folder of what was there before, if anything was.
    pub fn finish(mut self) -> Option<PathBuf> {
        self.is_over = true;
        // Without it all that could be done is to leave an empty folder.
        let _as_owner = as_owner(self.owner).ok()?;
        // Nothing is left in it; that it cannot be taken away harms nobody.
        self.staged.remove();
        self.aside.as_ref().map(|aside| self.called(&aside.path))
    }

    /// Puts everything back. Gives what could not be: where it lies, and where it lay.
    pub fn undo(mut self) -> Vec<(PathBuf, PathBuf)> {
        self.put_back()
    }

    fn put_back(&mut self) -> Vec<(PathBuf, PathBuf)> {
        self.is_over = true;
        let moves: Vec<(PathBuf, PathBuf)> = self.moves.drain(..).rev().collect();
        let Ok(_as_owner) = as_owner(self.owner) else {
            return moves.iter().map(|(from, to)| (self.called(to), self.called(from))).collect();
        };
        let left: Vec<_> = moves.iter().filter(|(from, to)| fs::rename(to, from).is_err()).collect();
        let left = left.into_iter().map(|(from, to)| (self.called(to), self.called(from))).collect();
        self.staged.remove();
        // Where something could not be put back, it lies there.
        let _ = self.aside.as_ref().map(|aside| fs::remove_dir(&aside.name));
        let _ = self.held.sync_all();
        left
    }

    /// The name that people know it by.
    fn called(&self, path: &Path) -> PathBuf {
        for inner in [Some(&self.staged), self.aside.as_ref()].into_iter().flatten() {
            if let (Ok(within), Some(name)) = (path.strip_prefix(&inner.path), inner.name.file_name()) {
                let inner = self.shown.join(name);
                return if within.as_os_str().is_empty() { inner } else { inner.join(within) };
            }
        }
        path.strip_prefix(&self.folder).map_or_else(|_| path.to_owned(), |within| self.shown.join(within))
    }

    fn on(&self, path: &Path, error: &io::Error) -> io::Error {
        on(&self.called(path), error)
    }
}

// === impl Inner ===

impl Inner {
    /// A new one, which nobody else may enter.
    fn made(name: PathBuf, owner: u32) -> io::Result<Inner> {
        DirBuilder::new().mode(0o700).create(&name)?;
        let held = opened(&name)?;
        let (facts, we) = (held.metadata()?, rustix::process::geteuid());
        let expected = if we.is_root() { owner } else { we.as_raw() };
        if facts.uid() != expected || facts.mode() & 0o077 != 0 {
            return Err(io::Error::other("somebody put another folder in its place"));
        }
        Ok(Inner { name, path: PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd())), held })
    }

    /// With what is in it, and nothing else that may have its name by now. That it cannot be taken away harms nobody.
    fn remove(&self) {
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = entry.path();
            let _ = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        let _ = fs::remove_dir(&self.name);
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        if !self.is_over {
            // Whoever wants to know what is left asks for it.
            let _ = self.put_back();
        }
    }
}

fn opened(folder: &Path) -> io::Result<File> {
    let links = libc::O_NOFOLLOW | libc::O_DIRECTORY;
    OpenOptions::new().read(true).custom_flags(links).open(folder)
}

fn on(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
