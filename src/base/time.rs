//! Two kinds of time, never mixed: monotonic for deadlines, wall for data and people.
//!
//! Both are values handed in from `sys::clock`; nothing here reads a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Monotonic time in nanoseconds since an arbitrary start (the boot of the machine).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

/// Wall-clock time in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wall(pub i64);

// === impl Mono ===

impl Mono {
    /// Time passed since `earlier`; zero when `earlier` is in the future.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;

    fn add(self, span: Duration) -> Mono {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_add(nanos))
    }
}

// === impl Wall ===

impl Wall {
    /// Time passed since `earlier`; zero when `earlier` is in the future.
    pub fn since(self, earlier: Wall) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Wall {
    type Output = Wall;

    fn add(self, span: Duration) -> Wall {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Wall(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Wall {
    type Output = Wall;

    fn sub(self, span: Duration) -> Wall {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Wall(self.0.saturating_sub(millis))
    }
}
