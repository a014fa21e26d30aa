//! Where in a statement its placeholders stand: one within quotes or a comment would be no placeholder.
//!
//! Invariant: pure, and one pass over the statement. It is a help and not the guard: whatever it overlooks, a value is
//! bound or nothing is asked.

use super::{Piece, What, Wrong, wrong};

/// In the place of a bound value; no template holds one.
const BOUND: char = '\u{1}';
/// In the place of a name.
const NAMED: char = '\u{2}';

/// What the text is in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    Code,
    /// Quotes, and whether a backslash takes the meaning of the next one.
    Quotes {
        mark: char,
        escapes: bool,
    },
    Line,
    Block {
        depth: usize,
    },
    /// PostgreSQL's `$tag$`.
    Dollar {
        tag: String,
    },
}

/// Looks at one text that a template becomes, and complains of what stands where it cannot.
pub fn check(pieces: &[&Piece], all: &mut Vec<Wrong>) {
    let mut text: Vec<char> = Vec::new();
    // Which piece a character is of, and where in its text.
    let mut origins: Vec<(usize, usize)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match &piece.what {
            What::Text(words) => {
                text.extend(words.chars());
                origins.extend(words.char_indices().map(|(at, _)| (index, at)));
            }
            What::Bound(_) | What::Named(_) => {
                text.push(if matches!(piece.what, What::Bound(_)) { BOUND } else { NAMED });
                origins.push((index, 0));
            }
        }
    }
    let mut within = Within::Code;
    let mut at = 0;
    while at < text.len() {
        let complaint = if matches!(text[at], BOUND | NAMED) { misplaced(&within, &text, at) } else { None };
        let own = within == Within::Code && is_own_placeholder(&text, at);
        let complaint = complaint.or(own.then_some((
            "the text has a placeholder of its own",
            "name a parameter instead, as in {{.App}}: placeholders are numbered here",
        )));
        if let Some((message, remedy)) = complaint {
            let span = pieces[origins[at].0].span.clone();
            let one = wrong(span, message, remedy);
            if !all.contains(&one) {
                all.push(one);
            }
        }
        let (next, length) = step(&within, &text, at);
        within = next;
        at += length;
    }
}

fn misplaced(within: &Within, text: &[char], at: usize) -> Option<(&'static str, &'static str)> {
    let quoted = "take the quotes away: a value is bound, whatever stands in it, and needs none";
    match within {
        Within::Quotes { mark: '\'', .. } => Some(("the parameter stands within a text", quoted)),
        Within::Dollar { .. } => Some(("the parameter stands within a text in dollar quotes", quoted)),
        Within::Quotes { .. } => Some((
            "the parameter stands within a quoted name",
            "take the quotes away; a name out of a list is written {{ident .Column}}",
        )),
        Within::Line | Within::Block { .. } => {
            Some(("the parameter stands within a comment of SQL", "take it out of the comment"))
        }
        Within::Code => {
            let beside = |c: Option<&char>| c.is_some_and(|c| is_word(*c) || matches!(*c, BOUND | NAMED | '$' | '?'));
            let is_beside = beside(at.checked_sub(1).and_then(|before| text.get(before))) || beside(text.get(at + 1));
            is_beside.then_some((
                "the parameter stands right beside a word",
                "a value is not pasted into words: put a blank between, or put texts together with ||",
            ))
        }
    }
}

/// `?1` and `$1`: of PostgreSQL a `$` within a name is none.
fn is_own_placeholder(text: &[char], at: usize) -> bool {
    let is_sign = matches!(text[at], '?' | '$') && text.get(at + 1).is_some_and(char::is_ascii_digit);
    is_sign && !at.checked_sub(1).is_some_and(|before| is_word(text[before]))
}

/// What comes after the character here, and how many are passed.
fn step(within: &Within, text: &[char], at: usize) -> (Within, usize) {
    let starts = |word: &str| word.chars().enumerate().all(|(index, c)| text.get(at + index) == Some(&c));
    let c = text[at];
    match within {
        Within::Code => match c {
            '\'' | '"' | '`' => {
                // E'...' of PostgreSQL.
                let before = |count: usize| at.checked_sub(count).map(|at| text[at]);
                let escapes = c == '\'' && matches!(before(1), Some('e' | 'E')) && !before(2).is_some_and(is_word);
                (Within::Quotes { mark: c, escapes }, 1)
            }
            '-' if starts("--") => (Within::Line, 2),
            '/' if starts("/*") => (Within::Block { depth: 1 }, 2),
            '$' if !at.checked_sub(1).is_some_and(|before| is_word(text[before])) => match dollar_tag(text, at) {
                Some(tag) => {
                    let length = tag.chars().count();
                    (Within::Dollar { tag }, length)
                }
                None => (Within::Code, 1),
            },
            _ => (Within::Code, 1),
        },
        Within::Quotes { mark, escapes } => match c {
            '\\' if *escapes && at + 1 < text.len() && !matches!(text[at + 1], BOUND | NAMED) => (within.clone(), 2),
            // Twice within quotes it is the mark itself: leaving and entering comes to the same.
            _ if c == *mark && text.get(at + 1) == Some(mark) => (within.clone(), 2),
            _ if c == *mark => (Within::Code, 1),
            _ => (within.clone(), 1),
        },
        Within::Line => (if c == '\n' { Within::Code } else { Within::Line }, 1),
        Within::Block { depth } => match () {
            // PostgreSQL's comments stand in each other.
            () if starts("/*") => (Within::Block { depth: depth + 1 }, 2),
            () if starts("*/") && *depth == 1 => (Within::Code, 2),
            () if starts("*/") => (Within::Block { depth: depth - 1 }, 2),
            () => (within.clone(), 1),
        },
        Within::Dollar { tag } if starts(tag) => (Within::Code, tag.chars().count()),
        Within::Dollar { .. } => (within.clone(), 1),
    }
}

/// `$$` or `$tag$` that begins here.
fn dollar_tag(text: &[char], at: usize) -> Option<String> {
    let rest = &text[at + 1..];
    let end = rest.iter().position(|c| *c == '$')?;
    let tag = &rest[..end];
    let fits = tag.iter().all(|c| is_word(*c)) && !tag.first().is_some_and(char::is_ascii_digit);
    fits.then(|| text[at..at + end + 2].iter().collect())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
