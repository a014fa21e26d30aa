//! Files that roll: one for each day in UTC, JSON lines, shared by root and its workers, of which root takes old ones away.
//!
//! Invariant: whatever the disk does holds up this destination alone, and the file of a day does not grow beyond its cap. A file that cannot be opened or written costs the
//! messages that wait meanwhile, and is tried again with the next one; one that somebody took away is made anew.
//!
//! `tracing-appender` would roll by itself and keep to itself what goes wrong then, or say it past the log: so it is told
//! to write to one name for ever, and the day is looked at here. What it calls the oldest goes by when files were made,
//! which is one moment for all of a folder that was copied: so old ones are found by the dates in their names here, and
//! none that is not older than today is taken away, whatever the clock was set to meanwhile.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

use super::Files;
use super::queue::Destination;
use super::record::Record;
use super::text::{Form, Lines, line};
use crate::base::{Wall, limits};
use crate::sys::clock;

/// Files of one folder, the one of today open.
#[derive(Debug)]
pub struct Rolling {
    files: Files,
    open: Option<Open>,
    now: fn() -> Wall,
}

#[derive(Debug)]
struct Open {
    day: i64,
    path: PathBuf,
    /// Device and number, to know it again.
    identity: (u64, u64),
    lines: Lines<RollingFileAppender>,
}

const PREFIX: &str = "unblink";
const SUFFIX: &str = "log";
/// Looked at in one go, from the end on.
const PIECE_BYTES: usize = 4 * 1024;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What is logged tells who watches what: nobody's business but the daemon's and its group's.
const FOLDER_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o640;

// === impl Rolling ===

impl Rolling {
    pub fn new(files: Files) -> Rolling {
        Rolling { files, open: None, now: clock::wall }
    }

    fn today(&self) -> i64 {
        (self.now)().0.div_euclid(DAY_MS)
    }

    fn open(&self, day: i64) -> io::Result<Open> {
        let Files { folder, keep } = &self.files;
        let date = Timestamp::from_millisecond(day.saturating_mul(DAY_MS)).map_err(io::Error::other)?;
        let date = date.to_zoned(TimeZone::UTC).date();
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        // Before there is one more: a full disk has room then.
        let taken_away = keep.map_or(Ok(()), |keep| take_away_old(keep.saturating_sub(1), date, folder));
        let name = format!("{PREFIX}.{date}");
        let path = folder.join(format!("{name}.{SUFFIX}"));
        // With its own mode, and never through a link or into a pipe, on which it would wait.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).custom_flags(flags).open(&path)?;
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(io::Error::other(format!("{} is no file", path.display())));
        }
        close_to_others(&file)?;
        // By a daemon that was killed while it wrote, or a machine that lost its power.
        let last = if facts.len() > 0 { last_byte(&path, facts.len()).ok() } else { None };
        let is_torn = last.is_some_and(|last| last != b'\n');
        let builder =
            RollingFileAppender::builder().rotation(Rotation::NEVER).filename_prefix(name).filename_suffix(SUFFIX);
        let appender = builder.build(folder).map_err(io::Error::other)?;
        let blanked = if last == Some(0) { blank_zeroes(&path, facts.len()) } else { Ok(()) };
        // Only where it is open: told with each try it would feed itself.
        if let Err(error) = blanked {
            tracing::warn!(file = %path.display(), %error, "zeroes that a power cut left in the log file stay there");
        }
        if let Err(error) = taken_away {
            tracing::warn!(folder = %folder.display(), %error, "old log files cannot be taken away");
        }
        Ok(Open { day, path, identity: (facts.dev(), facts.ino()), lines: Lines::after(appender, is_torn) })
    }

    /// The file of today, and how long it is.
    fn of_today(&mut self) -> io::Result<(&mut Open, u64)> {
        let today = self.today();
        // Looked at with each message: it may be moved, and other processes write to it too.
        let found = self.open.take().filter(|open| open.day == today).and_then(|open| Some((open.bytes()?, open)));
        let (bytes, open) = match found {
            Some(found) => found,
            None => {
                let open = self.open(today)?;
                let bytes = open.bytes().ok_or_else(|| io::Error::other("the file was taken away again"))?;
                (bytes, open)
            }
        };
        Ok((self.open.insert(open), bytes))
    }
}

/// Of a file that has at least one; it is not asked for where we may write to it and not read it.
fn last_byte(path: &Path, bytes: u64) -> io::Result<u8> {
    let mut last = [0];
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path)?.read_exact_at(&mut last, bytes - 1)?;
    Ok(last[0])
}

/// Blanks the zeroes that a file of so many bytes ends with. They are what a disk never had when a machine lost its power: file systems
/// may know by then how long the file was to be. They are not cut off, since others may write behind them meanwhile.
fn blank_zeroes(path: &Path, bytes: u64) -> io::Result<()> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    let mut piece = [0; PIECE_BYTES];
    let mut end = bytes;
    while end > 0 {
        let length = end.min(PIECE_BYTES as u64);
        let piece = &mut piece[..usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(piece, end - length)?;
        let kept = piece.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        piece[kept..].fill(b' ');
        file.write_all_at(&piece[kept..], end - length + kept as u64)?;
        if kept > 0 {
            break;
        }
        end -= length;
    }
    Ok(())
}

/// What the umask took or somebody gave is set right. One of another user, who let us write to it, is left as it is.
fn close_to_others(file: &File) -> io::Result<()> {
    match file.set_permissions(Permissions::from_mode(FILE_MODE)) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Takes away the oldest of our files from before today until so many of them are left; of others it knows nothing. One
/// that cannot be taken away holds up no other one: the first failure is returned in the end.
fn take_away_old(left: usize, today: Date, folder: &Path) -> io::Result<()> {
    let mut failed = Ok(());
    let mut old = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let found = entry.and_then(|entry| {
            let date = entry.file_name().to_str().and_then(date_of).filter(|date| *date < today);
            Ok(date.zip(entry.file_type()?.is_file().then(|| entry.path())))
        });
        match found {
            Ok(found) => old.extend(found),
            Err(error) => failed = failed.and(Err(error)),
        }
    }
    old.sort();
    let surplus = old.len().saturating_sub(left);
    old.iter().take(surplus).fold(failed, |failed, (_, path)| failed.and(std::fs::remove_file(path)))
}

/// Of one of our files.
fn date_of(name: &str) -> Option<Date> {
    let text = name.strip_prefix(PREFIX)?.strip_prefix('.')?.strip_suffix(SUFFIX)?.strip_suffix('.')?;
    // More is a date to whoever reads it than we would write.
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

impl Destination for Rolling {
    fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
        let (open, bytes) = self.of_today()?;
        if bytes >= limits::LOG_FILE_BYTES_MAX {
            let cap = limits::LOG_FILE_BYTES_MAX / (1024 * 1024);
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!("{} has its {cap} MiB", open.path.display()),
            ));
        }
        open.lines.put(&line(record, Form::Json))
    }
}

// === impl Open ===

impl Open {
    /// How long it is, if its path still leads to it.
    fn bytes(&self) -> Option<u64> {
        let facts = std::fs::symlink_metadata(&self.path).ok()?;
        ((facts.dev(), facts.ino()) == self.identity).then_some(facts.len())
    }
}

#[cfg(test)]
mod tests;
