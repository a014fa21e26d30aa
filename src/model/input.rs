//! What a viewer does: keys, and gestures of a mouse.

use serde::{Deserialize, Serialize};

use super::Key;

/// One thing a viewer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    Key(Key),
    Mouse(Gesture),
}

/// What was done with a mouse, and on which cell of the viewer's screen; both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Gesture {
    pub x: u16,
    pub y: u16,
    pub act: Act,
}

/// The kinds of gestures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The left button went down and up on one cell.
    Click,
    /// Dragged on by so many columns, to the right where they are positive; the cell is the one it began on.
    Drag {
        columns: i16,
    },
    WheelUp,
    WheelDown,
}

// === impl Input ===

impl Input {
    /// Takes `next` into itself where two are as good as one: a drag that goes on. False where they stay two.
    pub fn absorb(&mut self, next: Input) -> bool {
        let (Input::Mouse(before), Input::Mouse(after)) = (&mut *self, next) else { return false };
        match (&mut before.act, after.act) {
            (Act::Drag { columns }, Act::Drag { columns: more }) if (before.x, before.y) == (after.x, after.y) => {
                *columns = columns.saturating_add(more);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_drag_that_goes_on_is_one_with_what_came_before() {
        let drag = |x, columns| Input::Mouse(Gesture { x, y: 2, act: Act::Drag { columns } });
        let click = Input::Mouse(Gesture { x: 1, y: 2, act: Act::Click });
        let mut first = drag(1, 3);
        assert!(first.absorb(drag(1, -5)) && first == drag(1, -2));
        for other in [drag(2, 1), click, Input::Key(Key::Tab)] {
            assert!(!first.absorb(other) && first == drag(1, -2), "{other:?}");
        }
        assert!(!click.clone().absorb(click), "two clicks are two");
        let mut far = drag(1, i16::MAX);
        assert!(far.absorb(drag(1, 1)) && far == drag(1, i16::MAX));
    }
}
