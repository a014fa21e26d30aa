//! Charts: each turns data into a **plan** (ticks, labels, lines in unit space) and puts the plan on cells.
//!
//! Invariants: a plan knows no cells and no colours, so another painter needs nothing but the plan; a painter draws
//! only inside its canvas, whatever its size, and allocates nothing per cell. This must not know boards, sources,
//! viewers or clocks.

pub mod animation;
pub mod bars;
pub mod gauge;
pub mod heatmap;
pub mod histogram;
pub mod legend;
pub mod levels;
pub mod line;
pub mod log;
pub mod panel;
pub mod progress;
pub mod sparkline;
pub mod stat;
pub mod state_timeline;
pub mod table;
pub mod text;
pub mod theme;
pub mod time_axis;
pub mod value_axis;

mod blocks;
mod held;
mod raster;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod time_row;

pub use levels::Levels;
pub use theme::{Level, Role, Theme};
pub use time_axis::TimeScale;
pub use value_axis::ValueAxis;

use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;

/// What every painter needs besides its plan.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub theme: &'static Theme,
    pub glyphs: GlyphSet,
}

/// Marks of series by glyph set where a colour tells them apart: braille, block.
const MARK: [Glyph; 2] = [Glyph::new('●'), Glyph::new('■')];
/// Marks where none does; for blocks those that console fonts have.
const MARKS_BRAILLE: [Glyph; 8] = [
    Glyph::new('●'),
    Glyph::new('▲'),
    Glyph::new('■'),
    Glyph::new('◆'),
    Glyph::new('○'),
    Glyph::new('△'),
    Glyph::new('□'),
    Glyph::new('◇'),
];
const MARKS_BLOCK: [Glyph; 8] = [
    Glyph::new('■'),
    Glyph::new('▲'),
    Glyph::new('▼'),
    Glyph::new('►'),
    Glyph::new('◄'),
    Glyph::new('+'),
    Glyph::new('x'),
    Glyph::new('o'),
];

// === impl Look ===

impl Look {
    /// What stands for a series of a chart: without colours each has a mark of its own.
    pub fn mark(self, series: usize) -> Glyph {
        match self.glyphs {
            GlyphSet::Ascii => raster::ASCII_MARKS[series % raster::ASCII_MARKS.len()],
            GlyphSet::Braille if self.theme.coloured => MARK[0],
            GlyphSet::Block if self.theme.coloured => MARK[1],
            GlyphSet::Braille => MARKS_BRAILLE[series % MARKS_BRAILLE.len()],
            GlyphSet::Block => MARKS_BLOCK[series % MARKS_BLOCK.len()],
        }
    }
}

/// A place on an axis, 0 at its start and 1 at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f32,
    pub label: Label,
}

/// Draws a label into at most `width` columns; a sign at its end says when it was cut. Returns the columns used.
pub fn clipped(canvas: &mut Canvas<'_>, at: (u16, u16), width: u16, label: &Label, style: Style, look: Look) -> u16 {
    if label.columns() <= width {
        return canvas.label(at.0, at.1, label, style);
    }
    match (width, look.glyphs) {
        (0, _) => 0,
        (_, GlyphSet::Ascii) => {
            let rest = width - 1;
            let used = canvas.sub(Rect::new(at.0, at.1, rest, 1)).label(0, 0, label, style);
            canvas.glyph(at.0 + used, at.1, Glyph::new('~'), style);
            used + 1
        }
        _ => canvas.label(at.0, at.1, &label.clip(width), style),
    }
}

/// The same for what may be a number: half of one is another number, so it is drawn whole or as the sign alone.
pub fn whole(canvas: &mut Canvas<'_>, at: (u16, u16), width: u16, label: &Label, style: Style, look: Look) -> u16 {
    let is_number = label.as_str().contains(|c: char| c.is_ascii_digit());
    let width = if is_number && label.columns() > width { width.min(1) } else { width };
    clipped(canvas, at, width, label, style, look)
}

/// Draws a label so that it ends before column `right`; nothing when it does not fit. Returns the columns used.
fn right_aligned(canvas: &mut Canvas<'_>, right: u16, y: u16, label: &Label, style: Style) -> u16 {
    match right.checked_sub(label.columns()) {
        Some(x) => canvas.label(x, y, label, style),
        None => 0,
    }
}
