//! Text made safe for a terminal: the only way for text to reach a frame.
//!
//! Invariant: a `Label` holds printable text and plain spaces, NFC, in clusters of one or two columns and at most
//! `limits::CLUSTER_CODE_POINTS_MAX` code points, at most `limits::LABEL_BYTES_MAX` long. No control, escape, bidi
//! control, invisible, private or unassigned code point is in it, and making a label of a label changes nothing.
//!
//! Widths: a cluster is as wide as the widest of the models says (the whole cluster by UAX #11 and emoji rules, or the
//! sum of its code points as `wcwidth` has it), so nothing overflows whichever a terminal follows. East Asian
//! *ambiguous* letters (`é`, `°`, Greek, Cyrillic) count as one column: a terminal set to draw them wide doubles box
//! drawing too and cannot show charts at all.
//!
//! It must not know cells, styles or terminals.

use std::fmt;

use smol_str::SmolStr;

use crate::base::limits;

mod cluster;
mod escape;
mod filter;

pub use cluster::{Cluster, Clusters, agreed_columns};
pub use filter::{Shown, shown};

/// Sanitized text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Label {
    text: SmolStr,
    /// Sum of the clusters' columns.
    columns: u16,
    /// Every byte is one cluster of one column.
    ascii: bool,
}

/// What was done to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing was taken out; at most it was put into NFC.
    Allowed,
    /// Something was taken out or replaced.
    Sanitized,
    /// Something came in and nothing was left.
    Blocked,
}

/// A label and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub label: Label,
    pub action: Action,
    pub removed: Removed,
}

/// What was taken out of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The first `limits::REMOVED_LISTED_MAX` code points taken out or replaced by a space, in the order they were
    /// found; U+FFFD stands for bytes that were no UTF-8.
    pub code_points: Vec<u32>,
    /// How many there were in all.
    pub count: usize,
    /// The text was longer than a label may be and lost its end, which is not in `count`.
    pub cut: bool,
}

// === impl Label ===

impl Label {
    /// Makes `raw` safe and says what that took.
    #[expect(clippy::new_ret_no_self, reason = "the label never comes without the verdict that an audit needs")]
    pub fn new(raw: &str) -> Verdict {
        let removed = Removed::default();
        if is_plain(raw) {
            return Verdict { label: Label::from_ascii(raw), action: Action::Allowed, removed };
        }
        // Most text beyond ASCII is nothing but letters and signs that are clusters by themselves.
        if let Some(columns) = cluster::lone_columns(raw) {
            let label = Label { text: SmolStr::new(raw), columns, ascii: false };
            return Verdict { label, action: Action::Allowed, removed };
        }
        sanitize(raw, removed)
    }

    /// Decodes UTF-8 first; each malformed stretch becomes U+FFFD.
    pub fn decode(raw: &[u8]) -> Verdict {
        // A code point torn by this bound shows like any other torn one.
        let bounded = &raw[..raw.len().min(limits::LABEL_RAW_BYTES_MAX)];
        let mut removed = Removed { cut: bounded.len() < raw.len(), ..Removed::default() };
        if let Ok(text) = std::str::from_utf8(bounded)
            && !removed.cut
        {
            return Label::new(text);
        }
        let mut text = String::with_capacity(bounded.len());
        for chunk in bounded.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
                removed.note(char::REPLACEMENT_CHARACTER);
            }
        }
        sanitize(&text, removed)
    }

    /// `new` without the report, for text of the program's own.
    pub fn plain(raw: &str) -> Label {
        Label::new(raw).label
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Columns it takes up on the widest terminal.
    pub fn columns(&self) -> u16 {
        self.columns
    }

    /// Memory it takes beside itself: none where it is short.
    pub fn heap_bytes(&self) -> usize {
        // The text stands behind two counts of those who share it.
        if self.text.is_heap_allocated() { 2 * size_of::<usize>() + self.text.len() } else { 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether each byte is one cluster of one column, so that a painter may go by bytes.
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// What goes into the cells, from left to right.
    pub fn clusters(&self) -> Clusters<'_> {
        Clusters::new(&self.text)
    }

    /// The label within `columns` columns; ends in `…` where it had to be cut.
    pub fn clip(&self, columns: u16) -> Label {
        if self.columns <= columns {
            return self.clone();
        }
        let Some(room) = columns.checked_sub(1) else { return Label::default() };
        let mut used = 0;
        let mut bytes = 0;
        for cluster in self.clusters() {
            if used + cluster.columns > room {
                break;
            }
            used += cluster.columns;
            bytes += cluster.text.len();
        }
        let mut text = String::with_capacity(bytes + '…'.len_utf8());
        text.push_str(&self.text[..bytes]);
        text.push('…');
        Label::from_settled(text)
    }

    fn from_ascii(text: &str) -> Label {
        let columns = u16::try_from(text.len()).expect("invariant: LABEL_BYTES_MAX fits a u16");
        Label { text: SmolStr::new(text), columns, ascii: true }
    }

    /// Text that already is what the invariant asks for.
    fn from_settled(text: String) -> Label {
        if is_plain(&text) {
            return Label::from_ascii(&text);
        }
        let columns = Clusters::new(&text).map(|cluster| cluster.columns).sum();
        Label { text: text.into(), columns, ascii: false }
    }
}

impl Default for Label {
    fn default() -> Label {
        Label::from_ascii("")
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Label").field(&self.text).finish()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

// === impl Removed ===

impl Removed {
    fn note(&mut self, c: char) {
        self.count += 1;
        if self.code_points.len() < limits::REMOVED_LISTED_MAX {
            self.code_points.push(c.into());
        }
    }

    fn is_nothing(&self) -> bool {
        self.count == 0 && !self.cut
    }
}

/// Whether `raw` is a label as it stands: printable ASCII, not too long. Nearly all text of a chart is.
fn is_plain(raw: &str) -> bool {
    // Going on to the end instead of stopping at the first lets the compiler take many bytes at a time.
    raw.len() <= limits::LABEL_BYTES_MAX
        && raw.bytes().fold(0, |bad, byte| bad | u8::from(!matches!(byte, b' '..=b'~'))) == 0
}

fn sanitize(raw: &str, mut removed: Removed) -> Verdict {
    let bounded = &raw[..raw.floor_char_boundary(limits::LABEL_RAW_BYTES_MAX)];
    removed.cut |= bounded.len() < raw.len();
    let label = Label::from_settled(cluster::settle(filter::strip(bounded, &mut removed), &mut removed));
    let action = match () {
        () if removed.is_nothing() => Action::Allowed,
        () if label.is_empty() => Action::Blocked,
        () => Action::Sanitized,
    };
    Verdict { label, action, removed }
}

#[cfg(test)]
mod tests;
