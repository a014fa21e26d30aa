//! When a changed terminal size is told to the daemon: at once, then at most once a tick, the last one always.
//!
//! Invariant: what was told last is the size the terminal had when its last change was noticed, one tick later at the
//! latest. A size that came back to what it was asks for a repaint, for the picture may have been cut meanwhile.

use std::time::Duration;

use crate::base::{Mono, Size};

/// Shortest time between two tellings; dragging a window's edge makes hundreds of changes a second.
const TICK: Duration = Duration::from_millis(40);

/// The size of one terminal as the daemon knows it.
#[derive(Clone, Copy, Debug)]
pub struct Resizes {
    told: Size,
    told_at: Option<Mono>,
    due: Option<Mono>,
}

/// What to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    Resize(Size),
    Repaint,
}

// === impl Resizes ===

impl Resizes {
    /// The daemon heard of `size` when it was greeted.
    pub fn new(size: Size) -> Resizes {
        Resizes { told: size, told_at: None, due: None }
    }

    /// The terminal said that its size changed.
    pub fn changed(&mut self, now: Mono) {
        let earliest = self.told_at.map_or(now, |at| at + TICK);
        self.due.get_or_insert(earliest.max(now));
    }

    /// When to look at the terminal and call `look`.
    pub fn wake_at(&self) -> Option<Mono> {
        self.due
    }

    /// What to tell now, given the size the terminal has now.
    pub fn look(&mut self, now: Mono, size: Size) -> Option<Tell> {
        self.due.take_if(|due| *due <= now)?;
        self.told_at = Some(now);
        if size == self.told {
            return Some(Tell::Repaint);
        }
        self.told = size;
        Some(Tell::Resize(size))
    }

    /// The size the daemon knows.
    pub fn told(&self) -> Size {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn size(cols: u16) -> Size {
        Size::clamped(cols, 24)
    }

    #[test]
    fn the_first_change_is_told_at_once() {
        let mut resizes = Resizes::new(size(80));
        resizes.changed(Mono(5));
        assert_eq!(resizes.wake_at(), Some(Mono(5)));
        assert_eq!(resizes.look(Mono(5), size(81)), Some(Tell::Resize(size(81))));
        assert_eq!(resizes.wake_at(), None);
    }

    #[test]
    fn a_size_that_came_back_asks_for_a_repaint() {
        let mut resizes = Resizes::new(size(80));
        resizes.changed(Mono(0));
        assert_eq!(resizes.look(Mono(0), size(80)), Some(Tell::Repaint));
    }

    proptest! {
        #[test]
        fn tellings_keep_a_tick_apart_and_the_last_size_is_told(changes in vec((0_u32..60, 1_u16..500), 1..100)) {
            let mut resizes = Resizes::new(size(80));
            let (mut now, mut current, mut told_at) = (Mono(0), size(80), Vec::new());
            for (ms, cols) in changes {
                let next = now + MS * ms;
                // The shell's timer.
                if let Some(due) = resizes.wake_at().filter(|due| *due <= next) {
                    prop_assert!(resizes.look(due, current).is_some());
                    told_at.push(due);
                }
                now = next;
                current = size(cols);
                resizes.changed(now);
            }
            let due = resizes.wake_at().expect("a change is outstanding");
            prop_assert!(due.since(now) <= TICK);
            resizes.look(due, current);
            told_at.push(due);
            prop_assert_eq!(resizes.told(), current);
            prop_assert!(told_at.windows(2).all(|pair| pair[1].since(pair[0]) >= TICK), "{:?}", told_at);
        }
    }
}
