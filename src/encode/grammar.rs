//! The closed grammar of a frame, checked from the outside: what a worker sends must be nothing else.
//!
//! ```text
//! frame   = CSI "?2026h" *item CSI "?2026l"       and the style is the default one at the end
//! item    = text | sgr | CUP | CHA | VPA | ECH | EL
//! text    = printable UTF-8: no C0, DEL, C1, line or bidi control; within the row it begins in
//! ```
//!
//! Invariant: bytes that pass cannot move the cursor out of the frame's size, wrap, scroll, change modes, make the
//! terminal answer, or leave a sequence or a style open. One pass, no allocation. It must not trust a length or a
//! number before it has checked it.

use unicode_width::UnicodeWidthChar;

use super::{BEGIN, END};
use crate::base::Size;

/// What is wrong with a frame, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {fault}")]
pub struct Violation {
    pub at: usize,
    pub fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a frame stands between CSI ?2026h and CSI ?2026l")]
    Bracket,
    #[error("a control character")]
    Control,
    #[error("not UTF-8")]
    Encoding,
    #[error("a control sequence no frame has")]
    Sequence,
    #[error("a parameter out of bounds")]
    Parameter,
    #[error("text or erasing without a position, or beyond the last column")]
    Position,
    #[error("the style is not the default one at the end")]
    Style,
}

/// More than any sequence of the encoder has: reset, five attributes, two RGB colours.
const PARAMS_MAX: usize = 20;

/// Checks one frame for a terminal of this size.
pub fn check(bytes: &[u8], size: Size) -> Result<(), Violation> {
    let violation = |at, fault| Err(Violation { at, fault });
    if !bytes.starts_with(BEGIN) {
        return violation(0, Fault::Bracket);
    }
    let Some(end) = bytes.len().checked_sub(END.len()).filter(|end| *end >= BEGIN.len() && bytes[*end..] == *END)
    else {
        return violation(bytes.len(), Fault::Bracket);
    };
    let mut checker = Checker { bytes: &bytes[..end], at: BEGIN.len(), size, column: None, is_styled: false };
    while checker.at < end {
        let at = checker.at;
        if let Err(fault) = checker.item() {
            return violation(at, fault);
        }
    }
    if checker.is_styled { violation(end, Fault::Style) } else { Ok(()) }
}

struct Checker<'a> {
    /// Without the closing bracket.
    bytes: &'a [u8],
    at: usize,
    size: Size,
    /// Where the cursor is at least, from 0; the number of columns after the last one. None before any addressing.
    column: Option<u16>,
    is_styled: bool,
}

/// Parameters of one sequence; an empty one is none.
struct Params {
    values: [Option<u16>; PARAMS_MAX],
    len: usize,
}

// === impl Checker ===

impl Checker<'_> {
    #[inline]
    fn item(&mut self) -> Result<(), Fault> {
        match self.bytes[self.at] {
            0x1b => self.sequence(),
            b' '..=b'~' => self.ascii(),
            0xe2 => self.drawing(),
            0x80.. => self.code_point(),
            _ => Err(Fault::Control),
        }
    }

    /// A stretch of printable ASCII.
    fn ascii(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| byte.wrapping_sub(b' ') > b'~' - b' ').unwrap_or(rest.len());
        self.at += len;
        self.advance(len)
    }

    /// Boxes, blocks and braille make up most of a frame: U+2500..=U+259F, U+2800..=U+28FF, all of one column.
    fn drawing(&mut self) -> Result<(), Fault> {
        let (triples, _) = self.bytes[self.at..].as_chunks::<3>();
        let count = triples.iter().take_while(|triple| is_drawing(**triple)).count();
        if count == 0 {
            return self.code_point();
        }
        self.at += 3 * count;
        self.advance(count)
    }

    fn code_point(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        let len = match rest[0] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Err(Fault::Encoding),
        };
        let text = rest.get(..len).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Fault::Encoding)?;
        let c = text.chars().next().ok_or(Fault::Encoding)?;
        if is_control(c) {
            return Err(Fault::Control);
        }
        self.at += len;
        // Marks take none; a terminal may take less for a whole cluster, the encoder never counts on it.
        self.advance(c.width().unwrap_or(0))
    }

    #[inline]
    fn advance(&mut self, columns: usize) -> Result<(), Fault> {
        let column = self.column.ok_or(Fault::Position)?;
        let after = usize::from(column) + columns;
        if after > usize::from(self.size.cols()) {
            return Err(Fault::Position);
        }
        self.column = Some(u16::try_from(after).map_err(|_| Fault::Position)?);
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), Fault> {
        if self.bytes.get(self.at + 1) != Some(&b'[') {
            return Err(Fault::Sequence);
        }
        self.at += 2;
        let params = self.params()?;
        let end = *self.bytes.get(self.at).ok_or(Fault::Sequence)?;
        self.at += 1;
        match end {
            b'm' => self.sgr(&params),
            b'H' if params.len <= 2 => {
                params.position(0, self.size.rows())?;
                self.column = Some(params.position(1, self.size.cols())?);
                Ok(())
            }
            b'G' if params.len <= 1 => {
                self.column = Some(params.position(0, self.size.cols())?);
                Ok(())
            }
            b'd' if params.len <= 1 => params.position(0, self.size.rows()).map(drop),
            b'X' if params.len <= 1 => {
                let column = self.inside()?;
                let count = params.position(0, self.size.cols())? + 1;
                if column + count > self.size.cols() { Err(Fault::Parameter) } else { Ok(()) }
            }
            b'K' if params.len == 0 => self.inside().map(drop),
            _ => Err(Fault::Sequence),
        }
    }

    /// Where the cursor is, if it is on a cell. After the last column terminals differ in what they erase.
    fn inside(&self) -> Result<u16, Fault> {
        self.column.filter(|column| *column < self.size.cols()).ok_or(Fault::Position)
    }

    fn params(&mut self) -> Result<Params, Fault> {
        let mut params = Params { values: [None; PARAMS_MAX], len: 0 };
        loop {
            match self.bytes.get(self.at) {
                Some(digit @ b'0'..=b'9') => {
                    params.len = params.len.max(1);
                    let value = &mut params.values[params.len - 1];
                    // Four digits hold every position; five could not overflow.
                    let grown = value.unwrap_or(0) * 10 + u16::from(digit - b'0');
                    if grown > 1000 {
                        return Err(Fault::Parameter);
                    }
                    *value = Some(grown);
                }
                Some(b';') => {
                    params.len = params.len.max(1) + 1;
                    if params.len > PARAMS_MAX {
                        return Err(Fault::Parameter);
                    }
                }
                _ => return Ok(params),
            }
            self.at += 1;
        }
    }

    fn sgr(&mut self, params: &Params) -> Result<(), Fault> {
        self.is_styled &= params.len > 0;
        let mut values = params.values[..params.len].iter();
        while let Some(value) = values.next() {
            match value {
                Some(0) => self.is_styled = false,
                Some(1..=4 | 7 | 22..=24 | 27 | 30..=37 | 39..=47 | 49 | 90..=97 | 100..=107) => self.is_styled = true,
                Some(38 | 48) => {
                    let channels = match values.next() {
                        Some(Some(2)) => 3,
                        Some(Some(5)) => 1,
                        _ => return Err(Fault::Parameter),
                    };
                    self.is_styled = true;
                    for _ in 0..channels {
                        if !matches!(values.next(), Some(Some(0..=255))) {
                            return Err(Fault::Parameter);
                        }
                    }
                }
                _ => return Err(Fault::Parameter),
            }
        }
        Ok(())
    }
}

// === impl Params ===

impl Params {
    /// A position from 0; the wire counts from 1 and leaves the first one out.
    fn position(&self, index: usize, bound: u16) -> Result<u16, Fault> {
        let value = if index < self.len { self.values[index].unwrap_or(1) } else { 1 };
        if (1..=bound).contains(&value) { Ok(value - 1) } else { Err(Fault::Parameter) }
    }
}

#[inline]
fn is_drawing(bytes: [u8; 3]) -> bool {
    matches!(bytes, [0xe2, 0x94 | 0x95 | 0xa0..=0xa3, 0x80..=0xbf] | [0xe2, 0x96, 0x80..=0x9f])
}

/// Beyond ASCII: C1, line and paragraph separators, bidi controls, invisible formatting, tags, noncharacters.
fn is_control(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests;
