//! The closed grammar of a frame, checked from the outside: what a worker sends must be nothing else.
//!
//! ```text
//! frame   = CSI "?2026h" *item CSI "?2026l"       and the style is the default one at the end
//! item    = text | cluster | sgr | CUP | CHA | VPA | ECH | EL
//! text    = what a label may hold and terminals agree on, within the row it begins in
//! cluster = up to CLUSTER_CODE_POINTS_MAX code points of a label of two columns together, the first with columns;
//!           never from the last column on
//! ```
//!
//! Text and erasing need a known position: a row and a column, each by an absolute sequence. None is known at first,
//! and none after a cluster with something in it that terminals disagree on.
//!
//! Invariant: bytes that pass cannot move the cursor out of the frame's size, wrap, scroll, change modes, make the
//! terminal answer, stack marks, or leave a sequence or a style open; they hold no code point that `label` takes out. One
//! pass, no allocation. It must not trust a length or a number before it has checked it.

use unicode_segmentation::UnicodeSegmentation;

use super::{BEGIN, END};
use crate::base::{Size, limits};
use crate::label;

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
    #[error("a code point that no label holds")]
    Control,
    #[error("not UTF-8")]
    Encoding,
    #[error("a control sequence no frame has")]
    Sequence,
    #[error("a parameter out of bounds")]
    Parameter,
    #[error("text or erasing without a position, or beyond the last column")]
    Position,
    #[error("a mark without a base, or more than one cluster holds")]
    Cluster,
    #[error("the style is not the default one at the end")]
    Style,
}

/// More than any sequence of the encoder has: reset, five attributes, two RGB colours.
const PARAMS_MAX: usize = 20;
/// No position is beyond it.
const PARAM_MAX: u16 = 1000;
/// Stands for a parameter that is left out.
const UNSAID: u16 = u16::MAX;
const _: () = assert!(PARAM_MAX < UNSAID);

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
    let mut checker = Checker {
        bytes: &bytes[..end],
        at: BEGIN.len(),
        size,
        row_known: false,
        column: None,
        cluster: Cluster::default(),
        is_styled: false,
    };
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
    row_known: bool,
    /// From 0; the number of columns after the last one.
    column: Option<u16>,
    /// What a mark would join.
    cluster: Cluster,
    is_styled: bool,
}

/// The last code points of a text, as far as one cell or two hold them.
#[derive(Clone, Copy, Debug, Default)]
struct Cluster {
    /// 0: nothing a mark could join.
    code_points: usize,
    columns: u16,
    /// Where it begins.
    from: u16,
    /// Whether the position after it is anybody's guess.
    is_open: bool,
}

/// Parameters of one sequence.
struct Params {
    /// Those that are left out, and all beyond `len`, are `UNSAID`.
    values: [u16; PARAMS_MAX],
    len: usize,
}

// === impl Checker ===

impl Checker<'_> {
    #[inline]
    fn item(&mut self) -> Result<(), Fault> {
        match self.bytes[self.at] {
            0x1b => self.sequence(),
            b' '..=b'~' if !self.cluster.is_open => self.ascii(),
            0xe2 if !self.cluster.is_open => self.drawing(),
            b' '..=b'~' => self.code_point(),
            0x80.. => self.code_point(),
            _ => Err(Fault::Control),
        }
    }

    /// A stretch of printable ASCII.
    fn ascii(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|byte| byte.wrapping_sub(b' ') > b'~' - b' ').unwrap_or(rest.len());
        self.at += len;
        self.run(len)
    }

    /// Boxes, blocks and braille make up most of a frame: U+2500..=U+259F, U+2801..=U+28FF, all of one column.
    fn drawing(&mut self) -> Result<(), Fault> {
        let (triples, _) = self.bytes[self.at..].as_chunks::<3>();
        let count = triples.iter().take_while(|triple| is_drawing(**triple)).count();
        if count == 0 {
            return self.code_point();
        }
        self.at += 3 * count;
        self.run(count)
    }

    fn code_point(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        let len = match rest[0] {
            0..=0x7f => 1,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Err(Fault::Encoding),
        };
        let text = rest.get(..len).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Fault::Encoding)?;
        let c = text.chars().next().ok_or(Fault::Encoding)?;
        let shown = label::shown(c).ok_or(Fault::Control)?;
        let joins = shown.columns == 0 || self.cluster.is_open;
        if joins {
            self.join(shown.columns)?;
        } else {
            self.begin(shown.columns, &rest[..len])?;
        }
        self.at += len;
        if joins || !shown.certain { self.lose() } else { Ok(()) }
    }

    /// Text of which each code point takes one column; marks may join the last of it.
    #[inline]
    fn run(&mut self, columns: usize) -> Result<(), Fault> {
        let after = self.advance(u16::try_from(columns).map_err(|_| Fault::Position)?)?;
        self.cluster = Cluster { code_points: 1, columns: 1, from: after - 1, is_open: false };
        Ok(())
    }

    fn begin(&mut self, columns: u16, text: &[u8]) -> Result<(), Fault> {
        let base = self.cluster;
        let after = self.advance(columns)?;
        self.cluster = Cluster { code_points: 1, columns, from: after - columns, is_open: false };
        // A spacing mark stands in the last column only together with its base.
        let may_join = base.code_points == 1 && base.columns + columns == 2;
        if after == self.size.cols() && may_join && self.is_of_one_grapheme(text) {
            self.cluster.from = base.from;
        }
        Ok(())
    }

    fn join(&mut self, columns: u16) -> Result<(), Fault> {
        let cluster = &mut self.cluster;
        let has_room = (1..limits::CLUSTER_CODE_POINTS_MAX).contains(&cluster.code_points);
        if !has_room || cluster.columns + columns > 2 {
            return Err(Fault::Cluster);
        }
        cluster.code_points += 1;
        cluster.columns += columns;
        Ok(())
    }

    /// After something terminals disagree on the cursor may stand anywhere. One that takes two columns must not wrap.
    fn lose(&mut self) -> Result<(), Fault> {
        if self.cluster.from + 2 > self.size.cols() {
            return Err(Fault::Position);
        }
        self.cluster.is_open = true;
        self.row_known = false;
        self.column = None;
        Ok(())
    }

    /// Whether a code point and the one before it, both checked, show as one.
    fn is_of_one_grapheme(&self, text: &[u8]) -> bool {
        let before = self.bytes[..self.at].iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(self.at);
        let both = std::str::from_utf8(&self.bytes[before..self.at + text.len()]).unwrap_or_default();
        both.graphemes(true).nth(1).is_none()
    }

    #[inline]
    fn advance(&mut self, columns: u16) -> Result<u16, Fault> {
        let after = self.column.filter(|_| self.row_known).ok_or(Fault::Position)?.saturating_add(columns);
        if after > self.size.cols() {
            return Err(Fault::Position);
        }
        self.column = Some(after);
        Ok(after)
    }
    fn sequence(&mut self) -> Result<(), Fault> {
        if self.bytes.get(self.at + 1) != Some(&b'[') {
            return Err(Fault::Sequence);
        }
        self.at += 2;
        self.cluster = Cluster::default();
        let mut params = Params { values: [UNSAID; PARAMS_MAX], len: 0 };
        self.params(&mut params)?;
        let end = *self.bytes.get(self.at).ok_or(Fault::Sequence)?;
        self.at += 1;
        match end {
            b'm' => self.sgr(&params),
            b'H' if params.len <= 2 => {
                params.position(0, self.size.rows())?;
                self.column = Some(params.position(1, self.size.cols())?);
                self.row_known = true;
                Ok(())
            }
            b'G' if params.len <= 1 => {
                self.column = Some(params.position(0, self.size.cols())?);
                Ok(())
            }
            b'd' if params.len <= 1 => {
                params.position(0, self.size.rows())?;
                self.row_known = true;
                Ok(())
            }
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
        self.column.filter(|column| self.row_known && *column < self.size.cols()).ok_or(Fault::Position)
    }

    /// What stands before a sequence's last byte. Most bytes of a frame are digits of colours: they are read without a
    /// look at anything else.
    #[inline]
    fn params(&mut self, params: &mut Params) -> Result<(), Fault> {
        let (bytes, mut at) = (self.bytes, self.at);
        loop {
            let (from, mut value) = (at, 0);
            while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit <= 9) {
                // Four digits hold every position; five could not overflow.
                value = value * 10 + u16::from(digit);
                if value > PARAM_MAX {
                    return Err(Fault::Parameter);
                }
                at += 1;
            }
            let (is_said, is_last) = (at > from, bytes.get(at) != Some(&b';'));
            if is_said || !is_last || params.len > 0 {
                let place = params.values.get_mut(params.len).ok_or(Fault::Parameter)?;
                *place = if is_said { value } else { UNSAID };
                params.len += 1;
            }
            if is_last {
                self.at = at;
                return Ok(());
            }
            at += 1;
        }
    }

    fn sgr(&mut self, params: &Params) -> Result<(), Fault> {
        self.is_styled &= params.len > 0;
        let mut values = params.values[..params.len].iter();
        while let Some(value) = values.next() {
            match value {
                0 => self.is_styled = false,
                1..=4 | 7 | 22..=24 | 27 | 30..=37 | 39..=47 | 49 | 90..=97 | 100..=107 => self.is_styled = true,
                38 | 48 => {
                    let channels = match values.next() {
                        Some(2) => 3,
                        Some(5) => 1,
                        _ => return Err(Fault::Parameter),
                    };
                    self.is_styled = true;
                    for _ in 0..channels {
                        if !matches!(values.next(), Some(0..=255)) {
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
        match self.values[index] {
            UNSAID => Ok(0),
            value if (1..=bound).contains(&value) => Ok(value - 1),
            _ => Err(Fault::Parameter),
        }
    }
}

/// Looks at all of it at once: how long a stretch is cannot be guessed, and so is no branch within it.
#[inline]
fn is_drawing([lead, high, low]: [u8; 3]) -> bool {
    let is_formed = (lead == 0xe2) & (high & 0xc0 == 0x80) & (low & 0xc0 == 0x80);
    // What it lies above U+2000.
    let above = u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f);
    let is_box_or_block = above.wrapping_sub(0x500) <= 0x9f;
    let is_braille = above.wrapping_sub(0x801) <= 0xfe;
    is_formed & (is_box_or_block | is_braille)
}

#[cfg(test)]
mod tests;
