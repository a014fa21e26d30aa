//! Pauses between attempts: doubling up to a cap, spread by chance.
//!
//! Invariant: a pause is never zero and never above the cap. Randomness is handed in.

use std::time::Duration;

/// Doubling stops here; any cap is reached long before.
const DOUBLINGS_MAX: u32 = 16;

/// The pauses of one thing that is tried again and again.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    attempts: u32,
}

// === impl Backoff ===

impl Backoff {
    /// Pauses from `first` up to `max`, both above zero.
    pub fn new(first: Duration, max: Duration) -> Backoff {
        assert!(!first.is_zero() && first <= max, "invariant: a back-off has a first pause and a cap above it");
        Backoff { first, max, attempts: 0 }
    }

    /// The next pause: between half and the whole of what the number of attempts asks for, so that many who lost
    /// the same thing at once do not come back at once.
    pub fn next(&mut self, random: u64) -> Duration {
        let whole = self.first.saturating_mul(1 << self.attempts.min(DOUBLINGS_MAX)).min(self.max);
        self.attempts = self.attempts.saturating_add(1);
        let whole_ns = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
        let half_ns = whole_ns / 2;
        Duration::from_nanos(whole_ns - random % (half_ns + 1))
    }

    /// Pauses taken since the last reset.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// It worked: the next pause is the first one again.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(5);

    #[test]
    fn pauses_double_up_to_the_cap_and_start_over_after_a_reset() {
        let mut backoff = Backoff::new(FIRST, MAX);
        let pauses: Vec<u128> = (0..8).map(|_| backoff.next(0).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(0), FIRST);
    }

    #[test]
    fn a_million_attempts_stay_at_the_cap() {
        let mut backoff = Backoff::new(FIRST, MAX);
        for _ in 0..1_000_000 {
            backoff.next(0);
        }
        assert_eq!(backoff.next(0), MAX);
    }

    proptest! {
        #[test]
        fn a_pause_lies_between_half_and_whole(attempts in 0_u32..100, random in any::<u64>()) {
            let mut steady = Backoff::new(FIRST, MAX);
            let mut spread = steady.clone();
            for _ in 0..attempts {
                steady.next(0);
                spread.next(random);
            }
            let (whole, pause) = (steady.next(0), spread.next(random));
            prop_assert!(pause <= whole && pause >= whole / 2, "{pause:?} of {whole:?}");
        }
    }
}
