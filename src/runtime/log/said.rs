//! A line that is no event, such as a panic hook says: a message all the same, with whose worker this is and what its
//! thread works on.
//!
//! Invariant: nothing is allocated and nothing is waited for: a panic hook makes one.

use std::fmt::{self, Write};

use tracing::Level;

use super::record::{HEAD_BYTES, Kind, PART_HEAD_BYTES, head, name, part_head};
use crate::base::{Wall, limits};
use crate::runtime::context;

/// A message in pieces, to be put one after the other.
pub struct Said<'a> {
    /// All but the line itself.
    before: Bytes,
    line: &'a str,
}

/// Of fixed size; what does not fit is left out.
struct Bytes {
    bytes: [u8; BYTES_MAX],
    len: usize,
}

/// A tenant and a board or source with names of the longest, a chart, numbers, and what goes before each of them.
const BYTES_MAX: usize = HEAD_BYTES + 2 * limits::NAME_BYTES_MAX + 256;
/// What goes before the line itself.
const LAST_BYTES: usize = PART_HEAD_BYTES + name::SAID.len();

// === impl Said ===

impl Said<'_> {
    pub fn new(at: Wall, line: &str) -> Said<'_> {
        let line = &line[..line.floor_char_boundary(limits::LOG_VALUE_BYTES_MAX)];
        let mut before = Bytes { bytes: [0; BYTES_MAX], len: HEAD_BYTES };
        before.add_context();
        before.push(&part_head(Kind::Shown, name::SAID, line.len()));
        before.push(name::SAID.as_bytes());
        let parts_bytes = before.len - HEAD_BYTES + line.len();
        before.bytes[..HEAD_BYTES].copy_from_slice(&head(at, Level::ERROR, 0, parts_bytes));
        Said { before, line }
    }

    pub fn pieces(&self) -> [&[u8]; 2] {
        [&self.before.bytes[..self.before.len], self.line.as_bytes()]
    }
}

// === impl Bytes ===

impl Bytes {
    fn add_context(&mut self) {
        if !context::tenant().is_empty() {
            self.add(Kind::Text, "tenant", format_args!("{}", context::tenant()));
            self.add(Kind::Plain, "epoch", format_args!("{}", context::epoch().0));
        }
        let Some(work) = context::current() else { return };
        self.add(Kind::Text, work.subject(), format_args!("{}", work.what));
        if let Some(chart) = work.chart {
            self.add(Kind::Shown, "chart", format_args!("{chart}"));
        }
        if let Some(panel) = work.panel {
            self.add(Kind::Plain, "panel", format_args!("{panel}"));
        }
        self.add(Kind::Shown, "trace", format_args!("{}", work.trace));
    }

    /// Adds a part if all of it fits, and leaves room for the head of the line.
    fn add(&mut self, kind: Kind, name: &str, value: fmt::Arguments<'_>) {
        let begun = self.len;
        if begun + PART_HEAD_BYTES + name.len() > BYTES_MAX - LAST_BYTES {
            return;
        }
        self.push(&part_head(kind, name, 0));
        self.push(name.as_bytes());
        let start = self.len;
        let is_whole = self.write_fmt(value).is_ok();
        if !is_whole || self.len > BYTES_MAX - LAST_BYTES {
            self.len = begun;
            return;
        }
        let length = self.len - start;
        self.bytes[begun..begun + PART_HEAD_BYTES].copy_from_slice(&part_head(kind, name, length));
    }

    fn push(&mut self, more: &[u8]) {
        // There is room: whoever comes here has looked.
        if let Some(room) = self.bytes.get_mut(self.len..self.len + more.len()) {
            room.copy_from_slice(more);
            self.len += more.len();
        }
    }
}

impl Write for Bytes {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.len + text.len() > BYTES_MAX {
            return Err(fmt::Error);
        }
        self.push(text.as_bytes());
        Ok(())
    }
}
