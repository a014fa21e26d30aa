//! Log lines on stderr: one a line, coloured on a terminal unless `NO_COLOR` is set.
//!
//! Invariant: whoever logs never waits and never fails. A thread of its own writes; what it cannot get rid of is
//! dropped beyond a cap and counted, and the count is told once there is room again.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;

use super::task::spawn_thread;
use crate::base::limits;

/// Lines on their way to one writer.
#[derive(Debug, Default)]
struct HandOff {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whole lines.
    bytes: Vec<u8>,
    dropped: u64,
    /// The thread has something in its hands.
    writing: bool,
}

/// One line's way into the hand-off.
#[derive(Clone, Debug)]
struct Entrance(Arc<HandOff>);

/// Turns that others get to let go of the lock before a panic hook goes on without.
const TRIES: u32 = 10_000;
/// Time the last lines have to come out at the end of the process.
const FLUSH_DEADLINE: Duration = Duration::from_millis(500);

static STDERR: OnceLock<Arc<HandOff>> = OnceLock::new();
static SET_LEVEL: OnceLock<Box<dyn Fn(LevelFilter) + Send + Sync>> = OnceLock::new();

/// Sends log lines of at least this level to stderr, for the whole process. Later calls change nothing.
pub fn to_stderr(level: LevelFilter) {
    if STDERR.get().is_some() {
        return;
    }
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let writer = match HandOff::start(io::stderr()) {
        Ok(lines) => {
            let entrance = Entrance(Arc::clone(&lines));
            // Set twice only by two threads at once, which nobody starts a log from.
            let _ = STDERR.set(lines);
            BoxMakeWriter::new(move || entrance.clone())
        }
        // A process that may have no thread more still has something to say.
        Err(_) => BoxMakeWriter::new(io::stderr),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(colour)
        .with_target(false)
        .with_max_level(LevelFilter::TRACE)
        // They would be printed on stderr, and a print that fails panics.
        .log_internal_errors(false)
        .finish();
    let (threshold, handle) = reload::Layer::new(level);
    // It fails once the subscriber is gone, which never happens.
    let _ = SET_LEVEL.set(Box::new(move |level| drop(handle.reload(level))));
    // A subscriber that is there already, as in tests, stays.
    let _ = tracing::subscriber::set_global_default(subscriber.with(threshold));
}

/// From now on lines of at least this level are logged. Does nothing where nothing is.
pub fn set_level(level: LevelFilter) {
    if let Some(set) = SET_LEVEL.get() {
        set(level);
    }
}

/// For a panic hook: says a line that is no event among those that are. False where nothing is logged, or where its way
/// is blocked, perhaps by the very thread that panics: then it is on the caller.
pub fn say(line: &str) -> bool {
    STDERR.get().is_some_and(|lines| {
        let Some(mut waiting) = lines.try_lock() else { return false };
        waiting.take(&[line.as_bytes(), b"\n"]);
        drop(waiting);
        lines.changed.notify_all();
        true
    })
}

/// Waits until all lines are out, but not for long: nobody may be reading. For the end of a process, and for panic hooks:
/// where the way is blocked it does nothing.
pub fn flush() {
    if let Some(lines) = STDERR.get() {
        lines.flush(FLUSH_DEADLINE);
    }
}

// === impl HandOff ===

impl HandOff {
    fn start(out: impl Write + Send + 'static) -> io::Result<Arc<HandOff>> {
        let lines = Arc::new(HandOff::default());
        let carried = Arc::clone(&lines);
        spawn_thread("log", move || carried.carry(out))?;
        Ok(lines)
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        waiting.take(&[line]);
        drop(waiting);
        self.changed.notify_all();
    }

    /// Writes for ever. A writer that fails loses what it was given.
    fn carry(&self, mut out: impl Write) {
        let mut waiting = self.lock();
        loop {
            let idle = |waiting: &mut Waiting| waiting.is_empty();
            waiting = self.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
            let (bytes, dropped) = (std::mem::take(&mut waiting.bytes), std::mem::take(&mut waiting.dropped));
            waiting.writing = true;
            drop(waiting);
            // Nobody is left to tell when the standard error is gone.
            let _ = out.write_all(&bytes);
            if dropped > 0 {
                let _ = writeln!(out, "{dropped} log lines were dropped: nobody took them");
            }
            let _ = out.flush();
            waiting = self.lock();
            waiting.writing = false;
            self.changed.notify_all();
        }
    }

    /// Whether all is out.
    fn flush(&self, deadline: Duration) -> bool {
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.is_empty();
        let Some(waiting) = self.try_lock() else { return false };
        let waited = self.changed.wait_timeout_while(waiting, deadline, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Others hold the lock for moments only; who still has it after some is the thread that asks, or a stuck one.
    fn try_lock(&self) -> Option<MutexGuard<'_, Waiting>> {
        for _ in 0..TRIES {
            match self.state.try_lock() {
                Ok(waiting) => return Some(waiting),
                Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
        None
    }
}

// === impl Waiting ===

impl Waiting {
    /// One line in parts: whole, or counted as dropped.
    fn take(&mut self, line: &[&[u8]]) {
        let bytes: usize = line.iter().map(|part| part.len()).sum();
        // What cannot be had is done without: a log line is not worth the process.
        if self.bytes.len() + bytes > limits::LOG_WAITING_BYTES_MAX || self.bytes.try_reserve(bytes).is_err() {
            self.dropped += 1;
        } else {
            line.iter().for_each(|part| self.bytes.extend_from_slice(part));
        }
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.dropped == 0
    }
}

// === impl Entrance ===

impl Write for Entrance {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
