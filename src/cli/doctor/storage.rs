//! What the daemon reads from disks and writes to them: files it may not read, folders it may not write, and what is full.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{CONFIGURATION, Finding};
use crate::base::limits;
use crate::cli::places;
use crate::config::{Loaded, Mode, Places};
use crate::sys::host;

/// As whom the units run a system's daemon.
pub const DAEMON_USER: &str = "unblink";
/// Where those units have it write files, whatever the environment of whoever runs this.
const SERVICE_LOGS: &str = "/var/log/unblink";

/// What files and folders are for somebody, by the bits of their modes.
struct Reader {
    name: &'static str,
    uid: u32,
    groups: Vec<u32>,
}

pub fn all(loaded: &Loaded) -> Vec<Finding> {
    let places = places::own();
    let mut all = vec![state(&places)];
    let logs = loaded.settings.log.files.clone().or_else(|| places.logs.clone());
    let services = || (places.mode == Mode::System).then(|| PathBuf::from(SERVICE_LOGS));
    if let Some(logs) = logs.or_else(services).filter(|logs| logs.is_dir()) {
        all.push(room("log folder", &logs));
    }
    // Who reads the files as somebody else does not see what that one may not.
    if places.mode == Mode::System
        && let Some(uid) = host::user_id(DAEMON_USER)
    {
        let reader = Reader { name: DAEMON_USER, uid, groups: host::groups_of(DAEMON_USER) };
        all.extend(reader.kept_from(&loaded.names()));
    }
    all
}

/// Where the daemon keeps what has to outlive it.
fn state(places: &Places) -> Finding {
    let (name, found) = ("state folder", places.state.display().to_string());
    // The nearest folder above that is there: in it the others are made.
    let Some(there) = places.state.ancestors().find(|folder| folder.is_dir()) else {
        return Finding::bad(name, format!("{found} cannot be made"), "set XDG_STATE_HOME to a folder of yours");
    };
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if there == places.state => room(name, there),
        Ok(()) => Finding::ok(name, found),
        Err(error) => {
            let remedy = "make it writable for the daemon's user: what was configured is kept there";
            Finding::warn(name, format!("{found}: {}: {error}", there.display()), remedy)
        }
    }
}

/// Whether there is some in a folder that is written to.
fn room(name: &str, folder: &Path) -> Finding {
    let found = folder.display().to_string();
    match host::file_system(folder) {
        Ok(system) if system.available < limits::DISK_ROOM_WANTED => {
            let left = system.available / 1024;
            let remedy = "make room: what is to be kept there is lost until there is, while screens are drawn as ever";
            Finding::warn(name, format!("{found}: {left} KiB are left on its disk"), remedy)
        }
        _ => Finding::ok(name, found),
    }
}

// === impl Reader ===

impl Reader {
    /// The first of these files that it may not read; they are there.
    fn kept_from(&self, files: &[&str]) -> Option<Finding> {
        let file = files.iter().find(|file| !self.may_read(Path::new(file)))?;
        let Reader { name, .. } = self;
        let remedy = format!("chgrp {name} {file} && chmod g+r {file}, and let that group into the folders above");
        Some(Finding::bad(CONFIGURATION, format!("{file}: the daemon's user {name} may not read it"), remedy))
    }

    /// Whether it comes through all folders above, too.
    fn may_read(&self, file: &Path) -> bool {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let folders = file.ancestors().skip(1);
        self.may(&file, 0o4) && folders.into_iter().all(|folder| self.may(folder, 0o1))
    }

    /// Whether the mode has this bit for it.
    fn may(&self, path: &Path, bit: u32) -> bool {
        let Ok(facts) = fs::metadata(path) else { return true };
        let shift = match (facts.uid() == self.uid, self.groups.contains(&facts.gid())) {
            (true, _) => 6,
            (false, true) => 3,
            (false, false) => 0,
        };
        facts.mode() >> shift & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::doctor::Verdict;

    /// Somebody to whom this file belongs by neither number, or by one of them.
    fn reader(of: &Path, is_owner: bool, is_in_group: bool) -> Reader {
        let facts = fs::metadata(of).unwrap();
        let uid = if is_owner { facts.uid() } else { facts.uid() + 1 };
        Reader { name: "somebody", uid, groups: if is_in_group { vec![facts.gid()] } else { Vec::new() } }
    }

    #[test]
    fn a_file_is_read_by_whom_its_mode_and_its_folders_let() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("unblink.toml");
        fs::write(&file, "").unwrap();
        let may = |mode, of_folder, is_owner, is_in_group| {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(of_folder)).unwrap();
            let reader = reader(&file, is_owner, is_in_group);
            // Root's temporary folder is not everybody's.
            [&file, folder.path()].iter().zip([4, 1]).all(|(path, bit)| reader.may(path, bit))
        };
        assert!(may(0o644, 0o755, false, false) && !may(0o640, 0o755, false, false));
        assert!(may(0o640, 0o755, false, true) && !may(0o604, 0o755, false, true), "the group's bits count alone");
        assert!(may(0o400, 0o700, true, false) && !may(0o044, 0o700, true, true));
        assert!(!may(0o644, 0o744, false, false), "the folder is closed");
        let names = [file.to_str().unwrap()];
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let kept = reader(&file, false, false).kept_from(&names).unwrap();
        assert_eq!(kept.verdict, Verdict::Bad);
        assert!(kept.found.ends_with("the daemon's user somebody may not read it"), "{kept:?}");
        assert!(kept.remedy.unwrap().starts_with("chgrp somebody "));
        assert_eq!(reader(&file, false, false).kept_from(&[]), None);
    }

    #[test]
    fn a_folder_with_room_is_well() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(room("state folder", folder.path()).verdict, Verdict::Ok);
    }
}
