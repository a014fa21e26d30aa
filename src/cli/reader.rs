//! What the daemon's user may read, for whoever is another one.
//!
//! Invariant: root tries it as that user, so that whatever the kernel goes by counts. Everybody else goes by the modes of the file and
//! of all folders on the way to it, those behind links too, and says where lists may say otherwise.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::getxattr;

use crate::config::{Mode, Places};
use crate::sys::host;
use crate::sys::identity::Borrowed;

/// As whom the units run a system's daemon.
pub const DAEMON_USER: &str = "unblink";

/// Somebody.
#[derive(Clone, Debug)]
pub struct Reader {
    name: &'static str,
    uid: u32,
    gid: u32,
    /// All of them.
    groups: Vec<u32>,
}

/// A file that it may not read, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// In words.
    pub found: String,
    pub remedy: String,
    /// It may, all the same.
    pub is_uncertain: bool,
}

/// Where lists of rights lie that a file has beside its mode.
const LIST: &str = "system.posix_acl_access";
/// Links on one way; the kernel follows no more.
const LINKS_MAX: usize = 40;

// === impl Reader ===

impl Reader {
    /// The user that a system's daemon runs as, where this machine has it.
    pub fn of_daemon(places: &Places) -> Option<Reader> {
        let uid = host::user_id(DAEMON_USER).filter(|_| places.mode == Mode::System)?;
        let groups = host::groups_of(DAEMON_USER);
        Some(Reader { name: DAEMON_USER, uid, gid: groups.first().copied()?, groups })
    }

    #[cfg(test)]
    pub fn with(name: &'static str, uid: u32, groups: &[u32]) -> Reader {
        Reader { name, uid, gid: groups.first().copied().unwrap_or(uid), groups: groups.to_vec() }
    }

    pub fn group(&self) -> u32 {
        self.gid
    }

    /// The first of these files that it may not read; they are there.
    pub fn kept_from(&self, files: &[&str]) -> Option<Closed> {
        files.iter().find_map(|file| self.closed(file))
    }

    fn closed(&self, file: &str) -> Option<Closed> {
        let on_the_way = way(Path::new(file));
        let is_root = rustix::process::geteuid().is_root();
        let tried = is_root.then(|| self.tries(&on_the_way));
        match tried {
            Some(Ok(at)) => at.map(|at| self.kept_out(file, &on_the_way[at], at == on_the_way.len() - 1)),
            Some(Err(error)) => self.closed_by_modes(file, &on_the_way, &format!("root cannot try it here ({error})")),
            None => self.closed_by_modes(file, &on_the_way, "run this as root, which tries it"),
        }
    }

    /// Lists may say otherwise, in both directions: `why` nobody tried it then.
    fn closed_by_modes(&self, file: &str, on_the_way: &[PathBuf], why: &str) -> Option<Closed> {
        let Reader { name, .. } = self;
        let at = self.kept_out_by_modes(on_the_way);
        let Some(listed) = on_the_way.iter().find(|path| has_list(path)) else {
            return at.map(|at| self.kept_out(file, &on_the_way[at], at == on_the_way.len() - 1));
        };
        let by_modes = if at.is_some() { "may not read it" } else { "may read it" };
        let listed = listed.display();
        Some(Closed {
            found: format!(
                "{file}: the daemon's user {name} {by_modes} by the modes, but {listed} has a list of rights beside its mode"
            ),
            remedy: format!("{why}; or see `getfacl {listed}`"),
            is_uncertain: true,
        })
    }

    /// What keeps it out for certain: the first folder that it may not pass, or the file itself.
    fn kept_out(&self, file: &str, at: &Path, is_file: bool) -> Closed {
        let Reader { name, .. } = self;
        let (at_shown, right) = (at.display(), if is_file { 'r' } else { 'x' });
        let mut found = format!("{file}: the daemon's user {name} may not read it");
        if !is_file {
            found = format!("{found}: it may not pass {at_shown}");
        }
        let remedy = if has_list(at) {
            format!(
                "see `getfacl {at_shown}`: that list counts beside the mode; setfacl -m u:{name}:{right} {at_shown}"
            )
        } else {
            let elsewhere = if is_file { "" } else { ", or keep the configuration elsewhere" };
            format!("chgrp {name} {at_shown} && chmod g+{right} {at_shown}{elsewhere}")
        };
        Closed { found, remedy, is_uncertain: false }
    }

    /// As that user: where on the way it is kept out first.
    fn tries(&self, on_the_way: &[PathBuf]) -> io::Result<Option<usize>> {
        let _as_that_user = Borrowed::in_groups(self.uid, self.gid, &self.groups)?;
        let end = on_the_way.len() - 1;
        let is_kept_out = |(at, path): (usize, &PathBuf)| {
            let tried = if at == end {
                let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
                OpenOptions::new().read(true).custom_flags(flags).open(path).map(drop)
            } else {
                // Looking from it is passing it.
                fs::metadata(path.join(".")).map(drop)
            };
            tried.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        };
        Ok(on_the_way.iter().enumerate().position(is_kept_out))
    }

    /// By what modes say: where on the way it is kept out first.
    fn kept_out_by_modes(&self, on_the_way: &[PathBuf]) -> Option<usize> {
        let end = on_the_way.len() - 1;
        // A file is read, a folder is passed.
        let bit = |at| if at == end { 0o4 } else { 0o1 };
        let is_kept_out = |(at, path): (usize, &PathBuf)| {
            fs::metadata(path).is_ok_and(|facts| !self.may((facts.uid(), facts.gid()), facts.mode(), bit(at)))
        };
        on_the_way.iter().enumerate().position(is_kept_out)
    }

    /// Whether a mode has all of these bits for it where it belongs to these.
    pub fn may(&self, (user, group): (u32, u32), mode: u32, bit: u32) -> bool {
        let shift = match (user == self.uid, self.groups.contains(&group)) {
            (true, _) => 6,
            (false, true) => 3,
            (false, false) => 0,
        };
        mode >> shift & bit == bit
    }
}

/// Whether rights are listed there beside its mode.
pub fn has_list(path: &Path) -> bool {
    let mut list = [0_u8; 256];
    // One that is longer is one, too.
    matches!(getxattr(path, LIST, &mut list[..]), Ok(_) | Err(rustix::io::Errno::RANGE))
}

/// Every folder that somebody comes through on the way to a file, also those behind links, and what lies at its end.
fn way(file: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut at = PathBuf::from("/");
    let mut rest = parts(&absolute);
    let (mut passed, mut links) = (Vec::new(), 0);
    while let Some(name) = rest.pop_front() {
        passed.push(at.clone());
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        match fs::read_link(&next) {
            Ok(to) if links < LINKS_MAX => {
                links += 1;
                if to.is_absolute() {
                    at = PathBuf::from("/");
                }
                parts(&to).into_iter().rev().for_each(|part| rest.push_front(part));
            }
            _ => at = next,
        }
    }
    passed.dedup();
    passed.push(at);
    passed
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let names = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    names.map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;
    use crate::sys::testing;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Somebody to whom this file belongs by neither number, or by one of them.
    fn reader(of: &Path, is_owner: bool, is_in_group: bool) -> Reader {
        let facts = fs::metadata(of).unwrap();
        let uid = if is_owner { facts.uid() } else { facts.uid() + 1 };
        Reader { name: "somebody", uid, gid: 77_777, groups: if is_in_group { vec![facts.gid()] } else { Vec::new() } }
    }

    #[test]
    fn a_file_is_read_by_whom_its_mode_and_its_folders_let() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("unblink.toml");
        fs::write(&file, "").unwrap();
        let may = |mode, of_folder, is_owner, is_in_group| {
            set(&file, mode);
            set(folder.path(), of_folder);
            let reader = reader(&file, is_owner, is_in_group);
            // Root's temporary folder is not everybody's.
            reader.kept_out_by_modes(&[folder.path().to_owned(), file.clone()]).is_none()
        };
        assert!(may(0o644, 0o755, false, false) && !may(0o640, 0o755, false, false));
        assert!(may(0o640, 0o755, false, true) && !may(0o604, 0o755, false, true), "the group's bits count alone");
        assert!(may(0o400, 0o700, true, false) && !may(0o044, 0o700, true, true));
        assert!(!may(0o644, 0o744, false, false), "the folder is closed");
        set(folder.path(), 0o755);
        set(&file, 0o600);
        let on_the_way = [folder.path().to_owned(), file.clone()];
        let closed = reader(&file, false, false).closed_by_modes("it", &on_the_way, "").unwrap();
        assert!(closed.found.ends_with("the daemon's user somebody may not read it"), "{closed:?}");
        assert!(closed.remedy.starts_with("chgrp somebody "), "{closed:?}");
        assert_eq!(reader(&file, false, false).kept_from(&[]), None);
    }

    /// A folder behind a link is on the way, too, and so is one that a link in the middle leads through.
    #[test]
    fn folders_behind_links_are_on_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let (open, closed) = (base.join("open"), base.join("closed"));
        fs::create_dir_all(closed.join("deep")).unwrap();
        fs::create_dir(&open).unwrap();
        fs::write(closed.join("deep/board.toml"), "").unwrap();
        symlink("../closed/deep/board.toml", open.join("board.toml")).unwrap();
        symlink(&open, base.join("link")).unwrap();
        symlink(open.join("loop"), open.join("loop")).unwrap();
        let file = base.join("link/board.toml");
        let passed = way(&file);
        for expected in [&base, &open, &closed, &closed.join("deep"), &closed.join("deep/board.toml")] {
            assert!(passed.contains(expected), "{expected:?} is not in {passed:?}");
        }
        assert_eq!(passed.last(), Some(&closed.join("deep/board.toml")));
        assert!(!way(&open.join("loop")).is_empty(), "it ends");
        let somebody = reader(&closed.join("deep/board.toml"), false, false);
        for (path, mode) in
            [(&base, 0o755), (&open, 0o755), (&closed, 0o755), (&closed.join("deep"), 0o755), (&file, 0o644)]
        {
            set(path, mode);
        }
        assert_eq!(somebody.kept_out_by_modes(&way(&file)), None);
        set(&closed, 0o700);
        assert!(somebody.kept_out_by_modes(&way(&file)).is_some(), "what the link leads through is closed");
    }

    /// A list of rights counts for who tries it, and is told to who cannot.
    #[test]
    fn as_root_it_is_tried_as_that_user_whatever_modes_say() {
        testing::need_root();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("unblink.toml");
        fs::write(&file, "").unwrap();
        set(folder.path(), 0o755);
        let somebody = Reader::with("somebody", 54_321, &[54_321, 54_322]);
        for (mode, group, may) in [(0o600, 0, false), (0o640, 54_322, true), (0o604, 54_322, false), (0o644, 0, true)] {
            chown(&file, None, Some(group)).unwrap();
            set(&file, mode);
            assert_eq!(somebody.tries(&way(&file)).unwrap().is_none(), may, "{mode:o} of group {group}");
        }
        // We are root again.
        set(&file, 0o600);
        fs::read(&file).unwrap();
        chown(&file, None, Some(0)).unwrap();
        assert!(give(&file, 54_321, 4, 0), "the file system of {} keeps no lists of rights", file.display());
        assert!(has_list(&file) && !has_list(folder.path()));
        assert!(somebody.kept_out_by_modes(&way(&file)).is_some(), "the modes say otherwise");
        assert_eq!(somebody.tries(&way(&file)).unwrap(), None);
        assert_eq!(somebody.kept_from(&[file.to_str().unwrap()]), None);
        let another = Reader::with("another", 54_329, &[54_329]);
        let closed = another.kept_from(&[file.to_str().unwrap()]).unwrap();
        assert!(closed.remedy.contains("getfacl") && !closed.is_uncertain, "{closed:?}");
        // A folder that lets the group through is closed to one of them by its list.
        chown(folder.path(), None, Some(54_322)).unwrap();
        set(&file, 0o644);
        assert!(
            give(folder.path(), 54_321, 0, 1) && somebody.kept_out_by_modes(&way(&file)).is_none(),
            "the modes say otherwise"
        );
        let shown = folder.path().display();
        let closed = somebody.kept_from(&[file.to_str().unwrap()]).unwrap();
        assert!(closed.found.ends_with(&format!("may not read it: it may not pass {shown}")), "{closed:?}");
        assert!(closed.remedy.ends_with(&format!("setfacl -m u:somebody:x {shown}")) && !closed.is_uncertain);
    }

    /// `setfacl -m u:USER:RIGHTS`, as the kernel keeps it, where the group and all others have those; false where this file
    /// system keeps none.
    fn give(path: &Path, user: u32, rights: u16, of_others: u16) -> bool {
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, rights, id) in [
            (0x01_u16, 7_u16, u32::MAX),
            (0x02, rights, user),
            (0x04, of_others, u32::MAX),
            (0x10, rights | of_others, u32::MAX),
            (0x20, of_others, u32::MAX),
        ] {
            list.extend(tag.to_le_bytes().into_iter().chain(rights.to_le_bytes()).chain(id.to_le_bytes()));
        }
        rustix::fs::setxattr(path, LIST, &list, rustix::fs::XattrFlags::empty()).is_ok()
    }

    /// Whoever only looks at modes knows nothing for certain where there is a list, whatever the modes say.
    #[test]
    fn modes_beside_a_list_are_certain_neither_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("unblink.toml");
        fs::write(&file, "").unwrap();
        let on_the_way = [folder.path().to_owned(), file.clone()];
        let name = file.to_str().unwrap();
        let somebody = Reader { uid: fs::metadata(&file).unwrap().uid() + 1, ..Reader::with("somebody", 0, &[77_777]) };
        let looks = || somebody.closed_by_modes(name, &on_the_way, "root cannot try it here");
        set(folder.path(), 0o755);
        set(&file, 0o644);
        assert_eq!(looks(), None);
        set(folder.path(), 0o700);
        let closed = looks().unwrap();
        let shown = folder.path().display();
        assert!(closed.found.ends_with(&format!("it may not pass {shown}")) && !closed.is_uncertain, "{closed:?}");
        assert!(closed.remedy.starts_with(&format!("chgrp somebody {shown} && chmod g+x {shown}")), "{closed:?}");
        if !give(folder.path(), 54_321, 0, 5) {
            return;
        }
        for (mode, says) in [(0o644, "may read it by the modes, but"), (0o600, "may not read it by the modes, but")] {
            set(&file, mode);
            let closed = looks().unwrap();
            assert!(closed.found.contains(says) && closed.is_uncertain, "{closed:?}");
            assert_eq!(closed.remedy, format!("root cannot try it here; or see `getfacl {shown}`"));
        }
    }
}
