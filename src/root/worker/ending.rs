//! How a life of a worker ends, and what is told of it.
//!
//! Invariant: it is laid to memory only where the kernel says so, or an allocation failed right before it.

use super::{Phase, Stage, Worker};
use crate::admin::status::LimitRow;
use crate::base::{Mono, Trace};
use crate::event::{Event as _, WorkerDied};
use crate::machine::confinement::{Counts, End, Shortage};
use crate::machine::incarnation::{self, Cause};
use crate::root::groups::Confined;
use crate::sys::random;

/// What is known of ends.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// What the kernel had counted of the tenant's group when the present life began.
    pub counts_before: Option<Counts>,
    /// What the last life died of, until the next one draws.
    pub shortage: Option<Shortage>,
    /// Of the panel or source that it died of, until then.
    pub trace: Option<Trace>,
}

impl Worker {
    /// Why its present life ends, in a word; none where it was told to.
    pub fn cause_of_end(&mut self) -> Option<&'static str> {
        self.ending.shortage = self.shortage();
        match (self.incarnation.phase(), self.given_up) {
            (Phase::Stopped, _) => None,
            // Its feed ended with it, however long the kernel takes to give the memory back.
            _ if self.ending.shortage.is_some() => Some("memory"),
            (_, Some(Cause::Hung)) => Some("hung"),
            (_, Some(Cause::Late)) => Some("late"),
            (_, Some(Cause::Fault)) => Some("violation"),
            (_, Some(Cause::HungUp) | None) => Some("died"),
        }
    }

    /// What the life before the present one died of, where that was memory.
    pub(super) fn died_of_memory(&self) -> Option<String> {
        self.ending.shortage.map(Shortage::words)
    }

    /// What it may take has changed: where each process is limited by itself, the present one is, and what it starts.
    pub fn apply_limits(&self) {
        let (Some(pid), Some(confined)) = (self.pid(), self.launcher.confined()) else { return };
        confined.limit_data(pid);
    }

    /// What its tenant is limited in, and by what that holds.
    pub fn limit_rows(&self) -> Vec<LimitRow> {
        // It joins its group before it greets.
        let joined = self.pid().filter(|_| !matches!(self.stage, Stage::Down | Stage::Greeting));
        self.launcher.confined().map(|confined| confined.rows(joined)).unwrap_or_default()
    }

    /// What the kernel counted of its tenant's group; none where there is none.
    pub fn counts(&self) -> Option<Counts> {
        self.launcher.confined().and_then(Confined::counts)
    }

    fn shortage(&self) -> Option<Shortage> {
        let confined = self.launcher.confined()?;
        let remains = self.launcher.marker().and_then(|page| page.read().ok());
        let aborted = remains.filter(|remains| remains.signal == ABORTED && remains.refused_bytes > 0);
        let end = End {
            counts: self.ending.counts_before.zip(confined.counts()),
            refused_bytes: aborted.map(|remains| remains.refused_bytes),
            memory_bytes: confined.limits().memory_bytes,
        };
        end.shortage()
    }

    /// Nothing of the present life runs any more.
    pub fn ended(&mut self, how: &str, now: Mono) {
        self.link = None;
        self.begun_at = None;
        self.hung_up_at = None;
        self.note_remains(now);
        self.launcher.ended(matches!(self.ending.shortage, Some(Shortage::Limit(_))));
        self.go_down(now);
        let how = match self.died_of_memory() {
            Some(words) => &format!("{words}; it {how}"),
            None => how,
        };
        let is_ending = matches!(self.incarnation.phase(), Phase::Ending) && self.ending.shortage.is_none();
        let violation = is_ending.then(|| self.last_fault.take()).flatten();
        self.note_fault(match violation {
            Some(violation) => format!("{violation}; it {how}"),
            None => format!("it {how}"),
        });
        let action = self.incarnation.step(now, incarnation::Event::Died { random: random::u64() });
        // An ordered end is no death.
        if self.incarnation.phase() != Phase::Stopped {
            let waits =
                self.incarnation.wake_at().filter(|_| action.is_none()).map_or(0, |at| at.since(now).as_millis());
            let retry_in_ms = u64::try_from(waits).unwrap_or(u64::MAX);
            WorkerDied { tenant: &self.tenant, epoch: self.epoch, how, retry_in_ms }.emit();
        }
        self.act(now, action);
    }
}

/// What a program receives that ends for want of memory.
const ABORTED: u8 = 6;
