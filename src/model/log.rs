//! Logs: what was said, by whom and when.
//!
//! Invariant: an entry is safe text of a bounded number of lines; a stream keeps its newest entries, in the order they
//! came.

use std::collections::VecDeque;

use crate::base::{Wall, limits};
use crate::label::Label;
use crate::notation::words;

/// How much an entry matters, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Trace,
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

/// What logs call them, the least first.
const KNOWN: [(&str, Severity); 15] = [
    ("trace", Severity::Trace),
    ("debug", Severity::Debug),
    ("info", Severity::Info),
    ("information", Severity::Info),
    ("notice", Severity::Info),
    ("warn", Severity::Warn),
    ("warning", Severity::Warn),
    ("err", Severity::Error),
    ("error", Severity::Error),
    ("crit", Severity::Error),
    ("critical", Severity::Error),
    ("fatal", Severity::Error),
    ("panic", Severity::Error),
    ("alert", Severity::Error),
    ("emerg", Severity::Error),
];

/// One entry of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub at: Wall,
    pub severity: Severity,
    /// Who says it; empty where that is clear.
    pub source: Label,
    /// The entry's own lines, at most `limits::LOG_ENTRY_LINES_MAX`.
    pub lines: Vec<Label>,
    /// Lines beyond those.
    pub lines_cut: usize,
}

/// The newest entries of one log.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    entries: VecDeque<Entry>,
    /// What they take.
    bytes: usize,
}

// === impl Severity ===

impl Severity {
    pub const ALL: [Severity; 5] = [Severity::Trace, Severity::Debug, Severity::Info, Severity::Warn, Severity::Error];

    /// The words logs call them by.
    pub const WORDS: [&str; KNOWN.len()] = words(&KNOWN);

    /// The level that a log calls by this word, in any case; none for a word nobody uses.
    pub fn from_word(word: &str) -> Option<Severity> {
        KNOWN.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, severity)| severity)
    }

    /// Five columns at most; the first letter is unlike those of the others.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Trace => "TRACE",
            Severity::Debug => "DEBUG",
            Severity::Info => "INFO",
            Severity::Warn => "WARN",
            Severity::Error => "ERROR",
        }
    }
}

// === impl Entry ===

impl Entry {
    /// An entry of one or several lines.
    pub fn new(at: Wall, severity: Severity, text: &str) -> Entry {
        let mut raw = text.trim_end_matches(['\n', '\r']).split('\n');
        let lines: Vec<Label> =
            raw.by_ref().take(limits::LOG_ENTRY_LINES_MAX).map(|line| Label::plain(line.trim_end())).collect();
        Entry { at, severity, source: Label::default(), lines, lines_cut: raw.count() }
    }

    /// The same entry with the name of who says it.
    pub fn from_source(self, source: Label) -> Entry {
        Entry { source, ..self }
    }

    /// What it takes: text, and a label for each line.
    pub fn bytes(&self) -> usize {
        let label = |label: &Label| size_of::<Label>() + label.heap_bytes();
        size_of::<Entry>() + label(&self.source) + self.lines.iter().map(label).sum::<usize>()
    }

    /// Whether only the time tells them apart.
    pub fn says_the_same_as(&self, other: &Entry) -> bool {
        self.severity == other.severity
            && self.lines == other.lines
            && self.lines_cut == other.lines_cut
            && self.source == other.source
    }
}

// === impl Stream ===

impl Stream {
    /// Takes an entry; the oldest go once the stream is full.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > limits::LOG_ENTRIES_MAX || self.bytes > limits::LOG_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// What its entries take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it has this very entry.
    pub fn has(&self, entry: &Entry) -> bool {
        self.entries.iter().rev().any(|known| known == entry)
    }

    /// When the newest entry was written.
    pub fn newest(&self) -> Option<Wall> {
        self.entries.back().map(|entry| entry.at)
    }

    /// Entries not after `edge`, the newest last.
    pub fn until(&self, edge: Wall) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        let newer = self.entries.iter().rev().take_while(|entry| entry.at > edge).count();
        self.entries.range(..self.entries.len() - newer)
    }
}
