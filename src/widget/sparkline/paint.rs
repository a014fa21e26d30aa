//! Puts the plan of a sparkline on cells.

use super::SparkPlan;
use crate::base::Rect;
use crate::frame::{Canvas, Color, Glyph, Style};
use crate::model::GlyphSet;
use crate::widget::raster::{Braille, Raster, Rows};
use crate::widget::{Look, blocks};

/// Heights of a single row of ASCII.
const LEVELS: [Glyph; 5] = [Glyph::new('_'), Glyph::new('.'), Glyph::new('-'), Glyph::new('='), Glyph::new('^')];
/// Thirds of a cell where there are several rows.
const THIRDS: [Glyph; 3] = [Glyph::new('.'), Glyph::new(':'), Glyph::new('|')];

/// Paints into the whole canvas, in the colour of its series.
pub fn paint(plan: &SparkPlan, canvas: &mut Canvas<'_>, look: Look) {
    paint_in(plan, canvas, look.theme.series(plan.series), look.theme.tint(plan.series), look.glyphs);
}

/// Paints in a style; `tint` is the ground under a line of several rows.
pub(in crate::widget) fn paint_in(
    plan: &SparkPlan,
    canvas: &mut Canvas<'_>,
    style: Style,
    tint: Option<Color>,
    glyphs: GlyphSet,
) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 || plan.is_empty() {
        return;
    }
    let style = blocks::solid(style);
    if glyphs == GlyphSet::Braille {
        dots(plan, canvas, style, tint.filter(|_| height > 1));
        return;
    }
    for (x, share) in (0..width).zip(columns(plan, width)) {
        let Some(share) = share else { continue };
        match glyphs {
            GlyphSet::Ascii if height == 1 => {
                let level = (share * LEVELS.len() as f32) as usize;
                canvas.glyph(x, 0, LEVELS[level.min(LEVELS.len() - 1)], style);
            }
            GlyphSet::Ascii => {
                let thirds = ((share * f32::from(height) * 3.0).round() as u16).max(1);
                canvas.fill(Rect::new(x, height - thirds / 3, 1, thirds / 3), THIRDS[2], style);
                if let Some(part) = (thirds % 3).checked_sub(1) {
                    canvas.glyph(x, height - thirds / 3 - 1, THIRDS[usize::from(part)], style);
                }
            }
            _ => {
                let parts = blocks::parts(share, height, glyphs).max(1);
                let ink = blocks::Ink { style, glyphs, whole: blocks::HASH };
                blocks::upright(canvas, Rect::new(x, height, 1, 0), parts, ink);
            }
        }
    }
}

/// The highest value by column; none where there is a gap.
fn columns(plan: &SparkPlan, width: u16) -> Vec<Option<f32>> {
    let mut columns = vec![None; usize::from(width)];
    let mut before: Option<(usize, f32)> = None;
    for stroke in &plan.strokes {
        let x = ((stroke.at * f32::from(width)) as usize).min(columns.len() - 1);
        let column = &mut columns[x];
        *column = Some(column.map_or(stroke.high, |high: f32| high.max(stroke.high)));
        if let (Some((from, start)), true) = (before, stroke.joined) {
            for (between, column) in columns.iter_mut().enumerate().take(x).skip(from + 1) {
                let share = (between - from) as f32 / (x - from) as f32;
                *column = Some(start + (stroke.first - start) * share);
            }
        }
        before = Some((x, stroke.last));
    }
    columns
}

fn dots(plan: &SparkPlan, canvas: &mut Canvas<'_>, style: Style, tint: Option<Color>) {
    let (width, height) = canvas.size();
    let mut raster = Raster::<Braille>::new(width, height, tint.map(|_| 0));
    let (across, down) = raster.dots();
    let y_of = |value: f32| (((1.0 - value) * down as f32) as i32).clamp(0, down - 1);
    let strokes = plan.strokes.iter().map(|stroke| {
        let x = ((stroke.at * across as f32) as i32).min(across - 1);
        let (top, bottom) = (y_of(stroke.high), y_of(stroke.low));
        (x, stroke.joined, Rows { first: y_of(stroke.first), top, bottom, last: y_of(stroke.last) })
    });
    raster.draw(0, strokes);
    let filled_from = raster.filled_from();
    if let Some(tint) = tint {
        for (x, from) in (0..width).zip(&filled_from) {
            canvas.fill(Rect::new(x, *from, 1, height.saturating_sub(*from)), Glyph::BLANK, style.bg(tint));
        }
    }
    raster.paint(canvas, Rect::new(0, 0, width, height), &filled_from, |_, filled| match tint {
        Some(tint) if filled => style.bg(tint),
        _ => style,
    });
}
