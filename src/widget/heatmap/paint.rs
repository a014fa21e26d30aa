//! Puts the plan of a heatmap on cells.

use std::ops::Range;

use super::{HeatmapPlan, Layout};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::{Look, Role, clipped, right_aligned, time_row};

/// From little to much; a blank is nothing at all.
const SHADES: [Glyph; 5] = [Glyph::BLANK, Glyph::new('░'), Glyph::new('▒'), Glyph::new('▓'), Glyph::new('█')];
const ASCII: [Glyph; 10] = [
    Glyph::BLANK,
    Glyph::new('.'),
    Glyph::new(':'),
    Glyph::new('-'),
    Glyph::new('='),
    Glyph::new('+'),
    Glyph::new('*'),
    Glyph::new('#'),
    Glyph::new('%'),
    Glyph::new('@'),
];
const UPPER_HALF: Glyph = Glyph::new('▀');

/// Colours of the legend, at most.
const LEGEND_COLUMNS_MAX: u16 = 24;
/// Fewer colours do not show the way from little to much.
const LEGEND_COLUMNS_MIN: u16 = 5;
/// Rows of numbers keep a row between them.
const LABEL_PITCH: u16 = 2;

/// How the rows of a plan fall on those of a screen.
struct Rows {
    /// How many rows of the plan are shown.
    shown: usize,
    /// How many rows of screen they take.
    height: u16,
    /// Rows of colour in each row of screen: 2 with half blocks.
    per_cell: usize,
}

/// Paints a heatmap whose plan was made for this layout.
pub fn paint(plan: &HeatmapPlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    if plot.is_empty() || plan.labels.is_empty() || plan.bins == 0 {
        return;
    }
    let rows = Rows::new(plan, plot.height, look);
    for y in 0..rows.height {
        for x in 0..plot.width {
            let columns = span(usize::from(x), usize::from(plot.width), plan.bins);
            let heat =
                |part: usize| hottest(plan, rows.of_part(usize::from(y) * rows.per_cell + part), columns.clone());
            let (glyph, style) = match rows.per_cell {
                1 => one(heat(0), look),
                _ => two(heat(0), heat(1), look),
            };
            canvas.glyph(plot.x + x, plot.y + y, glyph, style);
        }
    }
    labels(plan, &rows, layout, canvas, look);
    let hidden = plan.labels.len() - rows.shown;
    if hidden > 0 {
        let more = Label::plain(&format!("+{hidden}"));
        let at = (0, plot.y + rows.height);
        clipped(canvas, at, plot.right(), &more, look.theme.style(Role::Muted), look);
    }
    // Rows of equal height may not fill the plot: what explains them stands right below.
    let spare = plot.height.saturating_sub(rows.height + u16::from(hidden > 0));
    if let Some(y) = layout.times {
        time_row::paint(&plan.times, plot, y - spare, canvas, look);
    }
    if let Some(y) = layout.legend {
        legend(plan, Rect::new(plot.x, y - spare, plot.width, 1), canvas, look);
    }
}

// === impl Rows ===

impl Rows {
    fn new(plan: &HeatmapPlan, height: u16, look: Look) -> Rows {
        let count = plan.labels.len();
        let tall = usize::from(height);
        // Half blocks carry two colours and no glyph, so colours must tell all.
        let per_cell = if count > tall && look.theme.has_shades() && look.glyphs != GlyphSet::Ascii { 2 } else { 1 };
        if plan.merges || count <= tall * per_cell {
            let rows = match per_cell {
                2 => count.div_ceil(2).min(tall),
                // Things are all of one size; ranges fill the plot up to its top.
                _ if plan.merges => tall,
                _ => tall / count * count,
            };
            return Rows { shown: count, height: rows as u16, per_cell };
        }
        let height = height - 1;
        Rows { shown: (usize::from(height) * per_cell).min(count), height, per_cell }
    }

    /// The rows of the plan that fall on this row of colour, from the top.
    fn of_part(&self, part: usize) -> Range<usize> {
        if self.per_cell == 2 && self.shown <= usize::from(self.height) * 2 {
            return part..(part + 1).min(self.shown).max(part);
        }
        span(part, usize::from(self.height) * self.per_cell, self.shown)
    }
}

/// Which of `count` things fall on the place with this number of `places`: at least one.
fn span(place: usize, places: usize, count: usize) -> Range<usize> {
    let from = place * count / places;
    from..((place + 1) * count / places).max(from + 1)
}

/// The largest value of some rows and bins.
fn hottest(plan: &HeatmapPlan, rows: Range<usize>, bins: Range<usize>) -> Option<f32> {
    let row = |row: usize| plan.heat[row * plan.bins..][bins.clone()].iter().copied().flatten();
    rows.flat_map(row).reduce(f32::max)
}

fn one(heat: Option<f32>, look: Look) -> (Glyph, Style) {
    let ground = look.theme.style(Role::Grid);
    let Some(heat) = heat else {
        let hatch = if look.glyphs == GlyphSet::Braille { Glyph::new('╱') } else { Glyph::new('/') };
        return (hatch, ground);
    };
    let colour = look.theme.heat(heat);
    if look.theme.has_shades() {
        return (Glyph::BLANK, ground.bg(colour));
    }
    let steps: &[Glyph] = if look.glyphs == GlyphSet::Ascii { &ASCII } else { &SHADES };
    // Nothing of a value that is little would be a lie.
    let step = if heat <= 0.0 { 0 } else { 1 + ((heat * (steps.len() - 1) as f32) as usize).min(steps.len() - 2) };
    (steps[step], Style::new().fg(colour).bg(ground.bg))
}

fn two(upper: Option<f32>, lower: Option<f32>, look: Look) -> (Glyph, Style) {
    if upper.is_none() && lower.is_none() {
        return one(None, look);
    }
    let ground = look.theme.style(Role::Ground).bg;
    let colour = |heat: Option<f32>| heat.map_or(ground, |heat| look.theme.heat(heat));
    (UPPER_HALF, Style::new().fg(colour(upper)).bg(colour(lower)))
}

/// The labels of rows: of a bucket where it begins, at the bottom; of a thing in the middle of its rows.
fn labels(plan: &HeatmapPlan, rows: &Rows, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let Some(room) = layout.gutter.checked_sub(1) else { return };
    let muted = look.theme.style(Role::Muted);
    let first_of = |y: u16| rows.of_part(usize::from(y) * rows.per_cell);
    if !plan.merges {
        let mut y = 0;
        while y < rows.height {
            let row = first_of(y).start;
            let tall = (y..rows.height).take_while(|below| first_of(*below).start == row).count() as u16;
            clipped(canvas, (0, layout.plot.y + y + (tall - 1) / 2), room, &plan.labels[row], muted, look);
            y += tall;
        }
        return;
    }
    let last_of = |y: u16| rows.of_part(usize::from(y) * rows.per_cell + rows.per_cell - 1).end.max(first_of(y).end);
    let mut free_to = rows.height + LABEL_PITCH;
    let mut below = None;
    for y in (0..rows.height).rev() {
        let row = last_of(y) - 1;
        let is_new = below.replace(row) != Some(row);
        if is_new && y + LABEL_PITCH <= free_to {
            right_aligned(canvas, room, layout.plot.y + y, &plan.labels[row], muted);
            free_to = y;
        }
    }
}

/// Which colour is how much: the ends in words and the way between them.
fn legend(plan: &HeatmapPlan, area: Rect, canvas: &mut Canvas<'_>, look: Look) {
    let muted = look.theme.style(Role::Muted);
    let (low, high) = &plan.ends;
    let words = low.columns().saturating_add(high.columns()).saturating_add(2);
    let columns = area.width.saturating_sub(words).min(LEGEND_COLUMNS_MAX);
    if columns < LEGEND_COLUMNS_MIN {
        return;
    }
    let mut x = area.x + canvas.label(area.x, area.y, low, muted) + 1;
    for column in 0..columns {
        let heat = f32::from(column) / f32::from(columns - 1);
        let (glyph, style) = one(Some(heat), look);
        canvas.glyph(x + column, area.y, glyph, style);
    }
    x += columns + 1;
    x += canvas.label(x, area.y, high, muted) + 2;
    let gap = Label::plain("no data");
    if plan.heat.contains(&None) && x + 2 + gap.columns() <= area.right() {
        let (glyph, style) = one(None, look);
        canvas.glyph(x, area.y, glyph, style);
        canvas.label(x + 2, area.y, &gap, muted);
    }
}
