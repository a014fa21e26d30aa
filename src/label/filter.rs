//! Decides about each code point by itself: seen, a space, or taken out.
//!
//! The same decision guards what root lets through to a terminal: `encode::grammar` asks [`shown`] too.
//!
//! Invariant: what is kept has a glyph, one or two columns (a mark: none), and is assigned in the Unicode version of the
//! tables. Everything not known to be harmless goes.

use unicode_normalization::char::is_public_assigned;
use unicode_width::UnicodeWidthChar;

use super::Removed;
use super::cluster::{Lone, lone};
use super::escape::{Parser, Part};

/// What becomes of a code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Space,
    Dropped,
}

/// A code point that a label may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// 1 or 2, as `wcwidth` has it; 0 for a mark, which needs something before it.
    pub columns: u16,
    /// Whether terminals are known to agree on that.
    pub certain: bool,
}

/// Braille without dots is a space in disguise.
const BRAILLE_BLANK: char = '\u{2800}';

/// `raw` without escape sequences and hostile code points.
pub(super) fn strip(raw: &str, removed: &mut Removed) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut parser = Parser::default();
    for c in raw.chars() {
        let fate = match parser.step(c) {
            Part::OfSequence => Fate::Dropped,
            Part::OfText => fate(c),
        };
        match fate {
            Fate::Kept => {
                out.push(c);
                continue;
            }
            Fate::Space => out.push(' '),
            Fate::Dropped => {}
        }
        removed.note(c);
    }
    out
}

fn fate(c: char) -> Fate {
    match c {
        _ if shown(c).is_some() => Fate::Kept,
        BRAILLE_BLANK => Fate::Space,
        _ if c.is_whitespace() => Fate::Space,
        _ => Fate::Dropped,
    }
}

/// How a code point looks where text stands; none for one that no label ever holds.
pub fn shown(c: char) -> Option<Shown> {
    if let Some(Lone { columns, certain }) = lone(c) {
        return Some(Shown { columns, certain });
    }
    if c == BRAILLE_BLANK || c.is_whitespace() || c.is_control() || is_hidden(c) {
        return None;
    }
    // Takes out private use, noncharacters and what a later version may turn into anything.
    if !is_public_assigned(c) {
        return None;
    }
    // U+17D8 is the one code point of three columns.
    let columns = c.width().filter(|columns| *columns <= 2)?;
    Some(Shown { columns: u16::try_from(columns).ok()?, certain: false })
}

/// Code points that are assigned and public yet show nothing of themselves: they reorder, join, select, annotate, fill
/// or tag.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}'                        // soft hyphen
        | '\u{34f}'                     // combining grapheme joiner
        | '\u{600}'..='\u{605}'         // Arabic number signs, which enclose what follows
        | '\u{61c}'                     // Arabic letter mark
        | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' // more enclosing signs
        | '\u{115f}'..='\u{1160}'       // Hangul fillers
        | '\u{17b4}'..='\u{17b5}'       // inherent Khmer vowels
        | '\u{180b}'..='\u{180f}'       // Mongolian selectors and vowel separator
        | '\u{200b}'..='\u{200f}'       // zero-width space, joiners, direction marks
        | '\u{202a}'..='\u{202e}'       // direction embeddings and overrides
        | '\u{2060}'..='\u{206f}'       // word joiner, invisible operators, isolates, deprecated controls
        | '\u{3164}'                    // Hangul filler
        | '\u{fe00}'..='\u{fe0f}'       // variation selectors: terminals disagree on what they do to the width
        | '\u{feff}'                    // byte order mark
        | '\u{ffa0}'                    // half-width Hangul filler
        | '\u{fff0}'..='\u{fffc}'       // annotations, object replacement
        | '\u{110bd}' | '\u{110cd}'     // Kaithi number signs
        | '\u{13430}'..='\u{1343f}'     // Egyptian hieroglyph format controls
        | '\u{16fe4}'                   // Khitan filler
        | '\u{1bca0}'..='\u{1bca3}'     // shorthand format controls
        | '\u{1d159}'                   // null notehead
        | '\u{1d173}'..='\u{1d17a}'     // musical format controls
        | '\u{e0000}'..='\u{e0fff}'     // tags and variation selectors
    )
}
