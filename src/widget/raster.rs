//! Dots finer than cells, and how each glyph set shows them.
//!
//! Invariant: a dot outside is ignored; a cell shows all its dots and belongs to the line drawn last.

use std::marker::PhantomData;

use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::model::GlyphSet;

/// How a glyph set draws dots. A type and not a value: the inner loops divide by these numbers, and division by a
/// constant costs next to nothing.
pub(super) trait Dots {
    /// Dots of one cell.
    const ACROSS: usize;
    const DOWN: usize;
    /// Bits of a stretch of dots in one cell: by column, first row and last row.
    const BITS: [[[u8; 4]; 4]; 2];

    /// What shows these dots of the line with this number.
    fn glyph(bits: u8, owner: usize) -> Glyph;
}

/// Eight dots a cell.
pub(super) struct Braille;
/// The upper and the lower half of a cell.
pub(super) struct Halves;
/// High, middle and low in one character.
pub(super) struct Thirds;

/// A plot's dots: per cell the dots that are set, and whose they are.
pub(super) struct Raster<D> {
    /// Cells down.
    height: usize,
    /// Dots across and down.
    across: i32,
    down: i32,
    /// Column by column, because lines rise and fall. Low byte: dots; high byte: the owner, counted from 1.
    cells: Vec<u16>,
    /// By column of cells the rows that have dots, the end not included: most of a plot has none.
    spans: Vec<(u16, u16)>,
    /// The line whose lower side is filled, if any.
    filled: Option<u8>,
    /// Its highest dot by column of dots; as many as there are dots down where it has none.
    tops: Vec<u16>,
    dots: PhantomData<D>,
}

const HALVES: [Glyph; 4] = [Glyph::BLANK, Glyph::new('▀'), Glyph::new('▄'), Glyph::new('█')];

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

const fn stretches(dots: [u8; 4]) -> [[u8; 4]; 4] {
    let mut stretches = [[0; 4]; 4];
    let mut first = 0;
    while first < 4 {
        let (mut last, mut bits) = (first, 0);
        while last < 4 {
            bits |= dots[last];
            stretches[first][last] = bits;
            last += 1;
        }
        first += 1;
    }
    stretches
}

/// Dots of one cell across and down.
pub(super) const fn dots_per_cell(glyphs: GlyphSet) -> (u16, u16) {
    match glyphs {
        GlyphSet::Braille => (Braille::ACROSS as u16, Braille::DOWN as u16),
        GlyphSet::Block => (Halves::ACROSS as u16, Halves::DOWN as u16),
        GlyphSet::Ascii => (Thirds::ACROSS as u16, Thirds::DOWN as u16),
    }
}

// === impl Dots ===

impl Dots for Braille {
    const ACROSS: usize = 2;
    const DOWN: usize = 4;
    const BITS: [[[u8; 4]; 4]; 2] = [stretches([0x01, 0x02, 0x04, 0x40]), stretches([0x08, 0x10, 0x20, 0x80])];

    #[inline]
    fn glyph(bits: u8, _: usize) -> Glyph {
        Glyph::dots(bits)
    }
}

impl Dots for Halves {
    const ACROSS: usize = 1;
    const DOWN: usize = 2;
    const BITS: [[[u8; 4]; 4]; 2] = [stretches([1, 2, 0, 0]); 2];

    #[inline]
    fn glyph(bits: u8, _: usize) -> Glyph {
        HALVES[usize::from(bits & 3)]
    }
}

impl Dots for Thirds {
    const ACROSS: usize = 1;
    const DOWN: usize = 3;
    const BITS: [[[u8; 4]; 4]; 2] = [stretches([1, 2, 4, 0]); 2];

    #[inline]
    fn glyph(bits: u8, owner: usize) -> Glyph {
        if owner == 0 { THIRDS[usize::from(bits & 7)] } else { ASCII_MARKS[owner % ASCII_MARKS.len()] }
    }
}

// === impl Raster ===

impl<D: Dots> Raster<D> {
    /// A raster of so many cells; `filled` is the number of the line whose lower side is filled.
    pub(super) fn new(width: u16, height: u16, filled: Option<u8>) -> Raster<D> {
        let (across, down) = (usize::from(width) * D::ACROSS, usize::from(height) * D::DOWN);
        Raster {
            height: usize::from(height),
            across: across as i32,
            down: down as i32,
            cells: vec![0; usize::from(width) * usize::from(height)],
            spans: vec![(u16::MAX, 0); usize::from(width)],
            filled,
            tops: vec![down as u16; if filled.is_some() { across } else { 0 }],
            dots: PhantomData,
        }
    }

    /// From now on the line with this number is the one whose lower side is filled.
    pub(super) fn follow(&mut self, filled: u8) {
        self.filled = Some(filled);
        self.tops.clear();
        self.tops.resize(self.across as usize, self.down as u16);
    }

    /// By column of cells the first row that lies under the filled line; empty when none is filled. A cell that the
    /// line passes in its upper half counts as under it.
    pub(super) fn filled_from(&self) -> Vec<u16> {
        let row = |tops: &[u16]| (tops.iter().copied().max().unwrap_or(0) + D::DOWN as u16 / 2) / D::DOWN as u16;
        self.tops.chunks_exact(D::ACROSS).map(row).collect()
    }

    /// Dots across and down.
    pub(super) fn dots(&self) -> (i32, i32) {
        (self.across, self.down)
    }

    /// All dots of a column between two rows, both included.
    #[inline]
    pub(super) fn column(&mut self, x: i32, from: i32, to: i32, owner: u8) {
        let (from, to) = (from.min(to).max(0), from.max(to).min(self.down - 1));
        if x < 0 || x >= self.across || from > to {
            return;
        }
        let (x, from, to) = (x as usize, from as usize, to as usize);
        if self.filled == Some(owner) {
            self.tops[x] = self.tops[x].min(from as u16);
        }
        let (column, half) = (x / D::ACROSS, x % D::ACROSS);
        let (first, last) = (from / D::DOWN, to / D::DOWN);
        let span = &mut self.spans[column];
        *span = (span.0.min(first as u16), span.1.max(last as u16 + 1));
        let mark = u16::from(owner % 8 + 1) << 8;
        let cells = &mut self.cells[column * self.height + first..=column * self.height + last];
        if let [cell] = cells {
            let bits = D::BITS[half][from % D::DOWN][to % D::DOWN];
            *cell = *cell & 0xff | mark | u16::from(bits);
            return;
        }
        // Whole cells at once; only the first and the last may be partly passed.
        let count = cells.len();
        for (index, cell) in cells.iter_mut().enumerate() {
            let top = if index == 0 { from % D::DOWN } else { 0 };
            let bottom = if index + 1 == count { to % D::DOWN } else { D::DOWN - 1 };
            *cell = *cell & 0xff | mark | u16::from(D::BITS[half][top][bottom]);
        }
    }

    /// A straight line between two dots of different columns, `from` left of `to`. Each column gets all rows the line
    /// passes in it, so a steep line has no holes.
    #[inline]
    pub(super) fn line(&mut self, from: (i32, i32), to: (i32, i32), owner: u8) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if dx == 1 {
            // By far the most frequent: neighbours, most of them level, so that nothing is between them.
            if dy.abs() > 1 {
                let middle = from.1 + dy / 2;
                self.column(from.0, from.1, middle, owner);
                self.column(to.0, middle + dy.signum(), to.1, owner);
            }
            return;
        }
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
        let styles: [[Style; 8]; 2] = [false, true].map(|filled| std::array::from_fn(|owner| style(owner, filled)));
        for (x, (first, end)) in self.spans.iter().enumerate() {
            let filled_from = filled_from.get(x).copied().unwrap_or(u16::MAX);
            for y in *first..*end {
                let cell = self.cells[x * self.height + usize::from(y)];
                let Some(owner) = usize::from(cell >> 8).checked_sub(1) else { continue };
                let glyph = D::glyph((cell & 0xff) as u8, owner);
                let style = styles[usize::from(filled_from <= y)][owner % 8];
                canvas.glyph(plot.x + x as u16, plot.y + y, glyph, style);
            }
        }
    }
}
