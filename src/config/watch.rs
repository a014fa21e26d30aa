//! What has to be watched so that no change of the configuration is missed: every folder on the way to its files, and
//! to whatever links among them lead to.
//!
//! Invariant: a folder is watched before it is looked into, so whatever changes after the look is told. What lies beside
//! the way does not matter and is ignored. Folders beyond a cap are not watched, which is said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::Inputs;
use super::gather::folders_in;
use crate::base::limits;
use crate::sys::watch::{Change, Scope, Watch, Watcher};

/// What is watched at present.
#[derive(Debug, Default)]
pub struct Watched {
    names: BTreeMap<Watch, Names>,
    /// Why some of it is not watched.
    trouble: Option<String>,
}

/// What matters in a folder.
#[derive(Debug, PartialEq, Eq)]
enum Names {
    These(BTreeSet<OsString>),
    All,
}

/// What a way leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    File,
    Folder,
}

/// One walk along all ways.
struct Walk<'a> {
    watcher: &'a Watcher,
    watched: Watched,
}

// === impl Watched ===

impl Watched {
    /// Watches everything that matters by now, and nothing of `before` that does not any more.
    pub fn renew(watcher: &Watcher, inputs: &Inputs, before: &Watched) -> Watched {
        let mut walk = Walk { watcher, watched: Watched::default() };
        walk.follow(inputs.main(), End::File);
        inputs.folders().iter().for_each(|folder| _ = walk.look_into(folder));
        if let Some(folder) = walk.look_into(&inputs.tenants()) {
            let tenants = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
            for tenant in tenants.filter(|path| path.is_dir()).take(limits::WATCHES_MAX) {
                walk.look_into(&tenant);
                folders_in(&tenant).iter().for_each(|folder| _ = walk.look_into(folder));
            }
        }
        let watched = walk.watched;
        for stale in before.names.keys().filter(|watch| !watched.names.contains_key(watch)) {
            watcher.remove(*stale);
        }
        watched
    }

    /// Why some of it is not watched.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a change may be one of the configuration.
    pub fn concerns(&self, change: Change<'_>) -> bool {
        match change {
            Change::Named(watch, name) => self.names.get(&watch).is_some_and(|names| match names {
                Names::These(names) => names.contains(name),
                Names::All => true,
            }),
            // Rights of a folder count too. One that is not watched any more was let go by us.
            Change::Folder(watch) => self.names.contains_key(&watch),
            Change::Overflow => true,
        }
    }
}

// === impl Walk ===

impl Walk<'_> {
    /// Watches a folder for whatever changes in it, on the way to it and behind links in it; where it is, if it is there.
    fn look_into(&mut self, folder: &Path) -> Option<PathBuf> {
        let folder = self.follow(folder, End::Folder)?;
        if !self.enter(&folder, None, Scope::Writes) {
            return None;
        }
        let links = fs::read_dir(&folder).into_iter().flatten().flatten();
        let links = links.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
        for link in links.take(limits::BOARDS_MAX) {
            let end = if link.path().is_dir() { End::Folder } else { End::File };
            self.follow(&link.path(), end);
        }
        Some(folder)
    }

    /// Watches every folder on the way to a path, through links; says where it ends, if it leads to anything.
    fn follow(&mut self, path: &Path, end: End) -> Option<PathBuf> {
        let absolute = std::path::absolute(path).ok()?;
        let mut at = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = parts(&absolute);
        let mut links = 0;
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                at.pop();
                continue;
            }
            if !self.enter(&at, Some(&name), Scope::Entries) {
                return None;
            }
            let next = at.join(&name);
            match fs::read_link(&next) {
                Ok(target) => {
                    links += 1;
                    if links > limits::LINKS_MAX {
                        return None;
                    }
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    for part in parts(&target).into_iter().rev() {
                        rest.push_front(part);
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                Err(_) => {
                    // What is written into files beside the way is nobody's business, however often.
                    if rest.is_empty() && end == End::File {
                        self.enter(&at, Some(&name), Scope::Writes);
                    }
                    at = next;
                }
            }
        }
        Some(at)
    }

    /// Watches a folder for one name, or for all. Whether there is any use in going on.
    fn enter(&mut self, folder: &Path, name: Option<&OsStr>, scope: Scope) -> bool {
        let watch = match self.watcher.add(folder, scope) {
            Ok(watch) => watch,
            // It is no folder, not there or not ours: then nothing in it is read, either.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return false,
            // Some folder on the way may be passed but not looked into.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return true,
            Err(error) => {
                let why = match error.kind() {
                    // What the kernel says of this has misled many: no disk is full.
                    ErrorKind::StorageFull => "the limit fs.inotify.max_user_watches is reached".to_owned(),
                    _ => error.to_string(),
                };
                self.watched.trouble.get_or_insert_with(|| format!("{}: {why}", folder.display()));
                return true;
            }
        };
        if self.watched.names.len() >= limits::WATCHES_MAX && !self.watched.names.contains_key(&watch) {
            self.watcher.remove(watch);
            let trouble = || format!("{}: more than {} folders", folder.display(), limits::WATCHES_MAX);
            self.watched.trouble.get_or_insert_with(trouble);
            return true;
        }
        let names = self.watched.names.entry(watch).or_insert_with(|| Names::These(BTreeSet::new()));
        match (name, names) {
            (Some(name), Names::These(names)) => drop(names.insert(name.to_owned())),
            (None, names) => *names = Names::All,
            (Some(_), Names::All) => {}
        }
        true
    }
}

/// The names on a path; `..` stays, for what is a link cannot be known without looking.
fn parts(path: &Path) -> VecDeque<OsString> {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(part).collect()
}

#[cfg(test)]
mod tests;
