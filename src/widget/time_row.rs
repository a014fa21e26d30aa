//! The row of time labels under a chart that is no line.
//!
//! Invariant: labels never touch and never reach past the plot; a mark stands in the column of its moment.

use super::{Look, Role, Tick};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;

/// Paints labels of time into row `y`, below or above `plot`: a mark under the moment, the text after it.
pub(super) fn paint(times: &[Tick], plot: Rect, y: u16, canvas: &mut Canvas<'_>, look: Look) {
    let mark = match look.glyphs {
        GlyphSet::Braille => Glyph::new('╵'),
        GlyphSet::Block => Glyph::new('│'),
        GlyphSet::Ascii => Glyph::new('|'),
    };
    let mut free_from = plot.x;
    for tick in times {
        let x = plot.x + ((tick.at * f32::from(plot.width)) as u16).min(plot.width.saturating_sub(1));
        if x < free_from || x.saturating_add(1).saturating_add(tick.label.columns()) > plot.right() {
            continue;
        }
        canvas.glyph(x, y, mark, look.theme.style(Role::Border));
        free_from = x + 2 + canvas.label(x + 1, y, &tick.label, look.theme.style(Role::Muted));
    }
}
