//! The axis of values: which span it shows and where its ticks stand.
//!
//! Invariant: every finite value has a place, `0 <= at <= 1` for those within the axis; the span is never empty; no
//! more ticks than asked for, in rising order.

use super::Tick;
use crate::label::Label;
use crate::model::Unit;

#[cfg(test)]
mod tests;

/// A linear axis of values.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueAxis {
    low: f64,
    high: f64,
    /// One over the span: multiplying is several times faster than dividing.
    scale: f64,
    pub ticks: Vec<Tick>,
}

/// Steps grow by half at least, so this leads from the first one tried past any that fits.
const STEPS_TRIED_MAX: usize = 12;

/// Ends are round in this part of the span.
const ROUND_PARTS: f64 = 5.0;

/// The smallest and the largest value of some data; none of no data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent(Option<(f64, f64)>);

/// Values beyond this are drawn at it: the span between two of them is still a number.
const MAGNITUDE_MAX: f64 = 1e300;

// === impl Extent ===

impl Extent {
    #[inline]
    pub fn take(&mut self, value: f64) {
        self.0 = match self.0 {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        };
    }

    /// The smallest and the largest value so far.
    pub fn ends(self) -> Option<(f64, f64)> {
        self.0
    }
}

// === impl ValueAxis ===

impl ValueAxis {
    /// An axis over the data. It also shows the values in `include`; an end that one of those sets stays exactly
    /// there, so that a percentage always goes from 0 to 100 and no second looks different for its scale alone.
    pub fn new(extent: Extent, include: &[f64], unit: Unit, ticks_max: u16) -> ValueAxis {
        let (data_low, data_high) = extent.0.unwrap_or_else(|| {
            let first = include.first().copied().unwrap_or(0.0);
            (first, first)
        });
        let sane = |value: f64| value.clamp(-MAGNITUDE_MAX, MAGNITUDE_MAX);
        let low = include.iter().copied().fold(sane(data_low), f64::min);
        let high = include.iter().copied().fold(sane(data_high), f64::max);
        let (low, high) = widen(low, high);
        let (low_set, high_set) = (include.contains(&low), include.contains(&high));

        // The ends are round numbers, but no rounder than needed: a small chart has few ticks and still no height to
        // waste.
        let ends = round_out(low, high, low_set, high_set, unit.step((high - low) / ROUND_PARTS));
        let allowed = f64::from(ticks_max.max(1));
        let mut step = unit.step((ends.1 - ends.0) / (2.0 * allowed));
        for _ in 0..STEPS_TRIED_MAX {
            if tick_count(ends, step) <= allowed {
                break;
            }
            step = unit.step(step * 1.01);
        }
        let (low, high) = ends;
        let mut axis =
            ValueAxis { low, high, scale: 1.0 / (high - low), ticks: Vec::with_capacity(usize::from(ticks_max)) };
        let format = unit.ticks(low.abs().max(high.abs()), step);
        let mut text = String::with_capacity(16);
        let first = (low / step - 1e-6).ceil();
        for index in 0..ticks_max {
            let multiple = first + f64::from(index);
            let value = multiple * step;
            if value > high + step * 1e-6 {
                break;
            }
            text.clear();
            format.write(value, &mut text);
            axis.ticks.push(Tick { at: axis.at(value), label: Label::plain(&text) });
        }
        axis
    }

    /// Where a value stands: 0 at the low end, 1 at the high end. Values beyond the ends stand at them.
    #[inline]
    pub fn at(&self, value: f64) -> f32 {
        (((value - self.low) * self.scale) as f32).clamp(0.0, 1.0)
    }

    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

/// A span that can be divided: data that never moves gets room around it.
fn widen(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-9 && high - low > 1e-290 {
        (low, high)
    } else if size < 1e-290 {
        (low.min(0.0), 1.0)
    } else {
        (low - size / 2.0, high + size / 2.0)
    }
}

/// Both ends moved out to a tick, except where they are set.
fn round_out(low: f64, high: f64, low_set: bool, high_set: bool, step: f64) -> (f64, f64) {
    let rounded_low = if low_set { low } else { (low / step + 1e-9).floor() * step };
    let rounded_high = if high_set { high } else { (high / step - 1e-9).ceil() * step };
    (rounded_low.min(low), rounded_high.max(high))
}

fn tick_count((low, high): (f64, f64), step: f64) -> f64 {
    (high / step + 1e-6).floor() - (low / step - 1e-6).ceil() + 1.0
}
