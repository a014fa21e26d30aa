//! Cuts settled text into clusters, what one or two cells hold, and settles text so that it can be cut.
//!
//! Invariant: a cluster begins with a code point that has columns, holds at most `limits::CLUSTER_CODE_POINTS_MAX` code
//! points and takes one or two columns in every width model. A grapheme that is more (an emoji with a skin tone is four
//! columns to terminals that add up, a Brahmic conjunct may be three) is cut into several clusters at the code point
//! that is too much; marks beyond the cap are taken out.

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::{Graphemes, UnicodeSegmentation};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Removed;
use crate::base::limits;

/// What one or two cells show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster<'a> {
    pub text: &'a str,
    /// 1 or 2: what the widest model says.
    pub columns: u16,
    /// Whether terminals are known to agree on the columns. After one that is not, the cursor may stand anywhere.
    pub certain: bool,
}

/// The clusters of a label, from left to right.
#[derive(Clone, Debug)]
pub struct Clusters<'a> {
    /// What is left of the text.
    rest: &'a str,
    /// What is left of the grapheme `rest` begins in.
    grapheme: &'a str,
    /// What `rest` begins with, where that was looked at already.
    ahead: Option<Lone>,
}

/// Whether the next code point of a grapheme fits the cluster it would join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Joins,
    Begins,
    /// A mark without a base or beyond the cap.
    Fails,
}

/// Counts one cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Packer {
    code_points: usize,
    columns: usize,
}

// === impl Packer ===

impl Packer {
    fn push(&mut self, c: char) -> Fit {
        let columns = c.width().unwrap_or(0);
        let has_room = self.code_points < limits::CLUSTER_CODE_POINTS_MAX;
        if columns == 0 && (self.code_points == 0 || !has_room) {
            return Fit::Fails;
        }
        if self.code_points > 0 && has_room && self.columns + columns <= 2 {
            self.code_points += 1;
            self.columns += columns;
            return Fit::Joins;
        }
        *self = Packer { code_points: 1, columns };
        Fit::Begins
    }
}

// === impl Clusters ===

impl<'a> Clusters<'a> {
    /// `text` must be settled.
    pub(super) fn new(text: &'a str) -> Clusters<'a> {
        Clusters { rest: text, grapheme: "", ahead: None }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (text, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        text
    }
}

impl<'a> Iterator for Clusters<'a> {
    type Item = Cluster<'a>;

    fn next(&mut self) -> Option<Cluster<'a>> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        if self.grapheme.is_empty() {
            let second = chars.next();
            if let Some(Lone { columns, certain }) = self.ahead.take().or_else(|| lone(first)) {
                self.ahead = second.and_then(lone);
                if second.is_none() || self.ahead.is_some() {
                    return Some(Cluster { text: self.take(first.len_utf8()), columns, certain });
                }
            }
            self.grapheme = self.rest.graphemes(true).next().unwrap_or_default();
        }
        let mut packer = Packer::default();
        let begins_again = |&(_, c): &(usize, char)| packer.push(c) == Fit::Begins;
        // The first code point always begins the cluster; the second that begins one ends it.
        let end = self.grapheme.char_indices().filter(begins_again).nth(1);
        let bytes = end.map_or(self.grapheme.len(), |(at, _)| at);
        self.grapheme = &self.grapheme[bytes..];
        let text = self.take(bytes);
        let certain = text.len() == first.len_utf8() && agreed_columns(first).is_some();
        Some(Cluster { text, columns: widest(text), certain })
    }
}

/// The columns of one cluster on the terminal that takes the most.
fn widest(text: &str) -> u16 {
    let sum: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
    if sum.max(text.width()) > 1 { 2 } else { 1 }
}

/// The columns of a code point that terminals agree on: old scripts and symbols that no emoji font claims, all of them
/// assigned, visible, whole in NFC, and joining none of these to one grapheme. What has a `None` may still be shown.
pub const fn agreed_columns(c: char) -> Option<u16> {
    match c {
        ' '..='~' => Some(1),
        // May be emoji.
        '\u{a9}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' => None,
        // Unassigned.
        '\u{38b}' | '\u{38d}' | '\u{3a2}' => None,
        // NFC has others for them.
        '\u{374}' | '\u{37e}' | '\u{387}' | '\u{2126}' | '\u{212a}' | '\u{212b}' => None,
        '\u{a1}'..='\u{ac}'
        | '\u{af}'..='\u{2ff}'
        | '\u{370}'..='\u{377}'
        | '\u{37a}'..='\u{37f}'
        | '\u{384}'..='\u{482}'
        | '\u{48a}'..='\u{52f}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205e}'
        | '\u{2074}'..='\u{208e}'
        | '\u{20a0}'..='\u{20bf}'
        | '\u{2100}'..='\u{218b}'
        | '\u{2190}'..='\u{2193}'
        | '\u{219a}'..='\u{21a8}'
        | '\u{21ab}'..='\u{21ff}'
        | '\u{2200}'..='\u{22ff}'
        | '\u{2500}'..='\u{25a9}'
        | '\u{25ac}'..='\u{25b5}'
        | '\u{25b7}'..='\u{25bf}'
        | '\u{25c1}'..='\u{25fa}'
        | '\u{25ff}'
        | '\u{2801}'..='\u{28ff}'
        | '\u{fffd}' => Some(1),
        '\u{3001}'..='\u{3029}'
        | '\u{3041}'..='\u{3096}'
        | '\u{309b}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff01}'..='\u{ff60}' => Some(2),
        _ => None,
    }
}

/// A code point that is a cluster by itself wherever only such ones stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lone {
    pub columns: u16,
    pub certain: bool,
}

/// What has agreed columns, and emoji that are shown as such without being told to: of whole text of these nothing has
/// to be taken out, put together or cut. What has a `None` may still be a cluster by itself.
#[inline]
pub(super) fn lone(c: char) -> Option<Lone> {
    // Most that comes in lots, before anything is searched for.
    match c {
        ' '..='~' => return Some(Lone { columns: 1, certain: true }),
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => return Some(Lone { columns: 2, certain: true }),
        _ => {}
    }
    if let Some(columns) = agreed_columns(c) {
        return Some(Lone { columns, certain: true });
    }
    is_lone_emoji(c).then_some(Lone { columns: 2, certain: false })
}

/// Assigned emoji of two columns that no other one joins without a joiner: neither flags nor tones of skin.
const fn is_lone_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{231a}'..='\u{231b}'
            | '\u{23e9}'..='\u{23ec}'
            | '\u{23f0}'
            | '\u{23f3}'
            | '\u{2614}'..='\u{2615}'
            | '\u{267f}'
            | '\u{2693}'
            | '\u{26a1}'
            | '\u{26aa}'..='\u{26ab}'
            | '\u{26d4}'
            | '\u{2705}'
            | '\u{2728}'
            | '\u{274c}'
            | '\u{274e}'
            | '\u{2753}'..='\u{2755}'
            | '\u{2757}'
            | '\u{2b50}'
            | '\u{2b55}'
            | '\u{1f300}'..='\u{1f320}'
            | '\u{1f32d}'..='\u{1f335}'
            | '\u{1f337}'..='\u{1f37c}'
            | '\u{1f37e}'..='\u{1f393}'
            | '\u{1f3a0}'..='\u{1f3ca}'
            | '\u{1f3cf}'..='\u{1f3d3}'
            | '\u{1f3e0}'..='\u{1f3f0}'
            | '\u{1f400}'..='\u{1f43e}'
            | '\u{1f442}'..='\u{1f4fc}'
            | '\u{1f4ff}'..='\u{1f53d}'
            | '\u{1f54b}'..='\u{1f54e}'
            | '\u{1f550}'..='\u{1f567}'
            | '\u{1f5fb}'..='\u{1f64f}'
            | '\u{1f680}'..='\u{1f6c5}'
            | '\u{1f7e0}'..='\u{1f7eb}'
            | '\u{1f910}'..='\u{1f93a}'
            | '\u{1f947}'..='\u{1f9ff}'
    )
}

/// The columns of a text that is a label as it stands, each code point of it a cluster; none of any other.
pub(super) fn lone_columns(text: &str) -> Option<u16> {
    if text.len() > limits::LABEL_BYTES_MAX {
        return None;
    }
    text.chars().try_fold(0, |columns: u16, c| Some(columns + lone(c)?.columns))
}

/// Puts stripped text into NFC and takes out what fits no cluster, until neither changes it any more.
pub(super) fn settle(mut text: String, removed: &mut Removed) -> String {
    // What was hostile may have stood in nothing but such text.
    if lone_columns(&text).is_some() {
        return text;
    }
    for _ in 0..limits::LABEL_PASSES_MAX {
        if !is_nfc(&text) {
            text = text.nfc().collect();
        }
        let packed = pack(&text, removed);
        if packed == text {
            return text;
        }
        text = packed;
    }
    // No language needs more rounds.
    text.retain(|c| {
        if !c.is_ascii() {
            removed.note(c);
        }
        c.is_ascii()
    });
    text
}

/// One round: drops the code points that fit nowhere and cuts the text after the last whole cluster it may hold.
pub(super) fn pack(text: &str, removed: &mut Removed) -> String {
    let mut out = String::with_capacity(text.len().min(limits::LABEL_BYTES_MAX));
    let mut cluster_at = 0;
    let graphemes: Graphemes<'_> = text.graphemes(true);
    for grapheme in graphemes {
        let mut packer = Packer::default();
        for c in grapheme.chars() {
            match packer.push(c) {
                Fit::Fails => {
                    removed.note(c);
                    continue;
                }
                Fit::Begins => cluster_at = out.len(),
                Fit::Joins => {}
            }
            if out.len() + c.len_utf8() > limits::LABEL_BYTES_MAX {
                out.truncate(cluster_at);
                removed.cut = true;
                return out;
            }
            out.push(c);
        }
    }
    out
}
