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
    /// How many of the newest entries are left out because they came later than one looks.
    pub later: usize,
    /// How many of the newest records then; 0 follows the log. One never looks back beyond the oldest.
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
        let mut newer = options.later.min(entries.len().saturating_sub(1));
        let mut older = entries.rev().skip(newer).peekable();
        let mut take = || {
            let newest = older.next()?;
            let times = if options.collapse { 1 + repeats(newest, &mut older) } else { 1 };
            Some((newest, times))
        };
        let mut current = take();
        for _ in 0..options.back {
            let (Some((_, times)), Some(next)) = (current, take()) else { break };
            newer += times;
            current = Some(next);
        }
        let mut records = Vec::new();
        // Each takes a row at least.
        while let Some((newest, times)) = current.filter(|_| records.len() < usize::from(rows)) {
            records.push(Record::new(newest, times, zone));
            current = take();
        }
        records.reverse();
        let dated = records.windows(2).any(|pair| pair[0].day != pair[1].day);
        LogPlan { records, wrap: options.wrap, newer, dated }
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// How many of the newest records may be left out so that the rest still fills so many rows of so many columns.
pub fn back_max<'a>(
    entries: impl DoubleEndedIterator<Item = &'a Entry>,
    options: Options,
    (columns, rows): (u16, u16),
) -> usize {
    let mut older = entries.rev().peekable();
    let mut heights: Vec<usize> = Vec::new();
    while let Some(newest) = older.next() {
        if options.collapse {
            repeats(newest, &mut older);
        }
        // Of a line that wraps at least so many: the oldest is always reached.
        let rows_of = |line: &Label| if options.wrap { 1 + usize::from(line.columns() / columns.max(1)) } else { 1 };
        heights.push(newest.lines.iter().map(rows_of).sum::<usize>().max(1) + usize::from(newest.lines_cut > 0));
    }
    let mut filled = 0;
    let needed = heights.iter().rev().take_while(|height| {
        let is_full = filled >= usize::from(rows);
        filled += **height;
        !is_full
    });
    heights.len() - needed.count()
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
