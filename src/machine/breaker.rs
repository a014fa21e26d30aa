//! A circuit breaker: whoever fails again and again is left alone for a while, then tried once.
//!
//! Invariant: closed, every try is let through; open, none; half-open, one. A success closes it at once. How long it
//! stays open doubles with every probe that fails, up to a cap, spread by chance that is handed in.

use std::time::Duration;

use super::backoff::Backoff;
use crate::base::Mono;

/// When to stop trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Failures in a row that open it; at least one.
    pub failures_max: u32,
    /// The first pause.
    pub pause_first: Duration,
    /// No pause is longer.
    pub pause_max: Duration,
}

/// What it lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Every try; so many failed in a row so far.
    Closed { failures: u32 },
    /// Nothing before this time.
    Open { until: Mono },
    /// One try is out that decides.
    HalfOpen,
}

/// The breaker of one thing that is tried.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: Config,
    state: State,
    backoff: Backoff,
}

// === impl Breaker ===

impl Breaker {
    pub fn new(config: Config) -> Breaker {
        let backoff = Backoff::new(config.pause_first, config.pause_max);
        Breaker { config, state: State::Closed { failures: 0 }, backoff }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Whether to try now. Asking while open and due makes it half-open: the one who asked has to say how it went.
    pub fn admit(&mut self, now: Mono) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } if now >= until => {
                self.state = State::HalfOpen;
                true
            }
            State::Open { .. } | State::HalfOpen => false,
        }
    }

    /// It worked.
    pub fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
        self.backoff.reset();
    }

    /// It failed; the pause that begins with this, if one does.
    pub fn failed(&mut self, now: Mono, random: u64) -> Option<Duration> {
        match self.state {
            State::Closed { failures } if failures + 1 < self.config.failures_max => {
                self.state = State::Closed { failures: failures + 1 };
                None
            }
            // A failure that comes late tells nothing new.
            State::Open { .. } => None,
            State::Closed { .. } | State::HalfOpen => {
                let pause = self.backoff.next(random);
                self.state = State::Open { until: now + pause };
                Some(pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: Config =
        Config { failures_max: 3, pause_first: Duration::from_secs(10), pause_max: Duration::from_secs(60) };

    fn at(seconds: u64) -> Mono {
        Mono(0) + Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_only_then() {
        let mut breaker = Breaker::new(CONFIG);
        for second in 0..20 {
            assert!(breaker.admit(at(second)));
            assert_eq!(breaker.failed(at(second), 0), None);
            assert_eq!(breaker.failed(at(second), 0), None);
            breaker.succeeded();
        }
        assert_eq!(breaker.failed(at(30), 0), None);
        assert_eq!(breaker.failed(at(30), 0), None);
        assert_eq!(breaker.failed(at(30), 0), Some(Duration::from_secs(10)));
        assert!(!breaker.admit(at(39)));
        assert!(breaker.admit(at(40)), "the probe");
        assert!(!breaker.admit(at(41)), "one probe at a time");
        breaker.succeeded();
        assert_eq!(breaker.state(), State::Closed { failures: 0 });
    }

    #[test]
    fn pauses_double_with_failed_probes_up_to_the_cap_and_begin_anew_after_a_success() {
        let mut breaker = Breaker::new(Config { failures_max: 1, ..CONFIG });
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..5 {
            assert!(breaker.admit(now));
            let pause = breaker.failed(now, 0).expect("it opens");
            pauses.push(pause.as_secs());
            assert_eq!(breaker.failed(now, 0), None, "a late failure changes nothing");
            now = now + pause;
        }
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
        assert!(breaker.admit(now));
        breaker.succeeded();
        assert_eq!(breaker.failed(now, 0), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_year_of_failures_is_tried_at_the_pace_of_the_cap() {
        let mut breaker = Breaker::new(CONFIG);
        let tries = (0..365 * 24 * 360)
            .filter(|beat| {
                let now = at(beat * 10);
                breaker.admit(now) && breaker.failed(now, beat.wrapping_mul(0x9e37_79b9_7f4a_7c15)).is_none_or(|_| true)
            })
            .count();
        // A pause of 30 to 60 s on a grid of ten seconds.
        assert!((365 * 24 * 60..365 * 24 * 120).contains(&tries), "{tries}");
    }

    proptest! {
        #[test]
        fn it_never_stays_open_longer_than_the_cap(steps in prop::collection::vec((any::<u16>(), any::<u64>(), any::<bool>()), 0..200)) {
            let mut breaker = Breaker::new(CONFIG);
            let mut now = at(0);
            for (passed_ms, random, good) in steps {
                now = now + Duration::from_millis(passed_ms.into());
                if breaker.admit(now) {
                    if good { breaker.succeeded() } else { breaker.failed(now, random); }
                }
                if let State::Open { until } = breaker.state() {
                    prop_assert!(until.since(now) <= CONFIG.pause_max);
                }
                prop_assert!(breaker.state() != State::HalfOpen, "whoever asked said how it went");
            }
        }
    }
}
