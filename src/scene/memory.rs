//! What the panels of a view were drawn from, so that those to which nothing has happened are taken over from the
//! picture before instead of being drawn again, and tables but for the rows that changed.
//!
//! Invariant: at every whole second a picture with a memory equals one without; in between a panel shows what it showed
//! when it last had a reason to change, as far as that is announced to the second.

use super::layout::{Placed, Placement};
use super::moment::Changes;
use super::panel::Kept;
use super::shared::Shared;
use crate::base::Wall;
use crate::frame::Grid;

/// The panels of one view, in the order they are placed. Whoever changes boards or spec begins a new one.
#[derive(Debug, Default)]
pub struct Memory {
    panels: Vec<Remembered>,
    /// Where they stand: that is the same as long as boards and spec are.
    placement: Option<Placement>,
}

/// A picture and the memory of it.
#[derive(Debug)]
pub struct Before<'a> {
    pub grid: &'a Grid,
    pub memory: &'a mut Memory,
    /// Panels of other views of the board, where there are some.
    pub shared: Option<&'a mut Shared>,
}

/// What is known of one panel of a picture.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) placed: Placed,
    /// See `panel::stamp`.
    pub(super) stamp: u64,
    pub(super) at: Wall,
    /// What it announced.
    pub(super) changes: Changes,
    pub(super) picture: Picture,
    /// What drawing it again begins with, where that is more than its picture.
    pub(super) kept: Option<Box<Kept>>,
}

/// What stands in a panel's cells.
#[derive(Debug)]
pub(super) enum Picture {
    /// Its picture: the grid holds it, and nobody else has to.
    Good,
    /// What takes its place, and the cells of the last one that was good.
    StandIn { last_good: Option<Box<Grid>> },
}

/// Whether what was drawn then would be drawn the same now.
pub(super) fn is_current((drawn, at, changes): (u64, Wall, Changes), stamp: u64, now: Wall) -> bool {
    let is_due = changes.next(at).is_some_and(|due| now >= due);
    // A clock that was set back makes ages shorter.
    drawn == stamp && now >= at && !is_due
}

// === impl Memory ===

impl Memory {
    /// Everything is drawn again next time.
    pub fn forget(&mut self) {
        *self = Memory::default();
    }

    /// Everything is drawn again next time, over the pictures that are known.
    pub fn distrust(&mut self) {
        self.panels.iter_mut().for_each(|panel| (panel.at, panel.kept) = (Wall(i64::MAX), None));
    }

    /// Takes the places of the panels out, if they are known.
    pub(super) fn take_placement(&mut self) -> Option<Placement> {
        self.placement.take()
    }

    pub(super) fn keep_placement(&mut self, placement: Placement) {
        self.placement = Some(placement);
    }

    /// What a panel announced when it was drawn, if it would be drawn the same now.
    pub(super) fn of(&self, index: usize, placed: Placed, stamp: u64, now: Wall) -> Option<Changes> {
        let known = self.panels.get(index).filter(|known| known.placed == placed && known.stamp == stamp)?;
        is_current((known.stamp, known.at, known.changes), stamp, now).then_some(known.changes)
    }

    /// Takes out what is kept of a panel whose picture stands in the grid.
    pub(super) fn take_kept(&mut self, index: usize, placed: Placed) -> Option<Box<Kept>> {
        self.panels.get_mut(index).filter(|known| known.placed == placed)?.kept.take()
    }

    /// The last good cells of a panel that has none now, as far as this view ever had any; `grid` is the picture before.
    pub(super) fn last_good(&mut self, index: usize, placed: Placed, grid: &Grid) -> Option<Box<Grid>> {
        let known = self.panels.get_mut(index).filter(|known| known.placed == placed)?;
        match &mut known.picture {
            Picture::Good => Some(Box::new(grid.cut(placed.area))),
            Picture::StandIn { last_good } => last_good.take(),
        }
    }

    pub(super) fn keep(&mut self, index: usize, panel: Remembered) {
        match self.panels.get_mut(index) {
            Some(slot) => *slot = panel,
            None => self.panels.push(panel),
        }
    }
}
