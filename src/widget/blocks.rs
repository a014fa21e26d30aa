//! Bars finer than cells: eighths of a block, whole characters in ASCII.
//!
//! Invariant: what is not nothing shows at least its smallest part; nothing is drawn on the far side of the start.

use crate::base::Rect;
use crate::frame::{Attrs, Canvas, Glyph, Style};
use crate::model::GlyphSet;

/// Eighths of a cell from the bottom.
const UPRIGHT: [Glyph; 8] = [
    Glyph::new('▁'),
    Glyph::new('▂'),
    Glyph::new('▃'),
    Glyph::new('▄'),
    Glyph::new('▅'),
    Glyph::new('▆'),
    Glyph::new('▇'),
    Glyph::new('█'),
];
/// Eighths of a cell from the left.
const ACROSS: [Glyph; 8] = [
    Glyph::new('▏'),
    Glyph::new('▎'),
    Glyph::new('▍'),
    Glyph::new('▌'),
    Glyph::new('▋'),
    Glyph::new('▊'),
    Glyph::new('▉'),
    Glyph::new('█'),
];
/// A whole cell of the only bars of a chart in ASCII.
pub(super) const HASH: Glyph = Glyph::new('#');

/// How a bar is drawn.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub style: Style,
    pub glyphs: GlyphSet,
    /// A whole cell in ASCII.
    pub whole: Glyph,
}

/// Parts a cell is divided into.
fn per_cell(glyphs: GlyphSet) -> i32 {
    if glyphs == GlyphSet::Ascii { 1 } else { 8 }
}

/// So much of so many cells in parts; less than nothing counts the other way.
pub(super) fn parts(share: f32, cells: u16, glyphs: GlyphSet) -> i32 {
    let all = f32::from(cells) * per_cell(glyphs) as f32;
    let parts = (share * all).round() as i32;
    if parts == 0 && share != 0.0 && cells > 0 { share.signum() as i32 } else { parts }
}

/// Cells that so many parts touch.
pub(super) fn cells(parts: i32, glyphs: GlyphSet) -> u16 {
    u16::try_from(parts.unsigned_abs().div_ceil(per_cell(glyphs).unsigned_abs())).unwrap_or(u16::MAX)
}

/// A style for shapes: a block that is reversed would be a hole.
pub(super) fn solid(style: Style) -> Style {
    Style { attrs: style.attrs.without(Attrs::REVERSE), ..style }
}

/// The part of a cell that is not covered, shown by turning fore- and background round.
fn rest(style: Style) -> Style {
    style.with(Attrs::REVERSE)
}

/// A bar over the rows of `area`, from its left edge to the right; to the left of it when `parts` are negative.
pub(super) fn across(canvas: &mut Canvas<'_>, area: Rect, parts: i32, ink: Ink) {
    let (style, per_cell) = (solid(ink.style), per_cell(ink.glyphs));
    let (whole, part) = ((parts.abs() / per_cell) as u16, parts.abs() % per_cell);
    let full = if ink.glyphs == GlyphSet::Ascii { ink.whole } else { ACROSS[7] };
    let rows = |x: u16, width: u16| Rect::new(x, area.y, width, area.height);
    if parts >= 0 {
        canvas.fill(rows(area.x, whole), full, style);
        if part > 0 {
            canvas.fill(rows(area.x + whole, 1), ACROSS[part as usize - 1], style);
        }
    } else {
        let whole = whole.min(area.x);
        canvas.fill(rows(area.x - whole, whole), full, style);
        if part > 0 && whole < area.x {
            canvas.fill(rows(area.x - whole - 1, 1), ACROSS[7 - part as usize], rest(style));
        }
    }
}

/// A bar over the columns of `area`, standing on its upper edge; hanging from it when `parts` are negative.
pub(super) fn upright(canvas: &mut Canvas<'_>, area: Rect, parts: i32, ink: Ink) {
    let (style, per_cell) = (solid(ink.style), per_cell(ink.glyphs));
    let (whole, part) = ((parts.abs() / per_cell) as u16, parts.abs() % per_cell);
    let full = if ink.glyphs == GlyphSet::Ascii { ink.whole } else { UPRIGHT[7] };
    let columns = |y: u16, height: u16| Rect::new(area.x, y, area.width, height);
    if parts >= 0 {
        let whole = whole.min(area.y);
        canvas.fill(columns(area.y - whole, whole), full, style);
        if part > 0 && whole < area.y {
            canvas.fill(columns(area.y - whole - 1, 1), UPRIGHT[part as usize - 1], style);
        }
    } else {
        canvas.fill(columns(area.y, whole), full, style);
        if part > 0 {
            canvas.fill(columns(area.y + whole, 1), UPRIGHT[7 - part as usize], rest(style));
        }
    }
}
