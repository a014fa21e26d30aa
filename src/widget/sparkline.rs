//! Sparklines: the course of one series in a row or a few, without axes.
//!
//! Invariant: a plan has at most one stroke per bin and no extreme is lost in making it; a gap in the data is a gap in
//! the line, and a zero is not a gap.

mod paint;
#[cfg(test)]
mod tests;

use super::TimeScale;
use super::line::Stroke;
use super::value_axis::Extent;
use crate::base::{Wall, limits};
use crate::model::GlyphSet;

pub use paint::paint;
pub(super) use paint::paint_in;

/// Everything a painter needs to know of a sparkline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SparkPlan {
    /// Decides its colour.
    pub series: usize,
    /// Left to right, on axes from 0 to 1.
    pub strokes: Vec<Stroke>,
}

/// Gathers values bin by bin.
#[derive(Default)]
struct Tracer {
    bins: Vec<Bin>,
    extent: Extent,
}

/// What happened in one bin, in the data's own values.
struct Bin {
    index: usize,
    joined: bool,
    first: f64,
    low: f64,
    high: f64,
    last: f64,
}

/// Bins of values without times: two for each column of the widest terminal.
const BINS_MAX: usize = 2 * limits::COLS_MAX as usize;
/// Values beyond this are drawn at it: the span between two of them is still a number.
const MAGNITUDE_MAX: f64 = 1e300;

/// As many bins as so many columns can show.
pub fn bins(width: u16, glyphs: GlyphSet) -> u16 {
    width.saturating_mul(super::raster::dots_per_cell(glyphs).0)
}

// === impl SparkPlan ===

impl SparkPlan {
    /// Points in the order of time; those further apart than `gap_ms` are not joined. The line spans the height from
    /// its lowest to its highest value and those in `include`.
    pub fn over_time(
        scale: TimeScale,
        points: impl IntoIterator<Item = (Wall, f64)>,
        gap_ms: u64,
        include: &[f64],
    ) -> SparkPlan {
        let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
        let mut tracer = Tracer::default();
        let mut before: Option<Wall> = None;
        for (at, value) in points {
            let Some(index) = scale.bin(at).filter(|_| value.is_finite()) else { continue };
            let near = before.is_some_and(|then| at.0.saturating_sub(then.0) <= gap_ms);
            tracer.take(index, near, value);
            before = Some(at);
        }
        tracer.finish(include, |index| scale.middle(index))
    }

    /// Values at equal distances; one that is no finite number is a gap.
    pub fn of_values(values: &[f64], include: &[f64]) -> SparkPlan {
        let bins = values.len().min(BINS_MAX);
        let mut tracer = Tracer::default();
        let mut near = false;
        for (index, value) in values.iter().enumerate() {
            if value.is_finite() {
                tracer.take(index * bins / values.len(), near, *value);
            }
            near = value.is_finite();
        }
        tracer.finish(include, |index| (index as f32 + 0.5) / bins as f32)
    }

    /// In the colour of this series of its board.
    pub fn with_series(mut self, series: usize) -> SparkPlan {
        self.series = series;
        self
    }

    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty()
    }
}

// === impl Tracer ===

impl Tracer {
    fn take(&mut self, index: usize, near: bool, value: f64) {
        let value = value.clamp(-MAGNITUDE_MAX, MAGNITUDE_MAX);
        self.extent.take(value);
        match self.bins.last_mut() {
            Some(newest) if newest.index >= index => {
                newest.low = newest.low.min(value);
                newest.high = newest.high.max(value);
                newest.last = value;
            }
            newest => {
                let joined = newest.is_some() && near;
                self.bins.push(Bin { index, joined, first: value, low: value, high: value, last: value });
            }
        }
    }

    fn finish(mut self, include: &[f64], middle: impl Fn(usize) -> f32) -> SparkPlan {
        for value in include.iter().filter(|value| value.is_finite()) {
            self.extent.take(value.clamp(-MAGNITUDE_MAX, MAGNITUDE_MAX));
        }
        let (low, high) = self.extent.ends().unwrap_or((0.0, 0.0));
        let span = high - low;
        let at = |value: f64| match () {
            () if span > 0.0 => (((value - low) / span) as f32).clamp(0.0, 1.0),
            // What never moves lies in the middle, except at nothing.
            () if value == 0.0 => 0.0,
            () => 0.5,
        };
        let stroke = |bin: &Bin| Stroke {
            at: middle(bin.index),
            joined: bin.joined,
            first: at(bin.first),
            low: at(bin.low),
            high: at(bin.high),
            last: at(bin.last),
        };
        SparkPlan { series: 0, strokes: self.bins.iter().map(stroke).collect() }
    }
}
