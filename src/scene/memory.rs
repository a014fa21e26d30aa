//! What the panels of a view were drawn from, so that those to which nothing has happened are taken over from the
//! picture before instead of being drawn again.
//!
//! Invariant: at every whole second a picture with a memory equals one without; in between a panel shows what it showed
//! when it last had a reason to change, as far as that is announced to the second.

use super::layout::Placed;
use super::moment::Changes;
use crate::base::Wall;
use crate::frame::Grid;

/// The panels of one view, in the order they are placed. Whoever changes boards or spec begins a new one.
#[derive(Debug, Default)]
pub struct Memory {
    panels: Vec<Remembered>,
}

/// A picture and the memory of it.
#[derive(Debug)]
pub struct Before<'a> {
    pub grid: &'a Grid,
    pub memory: &'a mut Memory,
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    placed: Placed,
    /// See `panel::stamp`.
    stamp: u64,
    at: Wall,
    /// What it announced.
    changes: Changes,
}

// === impl Memory ===

impl Memory {
    /// Everything is drawn again next time.
    pub fn forget(&mut self) {
        self.panels.clear();
    }

    /// What a panel announced when it was drawn, if it would be drawn the same now.
    pub(super) fn of(&self, index: usize, placed: Placed, stamp: u64, now: Wall) -> Option<Changes> {
        let known = self.panels.get(index).filter(|known| known.placed == placed && known.stamp == stamp)?;
        let is_due = known.changes.next(known.at).is_some_and(|due| now >= due);
        // A clock that was set back makes ages shorter.
        (now >= known.at && !is_due).then_some(known.changes)
    }

    pub(super) fn keep(&mut self, index: usize, placed: Placed, stamp: u64, at: Wall, changes: Changes) {
        let panel = Remembered { placed, stamp, at, changes };
        match self.panels.get_mut(index) {
            Some(slot) => *slot = panel,
            None => self.panels.push(panel),
        }
    }
}
