//! Files that grow, such as logs: each new line is an entry of a log, and may hold values.
//!
//! Invariant: a turn reads `limits::FILE_TURN_BYTES_MAX` at most and never waits for a file that is no regular one. What
//! stood in a file that was rotated away is read to its end. Where the file is missing, that is said, and looked for
//! again at every turn.

mod lines;

use std::fs::{File as Open, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use regex::RegexBuilder;

use super::format::Told;
use super::format::line::Reader;
use super::intake::{Intake, LeftOut};
use super::{Line, Name, Reading};
use crate::base::{Wall, limits};
use crate::event::{Event, ValuesLeftOut};
use crate::label::Label;
use crate::machine::tail::{Found, Identity, Stretch, Tail};
use crate::model::log::Entry;
use crate::model::origin::{Fields, File, Lines as Format, Origin};
use lines::Lines;

/// The thread that looks at the file whenever asked, until the line's `asks` is dropped.
pub fn reading_thread(origin: &Origin, file: &File) -> io::Result<Line> {
    let mut first = Some(Follow::new(origin, file).map_err(io::Error::other)?);
    // After a panic on what stands there it goes on with what comes next.
    let (origin, file) = (origin.clone(), File { from_start: false, ..file.clone() });
    let name = origin.name.clone();
    super::reading_thread(&name, move || {
        let afresh = || Follow::new(&origin, &file).expect("invariant: the expression was one before");
        let mut follow = first.take().unwrap_or_else(afresh);
        move |now| follow.turn(now)
    })
}

/// One file and how far it was read.
#[derive(Debug)]
pub struct Follow {
    name: Name,
    series: String,
    path: PathBuf,
    reader: Reader,
    fields: Fields,
    tail: Tail,
    open: Option<Open>,
    lines: Lines,
    intake: Intake,
    looked_at: Option<Wall>,
}

// === impl Follow ===

impl Follow {
    /// # Errors
    /// When the expression is none.
    pub fn new(origin: &Origin, file: &File) -> Result<Follow, String> {
        let reader = match &file.lines {
            Format::Words => Reader::Words,
            Format::Json => Reader::Json,
            Format::Regex(text) => {
                let regex = RegexBuilder::new(text).size_limit(limits::REGEX_BYTES_MAX).build();
                Reader::Regex(Box::new(regex.map_err(|error| error.to_string())?))
            }
        };
        Ok(Follow {
            name: origin.name.clone().into(),
            series: origin.series.clone(),
            path: file.path.clone(),
            reader,
            fields: file.fields.clone(),
            tail: Tail::new(limits::FILE_TURN_BYTES_MAX as u64, file.from_start),
            open: None,
            lines: Lines::default(),
            intake: Intake::new(origin.unit, origin.interval),
            looked_at: None,
        })
    }

    /// Reads what is new.
    pub fn turn(&mut self, now: Wall) -> Result<Reading, String> {
        let mut left_out = LeftOut::default();
        let mut all = Vec::new();
        let found = found(&self.path);
        let trouble = self.read(found, &mut all, &mut left_out).err();
        if let Some(why) = &trouble
            && all.is_empty()
        {
            self.looked_at = Some(now);
            return Err(why.clone());
        }
        let reading = self.understand(&all, now, left_out);
        self.looked_at = Some(now);
        // What there still was is told together with why there is no more.
        Ok(Reading { missing: trouble.or(reading.missing), ..reading })
    }

    /// All new lines, those of a file that was rotated away first.
    fn read(
        &mut self,
        found: Result<Found, String>,
        all: &mut Vec<String>,
        left_out: &mut LeftOut,
    ) -> Result<(), String> {
        let open_bytes = self.open.as_ref().and_then(|open| open.metadata().ok()).map(|facts| facts.len());
        if self.open.is_some() && open_bytes.is_none() {
            (self.open, _) = (None, self.tail.lost());
        }
        let todo = self.tail.look(open_bytes, found.as_ref().ok().copied());
        if todo.restarted {
            self.lines.forget();
        }
        let mut trouble = None;
        if let Some(stretch) = todo.read {
            trouble = self.stretch(stretch, all, left_out).err();
        }
        if todo.close {
            self.open = None;
            self.lines.finish(all);
            self.lines.forget();
        }
        if todo.open {
            let left =
                (limits::FILE_TURN_BYTES_MAX as u64).saturating_sub(todo.read.map_or(0, |stretch| stretch.bytes));
            let (open, found) = open(&self.path)?;
            self.open = Some(open);
            self.lines.forget();
            if let Some(stretch) = self.tail.opened(found, left) {
                trouble = self.stretch(stretch, all, left_out).err().or(trouble);
            }
        }
        found?;
        trouble.map_or(Ok(()), Err)
    }

    fn stretch(&mut self, stretch: Stretch, all: &mut Vec<String>, left_out: &mut LeftOut) -> Result<(), String> {
        let Stretch { from, bytes, skipped } = stretch;
        if skipped > 0 {
            left_out.skipped_bytes += skipped;
            self.lines.gap();
        }
        let Some(open) = &self.open else { return Ok(()) };
        let mut room = vec![0; usize::try_from(bytes).unwrap_or(0).min(limits::FILE_TURN_BYTES_MAX)];
        let mut filled = 0;
        let outcome = loop {
            match open.read_at(&mut room[filled..], from + filled as u64) {
                // Cut meanwhile; or full.
                Ok(0) => break Ok(()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(format!("cannot read {}: {error}", self.path.display())),
            }
        };
        self.lines.add(&room[..filled], all);
        self.tail.read_up_to(from + filled as u64);
        outcome
    }

    /// Lines that tell no time are spread evenly over the time since the last look, in which they were written.
    fn understand(&mut self, all: &[String], now: Wall, mut left_out: LeftOut) -> Reading {
        let interval_ms = self.intake.interval_ms();
        let since = self.looked_at.map_or(now.0 - interval_ms, |then| then.0).clamp(now.0 - 2 * interval_ms, now.0);
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX).max(1);
        let mut told = Told::default();
        let mut entries = Vec::new();
        let kept_from = all.len().saturating_sub(limits::LOG_ENTRIES_MAX);
        for (index, line) in all.iter().enumerate() {
            let place = i64::try_from(index).unwrap_or(i64::MAX) + 1;
            let at = Wall(since + (now.0 - since) * place / count);
            let said = self.reader.read(line, &self.fields, &self.series, at, &mut told);
            // More entries than a log keeps are not made.
            if index >= kept_from {
                let at = said.at.unwrap_or(at).min(now);
                let entry = Entry::new(at, said.severity, Label::plain(&said.text).as_str());
                entries.push((self.name.clone(), entry));
            }
        }
        let samples = self.intake.take(told, now, &mut left_out);
        let missing = left_out.words();
        if let Some(why) = &missing {
            ValuesLeftOut { source: &self.name, count: left_out.count(), why }.emit();
        }
        Reading { samples, entries, left_out: left_out.count(), missing }
    }
}

/// What the path leads to, through links; without opening it, as opening a device may do something.
fn found(path: &Path) -> Result<Found, String> {
    let facts = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{} does not exist", path.display()),
        _ => format!("cannot look at {}: {error}", path.display()),
    })?;
    regular(path, &facts)
}

fn open(path: &Path) -> Result<(Open, Found), String> {
    // Should a FIFO have come in its place, opening it must not wait for a writer.
    let flags = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed();
    let cannot = |error: io::Error| format!("cannot open {}: {error}", path.display());
    let open = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(cannot)?;
    let found = regular(path, &open.metadata().map_err(cannot)?)?;
    Ok((open, found))
}

fn regular(path: &Path, facts: &Metadata) -> Result<Found, String> {
    let kind = facts.file_type();
    if kind.is_file() {
        return Ok(Found { identity: Identity { device: facts.dev(), inode: facts.ino() }, bytes: facts.len() });
    }
    let what = match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(format!("{} is {what}, not a file", path.display()))
}

#[cfg(test)]
mod tests;
