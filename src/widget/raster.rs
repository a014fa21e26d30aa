//! Dots finer than cells, and how each glyph set shows them.
//!
//! Invariant: a cell shows all its dots and belongs to the line drawn last. Whoever draws keeps to columns and rows that are
//! inside.

use std::marker::PhantomData;

use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style, StyleId};
use crate::model::GlyphSet;

/// How a glyph set draws dots. A type and not a value: the inner loops divide by these numbers, and division by a
/// constant costs next to nothing.
pub(super) trait Dots {
    /// Dots of one cell.
    const ACROSS: usize;
    const DOWN: usize;
    /// Bits of one cell by its column of dots and which dots of that are set: the lowest bit stands for the uppermost one.
    const BITS: [[u8; 16]; 2];

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
    /// Dots of the line that is being drawn, by column of dots as bits from the top, in as many words as that takes. A
    /// line is mostly stretches of a column, and a stretch of bits is set at once.
    line: Vec<u64>,
    words: usize,
    /// The line whose lower side is filled, if any.
    filled: Option<u8>,
    /// Its highest dot by column of dots; as many as there are dots down where it has none.
    tops: Vec<u16>,
    dots: PhantomData<D>,
}

/// What happened in a column, which is not drawn before the next one is known: the way there may begin in it.
#[derive(Clone, Copy, Debug)]
struct Stroke {
    x: i32,
    top: i32,
    bottom: i32,
    /// Where it leaves the column.
    leaves: i32,
}

/// Rows of dots that a line takes in a column, its ends among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    /// Where the line comes in.
    pub first: i32,
    pub top: i32,
    pub bottom: i32,
    /// Where it leaves.
    pub last: i32,
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

/// Bits of a cell for every choice of the dots of one of its columns, of which these are the bits.
const fn choices(dots: [u8; 4]) -> [u8; 16] {
    let mut choices = [0; 16];
    let mut chosen = 0;
    while chosen < choices.len() {
        let mut dot = 0;
        while dot < dots.len() {
            if chosen >> dot & 1 == 1 {
                choices[chosen] |= dots[dot];
            }
            dot += 1;
        }
        chosen += 1;
    }
    choices
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
    const BITS: [[u8; 16]; 2] = [choices([0x01, 0x02, 0x04, 0x40]), choices([0x08, 0x10, 0x20, 0x80])];

    #[inline]
    fn glyph(bits: u8, _: usize) -> Glyph {
        Glyph::dots(bits)
    }
}

impl Dots for Halves {
    const ACROSS: usize = 1;
    const DOWN: usize = 2;
    const BITS: [[u8; 16]; 2] = [choices([1, 2, 0, 0]); 2];

    #[inline]
    fn glyph(bits: u8, _: usize) -> Glyph {
        HALVES[usize::from(bits & 3)]
    }
}

impl Dots for Thirds {
    const ACROSS: usize = 1;
    const DOWN: usize = 3;
    const BITS: [[u8; 16]; 2] = [choices([1, 2, 4, 0]); 2];

    #[inline]
    fn glyph(bits: u8, owner: usize) -> Glyph {
        if owner == 0 { THIRDS[usize::from(bits & 7)] } else { ASCII_MARKS[owner % ASCII_MARKS.len()] }
    }
}

// === impl Raster ===

impl<D: Dots> Raster<D> {
    /// Dots in a word: of whole cells, so that none lies in two.
    const IN_WORD: usize = 64 / D::DOWN * D::DOWN;

    /// A raster of so many cells; `filled` is the number of the line whose lower side is filled.
    pub(super) fn new(width: u16, height: u16, filled: Option<u8>) -> Raster<D> {
        let (across, down) = (usize::from(width) * D::ACROSS, usize::from(height) * D::DOWN);
        let words = down.div_ceil(Self::IN_WORD);
        Raster {
            height: usize::from(height),
            across: across as i32,
            down: down as i32,
            cells: vec![0; usize::from(width) * usize::from(height)],
            spans: vec![(u16::MAX, 0); usize::from(width)],
            line: vec![0; across * words],
            words,
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

    /// Draws a line over all that is there, from left to right: columns, whether each is joined to the one before, and the rows
    /// that have dots there. All of them are inside.
    #[inline(always)]
    pub(super) fn draw(&mut self, owner: u8, strokes: impl IntoIterator<Item = (i32, bool, Rows)>) {
        let mut strokes = strokes.into_iter();
        let Some((begins, _, rows)) = strokes.next() else { return };
        let mut before = Stroke::new(begins, rows);
        for (x, joined, rows) in strokes {
            debug_assert!(before.x <= x, "from left to right");
            let mut next = Stroke::new(x, rows);
            let (further, rise) = (x - before.x, rows.first - before.leaves);
            if joined && further == 0 {
                next.take(before.top, before.bottom);
            } else if joined && further == 1 && rise.abs() > 1 {
                // By far the most frequent: neighbours. Each gets its half of what lies between them.
                let middle = before.leaves + rise / 2;
                before.take(middle, middle);
                next.take(middle + rise.signum(), middle + rise.signum());
            }
            self.column(before.x, before.top, before.bottom);
            if joined && further > 1 {
                self.line((before.x, before.leaves), (x, rows.first));
            }
            before = next;
        }
        self.column(before.x, before.top, before.bottom);
        self.settle(owner, begins as usize, before.x as usize);
    }

    /// All dots of a column between two rows, both included; the column and the rows are inside.
    #[inline(always)]
    fn column(&mut self, x: i32, from: i32, to: i32) {
        debug_assert!((0..self.across).contains(&x) && 0 <= from.min(to) && from.max(to) < self.down, "inside");
        // None is negative: no sign has to be carried over.
        let (top, bottom) = (from.min(to) as u32 as usize, from.max(to) as u32 as usize);
        let (first, last) = (top / Self::IN_WORD, bottom / Self::IN_WORD);
        let at = x as u32 as usize * self.words;
        if first == last {
            self.line[at + first] |= stretch(top % Self::IN_WORD, bottom % Self::IN_WORD);
        } else {
            self.long_column(at, top, bottom);
        }
    }

    /// The same in more than one word, of which the column's first one is at `at`.
    #[cold]
    fn long_column(&mut self, at: usize, top: usize, bottom: usize) {
        let (first, last) = (top / Self::IN_WORD, bottom / Self::IN_WORD);
        self.line[at + first] |= stretch(top % Self::IN_WORD, Self::IN_WORD - 1);
        self.line[at + first + 1..at + last].fill(stretch(0, Self::IN_WORD - 1));
        self.line[at + last] |= stretch(0, bottom % Self::IN_WORD);
    }

    /// A straight line between two dots further apart than a column, `from` left of `to`. Each column gets all rows the
    /// line passes in it, so a steep line has no holes.
    fn line(&mut self, from: (i32, i32), to: (i32, i32)) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let mut y = from.1;
        for x in from.0..=to.0 {
            // Where the line leaves this column: half-way to the next.
            let leave = if x == to.0 { to.1 } else { from.1 + (dy * (2 * (x - from.0) + 1)).div_euclid(2 * dx) };
            self.column(x, y, leave);
            y = leave + (to.1 - leave).signum() * i32::from(dy.abs() > dx);
        }
    }

    /// Takes the dots of the line that was drawn between two columns into the cells, which are its own now.
    fn settle(&mut self, owner: u8, begins: usize, ends: usize) {
        let (from, to) = (begins / D::ACROSS, ends / D::ACROSS + 1);
        let line = &mut self.line[from * D::ACROSS * self.words..to * D::ACROSS * self.words];
        if self.filled == Some(owner) {
            for (top, column) in self.tops[from * D::ACROSS..].iter_mut().zip(line.chunks_exact(self.words)) {
                let first = column.iter().position(|word| *word != 0);
                let first = first.map(|word| word * Self::IN_WORD + column[word].trailing_zeros() as usize);
                *top = first.map_or(*top, |first| (*top).min(first as u16));
            }
        }
        let mark = u16::from(owner % 8 + 1) << 8;
        let cells = self.cells[from * self.height..].chunks_exact_mut(self.height);
        let columns = line.chunks_exact(D::ACROSS * self.words).zip(cells).zip(&mut self.spans[from..]);
        for ((dots, cells), span) in columns {
            // A glyph set that has one column of dots a cell has the same one twice.
            let (left, right) = (&dots[..self.words], &dots[(D::ACROSS - 1) * self.words..]);
            for (word, (left, right)) in left.iter().zip(right).enumerate() {
                let any = left | right;
                if any == 0 {
                    continue;
                }
                let skipped = any.trailing_zeros() as usize / D::DOWN;
                let first = word * (Self::IN_WORD / D::DOWN) + skipped;
                let end = first + any.ilog2() as usize / D::DOWN - skipped + 1;
                let (mut left, mut right) = (left >> (skipped * D::DOWN), right >> (skipped * D::DOWN));
                for cell in &mut cells[first..end] {
                    let bits = D::BITS[0][left as usize % (1 << D::DOWN)] | D::BITS[1][right as usize % (1 << D::DOWN)];
                    if bits != 0 {
                        *cell = *cell & 0xff | mark | u16::from(bits);
                    }
                    (left, right) = (left >> D::DOWN, right >> D::DOWN);
                }
                *span = (span.0.min(first as u16), span.1.max(end as u16));
            }
        }
        line.fill(0);
    }

    /// Puts every cell that has dots on the canvas. `style` is asked for each owner, outside the filled part and in it.
    pub(super) fn paint(
        &self,
        canvas: &mut Canvas<'_>,
        plot: Rect,
        filled_from: &[u16],
        style: impl Fn(usize, bool) -> Style,
    ) {
        let numbered = |filled| std::array::from_fn(|owner| StyleId::of(style(owner, filled)));
        let styles: [[StyleId; 8]; 2] = [false, true].map(numbered);
        for (x, (first, end)) in self.spans.iter().enumerate() {
            if first >= end {
                continue;
            }
            let filled_from = filled_from.get(x).copied().unwrap_or(u16::MAX);
            let start = x * self.height;
            let cells = &self.cells[start + usize::from(*first)..start + usize::from(*end)];
            canvas.column(plot.x + x as u16, plot.y + first, cells, |row, cell| {
                let owner = usize::from(cell >> 8).checked_sub(1)?;
                let style = styles[usize::from(filled_from <= first + row)][owner % 8];
                Some((D::glyph((cell & 0xff) as u8, owner), style))
            });
        }
    }
}

// === impl Stroke ===

impl Stroke {
    #[inline(always)]
    fn new(x: i32, Rows { first, top, bottom, last }: Rows) -> Stroke {
        debug_assert!(top <= first.min(last) && first.max(last) <= bottom, "its own rows");
        Stroke { x, top, bottom, leaves: last }
    }

    /// With these rows and all between.
    #[inline(always)]
    fn take(&mut self, top: i32, bottom: i32) {
        (self.top, self.bottom) = (self.top.min(top), self.bottom.max(bottom));
    }
}

/// Bits from one to another, both included.
#[inline]
fn stretch(first: usize, last: usize) -> u64 {
    (u64::MAX << (first % 64)) & (u64::MAX >> (63 - last % 64))
}

#[cfg(test)]
mod tests;
