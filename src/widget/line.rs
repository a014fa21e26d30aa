//! Line charts: several series over time.
//!
//! Invariant: a plan has at most one stroke per series and bin however much data there is, and no extreme is lost in
//! making it; a gap in the data is a gap in the line.

mod paint;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use super::value_axis::Extent;
use super::{Role, Tick, TimeScale, ValueAxis};
use crate::base::{Rect, Wall};
use crate::label::Label;
use crate::model::{GlyphSet, Unit};

pub use paint::paint;

/// Where the parts of a chart go, decided before the plan: it says how many bins and ticks there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns for the labels of values, the space after them included; 0 when they are left out.
    pub gutter: u16,
    pub plot: Rect,
    /// The row of time labels, if there is room.
    pub times: Option<u16>,
    glyphs: GlyphSet,
}

/// Everything a painter needs to know of a line chart.
#[derive(Clone, Debug, PartialEq)]
pub struct LinePlan {
    pub values: ValueAxis,
    pub times: Vec<Tick>,
    pub lines: Vec<Polyline>,
    /// Whether the space under the first line is filled.
    pub filled: bool,
    pub thresholds: Vec<Threshold>,
}

/// One series, left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polyline {
    /// Which of the chart's series this is; decides its colour.
    pub series: usize,
    pub strokes: Vec<Stroke>,
}

/// What happened in one bin. Values are the data's own until the plan is made, from 0 to 1 then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The bin's middle, from 0 to 1.
    pub at: f32,
    /// Whether a line leads here from the stroke before.
    pub joined: bool,
    pub first: f64,
    pub low: f64,
    pub high: f64,
    pub last: f64,
}

/// A value worth a line of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    pub at: f32,
    pub label: Label,
    pub role: Role,
}

/// Gathers the series of one chart.
#[derive(Debug)]
pub struct LineBuilder {
    scale: TimeScale,
    lines: Vec<Polyline>,
    filled: bool,
    extent: Extent,
}

/// Rows from which time labels pay.
const ROWS_FOR_TIMES: u16 = 5;
/// Columns from which labels of values pay, in gutters.
const GUTTERS_FOR_VALUES: u16 = 4;
/// Ticks that a tall chart gets; more only shade it.
const VALUE_TICKS_MAX: u16 = 6;
/// Columns from which a row of time labels pays.
const PLOT_COLUMNS_FOR_TIMES: u16 = 12;

// === impl Layout ===

impl Layout {
    /// Small charts lose the labels of time first, those of values then; the plot comes last.
    pub fn new(width: u16, height: u16, unit: Unit, glyphs: GlyphSet) -> Layout {
        // One width for all charts of a unit: their plots line up, and none jumps when its scale changes.
        let gutter = match unit {
            Unit::Percent => 5,
            Unit::None => 6,
            Unit::Seconds => 7,
            Unit::Bytes => 8,
            Unit::BytesPerSecond => 10,
        };
        let gutter = if width >= gutter * GUTTERS_FOR_VALUES && height >= 2 { gutter } else { 0 };
        let times = (height >= ROWS_FOR_TIMES && width >= gutter + PLOT_COLUMNS_FOR_TIMES).then(|| height - 1);
        let plot = Rect::new(gutter, 0, width - gutter, height - u16::from(times.is_some()));
        Layout { gutter, plot, times, glyphs }
    }

    /// As many bins as the plot has dots across.
    pub fn bins(&self) -> u16 {
        self.plot.width.saturating_mul(super::raster::dots_per_cell(self.glyphs).0)
    }

    /// A label every other row at most.
    pub fn value_ticks_max(&self) -> u16 {
        self.plot.height.div_ceil(2).min(VALUE_TICKS_MAX)
    }

    /// Columns for labels of time.
    pub fn time_columns(&self) -> u16 {
        if self.times.is_some() { self.plot.width } else { 0 }
    }
}

// === impl LineBuilder ===

impl LineBuilder {
    pub fn new(scale: TimeScale) -> LineBuilder {
        LineBuilder { scale, lines: Vec::new(), filled: false, extent: Extent::default() }
    }

    /// Fills the space under the first line.
    pub fn fill(&mut self) {
        self.filled = true;
    }

    /// Adds the next series: points in the order of time, best from one point before the span so that the line comes
    /// in from the left. Points further apart than `gap_ms` are not joined.
    pub fn line(&mut self, points: impl Iterator<Item = (Wall, f64)>, gap_ms: u64) {
        let mut line = Polyline { series: self.lines.len(), strokes: Vec::with_capacity(self.scale.bins().min(512)) };
        let from = self.scale.from();
        let mut before: Option<(Wall, f64)> = None;
        let mut last_bin = usize::MAX;
        for (at, value) in points {
            if !value.is_finite() {
                continue;
            }
            let Some(bin) = self.scale.bin(at) else {
                if at < from {
                    before = Some((at, value));
                }
                continue;
            };
            let near = before.is_some_and(|(then, _)| at.0.saturating_sub(then.0) <= gap_ms as i64);
            if let (None, Some((then, there)), true) = (line.strokes.last(), before, near && bin > 0) {
                // The line enters at the left edge on its way from the last point outside.
                let share = (from.0 - then.0) as f64 / (at.0 - then.0).max(1) as f64;
                let value = there + (value - there) * share;
                line.strokes.push(Stroke::new(self.scale.middle(0), false, value));
                self.extent.take(value);
                last_bin = 0;
            }
            self.extent.take(value);
            match line.strokes.last_mut() {
                Some(stroke) if last_bin == bin => stroke.add(value),
                last => {
                    let joined = last.is_some() && (near || bin == last_bin + 1);
                    line.strokes.push(Stroke::new(self.scale.middle(bin), joined, value));
                    last_bin = bin;
                }
            }
            before = Some((at, value));
        }
        self.lines.push(line);
    }

    /// Makes the plan; `include` as in `ValueAxis::new`.
    pub fn finish(
        self,
        unit: Unit,
        include: &[f64],
        thresholds: &[(f64, Label, Role)],
        zone: &TimeZone,
        layout: &Layout,
    ) -> LinePlan {
        let values = ValueAxis::new(self.extent, include, unit, layout.value_ticks_max());
        let mut lines = self.lines;
        for stroke in lines.iter_mut().flat_map(|line| &mut line.strokes) {
            for value in [&mut stroke.first, &mut stroke.low, &mut stroke.high, &mut stroke.last] {
                *value = f64::from(values.at(*value));
            }
        }
        let (low, high) = values.ends();
        let thresholds = thresholds
            .iter()
            .filter(|(value, _, _)| (low..=high).contains(value))
            .map(|(value, label, role)| Threshold { at: values.at(*value), label: label.clone(), role: *role })
            .collect();
        let times = self.scale.ticks(zone, layout.time_columns());
        LinePlan { times, values, lines, filled: self.filled, thresholds }
    }
}

// === impl Stroke ===

impl Stroke {
    fn new(at: f32, joined: bool, value: f64) -> Stroke {
        Stroke { at, joined, first: value, low: value, high: value, last: value }
    }

    fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.last = value;
    }
}

// === impl LinePlan ===

impl LinePlan {
    /// Whether no series has anything to show in this span.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.strokes.is_empty())
    }
}
