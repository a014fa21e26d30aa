//! One file's text with its places: byte offsets become lines and columns.
//!
//! Invariant: an excerpt holds nothing that moves a terminal's cursor, and no secret as far as its keys tell.

mod secretive;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::base::Diagnostic;

/// Excerpts are cut here; what lies beyond is not shown.
const EXCERPT_COLUMNS_MAX: usize = 120;

/// A file that is at least text.
#[derive(Debug)]
pub struct Document<'a> {
    name: &'a str,
    text: &'a str,
    /// Whether people know its lines and columns.
    has_places: bool,
}

// === impl Document ===

impl<'a> Document<'a> {
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Result<Document<'a>, Diagnostic> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Document { name, text, has_places: true }),
            Err(error) => {
                let good = &bytes[..error.valid_up_to()];
                let text = std::str::from_utf8(good).expect("invariant: valid up to there");
                let end = text.len();
                let document = Document { name, text, has_places: true };
                Err(document.complain(end..end, "this is not UTF-8", "save the file as UTF-8"))
            }
        }
    }

    /// The same for a text nobody wrote as such, like one made of a flag: complaints name it as a whole.
    pub fn without_places(self) -> Document<'a> {
        Document { has_places: false, ..self }
    }

    /// The tables as far as they can be read, and every error of syntax.
    pub fn tables(&self) -> (Spanned<DeTable<'a>>, Vec<Error>) {
        DeTable::parse_recoverable(self.text)
    }

    /// A complaint about a stretch of this document.
    pub fn complain(&self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        let file = self.name.to_owned();
        let (message, remedy) = (message.into(), remedy.into());
        if !self.has_places {
            return Diagnostic { file, line: 0, column: 0, message, remedy, excerpt: String::new() };
        }
        let (line, column, excerpt) = self.place(span.start);
        Diagnostic { file, line, column, message, remedy, excerpt }
    }

    fn place(&self, offset: usize) -> (u32, u32, String) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &self.text[line_start..];
        let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let line_number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = self.text[line_start..offset].chars().count() + 1;
        let excerpt = if column > EXCERPT_COLUMNS_MAX {
            String::new()
        } else {
            let section = before[..line_start].lines().rev().find(|line| secretive::heading(line).is_some());
            let line: String = line.chars().take(EXCERPT_COLUMNS_MAX).collect();
            harmless(&secretive::hide(&line, section.unwrap_or_default()))
        };
        (u32::try_from(line_number).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX), excerpt)
    }
}

/// The text with everything replaced by a space that could act on a terminal; the length in characters stays.
pub fn harmless(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if acts(c) { ' ' } else { c }).collect()
}
