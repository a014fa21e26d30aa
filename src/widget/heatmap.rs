//! Heatmaps: how much there was of what, over time, as colours.
//!
//! Invariant: no extreme is lost when cells are fewer than data; a gap looks like no value, and zero like little. Where
//! colours are few the glyph alone tells how much.

use jiff::tz::TimeZone;

use super::held::hold;
use super::value_axis::Extent;
use super::{Tick, TimeScale, ValueAxis};
use crate::base::{Rect, Wall};
use crate::label::Label;
use crate::model::Unit;

mod paint;
#[cfg(test)]
mod tests;

pub use paint::paint;

/// What the rows of a heatmap are.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Ranges of values, the smallest at the bottom: one between each two neighbours of these rising bounds.
    Buckets { bounds: Vec<f64>, unit: Unit },
    /// Things with names, the first on top.
    Names(Vec<Label>),
}

/// Where the parts of a heatmap go, decided before the plan: it says how many bins there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns for the labels of rows, the space after them included; 0 when they are left out.
    pub gutter: u16,
    pub plot: Rect,
    /// The row of time labels, if there is room.
    pub times: Option<u16>,
    /// The row that tells which colour is how much, if there is room.
    pub legend: Option<u16>,
}

/// Gathers the rows of one heatmap.
#[derive(Debug)]
pub struct HeatmapBuilder {
    scale: TimeScale,
    rows: Rows,
    /// Row by row from the top, bin by bin.
    values: Vec<Option<f64>>,
    extent: Extent,
}

/// Everything a painter needs to know of a heatmap.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatmapPlan {
    /// From the top. Of a bucket its lower bound, which is where its row begins.
    pub labels: Vec<Label>,
    /// Whether rows without room may be drawn as one: neighbouring buckets may, things with names may not.
    pub merges: bool,
    pub bins: usize,
    /// Row by row from the top, bin by bin, from 0 to 1; none is a gap.
    pub heat: Vec<Option<f32>>,
    pub times: Vec<Tick>,
    /// The values of the coldest and the hottest colour.
    pub ends: (Label, Label),
}

/// Rows from which time labels pay, and those of colours.
const ROWS_FOR_TIMES: u16 = 5;
const ROWS_FOR_LEGEND: u16 = 8;
/// Columns from which a row of labels below the plot pays.
const COLUMNS_FOR_BELOW: u16 = 12;
/// The labels of rows take no more than one part of so many of the width.
const GUTTER_PARTS: u16 = 4;

// === impl Rows ===

impl Rows {
    pub fn count(&self) -> usize {
        match self {
            Rows::Buckets { bounds, .. } => bounds.len().saturating_sub(1),
            Rows::Names(names) => names.len(),
        }
    }

    /// The labels from the top.
    fn labels(&self) -> Vec<Label> {
        match self {
            Rows::Names(names) => names.clone(),
            Rows::Buckets { bounds, unit } => {
                let lower = bounds.iter().take(self.count()).rev();
                let text = |bound: &f64| if bound.is_finite() { unit.format(*bound) } else { String::new() };
                lower.map(|bound| Label::plain(&text(bound))).collect()
            }
        }
    }

    /// Where a row stands, counted from the top.
    fn place_of(&self, row: usize) -> Option<usize> {
        match self {
            Rows::Buckets { .. } => self.count().checked_sub(row + 1),
            Rows::Names(names) => (row < names.len()).then_some(row),
        }
    }
}

// === impl Layout ===

impl Layout {
    /// Small heatmaps lose the legend first, then the labels of time, those of rows then; the plot comes last.
    pub fn new(width: u16, height: u16, rows: &Rows) -> Layout {
        let widest = rows.labels().iter().map(Label::columns).max().unwrap_or(0);
        let most = width / GUTTER_PARTS;
        let gutter = match rows {
            // A number that is cut is another number.
            Rows::Buckets { .. } if widest >= most => 0,
            Rows::Names(_) if most < 3 => 0,
            _ if widest == 0 => 0,
            _ => widest.saturating_add(1).min(most),
        };
        let plot_width = width - gutter;
        let fits = |rows: u16| height >= rows && plot_width >= COLUMNS_FOR_BELOW;
        let legend = fits(ROWS_FOR_LEGEND).then(|| height - 1);
        let below = u16::from(legend.is_some());
        let times = fits(ROWS_FOR_TIMES).then(|| height - 1 - below);
        let plot = Rect::new(gutter, 0, plot_width, height - below - u16::from(times.is_some()));
        Layout { gutter, plot, times, legend }
    }

    /// A bin for each column of the plot.
    pub fn bins(&self) -> u16 {
        self.plot.width
    }
}

// === impl HeatmapBuilder ===

impl HeatmapBuilder {
    pub fn new(scale: TimeScale, rows: Rows) -> HeatmapBuilder {
        let values = vec![None; rows.count() * scale.bins()];
        HeatmapBuilder { scale, rows, values, extent: Extent::default() }
    }

    /// Adds points of the row with this number, in the order of time: of buckets the smallest is the first. A value
    /// holds until the next one, but no longer than `gap_ms`; the largest of a bin is shown.
    pub fn row(&mut self, row: usize, points: impl Iterator<Item = (Wall, f64)>, gap_ms: u64) {
        let Some(from_top) = self.rows.place_of(row) else { return };
        let bins = self.scale.bins();
        let (values, extent) = (&mut self.values[from_top * bins..][..bins], &mut self.extent);
        let finite = points.filter(|(_, value)| value.is_finite());
        hold(&self.scale, finite, gap_ms, |bins, value, _| {
            for slot in &mut values[bins] {
                extent.take(value);
                *slot = Some(slot.map_or(value, |before| before.max(value)));
            }
        });
    }

    /// Makes the plan. The colours span the data and the values in `include`, see `ValueAxis::new`.
    pub fn finish(self, unit: Unit, include: &[f64], zone: &TimeZone, layout: &Layout) -> HeatmapPlan {
        let values = ValueAxis::new(self.extent, include, unit, 2);
        let (low, high) = values.ends();
        let end = |value: f64| Label::plain(&unit.format(value));
        HeatmapPlan {
            labels: self.rows.labels(),
            merges: matches!(self.rows, Rows::Buckets { .. }),
            bins: self.scale.bins(),
            heat: self.values.iter().map(|value| value.map(|value| values.at(value))).collect(),
            times: self.scale.ticks(zone, if layout.times.is_some() { layout.plot.width } else { 0 }),
            ends: (end(low), end(high)),
        }
    }
}

// === impl HeatmapPlan ===

impl HeatmapPlan {
    /// Whether there is nothing but gaps.
    pub fn is_empty(&self) -> bool {
        self.heat.iter().all(Option::is_none)
    }
}
