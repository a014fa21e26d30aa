//! Which stretch of the past is missing and may still be fetched.
//!
//! Invariant: series take rising times only, so a stretch ends before the newest value that goes with it, and each gap is
//! asked for once: at the start, and with the first values after an outage. Its points are bounded whatever the gap, the
//! interval and the number of series.

use std::time::Duration;

use crate::base::{Wall, limits};

/// What was delivered so far of one query.
#[derive(Clone, Copy, Debug)]
pub struct Backfill {
    /// How far back the past is wanted at all.
    range: Duration,
    /// Between two values where nothing is missing.
    interval: Duration,
    /// Up to when there are values; none before the first.
    told_to: Option<Wall>,
}

/// A stretch of the past: `from`, `from + step` and so on up to `to`, which is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Wall,
    pub to: Wall,
    pub step: Duration,
}

// === impl Backfill ===

impl Backfill {
    pub fn new(range: Duration, interval: Duration) -> Backfill {
        Backfill { range, interval, told_to: None }
    }

    /// Values of now came: the stretch in front of them that is missing, if there is one, for so many series.
    pub fn told(&mut self, now: Wall, series: usize) -> Option<Stretch> {
        let told_to = self.told_to.replace(now);
        let wanted_from = now - self.range;
        let from = match told_to {
            // One beat late is no gap; a clock that was set back leaves none.
            Some(then) if now.since(then) < self.interval + self.interval / 2 => return None,
            Some(then) => wanted_from.max(then),
            None => wanted_from,
        };
        let series = series.clamp(1, limits::SOURCE_SERIES_MAX);
        let points_max = (limits::PAST_SAMPLES_MAX / series).clamp(1, limits::PAST_POINTS_MAX);
        let gap = now.since(from);
        // Whole milliseconds, rounded up: what is asked for is what was counted.
        let step_ms = millis(self.interval).max(millis(gap).div_ceil(points_max as u64)).max(1);
        // Counted from now, so that it joins on; neither end is asked for again.
        let steps = millis(gap).saturating_sub(1) / step_ms;
        let step = Duration::from_millis(step_ms);
        (steps > 0).then(|| Stretch { from: now - Duration::from_millis(steps * step_ms), to: now - step, step })
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

// === impl Stretch ===

impl Stretch {
    /// How many points it has of each series.
    pub fn points(&self) -> usize {
        let step = self.step.as_millis().max(1);
        usize::try_from(self.to.since(self.from).as_millis() / step + 1).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Wall = Wall(1_789_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);
    const BEAT: Duration = Duration::from_secs(15);

    #[test]
    fn the_start_wants_the_whole_range_and_what_follows_only_what_is_missing() {
        let mut query = Backfill::new(HOUR, BEAT);
        let start = query.told(NOW, 10).expect("all of it is missing");
        assert_eq!((start.step, start.to, start.points()), (BEAT, NOW - BEAT, 239));
        assert_eq!(query.told(NOW + BEAT, 10), None);
        assert_eq!(query.told(NOW + 2 * BEAT + BEAT / 3, 10), None, "a little late");
        let back = NOW + 2 * BEAT + BEAT / 3 + 600 * Duration::from_secs(1);
        let gap = query.told(back, 10).expect("ten minutes are missing");
        assert_eq!((gap.to, gap.points()), (back - BEAT, 39));
        assert!(gap.from > NOW + 2 * BEAT + BEAT / 3);
        assert_eq!(query.told(back + BEAT, 10), None, "a gap is asked for once");
        let late = query.told(back + 10 * HOUR, 10).expect("hours are missing");
        assert!(late.from >= back + 9 * HOUR, "no more than the range");
    }

    #[test]
    fn nothing_is_wanted_without_a_range_or_of_a_clock_set_back() {
        let mut query = Backfill::new(Duration::ZERO, BEAT);
        assert_eq!(query.told(NOW, 1), None);
        assert_eq!(query.told(NOW + HOUR, 1), None);
        let mut query = Backfill::new(HOUR, BEAT);
        query.told(NOW, 1);
        assert_eq!(query.told(NOW - HOUR, 1), None);
        assert_eq!(query.told(NOW - HOUR + BEAT, 1), None);
    }

    proptest! {
        #[test]
        fn a_stretch_is_bounded_and_lies_between_what_was_told(
            range in 0u64..=86_400_000,
            interval in 200u64..=3_600_000,
            gaps in prop::collection::vec((0i64..200_000_000, 0usize..100_000), 1..8),
        ) {
            let interval = Duration::from_millis(interval);
            let mut query = Backfill::new(Duration::from_millis(range), interval);
            let (mut now, mut told) = (NOW, None::<Wall>);
            for (gap, series) in gaps {
                now = Wall(now.0 + gap);
                if let Some(stretch) = query.told(now, series) {
                    prop_assert!(stretch.from <= stretch.to && stretch.to < now && stretch.step >= interval);
                    prop_assert!(now.since(stretch.from) <= Duration::from_millis(range));
                    prop_assert!(told.is_none_or(|told| stretch.from > told));
                    prop_assert!(stretch.points() <= limits::PAST_POINTS_MAX);
                    prop_assert!(stretch.points() * series.clamp(1, limits::SOURCE_SERIES_MAX) <= limits::PAST_SAMPLES_MAX);
                }
                told = Some(now);
            }
        }
    }
}
