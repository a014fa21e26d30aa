//! Whether the daemon at the other end of a connection still answers, from what comes over it and what does not.
//!
//! Invariant: only silence that was listened to counts. Time in which nobody read, because the terminal took nothing or
//! because this very process stood still, says nothing about the daemon. It knows no screens and no sockets.

use std::time::Duration;

use crate::base::Mono;

/// Silence before the daemon is asked: a live board brings bytes every second, and one that is paused costs a message
/// in three.
const ASK_AFTER: Duration = Duration::from_secs(3);
/// Time for the answer before the viewer is told. The daemon answers within milliseconds; one that is swapped out or
/// on a machine under heavy load may need more, and telling costs nothing.
const TELL_AFTER: Duration = Duration::from_secs(3);
/// More silence before the connection is given up, ten seconds after the last byte: as long as a greeting may take.
const GIVE_UP_AFTER: Duration = Duration::from_secs(4);
/// A step that comes so much later than asked for comes to a process that was stopped itself; what the daemon said
/// meanwhile may still be unread.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// One connection's daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    phase: Phase,
    /// Since when it has been silent in this phase, as far as we were listening.
    since: Mono,
    listening: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It spoke, or may have nothing to say.
    Quiet,
    /// It was asked.
    Asked,
    /// It did not answer, and the viewer was told.
    Silent,
    /// There is nothing left to find out.
    GivenUp,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bytes came.
    Heard,
    /// From now on bytes are read as they come, or are not.
    Listening(bool),
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Ask it for a sign of life.
    Ask,
    /// It does not answer: what is on screen is old.
    Silent,
    /// It answers again.
    Back,
    /// It is as good as gone.
    Lost,
}

// === impl Liveness ===

impl Liveness {
    /// A daemon that has just spoken.
    pub fn new(now: Mono) -> Liveness {
        Liveness { phase: Phase::Quiet, since: now, listening: true }
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Option<Finding> {
        match event {
            Event::Heard => {
                let back = self.is_silent();
                (self.phase, self.since) = (Phase::Quiet, now);
                back.then_some(Finding::Back)
            }
            Event::Listening(listening) => {
                if listening != self.listening {
                    (self.listening, self.since) = (listening, now);
                }
                None
            }
            Event::Tick => self.look(now),
        }
    }

    fn look(&mut self, now: Mono) -> Option<Finding> {
        let due = self.wake_at().filter(|due| *due <= now)?;
        self.since = now;
        if now.since(due) > OVERSLEPT {
            return None;
        }
        let (phase, finding) = match self.phase {
            Phase::Quiet => (Phase::Asked, Finding::Ask),
            Phase::Asked => (Phase::Silent, Finding::Silent),
            Phase::Silent | Phase::GivenUp => (Phase::GivenUp, Finding::Lost),
        };
        self.phase = phase;
        Some(finding)
    }

    /// When `Event::Tick` is due; none while nobody listens.
    pub fn wake_at(&self) -> Option<Mono> {
        let patience = match self.phase {
            Phase::Quiet => ASK_AFTER,
            Phase::Asked => TELL_AFTER,
            Phase::Silent => GIVE_UP_AFTER,
            Phase::GivenUp => return None,
        };
        self.listening.then(|| self.since + patience)
    }

    /// Whether it was asked and did not answer in time.
    pub fn is_silent(&self) -> bool {
        matches!(self.phase, Phase::Silent | Phase::GivenUp)
    }
}

#[cfg(test)]
mod tests;
