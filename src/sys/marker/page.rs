//! How the page is laid out, written and read.
//!
//! Invariant: every word is written whole, by one thread at a time; a reader takes nothing for granted.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Threads that do steps at once: the one that does the work, and one for each source that is asked. The others do theirs unnoted.
const PLACES: usize = 96;
/// Of the name of a board or source; longer ones are compared by that much.
const NAME_BYTES: usize = 64;
/// Calls of a stack that are noted, the innermost first.
pub(super) const CALLS: usize = 64;
/// A worker that gets no memory and cannot do without ends at once; one that lives on for longer could.
const REFUSED_BEFORE_END_MAX: Duration = Duration::from_secs(1);
/// Of the whole page.
pub(super) const BYTES: usize = size_of::<Page>();

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Drawing a panel: the board's name and the panel's index.
    Panel,
    /// What a source does: its name.
    Source,
}

/// One step as it is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// 0 for none.
    kind: u8,
    length: u8,
    part: u16,
    frame: u64,
    trace: u64,
    name: [u8; NAME_BYTES],
}

/// What was found of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// What the thread to blame did, or else the one that does the work.
    pub step: Option<Found>,
    /// Whether a thread is to blame, rather than somebody from outside.
    pub is_blamed: bool,
    /// The signal that thread received; 0 for none.
    pub signal: u8,
    /// The thread that does the work; 0 before there is one.
    pub thread: u32,
    /// Of the memory that was asked for last and could not be had, right before the end; 0 for none.
    pub refused_bytes: u64,
    /// How often it was asked where it was.
    pub asked: usize,
    /// The thread that was asked last.
    pub calls_of: u32,
    /// Where that thread was then, innermost first: addresses from [`here`] on, which may be negative.
    pub calls: Vec<i64>,
}

/// A step that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    pub trace: u64,
    /// Of the board or source.
    pub name: String,
    pub part: u16,
    /// Of a panel: the number of the frame that it was drawn for.
    pub frame: u64,
}

/// One step in memory, word by word.
#[repr(C)]
pub(super) struct Slot {
    /// Kind, length and part; written last, and cleared first.
    head: AtomicU64,
    trace: AtomicU64,
    frame: AtomicU64,
    name: [AtomicU64; NAME_BYTES / 8],
}

/// The page.
#[repr(C)]
pub(super) struct Page {
    /// The place to blame and one more; 0 while nobody is.
    blamed: AtomicUsize,
    signal: AtomicU8,
    /// The thread that has the first place.
    thread: AtomicUsize,
    /// Of memory that could not be had, the last time.
    refused_bytes: AtomicUsize,
    /// When that was, and when somebody was to blame.
    refused_at: AtomicU64,
    blamed_at: AtomicU64,
    /// Where [`here`] lies in the process that writes.
    anchor: AtomicUsize,
    /// Calls are being noted.
    calls_taken: AtomicU8,
    /// Of which thread they are.
    calls_of: AtomicUsize,
    /// How often calls were noted.
    calls_times: AtomicUsize,
    /// How many calls stand below.
    calls_count: AtomicUsize,
    calls: [AtomicUsize; CALLS],
    /// Which places are taken.
    taken: [AtomicU8; PLACES],
    slots: [Slot; PLACES],
}

/// An address that both sides know, whatever the kernel put the program at.
#[inline(never)]
pub fn here() -> usize {
    here as *const () as usize
}

/// In nanoseconds of the kernel's monotonic clock, which an allocator and a signal handler may read.
fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let whole = u64::try_from(now.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000);
    whole.saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

/// Maps the file for as long as the process lives.
pub(super) fn map(file: BorrowedFd<'_>) -> io::Result<&'static Page> {
    let (read_write, shared) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: a new mapping at a place the kernel chooses; the file has this size and cannot shrink.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), BYTES, read_write, shared, file.as_raw_fd(), 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is never taken away, is aligned to a page and as large as `Page`, which is valid for any
    // bytes and only ever changed through atomics.
    Ok(unsafe { &*at.cast::<Page>() })
}

/// Understands the bytes of a page.
pub(super) fn read(bytes: &[u8; BYTES]) -> Remains {
    // SAFETY: any bytes are a page; the copy is aligned as it has to be.
    let page: Box<Page> = Box::new(unsafe { std::ptr::read_unaligned(bytes.as_ptr().cast::<Page>()) });
    let blamed = page.blamed.load(Ordering::Relaxed).checked_sub(1).filter(|place| *place < PLACES);
    let anchor = page.anchor.load(Ordering::Relaxed);
    let count = page.calls_count.load(Ordering::Relaxed).min(CALLS);
    let since_refused = page.blamed_at.load(Ordering::Relaxed).checked_sub(page.refused_at.load(Ordering::Relaxed));
    // Whatever survived that for longer has got over it.
    let is_fresh = since_refused.is_some_and(|nanos| Duration::from_nanos(nanos) < REFUSED_BEFORE_END_MAX);
    let refused_bytes = if is_fresh { page.refused_bytes.load(Ordering::Relaxed) as u64 } else { 0 };
    let from_here = |call: &AtomicUsize| call.load(Ordering::Relaxed).wrapping_sub(anchor) as i64;
    Remains {
        step: page.step(blamed.unwrap_or(0)).found(),
        is_blamed: blamed.is_some(),
        signal: page.signal.load(Ordering::Relaxed),
        thread: u32::try_from(page.thread.load(Ordering::Relaxed)).unwrap_or(0),
        refused_bytes,
        asked: page.calls_times.load(Ordering::Relaxed),
        calls_of: u32::try_from(page.calls_of.load(Ordering::Relaxed)).unwrap_or(0),
        calls: page.calls[..count].iter().map(from_here).collect(),
    }
}

// === impl Page ===

impl Page {
    /// Begins to be of use: `thread` does the work.
    pub(super) fn begin(&self, thread: usize) {
        self.anchor.store(here(), Ordering::Release);
        self.thread.store(thread, Ordering::Release);
    }

    pub(super) fn take_place(&self) -> Option<usize> {
        let free = |taken: &AtomicU8| taken.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        self.taken.iter().position(free)
    }

    pub(super) fn give_back(&self, place: usize) {
        self.note(place, &Step::none());
        self.taken[place].store(0, Ordering::Release);
    }

    pub(super) fn note(&self, place: usize, step: &Step) {
        let slot = &self.slots[place];
        slot.head.store(0, Ordering::Release);
        if step.kind == 0 {
            return;
        }
        slot.trace.store(step.trace, Ordering::Release);
        slot.frame.store(step.frame, Ordering::Release);
        for (word, bytes) in slot.name.iter().zip(step.name.chunks_exact(8)) {
            word.store(u64::from_le_bytes(bytes.try_into().unwrap_or_default()), Ordering::Release);
        }
        let head = u64::from(step.kind) | u64::from(step.length) << 8 | u64::from(step.part) << 16;
        slot.head.store(head, Ordering::Release);
    }

    pub(super) fn step(&self, place: usize) -> Step {
        let slot = &self.slots[place];
        let head = slot.head.load(Ordering::Acquire);
        let mut step = Step::none();
        if head == 0 {
            return step;
        }
        (step.kind, step.length, step.part) = (head as u8, (head >> 8) as u8, (head >> 16) as u16);
        step.trace = slot.trace.load(Ordering::Acquire);
        step.frame = slot.frame.load(Ordering::Acquire);
        for (word, bytes) in slot.name.iter().zip(step.name.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Acquire).to_le_bytes());
        }
        step
    }

    /// Only the first one is to blame.
    pub(super) fn blame(&self, place: usize, signal: u8) {
        if self.blamed.compare_exchange(0, place + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.blamed_at.store(now(), Ordering::Release);
            self.signal.store(signal, Ordering::Release);
        }
    }

    pub(super) fn note_refused(&self, bytes: usize) {
        self.refused_at.store(now(), Ordering::Release);
        self.refused_bytes.store(bytes, Ordering::Release);
    }

    /// Notes the calls a thread is in, the innermost first; not where another one is about to do so.
    pub(super) fn note_calls(&self, thread: usize, calls: &[usize]) {
        if self.calls_taken.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return;
        }
        for (into, call) in self.calls.iter().zip(calls) {
            into.store(*call, Ordering::Release);
        }
        self.calls_count.store(calls.len().min(CALLS), Ordering::Release);
        self.calls_of.store(thread, Ordering::Release);
        self.calls_times.fetch_add(1, Ordering::Release);
        self.calls_taken.store(0, Ordering::Release);
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page")
    }
}

// === impl Step ===

impl Step {
    pub(super) fn none() -> Step {
        Step { kind: 0, length: 0, part: 0, frame: 0, trace: 0, name: [0; NAME_BYTES] }
    }

    pub(super) fn new(kind: Kind, trace: u64, name: &str, (part, frame): (u16, u64)) -> Step {
        let length = name.floor_char_boundary(NAME_BYTES);
        let mut step = Step { kind: kind.number(), length: length as u8, part, frame, trace, ..Step::none() };
        step.name[..length].copy_from_slice(&name.as_bytes()[..length]);
        step
    }

    pub(super) fn found(&self) -> Option<Found> {
        let kind = [Kind::Panel, Kind::Source].into_iter().find(|kind| kind.number() == self.kind)?;
        let name = self.name.get(..usize::from(self.length))?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        Some(Found { kind, trace: self.trace, name, part: self.part, frame: self.frame })
    }
}

// === impl Kind ===

impl Kind {
    fn number(self) -> u8 {
        match self {
            Kind::Panel => 1,
            Kind::Source => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::marker::MarkerFile;

    #[test]
    fn memory_that_was_refused_counts_only_right_before_the_end() {
        for (ago, expected) in [(0, 4096), (900_000_000, 4096), (1_000_000_001, 0), (7 * 86_400_000_000_000, 0)] {
            let file = MarkerFile::new().unwrap();
            let page = map(file.as_fd()).unwrap();
            page.note_refused(4096);
            assert_eq!(file.read().unwrap().refused_bytes, 0, "nothing has ended");
            page.blame(0, 6);
            // This machine may be up for less than that.
            page.blamed_at.store(page.refused_at.load(Ordering::Relaxed) + ago, Ordering::Relaxed);
            assert_eq!(file.read().unwrap().refused_bytes, expected, "{ago}");
        }
    }
}
