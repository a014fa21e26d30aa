//! Writes what a terminal understands and keeps in mind where its cursor is and how it draws.
//!
//! Invariants: a cursor position is known only where every terminal agrees on it: not before the first addressing, not
//! after text of uncertain width, not after the last column. Erasing happens only with a background and attributes
//! that all terminals erase alike.

use super::fallback;
use super::palette::Reducer;
use super::sgr::Transitions;
use crate::frame::{Grid, PackedStyle, Symbol};

/// What stays the same from frame to frame: tables and the encoding.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub reducer: Reducer,
    pub transitions: Transitions,
    pub ascii: bool,
}

/// One frame being written.
#[derive(Debug)]
pub(super) struct Pen<'a> {
    out: &'a mut Vec<u8>,
    tables: &'a mut Tables,
    cols: u16,
    /// Column and row, if known.
    cursor: Option<(u16, u16)>,
    /// As reduced.
    style: PackedStyle,
}

/// Longer than the longest sequence: two positions of four digits.
const CONTROL_BYTES_MAX: usize = 12;
/// So many symbols are put together before they are written.
const BATCH: usize = 8;
/// Bytes of `CSI`.
const CSI: &[u8] = b"\x1b[";

// === impl Pen ===

impl<'a> Pen<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, tables: &'a mut Tables, cols: u16) -> Pen<'a> {
        Pen { out, tables, cols, cursor: None, style: PackedStyle::DEFAULT }
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn tables(&mut self) -> &mut Tables {
        self.tables
    }

    pub(super) fn cols(&self) -> u16 {
        self.cols
    }

    #[inline]
    pub(super) fn style(&self) -> PackedStyle {
        self.style
    }

    /// Changes the style of what follows.
    #[inline]
    pub(super) fn set_style(&mut self, style: PackedStyle) {
        if style != self.style {
            self.tables.transitions.sequence(self.style, style).append_to(self.out);
            self.style = style;
        }
    }

    /// Moves the cursor, if it is not there already.
    pub(super) fn go_to(&mut self, x: u16, y: u16) {
        match self.cursor {
            Some(at) if at == (x, y) => return,
            Some((_, row)) if row == y => self.control(&[x], b'G'),
            Some((column, _)) if column == x && x > 0 => self.control(&[y], b'd'),
            _ if x == 0 => self.control(&[y], b'H'),
            _ => self.control(&[y, x], b'H'),
        }
        self.cursor = Some((x, y));
    }

    /// The bytes `go_to` takes within a row.
    #[inline]
    pub(super) fn column_cost(x: u16) -> u16 {
        3 + digits(x)
    }

    /// The bytes `go_to` takes between rows.
    #[inline]
    pub(super) fn position_cost(x: u16, y: u16) -> u16 {
        if x == 0 { 3 + digits(y) } else { 4 + digits(y).max(1) + digits(x) }
    }

    /// The bytes `erase` takes.
    #[inline]
    pub(super) fn erase_cost(count: u16) -> u16 {
        3 + digits(count - 1)
    }

    /// The text of neighbouring cells at the cursor, in the style set.
    pub(super) fn text(&mut self, grid: &Grid, symbols: &[u32]) {
        let mut rest = symbols;
        while let Some(first) = rest.first() {
            let mut written = self.plain(rest);
            if written == 0 {
                self.special(grid, Symbol(*first));
                written = 1;
            }
            rest = &rest[written..];
        }
    }

    /// The leading plain symbols, a batch of them at most, and how many cells that was. They are put together before they are
    /// written.
    #[inline]
    fn plain(&mut self, symbols: &[u32]) -> usize {
        let end = if self.tables.ascii { 0x80 } else { 0x1_0000 };
        // Most long texts are of one kind throughout, which takes no branch for each symbol.
        if let Some(batch) = symbols.first_chunk::<BATCH>() {
            let (all, least) = batch.iter().fold((0, u32::MAX), |(all, least), one| (all | one, least.min(*one)));
            if all < 0x80 {
                self.out.extend_from_slice(&batch.map(|symbol| symbol as u8));
                self.advance(BATCH);
                return BATCH;
            }
            if all < end && least >= 0x800 {
                self.out.extend_from_slice(batch.map(triple).as_flattened());
                self.advance(BATCH);
                return BATCH;
            }
        }
        let mut bytes = [0; 3 * BATCH + 1];
        let (mut len, mut count) = (0, 0);
        for value in symbols.iter().take(BATCH).take_while(|symbol| **symbol < end) {
            let (encoded, taken) = utf_8(*value);
            bytes[len..len + 4].copy_from_slice(&encoded);
            len += taken;
            count += 1;
        }
        append(self.out, &bytes, len);
        self.advance(count);
        count
    }

    /// `count` blanks in the style set.
    pub(super) fn blanks(&mut self, count: u16) {
        let len = self.out.len();
        self.out.resize(len + usize::from(count), b' ');
        self.advance(usize::from(count));
    }

    /// Blanks `count` cells from the cursor on and leaves it there.
    pub(super) fn erase(&mut self, count: u16) {
        self.control(&[count - 1], b'X');
    }

    /// Blanks the row from the cursor on.
    pub(super) fn erase_to_end(&mut self) {
        self.control(&[0], b'K');
    }

    /// What is wide, interned, of doubtful width or in need of a stand-in.
    fn special(&mut self, grid: &Grid, symbol: Symbol) {
        let columns = symbol.columns();
        if columns == 0 {
            return;
        }
        if self.tables.ascii {
            let stand_in = if symbol.is_interned() { b'?' } else { fallback::ascii(symbol.value()) };
            for _ in 0..columns {
                self.out.push(stand_in);
            }
            self.advance(usize::from(columns));
            return;
        }
        if symbol.is_certain() {
            self.code_point(symbol.value());
            self.advance(usize::from(columns));
            return;
        }
        if columns == 2
            && let Some((x, y)) = self.cursor
        {
            // Where a terminal takes one column only, nothing old may stand in the other.
            self.blanks(2);
            self.cursor = Some((x + 2, y));
            self.go_to(x, y);
        }
        if symbol.is_interned() {
            self.out.extend_from_slice(grid.cluster(symbol).as_bytes());
        } else {
            self.code_point(symbol.value());
        }
        self.cursor = None;
    }

    #[inline]
    fn code_point(&mut self, value: u32) {
        if value < 0x1_0000 {
            let (encoded, taken) = utf_8(value);
            self.out.extend_from_slice(&encoded[..taken]);
            return;
        }
        let mut bytes = [0; 4];
        let text = char::from_u32(value).unwrap_or(' ').encode_utf8(&mut bytes);
        self.out.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn advance(&mut self, columns: usize) {
        let columns = u16::try_from(columns).expect("invariant: within a row");
        self.cursor = match self.cursor {
            // After the last column a terminal is about to wrap; where its cursor counts as being differs.
            Some((x, y)) if x + columns < self.cols => Some((x + columns, y)),
            _ => None,
        };
    }

    /// A control sequence; parameters count from 0 here and from 1 on the wire. A lone first one is left out.
    fn control(&mut self, params: &[u16], end: u8) {
        let mut bytes = [0; CONTROL_BYTES_MAX];
        bytes[..CSI.len()].copy_from_slice(CSI);
        let mut len = CSI.len();
        if params != [0] {
            for (index, param) in params.iter().enumerate() {
                if index > 0 {
                    bytes[len] = b';';
                    len += 1;
                }
                len += number(param + 1, &mut bytes[len..]);
            }
        }
        bytes[len] = end;
        append(self.out, &bytes, len + 1);
    }
}

/// Appends the first bytes of an array. Some more are copied and cut off again, which is faster than a copy of a length that is
/// not known.
#[inline]
pub(super) fn append<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N], len: usize) {
    const { assert!(N <= super::BYTES_BEYOND) }
    debug_assert!(len <= N, "{len} of {N} bytes");
    let end = out.len() + len;
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// A code point of the Basic Multilingual Plane that is a character, and how many of the bytes it takes.
#[inline(always)]
fn utf_8(value: u32) -> ([u8; 4], usize) {
    match value {
        0..0x80 => (value.to_le_bytes(), 1),
        0x80..0x800 => ((0x80c0 | value >> 6 | (value & 0x3f) << 8).to_le_bytes(), 2),
        _ => {
            let [first, second, third] = triple(value);
            ([first, second, third, 0], 3)
        }
    }
}

#[inline(always)]
fn triple(value: u32) -> [u8; 3] {
    let [_, _, high, low] = value.to_be_bytes();
    [0xe0 | high >> 4, 0x80 | (high & 0x0f) << 2 | low >> 6, 0x80 | low & 0x3f]
}

/// Writes a position in decimal and returns its digits.
#[inline]
fn number(value: u16, to: &mut [u8]) -> usize {
    let digit = |place: u16| b'0' + (value / place % 10) as u8;
    match value {
        0..10 => to[0] = digit(1),
        10..100 => to[..2].copy_from_slice(&[digit(10), digit(1)]),
        100..1000 => to[..3].copy_from_slice(&[digit(100), digit(10), digit(1)]),
        _ => to[..4].copy_from_slice(&[digit(1000), digit(100), digit(10), digit(1)]),
    }
    usize::from(digits(value - 1).max(1))
}

/// How many digits the parameter for this position takes; none for the first.
#[inline]
fn digits(from_zero: u16) -> u16 {
    match from_zero {
        0 => 0,
        1..9 => 1,
        9..99 => 2,
        99..999 => 3,
        _ => 4,
    }
}
