//! Puts the plan of a line chart on cells.

use super::{Layout, LinePlan, Polyline};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::raster::Raster;
use crate::widget::{Look, Role, right_aligned};

/// Paints a chart whose plan was made for this layout.
pub fn paint(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    if plot.is_empty() {
        return;
    }
    grid(plan, layout, canvas, look);
    let mut raster = Raster::new(plot.width, plot.height, look.glyphs);
    // The first series is the one the chart is about: drawn last, it lies on top.
    for line in plan.lines.iter().rev() {
        draw(line, &mut raster);
    }
    raster.paint(canvas, plot, |series| look.theme.series(series));
    for threshold in &plan.thresholds {
        let y = row(threshold.at, plot);
        let right = plot.right().saturating_sub(1);
        right_aligned(canvas, right, y, &threshold.label, look.theme.style(threshold.role));
    }
    times(plan, layout, canvas, look);
}

/// The row of the plot a value falls into; the same that a line's dot takes.
fn row(at: f32, plot: Rect) -> u16 {
    let last = f32::from(plot.height.saturating_sub(1));
    let from_top = ((1.0 - at) * f32::from(plot.height)).floor().min(last);
    plot.y + from_top.max(0.0) as u16
}

/// Labels of values, and what lies behind the lines.
fn grid(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    let (line, dashed) = match look.glyphs {
        GlyphSet::Braille => (Some(Glyph::new('┈')), Glyph::new('╌')),
        GlyphSet::Block => (Some(Glyph::new('─')), Glyph::new('─')),
        // Dots between an ASCII chart's own dots would be read as data.
        GlyphSet::Ascii => (None, Glyph::new('=')),
    };
    let muted = look.theme.style(Role::Muted);
    let mut free_below = plot.bottom();
    for tick in &plan.values.ticks {
        let y = row(tick.at, plot);
        if y >= free_below {
            continue;
        }
        free_below = y;
        if let Some(line) = line {
            canvas.fill(Rect::new(plot.x, y, plot.width, 1), line, look.theme.style(Role::Grid));
        }
        if layout.gutter > 0 {
            right_aligned(canvas, layout.gutter - 1, y, &tick.label, muted);
        }
    }
    for threshold in &plan.thresholds {
        let y = row(threshold.at, plot);
        canvas.fill(Rect::new(plot.x, y, plot.width, 1), dashed, look.theme.style(threshold.role));
    }
}

fn draw(line: &Polyline, raster: &mut Raster) {
    let (across, down) = raster.dots();
    let owner = (line.series % 8) as u8;
    let x_of = |at: f32| ((at * across as f32) as i32).min(across - 1);
    let y_of = |value: f64| (((1.0 - value) * f64::from(down)) as i32).clamp(0, down - 1);
    let mut before: Option<(i32, i32)> = None;
    for stroke in &line.strokes {
        let x = x_of(stroke.at);
        let first = y_of(stroke.first);
        if let (Some(from), true) = (before, stroke.joined) {
            if from.0 < x {
                raster.line(from, (x, first), owner);
            } else {
                raster.column(x, from.1, first, owner);
            }
        }
        raster.column(x, y_of(stroke.high), y_of(stroke.low), owner);
        before = Some((x, y_of(stroke.last)));
    }
}

/// Time labels: a mark under the moment, the text after it.
fn times(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let Some(y) = layout.times else { return };
    let mark = match look.glyphs {
        GlyphSet::Braille => Glyph::new('╵'),
        GlyphSet::Block => Glyph::new('│'),
        GlyphSet::Ascii => Glyph::new('|'),
    };
    let plot = layout.plot;
    let muted = look.theme.style(Role::Muted);
    let mut free_from = plot.x;
    for tick in &plan.times {
        let x = plot.x + ((tick.at * f32::from(plot.width)) as u16).min(plot.width - 1);
        if x < free_from || x + 1 + tick.label.columns() > plot.right() {
            continue;
        }
        canvas.glyph(x, y, mark, look.theme.style(Role::Border));
        free_from = x + 2 + canvas.label(x + 1, y, &tick.label, muted);
    }
}
