//! Waiting for moments: the beat of the ticks.
//!
//! Invariant: a moment lies where it lies, however late the one before was.

use std::time::Duration;

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec};
use unblink::base::Mono;
use unblink::sys::clock;

/// Time for anything to be there at all; what takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns at that moment, or at once when it has passed.
pub fn until(at: Mono) {
    let whole = i64::try_from(at.0 / 1_000_000_000).expect("not that far");
    let part = i64::try_from(at.0 % 1_000_000_000).expect("below a second");
    // A signal may wake us early, and none is listened to.
    let _ = clock_nanosleep_absolute(ClockId::Monotonic, &Timespec { tv_sec: whole, tv_nsec: part });
}

pub fn pass(span: Duration) {
    until(clock::mono() + span);
}

/// Asks again every few milliseconds until there is something.
pub fn until_some<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let end = clock::mono() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(clock::mono() < end, "nothing came within {PATIENCE:?}");
        pass(Duration::from_millis(2));
    }
}
