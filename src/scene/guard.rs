//! Who says whether a panel is drawn, and what is wrong with one that is not.
//!
//! Invariant: drawing knows no panics; a guard does, and answers with [`Trouble`], which holds nothing of what was said.

use crate::base::{Trace, Wall};
use crate::model::fault::Class;

/// Stands between a board and the drawing of its panels.
pub trait Guard: std::fmt::Debug {
    /// Draws a panel by calling `draw` once, or leaves it alone; what is wrong with it where there is no picture. What was
    /// drawn by then is nobody's.
    fn draw(&mut self, panel: usize, draw: &mut dyn FnMut()) -> Result<(), Trouble>;

    /// Draws what takes the place of a picture. False where that is no picture either.
    fn stand_in(&mut self, panel: usize, draw: &mut dyn FnMut()) -> bool;
}

/// Why a panel has no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub class: Class,
    pub since: Wall,
    /// When it is tried again.
    pub next_try: Wall,
    /// Tried rarely, because it failed again and again.
    pub quarantined: bool,
    /// Of the last time it was tried.
    pub trace: Trace,
}

/// Draws everything, where a fault ends the process: a program that shows one picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unguarded;

// === impl Unguarded ===

impl Guard for Unguarded {
    fn draw(&mut self, _: usize, draw: &mut dyn FnMut()) -> Result<(), Trouble> {
        draw();
        Ok(())
    }

    fn stand_in(&mut self, _: usize, draw: &mut dyn FnMut()) -> bool {
        draw();
        true
    }
}
