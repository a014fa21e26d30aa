//! Line charts: several series over time.
//!
//! Invariant: a plan has at most one stroke per series and bin however much data there is, and no extreme is lost in
//! making it; a gap in the data is a gap in the line.

mod area;
mod paint;
mod stack;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;

use super::time_axis::Walk;
use super::value_axis::Extent;
use super::{Role, Tick, TimeScale, ValueAxis};
use crate::base::{Rect, Wall};
use crate::label::Label;
use crate::model::series::Point;
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
    pub area: Area,
    pub thresholds: Vec<Threshold>,
    /// Whether the space above each threshold is tinted.
    pub bands: bool,
    /// From left to right.
    pub annotations: Vec<Mark>,
}

/// Where the space under lines is tinted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Area {
    #[default]
    None,
    /// Under the first line.
    First,
    /// Under every line, down to the next one.
    Every,
    /// As for every line; each stands on the sum of those before it.
    Stacked,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    pub at: Wall,
    pub label: Label,
    pub role: Role,
}

/// An annotation on the axis of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at: f32,
    pub label: Label,
    pub role: Role,
}

/// One series, left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polyline {
    /// Which of the chart's series this is; decides its colour.
    pub series: usize,
    pub strokes: Vec<Stroke>,
}

/// What happened in one bin, on axes from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The bin's middle.
    pub at: f32,
    /// Whether a line leads here from the stroke before.
    pub joined: bool,
    pub first: f32,
    pub low: f32,
    pub high: f32,
    pub last: f32,
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
    lines: Vec<Vec<Bin>>,
    area: Area,
    bands: bool,
    annotations: Vec<Annotation>,
    /// By bin what the next stacked line stands on.
    base: Vec<f64>,
    extent: Extent,
}

/// What happened in one bin, in the data's own values.
#[derive(Clone, Copy, Debug)]
struct Bin {
    index: usize,
    joined: bool,
    first: f64,
    low: f64,
    high: f64,
    last: f64,
}

/// Follows the points of one series.
struct Tracer {
    walk: Walk,
    from: Wall,
    gap_ms: i64,
    /// The newest point seen.
    before: Option<(Wall, f64)>,
    bins: Vec<Bin>,
}

/// Bins room is made for at once: as many as a wide plot has.
const BINS_EXPECTED_MAX: usize = 512;
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
        let gutter = unit.tick_columns() + 1;
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
        LineBuilder {
            scale,
            lines: Vec::new(),
            area: Area::None,
            bands: false,
            annotations: Vec::new(),
            base: Vec::new(),
            extent: Extent::default(),
        }
    }

    pub fn scale(&self) -> TimeScale {
        self.scale
    }

    /// Fills the space under the first line.
    pub fn fill(&mut self) {
        self.area = Area::First;
    }

    /// Fills the space under every line.
    pub fn fill_every(&mut self) {
        self.area = Area::Every;
    }

    /// Draws each line on the sum of those before it. To be said before the first line.
    pub fn stack(&mut self) {
        self.area = Area::Stacked;
        self.base = vec![0.0; self.scale.bins()];
        // Heights are compared, so they all begin at nothing.
        self.extent.take(0.0);
    }

    /// Tints the space above each threshold.
    pub fn bands(&mut self) {
        self.bands = true;
    }

    /// Marks a moment; one outside the span is left out.
    pub fn annotate(&mut self, annotation: Annotation) {
        self.annotations.push(annotation);
    }

    /// Adds the next series: points in the order of time, best from one point before the span so that the line comes
    /// in from the left. Points further apart than `gap_ms` are not joined.
    pub fn line(&mut self, points: impl Iterator<Item = (Wall, f64)>, gap_ms: u64) {
        let mut tracer = self.tracer(gap_ms);
        // `for_each` and not `for`: what is made of several parts is faster to walk from the inside.
        points.for_each(|(at, value)| tracer.point(at, value));
        self.add(tracer);
    }

    /// The same of points as they lie in memory.
    pub fn stretches(&mut self, points: [&[Point]; 2], gap_ms: u64) {
        let mut tracer = self.tracer(gap_ms);
        points.into_iter().for_each(|points| tracer.stretch(points));
        self.add(tracer);
    }

    /// The same of points that are told one by one, each with whether it is known to belong to the one before it,
    /// however far apart they are.
    pub fn told(&mut self, gap_ms: u64, tell: impl FnOnce(&mut dyn FnMut(Wall, f64, bool))) {
        let mut tracer = self.tracer(gap_ms);
        let gap_ms = tracer.gap_ms;
        tell(&mut |at, value, belongs| {
            tracer.gap_ms = if belongs { i64::MAX } else { gap_ms };
            tracer.point(at, value);
        });
        self.add(tracer);
    }

    fn tracer(&self, gap_ms: u64) -> Tracer {
        Tracer {
            walk: self.scale.walk(),
            from: self.scale.from(),
            gap_ms: i64::try_from(gap_ms).unwrap_or(i64::MAX),
            before: None,
            bins: Vec::with_capacity(self.scale.bins().min(BINS_EXPECTED_MAX)),
        }
    }

    fn add(&mut self, tracer: Tracer) {
        let bins = match self.area {
            Area::Stacked => stack::stacked(&tracer.bins, &mut self.base),
            Area::None | Area::First | Area::Every => tracer.bins,
        };
        let ends = |(low, high): (f64, f64), bin: &Bin| (least(low, bin.low), most(high, bin.high));
        let (low, high) = bins.iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        if low <= high {
            self.extent.take(low);
            self.extent.take(high);
        }
        self.lines.push(bins);
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
        let stroke = |bin: &Bin| Stroke::new(bin, &self.scale, &values);
        let lines = self
            .lines
            .iter()
            .enumerate()
            .map(|(series, bins)| Polyline { series, strokes: bins.iter().map(stroke).collect() });
        let lines = lines.collect();
        let (low, high) = values.ends();
        let thresholds = thresholds
            .iter()
            .filter(|(value, _, _)| (low..=high).contains(value))
            .map(|(value, label, role)| Threshold { at: values.at(*value), label: label.clone(), role: *role })
            .collect();
        let times = self.scale.ticks(zone, layout.time_columns());
        let mark = |annotation: Annotation| {
            let at = self.scale.middle(self.scale.bin(annotation.at)?);
            Some(Mark { at, label: annotation.label, role: annotation.role })
        };
        let mut annotations: Vec<Mark> = self.annotations.into_iter().filter_map(mark).collect();
        annotations.sort_by(|left, right| left.at.total_cmp(&right.at));
        LinePlan { times, values, lines, area: self.area, thresholds, bands: self.bands, annotations }
    }
}

// === impl Tracer ===

impl Tracer {
    #[inline(always)]
    fn point(&mut self, at: Wall, value: f64) {
        if !value.is_finite() {
            return;
        }
        let Some(index) = self.walk.bin(at) else {
            if at < self.from {
                self.before = Some((at, value));
            }
            return;
        };
        let near = self.before.is_some_and(|(then, _)| at.0.saturating_sub(then.0) <= self.gap_ms);
        if self.bins.is_empty() && near && index > 0 {
            self.enter(at, value);
        }
        match self.bins.last_mut() {
            Some(newest) if newest.index == index => newest.add(value),
            newest => {
                let joined = newest.is_some_and(|newest| near || index == newest.index + 1);
                self.bins.push(Bin::new(index, joined, value));
            }
        }
        self.before = Some((at, value));
    }

    /// The same of points whose times rise and whose values are numbers, with what it knows of the newest bin at hand.
    fn stretch(&mut self, points: &[Point]) {
        let mut points = points.iter();
        // Up to the first one within the span; with it the line may enter at the edge.
        let (mut newest, mut before) = loop {
            if let (Some(newest), Some((before, _))) = (self.bins.pop(), self.before) {
                break (newest, before);
            }
            let Some(Point { at, value }) = points.next() else { return };
            self.point(*at, *value);
        };
        let (mut walk, gap_ms) = (self.walk, self.gap_ms);
        for Point { at, value } in points {
            let Some(index) = walk.bin(*at) else { break };
            if index == newest.index {
                newest.add(*value);
            } else {
                let joined = at.0.saturating_sub(before.0) <= gap_ms || index == newest.index + 1;
                self.bins.push(std::mem::replace(&mut newest, Bin::new(index, joined, *value)));
            }
            before = *at;
        }
        (self.walk, self.before) = (walk, Some((before, newest.last)));
        self.bins.push(newest);
    }

    /// The line enters at the left edge on its way from the last point outside to the first one inside.
    fn enter(&mut self, at: Wall, value: f64) {
        let Some((then, there)) = self.before else { return };
        let share = (self.from.0 - then.0) as f64 / (at.0 - then.0).max(1) as f64;
        self.bins.push(Bin::new(0, false, there + (value - there) * share));
    }
}

// === impl Bin ===

impl Bin {
    #[inline]
    fn new(index: usize, joined: bool, value: f64) -> Bin {
        Bin { index, joined, first: value, low: value, high: value, last: value }
    }

    #[inline]
    fn add(&mut self, value: f64) {
        self.low = least(self.low, value);
        self.high = most(self.high, value);
        self.last = value;
    }
}

/// The smaller of two numbers. Both are numbers, which `f64::min` would not rely on.
#[inline]
fn least(one: f64, other: f64) -> f64 {
    if other < one { other } else { one }
}

/// The larger of two numbers.
#[inline]
fn most(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

// === impl Stroke ===

impl Stroke {
    #[inline]
    fn new(bin: &Bin, scale: &TimeScale, values: &ValueAxis) -> Stroke {
        let at = scale.middle(bin.index);
        let low = values.at(bin.low);
        // Most bins hold one value.
        if bin.low == bin.high {
            return Stroke { at, joined: bin.joined, first: low, low, high: low, last: low };
        }
        let (first, last) = (values.at(bin.first), values.at(bin.last));
        Stroke { at, joined: bin.joined, first, low, high: values.at(bin.high), last }
    }
}

// === impl LinePlan ===

impl LinePlan {
    /// Whether no series has anything to show in this span.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.strokes.is_empty())
    }
}
