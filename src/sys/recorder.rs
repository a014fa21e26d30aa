//! The flight recorder: where this process has spent the processor in the last minutes, sampled by SIGPROF all the time.
//!
//! Invariant: it wakes nobody. The timer counts processor time, so a process that does nothing is not interrupted, and
//! samples are put together where they are taken: nothing has to be done later. The handler takes no memory, waits
//! for nothing and never fails; a sample that comes while the ring is read is counted as lost. While a profile is taken,
//! which needs the same signal, it is suspended, and that is told as a gap.
//!
//! pprof takes the profiles that somebody asks for. It holds 18 MB while it runs, which is no matter for ten seconds, and
//! ten times what a worker takes otherwise. This one takes less than one MB, of which an idle process touches a tenth.

#![expect(unsafe_code, reason = "a signal handler shares memory with the thread it interrupts")]

mod ring;

use std::cell::UnsafeCell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::symbols::Names;
use super::{clock, handler, stack};
use crate::base::{Mono, limits};
use crate::model::Profile;
use crate::model::profile::Collector;
use ring::{Found, Ring, ThreadName};

/// Why nothing is told of the past.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrecorded {
    #[error("the flight recorder is off ([profile] recorder = false)")]
    Off,
    #[error("the flight recorder cannot run: {0}")]
    Failed(String),
}

/// Samples go on once it is dropped.
#[derive(Debug)]
#[must_use = "the recorder goes on at once"]
pub struct Suspended(());

/// The ring, and who has it.
struct Shared {
    is_taken: AtomicBool,
    ring: UnsafeCell<Ring>,
    /// Samples that came while it was taken.
    lost: AtomicU64,
}

// SAFETY: the ring is only touched by whoever has set `is_taken`.
unsafe impl Sync for Shared {}

static SHARED: Shared =
    Shared { is_taken: AtomicBool::new(false), ring: UnsafeCell::new(Ring::EMPTY), lost: AtomicU64::new(0) };

/// When it ran.
#[derive(Debug, Default)]
struct Course {
    /// None while it is off.
    begun: Option<Mono>,
    /// How many hold it back, and since when somebody does.
    suspended: usize,
    since: Mono,
    /// Those that are over, the oldest first.
    gaps: Vec<(Mono, Mono)>,
    /// Why it is off although it was begun.
    failed: Option<String>,
}

static COURSE: Mutex<Course> =
    Mutex::new(Course { begun: None, suspended: 0, since: Mono(0), gaps: Vec::new(), failed: None });

/// Begins; a second time changes nothing.
pub fn start() -> io::Result<()> {
    let mut course = course();
    if course.begun.is_none() {
        let runs = if course.suspended == 0 { run() } else { Ok(()) };
        let now = clock::mono();
        (course.begun, course.since) = (Some(now), now);
        course.note(&runs);
        return runs;
    }
    Ok(())
}

/// Holds it back while somebody else needs the signal, whether it runs or not.
pub fn suspend() -> Suspended {
    let mut course = course();
    if course.suspended == 0 {
        course.since = clock::mono();
        if course.begun.is_some() {
            pause();
        }
    }
    course.suspended += 1;
    Suspended(())
}

/// What was found in the last minutes: `last`, and what has passed of the minute in which that began. Finding the names
/// takes a second: never on a thread that somebody waits for.
pub fn recorded(last: Duration) -> Result<Profile, Unrecorded> {
    let now = clock::mono();
    let span = span(last, now);
    let gap = course().gap(span, now)?;
    let first = minute(now).saturating_sub(span.as_nanos() as u64 / limits::RECORDER_MINUTE.as_nanos() as u64);
    let found = look(first);
    let mut profile = named(&found, span);
    profile.gap_ms = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
    Ok(profile)
}

/// How far back it is looked where somebody asks for so much: whole minutes, and the one that has begun.
pub fn span(last: Duration, now: Mono) -> Duration {
    let minute = limits::RECORDER_MINUTE.as_nanos() as u64;
    let since = u64::try_from(last.as_nanos()).map_or(0, |last| now.0.saturating_sub(last));
    Duration::from_nanos(now.0 - since / minute * minute)
}

fn minute(at: Mono) -> u64 {
    at.0 / limits::RECORDER_MINUTE.as_nanos() as u64
}

fn course() -> MutexGuard<'static, Course> {
    COURSE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the ring, looks into it and gives it back.
fn look(first: u64) -> Found {
    // Whoever has it is a handler on another thread, which is done soon, or somebody like us.
    while !SHARED.take() {
        std::thread::yield_now();
    }
    // SAFETY: it is ours until it is given back.
    let mut found = unsafe { (*SHARED.ring.get()).since(first) };
    SHARED.give_back();
    found.left_out += SHARED.lost.swap(0, Ordering::Relaxed);
    found
}

fn named(found: &Found, span: Duration) -> Profile {
    let mut collector = Collector::new(limits::RECORDER_HZ, u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    let mut names = Names::open();
    for way in &found.ways {
        let thread = way.thread.split(|byte| *byte == 0).next().unwrap_or_default();
        names.tell(thread, way.calls.iter().copied(), way.count, &mut collector);
    }
    collector.leave_out(found.left_out);
    collector.finish()
}

/// From now on the signal is ours, and comes.
fn run() -> io::Result<()> {
    handler::take_over(libc::SIGPROF, on_sample)?;
    set_timer(1_000_000 / i64::from(limits::RECORDER_HZ))
}

/// No signal comes any more. One that is still under way is a sample like any other for whoever takes it over, or for us.
fn pause() {
    // There is such a timer, or there would be none to stop.
    let _ = set_timer(0);
}

fn set_timer(micros: i64) -> io::Result<()> {
    let span = libc::timeval { tv_sec: 0, tv_usec: micros };
    let timer = libc::itimerval { it_interval: span, it_value: span };
    // SAFETY: the record lives as long as the call, which reads it.
    match unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

extern "C" fn on_sample(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    handler::keeping_errno(|| {
        if !SHARED.take() {
            SHARED.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut calls = [0; limits::RECORDER_DEPTH_MAX];
        // SAFETY: the kernel hands every handler of this kind the context of what it interrupted.
        let count = unsafe { stack::returns(context, &mut calls) };
        let mut name: ThreadName = [0; 16];
        // SAFETY: the kernel writes 16 bytes there.
        unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
        // SAFETY: the ring is ours until it is given back.
        unsafe { (*SHARED.ring.get()).add(minute(coarse_now()), &name, &calls[..count]) };
        SHARED.give_back();
    });
}

/// As of the last tick, which is what brought us here.
fn coarse_now() -> Mono {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the record lives as long as the call, which fills it. It is allowed in a handler.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    Mono(part(now.tv_sec) * 1_000_000_000 + part(now.tv_nsec))
}

// === impl Shared ===

impl Shared {
    fn take(&self) -> bool {
        self.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn give_back(&self) {
        self.is_taken.store(false, Ordering::Release);
    }
}

// === impl Course ===

impl Course {
    /// How much of the span before now it did not run.
    fn gap(&self, span: Duration, now: Mono) -> Result<Duration, Unrecorded> {
        let off = || self.failed.clone().map_or(Unrecorded::Off, Unrecorded::Failed);
        let begun = self.begun.ok_or_else(off)?;
        let first = Mono(now.0.saturating_sub(span.as_nanos() as u64));
        let own = (self.suspended > 0).then_some((self.since, now));
        let before = (first, begun);
        let within = |(from, to): (Mono, Mono)| to.min(now).since(from.max(first));
        Ok(self.gaps.iter().copied().chain(own).chain([before]).map(within).sum())
    }

    /// Where it does not run it is off, and says why.
    fn note(&mut self, runs: &io::Result<()>) {
        self.failed = runs.as_ref().err().map(ToString::to_string);
        if self.failed.is_some() {
            self.begun = None;
        }
    }

    /// One more that ended now. Those that nobody can ask for go. Where they are many still, the two with the least between
    /// them become one, with what was recorded there.
    fn note_gap(&mut self, now: Mono) {
        let reach = limits::RECORDER_MINUTE * u32::try_from(limits::RECORDER_MINUTES).unwrap_or(u32::MAX);
        self.gaps.retain(|(_, to)| now.since(*to) <= reach);
        self.gaps.push((self.since, now));
        if self.gaps.len() > limits::RECORDER_GAPS_MAX {
            let between = |at: &usize| self.gaps[at + 1].0.since(self.gaps[*at].1);
            let closest = (0..self.gaps.len() - 1).min_by_key(between).unwrap_or(0);
            let (_, to) = self.gaps.remove(closest + 1);
            self.gaps[closest].1 = to;
        }
    }
}

// === impl Suspended ===

impl Drop for Suspended {
    fn drop(&mut self) {
        let mut course = course();
        course.suspended -= 1;
        if course.suspended == 0 && course.begun.is_some() {
            course.note_gap(clock::mono());
            course.note(&run());
        }
    }
}

#[cfg(test)]
pub mod tests;
