//! The thread that takes a profile of this process when it is asked to, or tells what was recorded, or what memory is held.
//!
//! Invariant: one at a time, the newest; whoever asks never waits, and hears of each one exactly once unless it is called
//! off or another takes its place. Nothing ends a thread that finds names of what was recorded, or is held, before it is done, so
//! there is one at most, whoever asks and goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc;

use super::task;
use crate::model::Profile;
use crate::sys::profiler::{self, ProfilerError};
use crate::sys::{heap, recorder};

/// What came of the one with this number.
pub type Profiled = (u64, Result<Profile, String>);

/// Asks for profiles.
#[derive(Debug)]
pub struct Profiling {
    /// Dropped to call it off.
    running: Option<(u64, Sender<()>)>,
    looks_back: Arc<AtomicBool>,
    told: mpsc::Sender<Profiled>,
}

/// Held by the thread that looks back, or finds names of what is held.
struct LooksBack(Arc<AtomicBool>);

/// One that was called off lets go of the signal within microseconds.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(5);
const TRIES_MAX: usize = 100;
const NAMES_ARE_BEING_FOUND: &str = "names are being found for somebody who asked before; ask again in a few seconds";
/// Told and not heard yet: one that is over, and one that took its place.
const TOLD_MAX: usize = 4;

/// Has this process recorded where it spends the processor, from now on.
pub fn start() {
    if let Err(error) = recorder::start() {
        tracing::warn!(%error, "the flight recorder cannot be started: nothing is known of the past when somebody asks");
    }
}

// === impl Profiling ===

impl Profiling {
    /// With where it is heard what came of each.
    pub fn new() -> (Profiling, mpsc::Receiver<Profiled>) {
        let (told, heard) = mpsc::channel(TOLD_MAX);
        (Profiling { running: None, looks_back: Arc::default(), told }, heard)
    }

    /// Begins one; the one before, should there be one, is called off.
    pub fn begin(&mut self, number: u64, hz: u32, span: Duration) {
        let (keep, called_off) = channel();
        self.running = Some((number, keep));
        let told = self.told.clone();
        let take = move || {
            match capture(hz, span, &called_off) {
                Err(ProfilerError::CalledOff) => {}
                outcome => drop(told.blocking_send((number, outcome.map_err(|error| error.to_string())))),
            };
        };
        self.start(number, take);
    }

    /// Tells what was recorded before, unless somebody is being told; what is under way is called off.
    pub fn look_back(&mut self, number: u64, last: Duration) {
        self.running = None;
        let Some(looks_back) = LooksBack::begin(&self.looks_back) else { return self.refuse(number) };
        let told = self.told.clone();
        let tell = move || {
            let recorded = recorder::recorded(last).map_err(|unrecorded| unrecorded.to_string());
            // Whoever hears of it may ask again at once.
            drop(looks_back);
            // Whoever asked may have gone.
            drop(told.blocking_send((number, recorded)));
        };
        self.start(number, tell);
    }

    /// Tells what memory is held, or what more of it is held at the end of a span, unless somebody is being told; what is under
    /// way is called off.
    pub fn look_at_heap(&mut self, number: u64, span: Duration) {
        let (keep, called_off) = channel();
        self.running = Some((number, keep));
        let (told, flag) = (self.told.clone(), Arc::clone(&self.looks_back));
        let tell = move || {
            let outcome = match heap::capture(span, &called_off) {
                Err(heap::HeapError::CalledOff) => return,
                Err(error) => Err(error.to_string()),
                // Whoever goes while it waits keeps nobody from asking: only names take their time whatever happens.
                Ok(found) => match LooksBack::begin(&flag) {
                    Some(looks_back) => {
                        let profile = found.named();
                        // As above.
                        drop(looks_back);
                        Ok(profile)
                    }
                    None => Err(NAMES_ARE_BEING_FOUND.to_owned()),
                },
            };
            drop(told.blocking_send((number, outcome)));
        };
        self.start(number, tell);
    }

    fn refuse(&self, number: u64) {
        // As below.
        drop(self.told.try_send((number, Err(NAMES_ARE_BEING_FOUND.to_owned()))));
    }

    fn start(&self, number: u64, work: impl FnOnce() + Send + 'static) {
        if let Err(error) = task::spawn_thread("profiler", work) {
            // There is room: nothing that runs tells anything before this is over.
            let _ = self.told.try_send((number, Err(format!("the thread that takes it cannot be started: {error}"))));
        }
    }

    /// Nobody wants it any more.
    pub fn call_off(&mut self, number: u64) {
        self.running.take_if(|(running, _)| *running == number);
    }
}

// === impl LooksBack ===

impl LooksBack {
    fn begin(flag: &Arc<AtomicBool>) -> Option<LooksBack> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| LooksBack(Arc::clone(flag)))
    }
}

impl Drop for LooksBack {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn capture(hz: u32, span: Duration, called_off: &Receiver<()>) -> Result<Profile, ProfilerError> {
    let mut tries = 0;
    loop {
        match profiler::capture(hz, span, called_off) {
            Err(ProfilerError::Running) if tries < TRIES_MAX => tries += 1,
            outcome => return outcome,
        }
        if called_off.recv_timeout(TRY_AGAIN_AFTER) != Err(RecvTimeoutError::Timeout) {
            return Err(ProfilerError::CalledOff);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_looks_back_while_another_one_does_and_anybody_does_afterwards() {
        let (mut profiling, mut heard) = Profiling::new();
        let under_way = LooksBack::begin(&profiling.looks_back).unwrap();
        let minute = Duration::from_secs(60);
        profiling.look_back(1, minute);
        let (number, outcome) = heard.recv().await.unwrap();
        let why = outcome.unwrap_err();
        assert!(number == 1 && why.contains("for somebody who asked before"), "{number}: {why}");
        // Whoever asked has gone: its thread is still there.
        profiling.call_off(1);
        profiling.look_back(2, minute);
        assert!(heard.recv().await.unwrap().1.unwrap_err().contains("for somebody who asked before"));
        drop(under_way);
        for number in 3..6 {
            profiling.look_back(number, minute);
            // Whether anything is recorded in this process is other tests' business.
            let (told, outcome) = heard.recv().await.unwrap();
            let refused = outcome.is_err_and(|why| why.contains("for somebody who asked before"));
            assert_eq!((told, refused), (number, false));
        }
    }

    /// Who leaves while it waits for its span is worked for no longer.
    #[cfg(feature = "jemalloc")]
    #[tokio::test]
    async fn whoever_asks_who_holds_memory_is_told_once_somebody_else_left() {
        let (mut profiling, mut heard) = Profiling::new();
        for round in 0..8 {
            let (gone, next) = (2 * round, 2 * round + 1);
            profiling.look_at_heap(gone, Duration::from_secs(3600));
            profiling.call_off(gone);
            profiling.look_at_heap(next, Duration::ZERO);
            let (number, outcome) = heard.recv().await.unwrap();
            assert_eq!(number, next);
            // Whether the allocator notes anything in this process is other tests' business.
            assert!(!outcome.is_err_and(|why| why.contains("for somebody who asked before")));
        }
    }
}
