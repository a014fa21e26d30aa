//! How many restarts came of late.
//!
//! Invariant: never more than the intensity allows are admitted within any period; what is noted is bounded.

use std::collections::VecDeque;

use super::Intensity;
use crate::base::Mono;

/// The restarts within the last period.
#[derive(Debug)]
pub struct Window {
    intensity: Intensity,
    /// When they were; as many as the intensity allows at most.
    restarts: VecDeque<Mono>,
}

// === impl Window ===

impl Window {
    pub fn new(intensity: Intensity) -> Window {
        Window { intensity, restarts: VecDeque::new() }
    }

    /// One more, if there may be.
    pub fn admit(&mut self, now: Mono) -> bool {
        while self.restarts.front().is_some_and(|at| now.since(*at) > self.intensity.period) {
            self.restarts.pop_front();
        }
        let admitted = self.restarts.len() < self.intensity.restarts as usize;
        if admitted {
            self.restarts.push_back(now);
        }
        admitted
    }
}
