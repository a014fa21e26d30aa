//! Bars that grow upwards, side by side.

use super::super::{BarsPlan, Group};
use super::{ink, more, value, value_style, zero_line};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::{Look, Role, blocks, clipped, right_aligned, whole};

/// Widest bar.
const BAR_COLUMNS_MAX: u16 = 8;
/// Rows from which names, values and an axis pay.
const ROWS_FOR_NAMES: u16 = 3;
const ROWS_FOR_VALUES: u16 = 4;
const ROWS_FOR_AXIS: u16 = 5;
/// Columns of bars from which an axis pays, in gutters.
const GUTTERS_FOR_AXIS: u16 = 4;
/// Columns of a name that says something.
const NAME_COLUMNS_MIN: u16 = 3;

/// Where the parts go.
struct Layout {
    gutter: u16,
    /// Rows of bars, those of their values not included.
    top: u16,
    height: u16,
    /// Rows above the zero line, and below.
    above: u16,
    /// Columns of a bar, from one group to the next, and between two.
    bar: u16,
    pitch: u16,
    gap: u16,
    shown: u16,
    /// Whether values stand at the ends of the bars.
    values: bool,
    /// The row of names, if there is room.
    names: Option<u16>,
}

pub(super) fn paint(plan: &BarsPlan, canvas: &mut Canvas<'_>, look: Look) {
    let layout = Layout::new(plan, canvas.size(), look);
    ground(plan, &layout, canvas, look);
    for (index, group) in (0..layout.shown).zip(&plan.groups) {
        one(group, plan, &layout, layout.gutter + index * layout.pitch, canvas, look);
    }
    let left_out = plan.groups.len() - usize::from(layout.shown);
    if left_out > 0 {
        let (width, height) = canvas.size();
        let more = more(left_out);
        let x = width.saturating_sub(more.columns());
        whole(canvas, (x, height - 1), width, &more, look.theme.style(Role::Muted), look);
    }
}

// === impl Layout ===

impl Layout {
    fn new(plan: &BarsPlan, (width, height): (u16, u16), look: Look) -> Layout {
        let gutter = plan.tick_columns + 1;
        let gutter = if height >= ROWS_FOR_AXIS && width >= gutter * GUTTERS_FOR_AXIS { gutter } else { 0 };
        let per_group = plan.bars_per_group();
        let groups = u16::try_from(plan.groups.len()).unwrap_or(u16::MAX);
        let room = width - gutter;
        let gap = |pitch: u16| u16::from(pitch > per_group);
        let pitch_of = |room: u16| (room.saturating_add(1) / groups.max(1)).max(per_group);
        // The last group has no gap behind it.
        let fits = |pitch: u16| groups.saturating_mul(pitch).saturating_sub(gap(pitch)) <= room;
        let pitch = pitch_of(room).min((BAR_COLUMNS_MAX * per_group).saturating_add(2));
        let pitch = if fits(pitch) { pitch } else { per_group };
        let shown = match fits(pitch) {
            true => groups,
            false => room.saturating_sub(more(plan.groups.len()).columns() + 1) / per_group,
        };
        let bar = ((pitch - gap(pitch)) / per_group).clamp(1, BAR_COLUMNS_MAX);
        let gap = pitch.saturating_sub(bar.saturating_mul(per_group));

        let named = plan.groups.iter().any(|group| !group.name.is_empty());
        let readable =
            pitch >= NAME_COLUMNS_MIN || plan.widest(|group| group.name.columns()) <= pitch - u16::from(gap > 0);
        let names = (named && readable && height >= ROWS_FOR_NAMES).then(|| height - 1);
        let widest = plan.widest(|group| group.bars.iter().map(|bar| value(bar, look).columns()).max().unwrap_or(0));
        // A blank between two values, or they would read as one.
        let slot = if per_group == 1 { pitch } else { bar }.saturating_sub(1);
        let values = height >= ROWS_FOR_VALUES && widest <= slot;
        let negative = plan.zero > 0.0;
        let top = u16::from(values && plan.zero < 1.0);
        let below = u16::from(values && negative) + u16::from(names.is_some() || shown < groups);
        let rows = height.saturating_sub(top + below).max(1);
        let above = ((1.0 - plan.zero) * f32::from(rows)).round() as u16;
        Layout { gutter, top, height: rows, above, bar, pitch, gap, shown, values, names }
    }

    fn zero(&self) -> u16 {
        self.top + self.above
    }
}

/// One group from column `x` on.
fn one(group: &Group, plan: &BarsPlan, layout: &Layout, x: u16, canvas: &mut Canvas<'_>, look: Look) {
    let columns = layout.bar * plan.bars_per_group();
    for (index, bar) in (0..).zip(&group.bars) {
        let x = x + index * layout.bar;
        let text = value(bar, look);
        let centred = |text: &Label| {
            let over = text.columns().saturating_sub(layout.bar);
            // A value may reach into the gap on both sides.
            (x + layout.bar.saturating_sub(text.columns()) / 2).saturating_sub(over.min(layout.gap) / 2)
        };
        let Some(at) = bar.at else {
            if layout.values {
                canvas.label(centred(&text), layout.zero().saturating_sub(1), &text, value_style(bar, look));
            }
            continue;
        };
        let (rising, room) = match at >= plan.zero {
            true => (true, layout.above),
            false => (false, layout.height - layout.above),
        };
        let reach = if rising { 1.0 - plan.zero } else { plan.zero };
        let share = if reach > 0.0 { (at - plan.zero) / reach } else { 0.0 };
        let parts = blocks::parts(share, room, look.glyphs);
        let area = Rect::new(x, layout.zero(), layout.bar, 0);
        blocks::upright(canvas, area, parts, ink(bar, plan, look));
        if layout.values {
            let cells = blocks::cells(parts, look.glyphs);
            let y = if rising { (layout.zero() - cells).checked_sub(1) } else { Some(layout.zero() + cells) };
            if let Some(y) = y {
                canvas.label(centred(&text), y, &text, value_style(bar, look));
            }
        }
    }
    if let Some(y) = layout.names {
        let room = layout.pitch - u16::from(layout.pitch > columns);
        let free = columns.max(room).saturating_sub(group.name.columns().min(room));
        let from = x + (columns.saturating_sub(group.name.columns().min(room)) / 2).min(free);
        clipped(canvas, (from, y), room, &group.name, look.theme.style(Role::Muted), look);
    }
}

/// Labels of values, and the lines behind the bars.
fn ground(plan: &BarsPlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let width = canvas.size().0;
    let across = |y: u16| Rect::new(layout.gutter, y, width.saturating_sub(layout.gutter), 1);
    let (grid, border) = (look.theme.style(Role::Grid), look.theme.style(Role::Border));
    if layout.gutter > 0 {
        let rows: Vec<u16> = plan.axis.ticks.iter().map(|tick| row(tick.at, layout)).collect();
        let start = plan.axis.ticks.iter().position(|tick| tick.at >= plan.zero).unwrap_or(0);
        // Every second or third tick where rows are few, counted from zero.
        let apart = |every: &usize| rows.iter().step_by(*every).is_sorted_by(|below, above| **above + 1 < **below);
        let every = (1..=rows.len()).find(apart).unwrap_or(1);
        for (index, (tick, y)) in plan.axis.ticks.iter().zip(&rows).enumerate() {
            if index % every != start % every {
                continue;
            }
            // Bars stand on a line of their own.
            if look.glyphs != GlyphSet::Ascii && index != start {
                canvas.fill(across(*y), Glyph::new('┈'), grid);
            }
            right_aligned(canvas, layout.gutter - 1, *y, &tick.label, look.theme.style(Role::Muted));
        }
    }
    if plan.zero > 0.0 && layout.above < layout.height {
        // Bars that hang cover it: only what is between them is seen.
        canvas.fill(across(layout.zero()), zero_line(look.glyphs, plan.direction), border);
    }
}

/// The row whose lower edge is nearest to a value.
fn row(at: f32, layout: &Layout) -> u16 {
    let from_bottom = (at * f32::from(layout.height)).round() as u16;
    layout.top + layout.height.saturating_sub(from_bottom.max(1))
}
