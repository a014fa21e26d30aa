//! Signals that end a worker, and the one that asks for its calls.
//!
//! Invariant: a handler only stores numbers into the page and passes the signal on to whoever had it before. It takes no
//! lock and no memory; what it reads of a stack it has the kernel copy, which says no where there is none.

use std::io;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use super::page::CALLS;
use super::{PAGE, PLACE};

/// Asks the main thread for the calls it is in. Nobody else uses it in a worker.
pub const STACK_SIGNAL: libc::c_int = libc::SIGUSR2;

/// What a program that goes wrong receives.
const DEADLY: [libc::c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// What was to be done about each of them before.
static BEFORE: [OnceLock<libc::sigaction>; DEADLY.len()] = [const { OnceLock::new() }; DEADLY.len()];

/// Takes the signals over.
pub(super) fn listen() -> io::Result<()> {
    for (signal, before) in DEADLY.into_iter().zip(&BEFORE) {
        let was = take_over(signal, on_deadly as *const () as usize)?;
        // Once: the caller sees to that.
        let _ = before.set(was);
    }
    take_over(STACK_SIGNAL, on_asked as *const () as usize)?;
    // SAFETY: a plain function; it is called when the process ends by `exit`.
    if unsafe { libc::atexit(on_exit) } != 0 {
        return Err(io::Error::other("no room for what is done at the end"));
    }
    Ok(())
}

fn take_over(signal: libc::c_int, handler: usize) -> io::Result<libc::sigaction> {
    // SAFETY: all zeroes is a valid sigaction; the handlers below do only what is allowed in one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        // On the stack for signals, where a thread has one: the usual one may be what ran out.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        if libc::sigaction(signal, &raw const action, before.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(before.assume_init())
    }
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
                type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                std::mem::transmute::<usize, Handler>(handler)(signal, info, context);
            }
            handler => std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler)(signal),
        }
    }
}

extern "C" fn on_asked(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(page) = PAGE.get() else { return };
    // SAFETY: the kernel hands every handler of this kind the context of what it interrupted.
    let (at, mut frame) = unsafe { registers(&*context.cast::<libc::ucontext_t>()) };
    let mut calls = [0; CALLS];
    calls[0] = at;
    let mut count = 1;
    while count < CALLS {
        // A frame is the one before it, and where it returns to.
        let Some([next, returns_to]) = copy(frame) else { break };
        if returns_to == 0 {
            break;
        }
        // In the call, not behind it: that may be another function already.
        calls[count] = returns_to - 1;
        count += 1;
        // Stacks grow downwards: whatever does not go up leads nowhere.
        if next <= frame {
            break;
        }
        frame = next;
    }
    page.note_calls(&calls[..count]);
}

/// Where the interrupted code was, and its frame.
#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize) {
    let general = &context.uc_mcontext.gregs;
    let register = |name: libc::c_int| general[usize::try_from(name).unwrap_or(0)] as usize;
    (register(libc::REG_RIP), register(libc::REG_RBP))
}

/// Where the interrupted code was, and its frame.
#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize) {
    (context.uc_mcontext.pc as usize, context.uc_mcontext.regs[29] as usize)
}

/// Where the interrupted code was cannot be told on other processors.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn registers(_context: &libc::ucontext_t) -> (usize, usize) {
    (0, 0)
}

/// Two words of our own memory, if there is such memory.
fn copy(from: usize) -> Option<[usize; 2]> {
    let mut words = [0_usize; 2];
    let bytes = size_of_val(&words);
    let to = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: bytes };
    let from = libc::iovec { iov_base: from as *mut libc::c_void, iov_len: bytes };
    // SAFETY: the kernel copies into `words`, which is as long as said, and refuses what is not mapped.
    let copied = unsafe { libc::process_vm_readv(libc::getpid(), &raw const to, 1, &raw const from, 1, 0) };
    (usize::try_from(copied) == Ok(bytes)).then_some(words)
}
