//! A span in which signals that end the program wait.
//!
//! Invariant: whatever came meanwhile takes its effect when this goes, and nothing else of the thread is touched. A program with
//! more threads is ended by one of the others: this is for those that have only one.

#![expect(unsafe_code, reason = "only libc sets which signals wait")]

use std::marker::PhantomData;
use std::mem;

/// What a person, a terminal or a supervisor ends a program with.
const ENDING: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// While it is there, this thread is not ended by them.
#[expect(missing_debug_implementations, reason = "a set of signals tells nothing")]
#[must_use = "they wait as long as it is there"]
pub struct Undisturbed {
    before: libc::sigset_t,
    /// It is a thread's own.
    _of_thread: PhantomData<*const ()>,
}

// === impl Undisturbed ===

impl Undisturbed {
    pub fn begin() -> Undisturbed {
        // SAFETY: all zeroes is a set of signals on Linux; the calls fill one and exchange it for this thread's, and both are ours.
        unsafe {
            let (mut ending, mut before): (libc::sigset_t, libc::sigset_t) = (mem::zeroed(), mem::zeroed());
            libc::sigemptyset(&raw mut ending);
            for signal in ENDING {
                libc::sigaddset(&raw mut ending, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const ending, &raw mut before);
            Undisturbed { before, _of_thread: PhantomData }
        }
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        // SAFETY: it is the set that was this thread's before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
