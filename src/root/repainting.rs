//! Repainting every screen, when somebody who suspects that they are torn asks the daemon for it.
//!
//! Invariant: however often it is asked for, all screens are repainted [`limits::REPAINT_ALL_HZ_MAX`] times a second at most in the
//! long run, and once more after the last time it was asked for.

use super::state::{Course, State};
use crate::base::{Mono, SessionId, limits};
use crate::event::{Event, RepaintAllPutOff};
use crate::machine::quota::Quota;

/// When it is done.
#[derive(Debug)]
pub struct Repainting {
    allowance: Quota,
    /// It was asked for too often to be done at once.
    due_at: Option<Mono>,
}

// === impl Repainting ===

impl Repainting {
    /// It is asked for; whether it is to be done now.
    fn ask(&mut self, now: Mono) -> bool {
        if self.due_at.is_some() {
            return false;
        }
        let Err(wait) = self.allowance.take(now, 0) else { return true };
        self.due_at = Some(now + wait);
        false
    }

    /// Whether what was put off is to be done now.
    fn is_due(&mut self, now: Mono) -> bool {
        let Some(_) = self.due_at.take_if(|at| *at <= now) else { return false };
        self.ask(now)
    }

    pub fn wake_at(&self) -> Option<Mono> {
        self.due_at
    }
}

impl Default for Repainting {
    fn default() -> Repainting {
        Repainting { allowance: Quota::of_rate(limits::REPAINT_ALL_HZ_MAX), due_at: None }
    }
}

// === impl State ===

impl State {
    /// Somebody suspects that screens are torn.
    pub fn repaint_all(&mut self, now: Mono) -> Course {
        if self.repainting.ask(now) {
            self.repaint_each(now);
        } else {
            RepaintAllPutOff.emit();
        }
        self.settle(now)
    }

    pub(super) fn repainting_tick(&mut self, now: Mono) {
        if self.repainting.is_due(now) {
            self.repaint_each(now);
        }
    }

    fn repaint_each(&mut self, now: Mono) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        ids.into_iter().for_each(|id| self.fanout.repaint(id, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_as_many_as_are_allowed_and_one_after_its_end() {
        let mut repainting = Repainting::default();
        let (mut done, mut now) = (Vec::new(), Mono(0));
        // Two hundred within a second, of which a burst is done at once; then the daemon wakes when it is told to.
        for number in 0..200 {
            now = Mono(number * 5_000_000);
            if repainting.is_due(now) {
                done.push(now);
            }
            if repainting.ask(now) {
                done.push(now);
            }
        }
        let last_asked = now;
        while let Some(at) = repainting.wake_at() {
            now = at;
            if repainting.is_due(now) {
                done.push(now);
            }
        }
        let most = 2 * limits::REPAINT_ALL_HZ_MAX as usize;
        assert!((most - 2..=most + 1).contains(&done.len()), "{}", done.len());
        assert!(done.last().is_some_and(|last| *last >= last_asked), "{done:?}");
        assert!(repainting.ask(now + std::time::Duration::from_secs(2)), "one who asks once is not put off");
    }
}
