//! What a dead worker left on its page, and what follows from it for its successors.
//!
//! Invariant: what a worker wrote decides nothing but which of its own panels and sources are left alone for a while.

use std::time::Duration;

use super::{Stage, Worker};
use crate::admin::Process;
use crate::base::{Mono, Trace, Version, limits};
use crate::event::{Event as _, StepFatal, WorkerStack};
use crate::machine::confinement::Shortage;
use crate::machine::heartbeat::Activity;
use crate::machine::incarnation::Cause;
use crate::machine::ledger::{Row, Step};
use crate::root::groups::Confined;
use crate::root::launch::Launcher;
use crate::runtime::{self, timer};
use crate::sys::marker::{self, Kind, MarkerFile, Remains};
use crate::sys::symbols::Names;
use crate::sys::{activity, clock};
use crate::wire::feed::{Resting, ToWorker};

/// A thread that is not stuck in the kernel answers at once; one that is does not answer at all.
const STACK_DEADLINE: Duration = Duration::from_millis(50);
/// Between two looks at the page.
const LOOK_EVERY: Duration = Duration::from_millis(2);

impl Worker {
    /// Has it say where it hangs, and kills it then.
    pub(super) fn kill_with_stack(&mut self) {
        let Some(link) = &self.link else { return };
        let page = self.launcher.marker().and_then(|page| page.try_clone().ok());
        self.asked_before = page.as_ref().and_then(|page| page.read().ok()).map(|page| page.asked);
        match (link.pid, page) {
            (Some(pid), Some(page)) => link.kill_after(stack(pid, page)),
            _ => link.kill(),
        }
    }

    /// Its process, for whoever asks for its threads.
    pub fn process(&self) -> Option<Process> {
        let page = self.launcher.marker().and_then(|page| page.try_clone().ok());
        Some(Process { name: format!("worker {}", self.tenant), pid: self.pid()?, page })
    }

    /// Nothing of it runs any more: what it was doing.
    pub(super) fn note_remains(&mut self, now: Mono) {
        self.ending.trace = None;
        let Some(remains) = self.launcher.marker().and_then(|page| page.read().ok()) else { return };
        let trace =
            remains.step.as_ref().and_then(|step| u32::try_from(step.trace).ok()).map(Trace).unwrap_or_default();
        let hung = self.given_up == Some(Cause::Hung);
        if hung && self.asked_before.is_some_and(|before| has_answered(&remains, before)) {
            self.tell_calls(remains.calls.clone(), trace);
        }
        let Some(step) = fatal(&remains, hung, self.ending.shortage) else { return };
        self.ending.trace = Some(trace);
        let rests = self.ledger.died(step.clone(), trace, now);
        let (tenant, epoch, signal) = (&*self.tenant, self.epoch, remains.signal);
        let frame = Version(remains.step.as_ref().map_or(0, |step| step.frame));
        StepFatal { tenant, epoch, step: &step, frame, trace, signal, rests }.emit();
    }

    /// Tells the present life what it is not to do, where that has changed.
    pub(super) fn tell_resting(&mut self, now: Mono) {
        let rows: Vec<Row> = self.ledger.resting(now).cloned().collect();
        if rows == self.told_resting || matches!(self.stage, Stage::Down | Stage::Greeting) {
            return;
        }
        let resting = rows.iter().map(|row| {
            let left = row.rests_until.map_or(Duration::ZERO, |until| until.since(now));
            let for_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let ago_ms = u64::try_from(now.since(row.last).as_millis()).unwrap_or(u64::MAX);
            Resting { step: row.step.clone(), deaths: row.deaths, ago_ms, for_ms, trace: row.trace }
        });
        let message = ToWorker::LeaveAlone(resting.collect());
        self.told_resting = rows;
        self.send(&message, now);
    }

    /// What it draws from now on is something else: whatever they died of may have been put right.
    pub(super) fn forgive_steps(&mut self, now: Mono) {
        self.ledger.forget(now);
        self.tell_resting(now);
    }

    /// Logs the calls by name; finding the names takes its time.
    fn tell_calls(&self, calls: Vec<i64>, trace: Trace) {
        if calls.is_empty() {
            return;
        }
        let (tenant, epoch) = (self.tenant.clone(), self.epoch);
        let told = runtime::spawn_thread("symbols", move || {
            WorkerStack {
                tenant: &tenant,
                epoch,
                trace,
                calls: &Names::open().lines(&calls, limits::STACK_NAMES_LOGGED_MAX),
            }
            .emit();
        });
        // The calls are lost then, and nothing else.
        drop(told);
    }
}

/// What a worker did so far, where the kernel tells; nothing of one that is no process. Before it says which of its
/// threads does the work it is the first.
pub(super) fn activity(pid: Option<u32>, launcher: &Launcher) -> Option<Activity> {
    let Some(pid) = pid else { return Some(Activity::default()) };
    let page = launcher.marker();
    let thread = page.and_then(|page| page.read().ok()).map(|remains| remains.thread).filter(|thread| *thread != 0);
    let activity = activity::read(pid, thread.unwrap_or(pid))?;
    // Of the group that it may not have joined yet: what others before it used up there is in every reading then.
    let throttled = launcher.confined().and_then(Confined::throttled);
    Some(Activity { throttled: throttled.unwrap_or(activity.throttled), ..activity })
}

/// Asks process `pid` for its calls, and waits until they stand on the page.
async fn stack(pid: u32, page: MarkerFile) {
    // Anybody may have asked before.
    let Ok(before) = page.read() else { return };
    if marker::ask(pid, before.thread).is_err() {
        return;
    }
    let deadline = clock::mono() + STACK_DEADLINE;
    while clock::mono() < deadline && page.read().is_ok_and(|remains| !has_answered(&remains, before.asked)) {
        timer::sleep_until(clock::mono() + LOOK_EVERY).await;
    }
}

/// Whether the thread that does the work has noted its calls since so many were noted. Anybody may have asked it before, when
/// it was somewhere else, or another thread.
fn has_answered(remains: &Remains, before: usize) -> bool {
    remains.asked != before && remains.calls_of == remains.thread
}

/// The step it died in. One that somebody else killed was in some step by chance, unless it hung there, or the kernel killed it for
/// what it wanted beyond its tenant's memory.
fn fatal(remains: &Remains, hung: bool, shortage: Option<Shortage>) -> Option<Step> {
    let is_own_doing = remains.is_blamed || hung || matches!(shortage, Some(Shortage::Limit(_)));
    let found = remains.step.as_ref().filter(|_| is_own_doing)?;
    Some(match found.kind {
        Kind::Panel => Step::Panel { board: found.name.clone(), panel: found.part },
        Kind::Source => Step::Source(found.name.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::marker::Found;

    #[test]
    fn calls_that_were_noted_before_it_hung_are_not_those_it_hung_in() {
        let remains = |asked, calls_of| Remains { asked, calls_of, thread: 7, ..Remains::default() };
        assert!(has_answered(&remains(4, 7), 3));
        assert!(!has_answered(&remains(3, 7), 3), "somebody had asked before");
        assert!(!has_answered(&remains(4, 8), 3), "another thread");
    }

    #[test]
    fn only_who_brought_it_about_is_to_blame() {
        let found = Found { kind: Kind::Panel, trace: 1, name: "host".to_owned(), part: 2, frame: 9 };
        let remains = |is_blamed| Remains { step: Some(found.clone()), is_blamed, ..Remains::default() };
        let panel = Step::Panel { board: "host".to_owned(), panel: 2 };
        assert_eq!(fatal(&remains(true), false, None), Some(panel.clone()));
        assert_eq!(fatal(&remains(false), true, None), Some(panel.clone()));
        assert_eq!(fatal(&remains(false), false, None), None, "somebody killed it");
        let limit = Some(Shortage::Limit(Some(1 << 30)));
        assert_eq!(fatal(&remains(false), false, limit), Some(panel), "its tenant had no more");
        assert_eq!(fatal(&remains(false), false, Some(Shortage::Beyond)), None, "others may have taken it");
        assert_eq!(fatal(&Remains { is_blamed: true, ..Remains::default() }, true, limit), None);
    }
}
