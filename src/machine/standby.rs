//! Which of two sources is shown: the first, or the one that stands by for it.
//!
//! Invariant: the standby is shown only while the first has failed for good and the standby itself delivers; the first
//! is shown again with its first good answer, whatever the standby does.

/// What one of the two has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first delivers.
    Good,
    /// It failed, but is asked on at every beat: the next answer may be good.
    Failing,
    /// It failed and is left alone for a while, hangs, or panicked.
    Failed,
    /// Whether the standby delivers.
    Standby { good: bool },
}

/// Which one is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    #[default]
    First,
    Standby,
}

/// Two sources.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standby {
    failed: bool,
    ready: bool,
}

// === impl Standby ===

impl Standby {
    pub fn shown(&self) -> Shown {
        if self.failed && self.ready { Shown::Standby } else { Shown::First }
    }

    /// What happened; which one is shown after.
    pub fn step(&mut self, event: Event) -> Shown {
        match event {
            Event::Good => self.failed = false,
            // What failed before for good goes on failing.
            Event::Failing => {}
            Event::Failed => self.failed = true,
            Event::Standby { good } => self.ready = good,
        }
        self.shown()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_takes_over_when_the_first_has_failed_for_good_and_hands_back_at_once() {
        let mut pair = Standby::default();
        for (event, shown) in [
            (Event::Standby { good: true }, Shown::First),
            (Event::Failing, Shown::First),
            (Event::Failed, Shown::Standby),
            (Event::Failing, Shown::Standby),
            (Event::Standby { good: false }, Shown::First),
            (Event::Standby { good: true }, Shown::Standby),
            (Event::Good, Shown::First),
            (Event::Failing, Shown::First),
        ] {
            assert_eq!(pair.step(event), shown, "{event:?}");
        }
    }

    proptest! {
        #[test]
        fn a_standby_that_does_not_deliver_and_a_first_that_does_are_never_mistaken(events in prop::collection::vec(0_u8..5, 0..60)) {
            let mut pair = Standby::default();
            let (mut good, mut ready) = (true, false);
            for event in events {
                let event = match event {
                    0 => Event::Good,
                    1 => Event::Failing,
                    2 => Event::Failed,
                    other => Event::Standby { good: other == 3 },
                };
                match event {
                    Event::Good => good = true,
                    Event::Failed => good = false,
                    Event::Standby { good } => ready = good,
                    Event::Failing => {}
                }
                prop_assert_eq!(pair.step(event) == Shown::Standby, ready && !good);
            }
        }
    }
}
