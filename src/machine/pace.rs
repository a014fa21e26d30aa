//! When a view may be drawn next.
//!
//! Invariant: nothing is drawn unless something would look different, never more often than the board's refresh rate,
//! and never without credit. The refresh slots lie on a grid, so a timer that fires late does not slow the board down.
//! This keeps no clock: `now` is handed in, and the wall clock matters only as a distance.

use std::time::Duration;

use crate::base::{Mono, Wall};

#[cfg(test)]
mod tests;

/// The pacing of one view.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    interval: Duration,
    /// Something changed since the view was drawn.
    dirty: bool,
    /// The receiver can take a frame.
    credit: bool,
    /// When the view changes although nothing comes in.
    change_at: Option<Mono>,
    /// No frame before this.
    slot: Mono,
}

/// What to do about a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Draw,
    /// Ask again then, or after the next event.
    Until(Mono),
    /// Ask again after the next event.
    Idle,
}

/// Fastest refresh: beyond it no terminal shows more.
pub const REFRESH_HZ_MAX: f64 = 120.0;
/// Slowest refresh: a board whose rate is nonsense is still drawn once a minute.
const REFRESH_HZ_MIN: f64 = 1.0 / 60.0;

// === impl Pace ===

impl Pace {
    /// A view nobody has drawn yet, with its first credit.
    pub fn new(refresh_hz: f64) -> Pace {
        Pace { interval: interval(refresh_hz), dirty: true, credit: true, change_at: None, slot: Mono(0) }
    }

    /// The board refreshes at another rate from its next frame on.
    pub fn retune(&mut self, refresh_hz: f64) {
        self.interval = interval(refresh_hz);
    }

    /// Data, health or catalogue changed.
    pub fn changed(&mut self) {
        self.dirty = true;
    }

    /// The receiver can take one more frame.
    pub fn credited(&mut self) {
        self.credit = true;
    }

    /// The view was drawn as it looked at `now`, which was `wall`. `sent` says whether a frame went out: one that
    /// equals the frame before does not, and leaves the credit.
    pub fn drawn(&mut self, now: Mono, wall: Wall, next_change_at: Option<Wall>, sent: bool) {
        self.dirty = false;
        self.credit &= !sent;
        // Kept as a distance: a wall clock that is set back must not put the next change off.
        self.change_at = next_change_at.map(|at| now + at.since(wall));
        // On the grid of slots as long as frames are no more than a slot late; at least half a slot apart, so that a
        // late frame is not followed by a burst.
        let on_grid = self.slot + self.interval;
        self.slot = if now < on_grid { on_grid.max(now + self.interval / 2) } else { now + self.interval };
    }

    /// Whether to draw now, or when to ask again.
    pub fn ask(&self, now: Mono) -> Ask {
        if !self.credit {
            return Ask::Idle;
        }
        let due = match self.change_at {
            _ if self.dirty => self.slot,
            Some(change_at) => change_at.max(self.slot),
            None => return Ask::Idle,
        };
        if due <= now { Ask::Draw } else { Ask::Until(due) }
    }
}

fn interval(refresh_hz: f64) -> Duration {
    // `clamp` alone would pass a NaN on.
    let refresh_hz =
        if refresh_hz.is_nan() { REFRESH_HZ_MIN } else { refresh_hz.clamp(REFRESH_HZ_MIN, REFRESH_HZ_MAX) };
    Duration::from_secs_f64(1.0 / refresh_hz)
}
