//! Captures that are kept in the state folder, so that a later one can be held against them.
//!
//! Invariant: a file is there whole or not at all, readable for its owner alone, under a name made of what it is of; what
//! comes from outside is only ever looked for under a name that could be one of ours. What is kept is bounded in number,
//! age and bytes, where the next one is written. One is read at a time, so that its memory is that of one. A disk that takes nothing costs one thread, however many captures there are.

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Serialize;
use tokio::sync::oneshot;

use super::capture::{Target, Wish};
use crate::base::{Wall, limits};
use crate::model::Profile;
use crate::report::Format;
use crate::runtime::{self, timer};
use crate::sys::kept::{Kept, ReadError};

/// The folder they are kept in.
#[derive(Clone, Debug)]
pub struct Store {
    kept: Kept,
    /// Somebody writes there.
    is_busy: Arc<AtomicBool>,
    /// Held by whoever makes sense of one.
    reading: Arc<Mutex<()>>,
}

/// What one is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub taken_at: Wall,
    pub seconds: u64,
    pub hz: u32,
    /// `all`, `root`, or a tenant.
    pub target: String,
}

/// One that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: String,
    /// In UTC.
    pub taken_at: String,
    pub seconds: u64,
    pub hz: u32,
    pub target: String,
    pub bytes: u64,
}

/// Why one cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("there is no capture of that name; /debug/pprof/captures lists those there are")]
    Missing,
    #[error("{0} cannot be read: {1}")]
    Damaged(String, String),
}

/// Gives way when it goes.
struct Writing(Arc<AtomicBool>);

const EXTENSION: &str = ".pb.gz";
const TIME_FORM: &str = "%Y%m%dT%H%M%S";
/// Of the time in a name, to the second, and with its milliseconds and a `Z`.
const SECOND_BYTES: usize = 15;
const TIME_BYTES: usize = 20;

// === impl Facts ===

impl Facts {
    pub fn of(wish: &Wish, taken_at: Wall) -> Facts {
        let target = wish.target.word().to_owned();
        Facts { taken_at, seconds: wish.span.as_secs(), hz: wish.hz, target }
    }

    /// Names are in the order of their times.
    pub fn name(&self) -> String {
        let at = Timestamp::from_millisecond(self.taken_at.0).unwrap_or_default();
        let second = at.strftime(TIME_FORM);
        let Facts { seconds, hz, target, .. } = self;
        format!("{second}.{:03}Z-{seconds}s-{hz}hz-{target}{EXTENSION}", at.subsec_millisecond())
    }

    /// None for what is no name of ours: no path is one.
    pub fn parse(name: &str) -> Option<Facts> {
        let (time, rest) = name.strip_suffix(EXTENSION)?.split_at_checked(TIME_BYTES)?;
        let at = DateTime::strptime(TIME_FORM, time.get(..SECOND_BYTES)?).ok()?;
        let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
        let millis: i64 = time.get(SECOND_BYTES + 1..TIME_BYTES - 1)?.parse().ok()?;
        let (seconds, rest) = rest.strip_prefix('-')?.split_once("s-")?;
        let (hz, target) = rest.split_once("hz-")?;
        let target = Target::parse(target)?.word().to_owned();
        let taken_at = Wall(at.checked_add(millis)?);
        let facts = Facts { taken_at, seconds: seconds.parse().ok()?, hz: hz.parse().ok()?, target };
        // Only as we write it.
        (facts.name() == name).then_some(facts)
    }

    /// In a few words.
    pub fn words(&self) -> String {
        format!("{} s at {} Hz", self.seconds, self.hz)
    }
}

// === impl Store ===

impl Store {
    /// Below the state folder. Nothing is made before something is kept.
    pub fn new(state: &Path) -> Store {
        Store { kept: Kept::new(state.join("captures")), is_busy: Arc::default(), reading: Arc::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.kept.path(name)
    }

    /// Keeps what `make` makes, and says under which name, or why not. Waits for a disk, but not for long.
    pub async fn keep(
        &self,
        facts: Facts,
        make: impl FnOnce() -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<String, String> {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Err("the disk has not taken the one before yet".to_owned());
        }
        let (writing, store) = (Writing(Arc::clone(&self.is_busy)), self.clone());
        let (done, kept) = oneshot::channel();
        let write = move || {
            let kept = match make() {
                Some(bytes) => store.write(&facts, &bytes).map_err(|error| error.to_string()),
                None => Err("no sample was taken".to_owned()),
            };
            // Before whoever waits can come with the next one. They may have gone on.
            drop(writing);
            drop(done.send(kept));
        };
        runtime::spawn_thread("capture-store", write).map_err(|error| error.to_string())?;
        match timer::timeout(limits::CAPTURE_STORE_DEADLINE, kept).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) => Err("keeping it panicked, which the log tells of".to_owned()),
            Err(_) => Err("the disk does not answer".to_owned()),
        }
    }

    /// Writes one, whole or not at all, and lets those go that are too many or too old. One at a time, as [`Store::keep`] does.
    pub fn write(&self, facts: &Facts, bytes: &[u8]) -> io::Result<String> {
        if bytes.len() as u64 > limits::CAPTURE_BYTES_MAX {
            return Err(io::Error::other(format!("it is longer than {} bytes", limits::CAPTURE_BYTES_MAX)));
        }
        let name = facts.name();
        self.kept.write(&name, bytes)?;
        self.expire(facts.taken_at, &name);
        Ok(name)
    }

    /// Those there are, the newest first.
    pub fn list(&self) -> Vec<Row> {
        self.all()
            .into_iter()
            .map(|(facts, bytes)| Row {
                name: facts.name(),
                taken_at: Timestamp::from_millisecond(facts.taken_at.0).unwrap_or_default().to_string(),
                seconds: facts.seconds,
                hz: facts.hz,
                target: facts.target,
                bytes,
            })
            .collect()
    }

    /// One of them, as it was written.
    pub fn read(&self, name: &str) -> Result<(Facts, Vec<u8>), KeptError> {
        let facts = Facts::parse(name).ok_or(KeptError::Missing)?;
        let bytes = self.kept.read(name, limits::CAPTURE_BYTES_MAX).map_err(|error| match error {
            ReadError::Missing => KeptError::Missing,
            ReadError::Damaged(what) => KeptError::Damaged(name.to_owned(), what),
        })?;
        Ok((facts, bytes))
    }

    /// One of them, understood, with its notes.
    pub fn profile(&self, name: &str) -> Result<(Facts, Profile, String), KeptError> {
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (facts, bytes) = self.read(name)?;
        let read = Format::read(&bytes).map_err(|what| KeptError::Damaged(name.to_owned(), what.to_owned()));
        read.map(|(profile, notes)| (facts, profile, notes))
    }

    /// The newest first. What is named otherwise is somebody else's.
    fn all(&self) -> Vec<(Facts, u64)> {
        let ours = |entry: DirEntry| {
            let facts = Facts::parse(entry.file_name().to_str()?)?;
            // Of a link itself, if it is one.
            Some((facts, entry.metadata().ok()?.len()))
        };
        let mut all: Vec<(Facts, u64)> = self.kept.entries().filter_map(ours).collect();
        all.sort_by_key(|(facts, _)| std::cmp::Reverse(facts.name()));
        all
    }

    /// The newest is never the one to go. Where the clock was set back, those that are dated beyond now are the first to.
    /// One that cannot go stays; it is tried again with the next one.
    fn expire(&self, now: Wall, newest: &str) {
        let (mut count, mut bytes) = (0, 0_u64);
        let (beyond, others): (Vec<_>, Vec<_>) = self.all().into_iter().partition(|(facts, _)| facts.taken_at > now);
        for (facts, length) in others.into_iter().chain(beyond) {
            count += 1;
            bytes = bytes.saturating_add(length);
            let is_too_much = count > limits::CAPTURES_KEPT_MAX || bytes > limits::CAPTURES_BYTES_MAX;
            let name = facts.name();
            if (is_too_much || now.since(facts.taken_at) > limits::CAPTURE_AGE_MAX) && name != newest {
                let _ = self.kept.remove(&name);
            }
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    fn facts(at: i64, target: &str) -> Facts {
        Facts { taken_at: Wall(at), seconds: 30, hz: 99, target: target.to_owned() }
    }

    const AT: i64 = 1_700_000_000_123;

    #[test]
    fn a_name_says_what_it_is_of_and_nothing_else_is_one() {
        let name = facts(AT, "ops-2_s-1hz-x").name();
        assert_eq!(name, "20231114T221320.123Z-30s-99hz-ops-2_s-1hz-x.pb.gz");
        assert_eq!(Facts::parse(&name), Some(facts(AT, "ops-2_s-1hz-x")));
        for strange in [
            "",
            "..",
            ".pb.gz",
            "../20231114T221320.123Z-30s-99hz-all.pb.gz",
            "20231114T221320.123Z-30s-99hz-../../etc/passwd.pb.gz",
            "20231114T221320.123Z-30s-99hz-a/b.pb.gz",
            "20231114T221320.123Z-30s-99hz-.pb.gz",
            "20231114T221320.123Z-030s-99hz-all.pb.gz",
            "20231314T221320.123Z-30s-99hz-all.pb.gz",
            "20231114T221320.+23Z-30s-99hz-all.pb.gz",
            "20231114T221320.123é-30s-99hz-all.pb.gz",
            "20231114T221320.123Z-30s-99hz-all.svg",
            "20231114T221320.123Z-30s-99hz-all.pb.gz\0",
        ] {
            assert_eq!(Facts::parse(strange), None, "{strange}");
        }
    }

    #[test]
    fn one_is_kept_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(&folder.path().join("state"));
        assert!(store.list().is_empty() && !folder.path().join("state").exists());
        let name = store.write(&facts(AT, "all"), b"bytes").unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(store.path(&name)), mode(store.path(""))), (0o600, 0o700));
        assert_eq!(store.read(&name).unwrap(), (facts(AT, "all"), b"bytes".to_vec()));
        let rows = store.list();
        assert_eq!((rows.len(), rows[0].taken_at.as_str(), rows[0].bytes), (1, "2023-11-14T22:13:20.123Z", 5));
        assert!(matches!(store.read(&facts(AT + 1, "all").name()), Err(KeptError::Missing)));
        assert!(matches!(store.read("../unblink.toml"), Err(KeptError::Missing)));
        assert!(matches!(store.profile(&name), Err(KeptError::Damaged(..))));
        // Somebody put a link in its place.
        fs::remove_file(store.path(&name)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", store.path(&name)).unwrap();
        assert!(matches!(store.read(&name), Err(KeptError::Damaged(..))));
    }

    #[test]
    fn those_that_are_too_many_too_old_or_too_large_go_and_the_newest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        fs::create_dir(store.path("")).unwrap();
        fs::write(store.path("notes.txt"), "somebody's").unwrap();
        let many = i64::try_from(limits::CAPTURES_KEPT_MAX).unwrap() + 5;
        for number in 0..many {
            store.write(&facts(AT + number, "all"), b"bytes").unwrap();
        }
        let rows = store.list();
        assert_eq!((rows.len(), &rows[0].name), (limits::CAPTURES_KEPT_MAX, &facts(AT + many - 1, "all").name()));
        let large = File::create(store.path(&rows[3].name)).unwrap();
        large.set_len(limits::CAPTURES_BYTES_MAX).unwrap();
        assert_eq!(store.list().len(), limits::CAPTURES_KEPT_MAX, "looking changes nothing");
        fs::write(store.path(".unfinished-of-one-that-was-killed"), "half").unwrap();
        store.write(&facts(AT + many, "all"), b"bytes").unwrap();
        assert_eq!(store.list().len(), 4);
        assert!(!store.path(".unfinished-of-one-that-was-killed").exists());
        let later = Wall(AT) + limits::CAPTURE_AGE_MAX + Duration::from_secs(60);
        let name = store.write(&facts(later.0, "all"), b"bytes").unwrap();
        assert_eq!(store.list().into_iter().map(|row| row.name).collect::<Vec<_>>(), [name]);
        // The clock was set back: those from beyond are the first to go, and new ones stay.
        for number in 0..many {
            store.write(&facts(later.0 + number, "all"), b"bytes").unwrap();
        }
        let mut new: Vec<String> =
            (0..3).map(|number| store.write(&facts(AT + number, "all"), b"bytes").unwrap()).collect();
        new.reverse();
        let rows: Vec<String> = store.list().into_iter().map(|row| row.name).collect();
        assert_eq!((rows.len(), &rows[limits::CAPTURES_KEPT_MAX - 3..]), (limits::CAPTURES_KEPT_MAX, new.as_slice()));
        assert!(store.path("notes.txt").exists());
        let too_long = vec![0; usize::try_from(limits::CAPTURE_BYTES_MAX).unwrap() + 1];
        assert!(store.write(&facts(later.0 + 1, "all"), &too_long).unwrap_err().to_string().contains("longer than"));
    }

    #[tokio::test]
    async fn where_nothing_can_be_kept_that_is_said_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        // A file where the folder would be.
        fs::write(folder.path().join("captures"), "").unwrap();
        let store = Store::new(folder.path());
        let why = store.keep(facts(AT, "all"), || Some(b"bytes".to_vec())).await.unwrap_err();
        assert!(why.contains("exists") || why.contains("directory"), "{why}");
        let why = store.keep(facts(AT, "all"), || None).await.unwrap_err();
        assert_eq!(why, "no sample was taken");
        // One that a disk holds up.
        let (go_on, held) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = oneshot::channel();
        let slow = store.clone();
        let slow = runtime::spawn("slow", async move {
            let make = move || {
                begin.send(()).unwrap();
                held.recv().ok().and(None)
            };
            slow.keep(facts(AT, "all"), make).await
        });
        begun.await.unwrap();
        let why = store.keep(facts(AT, "all"), || None).await.unwrap_err();
        assert_eq!(why, "the disk has not taken the one before yet");
        drop(go_on);
        assert_eq!(slow.await.unwrap().unwrap_err(), "no sample was taken");
    }
}
