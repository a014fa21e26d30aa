//! Gauges: bars with a name, a share and a text.
//!
//! Invariant: every gauge is shown, or the number of those left out is; a bar that is not empty shows at least its
//! smallest part, and one that is not full shows that it is not. No number is cut: without room the detail goes first,
//! then the bar, then the name.

use super::{Level, Look, Role, clipped, right_aligned, whole};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;

#[cfg(test)]
mod tests;

/// One gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    pub name: Label,
    /// From 0 to 1; none without data.
    pub share: Option<f32>,
    /// The share in words.
    pub value: Label,
    /// What it is a share of; may be empty, and is left out where there is no room.
    pub detail: Label,
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

/// Heavy and light line: the shapes alone tell the filled part, colours help.
const LINE: Bar = Bar { full: Glyph::new('━'), parts: &[Glyph::new('╾')], rest: Glyph::new('─') };
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
const HASH: [Glyph; 1] = [Glyph::new('#')];

/// Widest upright bar.
const UPRIGHT_MAX: u16 = 3;

// === impl Gauge ===

impl Gauge {
    /// A gauge whose level follows from its share.
    pub fn new(name: Label, share: f32, value: Label, detail: Label) -> Gauge {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let level = match share {
            share if share >= CRITICAL => Level::Critical,
            share if share >= HIGH => Level::High,
            _ => Level::Good,
        };
        Gauge { name, share: Some(share), value, detail, level }
    }

    /// A gauge of which nothing is known; the words say so.
    pub fn unknown(name: Label, words: Label) -> Gauge {
        Gauge { name, share: None, value: words, detail: Label::plain(""), level: Level::Good }
    }
}

/// Paints all gauges into the whole canvas: in rows, in several columns when rows are short, upright when both are.
pub fn paint(plan: &GaugePlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let count = u16::try_from(plan.gauges.len()).unwrap_or(u16::MAX);
    if width == 0 || height == 0 || count == 0 {
        return;
    }
    let widest = |text: fn(&Gauge) -> &Label| plan.gauges.iter().map(|gauge| text(gauge).columns()).max().unwrap_or(0);
    let (name, value, detail) =
        (widest(|gauge| &gauge.name), widest(|gauge| &gauge.value), widest(|gauge| &gauge.detail));
    let shortest = name.saturating_add(value).saturating_add(2 + BAR_MIN);
    let columns_max = (width.saturating_add(GAP) / shortest.saturating_add(GAP)).max(1);
    let columns = count.div_ceil(height);
    if columns > columns_max {
        upright(plan, canvas, look);
        return;
    }
    let per_column = count.div_ceil(columns);
    let cell = (width - GAP * (columns - 1)) / columns;
    let inline = shortest.saturating_add(detail).saturating_add(GAP) <= cell;
    let below = bar_start(name).saturating_add(detail) <= cell;
    let detail = match detail {
        0 => Detail::None,
        _ if below && per_column * 2 <= height => Detail::Below,
        detail if inline => Detail::Inline(detail),
        _ => Detail::None,
    };
    // A blank row between gauges where there is room for one.
    let rows = 1 + u16::from(detail == Detail::Below);
    let pitch = if per_column.saturating_mul(rows + 1) - 1 <= height { rows + 1 } else { rows };
    let parts = Parts { name, value, detail };
    for (index, gauge) in plan.gauges.iter().enumerate() {
        let (column, row) = (index as u16 / per_column, index as u16 % per_column);
        let area = Rect::new(column * (cell + GAP), row * pitch, cell, rows);
        one(gauge, &mut canvas.sub(area), &parts, look);
    }
}

/// Where the detail of a gauge goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    None,
    Below,
    /// Between bar and value, in so many columns.
    Inline(u16),
}

/// Columns of the parts that all gauges of a plan share, so that their bars line up.
struct Parts {
    name: u16,
    value: u16,
    detail: Detail,
}

/// One gauge: the bar goes first when there is no room, then the name.
fn one(gauge: &Gauge, canvas: &mut Canvas<'_>, parts: &Parts, look: Look) {
    let (width, _) = canvas.size();
    let muted = look.theme.style(Role::Muted);
    let style = match gauge.share {
        None => muted,
        Some(_) if gauge.level == Level::Good => look.theme.style(Role::Text),
        Some(_) => look.theme.level(gauge.level),
    };
    let value_columns = gauge.value.columns();
    if parts.name.saturating_add(parts.value).saturating_add(2 + BAR_MIN) <= width {
        canvas.label(0, 0, &gauge.name, muted);
        let start = bar_start(parts.name);
        let inline = if let Detail::Inline(columns) = parts.detail { columns + GAP } else { 0 };
        let bar_width = (width - start - inline - parts.value - 1).min(BAR_MAX);
        bar(gauge, canvas, Rect::new(start, 0, bar_width, 1), look);
        let right = start + bar_width + inline + 1 + parts.value;
        right_aligned(canvas, right, 0, &gauge.value, style);
        match parts.detail {
            Detail::None => {}
            Detail::Below => {
                canvas.label(start, 1, &gauge.detail, muted);
            }
            Detail::Inline(_) => {
                right_aligned(canvas, right - parts.value - GAP + 1, 0, &gauge.detail, muted);
            }
        }
    } else if gauge.name.columns().saturating_add(1).saturating_add(value_columns) <= width {
        canvas.label(0, 0, &gauge.name, muted);
        right_aligned(canvas, width, 0, &gauge.value, style);
    } else {
        // Blanks that line values up are the first to go.
        whole(canvas, (0, 0), width, &Label::plain(gauge.value.as_str().trim()), style, look);
    }
}

/// The column of a bar behind names of so many columns.
fn bar_start(name: u16) -> u16 {
    if name > 0 { name.saturating_add(1) } else { 0 }
}

fn bar(gauge: &Gauge, canvas: &mut Canvas<'_>, area: Rect, look: Look) {
    let track = look.theme.style(Role::Track);
    let shapes = match look.glyphs {
        GlyphSet::Braille => LINE,
        GlyphSet::Block => BLOCK,
        GlyphSet::Ascii => ASCII,
    };
    canvas.fill(area, shapes.rest, track);
    let Some(share) = gauge.share else { return };
    let per_cell = shapes.parts.len() + 1;
    let filled = parts(share, usize::from(area.width) * per_cell);
    let style = look.theme.bar(gauge.level);
    let whole = (filled / per_cell) as u16;
    canvas.fill(Rect::new(area.x, area.y, whole, 1), shapes.full, style);
    if let Some(part) = (filled % per_cell).checked_sub(1) {
        canvas.glyph(area.x + whole, area.y, shapes.parts[part], style);
    }
}

/// How many of `all` parts are filled: none only of nothing, all only of everything.
pub(super) fn parts(share: f32, all: usize) -> usize {
    let filled = (share * all as f32).round() as usize;
    if share <= 0.0 {
        0
    } else if share >= 1.0 {
        all
    } else {
        filled.clamp(1.min(all), all.saturating_sub(1).max(1))
    }
}

/// One upright bar each, as high as the canvas; for machines with more cores than the screen has rows.
fn upright(plan: &GaugePlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let count = plan.gauges.len() as u16;
    let (bar_width, gap) = match width.saturating_add(1) / count.max(1) {
        0 | 1 => (1, 0),
        pitch => (pitch.min(UPRIGHT_MAX + 1) - 1, 1),
    };
    // What is left out is counted in the last columns.
    let all_fit = count <= width;
    let left_out = |shown: u16| Label::plain(&format!("+{}", count - shown));
    let shown = if all_fit { count } else { width.saturating_sub(left_out(0).columns() + 1) };
    for (index, gauge) in plan.gauges.iter().take(usize::from(shown)).enumerate() {
        let area = Rect::new(index as u16 * (bar_width + gap), 0, bar_width, height);
        upright_bar(gauge, &mut canvas.sub(area), look);
    }
    if !all_fit {
        let label = left_out(shown);
        clipped(canvas, (shown + u16::from(shown > 0), height - 1), width, &label, look.theme.style(Role::Muted), look);
    }
}

fn upright_bar(gauge: &Gauge, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let track = look.theme.style(Role::Track);
    // The part of a cell that is not filled shows the track where colours allow, or else the track has a shape.
    let (steps, rest, style): (&[Glyph], Glyph, Style) = match look.glyphs {
        GlyphSet::Braille if look.theme.coloured => {
            (&EIGHTHS, Glyph::new('█'), look.theme.bar(gauge.level).bg(track.fg))
        }
        GlyphSet::Braille => (&EIGHTHS, Glyph::new('░'), look.theme.bar(gauge.level)),
        GlyphSet::Block => (&HALF, Glyph::new('░'), look.theme.bar(gauge.level)),
        GlyphSet::Ascii => (&HASH, Glyph::new('.'), look.theme.bar(gauge.level)),
    };
    let filled = gauge.share.map_or(0, |share| parts(share, usize::from(height) * steps.len()));
    for y in 0..height {
        let below = usize::from(height - 1 - y) * steps.len();
        let row = Rect::new(0, y, width, 1);
        match filled.saturating_sub(below).min(steps.len()).checked_sub(1) {
            Some(part) => canvas.fill(row, steps[part], style),
            None => canvas.fill(row, rest, track),
        }
    }
}
