//! What stands in a cell, in 32 bits: a code point or an interned cluster, and how wide it is.
//!
//! Invariant: within one grid equal symbols show equal text. Across grids that holds only for code points; interned
//! ones are resolved by the grid they came from.

use crate::base::limits;
use crate::label::agreed_columns;

/// One cell's text in packed form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol(pub u32);

/// A drawing character of one column, from sets that every terminal draws one column wide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Glyph(char);

const VALUE_MASK: u32 = (1 << 21) - 1;
/// The value is an index into the grid's clusters, not a code point.
const INTERNED: u32 = 1 << 21;
/// The left half of something two columns wide.
const WIDE: u32 = 1 << 22;
/// The right half of the cell before.
const TAIL: u32 = 1 << 23;
/// Terminals disagree on how wide this is.
const UNCERTAIN: u32 = 1 << 24;

// Every cell its own cluster, and as many again waiting to be compacted, must be countable.
const _: () = assert!(2 * limits::COLS_MAX as u32 * limits::ROWS_MAX as u32 + 64 < VALUE_MASK);

// === impl Symbol ===

impl Symbol {
    pub const BLANK: Symbol = Symbol(' ' as u32);
    pub const TAIL: Symbol = Symbol(TAIL);

    #[inline]
    pub(super) const fn code_point(value: char, wide: bool, certain: bool) -> Symbol {
        Symbol(value as u32 | flags(wide, certain))
    }

    #[inline]
    pub(super) const fn interned(id: u32, wide: bool, certain: bool) -> Symbol {
        Symbol(id & VALUE_MASK | INTERNED | flags(wide, certain))
    }

    #[inline]
    pub const fn is_blank(self) -> bool {
        self.0 == Symbol::BLANK.0
    }

    #[inline]
    pub const fn is_tail(self) -> bool {
        self.0 & TAIL != 0
    }

    #[inline]
    pub const fn is_wide(self) -> bool {
        self.0 & WIDE != 0
    }

    #[inline]
    pub const fn is_interned(self) -> bool {
        self.0 & INTERNED != 0
    }

    /// Whether this is one code point of the Basic Multilingual Plane, one column wide on all terminals.
    #[inline]
    pub const fn is_plain(self) -> bool {
        self.0 < 0x1_0000
    }

    /// Whether all terminals agree on how far this moves the cursor.
    #[inline]
    pub const fn is_certain(self) -> bool {
        self.0 & UNCERTAIN == 0
    }

    /// The code point or the cluster's index.
    #[inline]
    pub const fn value(self) -> u32 {
        self.0 & VALUE_MASK
    }

    /// The same flags over another cluster.
    pub(super) const fn renumbered(self, id: u32) -> Symbol {
        Symbol(self.0 & !VALUE_MASK | id & VALUE_MASK)
    }

    /// 1 or 2, and 0 for a right half.
    #[inline]
    pub const fn columns(self) -> u16 {
        if self.is_tail() {
            0
        } else if self.is_wide() {
            2
        } else {
            1
        }
    }
}

/// All braille cells by their dots: whether each is a glyph is found out while compiling, not for every dot that is drawn.
static DOTS: [Glyph; 256] = {
    let mut dots = [Glyph::BLANK; 256];
    let mut bits = 0;
    while bits < dots.len() {
        if let Some(value) = char::from_u32(0x2800 + bits as u32) {
            dots[bits] = Glyph::new(value);
        }
        bits += 1;
    }
    dots
};

const fn flags(wide: bool, certain: bool) -> u32 {
    (if wide { WIDE } else { 0 }) | (if certain { 0 } else { UNCERTAIN })
}

// === impl Glyph ===

impl Glyph {
    pub const BLANK: Glyph = Glyph(' ');

    /// A drawing character: printable ASCII, box drawing, blocks, braille, geometric shapes or arrows.
    ///
    /// # Panics
    /// Outside those sets, and for the shapes and arrows that an emoji font may draw two columns wide. In a `const` that
    /// is an error while compiling, which is how this is meant to be used.
    pub const fn new(value: char) -> Glyph {
        // An empty braille cell is a blank, and some fonts draw it as eight rings.
        if value == '\u{2800}' {
            return Glyph::BLANK;
        }
        let drawable = matches!(value,
            ' '..='~' | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{25ff}' | '\u{2801}'..='\u{28ff}');
        assert!(drawable && matches!(agreed_columns(value), Some(1)), "a glyph is a drawing character of one column");
        Glyph(value)
    }

    /// The braille cell with these dots: bit 0 is the upper left, then down; bit 3 the upper right, then down; bits 6
    /// and 7 the bottom row.
    #[inline]
    pub const fn dots(bits: u8) -> Glyph {
        DOTS[bits as usize]
    }

    pub const fn char(self) -> char {
        self.0
    }

    #[inline]
    pub(super) const fn symbol(self) -> Symbol {
        Symbol::code_point(self.0, false, true)
    }
}
