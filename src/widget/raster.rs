//! Dots finer than cells, and how each glyph set shows them.
//!
//! Invariant: a dot outside is ignored; a cell shows all its dots and belongs to the line drawn last.

use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::model::GlyphSet;

/// A plot's dots: per cell the dots that are set, and whose they are.
pub(super) struct Raster {
    glyphs: GlyphSet,
    width: usize,
    height: usize,
    /// Low byte: dots; high byte: the owner, counted from 1.
    cells: Vec<u16>,
    /// The line whose lower side is filled, if any.
    filled: Option<u8>,
    /// Its highest dot by column of dots; as many as there are dots down where it has none.
    tops: Vec<u16>,
}

/// Bits of a braille cell by row and column.
const BRAILLE: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The upper and the lower half.
const HALVES: [Glyph; 4] = [Glyph::BLANK, Glyph::new('▀'), Glyph::new('▄'), Glyph::new('█')];

/// High, middle and low in one character.
const THIRDS: [Glyph; 8] = [
    Glyph::BLANK,
    Glyph::new('\''),
    Glyph::new('-'),
    Glyph::new('\''),
    Glyph::new('.'),
    Glyph::new('|'),
    Glyph::new('.'),
    Glyph::new('|'),
];

/// What tells the lines of an ASCII chart apart: the first is drawn finely, the others with a mark of their own.
pub(super) const ASCII_MARKS: [Glyph; 8] = [
    Glyph::new('-'),
    Glyph::new('*'),
    Glyph::new('+'),
    Glyph::new('o'),
    Glyph::new('x'),
    Glyph::new('#'),
    Glyph::new('@'),
    Glyph::new('%'),
];

/// Dots of one cell across and down.
pub(super) const fn dots_per_cell(glyphs: GlyphSet) -> (u16, u16) {
    match glyphs {
        GlyphSet::Braille => (2, 4),
        GlyphSet::Block => (1, 2),
        GlyphSet::Ascii => (1, 3),
    }
}

// === impl Raster ===

impl Raster {
    pub(super) fn new(width: u16, height: u16, glyphs: GlyphSet, filled: Option<u8>) -> Raster {
        let (across, down) = dots_per_cell(glyphs);
        let columns = if filled.is_some() { usize::from(width) * usize::from(across) } else { 0 };
        let (width, height) = (usize::from(width), usize::from(height));
        Raster {
            glyphs,
            width,
            height,
            cells: vec![0; width * height],
            filled,
            tops: vec![height as u16 * down; columns],
        }
    }

    /// By column of cells the first row that lies under the filled line; empty when none is filled. A cell that the
    /// line passes in its upper half counts as under it.
    pub(super) fn filled_from(&self) -> Vec<u16> {
        let (across, down) = dots_per_cell(self.glyphs);
        let row = |tops: &[u16]| (tops.iter().copied().max().unwrap_or(0) + down / 2) / down;
        self.tops.chunks_exact(usize::from(across)).map(row).collect()
    }

    /// Dots across and down.
    pub(super) fn dots(&self) -> (i32, i32) {
        let (across, down) = dots_per_cell(self.glyphs);
        ((self.width * usize::from(across)) as i32, (self.height * usize::from(down)) as i32)
    }

    /// All dots of a column between two rows, both included.
    #[inline]
    pub(super) fn column(&mut self, x: i32, from: i32, to: i32, owner: u8) {
        let (across, down) = self.dots();
        let (from, to) = (from.min(to).max(0), from.max(to).min(down - 1));
        if x < 0 || x >= across {
            return;
        }
        let x = x as usize;
        if self.filled == Some(owner) && from <= to {
            self.tops[x] = self.tops[x].min(from as u16);
        }
        let mark = u16::from(owner % 8 + 1) << 8;
        match self.glyphs {
            GlyphSet::Braille => {
                for y in from as usize..(to + 1).max(from) as usize {
                    let cell = &mut self.cells[(y >> 2) * self.width + (x >> 1)];
                    *cell = *cell & 0xff | mark | u16::from(BRAILLE[y & 3][x & 1]);
                }
            }
            GlyphSet::Block => {
                for y in from as usize..(to + 1).max(from) as usize {
                    let cell = &mut self.cells[(y >> 1) * self.width + x];
                    *cell = *cell & 0xff | mark | 1 << (y & 1);
                }
            }
            GlyphSet::Ascii => {
                for y in from as usize..(to + 1).max(from) as usize {
                    let cell = &mut self.cells[y / 3 * self.width + x];
                    *cell = *cell & 0xff | mark | 1 << (y % 3);
                }
            }
        }
    }

    /// A straight line between two dots of different columns, `from` left of `to`. Each column gets all rows the line
    /// passes in it, so a steep line has no holes.
    pub(super) fn line(&mut self, from: (i32, i32), to: (i32, i32), owner: u8) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let mut y = from.1;
        for x in from.0..=to.0 {
            // Where the line leaves this column: half-way to the next.
            let leave = if x == to.0 { to.1 } else { from.1 + (dy * (2 * (x - from.0) + 1)).div_euclid(2 * dx) };
            self.column(x, y, leave, owner);
            y = leave + (to.1 - leave).signum() * i32::from(dy.abs() > dx);
        }
    }

    /// Puts every cell that has dots on the canvas. `style` is asked for each owner, outside the filled part and in it.
    pub(super) fn paint(
        &self,
        canvas: &mut Canvas<'_>,
        plot: Rect,
        filled_from: &[u16],
        style: impl Fn(usize, bool) -> Style,
    ) {
        if self.width == 0 {
            return;
        }
        let styles: [[Style; 8]; 2] = [false, true].map(|filled| std::array::from_fn(|owner| style(owner, filled)));
        for (y, row) in self.cells.chunks_exact(self.width).enumerate() {
            for (x, cell) in row.iter().enumerate().filter(|(_, cell)| **cell != 0) {
                let (bits, owner) = ((cell & 0xff) as u8, usize::from(cell >> 8) - 1);
                let glyph = match self.glyphs {
                    GlyphSet::Braille => Glyph::dots(bits),
                    GlyphSet::Block => HALVES[usize::from(bits & 3)],
                    GlyphSet::Ascii if owner == 0 => THIRDS[usize::from(bits & 7)],
                    GlyphSet::Ascii => ASCII_MARKS[owner],
                };
                let filled = filled_from.get(x).is_some_and(|from| usize::from(*from) <= y);
                canvas.glyph(plot.x + x as u16, plot.y + y as u16, glyph, styles[usize::from(filled)][owner]);
            }
        }
    }
}
