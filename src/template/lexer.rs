//! A template's text taken apart: stretches of text, and actions as words.
//!
//! Invariant: whatever the text, each byte of it belongs to one part, and an action that is not understood is complained of
//! once. What it understands, Go understands in the same way: texts hold neither quotes, backslashes nor braces.

use std::ops::Range;

use super::{Wrong, wrong};
use crate::notation::harmless;

#[derive(Debug)]
pub enum Part {
    Text(Range<usize>),
    Action(Action),
}

/// What stands between `{{` and `}}`.
#[derive(Debug)]
pub struct Action {
    pub span: Range<usize>,
    pub trims_before: bool,
    pub trims_after: bool,
    pub is_comment: bool,
    /// What is wrong with it was told.
    pub is_broken: bool,
    pub words: Vec<Word>,
}

#[derive(Debug)]
pub struct Word {
    pub span: Range<usize>,
    pub what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// `.App`
    Field(String),
    /// `if`, `eq`, `true`
    Name(String),
    /// `"b"`, without its quotes.
    Text(String),
    /// As it is written.
    Number(String),
    Open,
    Close,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// What Go takes for blanks.
pub const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// All parts of a text.
pub fn parts(text: &str, all: &mut Vec<Wrong>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(OPEN) {
        if found > 0 {
            parts.push(Part::Text(at..at + found));
        }
        let mut lexer = Lexer { text, start: at + found, at: at + found + OPEN.len() };
        match lexer.action() {
            Ok(action) => {
                at = action.span.end;
                parts.push(Part::Action(action));
            }
            Err((action, complaint)) => {
                all.push(complaint);
                at = action.span.end;
                parts.push(Part::Action(action));
            }
        }
    }
    if at < text.len() {
        parts.push(Part::Text(at..text.len()));
    }
    parts
}

struct Lexer<'a> {
    text: &'a str,
    start: usize,
    at: usize,
}

// === impl Lexer ===

impl Lexer<'_> {
    fn action(&mut self) -> Result<Action, (Action, Wrong)> {
        let mut action = Action {
            span: self.start..self.start,
            trims_before: false,
            trims_after: false,
            is_comment: false,
            is_broken: false,
            words: Vec::new(),
        };
        if self.rest().starts_with('-') && self.rest()[1..].starts_with(BLANKS) {
            action.trims_before = true;
            self.at += 2;
        }
        let outcome = match self.rest().starts_with("/*") {
            true => self.comment(&mut action),
            false => self.words(&mut action),
        };
        match outcome {
            Ok(()) => {
                action.span.end = self.at;
                Ok(action)
            }
            Err(complaint) => {
                action.is_broken = true;
                let end = self.text[self.at..].find(CLOSE).map(|found| self.at + found + CLOSE.len());
                action.span.end = end.unwrap_or(self.text.len());
                Err((action, complaint))
            }
        }
    }

    fn comment(&mut self, action: &mut Action) -> Result<(), Wrong> {
        action.is_comment = true;
        let remedy = "end it with */}}";
        let Some(end) = self.rest().find("*/") else {
            return Err(wrong(self.start..self.at, "this comment has no end", remedy));
        };
        self.at += end + 2;
        let blanks = self.rest().len() - self.rest().trim_start_matches(BLANKS).len();
        if blanks > 0 && self.rest()[blanks..].starts_with("-}}") {
            action.trims_after = true;
            self.at += blanks + 1;
        }
        if !self.rest().starts_with(CLOSE) {
            return Err(wrong(self.start..self.at, "a comment is an action of its own", remedy));
        }
        self.at += CLOSE.len();
        Ok(())
    }

    fn words(&mut self, action: &mut Action) -> Result<(), Wrong> {
        loop {
            let before = self.at;
            self.at += self.rest().len() - self.rest().trim_start_matches(BLANKS).len();
            let had_blank = self.at > before;
            let rest = self.rest();
            let start = self.at;
            let Some(first) = rest.chars().next() else {
                return Err(wrong(self.start..self.start + 2, "this action has no end", "close it with }}"));
            };
            if rest.starts_with(CLOSE) {
                self.at += CLOSE.len();
                return Ok(());
            }
            if had_blank && rest.starts_with("-}}") {
                self.at += 1 + CLOSE.len();
                action.trims_after = true;
                return Ok(());
            }
            if first == '}' {
                return Err(wrong(start..start + 1, "one brace does not close an action", "close it with }}"));
            }
            let is_glued = !had_blank
                && action
                    .words
                    .last()
                    .is_some_and(|word| word.span.end == start && !matches!(word.what, What::Open) && first != ')');
            if is_glued {
                let message = format!("{:?} is glued to the word before it", harmless(&first.to_string()));
                return Err(wrong(start..start + 1, message, "put a blank between them"));
            }
            let what = self.word(first)?;
            action.words.push(Word { span: start..self.at, what });
        }
    }

    fn word(&mut self, first: char) -> Result<What, Wrong> {
        let start = self.at;
        let here = start..start + first.len_utf8();
        match first {
            '(' | ')' => {
                self.at += 1;
                Ok(if first == '(' { What::Open } else { What::Close })
            }
            '"' => self.quoted(),
            '.' => {
                self.at += 1;
                let name = self.name();
                match name.is_empty() {
                    true => Err(wrong(here, "the dot alone is no value here", "name a parameter, as in {{.App}}")),
                    false if self.rest().starts_with('.') => {
                        Err(wrong(here, "parameters have no fields", "name a parameter, as in {{.App}}"))
                    }
                    false => Ok(What::Field(name)),
                }
            }
            '$' => Err(wrong(here, "there are no variables here", "name a parameter, as in {{.App}}")),
            '|' => Err(wrong(here, "there are no pipes here", "write {{.App}}, or {{ident .Column}}")),
            '`' | '\'' => Err(wrong(here, "this is no text here", "write it in double quotes")),
            '-' | '0'..='9' => self.number(),
            _ if first.is_alphabetic() || first == '_' => Ok(What::Name(self.name())),
            _ => {
                let message = format!("{:?} is not understood in an action", harmless(&first.to_string()));
                Err(wrong(here, message, "write {{.App}}, {{ident .Column}}, or {{if eq .Variant \"b\"}}...{{end}}"))
            }
        }
    }

    fn quoted(&mut self) -> Result<What, Wrong> {
        let start = self.at;
        let inside = &self.rest()[1..];
        let end = inside.find(['"', '\n']).filter(|end| inside[*end..].starts_with('"'));
        let Some(end) = end else {
            return Err(wrong(start..start + 1, "this text has no end", "close it with a double quote"));
        };
        let text = inside[..end].to_owned();
        if text.contains(['\\', '{', '}']) {
            let message = "a text in an action holds neither backslashes nor braces";
            return Err(wrong(start..start + 1, message, "compare with a plain word"));
        }
        self.at += end + 2;
        Ok(What::Text(text))
    }

    fn number(&mut self) -> Result<What, Wrong> {
        let start = self.at;
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let sign = usize::from(self.rest().starts_with('-'));
        let mut length = sign + digits(&self.rest()[sign..]);
        let mut fits = length > sign;
        if self.rest()[length..].starts_with('.') {
            let decimals = digits(&self.rest()[length + 1..]);
            fits &= decimals > 0;
            length += 1 + decimals;
        }
        // Go reads 010 as eight, and so does nobody who counts.
        let whole = self.rest()[sign..length].split('.').next().unwrap_or_default();
        fits &= whole == "0" || !whole.starts_with('0');
        let after = self.rest()[length..].chars().next();
        if !fits || length > 20 || after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            return Err(wrong(start..start + 1, "this is no number here", "write it as 5 or 0.5"));
        }
        let text = self.rest()[..length].to_owned();
        self.at += length;
        Ok(What::Number(text))
    }

    /// The name that begins here; empty where there is none.
    fn name(&mut self) -> String {
        let rest = self.rest();
        let begins = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let name = if begins { &rest[..length] } else { "" };
        let name = name.to_owned();
        self.at += name.len();
        name
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
}
