//! The two clocks. Everything else is handed their readings.
//!
//! Monotonic time is read through tokio's clock (the kernel's CLOCK_MONOTONIC, which timers wait on too), so a test
//! that pauses tokio's time drives every reader of [`mono`] with it. It stands still while the machine is suspended:
//! a deadline of five seconds means five seconds in which something could have happened.

#![expect(unsafe_code, reason = "adjtimex fills a record through a pointer")]

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::base::{Mono, Wall};

/// One moment read on both scales; all conversions go through it.
static ANCHOR: OnceLock<(Instant, Mono)> = OnceLock::new();

/// Monotonic time now.
pub fn mono() -> Mono {
    let (instant, mono) = anchor();
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    let now = Instant::now();
    match now.checked_duration_since(instant) {
        Some(passed) => mono + passed,
        // A paused clock may stand a little before the anchor.
        None => Mono(mono.0.saturating_sub(nanos(instant.duration_since(now)))),
    }
}

/// The moment on tokio's scale, for timers.
pub fn instant(at: Mono) -> Instant {
    let (instant, mono) = anchor();
    if at >= mono {
        instant.checked_add(at.since(mono)).unwrap_or_else(|| instant + FAR)
    } else {
        instant.checked_sub(mono.since(at)).unwrap_or(instant)
    }
}

/// Wall-clock time now; may jump in either direction.
pub fn wall() -> Wall {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    let now = SystemTime::now();
    let millis = match now.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    };
    Wall(millis)
}

/// Whether something keeps the wall clock right, as the kernel was told; none where it does not say.
pub fn is_synchronized() -> Option<bool> {
    // SAFETY: all zeroes are a sound timex, which asks for nothing to be changed.
    let mut asked: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: it lives as long as the call, which fills it.
    let state = unsafe { libc::adjtimex(&raw mut asked) };
    (state != -1).then_some(asked.status & libc::STA_UNSYNC == 0)
}

/// What stands for never: thirty years, the furthest tokio itself waits.
const FAR: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 24 * 3600);

fn anchor() -> (Instant, Mono) {
    *ANCHOR.get_or_init(|| {
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).expect("invariant: monotonic time is never negative");
        let nanos = u64::try_from(now.tv_nsec).expect("invariant: nanoseconds are never negative");
        #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
        let instant = Instant::from_std(std::time::Instant::now());
        (instant, Mono(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)))
    })
}

fn nanos(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn monotonic_time_never_goes_back_and_converts_both_ways() {
        let first = mono();
        let second = mono();
        assert!(second >= first);
        let ahead = first + Duration::from_secs(5);
        assert_eq!(instant(ahead).duration_since(instant(first)), Duration::from_secs(5));
        assert!(instant(Mono(u64::MAX)) > instant(ahead));
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_drives_monotonic_time() {
        let before = mono();
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(mono().since(before).as_secs(), 3600);
    }

    #[test]
    fn wall_time_lies_in_this_century() {
        assert!((1_600_000_000_000..4_100_000_000_000).contains(&wall().0));
    }
}
