//! How handlers of signals are installed, and what each of them has to leave as it was.
//!
//! Invariant: no handler of ours is interrupted by another one: they share a signal stack of a few kilobytes, on which one
//! has room. What it interrupted finds its `errno` again.

#![expect(unsafe_code, reason = "handlers are installed through libc")]

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;

/// What is called: the signal, what the kernel tells of it, and the context of what it interrupted.
pub(super) type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut c_void);

/// From now on the signal is this handler's; whose it was is told. The handler does only what is allowed in one.
pub(super) fn take_over(signal: libc::c_int, handler: Handler) -> io::Result<libc::sigaction> {
    // SAFETY: all zeroes is a valid sigaction, whose set the call fills; both records live as long as the calls.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        // On the stack for signals, where a thread has one: the usual one may be what ran out.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigfillset(&raw mut action.sa_mask);
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        if libc::sigaction(signal, &raw const action, before.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(before.assume_init())
    }
}

/// Does that and leaves `errno` as it was.
pub(super) fn keeping_errno(act: impl FnOnce()) {
    // SAFETY: the C library keeps it for each thread.
    let before = unsafe { *libc::__errno_location() };
    act();
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = before };
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Whether the handler of this signal lets no other one in.
    pub fn is_alone(signal: libc::c_int) -> bool {
        // SAFETY: the records live as long as the calls, which fill or read them.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            assert_eq!(libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()), 0);
            let action = action.assume_init();
            let others = [libc::SIGPROF, libc::SIGUSR2, libc::SIGSEGV, libc::SIGABRT, libc::SIGRTMIN() + 3];
            others.into_iter().all(|other| libc::sigismember(&raw const action.sa_mask, other) == 1)
        }
    }

    #[test]
    fn what_fails_within_leaves_no_error_behind() {
        // SAFETY: the C library keeps it for each thread.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { *errno = 77 };
        keeping_errno(|| {
            // SAFETY: such a descriptor is refused.
            assert_eq!(unsafe { libc::close(-1) }, -1);
            // SAFETY: as above.
            assert_eq!(unsafe { *errno }, libc::EBADF);
        });
        // SAFETY: as above.
        assert_eq!(unsafe { *errno }, 77);
    }
}
