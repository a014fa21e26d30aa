//! `[log]`: what is logged, and where it goes.
//!
//! Invariant: every value is understood here or refused; whether there is a journal or a disk is not looked at.

use std::path::{Path, PathBuf};

use toml::de::DeValue;
use tracing_subscriber::filter::LevelFilter;

use super::schema::{Wrong, flag, kind, text, wrong};
use super::secrets::Secrets;
use super::{gather, schema};
use crate::base::limits;
use crate::notation::{Document, harmless, remedy_for};
use crate::wire::feed::{ConfigFile, FileKind};

/// What is logged, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    pub level: Level,
    pub journal: Journal,
    /// The folder of files that roll; none where nobody names one.
    pub files: Option<PathBuf>,
    /// Files that are kept.
    pub keep: usize,
    pub format: Format,
}

/// The least important event that is still logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warn,
    /// What an operator wants to have read afterwards.
    #[default]
    Info,
    Debug,
    Trace,
}

/// Whether journald is logged to natively.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Journal {
    /// Where the standard error would end there anyway.
    #[default]
    Auto,
    Yes,
    No,
}

/// How the standard error looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    Human,
    Json,
}

// === impl LogSettings ===

impl LogSettings {
    /// Two weeks: what went wrong over a holiday can still be read.
    pub const KEEP_DEFAULT: usize = 14;
}

impl Default for LogSettings {
    fn default() -> LogSettings {
        LogSettings {
            level: Level::default(),
            journal: Journal::default(),
            files: None,
            keep: LogSettings::KEEP_DEFAULT,
            format: Format::default(),
        }
    }
}

// === impl Level ===

impl Level {
    pub const ALL: [(&'static str, Level); 5] = [
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("info", Level::Info),
        ("debug", Level::Debug),
        ("trace", Level::Trace),
    ];

    /// The same for whatever writes the log.
    pub fn filter(self) -> LevelFilter {
        match self {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        }
    }

    pub fn word(self) -> &'static str {
        Level::ALL.into_iter().find(|(_, level)| *level == self).map_or("info", |(name, _)| name)
    }
}

/// The level that the file names and something outside of it overrules, and what that is: `--log`.
pub fn overruled_level(files: &[ConfigFile]) -> Option<(Level, String)> {
    let mut said = None;
    let mut by = None;
    for file in files.iter().filter(|file| file.kind == FileKind::Settings) {
        let Ok(document) = Document::new(&file.name, &file.bytes) else { continue };
        let mut draft = schema::Draft::new(Secrets::blind());
        schema::read(&document, schema::Scope::Daemon, &mut draft, &mut Vec::new());
        let Some(level) = draft.log.level else { continue };
        if gather::is_override(&file.name) {
            by = Some((level, gather::source_of(&file.name)))
        } else {
            said = Some(level)
        }
    }
    let (level, by) = by?;
    said.filter(|said| *said != level).map(|said| (said, by))
}

pub(super) fn level(value: &DeValue<'_>) -> Result<Level, Wrong> {
    one_of(value, &Level::ALL, "level", "levels")
}

pub(super) fn format(value: &DeValue<'_>) -> Result<Format, Wrong> {
    let all = [("auto", Format::Auto), ("human", Format::Human), ("json", Format::Json)];
    one_of(value, &all, "format", "formats")
}

pub(super) fn journal(value: &DeValue<'_>) -> Result<Journal, Wrong> {
    if value.as_str() == Some("auto") {
        return Ok(Journal::Auto);
    }
    let found = value.as_str().map_or_else(|| kind(value).to_owned(), |text| format!("{:?}", harmless(text)));
    let is_wanted = flag(value).map_err(|_| {
        wrong(format!("{found} stands where \"auto\", true or false belongs"), "write \"auto\", true or false")
    })?;
    Ok(if is_wanted { Journal::Yes } else { Journal::No })
}

pub(super) fn files(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
    let text = text(value, "/var/log/unblink")?;
    if !Path::new(text).is_absolute() {
        return Err(wrong("the path is not absolute", "start it with /"));
    }
    if text.len() > limits::SOURCE_TEXT_BYTES_MAX || text.contains('\0') {
        let remedy = format!("use at most {} bytes, none of them 0", limits::SOURCE_TEXT_BYTES_MAX);
        return Err(wrong(format!("the path of {} bytes cannot name a folder", text.len()), remedy));
    }
    Ok(PathBuf::from(text))
}

/// A variable of the environment is always a text.
pub(super) fn keep(value: &DeValue<'_>) -> Result<usize, Wrong> {
    let remedy = format!("write a number from 1 to {}, such as keep = 14", limits::LOG_FILES_MAX);
    let text = match (value.as_integer(), value.as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => return Err(wrong(format!("{} stands where a whole number belongs", kind(value)), remedy)),
    };
    match text.parse() {
        Ok(number) if (1..=limits::LOG_FILES_MAX).contains(&number) => Ok(number),
        _ => Err(wrong(format!("{} is no number of files that can be kept", harmless(&text)), remedy)),
    }
}

fn one_of<T: Copy>(value: &DeValue<'_>, all: &[(&'static str, T)], what: &str, whats: &str) -> Result<T, Wrong> {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let text = text(value, names.iter().find(|name| **name == "info").unwrap_or(&names[0]))?;
    match all.iter().find(|(name, _)| *name == text) {
        Some((_, found)) => Ok(*found),
        None => Err(wrong(format!("{:?} is no {what}", harmless(text)), remedy_for(text, &names, whats))),
    }
}

#[cfg(test)]
mod tests;
