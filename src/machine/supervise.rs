//! A supervisor: what it starts, in which order, what it starts again, and when it gives up. To the semantics of
//! Erlang/OTP's `supervisor`, as a pure machine that anything can drive.
//!
//! Invariant: of each child one life runs at most; children are started in order, each once the one before it is ready,
//! and stopped in the reverse order; no more restarts than the plan allows come within its period: one more, and the
//! supervisor stops everything and ends, which its own supervisor takes for a fault. It starts and ends nothing itself,
//! reads no clock, draws no lots, and knows nothing of what its children do.
//!
//! # Children
//!
//! A [`Spec`] has a name for people, a [`Kind`], and says when the child is started again ([`Restart`]), how it is
//! stopped ([`Shutdown`]) and when it counts as started ([`Readiness`]). Those that the supervisor is made with are in
//! order. While it runs [`Event::Add`] adds **dynamic** children, behind all others; they wait for those in order, but
//! neither for each other nor does anything wait for them, and they are stopped all at once, before the others. That is
//! what OTP calls `simple_one_for_one`, beside the rest.
//!
//! | restart | ends as planned | ends by a fault |
//! |---|---|---|
//! | permanent | is started again | is started again |
//! | transient | stays as ended | is started again |
//! | temporary | is forgotten | is forgotten |
//!
//! # Strategies
//!
//! When a child has to be started again, [`Strategy`] says who is with it: nobody, all others, or those that were
//! started after it. They are stopped first, in reverse order, and then all of them are started in order.
//!
//! # Pauses
//!
//! OTP starts a child again at once, always. Here that holds for the first fault after health alone: each further one waits
//! longer, by chance up to half of it shorter, so that a fault that lasts costs little. A child that was ready for
//! [`Plan::healthy_after`] begins anew. Each restart counts for the intensity when it is decided on, not when it is done.
//!
//! # Driving it
//!
//! Whoever drives it does each [`Action`], tells of each end once with the [`Life`] that ended, and calls
//! [`Supervisor::step`] with a [`Event::Tick`] at [`Supervisor::wake_at`]. After [`Action::Over`] nothing follows but
//! [`Action::Refuse`].
//!
//! ```
//! use unblink::base::Mono;
//! use unblink::machine::supervise::{Action, End, Event, Plan, Spec, Strategy, Supervisor};
//!
//! let children = vec![Spec::permanent("listener"), Spec::permanent("reader")];
//! let mut supervisor = Supervisor::new(Plan::new(Strategy::RestForOne), children);
//!
//! let now = Mono(0);
//! let started = supervisor.step(now, Event::Begin);
//! let [Action::Start(listener), Action::Start(reader)] = started[..] else { panic!("both, in order") };
//!
//! // The listener dies, so the reader, which was started after it, is ended first ...
//! let fault = End::Fault("panicked".to_owned());
//! let actions = supervisor.step(now, Event::Ended { life: listener, end: fault, random: 7 });
//! assert_eq!(actions, [Action::Kill(reader)]);
//!
//! // ... and then both are started.
//! let actions = supervisor.step(now, Event::Ended { life: reader, end: End::Normal, random: 7 });
//! assert!(matches!(actions[..], [Action::Start(a), Action::Start(b)] if a.child < b.child));
//! assert_eq!(supervisor.child(listener.child).and_then(|child| child.last_fault()), Some("panicked"));
//! ```

mod child;
mod intensity;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::{Mono, limits};
pub use child::{Child, Kind, Phase, Readiness, Restart, Shutdown, Spec};
use child::{Doom, Verdict};
use intensity::Window;

/// A child within its supervisor, for as long as that lives. In the order they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u64);

/// One life of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    pub child: ChildId,
    /// Among all lives that the supervisor started.
    pub number: u64,
}

/// Who is started again with a child that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// It alone.
    OneForOne,
    /// All.
    OneForAll,
    /// All that were started after it.
    RestForOne,
}

/// How many restarts are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// That many within `period`; one more is too many. At most [`limits::RESTARTS_NOTED_MAX`].
    pub restarts: u32,
    pub period: Duration,
}

/// How a supervisor goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub strategy: Strategy,
    pub intensity: Intensity,
    /// Before the second restart in a row of one child; doubles with each further one.
    pub pause_first: Duration,
    pub pause_max: Duration,
    /// A child that was ready for so long was healthy: its earlier faults are forgotten.
    pub healthy_after: Duration,
}

/// How a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As planned.
    Normal,
    /// By a fault, in words.
    Fault(String),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Start all.
    Begin,
    /// A life whose readiness is said has said so.
    Ready(Life),
    /// Nothing of that life runs any more.
    Ended { life: Life, end: End, random: u64 },
    /// A child more, which will be [`Supervisor::next_id`]; before `Begin` one more in order.
    Add(Spec),
    /// Stop that child, if it runs, and forget it.
    Remove(ChildId),
    /// Stop all, in order and by their deadlines, and end.
    Stop,
    /// End all by force, and end.
    Kill,
    /// The time that `wake_at` asked for has come.
    Tick,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Start(Life),
    /// Ask it to end.
    Stop(Life),
    /// Make it end.
    Kill(Life),
    /// That child is none any more.
    Forget(ChildId),
    /// What was to be added is not: there are too many, or all are being stopped.
    Refuse,
    /// Nothing runs any more, and nothing will.
    Over(Outcome),
}

/// How the supervisor itself ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Outcome {
    #[error("stopped")]
    Stopped,
    /// Too many restarts: a fault of the supervisor, for its own to judge.
    #[error("gave up after too many restarts, the last of {child}: {fault}")]
    GaveUp { child: String, fault: String },
}

/// OTP's own: one restart in five seconds.
const INTENSITY: Intensity = Intensity { restarts: 1, period: Duration::from_secs(5) };
/// Long enough to keep a fault that lasts cheap.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// Nothing should be away for longer once the reason is gone.
const PAUSE_MAX: Duration = Duration::from_secs(30);
const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// What is said of a child that should not have ended and did.
const ENDED: &str = "ended by itself";

/// One supervisor.
#[derive(Debug)]
pub struct Supervisor {
    plan: Plan,
    course: Course,
    children: BTreeMap<ChildId, Child>,
    /// Those of them about which something is to be done or awaited.
    restless: BTreeSet<ChildId>,
    window: Window,
    /// A group is started again no earlier.
    hold: Option<Mono>,
    lives: u64,
    next_id: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Course {
    Idle,
    Up,
    Ending(Outcome),
    Over,
}

// === impl Plan ===

impl Plan {
    /// With OTP's intensity.
    pub const fn new(strategy: Strategy) -> Plan {
        Plan {
            strategy,
            intensity: INTENSITY,
            pause_first: PAUSE_FIRST,
            pause_max: PAUSE_MAX,
            healthy_after: HEALTHY_AFTER,
        }
    }

    pub const fn bearing(self, restarts: u32, period: Duration) -> Plan {
        Plan { intensity: Intensity { restarts, period }, ..self }
    }
}

// === impl Supervisor ===

impl Supervisor {
    /// With children in the order they are started.
    pub fn new(plan: Plan, children: Vec<Spec>) -> Supervisor {
        assert!(plan.intensity.restarts as usize <= limits::RESTARTS_NOTED_MAX, "invariant: the window is bounded");
        assert!(children.len() <= limits::CHILDREN_MAX, "invariant: the children are bounded");
        let mut supervisor = Supervisor {
            plan,
            course: Course::Idle,
            children: BTreeMap::new(),
            restless: BTreeSet::new(),
            window: Window::new(plan.intensity),
            hold: None,
            lives: 0,
            next_id: 0,
        };
        children.into_iter().for_each(|spec| supervisor.insert(spec, false));
        supervisor
    }

    pub fn child(&self, id: ChildId) -> Option<&Child> {
        self.children.get(&id)
    }

    /// In the order they are started.
    pub fn children(&self) -> impl Iterator<Item = (ChildId, &Child)> {
        self.children.iter().map(|(id, child)| (*id, child))
    }

    /// What the next child that is added is known by.
    pub fn next_id(&self) -> ChildId {
        ChildId(self.next_id)
    }

    /// Those about which something is to be done or awaited.
    pub fn restless(&self) -> impl Iterator<Item = ChildId> {
        self.restless.iter().copied()
    }

    pub fn strategy(&self) -> Strategy {
        self.plan.strategy
    }

    /// When that child is started again, where it is not running for a fault.
    pub fn next_retry(&self, id: ChildId) -> Option<Mono> {
        match self.children.get(&id)?.phase() {
            Phase::Waiting { until } => Some(until),
            Phase::Down | Phase::Pending => self.hold,
            _ => None,
        }
    }

    /// Why it gives up, from when it is decided on: its children may take their time to end.
    pub fn gives_up(&self) -> Option<&Outcome> {
        match &self.course {
            Course::Ending(outcome @ Outcome::GaveUp { .. }) => Some(outcome),
            _ => None,
        }
    }

    pub fn is_over(&self) -> bool {
        self.course == Course::Over
    }

    /// When a `Tick` is due.
    pub fn wake_at(&self) -> Option<Mono> {
        if self.course == Course::Over {
            return None;
        }
        let of_children = self.restless.iter().filter_map(|id| match self.children.get(id)?.phase() {
            Phase::Waiting { until } => Some(until),
            Phase::Stopping { kill_at, .. } => kill_at,
            _ => None,
        });
        let group_runs = || {
            let of_group = |child: &&Child| child.doomed() == Some(Doom::Group) && child.life().is_some();
            self.restless.iter().filter_map(|id| self.children.get(id)).any(|child| of_group(&child))
        };
        of_children.chain(self.hold.filter(|_| !group_runs())).min()
    }

    pub fn step(&mut self, now: Mono, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match (event, &self.course) {
            (Event::Add(_), Course::Ending(_) | Course::Over) => actions.push(Action::Refuse),
            (_, Course::Over) => {}
            (Event::Begin, Course::Idle) => self.course = Course::Up,
            (Event::Ready(life), _) => self.ready(now, life),
            (Event::Ended { life, end, random }, _) => self.ended(now, life, end, random, &mut actions),
            (Event::Add(_), _) if self.children.len() >= limits::CHILDREN_MAX => actions.push(Action::Refuse),
            (Event::Add(spec), course) => {
                let is_dynamic = *course != Course::Idle;
                self.insert(spec, is_dynamic);
            }
            (Event::Remove(id), Course::Idle | Course::Up) => self.doom(id, Doom::Gone),
            (Event::Stop, Course::Idle | Course::Up) => self.end(Outcome::Stopped),
            (Event::Kill, _) => self.kill(&mut actions),
            // What all end for is reason enough.
            (Event::Begin | Event::Stop | Event::Tick | Event::Remove(_), _) => {}
        }
        self.advance(now, &mut actions);
        actions
    }

    fn insert(&mut self, spec: Spec, is_dynamic: bool) {
        let id = self.next_id();
        self.next_id += 1;
        self.children.insert(id, Child::new(spec, is_dynamic, &self.plan));
        self.restless.insert(id);
    }

    fn ready(&mut self, now: Mono, life: Life) {
        if let Some(child) = self.children.get_mut(&life.child) {
            child.ready(life.number, now);
            self.note(life.child);
        }
    }

    fn ended(&mut self, now: Mono, life: Life, end: End, random: u64, actions: &mut Vec<Action>) {
        let Some(child) = self.children.get_mut(&life.child) else { return };
        if child.life() != Some(life.number) {
            return;
        }
        let fault = match &end {
            End::Normal => ENDED.to_owned(),
            End::Fault(fault) => fault.clone(),
        };
        match child.ended(now, end) {
            Verdict::Forgotten => self.forget(life.child, actions),
            Verdict::Stays => {}
            Verdict::Again if !self.window.admit(now) => {
                let name = child.name().to_owned();
                child.bring_down();
                self.end(Outcome::GaveUp { child: name, fault });
            }
            Verdict::Again => {
                let until = child.next_start(now, random);
                let first = match self.plan.strategy {
                    Strategy::OneForOne => None,
                    Strategy::OneForAll => Some(ChildId(0)),
                    Strategy::RestForOne => Some(life.child),
                };
                match first {
                    None => child.wait(until),
                    Some(first) => {
                        child.bring_down();
                        self.hold = self.hold.max(Some(until));
                        let group: Vec<ChildId> = self.children.range(first..).map(|(id, _)| *id).collect();
                        group.into_iter().for_each(|id| self.doom(id, Doom::Group));
                    }
                }
            }
        }
        self.note(life.child);
    }

    /// Brings all down, for good.
    fn end(&mut self, outcome: Outcome) {
        self.course = Course::Ending(outcome);
        self.children.values_mut().for_each(Child::ends_with_all);
        self.restless.extend(self.children.keys());
    }

    fn kill(&mut self, actions: &mut Vec<Action>) {
        if !matches!(self.course, Course::Ending(_)) {
            self.end(Outcome::Stopped);
        }
        for (id, child) in self.children.iter_mut().rev() {
            actions.extend(child.kill().map(|number| Action::Kill(Life { child: *id, number })));
        }
    }

    fn doom(&mut self, id: ChildId, doom: Doom) {
        if let Some(child) = self.children.get_mut(&id) {
            child.doom(doom);
            self.restless.insert(id);
        }
    }

    fn forget(&mut self, id: ChildId, actions: &mut Vec<Action>) {
        self.children.remove(&id);
        self.restless.remove(&id);
        actions.push(Action::Forget(id));
    }

    /// Keeps `restless` true after a change of that child.
    fn note(&mut self, id: ChildId) {
        if self.children.get(&id).is_some_and(|child| !child.is_settled()) {
            self.restless.insert(id);
        } else {
            self.restless.remove(&id);
        }
    }
}

// === impl Supervisor: what follows ===

impl Supervisor {
    /// Does what can be done by now.
    fn advance(&mut self, now: Mono, actions: &mut Vec<Action>) {
        if matches!(self.course, Course::Idle | Course::Over) {
            return;
        }
        // Nobody is started while others of a group are still to end.
        if self.bring_down(now, actions) {
            return;
        }
        if let Course::Ending(outcome) = &self.course {
            if self.children.values().all(|child| child.life().is_none()) {
                actions.push(Action::Over(outcome.clone()));
                self.course = Course::Over;
            }
            return;
        }
        self.revive(actions);
        if self.hold.is_some_and(|hold| now < hold) {
            return;
        }
        self.hold = None;
        self.start_due(now, actions);
    }

    /// Stops what is to be stopped, the last first. Whether any of a group still runs.
    fn bring_down(&mut self, now: Mono, actions: &mut Vec<Action>) -> bool {
        let mut later_runs = false;
        let mut group_runs = false;
        for id in self.restless.iter().copied().rev().collect::<Vec<ChildId>>() {
            let Some(child) = self.children.get_mut(&id) else { continue };
            let Some(doom) = child.doomed() else { continue };
            // Those that were added end all at once, the others one after the other.
            let its_turn = child.is_dynamic() || !later_runs || doom == Doom::Gone;
            actions.extend(child.stop_if_due(id, now, its_turn));
            if child.life().is_some() {
                later_runs = true;
                group_runs |= doom == Doom::Group;
            } else if doom == Doom::Gone {
                self.forget(id, actions);
            }
        }
        group_runs
    }

    /// A group that is down begins again, but for those that are not started twice.
    fn revive(&mut self, actions: &mut Vec<Action>) {
        for id in self.restless.iter().copied().collect::<Vec<ChildId>>() {
            let Some(child) = self.children.get_mut(&id) else { continue };
            if child.doomed() == Some(Doom::Group) && !child.revive() {
                self.forget(id, actions);
            }
        }
    }

    fn start_due(&mut self, now: Mono, actions: &mut Vec<Action>) {
        let mut blocked = false;
        for id in self.restless.iter().copied().collect::<Vec<ChildId>>() {
            let Some(child) = self.children.get_mut(&id) else { continue };
            if child.is_due(now) && !blocked {
                self.lives += 1;
                child.start(self.lives, now);
                actions.push(Action::Start(Life { child: id, number: self.lives }));
            }
            blocked |= child.blocks();
            self.note(id);
        }
    }
}

#[cfg(test)]
mod tests;
