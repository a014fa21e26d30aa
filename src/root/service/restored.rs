//! Histories that `unblink restore` put into the state folder: each becomes what a tenant's workers left, once.
//!
//! Invariant: nothing of it is looked into but what its file says of itself; the worker reads it as it reads any other. A file
//! has another name before anything of it is read, and goes once a worker has read it: one that ends the daemon does so once, and
//! none takes the place of what came after it. What cannot be read for a reason of the machine's stays for the next start. None
//! keeps a daemon from starting.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Restored, Store};
use crate::base::limits;
use crate::config;
use crate::event::{Event as _, HistoryPutOff, HistoryTried, HistoryUnrestored};
use crate::sys::memory_file::MemoryFile;
use crate::wire::copied::{self, Unfit};

/// Behind the name of one that is being taken.
const TAKEN: &str = ".taken";

/// Why nothing came of one.
enum Why {
    /// It is of no use, now or later.
    Unfit(String),
    /// It may be read another time.
    Ours(io::Error),
}

/// Takes all that lie in this folder, if it is there.
pub fn take(folder: &Path, store: &Store) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let entries = entries.flatten().take(limits::KEPT_ENTRIES_MAX);
    // Before any is renamed.
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // Those that were taken before come behind those of their name, and give way to them.
    names.sort_unstable();
    for name in names {
        let path = folder.join(&name);
        match name.strip_suffix(TAKEN) {
            Some(tenant) if config::is_tenant_name(tenant) && !store.is_restored(tenant) => {
                HistoryTried { path: &path }.emit();
                let _ = fs::remove_file(&path);
            }
            None if config::is_tenant_name(&name) => begin_with(&name, &path, store),
            // Whatever else lies there is nobody's of ours.
            _ => {}
        }
    }
    // It is empty, or else somebody has something there.
    let _ = fs::remove_dir(folder);
}

fn begin_with(tenant: &str, path: &Path, store: &Store) {
    let taken = path.with_file_name(format!("{tenant}{TAKEN}"));
    // One that has its name still would come again at each start, in the place of all that came since.
    if let Err(error) = fs::rename(path, &taken) {
        return HistoryPutOff { path, error: &error }.emit();
    }
    match open(&taken).and_then(read) {
        Ok((file, bytes)) => store.restored(tenant, file, Restored { path: taken, bytes }),
        Err(Why::Unfit(why)) => {
            let _ = fs::remove_file(&taken);
            HistoryUnrestored { path, why: &why }.emit();
        }
        Err(Why::Ours(error)) => {
            let _ = fs::rename(&taken, path);
            HistoryPutOff { path, error: &error }.emit();
        }
    }
}

fn open(path: &Path) -> Result<File, Why> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => Why::Unfit("it is a symbolic link".to_owned()),
        _ => Why::Ours(error),
    })?;
    let facts = file.metadata().map_err(Why::Ours)?;
    match facts.is_file() && facts.len() <= limits::HISTORY_COPIED_BYTES_MAX {
        true => Ok(file),
        false => Err(Why::Unfit("it is no regular file, or longer than a history can be".to_owned())),
    }
}

fn read(from: File) -> Result<(MemoryFile, u64), Why> {
    let (file, mut count) = (MemoryFile::new().map_err(Why::Ours)?, 0);
    let read = copied::read(BufReader::new(from), |at, bytes| {
        count += bytes.len() as u64;
        file.write_at(bytes, at)
    });
    match read {
        Ok(()) => Ok((file, count)),
        Err(Unfit::Io(error)) => Err(Why::Ours(error)),
        Err(unfit) => Err(Why::Unfit(unfit.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::root::tests::Log;
    use crate::wire::copied::Writer;
    use crate::wire::history::VERSION;

    fn history(text: &[u8]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), VERSION).unwrap();
        writer.piece(4_096, text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn what_lies_there_is_what_workers_left_once_and_what_is_not_fit_is_told() {
        let (log, _guard) = Log::listen();
        let folder = tempfile::tempdir().unwrap();
        let histories = folder.path().join("histories");
        let store = Store::default();
        take(&histories, &store);
        fs::create_dir(&histories).unwrap();
        let good = history(b"the past");
        fs::write(histories.join("default"), &good).unwrap();
        fs::write(histories.join("short"), &good[..good.len() - 1]).unwrap();
        fs::write(histories.join("foreign"), "[host]\n").unwrap();
        fs::write(histories.join("newer"), "unblink history 1 999\n").unwrap();
        File::create(histories.join("huge")).unwrap().set_len(limits::HISTORY_COPIED_BYTES_MAX + 1).unwrap();
        symlink(folder.path().join("elsewhere"), histories.join("link")).unwrap();
        fs::write(folder.path().join("elsewhere"), &good).unwrap();
        fs::write(histories.join(".other"), "somebody's").unwrap();
        // What came back by itself gives way.
        store.returned("default", MemoryFile::new().unwrap()).unwrap();
        take(&histories, &store);
        let mut read = [0; 8];
        let file = store.take_back("default").expect("it is there");
        assert_eq!((file.read_at(&mut read, 4_096).unwrap(), &read), (8, b"the past"));
        assert!(store.take_back("default").is_none());
        assert_eq!(log.count("begin with the past"), 1, "who takes it says so: {}", log.text());
        assert!(histories.join("default.taken").exists(), "no worker has read it");
        store.read("default");
        for (tenant, why) in [
            ("short", "it is damaged: it is cut short"),
            ("foreign", "it is no history"),
            ("newer", "it is of version 999"),
            ("huge", "longer than a history can be"),
            ("link", "symbolic link"),
        ] {
            assert!(store.take_back(tenant).is_none(), "{tenant}");
            let is_it = |line: &str| line.contains(&format!("histories/{tenant}")) && line.contains(why);
            assert!(log.text().lines().any(is_it), "{tenant}: {}", log.text());
        }
        let left: Vec<_> = fs::read_dir(&histories).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".other"]);
        assert_eq!(fs::read(folder.path().join("elsewhere")).unwrap(), good, "what a link leads to is let alone");
        assert_eq!(log.count("of no use"), 5);
    }

    /// What ended one daemon does not end the next.
    #[test]
    fn one_whose_daemon_ended_meanwhile_is_told_once_and_not_tried_again() {
        let (log, _guard) = Log::listen();
        let folder = tempfile::tempdir().unwrap();
        let histories = folder.path().join("histories");
        fs::create_dir(&histories).unwrap();
        fs::write(histories.join("default"), history(b"the past")).unwrap();
        let store = Store::default();
        take(&histories, &store);
        assert!(!log.text().contains("begin with the past"), "nobody has taken it: {}", log.text());
        drop(store);
        let store = Store::default();
        take(&histories, &store);
        assert!(store.take_back("default").is_none());
        assert_eq!(log.count("ended while it took this past"), 1, "{}", log.text());
        assert!(!histories.exists());
        // A newer one beside it is taken all the same.
        fs::create_dir(&histories).unwrap();
        fs::write(histories.join("default.taken"), "").unwrap();
        fs::write(histories.join("default"), history(b"newer")).unwrap();
        take(&histories, &store);
        assert!(store.take_back("default").is_some());
        assert_eq!(log.count("ended while it took this past"), 1, "{}", log.text());
    }

    #[test]
    fn what_this_machine_cannot_read_now_stays() {
        let (log, _guard) = Log::listen();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("default");
        // Whoever runs this, the kernel lets nobody read a socket by its name.
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        take(folder.path(), &Store::default());
        assert!(path.exists() && !folder.path().join("default.taken").exists());
        assert_eq!(log.count("stays for the next start"), 1, "{}", log.text());
    }

    #[test]
    fn that_of_a_tenant_which_is_not_there_is_told() {
        let (log, _guard) = Log::listen();
        let folder = tempfile::tempdir().unwrap();
        let histories = folder.path().join("histories");
        fs::create_dir(&histories).unwrap();
        fs::write(histories.join("gone"), history(b"the past")).unwrap();
        let store = Store::default();
        take(&histories, &store);
        store.retain(|tenant| tenant != "gone");
        assert_eq!(log.count("has no such tenant"), 1, "{}", log.text());
        assert!(!histories.exists() && !log.text().contains("begin with the past"));
    }
}
