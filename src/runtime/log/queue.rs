//! Messages on their way to one destination, and the thread that gets them there.
//!
//! Invariant: putting one in waits for nobody but others who put one in, and allocates nothing. At most
//! `limits::LOG_WAITING_BYTES_MAX` wait; each message either gets there or is counted, also where a destination panics.
//! Trouble is told at the other destinations, whatever the level, and not oftener than once in a while, so that a
//! destination that fails now and then feeds no talk of itself.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use tracing::Level;

use super::record::{Draft, Kind, Record, name};
use super::said::Said;
use super::{Losses, To};
use crate::base::{Mono, limits};
use crate::runtime::context::Context;
use crate::runtime::fault;
use crate::runtime::task::spawn_thread;
use crate::sys::clock;

/// Takes one message after the other; may wait for as long as it likes.
pub trait Destination: Send {
    /// # Errors
    /// When the message did not get there. The next one may.
    fn put(&mut self, record: &Record<'_>) -> io::Result<()>;
}

/// What waits for one destination.
#[derive(Debug)]
pub struct Queue {
    to: To,
    state: Mutex<Waiting>,
    changed: Condvar,
    dropped: AtomicU64,
    errors: AtomicU64,
    /// Where trouble with this one is told.
    others: OnceLock<Vec<Arc<Queue>>>,
}

#[derive(Debug)]
struct Waiting {
    /// Whole messages. It has its room from the beginning and keeps it.
    bytes: Vec<u8>,
    dropped: u64,
    /// The thread has something in its hands.
    writing: bool,
}

/// What the thread has taken.
#[derive(Debug)]
struct Hand {
    /// Whole messages, in the buffer that is swapped with the one that others fill.
    bytes: Vec<u8>,
    /// So many bytes were delivered or lost.
    done: usize,
    /// That were dropped while these waited.
    dropped: u64,
    trouble: Trouble,
}

/// What went wrong with a destination.
#[derive(Debug, Default)]
struct Trouble {
    /// One message is being delivered.
    is_at_work: bool,
    /// Messages that are missing there, which it was not told yet.
    unnoted: u64,
    /// Messages that were lost since it last took one.
    lost: u64,
    /// The others were told of it.
    is_told: bool,
    told_at: Option<Mono>,
}

/// Turns that others get to let go of the lock before a panic hook goes on without, and the time that these may take.
const TRIES: u32 = 10_000;
const TRY_FOR: Duration = Duration::from_millis(2);
/// A destination that panics is left alone for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// Trouble with a destination is told at most so often.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(60);

// === impl Queue ===

impl Queue {
    /// Has a thread carry to what is made, and made anew should it panic.
    pub fn start(to: To, make: impl Fn() -> Box<dyn Destination> + Send + 'static) -> io::Result<Arc<Queue>> {
        let queue = Arc::new(Queue {
            to,
            state: Mutex::new(Waiting { bytes: buffer()?, dropped: 0, writing: false }),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            others: OnceLock::new(),
        });
        let mut hand = Hand { bytes: buffer()?, done: 0, dropped: 0, trouble: Trouble::default() };
        let carried = Arc::clone(&queue);
        spawn_thread(to.thread(), move || {
            let mut told_at = None;
            loop {
                // Ends by a panic only. What it says goes the same way and may be what it panics at: so not each is told.
                let carry = || carried.carry(&mut *make(), &mut hand);
                let _ = fault::contain_seldom(Context::message("log"), carry, || is_time(&mut told_at));
                if std::mem::take(&mut hand.trouble.is_at_work) {
                    carried.errors.fetch_add(1, Ordering::Relaxed);
                    carried.lose(&mut hand.trouble);
                }
                drop(carried.changed.wait_timeout_while(carried.lock(), PAUSE, |_| true));
            }
        })?;
        Ok(queue)
    }

    /// From now on trouble with it is told at the others of these.
    pub fn stand_beside(&self, all: &[Arc<Queue>]) {
        // Said once.
        let _ = self.others.set(all.iter().filter(|other| other.to != self.to).cloned().collect());
    }

    pub fn to(&self) -> To {
        self.to
    }

    pub fn losses(&self) -> Losses {
        Losses { dropped: self.dropped.load(Ordering::Relaxed), errors: self.errors.load(Ordering::Relaxed) }
    }

    /// One whole message.
    pub fn push(&self, record: &[u8]) {
        let taken = self.lock().take(&[record]);
        self.note(taken);
    }

    /// A line that is no event; false where it is dropped or the way is blocked.
    pub fn say(&self, line: &str) -> bool {
        let Some(mut waiting) = self.try_lock(TRY_FOR) else { return false };
        let is_taken = waiting.take(&Said::new(clock::wall(), line).pieces());
        drop(waiting);
        self.note(is_taken);
        is_taken
    }

    /// Whether all is out.
    pub fn flush(&self, deadline: Duration) -> bool {
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.is_empty();
        let begun = clock::mono();
        let Some(waiting) = self.try_lock(deadline) else { return false };
        let left = deadline.saturating_sub(clock::mono().since(begun));
        let waited = self.changed.wait_timeout_while(waiting, left, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn note(&self, is_taken: bool) {
        if !is_taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    /// Carries for ever, first what is in the hand.
    fn carry(&self, destination: &mut dyn Destination, hand: &mut Hand) {
        loop {
            let Hand { bytes, done, dropped, trouble } = hand;
            while let Some((record, rest)) = Record::first(bytes.get(*done..).unwrap_or_default()) {
                *done = bytes.len() - rest.len();
                self.deliver(destination, &record, trouble);
            }
            let missing = std::mem::take(dropped);
            if missing > 0 {
                // Told with what is missing later on, unless it can be told now.
                trouble.unnoted += missing;
                match put_note(destination, missing, "log messages were dropped: nobody took them") {
                    Ok(()) => trouble.unnoted -= missing,
                    Err(error) => self.complain(trouble, &error),
                }
            }
            bytes.clear();
            *done = 0;
            let mut waiting = self.lock();
            waiting.writing = false;
            self.changed.notify_all();
            let idle = |waiting: &mut Waiting| waiting.is_empty();
            waiting = self.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut waiting.bytes, bytes);
            *dropped = std::mem::take(&mut waiting.dropped);
            waiting.writing = true;
        }
    }

    fn deliver(&self, destination: &mut dyn Destination, record: &Record<'_>, trouble: &mut Trouble) {
        trouble.is_at_work = true;
        let mut put = Ok(());
        if trouble.unnoted > 0 {
            put = put_note(destination, trouble.unnoted, "log messages are missing here: they could not be written");
            if put.is_ok() {
                trouble.unnoted = 0;
            }
        }
        let put = put.and_then(|()| destination.put(record));
        trouble.is_at_work = false;
        match put {
            Ok(()) => {
                let lost = std::mem::take(&mut trouble.lost);
                if std::mem::take(&mut trouble.is_told) {
                    self.tell(Level::INFO, "the log gets there again", Kind::Plain, "lost", &lost);
                }
            }
            Err(error) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                self.lose(trouble);
                self.complain(trouble, &error);
            }
        }
    }

    fn lose(&self, trouble: &mut Trouble) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        trouble.unnoted += 1;
        trouble.lost += 1;
    }

    fn complain(&self, trouble: &mut Trouble, error: &io::Error) {
        if !trouble.is_told && is_time(&mut trouble.told_at) {
            trouble.is_told = true;
            let words = "the log does not get there; its messages are lost until it does";
            self.tell(Level::WARN, words, Kind::Shown, "error", error);
        }
    }

    /// At the other destinations, past the level: whoever wants errors alone wants to know that they are lost.
    fn tell(&self, level: Level, words: &str, kind: Kind, key: &str, value: &dyn fmt::Display) {
        let mut note = Draft::new(clock::wall(), level, 0);
        note.add(Kind::Shown, name::MESSAGE, format_args!("{words}"));
        note.add(Kind::Text, "to", format_args!("{}", self.to.word()));
        note.add(kind, key, format_args!("{value}"));
        note.add_around(module_path!(), None, None);
        let note = note.finish();
        self.others.get().into_iter().flatten().for_each(|other| other.push(&note));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Others hold the lock for moments only; who still has it after some is the thread that asks, or a stuck one.
    fn try_lock(&self, span: Duration) -> Option<MutexGuard<'_, Waiting>> {
        let begun = clock::mono();
        for _ in 0..TRIES {
            match self.state.try_lock() {
                Ok(waiting) => return Some(waiting),
                Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
                Err(TryLockError::WouldBlock) if clock::mono().since(begun) >= span => return None,
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
        None
    }
}

/// Whether something may be told again; then it was told just now.
fn is_time(told_at: &mut Option<Mono>) -> bool {
    let now = clock::mono();
    let is_time = told_at.is_none_or(|at| now.since(at) >= TELL_AGAIN_AFTER);
    if is_time {
        *told_at = Some(now);
    }
    is_time
}

/// Tells a destination how many are missing there. No message itself: it is not counted.
fn put_note(destination: &mut dyn Destination, count: u64, words: &str) -> io::Result<()> {
    let mut note = Draft::new(clock::wall(), Level::WARN, 0);
    note.add(Kind::Shown, name::MESSAGE, format_args!("{count} {words}"));
    note.add(Kind::Plain, "dropped", format_args!("{count}"));
    note.record().map_or(Ok(()), |note| destination.put(&note))
}

/// With room for all that may wait.
fn buffer() -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(limits::LOG_WAITING_BYTES_MAX).map_err(|_| io::ErrorKind::OutOfMemory)?;
    Ok(buffer)
}

// === impl Waiting ===

impl Waiting {
    /// One message in parts, whole; false where it is dropped.
    fn take(&mut self, parts: &[&[u8]]) -> bool {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        // The room is there: nothing is allocated.
        if self.bytes.len() + bytes > limits::LOG_WAITING_BYTES_MAX {
            self.dropped += 1;
            return false;
        }
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        true
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.dropped == 0
    }
}

#[cfg(test)]
mod tests;
