//! Whether a worker hangs, from the signs of life it gives and from what the kernel says it did meanwhile.
//!
//! Invariant: a worker is given up only where it was asked, root itself was there to hear the answer, and the kernel let
//! the worker run all the while. One that a person stopped, that its group's limit held back, that waited for a
//! processor or for a disk is excused, however long that lasts, and said to be so. It must not ask or kill by itself.

use std::time::Duration;

use crate::base::Mono;

/// Unanswered for this long, an operator is told, and what the kernel knows is noted to compare with later.
pub const LATE_AFTER: Duration = Duration::from_millis(200);
/// Unanswered for this long, it hangs. With [`ASK_AFTER`] a screen stands still for a second at most until then.
pub const HUNG_AFTER: Duration = Duration::from_millis(800);
/// While somebody watches it is asked so long after its last word: what a second of grace leaves beside [`HUNG_AFTER`].
pub const ASK_AFTER: Duration = Duration::from_millis(200);
/// A worker that reads a configuration, or what workers leave, answers when it has: a thousand boards, tens of megabytes.
pub const READS_FOR: Duration = Duration::from_secs(10);
/// One that draws from now on what it has read already has many first pictures to make, each between two answers.
pub const BEGINS_FOR: Duration = Duration::from_secs(2);
/// A look that comes so much later than asked for comes to a root that could not hear the answer either.
const OVERSLEPT: Duration = Duration::from_millis(100);
/// From when it is late on, what one has of a processor that nobody holds back and that does nothing but loop. However it
/// got so much, an answer would have come.
const CHANCE: Duration = HUNG_AFTER.saturating_sub(LATE_AFTER);
/// One that is excused is looked at when it may have had its chance, but not more often.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A share of the time looked at: one that could not run for so long of it had no fair chance to answer.
const EXCUSED_SHARE: u32 = 4;
/// Looks in a row that may come too late: a root that is always late is slow, not absent.
const OVERSLEPT_MAX: u8 = 8;
/// Where the kernel says nothing of it, nobody can tell whether it could answer: it gets so much longer.
const UNSEEN_HUNG_AFTER: Duration = Duration::from_secs(5);

/// One worker's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    phase: Phase,
    /// It is not looked at before that; gone with as many answers.
    busy: Option<(Mono, u8)>,
    /// Looks that came too late since it answered last.
    overslept: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// It owes nothing.
    Quiet,
    /// It was asked.
    Asked { at: Mono },
    /// It did not answer in time.
    Late(Late),
    /// It was given up.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Late {
    asked: Mono,
    /// It is looked at from then on; what it had done by then.
    since: Mono,
    /// When it may have had its chance, where that is before all of the time is over.
    look_at: Option<Mono>,
    before: Option<Activity>,
    /// What it had done when it was found late.
    at_first: Option<Activity>,
    excuse: Option<Excuse>,
}

/// What the kernel says of a worker; the times since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// A signal or a debugger holds it.
    pub is_stopped: bool,
    /// It waits for a disk, and cannot even be killed meanwhile.
    pub waits_for_disk: bool,
    /// The thread that does its work wants to run now, whether or not it does.
    pub is_runnable: bool,
    /// The thread that does its work ran.
    pub ran: Duration,
    /// The thread that does its work wanted to run and had no processor, as far as such waits are over.
    pub waited: Duration,
    /// Its group had used up its share.
    pub throttled: Duration,
}

/// What became of the time in which it did not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// Since it was asked.
    pub lasted: Duration,
    /// Since it was found late.
    pub ran: Duration,
    /// Since then, as far as such waits are over.
    pub waited: Duration,
}

/// Why it does not answer, without being to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Excuse {
    Stopped,
    Throttled,
    Starved,
    Disk,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was asked, or owes an answer for another reason.
    Asked,
    /// It was given something that takes so long at most.
    Busy(Duration),
    /// It said something.
    Heard,
    /// Root itself stood still, and may not have heard.
    Deaf,
    /// The time asked for by `wake_at` has come; what the kernel says of it now, where it says anything.
    Tick(Option<Activity>),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is late: an operator may want to know.
    Late,
    /// It cannot answer, and viewers are told why.
    Excused(Excuse),
    /// It answers again, after so long.
    Back(Duration),
    /// It hangs. Nothing more is found of this life.
    Hung,
}

// === impl Heartbeat ===

impl Heartbeat {
    pub fn new() -> Heartbeat {
        Heartbeat { phase: Phase::Quiet, busy: None, overslept: 0 }
    }

    /// Why it is silent, while it is excused.
    pub fn excuse(&self) -> Option<Excuse> {
        match self.phase {
            Phase::Late(late) => late.excuse,
            Phase::Quiet | Phase::Asked { .. } | Phase::Lost => None,
        }
    }

    /// Since when it owes an answer.
    pub fn asked_at(&self) -> Option<Mono> {
        match self.phase {
            Phase::Asked { at } => Some(at),
            Phase::Late(late) => Some(late.asked),
            Phase::Quiet | Phase::Lost => None,
        }
    }

    /// What it did while it was silent, given what it has done by now.
    pub fn silence(&self, now: Mono, activity: Option<Activity>) -> Silence {
        let at_first = match self.phase {
            Phase::Late(late) => late.at_first,
            Phase::Quiet | Phase::Asked { .. } | Phase::Lost => None,
        };
        let since = |time: fn(&Activity) -> Duration| {
            let (now, before) = (activity.as_ref().map(time), at_first.as_ref().map(time));
            now.unwrap_or_default().saturating_sub(before.unwrap_or_default())
        };
        Silence {
            lasted: self.asked_at().map_or(Duration::ZERO, |at| now.since(at)),
            ran: since(|activity| activity.ran),
            waited: since(|activity| activity.waited),
        }
    }

    /// When a `Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        let at = match self.phase {
            Phase::Asked { at } => at + LATE_AFTER,
            Phase::Late(late) => late.look_at.unwrap_or(late.since + CHANCE),
            Phase::Quiet | Phase::Lost => return None,
        };
        Some(self.busy.map_or(at, |(until, _)| until.max(at)))
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Option<Finding> {
        match (event, &self.phase) {
            (_, Phase::Lost) => None,
            (Event::Asked, Phase::Quiet) => {
                self.phase = Phase::Asked { at: now };
                None
            }
            (Event::Asked, Phase::Asked { .. } | Phase::Late(_)) => None,
            (Event::Busy(span), phase) => {
                // An answer that is owed already is to a question from before it was given that; the next one is not.
                let answers = if *phase == Phase::Quiet { 1 } else { 2 };
                self.busy = Some((now + span, answers));
                None
            }
            (Event::Heard, phase) => {
                let back = match *phase {
                    Phase::Late(late) => Some(Finding::Back(now.since(late.asked))),
                    Phase::Quiet | Phase::Asked { .. } | Phase::Lost => None,
                };
                (self.phase, self.overslept) = (Phase::Quiet, 0);
                self.busy = self.busy.map(|(until, answers)| (until, answers - 1)).filter(|(_, answers)| *answers > 0);
                back
            }
            (Event::Deaf, phase) => {
                // The answer may lie unread: what was owed is owed from now on.
                match *phase {
                    Phase::Asked { .. } => self.phase = Phase::Asked { at: now },
                    Phase::Late(late) => self.phase = Phase::Late(Late { since: now, look_at: None, ..late }),
                    Phase::Quiet | Phase::Lost => {}
                }
                None
            }
            (Event::Tick(activity), _) => {
                let due = self.wake_at().filter(|due| *due <= now)?;
                if now.since(due) > OVERSLEPT && self.overslept < OVERSLEPT_MAX {
                    self.overslept += 1;
                    return self.step(now, Event::Deaf);
                }
                self.look(now, activity)
            }
        }
    }

    fn look(&mut self, now: Mono, activity: Option<Activity>) -> Option<Finding> {
        match self.phase {
            Phase::Quiet | Phase::Lost => None,
            Phase::Asked { at } => {
                let (before, at_first) = (activity, activity);
                let late = Late { asked: at, since: now, look_at: None, before, at_first, excuse: None };
                self.phase = Phase::Late(late);
                Some(Finding::Late)
            }
            Phase::Late(late) => {
                let unseen = activity.is_none() || late.before.is_none();
                if unseen && now.since(late.asked) < UNSEEN_HUNG_AFTER {
                    let at_first = late.at_first.or(activity);
                    self.phase = Phase::Late(Late { since: now, look_at: None, before: activity, at_first, ..late });
                    return None;
                }
                let Some(after) = late.judge(now, activity) else {
                    self.phase = Phase::Lost;
                    return Some(Finding::Hung);
                };
                self.phase = Phase::Late(after);
                after.excuse.filter(|_| after.excuse != late.excuse).map(Finding::Excused)
            }
        }
    }
}

impl Default for Heartbeat {
    fn default() -> Heartbeat {
        Heartbeat::new()
    }
}

// === impl Late ===

impl Late {
    /// How it goes on; none where it hangs.
    fn judge(self, now: Mono, activity: Option<Activity>) -> Option<Late> {
        let left = self.chance_left(activity);
        // Nobody answers while stopped, however much was done before.
        let is_stopped = [activity, self.before].into_iter().flatten().any(|activity| activity.is_stopped);
        if !is_stopped && left == Some(Duration::ZERO) {
            return None;
        }
        let after = if now >= self.since + CHANCE {
            let excuse = self.excuse(now, activity);
            if excuse.is_none() && self.excuse.is_none() {
                return None;
            }
            // Where what held it up is over, it has a fair chance from now on.
            Late { since: now, before: activity, excuse, ..self }
        } else {
            self
        };
        let soon = left.filter(|_| !is_stopped).map(|left| now + left.max(LOOK_EVERY));
        Some(Late { look_at: soon.filter(|at| *at < after.since + CHANCE), ..after })
    }

    /// Why it could not answer since it was looked at before.
    fn excuse(&self, now: Mono, activity: Option<Activity>) -> Option<Excuse> {
        activity?.excuse_since(&self.before?, now.since(self.since))
    }

    /// What it has to have of a processor yet until nothing excuses it any more; none where nobody can tell.
    fn chance_left(&self, activity: Option<Activity>) -> Option<Duration> {
        let ran = activity?.ran.saturating_sub(self.at_first?.ran);
        Some(CHANCE.saturating_sub(ran))
    }
}

// === impl Activity ===

impl Activity {
    /// Why a worker could not do its work for the time `past`, at whose beginning this was so of it.
    pub fn excuse_since(&self, before: &Activity, past: Duration) -> Option<Excuse> {
        let enough = past / EXCUSED_SHARE;
        let more = |time: fn(&Activity) -> Duration| time(self).saturating_sub(time(before));
        let (ran, waited) = (more(|activity| activity.ran), more(|activity| activity.waited));
        // Its group may be held back for what others in it do; one that sleeps is not kept from anything.
        let wants = self.is_runnable || before.is_runnable || ran + waited > Duration::ZERO;
        // A wait that is not over yet is not counted yet.
        let starves = waited >= enough || self.is_runnable && ran < enough;
        if self.is_stopped || before.is_stopped {
            Some(Excuse::Stopped)
        } else if wants && more(|activity| activity.throttled) >= enough {
            Some(Excuse::Throttled)
        } else if starves {
            Some(Excuse::Starved)
        } else {
            (self.waits_for_disk || before.waits_for_disk).then_some(Excuse::Disk)
        }
    }
}

// === impl Excuse ===

impl Excuse {
    pub const ALL: [Excuse; 4] = [Excuse::Stopped, Excuse::Throttled, Excuse::Starved, Excuse::Disk];

    /// In words, after "the worker".
    pub fn words(self) -> &'static str {
        match self {
            Excuse::Stopped => "was stopped by a signal",
            Excuse::Throttled => "has used up its share of the processor",
            Excuse::Starved => "waits for a processor",
            Excuse::Disk => "waits for a disk",
        }
    }
}

#[cfg(test)]
mod tests;
