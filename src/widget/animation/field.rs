//! Dots with a brightness, in cells.

use super::{PARTS, SHADES};
use crate::frame::{Canvas, Glyph, Style};
use crate::model::GlyphSet;
use crate::widget::raster::{Braille, Dots, Halves};

/// The cells of one picture.
pub(super) struct Field {
    width: i64,
    height: i64,
    glyphs: GlyphSet,
    /// Row by row: the dots that are set, and one more than the shade; 0 is nothing.
    cells: Vec<(u8, u8)>,
}

/// What an ASCII picture shows for each shade.
const ASCII: [Glyph; SHADES] = {
    let (faint, middle, bright) = (Glyph::new('.'), Glyph::new('+'), Glyph::new('*'));
    [faint, faint, faint, middle, middle, middle, bright, bright]
};

// === impl Field ===

impl Field {
    pub(super) fn new(width: u16, height: u16, glyphs: GlyphSet) -> Field {
        let cells = vec![(0, 0); usize::from(width) * usize::from(height)];
        Field { width: width.into(), height: height.into(), glyphs, cells }
    }

    /// One dot of a shade at a place in parts of cells; nothing outside. The brightest dot decides for its cell.
    #[inline]
    pub(super) fn dot(&mut self, x: i64, y: i64, shade: usize) {
        let (column, row) = (x.div_euclid(PARTS), y.div_euclid(PARTS));
        if !(0..self.width).contains(&column) || !(0..self.height).contains(&row) {
            return;
        }
        let part = |at: i64, dots: usize| (at.rem_euclid(PARTS) as usize * dots) / PARTS as usize;
        let bits = match self.glyphs {
            GlyphSet::Braille => {
                let down = part(y, Braille::DOWN);
                Braille::BITS[part(x, Braille::ACROSS)][1 << down]
            }
            GlyphSet::Block => {
                let down = part(y, Halves::DOWN);
                Halves::BITS[0][1 << down]
            }
            GlyphSet::Ascii => 1,
        };
        let cell = &mut self.cells[(row * self.width + column) as usize];
        *cell = (cell.0 | bits, cell.1.max(shade.min(SHADES - 1) as u8 + 1));
    }

    /// Puts all dots on a canvas of the field's size. `glyph` may choose another sign for the dots of a shade.
    pub(super) fn paint(
        &self,
        canvas: &mut Canvas<'_>,
        shades: &[Style; SHADES],
        glyph: impl Fn(usize) -> Option<Glyph>,
    ) {
        let mut cells = self.cells.iter();
        for y in 0..self.height as u16 {
            for (x, (bits, shade)) in (0..self.width as u16).zip(cells.by_ref()) {
                let Some(shade) = usize::from(*shade).checked_sub(1) else { continue };
                let sign = match self.glyphs {
                    GlyphSet::Braille => Glyph::dots(*bits),
                    GlyphSet::Block => Halves::glyph(*bits, 0),
                    GlyphSet::Ascii => ASCII[shade],
                };
                canvas.glyph(x, y, glyph(shade).unwrap_or(sign), shades[shade]);
            }
        }
    }
}
