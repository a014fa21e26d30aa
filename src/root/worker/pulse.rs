//! Whether a worker still answers: what it is asked, and what is made of its silence.
//!
//! Invariant: one question at a time is owed an answer, and only that answer counts. While nobody watches it is asked
//! once a second, with how root fares; otherwise so often that a picture stands still for a second at most, and not while
//! it says something all the time.

use std::time::Duration;

use crate::base::Mono;
use crate::machine::heartbeat::{ASK_AFTER, Activity, Event, Excuse, Finding, Heartbeat, Silence};

/// One life's.
#[derive(Debug, Default)]
pub struct Pulse {
    nonce: u64,
    heartbeat: Heartbeat,
    is_owed: bool,
    /// When it is asked between two seconds.
    next_ask: Option<Mono>,
    silence: Silence,
    lateness: Lateness,
}

/// How often it owed an answer for long, over all lives.
#[derive(Clone, Copy, Debug, Default)]
struct Lateness {
    times: u64,
    /// When somebody was told of it last.
    told_at: Option<Mono>,
}

/// A worker whose every picture takes so long would fill a log.
const LATENESS_TOLD_EVERY: Duration = Duration::from_secs(60);

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody asked for it.
    Strange,
    InTime,
    /// It was found late before; for how long it was silent, and whether viewers were told.
    Late(Duration, bool),
}

// === impl Pulse ===

impl Pulse {
    /// The same for the next life: no answer of an earlier one fits.
    pub fn renew(&mut self) {
        *self = Pulse { nonce: self.nonce, lateness: self.lateness, ..Pulse::default() };
    }

    /// It takes the place of another one, and counts on where that one counted.
    pub fn counts_on(&mut self, other: &Pulse) {
        self.lateness.times += other.lateness.times;
        self.lateness.told_at = self.lateness.told_at.max(other.lateness.told_at);
    }

    /// It owes an answer for long; whether somebody is to be told of that.
    pub fn note_late(&mut self, now: Mono) -> bool {
        self.lateness.times += 1;
        let is_told = self.lateness.told_at.is_none_or(|at| now.since(at) >= LATENESS_TOLD_EVERY);
        if is_told {
            self.lateness.told_at = Some(now);
        }
        is_told
    }

    /// How often that was so.
    pub fn times_late(&self) -> u64 {
        self.lateness.times
    }

    /// The number of the question that was asked last.
    pub fn asked(&self) -> u64 {
        self.nonce
    }

    /// The number of a question that may be asked now; none while an answer is owed.
    pub fn ask(&mut self, now: Mono) -> Option<u64> {
        if self.is_owed {
            return None;
        }
        self.nonce += 1;
        (self.is_owed, self.next_ask) = (true, None);
        self.heartbeat.step(now, Event::Asked);
        Some(self.nonce)
    }

    /// Whether it is time for one more question, where somebody watches.
    pub fn ask_is_due(&self, now: Mono) -> bool {
        !self.is_owed && self.next_ask.is_some_and(|at| now >= at)
    }

    /// It said something that it was not asked for, which tells as much: the next question can wait.
    pub fn spoke(&mut self, now: Mono) {
        self.next_ask = self.next_ask.map(|_| now + ASK_AFTER);
    }

    pub fn answered(&mut self, nonce: u64, now: Mono) -> Answer {
        if nonce != self.nonce || !self.is_owed {
            return Answer::Strange;
        }
        (self.is_owed, self.next_ask) = (false, Some(now + ASK_AFTER));
        let told = self.excuse().is_some();
        match self.heartbeat.step(now, Event::Heard) {
            Some(Finding::Back(after)) => Answer::Late(after, told),
            _ => Answer::InTime,
        }
    }

    /// It was given something that takes so long at most.
    pub fn busy(&mut self, span: Duration, now: Mono) {
        self.heartbeat.step(now, Event::Busy(span));
    }

    /// Root itself stood still.
    pub fn forgive(&mut self, now: Mono) {
        self.heartbeat.step(now, Event::Deaf);
    }

    /// What is to be made of the silence by now, and of what the worker did meanwhile; that is only looked up when it is
    /// needed.
    pub fn look(&mut self, activity: impl FnOnce() -> Option<Activity>, now: Mono) -> Option<Finding> {
        self.heartbeat.wake_at().filter(|due| *due <= now)?;
        let activity = activity();
        self.silence = self.heartbeat.silence(now, activity);
        self.heartbeat.step(now, Event::Tick(activity))
    }

    /// What it had done in its silence when it was looked at last.
    pub fn silence(&self) -> Silence {
        self.silence
    }

    pub fn excuse(&self) -> Option<Excuse> {
        self.heartbeat.excuse()
    }

    /// When `look` or, where somebody watches, a question is due.
    pub fn wake_at(&self, is_watched: bool) -> Option<Mono> {
        [self.heartbeat.wake_at(), self.next_ask.filter(|_| is_watched)].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_says_something_all_the_time_is_not_asked_in_between() {
        let at = |ms: u64| Mono(ms * 1_000_000);
        let mut pulse = Pulse::default();
        pulse.spoke(at(0));
        assert_eq!(pulse.wake_at(true), None, "nothing before the first question");
        let nonce = pulse.ask(at(0)).expect("nothing is owed");
        // What it says meanwhile is no answer.
        pulse.spoke(at(100));
        assert_eq!(pulse.wake_at(true), Some(at(200)), "then it is late");
        assert_eq!(pulse.answered(nonce, at(150)), Answer::InTime);
        assert_eq!(pulse.wake_at(true), Some(at(350)));
        for ms in (200..1_000).step_by(100) {
            pulse.spoke(at(ms));
            assert!(!pulse.ask_is_due(at(ms + 199)) && pulse.ask_is_due(at(ms + 200)), "{ms}");
        }
        assert_eq!(pulse.wake_at(false), None, "while nobody watches it is not asked in between at all");
    }

    #[test]
    fn one_that_is_late_again_and_again_is_counted_each_time_and_told_of_once_a_minute() {
        let mut pulse = Pulse::default();
        let told = |pulse: &mut Pulse, at_s: u64| pulse.note_late(Mono(at_s * 1_000_000_000));
        assert_eq!([1, 2, 60].map(|at_s| told(&mut pulse, at_s)), [true, false, false]);
        pulse.renew();
        assert_eq!([61, 62].map(|at_s| told(&mut pulse, at_s)), [true, false], "also of its next life");
        let mut successor = Pulse::default();
        // While it was tried.
        assert!(told(&mut successor, 63));
        successor.counts_on(&pulse);
        assert!(!told(&mut successor, 122));
        assert_eq!(successor.times_late(), 7);
    }
}
