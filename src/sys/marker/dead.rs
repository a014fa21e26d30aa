//! Signals that end a worker, and the one that asks for its calls.
//!
//! Invariant: a handler only stores numbers into the page and passes the signal on to whoever had it before. It takes no
//! lock and no memory; what it reads of a stack it has the kernel copy, which says no where there is none.

use std::io;
use std::sync::OnceLock;

use super::page::CALLS;
use super::{PAGE, PLACE};
use crate::sys::{handler, stack};

/// Asks a thread for the calls it is in. Nobody else uses it in a worker.
pub const STACK_SIGNAL: libc::c_int = libc::SIGUSR2;

/// What a program that goes wrong receives.
const DEADLY: [libc::c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// What was to be done about each of them before.
static BEFORE: [OnceLock<libc::sigaction>; DEADLY.len()] = [const { OnceLock::new() }; DEADLY.len()];

/// Takes the signals over.
pub(super) fn listen() -> io::Result<()> {
    for (signal, before) in DEADLY.into_iter().zip(&BEFORE) {
        let was = handler::take_over(signal, on_deadly)?;
        // Once: the caller sees to that.
        let _ = before.set(was);
    }
    handler::take_over(STACK_SIGNAL, on_asked)?;
    // SAFETY: a plain function; it is called when the process ends by `exit`.
    if unsafe { libc::atexit(on_exit) } != 0 {
        return Err(io::Error::other("no room for what is done at the end"));
    }
    Ok(())
}

/// Notes that this thread is to blame for the end that comes.
pub(super) fn blame(signal: u8) {
    if let (Some(place), Some(page)) = (PLACE.get(), PAGE.get()) {
        page.blame(place, signal);
    }
}

extern "C" fn on_exit() {
    blame(0);
}

extern "C" fn on_deadly(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    blame(u8::try_from(signal).unwrap_or(0));
    let before = DEADLY.iter().position(|deadly| *deadly == signal).and_then(|at| BEFORE[at].get());
    let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
    let wants_info = before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0);
    // SAFETY: the handler that was installed before, called the way it asked for; or else the kernel's own, which takes
    // effect when this returns: the instruction that failed is tried again, and an abort raises its signal once more.
    unsafe {
        match handler {
            libc::SIG_DFL | libc::SIG_IGN => {
                libc::signal(signal, libc::SIG_DFL);
                if (*info).si_code <= 0 {
                    libc::raise(signal);
                }
            }
            handler if wants_info => {
                std::mem::transmute::<usize, handler::Handler>(handler)(signal, info, context);
            }
            handler => std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler)(signal),
        }
    }
}

extern "C" fn on_asked(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(page) = PAGE.get() else { return };
    handler::keeping_errno(|| {
        let mut calls = [0; CALLS];
        // SAFETY: the kernel hands every handler of this kind the context of what it interrupted.
        let count = unsafe { stack::calls(context, &mut calls) };
        // SAFETY: a system call without arguments.
        let own = unsafe { libc::gettid() };
        page.note_calls(usize::try_from(own).unwrap_or(0), &calls[..count]);
    });
}
