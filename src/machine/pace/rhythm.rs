//! When changes come, and when the next one should: as often as may be drawn, or more seldom at a pace of their own.

use std::time::Duration;

use crate::base::Mono;

/// The changes of one view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rhythm {
    newest: Option<Mono>,
    /// Between the newest two, and between the two before.
    interval: Option<Duration>,
    interval_before: Option<Duration>,
    /// Since when they have been in step, and how many came since.
    steady: Option<(Mono, u32)>,
    /// How many of the newest were out of step.
    strays: u32,
    /// Until when one of them waits for the next.
    pub until: Option<Mono>,
    /// The one for which a clock waited: until then it was said to.
    pub clock_waited_until: Option<Mono>,
    /// The next one came: the grid begins anew there.
    pub joined_at: Option<Mono>,
    /// No change is made to wait before this one.
    pub resume_at: Option<Mono>,
}

/// So many changes in a row are in step before the grid is moved for them: at 120 a second they have waited for a quarter of a
/// second by then. What is faster or slower by a hundredth is out of step by then: to follow it the grid would have to be moved
/// again and again, and a picture be left out each time.
const STEADY: u32 = 32;
/// What comes seldom is hardly later than this.
const LATE: Duration = Duration::from_millis(25);
/// So many in a row are no accident.
const STRAYS: u32 = 3;

// === impl Rhythm ===

impl Rhythm {
    /// A change came to a view that is drawn once a step.
    pub fn note(&mut self, now: Mono, step: Duration) {
        let newest = self.newest.replace(now);
        self.interval_before = self.interval;
        self.interval = newest.map(|newest| now.since(newest));
        let Some((begun, count)) = self.steady else {
            (self.steady, self.strays) = (Some((now, 0)), 0);
            return;
        };
        let expected = begun + step * (count + 1);
        let is_stray = now.since(expected).max(expected.since(now)) > step / 4;
        self.strays = if is_stray { self.strays + 1 } else { 0 };
        self.steady = if self.strays >= STRAYS || count == u32::MAX - 1 { None } else { Some((begun, count + 1)) };
    }

    /// Whether they have been in step for long enough to go on so, and the newest one was.
    pub fn is_steady(&self) -> bool {
        self.strays == 0 && self.steady.is_some_and(|(_, count)| count >= STEADY)
    }

    /// When the next change has come for sure, where the newest two were a step apart, give or take that much.
    pub fn next_beat(&self, step: Duration, jitter: Duration) -> Option<Mono> {
        self.interval.filter(|interval| interval.abs_diff(step) < jitter)?;
        Some(self.newest? + step + step / 4)
    }

    /// The same where they come at a pace of their own: the newest two intervals were about as long.
    pub fn next_beat_of_its_own(&self) -> Option<Mono> {
        let interval = self.interval?;
        (interval.abs_diff(self.interval_before?) < interval / 4).then_some(())?;
        Some(self.newest? + interval + (interval / 4).min(LATE))
    }
}
