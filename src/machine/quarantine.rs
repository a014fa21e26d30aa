//! When something that panicked is tried again: a panel, in whatever view it is drawn.
//!
//! Invariant: whatever the tries come to, and however many ask, no more than [`PANICS_MAX`] of them panic within
//! [`SETTLE`], and none follows a panic sooner than half of [`PAUSE_FIRST`]. Something that works again has to go on
//! working for [`SETTLE`] before its panics are forgotten: what panics in one view and not in another cannot flap.

use std::time::Duration;

use super::backoff::Backoff;
use crate::base::Mono;

/// The pause after the first panic: data that caused it is often gone with the next sample.
pub const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// Panics in a row, each after a longer pause, from which on it is tried rarely: it will not heal by itself.
pub const PANICS_MAX: u32 = 6;
/// Between two probes of what is in quarantine: what an hour of them costs is nothing to notice.
pub const PROBE_PAUSE: Duration = Duration::from_secs(300);
/// How long it has to work until its panics are forgotten.
pub const SETTLE: Duration = Duration::from_secs(60);

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was tried and worked.
    Worked,
    /// It was tried and panicked; with chance, so that what panicked together is not tried together.
    Panicked { random: u64 },
    /// It is another one now: a changed board, a new configuration.
    Changed,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is known against it.
    Sound,
    /// It works, but has not done so for long.
    Settling { until: Mono },
    /// It panicked and is left alone.
    Held { until: Mono },
    /// The same after panics in a row: tried rarely.
    Quarantined { until: Mono },
}

/// One thing that may panic.
#[derive(Clone, Debug)]
pub struct Quarantine {
    state: State,
    panics: u32,
    backoff: Backoff,
}

// === impl Quarantine ===

impl Quarantine {
    pub fn new() -> Quarantine {
        Quarantine { state: State::Sound, panics: 0, backoff: Backoff::new(PAUSE_FIRST, PROBE_PAUSE) }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Whether to try it now. Whoever does says how it went.
    pub fn admits(&self, now: Mono) -> bool {
        match self.state {
            State::Sound | State::Settling { .. } => true,
            State::Held { until } | State::Quarantined { until } => now >= until,
        }
    }

    /// What happened; how it stands after.
    pub fn step(&mut self, now: Mono, event: Event) -> State {
        match event {
            Event::Changed => *self = Quarantine::new(),
            Event::Worked => match self.state {
                State::Held { .. } | State::Quarantined { .. } => self.state = State::Settling { until: now + SETTLE },
                State::Settling { until } if now >= until => *self = Quarantine::new(),
                State::Sound | State::Settling { .. } => {}
            },
            Event::Panicked { random } => {
                if matches!(self.state, State::Settling { until } if now >= until) {
                    *self = Quarantine::new();
                }
                self.panics = self.panics.saturating_add(1);
                self.state = if self.panics < PANICS_MAX {
                    State::Held { until: now + self.backoff.next(random) }
                } else {
                    State::Quarantined { until: now + Backoff::new(PROBE_PAUSE, PROBE_PAUSE).next(random) }
                };
            }
        }
        self.state
    }
}

impl Default for Quarantine {
    fn default() -> Quarantine {
        Quarantine::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(0) + Duration::from_millis(ms)
    }

    #[test]
    fn pauses_double_until_it_is_in_quarantine_and_probed_rarely() {
        let mut quarantine = Quarantine::new();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert!(quarantine.admits(now));
            let state = quarantine.step(now, Event::Panicked { random: 0 });
            let (State::Held { until } | State::Quarantined { until }) = state else { panic!("{state:?}") };
            assert!(!quarantine.admits(Mono(until.0 - 1)));
            assert_eq!(matches!(state, State::Quarantined { .. }), pauses.len() + 1 >= PANICS_MAX as usize);
            pauses.push(until.since(now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 300, 300, 300]);
    }

    #[test]
    fn what_works_again_is_sound_only_after_a_while_and_what_changed_at_once() {
        let mut quarantine = Quarantine::new();
        let panicked = Event::Panicked { random: 0 };
        quarantine.step(at(0), panicked);
        assert_eq!(quarantine.step(at(1_000), Event::Worked), State::Settling { until: at(61_000) });
        // It flaps: the pause goes on from where it was.
        assert_eq!(quarantine.step(at(1_001), panicked), State::Held { until: at(3_001) });
        quarantine.step(at(3_001), Event::Worked);
        assert_eq!(quarantine.step(at(63_001), Event::Worked), State::Sound);
        assert_eq!(quarantine.step(at(63_002), panicked), State::Held { until: at(64_002) });
        assert_eq!(quarantine.step(at(63_003), Event::Changed), State::Sound);
        assert!(quarantine.admits(at(63_003)));
    }

    #[test]
    fn years_of_panics_cost_a_probe_every_few_minutes() {
        let mut quarantine = Quarantine::new();
        let year_s = 365 * 24 * 3_600_u64;
        let panics = (0..year_s)
            .filter(|second| {
                let now = at(second * 1_000);
                let tried = quarantine.admits(now);
                if tried {
                    quarantine.step(now, Event::Panicked { random: second.wrapping_mul(0x9e37_79b9_7f4a_7c15) });
                }
                tried
            })
            .count() as u64;
        assert!((year_s / 310..year_s / 140).contains(&panics), "{panics}");
    }

    proptest! {
        /// However many views ask, and whatever drawing in each of them comes to.
        #[test]
        fn no_schedule_makes_it_panic_oftener_than_promised(
            tries in prop::collection::vec((0_u64..20_000, any::<u64>(), prop::bool::weighted(0.7)), 1..400),
        ) {
            let mut quarantine = Quarantine::new();
            let mut now = at(0);
            let mut panics: Vec<Mono> = Vec::new();
            for (passed_ms, random, panics_now) in tries {
                now = now + Duration::from_millis(passed_ms);
                if !quarantine.admits(now) {
                    continue;
                }
                let event = if panics_now { Event::Panicked { random } } else { Event::Worked };
                let state = quarantine.step(now, event);
                if panics_now {
                    prop_assert!(panics.last().is_none_or(|last| now.since(*last) >= PAUSE_FIRST / 2));
                    panics.push(now);
                    prop_assert!(!quarantine.admits(now));
                }
                if let State::Held { until } | State::Quarantined { until } = state {
                    prop_assert!(until.since(now) <= PROBE_PAUSE);
                }
            }
            for (index, first) in panics.iter().enumerate() {
                let within = panics[index..].iter().filter(|at| at.since(*first) < SETTLE).count();
                prop_assert!(within <= PANICS_MAX as usize, "{within} within {SETTLE:?}");
            }
        }

        #[test]
        fn a_change_always_heals(panics in 0_u32..40, random in any::<u64>()) {
            let mut quarantine = Quarantine::new();
            for second in 0..panics {
                quarantine.step(at(u64::from(second) * 1_000), Event::Panicked { random });
            }
            quarantine.step(at(1), Event::Changed);
            prop_assert_eq!(quarantine.state(), State::Sound);
            prop_assert!(quarantine.admits(at(1)));
        }
    }
}
