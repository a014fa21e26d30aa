//! Bytes from a terminal's keyboard and mouse, decoded into keys and gestures.
//!
//! Knows the sequences of xterm, the Linux console and rxvt. What it does not know it swallows whole, so
//! that the tail of an unknown sequence never acts as keys; what is pasted or pressed with Alt does nothing.
//!
//! Invariant: what comes out depends on the bytes and on where `flush` was called, never on how the bytes were cut into
//! reads; memory is a fixed few bytes; after `flush` the decoder is as good as new.

mod pointer;

use std::time::Duration;

use crate::model::{Input, Key};
use pointer::{Pointer, Report};

/// How long an escape byte waits for the rest of its sequence: longer than a slow link holds a sequence apart,
/// shorter than a person notices.
const ESCAPE_PATIENCE: Duration = Duration::from_millis(50);
/// How long a paste may pause before it counts as broken off and keys count again.
const PASTE_PATIENCE: Duration = Duration::from_secs(1);
/// Parameter bytes of a sequence that are looked at: a mouse on the largest screen needs no more (`<65;1000;500M`).
const PARAMS_BYTES_MAX: usize = 16;
/// Bytes of one sequence that are swallowed before keys count again: more than any report a terminal sends.
const SEQUENCE_BYTES_MAX: u16 = 4096;
/// What `CSI M` of an old mouse report is followed by: the button and the cell, each with this much on top of it.
const MOUSE_REPORT_BYTES: usize = 3;
const MOUSE_REPORT_OFFSET: u8 = 32;

/// Decodes one terminal's input.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    state: State,
    /// The sequence began with two escapes: Alt was held.
    alt: bool,
    /// Between the brackets of a paste: sequences are followed, keys are not given out.
    pasting: bool,
    pointer: Pointer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// Inside a character of two to four bytes.
    Utf8 {
        bytes: [u8; 4],
        have: u8,
        need: u8,
        alt: bool,
    },
    Escape,
    Csi(Params),
    /// Linux console function keys: `ESC [ [` and one letter.
    LinuxFunction,
    Ss3 {
        alt: bool,
    },
    /// Operating system command and its kin, up to `BEL` or `ESC \`.
    Text {
        seen: u16,
        escaped: bool,
    },
    Mouse {
        bytes: [u8; MOUSE_REPORT_BYTES],
        have: usize,
    },
}

/// What stands between `CSI` and its last byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Params {
    bytes: [u8; PARAMS_BYTES_MAX],
    seen: u16,
    /// An intermediate byte came: no key has one.
    foreign: bool,
}

// === impl Decoder ===

impl Decoder {
    /// Takes what was read and appends the inputs it completes; at most one a byte.
    pub fn push(&mut self, bytes: &[u8], inputs: &mut Vec<Input>) {
        for &byte in bytes {
            if let Some(input) = self.step(byte)
                && !self.pasting
            {
                inputs.push(input);
            }
        }
    }

    /// How long to wait for more bytes before `flush`; none when nothing is pending.
    pub fn patience(&self) -> Option<Duration> {
        match (self.state, self.pasting) {
            (State::Ground, false) => None,
            (_, true) => Some(PASTE_PATIENCE),
            (_, false) => Some(ESCAPE_PATIENCE),
        }
    }

    /// Nothing more came: a lone escape was the key itself, an unfinished sequence was nothing.
    pub fn flush(&mut self) -> Option<Key> {
        let lone = self.state == State::Escape && !self.pasting;
        *self = Decoder::default();
        lone.then_some(Key::Escape)
    }

    fn step(&mut self, byte: u8) -> Option<Input> {
        let key = match self.state {
            State::Ground => self.ground(byte, false),
            State::Utf8 { bytes, have, need, alt } => self.utf8(byte, bytes, have, need, alt),
            State::Escape => self.escape(byte),
            State::Csi(params) if params.is_mouse(byte) => return self.mouse(params.report(byte)),
            State::Csi(params) => self.csi(byte, params),
            State::LinuxFunction => self.end(),
            State::Ss3 { alt } => self.ss3(byte, alt),
            State::Text { seen, escaped } => self.text(byte, seen, escaped),
            State::Mouse { bytes, have } => return self.old_mouse(byte, bytes, have),
        };
        key.map(Input::Key)
    }

    fn ground(&mut self, byte: u8, alt: bool) -> Option<Key> {
        self.end();
        let key = match byte {
            0x1b => {
                self.state = State::Escape;
                return None;
            }
            b'\t' => Key::Tab,
            b'\r' | b'\n' => Key::Enter,
            0x08 | 0x7f => Key::Backspace,
            0x01..=0x1a => Key::Ctrl(char::from(byte - 1 + b'a')),
            0x20..=0x7e => Key::Char(char::from(byte)),
            0xc2..=0xf4 => {
                let need = if byte < 0xe0 { 2 } else { 3 + u8::from(byte >= 0xf0) };
                self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need, alt };
                return None;
            }
            // NUL, the four controls without a letter, stray continuation bytes, bytes UTF-8 never has.
            _ => return None,
        };
        (!alt).then_some(key)
    }

    fn utf8(&mut self, byte: u8, mut bytes: [u8; 4], have: u8, need: u8, alt: bool) -> Option<Key> {
        if byte & 0xc0 != 0x80 {
            return self.ground(byte, false);
        }
        bytes[usize::from(have)] = byte;
        let have = have + 1;
        if have < need {
            self.state = State::Utf8 { bytes, have, need, alt };
            return None;
        }
        self.end();
        let text = std::str::from_utf8(&bytes[..usize::from(need)]).ok()?;
        let char = text.chars().next().filter(|char| !char.is_control())?;
        (!alt).then_some(Key::Char(char))
    }

    fn escape(&mut self, byte: u8) -> Option<Key> {
        match byte {
            // rxvt sends Alt as one more escape in front; the flush makes two of them one key.
            0x1b => {
                self.alt = true;
                self.state = State::Escape;
            }
            b'[' => self.state = State::Csi(Params::default()),
            b'O' => self.state = State::Ss3 { alt: self.alt },
            b'P' | b'X' | b']' | b'^' | b'_' => self.state = State::Text { seen: 0, escaped: false },
            _ => return self.ground(byte, true),
        }
        None
    }

    fn csi(&mut self, byte: u8, mut params: Params) -> Option<Key> {
        match byte {
            b'[' if params.seen == 0 => self.state = State::LinuxFunction,
            b'M' if params.seen == 0 => {
                self.state = State::Mouse { bytes: [0; MOUSE_REPORT_BYTES], have: 0 };
            }
            // rxvt ends shifted keys with `$`, which elsewhere stands before the last byte.
            b'$' if params.is_one_number() => return self.csi_end(byte, params),
            0x20..=0x3f if params.seen < SEQUENCE_BYTES_MAX => {
                params.take(byte);
                self.state = State::Csi(params);
            }
            0x20..=0x3f => return self.end(),
            0x40..=0x7e => return self.csi_end(byte, params),
            _ => return self.ground(byte, false),
        }
        None
    }

    fn csi_end(&mut self, last: u8, params: Params) -> Option<Key> {
        let alt = self.alt || params.alt();
        self.end();
        let number = params.number();
        if last == b'~' && matches!(number, Some(200 | 201)) {
            self.pasting = number == Some(200);
            return None;
        }
        if alt || params.foreign {
            return None;
        }
        match last {
            b'~' | b'^' | b'$' | b'@' => match number? {
                1 | 7 => Some(Key::Home),
                4 | 8 => Some(Key::End),
                5 => Some(Key::PageUp),
                6 => Some(Key::PageDown),
                _ => None,
            },
            b'Z' => Some(Key::BackTab),
            b'A'..=b'D' | b'F' | b'H' | b'a'..=b'd' if params.is_plain() => cursor_key(last.to_ascii_uppercase()),
            _ => None,
        }
    }

    fn ss3(&mut self, byte: u8, alt: bool) -> Option<Key> {
        let key = match byte {
            // Old xterms put a modifier here.
            b'0'..=b'9' => return None,
            b'A'..=b'D' | b'F' | b'H' => cursor_key(byte),
            b'a'..=b'd' => cursor_key(byte.to_ascii_uppercase()),
            b'M' => Some(Key::Enter),
            // The keypad in application mode: `j` is `*`, `k` is `+`, ... `y` is `9`.
            b'j'..=b'y' => Some(Key::Char(char::from(byte - b'j' + b'*'))),
            0x20..=0x7e => None,
            _ => return self.ground(byte, false),
        };
        self.end();
        key.filter(|_| !alt)
    }

    fn text(&mut self, byte: u8, seen: u16, escaped: bool) -> Option<Key> {
        match byte {
            b'\\' if escaped => self.end(),
            // The text was torn: what follows the escape is a sequence of its own.
            _ if escaped => {
                self.end();
                self.escape(byte)
            }
            0x07 | 0x18 | 0x1a => self.end(),
            _ if seen >= SEQUENCE_BYTES_MAX => self.end(),
            _ => {
                self.state = State::Text { seen: seen + 1, escaped: byte == 0x1b };
                None
            }
        }
    }

    /// A report in the numbers of old: three bytes, whatever they are.
    fn old_mouse(&mut self, byte: u8, mut bytes: [u8; MOUSE_REPORT_BYTES], have: usize) -> Option<Input> {
        bytes[have] = byte;
        if have + 1 < MOUSE_REPORT_BYTES {
            self.state = State::Mouse { bytes, have: have + 1 };
            return None;
        }
        let [button, x, y] = bytes.map(|byte| u16::from(byte.saturating_sub(MOUSE_REPORT_OFFSET)));
        self.mouse(Some(Report { button, x, y, is_release: false }))
    }

    fn mouse(&mut self, report: Option<Report>) -> Option<Input> {
        self.end();
        report.and_then(|report| self.pointer.take(report)).map(Input::Mouse)
    }

    /// Back to where every sequence begins.
    fn end(&mut self) -> Option<Key> {
        self.state = State::Ground;
        self.alt = false;
        None
    }
}

// === impl Params ===

impl Params {
    fn take(&mut self, byte: u8) {
        self.foreign |= byte < 0x30;
        if let Some(slot) = self.bytes.get_mut(usize::from(self.seen)) {
            *slot = byte;
        }
        self.seen += 1;
    }

    /// The bytes that came, none if there were more than any key has.
    fn text(&self) -> Option<&[u8]> {
        self.bytes.get(..usize::from(self.seen))
    }

    /// Whether this byte ends a report in SGR's form: `<` and three numbers.
    fn is_mouse(&self, last: u8) -> bool {
        matches!(last, b'M' | b'm') && self.bytes[0] == b'<'
    }

    /// None of one that is no such report after all.
    fn report(&self, last: u8) -> Option<Report> {
        let text = std::str::from_utf8(self.text()?.strip_prefix(b"<")?).ok()?;
        let mut numbers = text.split(';').map(|number| number.parse().ok());
        let (button, x, y) = (numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(Report { button, x, y, is_release: last == b'm' })
    }

    fn is_one_number(&self) -> bool {
        self.text().is_some_and(|text| !text.is_empty() && text.iter().all(u8::is_ascii_digit))
    }

    /// Nothing, or the count and the modifier of a cursor key.
    fn is_plain(&self) -> bool {
        self.text().is_some_and(|text| text.iter().all(|byte| byte.is_ascii_digit() || *byte == b';'))
    }

    /// The first number.
    fn number(&self) -> Option<u16> {
        self.field(0)
    }

    /// Whether the modifier, one more than a sum of bits, holds Alt or Meta.
    fn alt(&self) -> bool {
        self.field(1).and_then(|modifier| modifier.checked_sub(1)).is_some_and(|bits| bits & 0b1010 != 0)
    }

    fn field(&self, index: usize) -> Option<u16> {
        let field = self.text()?.split(|byte| *byte == b';').nth(index)?;
        std::str::from_utf8(field).ok()?.parse().ok()
    }
}

fn cursor_key(letter: u8) -> Option<Key> {
    match letter {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'C' => Some(Key::Right),
        b'D' => Some(Key::Left),
        b'F' => Some(Key::End),
        b'H' => Some(Key::Home),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
