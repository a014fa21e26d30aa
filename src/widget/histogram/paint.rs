//! Puts the plan of a histogram on cells.

use super::{HistogramPlan, Mark};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::{Look, Role, blocks, right_aligned};

/// Rows from which labels of values, of counts, and of marks pay.
const ROWS_FOR_EDGES: u16 = 3;
const ROWS_FOR_COUNTS: u16 = 4;
const ROWS_FOR_MARKS: u16 = 5;
/// Columns from which labels of counts pay, in gutters.
const GUTTERS_FOR_COUNTS: u16 = 4;
/// Widest bin.
const BIN_COLUMNS_MAX: u16 = 12;
/// Columns of a bin from which one of them parts it from the next.
const BIN_COLUMNS_FOR_GAP: u16 = 4;

/// Where the parts go.
struct Layout {
    gutter: u16,
    plot: Rect,
    edges: Option<u16>,
    marks: bool,
}

/// Paints into the whole canvas.
pub fn paint(plan: &HistogramPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 || plan.bins.is_empty() {
        return;
    }
    let layout = Layout::new(plan, width, height);
    if layout.gutter > 0 {
        counts(plan, &layout, canvas, look);
    }
    // Marks lie behind the bars, so that no bar looks shorter than it is.
    if layout.marks {
        marks(&plan.marks, &layout, canvas, look);
    }
    bins(plan, &layout, canvas, look);
    if let Some(y) = layout.edges {
        edges(plan, &layout, y, canvas, look);
    }
}

// === impl Layout ===

impl Layout {
    fn new(plan: &HistogramPlan, width: u16, height: u16) -> Layout {
        let gutter = plan.tick_columns + 1;
        let gutter = if height >= ROWS_FOR_COUNTS && width >= gutter * GUTTERS_FOR_COUNTS { gutter } else { 0 };
        let edges = (height >= ROWS_FOR_EDGES).then(|| height - 1);
        let marks = height >= ROWS_FOR_MARKS && !plan.marks.is_empty();
        let bins = u16::try_from(plan.bins.len()).unwrap_or(u16::MAX);
        let room = width - gutter;
        // Equal bins where there is a column for each: a wider one would look like more.
        let columns = if bins <= room { bins * (room / bins).min(BIN_COLUMNS_MAX) } else { room };
        let top = u16::from(marks);
        let rows = height - top - u16::from(edges.is_some());
        Layout { gutter, plot: Rect::new(gutter, top, columns, rows), edges, marks }
    }

    /// The column of the plot at a place, from 0 to 1.
    fn x(&self, at: f32) -> u16 {
        self.plot.x + (at * f32::from(self.plot.width)).round() as u16
    }
}

fn bins(plan: &HistogramPlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    let ink = blocks::Ink { style: look.theme.series(plan.series), glyphs: look.glyphs, whole: blocks::HASH };
    let count = u16::try_from(plan.bins.len()).unwrap_or(u16::MAX);
    let each = plot.width / count;
    if each == 0 {
        // More bins than columns: the largest in each column, so that no peak is lost.
        for x in 0..plot.width {
            let first = usize::from(x) * plan.bins.len() / usize::from(plot.width);
            let end = (usize::from(x) + 1) * plan.bins.len() / usize::from(plot.width);
            let share = plan.bins[first..end].iter().copied().fold(0.0, f32::max);
            let parts = blocks::parts(share, plot.height, look.glyphs);
            blocks::upright(canvas, Rect::new(plot.x + x, plot.bottom(), 1, 0), parts, ink);
        }
        return;
    }
    let gap = u16::from(each >= BIN_COLUMNS_FOR_GAP);
    for (index, share) in (0..count).zip(&plan.bins) {
        let area = Rect::new(plot.x + index * each, plot.bottom(), each - gap, 0);
        blocks::upright(canvas, area, blocks::parts(*share, plot.height, look.glyphs), ink);
    }
}

/// Labels of counts, and the lines behind the bars.
fn counts(plan: &HistogramPlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    let row = |at: f32| plot.bottom().saturating_sub(((at * f32::from(plot.height)).round() as u16).max(1));
    let rows: Vec<u16> = plan.counts.ticks.iter().map(|tick| row(tick.at)).collect();
    // Every second or third label where rows are few, counted from nothing.
    let apart = |every: &usize| rows.iter().step_by(*every).is_sorted_by(|below, above| **above + 1 < **below);
    let every = (1..=rows.len()).find(apart).unwrap_or(1);
    for (index, (tick, y)) in plan.counts.ticks.iter().zip(&rows).enumerate().step_by(every) {
        if look.glyphs != GlyphSet::Ascii && index > 0 {
            let line = Rect::new(plot.x, *y, plot.width, 1);
            canvas.fill(line, Glyph::new('┈'), look.theme.style(Role::Grid));
        }
        right_aligned(canvas, layout.gutter - 1, *y, &tick.label, look.theme.style(Role::Muted));
    }
}

/// Labels under the edges of bins: every one, or every second, third ... so that they do not meet.
fn edges(plan: &HistogramPlan, layout: &Layout, y: u16, canvas: &mut Canvas<'_>, look: Look) {
    let mark = if look.glyphs == GlyphSet::Ascii { Glyph::new('|') } else { Glyph::new('╵') };
    let width = canvas.size().0;
    let mut free_from = 0;
    for edge in &plan.edges {
        let x = layout.x(edge.at);
        let end = x.saturating_add(1).saturating_add(edge.label.columns());
        if x < free_from || end > width {
            continue;
        }
        canvas.glyph(x, y, mark, look.theme.style(Role::Border));
        canvas.label(x + 1, y, &edge.label, look.theme.style(Role::Muted));
        free_from = end + 1;
    }
}

/// A line down the plot for each mark, its label on top; the first ones win where there is no room for all.
fn marks(marks: &[Mark], layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let line = match look.glyphs {
        GlyphSet::Ascii => Glyph::new(':'),
        _ => Glyph::new('╎'),
    };
    let style = look.theme.style(Role::Text);
    let (plot, width) = (layout.plot, canvas.size().0);
    let mut taken: Vec<(u16, u16)> = Vec::new();
    for mark in marks {
        let x = layout.x(mark.at).min(plot.right().saturating_sub(1));
        canvas.fill(Rect::new(x, plot.y, 1, plot.height), line, style);
        let columns = mark.label.columns();
        // To the right of the line, else so far left as it has to be.
        let from = x.min(width.saturating_sub(columns));
        let to = from + columns + 1;
        if columns <= width && taken.iter().all(|(start, end)| to <= *start || from >= *end) {
            canvas.label(from, plot.y - 1, &mark.label, style);
            taken.push((from, to));
        }
    }
}
