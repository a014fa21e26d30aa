//! Where a thread is: the return addresses of the calls it stands in.
//!
//! Invariant: allocates nothing and never fails, since a panic hook calls it; the worst it does is tell less.
#![expect(unsafe_code, reason = "the unwinder that panics use calls back through pointers")]

use std::ffi::{c_int, c_void};

/// Addresses being gathered.
struct Gathered<'a> {
    out: &'a mut [usize],
    count: usize,
    /// Of the innermost calls, which are the asking itself.
    skip: usize,
}

/// Of `_Unwind_Reason_Code`: go on, and stop.
const GO_ON: c_int = 0;
const STOP: c_int = 5;

// SAFETY: the interface of the Itanium C++ ABI, which std links for its own panics.
unsafe extern "C" {
    fn _Unwind_Backtrace(each: extern "C" fn(*mut c_void, *mut c_void) -> c_int, with: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
    /// Where the linker put the beginning of the executable.
    static __executable_start: u8;
}

/// Fills `out` from the innermost call on, leaving out `skip` of them, and says how many there are. Addresses count from
/// the beginning of the executable, as `addr2line` wants them.
pub fn capture(out: &mut [usize], skip: usize) -> usize {
    let mut gathered = Gathered { out, count: 0, skip };
    // SAFETY: the unwinder calls `each` with the pointer to `gathered`, which outlives this call, and with nothing else.
    unsafe { _Unwind_Backtrace(each, (&raw mut gathered).cast()) };
    gathered.count
}

extern "C" fn each(context: *mut c_void, with: *mut c_void) -> c_int {
    // SAFETY: `with` is what `capture` handed over, and nobody else holds it meanwhile.
    let gathered = unsafe { &mut *with.cast::<Gathered<'_>>() };
    if gathered.skip > 0 {
        gathered.skip -= 1;
        return GO_ON;
    }
    // SAFETY: `context` is the unwinder's own, valid during this call.
    let address = unsafe { _Unwind_GetIP(context) };
    // SAFETY: of this static nothing but its address is taken; the linker defines it for every executable.
    let start = (&raw const __executable_start) as usize;
    let Some(slot) = gathered.out.get_mut(gathered.count) else { return STOP };
    // A return address is the instruction after the call.
    *slot = address.wrapping_sub(start).wrapping_sub(1);
    gathered.count += 1;
    GO_ON
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_tells_where_it_is_and_no_more_than_there_is_room_for() {
        let mut out = [0; 4];
        assert_eq!(super::capture(&mut out, 0), 4);
        assert!(out.iter().all(|address| *address != 0));
        let mut many = [0; 256];
        let count = super::capture(&mut many, 0);
        assert!(count > 4 && count < 256, "{count}");
        assert_eq!(super::capture(&mut many, usize::MAX), 0);
        assert_eq!(super::capture(&mut [], 0), 0);
    }
}
