//! How a worker gives way to its successor while it works: the successor is ready before the worker ends.
//!
//! Invariant: the worker ends only once a successor has accepted everything it draws, and the successor draws only once
//! nothing of the worker runs any more: there are never two that write. Whatever goes wrong before, the worker stays;
//! whatever goes wrong after, the successor does.

use std::time::Duration;

use crate::base::Mono;

/// Time for the successor to start, to read what workers left, and to accept the configuration.
pub const TRY_DEADLINE: Duration = Duration::from_secs(20);
/// Time for a worker that was told to end; pictures stand still meanwhile.
pub const END_DEADLINE: Duration = Duration::from_millis(500);

/// One handing over, from when the successor is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recycle {
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The successor gets ready, the worker works.
    Trying {
        until: Mono,
    },
    /// The worker was told to end; by when it has to be gone, if it was not killed already.
    Ending {
        until: Option<Mono>,
    },
    Over,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The successor would draw all that the worker draws.
    Accepted,
    /// It would not, or is gone.
    Lost(Why),
    /// Nothing of the worker runs any more, after it was told to end.
    Ended,
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The worker is told to end, the successor takes its place.
    HandOver,
    /// The worker did not end by itself.
    Kill,
    /// The successor draws from now on.
    Draw,
    /// The successor is let go, the worker stays.
    GiveUp(Why),
}

/// Why the worker stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The successor ended, broke the feed's rules, or was not ready in its time.
    Died,
    Refused,
    /// It was excused for not being ready, again and again.
    Late,
    /// The worker itself died, or is asked about another configuration.
    Disturbed,
    /// The worker draws nothing that could be taken over.
    Idle,
}

// === impl Recycle ===

impl Recycle {
    /// The successor has just been started.
    pub fn new(now: Mono) -> Recycle {
        Recycle { phase: Phase::Trying { until: now + TRY_DEADLINE } }
    }

    /// Whether the worker still works and may be disturbed.
    pub fn is_trying(&self) -> bool {
        matches!(self.phase, Phase::Trying { .. })
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// When a `Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        match self.phase {
            Phase::Trying { until } => Some(until),
            Phase::Ending { until } => until,
            Phase::Over => None,
        }
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Option<Action> {
        match (self.phase, event) {
            (Phase::Trying { .. }, Event::Accepted) => {
                self.phase = Phase::Ending { until: Some(now + END_DEADLINE) };
                Some(Action::HandOver)
            }
            (Phase::Trying { .. }, Event::Lost(why)) => Some(self.give_up(why)),
            (Phase::Trying { until }, Event::Tick) if now >= until => Some(self.give_up(Why::Late)),
            (Phase::Ending { until: Some(until) }, Event::Tick) if now >= until => Some(self.kill()),
            // The successor's successor starts at once, and would find two who write.
            (Phase::Ending { until: Some(_) }, Event::Lost(_)) => Some(self.kill()),
            (Phase::Ending { .. }, Event::Ended) => {
                self.phase = Phase::Over;
                Some(Action::Draw)
            }
            _ => None,
        }
    }

    fn kill(&mut self) -> Action {
        self.phase = Phase::Ending { until: None };
        Action::Kill
    }

    fn give_up(&mut self, why: Why) -> Action {
        self.phase = Phase::Over;
        Action::GiveUp(why)
    }
}

// === impl Why ===

impl Why {
    /// Whether it was the successor: then the next one would hardly fare better.
    pub fn is_of_successor(self) -> bool {
        matches!(self, Why::Died | Why::Refused | Why::Late)
    }

    /// In words, after "the worker stays:".
    pub fn words(self) -> &'static str {
        match self {
            Why::Died => "its successor ended, or was ended, before it was ready",
            Why::Refused => "its successor refuses the configuration that it draws",
            Why::Late => "its successor was not ready in time",
            Why::Disturbed => "it died itself, or is asked about another configuration",
            Why::Idle => "it does not draw just now",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Mono = Mono(1_000_000_000);

    #[test]
    fn the_worker_ends_once_the_successor_is_ready_and_the_successor_draws_once_it_has() {
        let mut recycle = Recycle::new(START);
        assert_eq!(recycle.step(START, Event::Ended), None, "that is not it");
        assert_eq!(recycle.step(START, Event::Accepted), Some(Action::HandOver));
        assert_eq!(recycle.wake_at(), Some(START + END_DEADLINE));
        assert_eq!(recycle.step(START, Event::Ended), Some(Action::Draw));
        assert_eq!((recycle.is_over(), recycle.wake_at()), (true, None));
    }

    #[test]
    fn whatever_is_wrong_with_the_successor_the_worker_stays() {
        for why in [Why::Died, Why::Refused, Why::Disturbed] {
            let mut recycle = Recycle::new(START);
            assert_eq!(recycle.step(START, Event::Lost(why)), Some(Action::GiveUp(why)));
            assert_eq!(recycle.step(START, Event::Accepted), None);
        }
        let mut recycle = Recycle::new(START);
        assert_eq!(recycle.step(START, Event::Tick), None, "it is early");
        assert_eq!(recycle.step(START + TRY_DEADLINE, Event::Tick), Some(Action::GiveUp(Why::Late)));
    }

    #[test]
    fn a_worker_that_does_not_end_is_killed_once() {
        let mut recycle = Recycle::new(START);
        recycle.step(START, Event::Accepted);
        assert_eq!(recycle.step(START + END_DEADLINE, Event::Tick), Some(Action::Kill));
        assert_eq!(recycle.step(START + 2 * END_DEADLINE, Event::Tick), None);
        assert_eq!(recycle.step(START + 2 * END_DEADLINE, Event::Lost(Why::Died)), None);
        assert_eq!(recycle.step(START + 3 * END_DEADLINE, Event::Ended), Some(Action::Draw));
        let mut recycle = Recycle::new(START);
        recycle.step(START, Event::Accepted);
        assert_eq!(recycle.step(START, Event::Lost(Why::Died)), Some(Action::Kill), "the next one starts at once");
    }

    proptest! {
        /// Whatever happens in whatever order: the worker ends only after an acceptance, the successor draws only after that
        /// end, and each of them once.
        #[test]
        fn there_are_never_two_and_never_none(events in prop::collection::vec((0u8..5, 0u64..2_000), 0..50)) {
            let (mut recycle, mut now) = (Recycle::new(START), START);
            let (mut handed, mut drawn, mut given_up) = (0, 0, 0);
            for (what, ms) in events {
                now = now + Duration::from_millis(ms);
                let event = match what {
                    0 => Event::Accepted,
                    1 => Event::Lost(Why::Died),
                    2 if handed > 0 => Event::Ended,
                    _ => Event::Tick,
                };
                match recycle.step(now, event) {
                    Some(Action::HandOver) => handed += 1,
                    Some(Action::Draw) => drawn += 1,
                    Some(Action::GiveUp(_)) => given_up += 1,
                    Some(Action::Kill) => prop_assert_eq!((handed, drawn), (1, 0)),
                    None => {}
                }
                prop_assert!(drawn <= handed && handed <= 1 && given_up + handed <= 1);
                prop_assert_eq!(recycle.is_over(), drawn + given_up == 1);
            }
        }
    }
}
