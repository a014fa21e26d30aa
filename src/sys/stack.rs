//! The calls that an interrupted thread is in, by its frame pointers.
//!
//! Invariant: for signal handlers: takes no lock and no memory. What it reads of a stack it has the kernel copy, which says
//! no where there is none, so that no broken frame can bring a process down.

#![expect(unsafe_code, reason = "the kernel hands over the context of what it interrupted by a pointer")]

use std::ffi::c_void;

use crate::base::limits;

/// Copied at once: the frames of several calls. One by one they took five times as long.
const PIECE: usize = 128;
const WORD: usize = size_of::<usize>();
/// The largest stack there is: that of the first thread, as it is everywhere, and of the one that draws.
const STACK_BYTES_MAX: usize = limits::DRAWING_STACK_BYTES;

/// Fills `calls` with where each call returns to, the innermost first, and says how many there are. The function that was
/// interrupted is not among them: it may have no frame yet.
///
/// # Safety
///
/// `context` is what the kernel handed to a handler of a signal.
// SAFETY: the promise is the caller's, as said above.
pub(super) unsafe fn returns(context: *mut c_void, calls: &mut [usize]) -> usize {
    // SAFETY: as promised by the caller.
    let (_, frame, top) = unsafe { registers(&*context.cast::<libc::ucontext_t>()) };
    walk(frame, top, calls)
}

/// The same with the function that was interrupted at the front, and with the calls rather than where they return to.
///
/// # Safety
///
/// As of [`returns`].
// SAFETY: the promise is the caller's, as said above.
pub(super) unsafe fn calls(context: *mut c_void, calls: &mut [usize]) -> usize {
    // SAFETY: as promised by the caller.
    let (at, frame, top) = unsafe { registers(&*context.cast::<libc::ucontext_t>()) };
    let Some((first, others)) = calls.split_first_mut() else { return 0 };
    *first = at;
    let count = walk(frame, top, others);
    // In the call, not behind it: that may be another function already.
    others.iter_mut().take(count).for_each(|call| *call = call.wrapping_sub(1));
    1 + count
}

/// From that frame on, as far as frames lie on the stack whose pointer was `top`: what code without frames keeps in the
/// register may be any number, and what it leads to is no call.
fn walk(mut frame: usize, top: usize, calls: &mut [usize]) -> usize {
    let mut piece = [0_usize; PIECE];
    // What the piece holds: words from there on.
    let (mut from, mut words) = (0_usize, 0);
    let mut count = 0;
    while let Some(call) = calls.get_mut(count) {
        let is_held = |from: usize, words: usize| frame >= from && (frame - from) / WORD + 1 < words;
        if !frame.is_multiple_of(WORD) || frame.checked_sub(top).is_none_or(|depth| depth >= STACK_BYTES_MAX) {
            break;
        }
        if !is_held(from, words) {
            (from, words) = (frame, copy(frame, &mut piece));
            if !is_held(from, words) {
                break;
            }
        }
        let at = (frame - from) / WORD;
        // A frame is the one before it, and where it returns to.
        let (next, returns_to) = (piece[at], piece[at + 1]);
        if returns_to == 0 {
            break;
        }
        *call = returns_to;
        count += 1;
        // Stacks grow downwards: whatever does not go up leads nowhere.
        if next <= frame {
            break;
        }
        frame = next;
    }
    count
}

/// Where the interrupted code was, its frame, and its stack pointer.
#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize, usize) {
    let general = &context.uc_mcontext.gregs;
    let register = |name: libc::c_int| general[usize::try_from(name).unwrap_or(0)] as usize;
    (register(libc::REG_RIP), register(libc::REG_RBP), register(libc::REG_RSP))
}

/// Where the interrupted code was, its frame, and its stack pointer.
#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> (usize, usize, usize) {
    let machine = &context.uc_mcontext;
    (machine.pc as usize, machine.regs[29] as usize, machine.sp as usize)
}

/// Where the interrupted code was cannot be told on other processors.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn registers(_context: &libc::ucontext_t) -> (usize, usize, usize) {
    (0, 0, 0)
}

/// Words of our own memory, as many as there are; none where there is no such memory.
fn copy(from: usize, piece: &mut [usize; PIECE]) -> usize {
    let mut copied = 0;
    // Where it ends before the piece does, less of it may be there.
    for words in [PIECE, 2] {
        let bytes = words * WORD;
        let to = libc::iovec { iov_base: piece.as_mut_ptr().cast(), iov_len: bytes };
        let from = libc::iovec { iov_base: from as *mut c_void, iov_len: bytes };
        // SAFETY: the kernel copies into `piece`, which is no shorter than said, and refuses what is not mapped.
        let read = unsafe { libc::process_vm_readv(libc::getpid(), &raw const to, 1, &raw const from, 1, 0) };
        copied = usize::try_from(read).unwrap_or(0) / WORD;
        if copied >= 2 {
            break;
        }
    }
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_upwards_on_one_stack_and_no_further() {
        // Two frames, then what leads nowhere.
        let mut words = [0_usize; 2 * PIECE];
        let at = words.as_ptr().addr();
        (words[0], words[1], words[2], words[3]) = (at + 2 * WORD, 11, at, 22);
        let walked = |frame: usize, top: usize| {
            let mut calls = [0; 8];
            let count = walk(frame, top, &mut calls);
            calls[..count].to_vec()
        };
        std::hint::black_box(&words);
        assert_eq!(walked(at, at), [11, 22]);
        assert_eq!(walked(at, at + WORD), [0; 0], "it lies below the stack");
        assert_eq!(walked(at, at - STACK_BYTES_MAX), [0; 0], "it lies beyond the stack");
        assert_eq!(walked(at, at - STACK_BYTES_MAX + WORD), [11], "the next one lies beyond it");
        assert_eq!(walked(at + 1, at), [0; 0]);
        assert_eq!(walked(at - STACK_BYTES_MAX / 2, 0), [0; 0], "nothing is known of the stack");
    }
}
