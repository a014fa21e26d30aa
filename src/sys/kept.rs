//! Files that are kept in a folder of the daemon's own.
//!
//! Invariant: a file is there whole or not at all, for its owner alone; what a writer that was killed left goes with the next
//! one that is written. Nothing but a regular file is read, and no more of it than is asked for. One writer at a time.

use std::fs::{self, DirBuilder, DirEntry, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::limits;

/// The folder; it is made with the first file.
#[derive(Clone, Debug)]
pub struct Kept(PathBuf);

/// Why a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    Missing,
    Damaged(String),
}

/// Begins the names of files that are being written.
const UNFINISHED: &str = ".unfinished-";

// === impl Kept ===

impl Kept {
    pub fn new(folder: PathBuf) -> Kept {
        Kept(folder)
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What lies there, whoever put it there; nothing where there is no folder.
    pub fn entries(&self) -> impl Iterator<Item = DirEntry> {
        fs::read_dir(&self.0).into_iter().flatten().flatten().take(limits::KEPT_ENTRIES_MAX)
    }

    /// All of a file that has no more than so many bytes.
    pub fn read(&self, name: &str, most: u64) -> Result<Vec<u8>, ReadError> {
        let damaged = |what: String| ReadError::Damaged(what);
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ReadError::Missing),
            opened => opened.map_err(|error| damaged(format!("cannot open: {error}")))?,
        };
        if !file.metadata().is_ok_and(|facts| facts.is_file()) {
            return Err(damaged("this is not a regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        let read = file.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| damaged(format!("cannot read: {error}")))?;
        if bytes.len() as u64 > most {
            return Err(damaged(format!("it is longer than {most} bytes")));
        }
        Ok(bytes)
    }

    /// Writes one, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        self.sweep();
        let unfinished = self.path(&format!("{UNFINISHED}{name}"));
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
        let written = create().and_then(|mut file| {
            file.write_all(bytes)?;
            // Before it has its name: a power cut leaves a name of nothing otherwise.
            file.sync_all()?;
            fs::rename(&unfinished, self.path(name))?;
            // The name is as safe as the bytes only then.
            File::open(&self.0)?.sync_all()
        });
        if written.is_err() {
            // Nothing of it shall be left where there is no room.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    pub fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sweep(&self) {
        let is_unfinished = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
        for entry in self.entries().filter(is_unfinished) {
            // It is tried again with the next one.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_there_whole_for_its_owner_alone_and_nothing_else_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("state/of/mine"));
        assert_eq!((kept.entries().count(), kept.read("a", 9)), (0, Err(ReadError::Missing)));
        kept.write("a", b"bytes").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&kept.path("a")), mode(kept.folder())), (0o600, 0o700));
        assert_eq!(kept.read("a", 5), Ok(b"bytes".to_vec()));
        assert_eq!(kept.read("a", 4), Err(ReadError::Damaged("it is longer than 4 bytes".to_owned())));
        symlink(kept.path("a"), kept.path("link")).unwrap();
        fs::create_dir(kept.path("folder")).unwrap();
        for name in ["link", "folder"] {
            assert!(matches!(kept.read(name, 9), Err(ReadError::Damaged(_))), "{name}");
        }
    }

    #[test]
    fn what_a_killed_writer_left_goes_with_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().to_owned());
        for name in ["a", "b"] {
            fs::write(kept.path(&format!("{UNFINISHED}{name}")), "half").unwrap();
        }
        // A folder of such a name is nobody's, and in nobody's way.
        fs::create_dir(kept.path(&format!("{UNFINISHED}c"))).unwrap();
        kept.write("a", b"whole").unwrap();
        let mut names: Vec<_> = kept.entries().map(|entry| entry.file_name()).collect();
        names.sort();
        assert_eq!(names, [".unfinished-c", "a"]);
    }
}
