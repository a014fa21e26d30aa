//! Reports of a mouse, made into gestures.
//!
//! Knows only the left button and the wheel; what is done with others, or with Alt and its kin held, is nothing here:
//! it belongs to the terminal.
//!
//! Invariant: a press is a click or the start of a drag, never both, and ends with its release.

use crate::model::{Act, Gesture};

/// One report, as terminals number things: the button with its flags, the cell counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub button: u16,
    pub x: u16,
    pub y: u16,
    /// In reports that tell releases apart from presses; the others say which button by a number that means none.
    pub is_release: bool,
}

/// What is being done with the left button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// The cell it went down on.
    x: u16,
    y: u16,
    /// The column seen last.
    last_x: u16,
    moved: bool,
}

/// Flags and numbers of xterm's reports (ctlseqs, "Mouse Tracking").
const MODIFIERS: u16 = 4 + 8 + 16;
const MOTION: u16 = 32;
const LEFT: u16 = 0;
const NO_BUTTON: u16 = 3;
const WHEEL_UP: u16 = 64;
const WHEEL_DOWN: u16 = 65;

// === impl Pointer ===

impl Pointer {
    /// What a report completes.
    pub fn take(&mut self, report: Report) -> Option<Gesture> {
        let (x, y) = (report.x.checked_sub(1)?, report.y.checked_sub(1)?);
        // What was begun without them ends and goes on with them too.
        let is_begun = self.held.is_some() && (report.is_release || report.button & MOTION != 0);
        let old_release = report.button & !MODIFIERS == NO_BUTTON;
        if report.button & MODIFIERS != 0 && !is_begun && !old_release {
            return None;
        }
        match (report.button & !MODIFIERS, report.is_release) {
            (WHEEL_UP, false) => Some(Gesture { x, y, act: Act::WheelUp }),
            (WHEEL_DOWN, false) => Some(Gesture { x, y, act: Act::WheelDown }),
            (LEFT, false) => {
                self.held = Some(Held { x, y, last_x: x, moved: false });
                None
            }
            (LEFT, true) | (NO_BUTTON, _) => {
                let held = self.held.take()?;
                (!held.moved).then_some(Gesture { x: held.x, y: held.y, act: Act::Click })
            }
            (button, false) if button == LEFT + MOTION => {
                let held = self.held.as_mut()?;
                held.moved |= (x, y) != (held.x, held.y);
                let columns = i32::from(x) - i32::from(std::mem::replace(&mut held.last_x, x));
                let columns = i16::try_from(columns).ok().filter(|columns| *columns != 0)?;
                Some(Gesture { x: held.x, y: held.y, act: Act::Drag { columns } })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports as (button, x, y, release), and the gestures they make.
    fn check(reports: &[(u16, u16, u16, bool)], expect: &[(u16, u16, Act)]) {
        let mut pointer = Pointer::default();
        let take = |&(button, x, y, is_release): &_| pointer.take(Report { button, x, y, is_release });
        let got: Vec<Gesture> = reports.iter().filter_map(take).collect();
        let expect: Vec<Gesture> = expect.iter().map(|&(x, y, act)| Gesture { x, y, act }).collect();
        assert_eq!(got, expect, "for {reports:?}");
    }

    #[test]
    fn a_press_and_a_release_on_one_cell_are_a_click() {
        check(&[(0, 1, 1, false), (0, 1, 1, true)], &[(0, 0, Act::Click)]);
        check(&[(0, 5, 9, false), (3, 5, 9, false)], &[(4, 8, Act::Click)]);
        check(&[(0, 5, 9, false), (32, 5, 9, false), (0, 5, 9, true)], &[(4, 8, Act::Click)]);
    }

    #[test]
    fn a_drag_tells_its_columns_and_is_no_click() {
        let drag = |columns| Act::Drag { columns };
        check(
            &[(0, 10, 3, false), (32, 13, 3, false), (32, 13, 4, false), (32, 8, 4, false), (0, 8, 4, true)],
            &[(9, 2, drag(3)), (9, 2, drag(-5))],
        );
        check(&[(0, 10, 3, false), (32, 10, 4, false), (32, 10, 3, false), (0, 10, 3, true)], &[]);
    }

    #[test]
    fn a_key_held_meanwhile_leaves_no_press_behind() {
        check(&[(0, 5, 5, false), (16, 5, 5, true)], &[(4, 4, Act::Click)]);
        check(&[(0, 5, 5, false), (19, 5, 5, false), (3, 9, 9, false)], &[(4, 4, Act::Click)]);
        check(&[(0, 5, 5, false), (48, 7, 5, false), (0, 7, 5, true)], &[(4, 4, Act::Drag { columns: 2 })]);
    }

    #[test]
    fn the_wheel_turns_both_ways() {
        check(&[(64, 2, 2, false), (65, 2, 2, false)], &[(1, 1, Act::WheelUp), (1, 1, Act::WheelDown)]);
    }

    #[test]
    fn what_is_not_ours_is_nothing() {
        check(&[(1, 2, 2, false), (1, 2, 2, true), (2, 2, 2, false), (35, 3, 3, false)], &[]);
        check(&[(4, 2, 2, false), (68, 2, 2, false), (16, 2, 2, false), (8, 2, 2, false)], &[]);
        check(&[(32, 2, 2, false), (0, 2, 2, true)], &[]);
        check(&[(4, 2, 2, false), (4, 2, 2, true)], &[]);
        check(&[(0, 0, 1, false), (0, 1, 0, false), (0, 1, 1, true)], &[]);
    }
}
