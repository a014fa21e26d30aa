//! Digits several rows high.
//!
//! Invariant: every digit of a font is equally wide, so a value keeps its place while it changes.

use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::model::GlyphSet;

/// A way to draw digits, a point and a minus.
pub(super) enum Font {
    /// Dots of two columns and a row each.
    Large(Glyph),
    /// Dots of a column and half a row each.
    Halves,
    /// Seven strokes.
    Strokes,
}

/// Three dots across in each of five rows, bit 2 on the left.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [6, 2, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 1, 1],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];
const MINUS: [u8; 5] = [0, 0, 7, 0, 0];
const POINT: [u8; 5] = [0, 0, 0, 0, 4];

const STROKES: [[&[u8; 3]; 3]; 10] = [
    [b" _ ", b"| |", b"|_|"],
    [b"   ", b"  |", b"  |"],
    [b" _ ", b" _|", b"|_ "],
    [b" _ ", b" _|", b" _|"],
    [b"   ", b"|_|", b"  |"],
    [b" _ ", b"|_ ", b" _|"],
    [b" _ ", b"|_ ", b"|_|"],
    [b" _ ", b"  |", b"  |"],
    [b" _ ", b"|_|", b"|_|"],
    [b" _ ", b"|_|", b" _|"],
];
const STROKES_MINUS: [&[u8; 3]; 3] = [b"   ", b" _ ", b"   "];
const STROKES_POINT: [&[u8; 3]; 3] = [b"   ", b"   ", b".  "];

/// Dots across of a digit.
const ACROSS: u16 = 3;

// === impl Font ===

impl Font {
    pub(super) fn large(glyphs: GlyphSet) -> Font {
        Font::Large(if glyphs == GlyphSet::Ascii { Glyph::new('#') } else { Glyph::new('█') })
    }

    pub(super) fn medium(glyphs: GlyphSet) -> Font {
        if glyphs == GlyphSet::Ascii { Font::Strokes } else { Font::Halves }
    }

    pub(super) fn rows(&self) -> u16 {
        match self {
            Font::Large(_) => 5,
            Font::Halves | Font::Strokes => 3,
        }
    }

    /// Columns of a number, the last gap not included.
    pub(super) fn columns(&self, number: &str) -> u16 {
        let columns = number.chars().map(|c| across(c) + 1).fold(0, u16::saturating_add);
        columns.saturating_sub(1).saturating_mul(self.scale())
    }

    pub(super) fn paint(&self, number: &str, canvas: &mut Canvas<'_>, style: Style) {
        let mut x = 0;
        for c in number.chars() {
            let area = Rect::new(x, 0, across(c) * self.scale(), self.rows());
            let mut canvas = canvas.sub(area);
            match self {
                Font::Large(dot) => large(dots(c), *dot, &mut canvas, style),
                Font::Halves => halves(dots(c), &mut canvas, style),
                Font::Strokes => strokes(c, &mut canvas, style),
            }
            x = x.saturating_add((across(c) + 1) * self.scale());
        }
    }

    /// Columns of a dot.
    fn scale(&self) -> u16 {
        match self {
            Font::Large(_) => 2,
            Font::Halves | Font::Strokes => 1,
        }
    }
}

fn across(c: char) -> u16 {
    if c == '.' { 1 } else { ACROSS }
}

fn dots(c: char) -> [u8; 5] {
    match (c.to_digit(10), c) {
        (Some(digit), _) => DIGITS[digit as usize],
        (None, '.') => POINT,
        (None, '-') => MINUS,
        _ => [0; 5],
    }
}

fn large(dots: [u8; 5], dot: Glyph, canvas: &mut Canvas<'_>, style: Style) {
    for (y, row) in (0..).zip(dots) {
        for x in (0..ACROSS).filter(|x| row >> (2 - x) & 1 == 1) {
            canvas.fill(Rect::new(2 * x, y, 2, 1), dot, style);
        }
    }
}

fn halves(dots: [u8; 5], canvas: &mut Canvas<'_>, style: Style) {
    for y in 0..3u16 {
        let row = usize::from(2 * y);
        let (upper, lower) = (dots[row], dots.get(row + 1).copied().unwrap_or(0));
        for x in 0..ACROSS {
            let glyph = match (upper >> (2 - x) & 1, lower >> (2 - x) & 1) {
                (0, 0) => continue,
                (1, 0) => Glyph::new('▀'),
                (0, _) => Glyph::new('▄'),
                _ => Glyph::new('█'),
            };
            canvas.glyph(x, y, glyph, style);
        }
    }
}

fn strokes(c: char, canvas: &mut Canvas<'_>, style: Style) {
    let rows = match (c.to_digit(10), c) {
        (Some(digit), _) => STROKES[digit as usize],
        (None, '.') => STROKES_POINT,
        (None, '-') => STROKES_MINUS,
        _ => return,
    };
    for (y, row) in (0..).zip(rows) {
        for (x, stroke) in (0..).zip(row) {
            let glyph = match stroke {
                b'_' => Glyph::new('_'),
                b'|' => Glyph::new('|'),
                b'.' => Glyph::new('.'),
                _ => continue,
            };
            canvas.glyph(x, y, glyph, style);
        }
    }
}
