//! What happens between root and its workers.

use tracing::{error, info, warn};

use super::{COUNTERS, Event};
use crate::base::{Epoch, Trace, Version, ViewId};
use crate::machine::heartbeat::Silence;
use crate::machine::ledger::Step;

/// A worker process was started.
#[derive(Debug)]
pub struct WorkerStarted<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub pid: u32,
}

/// A worker accepted its configuration and draws.
#[derive(Debug)]
pub struct WorkerReady<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub boards: usize,
}

/// A fresh worker has taken the place of one that worked.
#[derive(Debug)]
pub struct WorkerRecycled<'a> {
    pub tenant: &'a str,
    /// Of the fresh one.
    pub epoch: Epoch,
    pub pid: u32,
    /// Since the fresh one was started.
    pub took_ms: u64,
    /// How long nobody drew meanwhile.
    pub stood_still_ms: u64,
}

/// No fresh worker took the place of one that works as it should have.
#[derive(Debug)]
pub struct WorkerKept<'a> {
    pub tenant: &'a str,
    pub why: &'a str,
}

/// A worker is gone, or was given up on.
#[derive(Debug)]
pub struct WorkerDied<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    /// How, in words: `was killed by signal 9 (SIGKILL)`.
    pub how: &'a str,
    /// When the next one is started.
    pub retry_in_ms: u64,
}

/// A worker owes an answer for longer than one takes that has nothing else to do.
#[derive(Debug)]
pub struct WorkerLate<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub pid: u32,
    pub silent_ms: u64,
    /// It is counted in any case: one that is late again and again is not told of each time.
    pub is_told: bool,
}

/// A worker runs and does not answer, and cannot: nobody blames it.
#[derive(Debug)]
pub struct WorkerSilent<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub pid: u32,
    pub why: &'a str,
}

/// A worker runs and does not answer, although it could; it is killed for it.
#[derive(Debug)]
pub struct WorkerHung<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub pid: u32,
    pub silence: Silence,
}

/// A silent worker answers again.
#[derive(Debug)]
pub struct WorkerAnswers<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub after_ms: u64,
}

/// Where a worker that hung was, the innermost call first.
#[derive(Debug)]
pub struct WorkerStack<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub trace: Trace,
    pub calls: &'a [String],
}

/// What a worker died of.
#[derive(Debug)]
pub struct StepFatal<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub step: &'a Step,
    /// Of a panel: the version that was being drawn.
    pub frame: Version,
    pub trace: Trace,
    /// The signal it received; 0 where it ended by itself, or hung.
    pub signal: u8,
    /// The next worker leaves it alone.
    pub rests: bool,
}

/// A worker sent what the feed does not allow; it is killed for it.
#[derive(Debug)]
pub struct FeedViolation<'a> {
    pub tenant: &'a str,
    pub epoch: Epoch,
    pub why: &'a str,
}

/// A worker read what the one before it left.
#[derive(Debug)]
pub struct HistoryReplayed {
    pub series: usize,
    pub points: usize,
    pub entries: u64,
    pub took_ms: u64,
}

/// A worker found what one of another version left.
#[derive(Debug)]
pub struct HistoryForeign;

/// A worker cannot leave its data to the next one any more.
#[derive(Debug)]
pub struct HistoryBroken<'a> {
    pub why: &'a str,
}

/// Workers died of what an earlier one had left, or there is no memory for it: the next one begins without a past.
#[derive(Debug)]
pub struct HistoryLost<'a> {
    pub tenant: &'a str,
    pub why: &'a str,
}

/// A frame did not fit what root holds, or was none, and was not used; its worker is killed for it.
#[derive(Debug)]
pub struct FrameRefused<'a> {
    pub view: ViewId,
    pub why: &'a str,
}

impl Event for WorkerStarted<'_> {
    fn emit(self) {
        COUNTERS.workers_started.add(1);
        info!(tenant = self.tenant, epoch = self.epoch.0, pid = self.pid, "worker started");
    }
}

impl Event for WorkerReady<'_> {
    fn emit(self) {
        info!(tenant = self.tenant, epoch = self.epoch.0, boards = self.boards, "worker draws");
    }
}

impl Event for WorkerRecycled<'_> {
    fn emit(self) {
        COUNTERS.workers_recycled.add(1);
        info!(
            tenant = self.tenant,
            epoch = self.epoch.0,
            pid = self.pid,
            took_ms = self.took_ms,
            stood_still_ms = self.stood_still_ms,
            "a fresh worker took the place of the one before"
        );
    }
}

impl Event for WorkerKept<'_> {
    fn emit(self) {
        COUNTERS.workers_kept.add(1);
        warn!(
            tenant = self.tenant,
            why = self.why,
            "a fresh worker did not take the place of the one before as it should have"
        );
    }
}

impl Event for WorkerDied<'_> {
    fn emit(self) {
        COUNTERS.workers_died.add(1);
        warn!(
            tenant = self.tenant,
            epoch = self.epoch.0,
            how = self.how,
            retry_in_ms = self.retry_in_ms,
            "worker died; its viewers keep their last frame until the next one draws"
        );
    }
}

impl Event for WorkerLate<'_> {
    fn emit(self) {
        COUNTERS.workers_late.add(1);
        let WorkerLate { tenant, epoch, pid, silent_ms, is_told } = self;
        if is_told {
            warn!(tenant, epoch = epoch.0, pid, silent_ms, "worker is late with an answer");
        }
    }
}

impl Event for WorkerSilent<'_> {
    fn emit(self) {
        COUNTERS.workers_silent.add(1);
        warn!(
            tenant = self.tenant,
            epoch = self.epoch.0,
            pid = self.pid,
            why = self.why,
            "worker does not answer; its viewers are told"
        );
    }
}

impl Event for WorkerHung<'_> {
    fn emit(self) {
        COUNTERS.workers_hung.add(1);
        let Silence { lasted, ran, waited } = self.silence;
        error!(
            tenant = self.tenant,
            epoch = self.epoch.0,
            pid = self.pid,
            silent_ms = lasted.as_millis(),
            ran_ms = ran.as_millis(),
            waited_ms = waited.as_millis(),
            "worker hangs; it is killed"
        );
    }
}

impl Event for WorkerStack<'_> {
    fn emit(self) {
        let calls = self.calls.join(" < ");
        error!(tenant = self.tenant, epoch = self.epoch.0, trace = self.trace.to_string(), calls, "worker hung in");
    }
}

impl Event for StepFatal<'_> {
    fn emit(self) {
        COUNTERS.steps_fatal.add(1);
        let (tenant, epoch, trace, signal) = (self.tenant, self.epoch.0, self.trace.to_string(), self.signal);
        match self.step {
            Step::Panel { board, panel } => {
                let frame = self.frame.0;
                warn!(tenant, epoch, board, panel, frame, trace, signal, rests = self.rests, "worker died of a panel");
            }
            Step::Source(source) => {
                warn!(tenant, epoch, source, trace, signal, rests = self.rests, "worker died of a source");
            }
        }
    }
}

impl Event for WorkerAnswers<'_> {
    fn emit(self) {
        COUNTERS.workers_answering.add(1);
        info!(tenant = self.tenant, epoch = self.epoch.0, after_ms = self.after_ms, "worker answers again");
    }
}

impl Event for FeedViolation<'_> {
    fn emit(self) {
        COUNTERS.feed_violations.add(1);
        error!(tenant = self.tenant, epoch = self.epoch.0, why = self.why, "worker broke the feed's rules");
    }
}

impl Event for HistoryReplayed {
    fn emit(self) {
        COUNTERS.histories_replayed.add(1);
        let HistoryReplayed { series, points, entries, took_ms } = self;
        info!(series, points, entries, took_ms, "worker has the data of the one before it");
    }
}

impl Event for HistoryForeign {
    fn emit(self) {
        COUNTERS.histories_lost.add(1);
        warn!("worker begins without a past: what the one before it left is of another version");
    }
}

impl Event for HistoryBroken<'_> {
    fn emit(self) {
        COUNTERS.histories_broken.add(1);
        warn!(why = self.why, "worker cannot leave its data to the next one; that one will begin without a past");
    }
}

impl Event for HistoryLost<'_> {
    fn emit(self) {
        COUNTERS.histories_lost.add(1);
        warn!(tenant = self.tenant, why = self.why, "the next worker begins without a past");
    }
}

impl Event for FrameRefused<'_> {
    fn emit(self) {
        COUNTERS.frames_refused.add(1);
        warn!(view = self.view.0, why = self.why, "frame refused");
    }
}
