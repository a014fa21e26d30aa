//! What the service manager is to hear, and when: that we are up, that we read our configuration anew, that we end, and a
//! line of how we fare.
//!
//! Invariant: it hears that we are up once, when something can be drawn or when it has waited long enough, and with it how we
//! fare then. A line of how we fare that did not change is not said again, and none sooner than a second after the one before
//! but with word that we are up. After each reading that was announced it hears that we are up again.

use std::time::Duration;

use crate::base::{Mono, limits};

/// Something to tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Ready,
    Reloading,
    Stopping,
    Status(String),
}

/// How things are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Some board can be drawn.
    pub draws: bool,
    /// A change of the configuration is under way.
    pub changes: bool,
    pub stops: bool,
}

/// The course of what it is told.
#[derive(Debug)]
pub struct Telling {
    begun: Mono,
    is_up: bool,
    reading: Reading,
    stops: bool,
    told: Option<(String, Mono)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    No,
    Asked,
    Announced,
}

const SECOND: Duration = Duration::from_secs(1);

// === impl Telling ===

impl Telling {
    pub fn new(now: Mono) -> Telling {
        Telling { begun: now, is_up: false, reading: Reading::No, stops: false, told: None }
    }

    /// Somebody wants the configuration to be read anew, by a signal.
    pub fn reload(&mut self) {
        self.reading = Reading::Asked;
    }

    /// Whether it was told that we are up.
    pub fn is_up(&self) -> bool {
        self.is_up
    }

    /// Whether something changed that does not wait for the next second.
    pub fn is_due(&self, now: Mono, facts: Facts) -> bool {
        let up = self.comes_up(now, facts);
        let read = match self.reading {
            Reading::No => false,
            Reading::Asked => true,
            Reading::Announced => !facts.changes,
        };
        up || read || (facts.stops && !self.stops)
    }

    fn comes_up(&self, now: Mono, facts: Facts) -> bool {
        !self.is_up && (facts.draws || self.is_late(now))
    }

    /// What it is to hear now; `status` is asked for the line of how we fare, where one may be said.
    pub fn step(&mut self, now: Mono, facts: Facts, status: impl FnOnce() -> String) -> Vec<Word> {
        let mut words = Vec::new();
        if facts.stops {
            if !std::mem::replace(&mut self.stops, true) {
                words.push(Word::Stopping);
            }
        } else {
            if self.comes_up(now, facts) {
                self.is_up = true;
                words.push(Word::Ready);
            }
            // Before it was told that we are up, it waits for that alone.
            match self.reading {
                Reading::Asked if !self.is_up => self.reading = Reading::No,
                Reading::Asked => {
                    words.push(Word::Reloading);
                    self.reading = Reading::Announced;
                }
                _ => {}
            }
            if self.reading == Reading::Announced && !facts.changes {
                words.push(Word::Ready);
                self.reading = Reading::No;
            }
        }
        // Whoever waited until we are up looks at the line next.
        let may_be_said =
            words.contains(&Word::Ready) || self.told.as_ref().is_none_or(|(_, at)| now.since(*at) >= SECOND);
        if may_be_said || !words.is_empty() {
            let status = status();
            if self.told.as_ref().is_none_or(|(told, _)| *told != status) && may_be_said {
                self.told = Some((status.clone(), now));
                words.push(Word::Status(status));
            }
        }
        words
    }

    /// It waits for no board any longer.
    fn is_late(&self, now: Mono) -> bool {
        now >= self.begun + limits::READY_DEADLINE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: Facts = Facts { draws: true, changes: false, stops: false };

    fn at(ms: u64) -> Mono {
        Mono(1) + Duration::from_millis(ms)
    }

    fn status(words: &str) -> Word {
        Word::Status(words.to_owned())
    }

    fn up() -> Telling {
        let mut telling = Telling::new(at(0));
        assert_eq!(telling.step(at(0), DRAWS, || "a".to_owned()), [Word::Ready, status("a")]);
        telling
    }

    #[test]
    fn it_is_up_once_a_board_can_be_drawn_and_says_so_once() {
        let mut telling = Telling::new(at(0));
        assert!(!telling.is_due(at(0), Facts::default()));
        assert_eq!(telling.step(at(0), Facts::default(), || "starting".to_owned()), [status("starting")]);
        assert!(telling.is_due(at(100), DRAWS));
        assert_eq!(telling.step(at(100), DRAWS, || "a".to_owned()), [Word::Ready, status("a")], "with how it fares");
        assert!(!telling.is_due(at(101), DRAWS));
        assert_eq!(telling.step(at(1099), DRAWS, || "b".to_owned()), [], "this one waits for its second");
        assert_eq!(telling.step(at(1100), DRAWS, || "a".to_owned()), []);
        assert_eq!(telling.step(at(2000), Facts::default(), || "a".to_owned()), [], "a death later is no start");
    }

    #[test]
    fn it_is_up_with_what_is_wrong_where_no_board_can_be_drawn() {
        let mut telling = Telling::new(at(0));
        telling.step(at(0), Facts::default(), || "starting".to_owned());
        let late = Mono(1) + limits::READY_DEADLINE;
        assert!(!telling.is_due(Mono(late.0 - 1), Facts::default()));
        assert!(telling.is_due(late, Facts::default()));
        assert_eq!(telling.step(late, Facts::default(), || "wrong".to_owned()), [Word::Ready, status("wrong")]);
    }

    #[test]
    fn a_line_is_said_at_most_once_a_second_and_only_when_it_changed() {
        let mut telling = up();
        assert_eq!(telling.step(at(999), DRAWS, || "b".to_owned()), []);
        assert_eq!(telling.step(at(1000), DRAWS, || "b".to_owned()), [status("b")]);
        assert_eq!(telling.step(at(9000), DRAWS, || "b".to_owned()), []);
    }

    #[test]
    fn a_reading_is_announced_and_its_end_too() {
        let mut telling = up();
        telling.reload();
        let changes = Facts { changes: true, ..DRAWS };
        assert!(telling.is_due(at(10), changes));
        assert_eq!(telling.step(at(10), changes, || "a".to_owned()), [Word::Reloading]);
        assert!(!telling.is_due(at(20), changes));
        assert_eq!(telling.step(at(20), changes, || "a".to_owned()), []);
        assert!(telling.is_due(at(30), DRAWS));
        assert_eq!(telling.step(at(30), DRAWS, || "a".to_owned()), [Word::Ready]);
        assert!(!telling.is_due(at(30), DRAWS));
        // One that is over at once.
        telling.reload();
        assert_eq!(telling.step(at(40), DRAWS, || "a".to_owned()), [Word::Reloading, Word::Ready]);
    }

    #[test]
    fn a_reading_before_it_is_up_is_part_of_the_start() {
        let mut telling = Telling::new(at(0));
        telling.reload();
        let changes = Facts { changes: true, ..Facts::default() };
        assert_eq!(telling.step(at(0), changes, || "a".to_owned()), [status("a")]);
        assert_eq!(telling.step(at(10), DRAWS, || "a".to_owned()), [Word::Ready]);
    }

    #[test]
    fn an_end_is_told_once() {
        let mut telling = up();
        let stops = Facts { stops: true, ..DRAWS };
        assert!(telling.is_due(at(10), stops));
        assert_eq!(telling.step(at(10), stops, || "b".to_owned()), [Word::Stopping]);
        assert!(!telling.is_due(at(20), stops));
        assert_eq!(telling.step(at(1500), stops, || "b".to_owned()), [status("b")]);
        telling.reload();
        assert_eq!(telling.step(at(1600), stops, || "b".to_owned()), []);
    }
}
