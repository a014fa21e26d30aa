//! When a worker is started, given up and started again.
//!
//! Invariant: the first death after health is answered at once, every further one after a longer pause, and the
//! machine never gives up. It must not start or end anything itself, and it knows nothing of what a worker does.

use std::time::Duration;

use super::backoff::Backoff;
use crate::base::Mono;

/// First pause, taken before the second restart in a row: long enough to keep a crash loop cheap.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// Longest pause: a screen should not stay behind for longer once the reason is gone.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A worker that was ready for this long was healthy: its death starts the count anew.
pub const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// Time from start to ready; reading a whole configuration on a busy machine takes a small part of it.
pub const READY_DEADLINE: Duration = Duration::from_secs(10);

/// One worker over all its lives.
#[derive(Debug)]
pub struct Incarnation {
    phase: Phase,
    backoff: Backoff,
    /// Deaths since the last healthy stretch.
    deaths_in_a_row: u32,
    restarts: u64,
}

/// What a worker is doing, as root sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not started yet.
    Idle,
    /// Started, not ready.
    Starting { deadline: Mono },
    /// Ready since.
    Ready { since: Mono },
    /// Told to die, not dead yet.
    Ending,
    /// Dead; the next start is due then.
    Waiting { until: Mono },
    /// Stopped on purpose, for good.
    Stopped,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The daemon wants the worker to run.
    Begin,
    /// It greeted and took its configuration.
    Ready,
    /// It did something only a broken worker does.
    Fault,
    /// Its feed ended some time ago, and it did not.
    HungUp,
    /// It does not answer, and has no excuse.
    Hung,
    /// It could not get ready, or could not be heard, for no fault of its own: it has the whole time once more.
    Excused,
    /// It is gone, or could not even be started.
    Died { random: u64 },
    /// The daemon ends.
    Stop,
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start,
    Kill(Cause),
}

/// Why a worker is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Fault,
    /// Its feed ended and it is still there: mostly one that died, which the kernel takes long to clear away.
    HungUp,
    /// It was not ready in time.
    Late,
    Hung,
}

// === impl Incarnation ===

impl Incarnation {
    pub fn new() -> Incarnation {
        let backoff = Backoff::new(RETRY_FIRST, RETRY_MAX);
        Incarnation { phase: Phase::Idle, backoff, deaths_in_a_row: 0, restarts: 0 }
    }

    /// One that takes the place of another, and counts on where that one counted.
    pub fn after(other: &Incarnation) -> Incarnation {
        Incarnation { restarts: other.restarts, ..Incarnation::new() }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Starts after the first one.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// When a `Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        match self.phase {
            Phase::Starting { deadline } => Some(deadline),
            Phase::Waiting { until } => Some(until),
            Phase::Idle | Phase::Ready { .. } | Phase::Ending | Phase::Stopped => None,
        }
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Option<Action> {
        match (event, self.phase) {
            (Event::Stop, _) => {
                self.phase = Phase::Stopped;
                None
            }
            (_, Phase::Stopped) => None,
            (Event::Begin, Phase::Idle) => Some(self.start(now)),
            (Event::Ready, Phase::Starting { .. }) => {
                self.phase = Phase::Ready { since: now };
                None
            }
            (Event::Excused, Phase::Starting { .. }) => {
                self.phase = Phase::Starting { deadline: now + READY_DEADLINE };
                None
            }
            (Event::Fault, Phase::Starting { .. } | Phase::Ready { .. }) => Some(self.end(now, Cause::Fault)),
            (Event::HungUp, Phase::Starting { .. } | Phase::Ready { .. }) => Some(self.end(now, Cause::HungUp)),
            (Event::Hung, Phase::Starting { .. } | Phase::Ready { .. }) => Some(self.end(now, Cause::Hung)),
            (Event::Died { random }, Phase::Starting { .. } | Phase::Ready { .. } | Phase::Ending) => {
                self.died(now, random)
            }
            (Event::Tick, Phase::Starting { deadline }) if now >= deadline => Some(self.end(now, Cause::Late)),
            (Event::Tick, Phase::Waiting { until }) if now >= until => Some(self.restart(now)),
            _ => None,
        }
    }

    fn start(&mut self, now: Mono) -> Action {
        self.phase = Phase::Starting { deadline: now + READY_DEADLINE };
        Action::Start
    }

    fn restart(&mut self, now: Mono) -> Action {
        self.restarts += 1;
        self.start(now)
    }

    fn end(&mut self, now: Mono, cause: Cause) -> Action {
        self.note_health(now);
        self.phase = Phase::Ending;
        Action::Kill(cause)
    }

    fn died(&mut self, now: Mono, random: u64) -> Option<Action> {
        self.note_health(now);
        self.deaths_in_a_row = self.deaths_in_a_row.saturating_add(1);
        if self.deaths_in_a_row == 1 {
            return Some(self.restart(now));
        }
        self.phase = Phase::Waiting { until: now + self.backoff.next(random) };
        None
    }

    /// Forgets earlier deaths when the life that ends now was a healthy one.
    fn note_health(&mut self, now: Mono) {
        if let Phase::Ready { since } = self.phase
            && now.since(since) >= HEALTHY_AFTER
        {
            self.deaths_in_a_row = 0;
            self.backoff.reset();
        }
    }
}

impl Default for Incarnation {
    fn default() -> Incarnation {
        Incarnation::new()
    }
}

#[cfg(test)]
mod tests;
