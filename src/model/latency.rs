//! How long things took, as counts in fixed buckets.
//!
//! Invariant: noting one takes two additions and no memory; every count stands in exactly one bucket, together with the
//! sum of what was counted there, so that sums are exact.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds of the buckets in microseconds, inclusive; what is longer has a bucket of its own. From a delta that is
/// written at once to a viewer that is about to be given up.
const BOUNDS_US: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];
const BUCKETS: usize = BOUNDS_US.len() + 1;

/// Spans that were noted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    counts: [u64; BUCKETS],
    sums_us: [u64; BUCKETS],
}

// === impl Latency ===

impl Latency {
    /// So many things took that long.
    pub fn note(&mut self, took: Duration, count: u64) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        self.counts[bucket] = self.counts[bucket].saturating_add(count);
        self.sums_us[bucket] = self.sums_us[bucket].saturating_add(us.saturating_mul(count));
    }

    /// What was noted since it was `earlier`.
    pub fn since(&self, earlier: &Latency) -> Latency {
        let mut more = *self;
        for bucket in 0..BUCKETS {
            more.counts[bucket] = self.counts[bucket].saturating_sub(earlier.counts[bucket]);
            more.sums_us[bucket] = self.sums_us[bucket].saturating_sub(earlier.sums_us[bucket]);
        }
        more
    }

    /// Adds what was noted elsewhere.
    pub fn add(&mut self, more: &Latency) {
        for bucket in 0..BUCKETS {
            self.counts[bucket] = self.counts[bucket].saturating_add(more.counts[bucket]);
            self.sums_us[bucket] = self.sums_us[bucket].saturating_add(more.sums_us[bucket]);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |all, count| all.saturating_add(*count))
    }

    pub fn sum_seconds(&self) -> f64 {
        self.sums_us.iter().fold(0, |all: u64, sum| all.saturating_add(*sum)) as f64 / 1e6
    }

    /// How many took at most so many seconds; the last one has no bound and counts all.
    pub fn cumulated(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        let bounds = BOUNDS_US.iter().map(|us| Some(*us as f64 / 1e6)).chain([None]);
        bounds.zip(&self.counts).scan(0_u64, |below, (bound, count)| {
            *below = below.saturating_add(*count);
            Some((bound, *below))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_into_buckets_and_their_sums_are_exact() {
        let mut latency = Latency::default();
        latency.note(Duration::from_micros(100), 2);
        latency.note(Duration::from_micros(101), 1);
        latency.note(Duration::from_micros(249), 1);
        latency.note(Duration::from_secs(3600), 1);
        let cumulated: Vec<(Option<f64>, u64)> = latency.cumulated().collect();
        assert_eq!(cumulated[..3], [(Some(0.0001), 2), (Some(0.000_25), 4), (Some(0.0005), 4)]);
        assert_eq!(cumulated[BUCKETS - 2..], [(Some(10.0), 4), (None, 5)]);
        assert_eq!((latency.count(), latency.sum_seconds()), (5, 3_600.000_55));
    }

    #[test]
    fn what_came_since_is_told_apart_and_never_negative() {
        let mut before = Latency::default();
        before.note(Duration::from_millis(2), 3);
        let mut after = before;
        after.note(Duration::from_millis(2), 4);
        let more = after.since(&before);
        assert_eq!((more.count(), more.sum_seconds()), (4, 0.008));
        assert!(before.since(&after).is_empty(), "it began anew");
        before.add(&more);
        assert_eq!(before, after);
    }
}
