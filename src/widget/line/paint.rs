//! Puts the plan of a line chart on cells.

use super::{Area, Layout, LinePlan, Polyline, area};
use crate::base::Rect;
use crate::frame::{Canvas, Color, Glyph, Style};
use crate::model::GlyphSet;
use crate::widget::raster::{Braille, Dots, Halves, Raster, Rows, Thirds};
use crate::widget::{Look, Role, right_aligned};

/// Paints a chart whose plan was made for this layout.
pub fn paint(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    if layout.plot.is_empty() {
        return;
    }
    match look.glyphs {
        GlyphSet::Braille => plot::<Braille>(plan, layout, canvas, look),
        GlyphSet::Block => plot::<Halves>(plan, layout, canvas, look),
        GlyphSet::Ascii => plot::<Thirds>(plan, layout, canvas, look),
    }
    times(plan, layout, canvas, look);
}

/// Everything but the labels of time.
fn plot<D: Dots>(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    let tint = if plan.area == Area::First { look.theme.tint(0) } else { None };
    let mut raster = Raster::<D>::new(plot.width, plot.height, tint.map(|_| 0));
    // The first series is the one the chart is about: drawn last, it lies on top.
    let each = matches!(plan.area, Area::Every | Area::Stacked) && look.theme.tint(0).is_some();
    let mut tops = Vec::new();
    for line in plan.lines.iter().rev() {
        if each {
            raster.follow((line.series % 8) as u8);
        }
        draw(line, &mut raster);
        if each {
            tops.push((line.series, raster.filled_from()));
        }
    }
    if each {
        // All are tinted in the end; nothing is filled while drawing.
        raster.follow(u8::MAX);
    }
    let filled_from = raster.filled_from();
    if let Some(tint) = tint {
        fill(&filled_from, canvas, plot, look.theme.style(Role::Text).bg(tint));
    }
    grid(plan, layout, canvas, &Ground { filled_from: &filled_from, tint }, look);
    area::marks(plan, canvas, plot, look);
    raster.paint(canvas, plot, &filled_from, |series, filled| match tint {
        Some(tint) if filled => look.theme.series(series).bg(tint),
        _ => look.theme.series(series),
    });
    area::areas(&tops, canvas, plot, look);
    if plan.bands {
        area::bands(plan, canvas, plot, look);
    }
    if !look.theme.coloured && look.glyphs != GlyphSet::Ascii && plan.lines.len() > 1 {
        marks(plan, canvas, plot, look);
    }
    for threshold in &plan.thresholds {
        let y = row(threshold.at, plot);
        let right = plot.right().saturating_sub(1);
        right_aligned(canvas, right, y, &threshold.label, look.theme.style(threshold.role));
    }
    area::labels(plan, canvas, plot, look);
}

/// Columns from one mark of a series to its next where colours do not tell lines apart.
const MARKS_APART: usize = 12;

/// Part of a row by which a place may lie above the row it is meant for: several times the error of a place in single
/// precision on the tallest plot, and less than anyone sees.
const ROUNDING: f32 = 1e-4;

/// The row of the plot a value falls into; the same that a line's dot takes.
pub(super) fn row(at: f32, plot: Rect) -> u16 {
    let last = f32::from(plot.height.saturating_sub(1));
    let from_top = ((1.0 - at) * f32::from(plot.height) + ROUNDING).floor().min(last);
    plot.y + from_top.max(0.0) as u16
}

/// What lies behind everything else.
struct Ground<'a> {
    /// By column the first row that is tinted.
    filled_from: &'a [u16],
    tint: Option<Color>,
}

/// Tints the space under the filled line, row by row in runs.
fn fill(filled_from: &[u16], canvas: &mut Canvas<'_>, plot: Rect, style: Style) {
    let (first, all) = filled_from.iter().fold((u16::MAX, 0), |(min, max), row| (min.min(*row), max.max(*row)));
    for y in first.min(plot.height)..all.min(plot.height) {
        runs(filled_from, y, |x, width, filled| {
            if filled {
                canvas.fill(Rect::new(plot.x + x, plot.y + y, width, 1), Glyph::BLANK, style);
            }
        });
    }
    // From here down every column is filled.
    canvas.fill(Rect::new(plot.x, plot.y + all, plot.width, plot.height.saturating_sub(all)), Glyph::BLANK, style);
}

/// Calls `run` for each stretch of a row that is filled throughout, or not at all.
fn runs(filled_from: &[u16], y: u16, mut run: impl FnMut(u16, u16, bool)) {
    let mut x = 0;
    while let Some(first) = filled_from.get(x) {
        let filled = *first <= y;
        let rest = &filled_from[x..];
        let width = rest.iter().position(|row| (*row <= y) != filled).unwrap_or(rest.len());
        run(x as u16, width as u16, filled);
        x += width;
    }
}

/// Labels of values, and the lines behind the data.
fn grid(plan: &LinePlan, layout: &Layout, canvas: &mut Canvas<'_>, ground: &Ground<'_>, look: Look) {
    let plot = layout.plot;
    let (line, dashed) = match look.glyphs {
        GlyphSet::Braille => (Some(Glyph::new('┈')), Glyph::new('╌')),
        GlyphSet::Block => (Some(Glyph::new('─')), Glyph::new('─')),
        // Dots between an ASCII chart's own dots would be read as data.
        GlyphSet::Ascii => (None, Glyph::new('=')),
    };
    let muted = look.theme.style(Role::Muted);
    let across = |y: u16, glyph: Glyph, style: Style, canvas: &mut Canvas<'_>| match ground.tint {
        None => canvas.fill(Rect::new(plot.x, y, plot.width, 1), glyph, style),
        Some(tint) => runs(ground.filled_from, y - plot.y, |x, width, filled| {
            let style = if filled { style.bg(tint) } else { style };
            canvas.fill(Rect::new(plot.x + x, y, width, 1), glyph, style);
        }),
    };
    let mut free_below = plot.bottom();
    for tick in &plan.values.ticks {
        let y = row(tick.at, plot);
        if y >= free_below {
            continue;
        }
        free_below = y;
        if let Some(line) = line {
            across(y, line, look.theme.style(Role::Grid), canvas);
        }
        if layout.gutter > 0 {
            right_aligned(canvas, layout.gutter - 1, y, &tick.label, muted);
        }
    }
    for threshold in &plan.thresholds {
        across(row(threshold.at, plot), dashed, look.theme.style(threshold.role), canvas);
    }
}

/// By itself, so that the few numbers of its loop stay in registers.
#[inline(never)]
fn draw<D: Dots>(line: &Polyline, raster: &mut Raster<D>) {
    let (across, down) = raster.dots();
    let owner = (line.series % 8) as u8;
    let x_of = |at: f32| ((at * across as f32) as i32).min(across - 1);
    let (height, rounding) = (down as f32, ROUNDING * D::DOWN as f32);
    let y_of = |value: f32| (((1.0 - value) * height + rounding) as i32).clamp(0, down - 1);
    let strokes = line.strokes.iter().map(|stroke| {
        let first = y_of(stroke.first);
        // Most bins hold one value.
        let rows = if stroke.low == stroke.high {
            Rows { first, top: first, bottom: first, last: first }
        } else {
            Rows { first, top: y_of(stroke.high), bottom: y_of(stroke.low), last: y_of(stroke.last) }
        };
        (x_of(stroke.at), stroke.joined, rows)
    });
    raster.draw(owner, strokes);
}

/// Each series' own mark on its line, every few columns and by turns, so that lines on one row are all seen.
fn marks(plan: &LinePlan, canvas: &mut Canvas<'_>, plot: Rect, look: Look) {
    for line in &plan.lines {
        let turn = (line.series * MARKS_APART / plan.lines.len()) % MARKS_APART;
        for stroke in &line.strokes {
            let x = ((stroke.at * f32::from(plot.width)) as u16).min(plot.width - 1);
            // Counted from the right, where the present is.
            if usize::from(plot.width - 1 - x) % MARKS_APART == turn {
                let mark = look.mark(line.series);
                canvas.glyph(plot.x + x, row(stroke.last, plot), mark, look.theme.series(line.series));
            }
        }
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
