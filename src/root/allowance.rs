//! How many status messages a worker may still send.
//!
//! Invariant: no more than a burst at once and `limits::STATUS_HZ_MAX` a second in the long run. What gathered while
//! root itself stood still is within the burst.

use crate::base::{Mono, limits};

#[derive(Debug)]
pub struct Allowance {
    left: u32,
    /// Until then, what was spent has been given back.
    counted_at: Option<Mono>,
}

/// Between two that are given back.
const INTERVAL: std::time::Duration = std::time::Duration::from_millis(1000 / limits::STATUS_HZ_MAX as u64);

// === impl Allowance ===

impl Allowance {
    /// Whether there was one left.
    pub fn take(&mut self, now: Mono) -> bool {
        let mut counted_at = *self.counted_at.get_or_insert(now);
        while counted_at + INTERVAL <= now && self.left < limits::STATUS_BURST_MAX {
            counted_at = counted_at + INTERVAL;
            self.left += 1;
        }
        // What is full gathers nothing more.
        self.counted_at = Some(if self.left == limits::STATUS_BURST_MAX { now } else { counted_at });
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance { left: limits::STATUS_BURST_MAX, counted_at: None }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_ends_with_the_burst_and_the_usual_rate_goes_on_for_ever() {
        let mut allowance = Allowance::default();
        let start = Mono(1);
        assert_eq!((0..10_000).filter(|_| allowance.take(start)).count(), limits::STATUS_BURST_MAX as usize);
        for second in 1..1000 {
            let now = start + Duration::from_secs(second);
            let taken = (0..10).filter(|_| allowance.take(now)).count();
            assert_eq!(taken, limits::STATUS_HZ_MAX as usize, "in second {second}");
        }
        let long_after = start + Duration::from_secs(1_000_000);
        assert_eq!((0..10_000).filter(|_| allowance.take(long_after)).count(), limits::STATUS_BURST_MAX as usize);
    }
}
