//! Finds escape sequences as a terminal would: which code points belong to one and must not be seen.
//!
//! Invariant: every ESC and C1 control is part of a sequence or dropped by itself, so what is left can never build a new
//! sequence, however the parts were arranged. The parser only decides how much *text* goes with them.
//!
//! An unterminated string takes the rest of the text along: it was never meant to be seen.

/// Where in a sequence the next code point falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parser {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate such as `(` or `%`.
    Intermediate,
    /// After CSI, up to its final byte.
    Csi,
    /// In an OSC, DCS, SOS, PM or APC string.
    Text { bell_ends: bool },
    /// After an ESC in a string: `\` ends it, anything else begins a new sequence.
    TextEscape,
}

/// Whether a code point belongs to a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    OfSequence,
    OfText,
}

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';
const CANCEL: char = '\u{18}';
const SUBSTITUTE: char = '\u{1a}';
const STRING_TERMINATOR: char = '\u{9c}';

// === impl Parser ===

impl Parser {
    /// Takes the next code point.
    pub(super) fn step(&mut self, c: char) -> Part {
        let (next, part) = match *self {
            Parser::Ground => match c {
                ESCAPE => (Parser::Escape, Part::OfSequence),
                '\u{80}'..='\u{9f}' => introducer(c),
                _ => return Part::OfText,
            },
            Parser::Escape => after_escape(c),
            Parser::Intermediate => match c {
                '0'..='~' => (Parser::Ground, Part::OfSequence),
                ' '..='/' => (Parser::Intermediate, Part::OfSequence),
                _ => interrupted(*self, c),
            },
            Parser::Csi => match c {
                '@'..='~' => (Parser::Ground, Part::OfSequence),
                ' '..='?' => (Parser::Csi, Part::OfSequence),
                _ => interrupted(*self, c),
            },
            Parser::Text { bell_ends } => match c {
                ESCAPE => (Parser::TextEscape, Part::OfSequence),
                BELL if bell_ends => (Parser::Ground, Part::OfSequence),
                CANCEL | SUBSTITUTE | STRING_TERMINATOR => (Parser::Ground, Part::OfSequence),
                '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => introducer(c),
                _ => (*self, Part::OfSequence),
            },
            Parser::TextEscape => match c {
                '\\' => (Parser::Ground, Part::OfSequence),
                _ => after_escape(c),
            },
        };
        *self = next;
        part
    }
}

fn after_escape(c: char) -> (Parser, Part) {
    let next = match c {
        '[' => Parser::Csi,
        ']' => Parser::Text { bell_ends: true },
        // DCS, SOS, PM, APC, and the title string of screen and tmux.
        'P' | 'X' | '^' | '_' | 'k' => Parser::Text { bell_ends: false },
        ' '..='/' => Parser::Intermediate,
        '0'..='~' => Parser::Ground,
        _ => return interrupted(Parser::Escape, c),
    };
    (next, Part::OfSequence)
}

/// A code point that has no place in a sequence: a C0 control is executed in its midst, CAN, SUB and ESC end it, and so
/// does anything that is not ASCII.
fn interrupted(parser: Parser, c: char) -> (Parser, Part) {
    match c {
        ESCAPE => (Parser::Escape, Part::OfSequence),
        CANCEL | SUBSTITUTE => (Parser::Ground, Part::OfSequence),
        '\0'..='\u{1f}' | '\u{7f}' => (parser, Part::OfSequence),
        '\u{80}'..='\u{9f}' => introducer(c),
        _ => (Parser::Ground, Part::OfText),
    }
}

/// What a C1 control begins; those that begin nothing are left to the filter (NEL is whitespace).
fn introducer(c: char) -> (Parser, Part) {
    match c {
        '\u{9b}' => (Parser::Csi, Part::OfSequence),
        '\u{9d}' => (Parser::Text { bell_ends: true }, Part::OfSequence),
        '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => (Parser::Text { bell_ends: false }, Part::OfSequence),
        _ => (Parser::Ground, Part::OfText),
    }
}
