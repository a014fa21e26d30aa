//! Histograms: how often values fall where.
//!
//! Invariant: every finite value is counted in exactly one bin; bins follow each other without a gap, and their edges
//! are numbers people count in, or those the buckets came with.

mod paint;
#[cfg(test)]
mod tests;

use super::value_axis::Extent;
use super::{Tick, ValueAxis};
use crate::base::limits;
use crate::label::Label;
use crate::model::Unit;

pub use paint::paint;

/// Everything a painter needs to know of a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramPlan {
    /// Which of the chart's series this is; decides its colour.
    pub series: usize,
    pub counts: ValueAxis,
    /// Heights on the axis of counts, from the smallest values on; all bins are equally wide.
    pub bins: Vec<f32>,
    /// The edges of the bins that have labels.
    pub edges: Vec<Tick>,
    /// Columns of the widest label of a count.
    pub tick_columns: u16,
    pub marks: Vec<Mark>,
}

/// A value worth a mark, such as a quantile.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where it lies, from 0 to 1.
    pub at: f32,
    pub label: Label,
}

/// Bins with their edges in the data's own values: one edge more than bins.
struct Counted {
    edges: Vec<f64>,
    counts: Vec<f64>,
}

/// Bins at most: a column each on the widest terminal.
const BINS_MAX: usize = limits::COLS_MAX as usize;
/// Values beyond this are counted at it: the span between two of them is still a number.
const MAGNITUDE_MAX: f64 = 1e300;
const TICKS_MAX: u16 = 5;

// === impl HistogramPlan ===

impl HistogramPlan {
    /// Counts values in at most `bins_max` bins of a human width; `quantiles` (0.5 is the median) become marks.
    pub fn of_values(values: &[f64], unit: Unit, bins_max: u16, quantiles: &[f64]) -> HistogramPlan {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.iter_mut().for_each(|value| *value = value.clamp(-MAGNITUDE_MAX, MAGNITUDE_MAX));
        sorted.sort_by(f64::total_cmp);
        let counted = Counted::of_sorted(&sorted, unit, usize::from(bins_max).clamp(1, BINS_MAX));
        let quantile = |share: f64| {
            let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied()
        };
        counted.plan(unit, quantiles.iter().filter_map(|share| Some((*share, quantile(*share)?))))
    }

    /// Ready buckets in rising order: an upper edge, the last one often infinite, and how many values lie at or below
    /// it. Buckets are shown equally wide whatever they span.
    pub fn of_buckets(buckets: &[(f64, f64)], unit: Unit, quantiles: &[f64]) -> HistogramPlan {
        let counted = Counted::of_buckets(buckets);
        let marks: Vec<_> = quantiles.iter().filter_map(|share| Some((*share, counted.quantile(*share)?))).collect();
        counted.plan(unit, marks.into_iter())
    }

    /// In the colour of this series of its board.
    pub fn with_series(mut self, series: usize) -> HistogramPlan {
        self.series = series;
        self
    }

    pub fn is_empty(&self) -> bool {
        self.bins.iter().all(|bin| *bin == 0.0)
    }
}

// === impl Counted ===

impl Counted {
    fn of_sorted(sorted: &[f64], unit: Unit, bins_max: usize) -> Counted {
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return Counted { edges: Vec::new(), counts: Vec::new() };
        };
        let size = first.abs().max(last.abs());
        let span = (last - first).max(size * 1e-9);
        let rough = if span > 1e-290 { span / bins_max as f64 } else { 1.0 };
        let mut step = unit.step(rough);
        let place = |step: f64| ((first / step).floor(), (last / step).floor());
        // Round edges may need a bin more than the span alone.
        while place(step).1 - place(step).0 >= bins_max as f64 && bins_max > 1 && step < MAGNITUDE_MAX {
            step = unit.step(step * 1.01);
        }
        let (low, high) = place(step);
        let bins = ((high - low) as usize + 1).clamp(1, BINS_MAX.max(2));
        let mut counts = vec![0.0; bins];
        for value in sorted {
            let bin = ((value / step).floor() - low).max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1.0;
        }
        let edges = (0..=bins).map(|edge| (low + edge as f64) * step).collect();
        Counted { edges, counts }
    }

    fn of_buckets(buckets: &[(f64, f64)]) -> Counted {
        let (mut edges, mut counts): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut below = 0.0;
        for (edge, cumulative) in buckets.iter().take(BINS_MAX) {
            let rising = edges.last().is_none_or(|last| edge > last);
            if edge.is_nan() || !rising || !cumulative.is_finite() {
                continue;
            }
            if edges.is_empty() {
                edges.push(if *edge > 0.0 { 0.0 } else { f64::NEG_INFINITY });
            }
            edges.push(*edge);
            // Counters that were read one after the other, or reset between, may fall: no bucket holds less than none.
            counts.push((cumulative - below).max(0.0));
            below = cumulative.max(below);
        }
        Counted { edges, counts }
    }

    /// The value below which so much of all lies, as if buckets were filled evenly.
    fn quantile(&self, share: f64) -> Option<f64> {
        let rank = share.clamp(0.0, 1.0) * self.counts.iter().sum::<f64>();
        let mut below = 0.0;
        for (count, edges) in self.counts.iter().zip(self.edges.windows(2)) {
            if *count > 0.0 && below + count >= rank {
                let within = (rank - below) / count;
                return match (edges[0].is_finite(), edges[1].is_finite()) {
                    (true, true) => Some(edges[0] + (edges[1] - edges[0]) * within),
                    (true, false) => Some(edges[0]),
                    (false, finite) => finite.then_some(edges[1]),
                };
            }
            below += count;
        }
        None
    }

    /// Where a value lies when all bins are equally wide.
    fn at(&self, value: f64) -> f32 {
        let bins = self.counts.len().max(1) as f64;
        let bin = self.edges.partition_point(|edge| *edge <= value).saturating_sub(1);
        let within = match (self.edges.get(bin), self.edges.get(bin + 1)) {
            (Some(low), Some(high)) if low.is_finite() && high.is_finite() => (value - low) / (high - low),
            _ => 0.0,
        };
        ((bin as f64 + within) / bins).clamp(0.0, 1.0) as f32
    }

    fn plan(&self, unit: Unit, quantiles: impl Iterator<Item = (f64, f64)>) -> HistogramPlan {
        let mut extent = Extent::default();
        self.counts.iter().for_each(|count| extent.take(*count));
        let counts = ValueAxis::new(extent, &[0.0], Unit::None, TICKS_MAX);
        let bins = self.counts.len().max(1) as f32;
        let largest = self.edges.iter().filter(|edge| edge.is_finite()).fold(0.0f64, |max, edge| max.max(edge.abs()));
        // Bins of one width share a prefix; ready buckets go through many.
        let steps = self.edges.windows(2).map(|edges| edges[1] - edges[0]);
        let (narrow, wide) = steps.fold((f64::MAX, 0.0f64), |(min, max), step| (min.min(step), max.max(step)));
        let even = narrow > 0.0 && wide <= narrow * 1.001;
        let label = |edge: f64| match () {
            () if edge == f64::INFINITY => "inf".to_owned(),
            () if edge == f64::NEG_INFINITY => "-inf".to_owned(),
            () if even => unit.ticks(largest, narrow).format(edge),
            () => unit.format(edge),
        };
        let tick = |(index, edge): (usize, &f64)| Tick { at: index as f32 / bins, label: Label::plain(&label(*edge)) };
        let mark = |(share, value): (f64, f64)| Mark {
            at: self.at(value),
            label: Label::plain(&format!("p{} {}", (share * 1_000.0).round() / 10.0, unit.format(value))),
        };
        HistogramPlan {
            series: 0,
            bins: self.counts.iter().map(|count| counts.at(*count)).collect(),
            edges: self.edges.iter().enumerate().map(tick).collect(),
            tick_columns: counts.ticks.iter().map(|tick| tick.label.columns()).max().unwrap_or(0),
            counts,
            marks: quantiles.map(mark).collect(),
        }
    }
}
