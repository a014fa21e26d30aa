//! What people are told of a worker: its state in a word, what is wrong with it, and when to expect it.
//!
//! Invariant: nothing is decided here.

use std::time::Duration;

use super::{Phase, Stage, Worker};
use crate::base::Mono;
use crate::root::banner::{Death, Why};

/// A worker is started and ready within some milliseconds; asking sooner is of no use.
const START_TAKES: Duration = Duration::from_millis(50);
/// Who waits for a configuration to be put right asks now and then.
const REFUSED_RETRY: Duration = Duration::from_secs(5);

impl Worker {
    /// Its state in a word.
    pub fn state(&self) -> &'static str {
        match self.incarnation.phase() {
            Phase::Idle | Phase::Starting { .. } => "starting",
            Phase::Ready { .. } if self.pulse.excuse().is_some() => "silent",
            Phase::Ready { .. } if matches!(self.stage, Stage::Refused(_)) => "refused",
            Phase::Ready { .. } if self.hung_up_at.is_some() => "ending",
            Phase::Ready { .. } => "ready",
            Phase::Ending => "ending",
            Phase::Waiting { .. } => "waiting",
            Phase::Stopped => "stopped",
        }
    }

    /// What viewers should be told by now; none while all is well, or not yet bad for long enough.
    pub fn trouble(&self, now: Mono) -> Option<Why> {
        if let Stage::Refused(complaint) = &self.stage {
            return Some(Why::Refused(complaint.clone()));
        }
        if self.draws() {
            return self.pulse.excuse().map(Why::Silent);
        }
        if self.banner_at.is_some_and(|at| now < at) {
            return None;
        }
        if let Some(words) = self.died_of_memory() {
            return Some(Why::OutOfMemory(words, self.death()));
        }
        let has_died = self.epoch.0 > 1 || self.last_fault.is_some();
        Some(if has_died { Why::Died(self.death()) } else { Why::Starting })
    }

    /// Why boards cannot be drawn, for operators. A fault that was got over is no reason.
    pub fn why_not_ready(&self) -> Option<String> {
        let fault = self.last_fault.as_ref().filter(|_| !self.fault_is_over);
        (!self.draws() || self.pulse.excuse().is_some()).then(|| match fault {
            Some(fault) => format!("the worker of tenant {} is {}: {fault}", self.tenant, self.state()),
            None => format!("the worker of tenant {} is {}", self.tenant, self.state()),
        })
    }

    /// How long it takes until somebody draws again, as far as can be told.
    pub fn back_in(&self, now: Mono) -> Duration {
        if matches!(self.stage, Stage::Refused(_)) {
            return REFUSED_RETRY;
        }
        self.next_try_at().map(|at| at.since(now)).unwrap_or_default() + START_TAKES
    }

    fn death(&self) -> Death {
        Death { next_try_at: self.next_try_at(), trace: self.ending.trace }
    }

    /// When the next life begins, where it waits for that.
    fn next_try_at(&self) -> Option<Mono> {
        let waits = matches!(self.incarnation.phase(), Phase::Waiting { .. });
        self.incarnation.wake_at().filter(|_| waits)
    }
}
