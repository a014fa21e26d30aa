//! How often something may happen: a bucket of tokens that fills at a steady rate.
//!
//! Invariant: in any span there is no more than a burst and what the rate gives in that span. All of it is whole numbers,
//! so the wait that is told is exact to the nanosecond and nothing drifts, however long it runs. It queues nothing:
//! whoever comes too early is told how long it would have had to wait. It keeps no clock; `now` is handed in.

use std::time::Duration;

use crate::base::Mono;

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    rate_hz: u32,
    burst: u32,
    /// In parts of a token, of which `rate_hz` come every nanosecond.
    level: u64,
    /// Until when the level is counted; none before the first time.
    counted_at: Option<Mono>,
}

const BURST_MIN: u32 = 2;
/// Parts of one token.
const TOKEN: u64 = 1_000_000_000;

// === impl Quota ===

impl Quota {
    /// A full bucket: `rate_hz` times a second in the long run, once at least, and `burst` times at once, twice at least: one
    /// that is full with a single token would lose what comes of the next one within the same nanosecond.
    pub fn new(rate_hz: u32, burst: u32) -> Quota {
        let (rate_hz, burst) = (rate_hz.max(1), burst.max(BURST_MIN));
        Quota { rate_hz, burst, level: u64::from(burst) * TOKEN, counted_at: None }
    }

    /// The same where a burst is what the rate gives in a second.
    pub fn of_rate(rate_hz: u32) -> Quota {
        Quota::new(rate_hz, rate_hz)
    }

    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// A share of the bucket that only what is urgent may take: a quarter of it.
    pub fn reserve(&self) -> u32 {
        self.burst / 4
    }

    /// Takes one token where that leaves so many others; or says how long it takes until it would.
    pub fn take(&mut self, now: Mono, leaving: u32) -> Result<(), Duration> {
        self.peek(now, leaving)?;
        self.level -= TOKEN;
        Ok(())
    }

    /// Whether `take` would, without taking any.
    pub fn peek(&mut self, now: Mono, leaving: u32) -> Result<(), Duration> {
        self.fill(now);
        let needed = (1 + u64::from(leaving.min(self.burst - 1))) * TOKEN;
        match needed.checked_sub(self.level) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(Duration::from_nanos(missing.div_ceil(u64::from(self.rate_hz)))),
        }
    }

    fn fill(&mut self, now: Mono) {
        let before = self.counted_at.unwrap_or(now);
        let passed = u64::try_from(now.since(before).as_nanos()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(u64::from(self.rate_hz));
        self.level = self.level.saturating_add(gained).min(u64::from(self.burst) * TOKEN);
        // A clock that were set back would give the same time twice.
        self.counted_at = Some(before.max(now));
    }
}

/// A wait in whole milliseconds, as it is told to others: never too short.
pub fn in_ms(wait: Duration) -> u32 {
    u32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAYS_312: Mono = Mono(312 * 24 * 3600 * 1_000_000_000);

    #[test]
    fn a_full_bucket_gives_its_burst_at_once_and_then_its_rate() {
        let mut quota = Quota::new(4, 8);
        let start = Mono(7);
        assert_eq!((0..100).filter(|_| quota.take(start, 0).is_ok()).count(), 8);
        assert_eq!(quota.take(start, 0), Err(Duration::from_millis(250)));
        for second in 1..100 {
            let now = start + Duration::from_secs(second);
            assert_eq!((0..100).filter(|_| quota.take(now, 0).is_ok()).count(), 4, "in second {second}");
        }
        assert_eq!(
            (0..100).filter(|_| quota.take(DAYS_312, 0).is_ok()).count(),
            8,
            "no more than a burst, however long"
        );
    }

    #[test]
    fn what_is_urgent_may_take_what_others_have_to_leave() {
        let mut quota = Quota::of_rate(8);
        let now = Mono(1);
        let leaving = quota.reserve();
        assert_eq!((0..100).filter(|_| quota.take(now, leaving).is_ok()).count(), 6);
        assert_eq!((0..100).filter(|_| quota.take(now, 0).is_ok()).count(), 2);
        // No bucket can leave more than it holds.
        let mut small = Quota::of_rate(1);
        assert_eq!([small.take(now, 5), small.take(now, 5)], [Ok(()), Err(Duration::from_secs(1))]);
    }

    #[test]
    fn nothing_drifts_over_a_million_tokens_after_312_days() {
        for rate_hz in [3, 7, 30] {
            let mut quota = Quota::new(rate_hz, 2);
            let mut now = DAYS_312;
            (0..2).for_each(|_| quota.take(now, 0).expect("it is full"));
            for taken in 1..=1_000_000_u64 {
                let wait = quota.take(now, 0).expect_err("it is empty");
                now = now + wait;
                quota.take(now, 0).expect("the wait was long enough");
                let exact = (taken * TOKEN).div_ceil(u64::from(rate_hz));
                assert_eq!(now.0 - DAYS_312.0, exact, "token {taken} at {rate_hz} Hz");
            }
        }
    }

    #[test]
    fn a_wait_is_told_in_milliseconds_that_are_enough() {
        let waits = [0, 1, 999_999, 1_000_000, 1_000_001].map(|nanos| in_ms(Duration::from_nanos(nanos)));
        assert_eq!(waits, [0, 1, 1, 1, 2]);
        assert_eq!(in_ms(Duration::MAX), u32::MAX);
    }

    proptest! {
        #[test]
        fn no_span_has_more_than_the_burst_and_the_rate(
            (rate_hz, burst) in (1_u32..200, 2_u32..50),
            gaps in prop::collection::vec(0_u64..200_000_000, 1..200),
        ) {
            let mut quota = Quota::new(rate_hz, burst);
            let mut now = Mono(1);
            let mut taken = Vec::new();
            for gap in gaps {
                now = now + Duration::from_nanos(gap);
                if quota.take(now, 0).is_ok() {
                    taken.push(now.0);
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let parts = (last - first + 1) as u64 * TOKEN;
                    prop_assert!(parts <= u64::from(burst) * TOKEN + (to - from) * u64::from(rate_hz));
                }
            }
        }

        #[test]
        fn the_wait_is_exact(
            (rate_hz, burst, leaving) in (1_u32..200, 1_u32..50, 0_u32..50),
            gaps in prop::collection::vec(0_u64..20_000_000, 1..100),
        ) {
            let mut quota = Quota::new(rate_hz, burst);
            let mut now = Mono(1);
            for gap in gaps {
                now = now + Duration::from_nanos(gap);
                if let Err(wait) = quota.take(now, leaving) {
                    prop_assert!(quota.clone().take(now + wait, leaving).is_ok());
                    let earlier = now + (wait - Duration::from_nanos(1));
                    prop_assert!(quota.clone().take(earlier, leaving).is_err());
                }
            }
        }
    }
}
