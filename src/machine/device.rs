//! A device the daemon draws on by itself: opened, lost, and tried again for ever.
//!
//! Invariant: the machine never gives up a device by itself, and after a stop it opens nothing more. A pause lies
//! between two tries, longer each time until the device was good for a while. It touches no device.

use std::time::Duration;

use super::backoff::Backoff;
use crate::base::Mono;

/// First pause: a device that was unplugged and put in again is shown on within a second.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest pause: somebody who plugs a screen in should not have to wait for longer.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A device that was live for this long was a good one: its loss starts the pauses anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);

/// One device over the daemon's life.
#[derive(Debug)]
pub struct Device {
    phase: Phase,
    backoff: Backoff,
    /// It was live last time, and not for long.
    short_lived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Opening,
    Live {
        since: Mono,
    },
    /// Told to give the device back.
    Releasing,
    Waiting {
        until: Mono,
    },
    Over,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Begin,
    Opened,
    /// It could not be opened.
    Failed,
    /// It was shown on, and no longer is: the device went, or the daemon within did not want to show anything.
    Lost,
    /// The daemon ends.
    Stop,
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Open,
    /// Say that it is shown on. `again` when that lasted no while the last time.
    TellOpen {
        again: bool,
    },
    /// Say that it is not there; the next try comes after this pause. `again` when that was said before.
    TellGone {
        retry_in: Duration,
        again: bool,
    },
    /// Give the device back; `Lost` is the answer.
    Release,
    /// Nothing follows.
    End,
}

// === impl Device ===

impl Device {
    pub fn new() -> Device {
        Device { phase: Phase::Closed, backoff: Backoff::new(RETRY_FIRST, RETRY_MAX), short_lived: false }
    }

    /// `random` spreads the tries of many devices that went at once.
    pub fn step(&mut self, now: Mono, random: u64, event: Event) -> Option<Action> {
        match (self.phase, event) {
            (Phase::Closed, Event::Begin) => Some(self.open()),
            (Phase::Opening, Event::Opened) => {
                self.phase = Phase::Live { since: now };
                Some(Action::TellOpen { again: self.short_lived })
            }
            (Phase::Opening, Event::Failed) => {
                self.short_lived = false;
                Some(self.wait(now, random))
            }
            (Phase::Live { since }, Event::Lost) => {
                self.short_lived = now.since(since) < HEALTHY_AFTER;
                if !self.short_lived {
                    self.backoff.reset();
                }
                Some(self.wait(now, random))
            }
            (Phase::Waiting { until }, Event::Tick) if now >= until => Some(self.open()),
            (Phase::Live { .. }, Event::Stop) => {
                self.phase = Phase::Releasing;
                Some(Action::Release)
            }
            (Phase::Releasing, Event::Lost) | (Phase::Closed | Phase::Opening | Phase::Waiting { .. }, Event::Stop) => {
                self.phase = Phase::Over;
                Some(Action::End)
            }
            _ => None,
        }
    }

    /// When `Event::Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            _ => None,
        }
    }

    fn open(&mut self) -> Action {
        self.phase = Phase::Opening;
        Action::Open
    }

    fn wait(&mut self, now: Mono, random: u64) -> Action {
        let again = self.backoff.attempts() > 0;
        let retry_in = self.backoff.next(random);
        self.phase = Phase::Waiting { until: now + retry_in };
        Action::TellGone { retry_in, again }
    }
}

impl Default for Device {
    fn default() -> Device {
        Device::new()
    }
}

#[cfg(test)]
mod tests;
