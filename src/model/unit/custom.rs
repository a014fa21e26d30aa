//! Units of somebody's own: a short suffix, kept in place so that a unit stays as cheap to copy as a number.
//!
//! Invariant: a suffix is what the label of it is, without blanks, and never ends in `/s`; it is made from a word only.

use super::number::{self, Digits, Prefixes};
use crate::base::limits::UNIT_SUFFIX_BYTES_MAX;
use crate::label::Label;

/// A suffix, whether it counts by the second, and how large values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Custom {
    pub(super) suffix: Suffix,
    pub(super) per_second: bool,
    pub(super) scaling: Scaling,
}

/// A short text in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Suffix {
    bytes: [u8; UNIT_SUFFIX_BYTES_MAX],
    len: u8,
    columns: u8,
}

/// How values far from one are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Scaling {
    /// `1.23k orders`: the number has the prefix.
    Count,
    /// `1.23 kW`: the unit has the prefix, small ones too.
    Symbol,
    /// `1230 rpm`: there are no prefixes.
    Plain,
}

/// Longest tail that is repeated at every tick of an axis.
const TICK_TAIL_COLUMNS_MAX: u16 = 3;

// === impl Custom ===

impl Custom {
    pub fn suffix(&self) -> &str {
        self.suffix.as_str()
    }

    /// Whether it counts by the second.
    pub fn is_rate(&self) -> bool {
        self.per_second
    }

    pub(super) fn is_symbol(&self) -> bool {
        self.scaling == Scaling::Symbol
    }

    pub(super) fn form(&self) -> (Prefixes, Digits) {
        match self.scaling {
            Scaling::Count => (number::COUNT, Digits::Three),
            Scaling::Symbol => (number::SI_SMALL, Digits::Three),
            Scaling::Plain => (number::BARE, Digits::All),
        }
    }

    pub(super) fn columns(&self) -> u16 {
        self.number_columns() + self.tail_columns()
    }

    pub(super) fn tick_columns(&self) -> u16 {
        self.number_columns() + if self.on_ticks() { self.tail_columns() } else { 0 }
    }

    /// Whether the suffix is short enough to stand at every tick.
    pub(super) fn on_ticks(&self) -> bool {
        self.is_symbol() || self.tail_columns() <= TICK_TAIL_COLUMNS_MAX
    }

    pub(super) fn write_tail(&self, out: &mut String) {
        if self.has_blank() {
            out.push(' ');
        }
        out.push_str(self.suffix());
        if self.per_second {
            out.push_str("/s");
        }
    }

    /// "1.23k", "1.23 k" and "123456".
    fn number_columns(&self) -> u16 {
        match self.scaling {
            Scaling::Count => 5,
            Scaling::Symbol | Scaling::Plain => 6,
        }
    }

    fn tail_columns(&self) -> u16 {
        u16::from(self.has_blank()) + u16::from(self.suffix.columns) + if self.per_second { 2 } else { 0 }
    }

    /// A symbol's blank stands before its prefix.
    fn has_blank(&self) -> bool {
        !self.is_symbol() && self.suffix.len > 0
    }
}

// === impl Suffix ===

impl Suffix {
    /// None when the text is too long, changes when it is made safe, or could be taken for a part of the number.
    pub(super) fn new(text: &str) -> Option<Suffix> {
        let mut bytes = [0; UNIT_SUFFIX_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let label = Label::plain(text);
        let first = text.chars().next().unwrap_or('a');
        let misread = first.is_numeric() || "+-.,".contains(first);
        let clean = label.as_str() == text && !text.contains([' ', ':']) && !misread && !text.ends_with("/s");
        clean.then_some(Suffix { bytes, len: text.len() as u8, columns: label.columns() as u8 })
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("invariant: made from a text")
    }
}

impl std::fmt::Debug for Suffix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
