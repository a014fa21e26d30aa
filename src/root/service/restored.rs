//! Histories that `unblink restore` put into the state folder: each becomes what a tenant's workers left, once.
//!
//! Invariant: nothing of it is looked into but what its file says of itself; the worker reads it as it reads any other. Whatever
//! becomes of one, its file goes: none takes the place of what came after it. None keeps a daemon from starting.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::Store;
use crate::base::limits;
use crate::config;
use crate::event::{Event as _, HistoryRestored, HistoryUnrestored};
use crate::sys::memory_file::MemoryFile;
use crate::wire::copied::{self, Unfit};

/// Takes all that lie in this folder, if it is there.
pub fn take(folder: &Path, store: &Store) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().take(limits::KEPT_ENTRIES_MAX) {
        let (path, name) = (entry.path(), entry.file_name());
        // Whatever else lies there is nobody's of ours.
        let Some(tenant) = name.to_str().filter(|name| config::is_tenant_name(name)) else { continue };
        match taken(&path) {
            Ok((file, bytes)) => {
                store.restored(tenant, file);
                HistoryRestored { tenant, bytes }.emit();
            }
            Err(why) => HistoryUnrestored { path: &path, why: &why }.emit(),
        }
    }
    // It is empty, or else somebody has something there.
    let _ = fs::remove_dir(folder);
}

/// The file, and how many bytes were put into it. Nothing lies there any more.
fn taken(path: &Path) -> Result<(MemoryFile, u64), String> {
    let read = open(path).map_err(Unfit::from).and_then(read);
    // One that stays would come again at each start, in the place of all that came since.
    match (fs::remove_file(path), read) {
        (Err(error), _) => Err(format!("it cannot be taken away, and would come again: {error}")),
        (Ok(()), read) => read.map_err(|unfit| unfit.to_string()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let facts = file.metadata()?;
    match facts.is_file() && facts.len() <= limits::HISTORY_COPIED_BYTES_MAX {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file, or longer than a history can be")),
    }
}

fn read(from: File) -> Result<(MemoryFile, u64), Unfit> {
    let (file, mut count) = (MemoryFile::new()?, 0);
    copied::read(BufReader::new(from), |at, bytes| {
        count += bytes.len() as u64;
        file.write_at(bytes, at)
    })?;
    Ok((file, count))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::root::tests::Log;
    use crate::wire::copied::Writer;

    fn history(text: &[u8]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new()).unwrap();
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
}
