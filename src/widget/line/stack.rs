//! Lines that stand on each other.
//!
//! Invariant: a line's height above the one below it is its own value, also between two of its points; where it has a
//! gap it has no height and the next one stands on the one below.

use super::Bin;

/// The bins of a line on top of what is below it, one for every bin it goes through; `base` takes its values in.
pub(super) fn stacked(bins: &[Bin], base: &mut [f64]) -> Vec<Bin> {
    let mut out: Vec<Bin> = Vec::with_capacity(bins.len());
    let mut before: Option<&Bin> = None;
    for bin in bins {
        if let Some(before) = before.filter(|_| bin.joined) {
            let steps = (bin.index - before.index) as f64;
            for index in before.index + 1..bin.index {
                let share = (index - before.index) as f64 / steps;
                // As two products: the difference of two huge values may be no number.
                let value = before.last * (1.0 - share) + bin.first * share;
                out.push(Bin::new(index, true, value).on(base));
            }
        }
        out.push(bin.on(base));
        before = Some(bin);
    }
    out
}

// === impl Bin ===

impl Bin {
    /// The same bin on top of what is below; what is above stands on it then.
    fn on(&self, base: &mut [f64]) -> Bin {
        let Some(base) = base.get_mut(self.index) else { return *self };
        let below = *base;
        let sum = |value: f64| (value + below).clamp(f64::MIN, f64::MAX);
        *base = sum(self.last);
        Bin { first: sum(self.first), low: sum(self.low), high: sum(self.high), last: sum(self.last), ..*self }
    }
}
