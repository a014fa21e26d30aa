//! Gauges: bars with a name, a share and a text.
//!
//! Invariant: every gauge is shown, or the number of those left out is; a bar that is not empty shows at least its
//! smallest part, and one that is not full shows that it is not.

use super::{Level, Look, Role, clipped, right_aligned};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;

/// One gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    pub name: Label,
    /// From 0 to 1; none without data.
    pub share: Option<f32>,
    /// The value in words.
    pub text: Label,
    pub level: Level,
}

/// Several gauges in reading order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GaugePlan {
    pub gauges: Vec<Gauge>,
}

/// From which share on a value is high, and critical.
pub const HIGH: f32 = 0.75;
pub const CRITICAL: f32 = 0.90;

/// Shortest bar that says more than its text.
const BAR_MIN: u16 = 6;
/// Longest bar: from there the eye loses the text at its end.
const BAR_MAX: u16 = 120;
/// Columns between two columns of gauges.
const GAP: u16 = 3;

/// A bar's glyphs: the whole cell, its parts from the smallest, and the rest.
struct Bar {
    full: Glyph,
    parts: &'static [Glyph],
    rest: Glyph,
}

const LINE: Bar = Bar { full: Glyph::new('━'), parts: &[Glyph::new('╸')], rest: Glyph::new('━') };
/// Without colours the rest needs a shape of its own.
const LINE_MONO: Bar = Bar { full: Glyph::new('━'), parts: &[Glyph::new('╾')], rest: Glyph::new('─') };
const BLOCK: Bar = Bar { full: Glyph::new('█'), parts: &[Glyph::new('▌')], rest: Glyph::new('░') };
const ASCII: Bar = Bar { full: Glyph::new('#'), parts: &[], rest: Glyph::new('.') };

/// Eighths of a cell from the bottom, for upright bars.
const EIGHTHS: [Glyph; 8] = [
    Glyph::new('▁'),
    Glyph::new('▂'),
    Glyph::new('▃'),
    Glyph::new('▄'),
    Glyph::new('▅'),
    Glyph::new('▆'),
    Glyph::new('▇'),
    Glyph::new('█'),
];
const HALF: [Glyph; 2] = [Glyph::new('▄'), Glyph::new('█')];
const HASH: [Glyph; 2] = [Glyph::new('.'), Glyph::new('#')];

// === impl Gauge ===

impl Gauge {
    /// A gauge whose level follows from its share.
    pub fn new(name: Label, share: f32, text: Label) -> Gauge {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let level = match share {
            share if share >= CRITICAL => Level::Critical,
            share if share >= HIGH => Level::High,
            _ => Level::Good,
        };
        Gauge { name, share: Some(share), text, level }
    }

    /// A gauge of which nothing is known; the text says so.
    pub fn unknown(name: Label, text: Label) -> Gauge {
        Gauge { name, share: None, text, level: Level::Good }
    }
}

/// Paints all gauges into the whole canvas: in rows, in several columns when rows are short, upright when both are.
pub fn paint(plan: &GaugePlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let count = u16::try_from(plan.gauges.len()).unwrap_or(u16::MAX);
    if width == 0 || height == 0 || count == 0 {
        return;
    }
    let name = plan.gauges.iter().map(|gauge| gauge.name.columns()).max().unwrap_or(0);
    let text = plan.gauges.iter().map(|gauge| gauge.text.columns()).max().unwrap_or(0);
    let shortest = name.saturating_add(text).saturating_add(2 + BAR_MIN);
    let columns_max = (width.saturating_add(GAP) / shortest.saturating_add(GAP)).max(1);
    let columns = count.div_ceil(height);
    if columns <= columns_max {
        rows(plan, canvas, (name, text), columns, look);
    } else {
        upright(plan, canvas, look);
    }
}

/// Gauges under each other, column by column.
fn rows(plan: &GaugePlan, canvas: &mut Canvas<'_>, (name, text): (u16, u16), columns: u16, look: Look) {
    let (width, height) = canvas.size();
    let count = plan.gauges.len() as u16;
    let per_column = count.div_ceil(columns);
    // A blank row between gauges where there is room for one.
    let pitch = if per_column * 2 - 1 <= height { 2 } else { 1 };
    let cell = (width - GAP * (columns - 1)) / columns;
    for (index, gauge) in plan.gauges.iter().enumerate() {
        let (column, row) = (index as u16 / per_column, index as u16 % per_column);
        let area = Rect::new(column * (cell + GAP), row * pitch, cell, 1);
        one(gauge, &mut canvas.sub(area), (name, text), look);
    }
}

/// One gauge in one row: the bar goes first when there is no room, then the name.
fn one(gauge: &Gauge, canvas: &mut Canvas<'_>, (name, text): (u16, u16), look: Look) {
    let (width, _) = canvas.size();
    let muted = look.theme.style(Role::Muted);
    let value = match gauge.share {
        None => muted,
        Some(_) if gauge.level == Level::Good => look.theme.style(Role::Text),
        Some(_) => look.theme.level(gauge.level),
    };
    let text_columns = gauge.text.columns();
    if name.saturating_add(text).saturating_add(2 + BAR_MIN) <= width {
        canvas.label(0, 0, &gauge.name, muted);
        let start = if name > 0 { name + 1 } else { 0 };
        let bar_width = (width - start - text - 1).min(BAR_MAX);
        bar(gauge, canvas, Rect::new(start, 0, bar_width, 1), look);
        right_aligned(canvas, start + bar_width + 1 + text, 0, &gauge.text, value);
    } else if gauge.name.columns().saturating_add(1).saturating_add(text_columns) <= width {
        canvas.label(0, 0, &gauge.name, muted);
        right_aligned(canvas, width, 0, &gauge.text, value);
    } else {
        clipped(canvas, (0, 0), width, &gauge.text, value, look);
    }
}

fn bar(gauge: &Gauge, canvas: &mut Canvas<'_>, area: Rect, look: Look) {
    let track = look.theme.style(Role::Track);
    let shapes = match look.glyphs {
        GlyphSet::Braille if look.theme.coloured => LINE,
        GlyphSet::Braille => LINE_MONO,
        GlyphSet::Block => BLOCK,
        GlyphSet::Ascii => ASCII,
    };
    canvas.fill(area, shapes.rest, track);
    let Some(share) = gauge.share else { return };
    let per_cell = shapes.parts.len() + 1;
    let filled = parts(share, usize::from(area.width) * per_cell);
    let style = filled_style(gauge, look);
    let whole = (filled / per_cell) as u16;
    canvas.fill(Rect::new(area.x, area.y, whole, 1), shapes.full, style);
    if let Some(part) = (filled % per_cell).checked_sub(1) {
        canvas.glyph(area.x + whole, area.y, shapes.parts[part], style);
    }
}

/// How many of `all` parts are filled: none only of nothing, all only of everything.
fn parts(share: f32, all: usize) -> usize {
    let filled = (share * all as f32).round() as usize;
    if share <= 0.0 {
        0
    } else if share >= 1.0 {
        all
    } else {
        filled.clamp(1.min(all), all.saturating_sub(1).max(1))
    }
}

fn filled_style(gauge: &Gauge, look: Look) -> Style {
    look.theme.level(gauge.level)
}

/// One column each, as high as the canvas; for machines with more cores than the screen has rows.
fn upright(plan: &GaugePlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let count = plan.gauges.len() as u16;
    let pitch = if count.saturating_mul(2) <= width + 1 { 2 } else { 1 };
    // What is left out is counted in the last columns.
    let all_fit = count.saturating_mul(pitch) <= width.saturating_add(pitch - 1);
    let left_out = |shown: u16| Label::plain(&format!("+{}", count - shown));
    let shown = if all_fit { count } else { width.saturating_sub(left_out(0).columns() + 1) };
    let steps: &[Glyph] = match look.glyphs {
        GlyphSet::Braille => &EIGHTHS,
        GlyphSet::Block => &HALF,
        GlyphSet::Ascii => &HASH,
    };
    for (index, gauge) in plan.gauges.iter().take(usize::from(shown)).enumerate() {
        let x = index as u16 * pitch;
        let filled = gauge.share.map_or(0, |share| parts(share, usize::from(height) * steps.len()));
        let style = filled_style(gauge, look);
        for level in 0..height {
            let here = filled.saturating_sub(usize::from(level) * steps.len()).min(steps.len());
            let y = height - 1 - level;
            match here.checked_sub(1) {
                Some(part) => canvas.glyph(x, y, steps[part], style),
                // The foot of an empty bar says that there is one.
                None if level == 0 => canvas.glyph(x, y, steps[0], look.theme.style(Role::Track)),
                None => {}
            }
        }
    }
    if !all_fit {
        let label = left_out(shown);
        clipped(canvas, (shown + u16::from(shown > 0), height - 1), width, &label, look.theme.style(Role::Muted), look);
    }
}
