//! What the daemon reads from disks and writes to them: files it may not read, folders it may not write, and what is full.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{CONFIGURATION, Finding};
use crate::base::limits;
use crate::cli::places;
use crate::cli::reader::{Closed, Reader};
use crate::config::{Loaded, Mode, Places};
use crate::sys::host::{self, FileSystem};

/// Where those units have it write files, whatever the environment of whoever runs this.
const SERVICE_LOGS: &str = "/var/log/unblink";

pub fn all(loaded: &Loaded) -> Vec<Finding> {
    let places = places::own();
    let mut all = vec![state(&places)];
    let logs = loaded.settings.log.files.clone().or_else(|| places.logs.clone());
    let services = || (places.mode == Mode::System).then(|| PathBuf::from(SERVICE_LOGS));
    if let Some(logs) = logs.or_else(services).filter(|logs| logs.is_dir()) {
        all.push(room("log folder", &logs));
    }
    // Who reads the files as somebody else does not see what that one may not.
    let closed = Reader::of_daemon(&places).and_then(|reader| reader.kept_from(&loaded.names()));
    all.extend(closed.map(|closed| unread(&closed)));
    all
}

fn unread(Closed { found, remedy, is_uncertain }: &Closed) -> Finding {
    let judge = if *is_uncertain { Finding::warn } else { Finding::bad };
    judge(CONFIGURATION, found.clone(), remedy.clone())
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
        Ok(system) => left(name, found, &system),
        Err(_) => Finding::ok(name, found),
    }
}

fn left(name: &str, found: String, system: &FileSystem) -> Finding {
    let bytes = (system.available < limits::DISK_ROOM_WANTED).then(|| format!("{} KiB are", system.available / 1024));
    let few = |files: &u64| *files < limits::DISK_FILES_WANTED;
    let files = system.files_available.filter(few).map(|files| format!("inodes for {files} files are"));
    match bytes.or(files) {
        None => Finding::ok(name, found),
        Some(left) => {
            let remedy = "make room: what is to be kept there is lost until there is, while screens are drawn as ever";
            Finding::warn(name, format!("{found}: {left} left on its disk"), remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;

    #[test]
    fn a_folder_with_room_is_well() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(room("state folder", folder.path()).verdict, Verdict::Ok);
    }

    #[test]
    fn a_disk_that_is_short_of_bytes_or_of_files_is_told() {
        let system = |available, files_available| FileSystem { total: 0, free: 0, available, files_available };
        let ample = limits::DISK_ROOM_WANTED;
        for (system, says) in [
            (system(ample, Some(limits::DISK_FILES_WANTED)), "/x"),
            (system(ample, None), "/x"),
            (system(ample, Some(3)), "/x: inodes for 3 files are left on its disk"),
            (system(2048, Some(3)), "/x: 2 KiB are left on its disk"),
            (system(2048, None), "/x: 2 KiB are left on its disk"),
        ] {
            let finding = left("state folder", "/x".to_owned(), &system);
            assert_eq!(finding.found, says);
            assert_eq!(finding.verdict == Verdict::Ok, says == "/x", "{finding:?}");
        }
    }

    #[test]
    fn what_is_certain_is_worse_than_what_may_be_otherwise() {
        let closed = |is_uncertain| Closed { found: "it".to_owned(), remedy: "mend it".to_owned(), is_uncertain };
        assert_eq!([true, false].map(|is| unread(&closed(is)).verdict), [Verdict::Warn, Verdict::Bad]);
    }
}
