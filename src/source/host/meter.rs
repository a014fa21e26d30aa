//! Counters since boot, of things that come and go, become their growth between two readings.
//!
//! Invariant: growth spans exactly the time between two readings of the same thing, by a clock that nobody sets. A
//! thing not seen before, or one whose counters went back, gives a new baseline instead of numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::Mono;

/// Turns readings of `N` counters of each thing into growth.
#[derive(Clone, Debug)]
pub struct Meter<const N: usize> {
    /// Which of the counters are of 32 bits and start over by themselves.
    narrow: [bool; N],
    before: Option<Reading<N>>,
}

/// Counters by the name of what they count of.
pub type Counts<const N: usize> = BTreeMap<String, [u64; N]>;

#[derive(Clone, Debug)]
struct Reading<const N: usize> {
    at: Mono,
    counts: Counts<N>,
}

/// By how much the counters of each thing grew in this time.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth<const N: usize> {
    pub seconds: f64,
    pub of: Counts<N>,
}

/// Of a shorter time a rate says nothing: the counters of some devices move in steps of a few milliseconds.
const SPAN_MIN: Duration = Duration::from_millis(20);

// === impl Meter ===

impl<const N: usize> Meter<N> {
    pub fn new(narrow: [bool; N]) -> Meter<N> {
        Meter { narrow, before: None }
    }

    /// Takes a reading; growth is since the one before, and none of the first.
    pub fn take(&mut self, counts: Counts<N>, at: Mono) -> Option<Growth<N>> {
        let Some(before) = &self.before else {
            self.before = Some(Reading { at, counts });
            return None;
        };
        let span = at.since(before.at);
        if span < SPAN_MIN {
            return None;
        }
        let growth = |(name, now): (&String, &[u64; N])| {
            let grown = self.growth(before.counts.get(name)?, now)?;
            Some((name.clone(), grown))
        };
        let of = counts.iter().filter_map(growth).collect();
        self.before = Some(Reading { at, counts });
        Some(Growth { seconds: span.as_secs_f64(), of })
    }

    /// None once one of the wide counters went back: the thing is another one of the same name.
    fn growth(&self, before: &[u64; N], now: &[u64; N]) -> Option<[u64; N]> {
        let mut growth = [0; N];
        for (index, grown) in growth.iter_mut().enumerate() {
            let (before, now) = (before[index], now[index]);
            *grown = match now.checked_sub(before) {
                Some(grown) => grown,
                None if self.narrow[index] && before <= u64::from(u32::MAX) => now + (1 << 32) - before,
                None => return None,
            };
        }
        Some(growth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// What a meter says of a thing that stood at these counters, a second apart; the second counter is narrow.
    fn grown(readings: &[[u64; 2]]) -> Vec<Option<[u64; 2]>> {
        let mut meter = Meter::new([false, true]);
        let mut at = 0;
        let take = |counts: &[u64; 2]| {
            at += SECOND;
            let growth = meter.take(Counts::from([("x".to_owned(), *counts)]), Mono(at))?;
            assert!((growth.seconds - 1.0).abs() < 1e-9);
            growth.of.get("x").copied()
        };
        readings.iter().map(take).collect()
    }

    #[test]
    fn growth_is_the_difference_and_a_reset_is_a_new_baseline() {
        assert_eq!(grown(&[[5, 1], [8, 1], [8, 9]]), [None, Some([3, 0]), Some([0, 8])]);
        assert_eq!(grown(&[[5, 5], [2, 1], [3, 2]]), [None, None, Some([1, 1])], "both went back: another thing");
        assert_eq!(grown(&[[u64::MAX, 0], [1, 0], [2, 0]]), [None, None, Some([1, 0])]);
    }

    #[test]
    fn a_narrow_counter_starts_over_by_itself() {
        let end = u64::from(u32::MAX);
        assert_eq!(grown(&[[5, end - 2], [6, 7]]), [None, Some([1, 10])]);
        assert_eq!(grown(&[[5, end + 9], [6, 7]]), [None, None], "it was none of 32 bits");
    }

    #[test]
    fn things_come_and_go() {
        let mut meter = Meter::new([false]);
        let mut take = |second: u64, names: &[(&str, u64)]| {
            let counts = names.iter().map(|(name, count)| ((*name).to_owned(), [*count])).collect();
            meter.take(counts, Mono(second * SECOND)).map(|growth| growth.of.into_iter().collect::<Vec<_>>())
        };
        let of = |name: &str, count| (name.to_owned(), [count]);
        assert_eq!(take(1, &[("a", 1)]), None);
        assert_eq!(take(2, &[("a", 2), ("b", 100)]), Some(vec![of("a", 1)]), "a new thing has a baseline only");
        assert_eq!(take(3, &[("b", 101)]), Some(vec![of("b", 1)]));
        assert_eq!(take(4, &[("a", 50), ("b", 101)]), Some(vec![of("b", 0)]), "one that came back is new");
    }

    #[test]
    fn no_time_passed_keeps_the_baseline() {
        let mut meter = Meter::new([false]);
        let mut take = |at: u64, count| {
            let growth = meter.take(Counts::from([("x".to_owned(), [count])]), Mono(at))?;
            Some((growth.seconds, growth.of["x"][0]))
        };
        assert_eq!(take(SECOND, 1), None);
        assert_eq!(take(SECOND, 2), None);
        assert_eq!(take(SECOND / 2, 2), None, "a clock that goes back is none, but harms nothing");
        assert_eq!(take(3 * SECOND, 5), Some((2.0, 4)));
    }
}
