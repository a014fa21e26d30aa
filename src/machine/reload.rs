//! When configuration is read, handed to the worker, taken over or refused.
//!
//! Invariant: one change at a time; what is asked for or noticed meanwhile is taken up after it, never lost and never
//! heaped up. Every change that was begun ends in exactly one of taken over, refused and unchanged. It reads nothing,
//! knows no bytes and must not judge them: whether a reading differs and what the worker says of it is handed in.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Mono;

/// Files that change one after the other are read once they were left alone for so long: an editor writes, renames and
/// sets modes within a few milliseconds, and half a file should not be taken for a whole one.
pub const QUIET: Duration = Duration::from_millis(100);
/// Files that never rest are read at least this often.
pub const SETTLED_AFTER: Duration = Duration::from_millis(400);
/// Reading takes a few milliseconds; a file system that takes longer is away.
pub const READ_DEADLINE: Duration = Duration::from_secs(8);
/// The same as a worker has to become ready: it understands a whole configuration in a small part of it.
pub const PREPARE_DEADLINE: Duration = Duration::from_secs(10);

/// Why a configuration came into force, or was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The daemon started with it.
    Start,
    /// The signal HUP.
    Hangup,
    /// A file changed.
    Change,
    /// `unblink reload`.
    Command,
    /// `unblink rollback`.
    Rollback,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something in a folder that matters is not what it was.
    Noticed,
    /// Somebody wants it now.
    Asked(Cause),
    /// What was to be read is there.
    Read(Reading),
    /// The worker draws, or would if it had something to draw: it can be asked.
    WorkerReady,
    /// It cannot be asked any more.
    WorkerLost,
    /// What it says of what it was asked about.
    Judged { accepted: bool },
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// What was read, beside what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing new.
    Same,
    Differs,
    /// There is nothing to ask a worker about.
    Refused,
}

/// What to do, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the files, or the generation that is to come back.
    Read(Cause),
    /// Ask the worker about what was read.
    Prepare,
    /// Take over what it accepted, and keep it.
    Commit(Cause),
    /// What is drawn stays what it is.
    Refuse(Cause, Why),
    /// There is nothing to do; whoever asked is told so.
    Unchanged(Cause),
    /// No worker is there to be asked: whoever waits for an answer is told so, and it is asked as soon as it is.
    Defer(Cause),
    /// The worker does not answer: end it.
    EndWorker,
    /// Keep what the daemon started with.
    Keep,
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something is wrong with it.
    Complaints,
    /// The worker died of it, or beside it.
    Died,
    /// The worker did not answer in time.
    Silent,
    /// It could not be read in time.
    Unread,
}

/// The course of all changes.
#[derive(Debug)]
pub struct Reload {
    phase: Phase,
    /// Asked for while something else was under way, each once.
    wanted: VecDeque<Cause>,
    noticed: Option<Noticed>,
    worker_is_ready: bool,
    /// The first configuration that is drawn is to be kept.
    keeps_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Reading {
        cause: Cause,
        until: Mono,
    },
    /// For a worker that can be asked; without an end once whoever asked was told.
    Waiting {
        cause: Cause,
        until: Option<Mono>,
    },
    Preparing {
        cause: Cause,
        until: Mono,
    },
}

#[derive(Clone, Copy, Debug)]
struct Noticed {
    first: Mono,
    last: Mono,
}

// === impl Cause ===

impl Cause {
    /// As it is shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Cause::Start => "the start",
            Cause::Hangup => "the signal HUP",
            Cause::Change => "a change of files",
            Cause::Command => "`unblink reload`",
            Cause::Rollback => "`unblink rollback`",
        }
    }
}

// === impl Reload ===

impl Reload {
    /// For a daemon that just starts; `keeps_first` says whether what it starts with is a generation of its own.
    pub fn new(keeps_first: bool) -> Reload {
        Reload { phase: Phase::Idle, wanted: VecDeque::new(), noticed: None, worker_is_ready: false, keeps_first }
    }

    /// Of the change under way.
    pub fn cause(&self) -> Option<Cause> {
        match self.phase {
            Phase::Reading { cause, .. } | Phase::Waiting { cause, .. } | Phase::Preparing { cause, .. } => Some(cause),
            Phase::Idle => None,
        }
    }

    /// Whether a change is under way that comes to an end by itself: one that waits for a worker without an end is not.
    pub fn is_under_way(&self) -> bool {
        !matches!(self.phase, Phase::Idle | Phase::Waiting { until: None, .. })
    }

    /// As it was last told.
    pub fn worker_is_ready(&self) -> bool {
        self.worker_is_ready
    }

    /// When a `Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        let deadline = match self.phase {
            Phase::Reading { until, .. } | Phase::Preparing { until, .. } => Some(until),
            Phase::Waiting { until, .. } => until,
            Phase::Idle => None,
        };
        let settled = self.noticed.filter(|_| self.may_begin()).map(Noticed::settled_at);
        deadline.into_iter().chain(settled).min()
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match (event, self.phase) {
            (Event::Noticed, _) => {
                let first = self.noticed.map_or(now, |noticed| noticed.first);
                self.noticed = Some(Noticed { first, last: now });
            }
            (Event::Asked(cause), _) => {
                if !self.wanted.contains(&cause) {
                    self.wanted.push_back(cause);
                }
            }
            (Event::Read(reading), Phase::Reading { cause, .. }) => self.read(now, cause, reading, &mut actions),
            (Event::WorkerReady, phase) => {
                self.worker_is_ready = true;
                if std::mem::take(&mut self.keeps_first) {
                    actions.push(Action::Keep);
                }
                if let Phase::Waiting { cause, .. } = phase {
                    self.prepare(now, cause, &mut actions);
                }
            }
            (Event::WorkerLost, phase) => {
                self.worker_is_ready = false;
                if let Phase::Preparing { cause, .. } = phase {
                    self.end(Action::Refuse(cause, Why::Died), &mut actions);
                }
            }
            (Event::Judged { accepted }, Phase::Preparing { cause, .. }) => {
                let end = if accepted { Action::Commit(cause) } else { Action::Refuse(cause, Why::Complaints) };
                self.end(end, &mut actions);
            }
            (Event::Tick, phase) => self.tick(now, phase, &mut actions),
            // Of a change that was given up.
            (Event::Read(_) | Event::Judged { .. }, _) => {}
        }
        self.begin(now, &mut actions);
        actions
    }

    fn read(&mut self, now: Mono, cause: Cause, reading: Reading, actions: &mut Vec<Action>) {
        match reading {
            Reading::Same => self.end(Action::Unchanged(cause), actions),
            Reading::Refused => self.end(Action::Refuse(cause, Why::Complaints), actions),
            Reading::Differs if self.worker_is_ready => self.prepare(now, cause, actions),
            Reading::Differs => self.phase = Phase::Waiting { cause, until: Some(now + PREPARE_DEADLINE) },
        }
    }

    fn prepare(&mut self, now: Mono, cause: Cause, actions: &mut Vec<Action>) {
        self.phase = Phase::Preparing { cause, until: now + PREPARE_DEADLINE };
        actions.push(Action::Prepare);
    }

    fn tick(&mut self, now: Mono, phase: Phase, actions: &mut Vec<Action>) {
        match phase {
            Phase::Reading { cause, until } if now >= until => {
                self.end(Action::Refuse(cause, Why::Unread), actions);
            }
            Phase::Waiting { cause, until: Some(until) } if now >= until => {
                self.phase = Phase::Waiting { cause, until: None };
                actions.push(Action::Defer(cause));
            }
            Phase::Preparing { cause, until } if now >= until => {
                self.worker_is_ready = false;
                self.end(Action::Refuse(cause, Why::Silent), actions);
                actions.push(Action::EndWorker);
            }
            _ => {}
        }
    }

    fn end(&mut self, how: Action, actions: &mut Vec<Action>) {
        self.phase = Phase::Idle;
        actions.push(how);
    }

    /// What waits for a worker gives way to what is newer.
    fn may_begin(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Waiting { .. })
    }

    fn begin(&mut self, now: Mono, actions: &mut Vec<Action>) {
        if !self.may_begin() {
            return;
        }
        let settled = self.noticed.is_some_and(|noticed| now >= noticed.settled_at());
        let Some(cause) = self.wanted.pop_front().or(settled.then_some(Cause::Change)) else { return };
        if cause != Cause::Rollback {
            // What is read now is the newest there is, whoever wants it.
            self.noticed = None;
        }
        self.phase = Phase::Reading { cause, until: now + READ_DEADLINE };
        actions.push(Action::Read(cause));
    }
}

// === impl Noticed ===

impl Noticed {
    fn settled_at(self) -> Mono {
        (self.last + QUIET).min(self.first + SETTLED_AFTER)
    }
}

#[cfg(test)]
mod tests;
