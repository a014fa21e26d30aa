//! What the threads of this process and of its workers are in, asked for one by one.
//!
//! Invariant: a thread is asked by a signal whose handler only stores numbers, and is waited for no longer than the caller
//! says: one that is held up in the kernel does not answer. Nobody is signalled but threads of our own, and of a child that
//! has said that it listens.

#![expect(unsafe_code, reason = "a signal goes to one thread, and its handler stores what it finds")]

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::Pid;

use super::marker::{self, MarkerFile};
use super::{clock, handler, host, keeper, stack};

/// A thread as the kernel tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub id: u32,
    pub name: String,
    /// In words, such as `sleeping`.
    pub state: &'static str,
    /// What it waits for in the kernel; none where that is not told.
    pub waits_in: Option<String>,
}

/// Calls that are noted, the innermost first.
const CALLS: usize = 64;
/// Between two looks for an answer.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// What a thread of this process has answered.
struct Answer {
    /// Somebody writes here.
    is_taken: AtomicBool,
    /// Who; 0 while nobody has.
    thread: AtomicUsize,
    count: AtomicUsize,
    calls: [AtomicUsize; CALLS],
}

static ANSWER: Answer = Answer {
    is_taken: AtomicBool::new(false),
    thread: AtomicUsize::new(0),
    count: AtomicUsize::new(0),
    calls: [const { AtomicUsize::new(0) }; CALLS],
};

/// Held by whoever asks.
static ASKING: Mutex<()> = Mutex::new(());

/// The threads of a process, the first ones first and no more than `most`, and how many it has; none where it is gone or not
/// told of.
pub fn threads(pid: u32, most: usize) -> (Vec<Thread>, usize) {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut ids: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    let count = ids.len();
    (ids.into_iter().take(most).filter_map(|id| thread(pid, id)).collect(), count)
}

fn thread(pid: u32, id: u32) -> Option<Thread> {
    let read = |what: &str| fs::read_to_string(format!("/proc/{pid}/task/{id}/{what}")).ok();
    let stat = read("stat")?;
    let name = read("comm")?.trim_end().chars().map(|char| if char.is_control() { '?' } else { char }).collect();
    let waits_in = read("wchan").filter(|wchan| !wchan.is_empty() && wchan != "0");
    Some(Thread { id, name, state: word(state(&stat)?), waits_in })
}

/// The name stands in brackets, and may hold brackets.
fn state(stat: &str) -> Option<char> {
    stat.get(stat.rfind(')')? + 1..)?.trim_start().chars().next()
}

fn word(state: char) -> &'static str {
    match state {
        'R' => "running",
        'S' => "sleeping",
        'D' => "held up in the kernel",
        'T' => "stopped",
        't' => "stopped by a debugger",
        'I' => "idle",
        'Z' | 'X' => "dead",
        _ => "in a state of its own",
    }
}

/// The thread that calls this.
pub fn current() -> u32 {
    u32::try_from(rustix::thread::gettid().as_raw_nonzero().get()).unwrap_or(0)
}

/// The calls of another thread of this process, as `marker::Remains::calls` has them; none where it did not answer.
pub fn of_own(thread: u32, patience: Duration) -> Option<Vec<i64>> {
    let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let signal = signal()?;
    ANSWER.thread.store(0, Ordering::Release);
    // SAFETY: a system call with plain numbers. A thread that is none of this process is refused.
    if unsafe { libc::syscall(libc::SYS_tgkill, host::pid(), thread, signal) } != 0 {
        return None;
    }
    wait(patience, || {
        let is_there = || ANSWER.thread.load(Ordering::Acquire) == thread as usize;
        if !is_there() || !ANSWER.take() {
            return None;
        }
        // One that was asked before may have answered in between.
        let calls = is_there().then(|| ANSWER.calls());
        ANSWER.give_back();
        calls
    })
}

/// The same of a worker, our own child, that has this page.
pub fn of_worker(pid: u32, thread: u32, page: &MarkerFile, patience: Duration) -> Option<Vec<i64>> {
    let before = page.read().ok()?;
    // One that has not said which thread does the work does not listen yet, and one that is no child of ours is somebody else.
    if before.thread == 0 || parent(pid) != Some(host::pid()) || marker::ask(pid, thread).is_err() {
        return None;
    }
    wait(patience, || {
        let now = page.read().ok().filter(|now| now.asked != before.asked && now.calls_of == thread)?;
        // One that was asked before may have written over it while it was read.
        page.read().is_ok_and(|again| again == now).then_some(now.calls)
    })
}

fn parent(pid: u32) -> Option<u32> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    keeper::stat(pid).ok().and_then(|(parent, _)| u32::try_from(parent).ok())
}

fn wait<T>(patience: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    let deadline = clock::mono() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if clock::mono() >= deadline {
            return None;
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Nobody else uses it here; from now on it is answered. None where it cannot be.
fn signal() -> Option<libc::c_int> {
    static LISTENS: OnceLock<Option<libc::c_int>> = OnceLock::new();
    *LISTENS.get_or_init(|| {
        let signal = libc::SIGRTMIN() + 3;
        handler::take_over(signal, on_asked).ok().map(|_| signal)
    })
}

extern "C" fn on_asked(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    handler::keeping_errno(|| {
        // One that comes so late that another one answers meanwhile is not waited for any more.
        if !ANSWER.take() {
            return;
        }
        let mut calls = [0; CALLS];
        // SAFETY: the kernel hands every handler of this kind the context of what it interrupted.
        let count = unsafe { stack::calls(context, &mut calls) };
        for (into, call) in ANSWER.calls.iter().zip(&calls[..count]) {
            into.store(*call, Ordering::Relaxed);
        }
        ANSWER.count.store(count, Ordering::Relaxed);
        // SAFETY: a system call without arguments.
        let own = unsafe { libc::gettid() };
        ANSWER.thread.store(usize::try_from(own).unwrap_or(0), Ordering::Release);
        ANSWER.give_back();
    });
}

// === impl Answer ===

impl Answer {
    /// For whoever has taken it.
    fn calls(&self) -> Vec<i64> {
        let count = self.count.load(Ordering::Relaxed).min(CALLS);
        let from_here = |call: &AtomicUsize| call.load(Ordering::Relaxed).wrapping_sub(marker::here()) as i64;
        self.calls[..count].iter().map(from_here).collect()
    }

    fn take(&self) -> bool {
        self.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn give_back(&self) {
        self.is_taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;
    use crate::sys::symbols::Names;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[inline(never)]
    fn waits_to_be_told(told: &Receiver<()>) -> bool {
        std::hint::black_box(told.recv()).is_err()
    }

    #[test]
    fn a_thread_that_waits_is_found_with_what_it_waits_in() {
        let (keep, told) = mpsc::channel();
        let (tell, id) = mpsc::channel();
        let waiting = std::thread::Builder::new().name("waits-for-me".to_owned()).spawn(move || {
            tell.send(current()).unwrap();
            waits_to_be_told(&told)
        });
        let id = id.recv().unwrap();
        let deadline = clock::mono() + PATIENCE;
        loop {
            let (rows, _) = threads(host::pid(), usize::MAX);
            let row = rows.iter().find(|row| row.id == id).unwrap();
            assert_eq!(row.name, "waits-for-me");
            let names = Names::open().lines(&of_own(id, PATIENCE).unwrap(), usize::MAX);
            if row.state == "sleeping" && names.iter().any(|name| name.contains("waits_to_be_told")) {
                break;
            }
            assert!(clock::mono() < deadline, "{row:?}: {names:#?}");
        }
        let (rows, count) = threads(host::pid(), 1);
        assert!(rows.len() == 1 && count >= 2, "{} of {count}", rows.len());
        assert!(handler::tests::is_alone(signal().unwrap()), "handlers are interrupted by others");
        drop(keep);
        assert!(waiting.unwrap().join().unwrap());
        assert_eq!(of_own(id, PATIENCE), None, "it is gone");
        assert_eq!(of_own(u32::MAX, PATIENCE), None);
    }

    #[test]
    fn one_that_does_not_answer_is_not_waited_for() {
        let (keep, told) = mpsc::channel::<()>();
        let (tell, id) = mpsc::channel();
        let deaf = std::thread::Builder::new().spawn(move || {
            let signal = signal().unwrap();
            // SAFETY: all zeroes is a set of signals; the calls fill it and block it for this thread alone.
            unsafe {
                let mut set: libc::sigset_t = std::mem::zeroed();
                libc::sigaddset(&raw mut set, signal);
                libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            }
            tell.send(current()).unwrap();
            told.recv().is_err()
        });
        let id = id.recv().unwrap();
        assert_eq!(of_own(id, Duration::from_millis(20)), None);
        drop(keep);
        assert!(deaf.unwrap().join().unwrap());
    }

    #[test]
    fn nobody_but_a_child_that_listens_is_signalled() {
        let page = MarkerFile::new().unwrap();
        let a_moment = Duration::from_millis(50);
        // A child that has not said that it listens: the signal would end it.
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert_eq!(parent(child.id()), Some(host::pid()));
        assert_eq!(of_worker(child.id(), child.id(), &page, a_moment), None);
        assert!(child.try_wait().unwrap().is_none(), "it was signalled");
        child.kill().unwrap();
        child.wait().unwrap();
        // One that listens and is no child of ours: the signal would end this test.
        page.listens(current());
        assert_eq!(of_worker(host::pid(), current(), &page, a_moment), None);
        assert_eq!(state("7 (a) R) S 1 7"), Some('S'));
        for strange in ["", ")", "7 (a"] {
            assert_eq!(state(strange), None);
        }
    }
}
