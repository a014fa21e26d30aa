//! A series as a dataset keeps it: its window, and beside its key what everybody asks of it.
//!
//! Invariant: what stands beside the key is what the window says of its newest point, so whoever asks about the present
//! of many series need not go to the window of each.

use std::ops::Deref;

use crate::base::Wall;
use crate::model::series::{Point, Rejected};
use crate::model::window::{Allowance, Window};

/// A window and its newest point.
#[derive(Clone, Debug)]
pub struct Tracked {
    last: Last,
    window: Box<Window>,
}

/// What a window says from its newest point on.
#[derive(Clone, Copy, Debug)]
struct Last {
    /// Never, of a window without a point that is kept by itself.
    at: Wall,
    /// No number, where there is none.
    value: f64,
    /// 0 where there is none.
    pace_ms: u64,
}

// === impl Tracked ===

impl Tracked {
    pub(super) fn new(window: Window) -> Tracked {
        Tracked { last: Last::of(&window), window: Box::new(window) }
    }

    /// When it was told of last by `at`.
    pub fn time_at(&self, at: Wall) -> Option<Wall> {
        if self.last.is_told_by(at) { Some(self.last.at) } else { self.window.time_at(at) }
    }

    /// Its value by `at`, see [`Window::value_at`].
    pub fn value_at(&self, at: Wall) -> Option<f64> {
        if self.last.is_told_by(at) {
            Some(self.last.value).filter(|value| !value.is_nan())
        } else {
            self.window.value_at(at)
        }
    }

    /// How often it comes, see [`Window::pace_ms`].
    pub fn pace_ms(&self, at: Wall) -> Option<u64> {
        if self.last.is_told_by(at) {
            Some(self.last.pace_ms).filter(|pace_ms| *pace_ms > 0)
        } else {
            self.window.pace_ms(at)
        }
    }

    pub(super) fn push(&mut self, point: Point, allowance: Allowance) -> Result<(), Rejected> {
        self.window.push(point, allowance)?;
        self.last = Last::of(&self.window);
        Ok(())
    }

    pub(super) fn trim(&mut self, allowance: Allowance) {
        self.window.trim(allowance);
        self.last = Last::of(&self.window);
    }

    pub(super) fn forget_after(&mut self, at: Wall) {
        self.window.forget_after(at);
        self.last = Last::of(&self.window);
    }
}

/// All else is asked of the window.
impl Deref for Tracked {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

// === impl Last ===

impl Last {
    const NEVER: Wall = Wall(i64::MAX);

    fn of(window: &Window) -> Last {
        let at = window.last().map_or(Last::NEVER, |point| point.at);
        Last { at, value: window.value_at(at).unwrap_or(f64::NAN), pace_ms: window.pace_ms(at).unwrap_or(0) }
    }

    fn is_told_by(self, at: Wall) -> bool {
        self.at <= at && self.at != Last::NEVER
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Kind, Unit};

    #[derive(Clone, Debug)]
    enum Happening {
        Push(i64, f64),
        ForgetAfter(i64),
        Trim(usize),
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            6 => (0..40_i64, 0.0..9.0).prop_map(|(at, value)| Happening::Push(at, value)),
            1 => (-1..40_i64).prop_map(Happening::ForgetAfter),
            1 => (0..12_usize).prop_map(Happening::Trim),
        ]
    }

    proptest! {
        #[test]
        fn what_stands_beside_the_key_is_what_the_window_says(
            happenings in prop::collection::vec(happening(), 0..60),
            kind in prop::sample::select(vec![Kind::Gauge, Kind::Counter]),
        ) {
            let mut tracked = Tracked::new(Window::new(kind, Unit::None));
            let mut now = 0;
            for happening in happenings {
                let allowance = |points| Allowance { points, buckets: 4 };
                match happening {
                    Happening::Push(after, value) => {
                        now += after;
                        // One that is not newer is refused, which changes nothing.
                        let _ = tracked.push(Point { at: Wall(now), value }, allowance(12));
                    }
                    Happening::ForgetAfter(before) => {
                        now -= before;
                        tracked.forget_after(Wall(now));
                    }
                    Happening::Trim(points) => tracked.trim(allowance(points)),
                }
                for at in (now - 90..now + 3).chain([i64::MIN, i64::MAX]).map(Wall) {
                    prop_assert_eq!(tracked.time_at(at), tracked.window.time_at(at), "at {:?}", at);
                    prop_assert_eq!(tracked.value_at(at), tracked.window.value_at(at), "at {:?}", at);
                    prop_assert_eq!(tracked.pace_ms(at), tracked.window.pace_ms(at), "at {:?}", at);
                }
            }
        }
    }
}
