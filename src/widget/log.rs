//! The tail of a log: entries in the order of time, the newest last.
//!
//! Invariant: what is not shown is told: a text that is cut ends in a sign, an entry whose head is above the canvas in
//! another, repeats are counted, and so are newer entries while one looks back. Levels are letters or words as well as
//! colours.

mod paint;
#[cfg(test)]
mod tests;

use std::iter::Peekable;

use jiff::tz::TimeZone;

use super::time_axis::{clock, day};
use crate::label::Label;
pub use crate::model::log::{Entry, Severity};

pub use paint::paint;

/// How a log is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Long lines go on in the next row instead of ending in a sign.
    pub wrap: bool,
    /// Entries that say the same one after the other are shown once, with their number.
    pub collapse: bool,
    /// How many of the newest entries are left out; 0 follows the log. One never looks back beyond the oldest.
    pub back: usize,
}

/// The entries that may be seen, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPlan {
    pub records: Vec<Record>,
    pub wrap: bool,
    /// Entries newer than the last one here.
    pub newer: usize,
    /// Whether the records are of several days, so that a time alone says too little.
    pub dated: bool,
}

/// One entry, or several that say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Of the newest of them.
    pub day: Label,
    pub time: Label,
    pub severity: Severity,
    pub source: Label,
    pub lines: Vec<Label>,
    /// How many they are.
    pub times: usize,
}

// === impl LogPlan ===

impl LogPlan {
    /// The plan for a canvas of so many rows. `entries` come in the order of time.
    pub fn new<'a>(
        entries: impl DoubleEndedIterator<Item = &'a Entry> + ExactSizeIterator,
        options: Options,
        zone: &TimeZone,
        rows: u16,
    ) -> LogPlan {
        let newer = options.back.min(entries.len().saturating_sub(1));
        let mut older = entries.rev().skip(newer).peekable();
        let mut records = Vec::new();
        // Each takes a row at least.
        while records.len() < usize::from(rows)
            && let Some(newest) = older.next()
        {
            let times = if options.collapse { 1 + repeats(newest, &mut older) } else { 1 };
            records.push(Record::new(newest, times, zone));
        }
        records.reverse();
        let dated = records.windows(2).any(|pair| pair[0].day != pair[1].day);
        LogPlan { records, wrap: options.wrap, newer, dated }
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// Takes the older entries that say the same as the newest and counts them.
fn repeats<'a>(newest: &Entry, older: &mut Peekable<impl Iterator<Item = &'a Entry>>) -> usize {
    let mut count = 0;
    while older.next_if(|entry| entry.says_the_same_as(newest)).is_some() {
        count += 1;
    }
    count
}

// === impl Record ===

impl Record {
    fn new(entry: &Entry, times: usize, zone: &TimeZone) -> Record {
        let mut lines = entry.lines.clone();
        if entry.lines_cut > 0 {
            let noun = if entry.lines_cut == 1 { "line" } else { "lines" };
            lines.push(Label::plain(&format!("and {} more {noun}", entry.lines_cut)));
        }
        Record {
            day: day(zone, entry.at),
            time: clock(zone, entry.at),
            severity: entry.severity,
            source: entry.source.clone(),
            lines,
            times,
        }
    }
}
