//! One message on its way: bytes that any thread can copy, and that are understood where they are written.
//!
//! Invariant: no message is longer than its cap; what does not fit of a text is cut between characters, of a number or a
//! truth all is left out, and so are fields beyond the cap. What is known around an event has room of its own, which
//! nothing that the event says takes. Nothing is made safe for a terminal here: that is for the thread that writes.

use std::fmt::{self, Write};

use tracing::Level;
use tracing::field::{Field, Visit};

use crate::base::{Wall, limits};
use crate::runtime::context;

/// A message being put together.
#[derive(Debug)]
pub struct Draft {
    bytes: Vec<u8>,
    fields: usize,
    /// So many there may be for now.
    bytes_max: usize,
    fields_max: usize,
}

/// A message as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub at: Wall,
    pub level: Level,
    pub line: u32,
    fields: &'a [u8],
}

/// What kind of value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, which is quoted.
    Text,
    /// Whatever somebody made readable.
    Shown,
    /// A number, true or false.
    Plain,
}

/// One part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub value: &'a str,
}

/// Names that no event may give a field, so that it cannot pass for what they stand for.
pub mod name {
    pub const MESSAGE: &str = "message";
    /// A line that is no event and stands for itself.
    pub const SAID: &str = "said";
    pub const TARGET: &str = "@target";
    pub const FILE: &str = "@file";
    pub const MODULE: &str = "@module";
}

const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
/// Its length, time, level and line.
pub const HEAD_BYTES: usize = 4 + 8 + 1 + 4;
/// Before a part: its kind, the lengths of its name and of its value.
pub const PART_HEAD_BYTES: usize = 1 + 1 + 2;

/// Stands where the rest of a value is missing.
const CUT: &str = "…";

/// The head of a message whose parts take so many bytes.
pub fn head(at: Wall, level: Level, line: u32, parts_bytes: usize) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    let length = u32::try_from(parts_bytes).unwrap_or(u32::MAX);
    let place = LEVELS.iter().position(|known| *known == level).unwrap_or(0);
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4..12].copy_from_slice(&at.0.to_le_bytes());
    head[12] = place as u8;
    head[13..].copy_from_slice(&line.to_le_bytes());
    head
}

/// What stands before a part's name and value, of which it says the lengths.
pub fn part_head(kind: Kind, name: &str, value_bytes: usize) -> [u8; PART_HEAD_BYTES] {
    let [low, high] = (value_bytes as u16).to_le_bytes();
    [kind as u8, name.len() as u8, low, high]
}

/// The messages in these bytes, one after the other.
#[cfg(test)]
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (record, rest) = Record::first(bytes)?;
        bytes = rest;
        Some(record)
    })
}

// === impl Draft ===

impl Draft {
    pub fn new(at: Wall, level: Level, line: u32) -> Draft {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&head(at, level, line, 0));
        let bytes_max = limits::LOG_RECORD_BYTES_MAX - limits::LOG_AROUND_BYTES;
        Draft { bytes, fields: 0, bytes_max, fields_max: limits::LOG_FIELDS_MAX - limits::LOG_FIELDS_AROUND }
    }

    /// Adds what is known around an event: whose worker this is, what the thread works on, and where in the program it is.
    pub fn add_around(&mut self, target: &str, file: Option<&str>, module: Option<&str>) {
        // It has the room that was kept free for it.
        (self.bytes_max, self.fields_max) = (limits::LOG_RECORD_BYTES_MAX, limits::LOG_FIELDS_MAX);
        if !context::tenant().is_empty() {
            self.add_new(Kind::Text, "tenant", format_args!("{}", context::tenant()));
            self.add_new(Kind::Plain, "epoch", format_args!("{}", context::epoch().0));
        }
        if let Some(work) = context::current() {
            self.add_new(Kind::Text, work.subject(), format_args!("{}", work.what));
            if let Some(chart) = work.chart {
                self.add_new(Kind::Shown, "chart", format_args!("{chart}"));
            }
            if let Some(panel) = work.panel {
                self.add_new(Kind::Plain, "panel", format_args!("{panel}"));
            }
            self.add_new(Kind::Shown, "trace", format_args!("{}", work.trace));
        }
        self.add(Kind::Shown, name::TARGET, format_args!("{target}"));
        for (name, place) in [(name::FILE, file), (name::MODULE, module)] {
            if let Some(place) = place {
                self.add(Kind::Shown, name, format_args!("{place}"));
            }
        }
    }

    /// Adds a part, as much of it as there is room for; a number or a truth only as a whole.
    pub fn add(&mut self, kind: Kind, name: &str, value: fmt::Arguments<'_>) {
        let begun = self.bytes.len();
        let room = self.bytes_max.saturating_sub(begun + PART_HEAD_BYTES + name.len());
        if name.len() > usize::from(u8::MAX) || self.fields >= self.fields_max || room < CUT.len() {
            return;
        }
        self.bytes.extend_from_slice(&part_head(kind, name, 0));
        self.bytes.extend_from_slice(name.as_bytes());
        let start = self.bytes.len();
        let room = room.min(limits::LOG_VALUE_BYTES_MAX).saturating_sub(CUT.len());
        let mut bounded = Bounded { bytes: &mut self.bytes, room, is_cut: false };
        // A value that cannot be shown ends there: what there is of it stays.
        let _ = bounded.write_fmt(value);
        let is_cut = bounded.is_cut;
        if is_cut && kind == Kind::Plain {
            // Half a number is another number, and with a mark at its end none at all.
            self.bytes.truncate(begun);
            return;
        }
        self.fields += 1;
        if is_cut {
            self.bytes.extend_from_slice(CUT.as_bytes());
        }
        let length = self.bytes.len() - start;
        self.bytes[begun..begun + PART_HEAD_BYTES].copy_from_slice(&part_head(kind, name, length));
    }

    /// Adds it unless something of that name is there.
    pub fn add_new(&mut self, kind: Kind, name: &str, value: fmt::Arguments<'_>) {
        if self.record().is_some_and(|record| record.parts().all(|part| part.name != name)) {
            self.add(kind, name, value);
        }
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.settle();
        self.bytes
    }

    /// As it is so far.
    pub fn record(&self) -> Option<Record<'_>> {
        let (at, level, line, _) = Record::head(&self.bytes)?;
        Some(Record { at, level, line, fields: &self.bytes[HEAD_BYTES..] })
    }

    fn settle(&mut self) {
        let length = u32::try_from(self.bytes.len() - HEAD_BYTES).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_le_bytes());
    }
}

impl Visit for Draft {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(Kind::Shown, field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(Kind::Text, field.name(), format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(Kind::Plain, field.name(), format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(Kind::Plain, field.name(), format_args!("{value}"));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(Kind::Plain, field.name(), format_args!("{value}"));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(Kind::Plain, field.name(), format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(Kind::Plain, field.name(), format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for the others.
        let kind = if value.is_finite() { Kind::Plain } else { Kind::Shown };
        self.add(kind, field.name(), format_args!("{value}"));
    }
}

// === impl Record ===

impl<'a> Record<'a> {
    /// The first one of these bytes, and what follows it.
    pub fn first(bytes: &'a [u8]) -> Option<(Record<'a>, &'a [u8])> {
        let (at, level, line, length) = Record::head(bytes)?;
        let fields = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
        Some((Record { at, level, line, fields }, &bytes[HEAD_BYTES + length..]))
    }

    fn head(bytes: &[u8]) -> Option<(Wall, Level, u32, usize)> {
        let head = bytes.get(..HEAD_BYTES)?;
        let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
        let at = Wall(i64::from_le_bytes(head[4..12].try_into().ok()?));
        let level = *LEVELS.get(usize::from(head[12]))?;
        let line = u32::from_le_bytes(head[13..].try_into().ok()?);
        Some((at, level, line, length))
    }

    /// Everything about it, the message too.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let mut bytes = self.fields;
        std::iter::from_fn(move || {
            let head = bytes.get(..PART_HEAD_BYTES)?;
            let kind = match head[0] {
                0 => Kind::Text,
                1 => Kind::Shown,
                _ => Kind::Plain,
            };
            let name_end = PART_HEAD_BYTES + usize::from(head[1]);
            let value_end = name_end + usize::from(u16::from_le_bytes([head[2], head[3]]));
            let name = std::str::from_utf8(bytes.get(PART_HEAD_BYTES..name_end)?).ok()?;
            let value = std::str::from_utf8(bytes.get(name_end..value_end)?).ok()?;
            bytes = &bytes[value_end..];
            Some(Part { kind, name, value })
        })
    }

    /// What an event's fields are, its message and where it stands in the program aside.
    pub fn fields(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let is_field =
            |part: &Part<'_>| !part.name.starts_with('@') && part.name != name::MESSAGE && part.name != name::SAID;
        self.parts().filter(is_field)
    }

    pub fn part(&self, name: &str) -> Option<&'a str> {
        self.parts().find(|part| part.name == name).map(|part| part.value)
    }
}

/// As much of a text as there is room for.
struct Bounded<'a> {
    bytes: &'a mut Vec<u8>,
    room: usize,
    is_cut: bool,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = &text[..text.floor_char_boundary(self.room)];
        self.bytes.extend_from_slice(fits.as_bytes());
        self.room -= fits.len();
        self.is_cut = fits.len() < text.len();
        if self.is_cut { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
