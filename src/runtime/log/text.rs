//! A message as a line: for people, or as JSON.
//!
//! Invariant: one message is one line, and nothing in it moves a cursor, hides or turns round: every text in it is a
//! [`Label`], whoever wrote it.

use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::Timestamp;
use tracing::Level;

use super::record::{Kind, Part, Record, name};
use crate::base::Wall;
use crate::label::Label;

/// How a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Time, level, message and fields.
    Human { colour: bool },
    /// An object on one line.
    Json,
}

/// Lines into a file or pipe, each by one write if it takes all: two processes may share it. After a line that was torn
/// the next one begins anew.
#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    is_torn: bool,
}

/// Keys of a line that no field takes.
const KEYS: [&str; 4] = ["time", "level", "message", "target"];

// === impl Form ===

impl Form {
    pub const ALL: [Form; 3] = [Form::Human { colour: false }, Form::Human { colour: true }, Form::Json];

    pub fn word(self) -> &'static str {
        match self {
            Form::Human { colour: false } => "human",
            Form::Human { colour: true } => "colour",
            Form::Json => "json",
        }
    }
}

/// The line, with its end.
pub fn line(record: &Record<'_>, form: Form) -> String {
    let mut line = match form {
        Form::Human { colour } => human(record, colour),
        Form::Json => json(record),
    };
    line.push('\n');
    line
}

/// Message and fields, as people read them.
pub fn sentence(record: &Record<'_>) -> String {
    let mut text = safe(message(record));
    if record.part(name::SAID).is_some() {
        // It says all there is to say.
        return text;
    }
    for Part { kind, name, value } in record.fields() {
        let value = safe(value);
        // It never fails.
        let _ = match kind {
            Kind::Text => write!(text, " {name}={value:?}"),
            Kind::Shown | Kind::Plain => write!(text, " {name}={value}"),
        };
    }
    text
}

/// A text that may go anywhere; it says where it was cut.
pub fn safe(text: &str) -> String {
    let verdict = Label::new(text);
    let mut safe = verdict.label.as_str().to_owned();
    if verdict.removed.cut {
        safe.push('…');
    }
    safe
}

fn message<'a>(record: &Record<'a>) -> &'a str {
    record.part(name::MESSAGE).or_else(|| record.part(name::SAID)).unwrap_or_default()
}

fn human(record: &Record<'_>, colour: bool) -> String {
    let sentence = sentence(record);
    if record.part(name::SAID).is_some() {
        // It stands for itself, as on a standard error without a log.
        return sentence;
    }
    let (time, level) = (time(record.at), record.level.as_str());
    if !colour {
        return format!("{time} {level:>5} {sentence}");
    }
    let hue = match record.level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    format!("\x1b[2m{time}\x1b[0m \x1b[{hue}m{level:>5}\x1b[0m {sentence}")
}

fn json(record: &Record<'_>) -> String {
    let mut line = String::from("{");
    let mut pair = |key: &str, value: &str| {
        let comma = if line.len() > 1 { "," } else { "" };
        let _ = write!(line, "{comma}{}:{value}", quoted(key));
    };
    pair("time", &quoted(&time(record.at)));
    pair("level", &quoted(record.level.as_str()));
    pair("message", &quoted(&safe(message(record))));
    for Part { kind, name, value } in record.fields() {
        let value = if kind == Kind::Plain { value.to_owned() } else { quoted(&safe(value)) };
        // No field passes for what stands in every line.
        if KEYS.contains(&name) { pair(&format!("{name}_"), &value) } else { pair(name, &value) }
    }
    if let Some(target) = record.part(name::TARGET) {
        pair("target", &quoted(target));
    }
    line.push('}');
    line
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn time(at: Wall) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(|_| String::from("-"), |time| format!("{time:.3}"))
}

// === impl Lines ===

impl<W: Write> Lines<W> {
    pub fn new(out: W) -> Lines<W> {
        Lines { out, is_torn: false }
    }

    /// The same after a line that somebody else may have torn.
    pub fn after(out: W, is_torn: bool) -> Lines<W> {
        Lines { out, is_torn }
    }

    pub fn put(&mut self, line: &str) -> io::Result<()> {
        let begun_anew = if self.is_torn { format!("\n{line}") } else { String::new() };
        let mut rest = if self.is_torn { begun_anew.as_bytes() } else { line.as_bytes() };
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    self.is_torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
