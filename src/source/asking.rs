//! When a source is asked, and how it fares: a pure machine of times and answers.
//!
//! Invariant: never two asks out at once; the rhythm is start + n x interval whatever an answer takes, missed
//! beats are skipped. A source without an answer in time is failed until an answer comes, however late.

use std::time::Duration;

use super::{Failure, Reading, millis};
use crate::base::{Mono, Wall};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::Class;

/// How often a source is asked and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Between two asks.
    pub interval: Duration,
    /// After the first ask a second one follows this soon: rates need two readings. None for sources without rates.
    pub warm_up: Option<Duration>,
    /// From an ask to the answer.
    pub deadline: Duration,
}

/// What the shell does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Todo {
    /// Send an ask.
    pub ask: bool,
    /// Tell the health, with the samples that came.
    pub report: bool,
    /// Nothing will ever come again.
    pub over: bool,
}

/// One source's rhythm and health.
#[derive(Clone, Debug)]
pub struct Asking {
    rhythm: Rhythm,
    start: Mono,
    next_ask_at: Mono,
    /// When the ask that is still out was sent.
    out_since: Option<Mono>,
    /// The ask that is out was already reported as failed.
    overdue: bool,
    state: SourceState,
    last_good: Option<Wall>,
}

// === impl Asking ===

impl Asking {
    /// Due at once.
    pub fn new(rhythm: Rhythm, now: Mono) -> Asking {
        Asking {
            rhythm,
            start: now,
            next_ask_at: now,
            out_since: None,
            overdue: false,
            state: SourceState::Waiting,
            last_good: None,
        }
    }

    /// The rhythm changed: a new first beat, at once. An ask that is out stays out.
    pub fn retune(&mut self, rhythm: Rhythm, now: Mono) {
        if rhythm != self.rhythm {
            self.rhythm = rhythm;
            self.start = now;
            self.next_ask_at = now;
        }
    }

    /// When `due` wants to be called.
    pub fn wake_at(&self) -> Mono {
        match self.out_since {
            Some(since) if !self.overdue => since + self.rhythm.deadline,
            _ => self.next_ask_at,
        }
    }

    /// The time of `wake_at` has come.
    pub fn due(&mut self, now: Mono, wall: Wall) -> Todo {
        let mut todo = Todo::default();
        if let Some(since) = self.out_since
            && !self.overdue
            && now >= since + self.rhythm.deadline
        {
            self.overdue = true;
            let why = format!("no answer in {} ms", millis(self.rhythm.deadline));
            self.fail(wall, Failure { class: Class::Timeout, why });
            todo.report = true;
        }
        if now >= self.next_ask_at {
            self.next_ask_at = self.beat_after(now);
            if self.out_since.is_none() {
                self.out_since = Some(now);
                self.overdue = false;
                todo.ask = true;
            }
        }
        todo
    }

    /// The ask of this beat was not sent after all.
    pub fn left_out(&mut self) {
        self.out_since = None;
    }

    /// An answer came, in time or not.
    pub fn answered(&mut self, at: Wall, outcome: Result<Reading, Failure>) -> (Todo, Reading) {
        self.out_since = None;
        self.overdue = false;
        let reading = match outcome {
            Ok(mut reading) => {
                self.state = reading.missing.take().map_or(SourceState::Good, SourceState::Partial);
                self.last_good = Some(at);
                reading
            }
            Err(failure) => {
                self.fail(at, failure);
                Reading::default()
            }
        };
        (Todo { report: true, ..Todo::default() }, reading)
    }

    /// The thread is gone for good.
    pub fn lost(&mut self, wall: Wall, why: String) -> Todo {
        self.fail(wall, why.into());
        Todo { report: true, over: true, ..Todo::default() }
    }

    /// It is left alone until then, or no longer.
    pub fn rests(&mut self, until: Option<Wall>) {
        if let SourceState::Failed { next_try, .. } = &mut self.state {
            *next_try = until;
        }
    }

    pub fn health(&self) -> SourceHealth {
        SourceHealth { state: self.state.clone(), last_good: self.last_good, interval_ms: millis(self.rhythm.interval) }
    }

    /// The first failure since the last success stays: it is the cause. Nothing of it lies ahead of a clock that was
    /// set back since, or its age would stand still until the clock has come there.
    fn fail(&mut self, wall: Wall, Failure { class, why }: Failure) {
        self.last_good = self.last_good.map(|then| then.min(wall));
        match &mut self.state {
            SourceState::Failed { since, .. } => *since = (*since).min(wall),
            state => *state = SourceState::Failed { since: wall, why, class, next_try: None },
        }
    }

    /// The next beat strictly after `now`.
    fn beat_after(&self, now: Mono) -> Mono {
        let passed = now.since(self.start);
        if let Some(warm_up) = self.rhythm.warm_up
            && passed < warm_up
        {
            return self.start + warm_up;
        }
        let interval = self.rhythm.interval.max(Duration::from_millis(1));
        let beats = passed.as_nanos() / interval.as_nanos() + 1;
        let nanos = u64::try_from(beats * interval.as_nanos()).unwrap_or(u64::MAX);
        self.start + Duration::from_nanos(nanos)
    }
}
