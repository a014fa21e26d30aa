//! One worker process that waits for a tenant: what a start takes is done by the time that a worker dies.
//!
//! Invariant: at most one at a time, whatever dies how often. It holds nothing of any tenant's before it belongs to one, and
//! one that is not fit is ended and never handed out; then a worker is started as it always was.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::admin::Process;
use crate::base::Mono;
use crate::runtime::supervisor::Supervisor;
use crate::runtime::{Kind, Registration};
use crate::sys::marker::MarkerFile;
use crate::sys::process::{self, Child, WorkerLog};
use crate::sys::{activity, handover, socket};

/// As the tree has it.
pub const ROW: &str = "spare worker";
const SPARE: &str = "--spare";
/// One that could not be started, or ended before it was needed, is not followed by another one at once.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Where it waits, for all who start workers.
#[derive(Clone, Debug, Default)]
pub struct Spare(Arc<Mutex<Place>>);

#[derive(Debug, Default)]
struct Place {
    waiting: Option<Waiting>,
    /// None is started before then.
    not_before: Option<Mono>,
    /// None is started any more.
    is_over: bool,
}

/// One that waits.
#[derive(Debug)]
struct Waiting {
    /// What it was started with.
    args: Vec<String>,
    child: Child,
    feed: UnixStream,
    page: MarkerFile,
    _row: Registration,
}

// === impl Spare ===

impl Spare {
    fn with<T>(&self, act: impl FnOnce(&mut Place) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts one where none waits that was started like this. On the main thread only: the kernel ties its life to it.
    pub fn keep(&self, args: &[String], log: fn() -> WorkerLog, keeper: &Supervisor, now: Mono) {
        self.with(|place| {
            let has_ended = |waiting: &mut Waiting| !matches!(waiting.child.try_wait(), Ok(None));
            if place.waiting.take_if(has_ended).is_some() {
                tracing::warn!("the spare worker ended before it was needed; the next one is started later");
                place.not_before = Some(now + AGAIN_AFTER);
            }
            // What it would have to be told has changed since, such as the level of the log.
            let differs = place.waiting.take_if(|waiting| waiting.args != args);
            differs.into_iter().for_each(Waiting::end);
            if place.is_over || place.waiting.is_some() || place.not_before.is_some_and(|at| now < at) {
                return;
            }
            match Waiting::start(args, log(), keeper, now) {
                Ok(waiting) => (place.waiting, place.not_before) = (Some(waiting), None),
                Err(error) => {
                    tracing::warn!("no spare worker can be started: {error}");
                    place.not_before = Some(now + AGAIN_AFTER);
                }
            }
        });
    }

    /// The one that waits, which belongs to whoever gives it these, a history first: nothing where there is none, or none that is fit.
    pub fn take(&self, given: &[BorrowedFd<'_>]) -> Option<(Child, UnixStream, MarkerFile)> {
        let mut waiting = self.with(|place| place.waiting.take())?;
        let is_fit = matches!(waiting.child.try_wait(), Ok(None))
            // One that somebody stopped would not answer.
            && activity::read(waiting.child.pid(), waiting.child.pid()).is_none_or(|activity| !activity.is_stopped);
        if !is_fit || handover::give(&waiting.feed, given).is_err() {
            waiting.end();
            return None;
        }
        Some((waiting.child, waiting.feed, waiting.page))
    }

    /// The one that waits, for whoever asks for its threads.
    pub fn process(&self) -> Option<Process> {
        self.with(|place| {
            let waiting = place.waiting.as_ref()?;
            Some(Process { name: ROW.to_owned(), pid: waiting.child.pid(), page: waiting.page.try_clone().ok() })
        })
    }

    /// The daemon ends.
    pub fn stop(&self) {
        let waiting = self.with(|place| {
            place.is_over = true;
            place.waiting.take()
        });
        waiting.into_iter().for_each(Waiting::end);
    }
}

// === impl Waiting ===

impl Waiting {
    fn start(args: &[String], log: WorkerLog, keeper: &Supervisor, now: Mono) -> io::Result<Waiting> {
        let (feed, theirs) = socket::pair()?;
        let page = MarkerFile::new()?;
        let all: Vec<&str> = args.iter().map(String::as_str).chain([SPARE]).collect();
        let child = process::spawn_worker(&all, theirs, None, page.as_fd(), log)?;
        let row = keeper.place(ROW, Kind::Process);
        row.tell(|row| {
            "waiting".clone_into(&mut row.state);
            row.since = Some(now);
        });
        Ok(Waiting { args: args.to_vec(), child, feed, page, _row: row })
    }

    /// By force, and nothing is left of it.
    fn end(mut self) {
        // Fine when it is dead already.
        let _ = self.child.kill();
        crate::runtime::spawn("spare-end", async move {
            // It is reaped, or nobody can.
            let _ = self.child.wait().await;
        });
    }
}

#[cfg(test)]
mod tests;
