//! Bars that grow to the right, a row each.

use super::super::{BarsPlan, Group};
use super::{ink, more, on_bar, value, value_style, zero_line};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::{Look, Role, blocks, clipped, right_aligned};

/// Columns of bars below which names are cut, and then values left out.
const PLOT_COLUMNS_MIN: u16 = 8;
/// Columns of bars from which an axis pays.
const PLOT_COLUMNS_FOR_AXIS: u16 = 24;

/// Where the parts go.
struct Layout {
    names: u16,
    plot: Rect,
    /// Column of the plot that bars start from.
    zero: u16,
    /// Columns of bars to either side of it.
    left: u16,
    right: u16,
    /// Whether values stand beside the bars; else in them where they fit.
    outside: bool,
    /// The row of the axis, if there is room.
    axis: Option<u16>,
    /// Rows from one group to the next, and groups shown.
    pitch: u16,
    shown: u16,
}

pub(super) fn paint(plan: &BarsPlan, canvas: &mut Canvas<'_>, look: Look) {
    let layout = Layout::new(plan, canvas.size(), look);
    if let Some(y) = layout.axis {
        axis(plan, &layout, y, canvas, look);
    }
    let rows = plan.bars_per_group();
    for (index, group) in (0..layout.shown).zip(&plan.groups) {
        let area = Rect::new(0, index * layout.pitch, canvas.size().0, rows);
        one(group, plan, &layout, &mut canvas.sub(area), look);
    }
    let left_out = plan.groups.len() - usize::from(layout.shown);
    if left_out > 0 {
        let (width, height) = canvas.size();
        clipped(canvas, (0, height - 1), width, &more(left_out), look.theme.style(Role::Muted), look);
    }
}

// === impl Layout ===

impl Layout {
    fn new(plan: &BarsPlan, (width, height): (u16, u16), look: Look) -> Layout {
        let name = plan.widest(|group| group.name.columns());
        let widest = plan.widest(|group| group.bars.iter().map(|bar| value(bar, look).columns()).max().unwrap_or(0));
        let free = width.saturating_sub(PLOT_COLUMNS_MIN);
        // Names never take more than a third unless they need little.
        let names =
            if name == 0 { 0 } else { name.min((width / 3).max(free.saturating_sub(widest + 2).min(name))) + 1 };
        let names = if names > free { 0 } else { names };
        let negative = plan.zero > 0.0;
        let sides = 1 + u16::from(negative);
        let outside = widest.saturating_add(1).saturating_mul(sides).saturating_add(names) <= free;
        let beside = if outside { widest + 1 } else { 0 };
        // Values of negative bars stand to the left of them.
        let plot = Rect::new(names, 0, width - names, height);
        let room = plot.width.saturating_sub(beside).saturating_sub(if negative { beside } else { 0 });
        let left = (plan.zero * f32::from(room)).round() as u16;
        let zero = left + if negative { beside } else { 0 };

        let groups = u16::try_from(plan.groups.len()).unwrap_or(u16::MAX);
        let rows = plan.bars_per_group();
        let wanted = groups.saturating_mul(rows);
        let axis = (wanted < height && room >= PLOT_COLUMNS_FOR_AXIS).then(|| height - 1);
        let offered = height - u16::from(axis.is_some());
        // A blank row between groups where there is room for all of them.
        let spread = groups.saturating_mul(rows.saturating_add(1)).saturating_sub(1) <= offered;
        let pitch = rows + u16::from(spread);
        let shown = if wanted <= offered { groups } else { offered.saturating_sub(1) / rows };
        Layout { names, plot, zero, left, right: room - left, outside, axis, pitch, shown }
    }
}

/// One group: its name, its bars, their values.
fn one(group: &Group, plan: &BarsPlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if let Some(columns) = layout.names.checked_sub(1) {
        // In the middle of its bars.
        let y = height.saturating_sub(1) / 2;
        clipped(canvas, (0, y), columns, &group.name, look.theme.style(Role::Muted), look);
    }
    let start = layout.plot.x + layout.zero;
    if plan.zero > 0.0 {
        let line = Rect::new(start, 0, 1, height);
        canvas.fill(line, zero_line(look.glyphs, plan.direction), look.theme.style(Role::Border));
    }
    for (y, bar) in (0..height).zip(&group.bars) {
        let text = value(bar, look);
        let Some(at) = bar.at else {
            if layout.outside {
                canvas.label(start + 1, y, &text, value_style(bar, look));
            }
            continue;
        };
        let (rising, room) = if at >= plan.zero { (true, layout.right) } else { (false, layout.left) };
        let reach = if rising { 1.0 - plan.zero } else { plan.zero };
        let share = if reach > 0.0 { (at - plan.zero) / reach } else { 0.0 };
        let parts = blocks::parts(share, room, look.glyphs);
        blocks::across(canvas, Rect::new(start, y, 0, 1), parts, ink(bar, plan, look));
        let cells = blocks::cells(parts, look.glyphs);
        match (layout.outside, rising) {
            (true, true) => {
                canvas.label(start + cells + 1, y, &text, value_style(bar, look));
            }
            (true, false) => {
                right_aligned(canvas, start.saturating_sub(cells + 1), y, &text, value_style(bar, look));
            }
            // In the bar where it is long enough, else behind it where there is room.
            (false, true) if text.columns() + 2 <= cells => {
                right_aligned(canvas, start + cells - 1, y, &text, on_bar(bar, look));
            }
            (false, true) if start + cells + 1 + text.columns() <= width => {
                canvas.label(start + cells + 1, y, &text, value_style(bar, look));
            }
            (false, false) if text.columns() + 2 <= cells => {
                canvas.label(start - cells + 1, y, &text, on_bar(bar, look));
            }
            (false, _) => {}
        }
    }
}

/// Marks and labels under the bars.
fn axis(plan: &BarsPlan, layout: &Layout, y: u16, canvas: &mut Canvas<'_>, look: Look) {
    let mark = if look.glyphs == GlyphSet::Ascii { Glyph::new('|') } else { Glyph::new('╵') };
    let room = layout.left + layout.right;
    let from = layout.plot.x + layout.zero - layout.left;
    let mut free_from = 0;
    for tick in &plan.axis.ticks {
        let x = from + (tick.at * f32::from(room)).round() as u16;
        if x < free_from || x + 1 + tick.label.columns() > canvas.size().0 {
            continue;
        }
        canvas.glyph(x, y, mark, look.theme.style(Role::Border));
        free_from = x + 2 + canvas.label(x + 1, y, &tick.label, look.theme.style(Role::Muted));
    }
}
