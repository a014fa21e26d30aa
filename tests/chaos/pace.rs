//! The length of what is tried: storms have a pace, and whoever is stopped is stopped for a while.

use rustix::event::{Timespec, poll};
use unblink::base::Mono;
use unblink::sys::clock;

/// Lets time pass until then, whatever interrupts.
pub fn until(until: Mono) {
    loop {
        let left = until.since(clock::mono());
        if left.is_zero() {
            return;
        }
        let _ = poll(&mut [], Timespec::try_from(left).ok().as_ref());
    }
}
