//! One child of a supervisor: what it was meant to be, and how it fares.
//!
//! Invariant: a life begins only when none is left, and a child that was asked to end is killed once, when its time is up.

use std::time::Duration;

use super::{Action, ChildId, End, Life, Plan};
use crate::base::{Mono, bounded, limits};
use crate::machine::backoff::Backoff;

/// What a child is, for people; the machine treats all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Task,
    Thread,
    Process,
    Supervisor,
}

/// When a child that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After a fault.
    Transient,
    /// Never; it is forgotten.
    Temporary,
}

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// By force at once: it has nothing to put in order.
    Brutal,
    /// It is asked to, and ended by force after so long.
    Within(Duration),
    /// It is asked to, and waited for: what a supervisor needs, whose children have deadlines of their own.
    Unlimited,
}

/// When a child counts as started, so that the next one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    AtOnce,
    /// When it says so.
    WhenSaid,
}

/// What a child is meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub name: String,
    pub kind: Kind,
    pub restart: Restart,
    pub shutdown: Shutdown,
    pub readiness: Readiness,
}

/// How a child fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// To be started when its turn comes.
    Pending,
    /// Started, and not ready.
    Starting { life: u64, since: Mono },
    /// Ready.
    Running { life: u64, since: Mono },
    /// Ended by a fault; started again then.
    Waiting { until: Mono },
    /// Asked to end; ended by force then.
    Stopping { life: u64, kill_at: Option<Mono> },
    /// Ended by force, and not gone yet.
    Killing { life: u64 },
    /// Gone, until its group is started again.
    Down,
    /// Ended as planned, for good.
    Done,
}

/// Why a child is to be brought down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doom {
    /// With others, which are started again together or end with the supervisor.
    Group,
    /// It is not wanted any more.
    Gone,
}

/// What follows from an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Again,
    Stays,
    Forgotten,
}

/// One child.
#[derive(Debug)]
pub struct Child {
    spec: Spec,
    is_dynamic: bool,
    phase: Phase,
    doom: Option<Doom>,
    /// It was ready since its group was started last: whoever comes after it need not wait.
    was_ready: bool,
    starts: u64,
    /// Faults since the last healthy stretch.
    faults_in_a_row: u32,
    backoff: Backoff,
    healthy_after: Duration,
    last_fault: Option<String>,
}

// === impl Kind ===

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::Thread => "thread",
            Kind::Process => "process",
            Kind::Supervisor => "supervisor",
        }
    }
}

// === impl Spec ===

impl Spec {
    /// A task that is always there, and has nothing to put in order when it is to end.
    pub fn permanent(name: impl Into<String>) -> Spec {
        Spec {
            name: name.into(),
            kind: Kind::Task,
            restart: Restart::Permanent,
            shutdown: Shutdown::Brutal,
            readiness: Readiness::AtOnce,
        }
    }

    /// The same that may come to an end.
    pub fn transient(name: impl Into<String>) -> Spec {
        Spec { restart: Restart::Transient, ..Spec::permanent(name) }
    }

    /// The same that is there once.
    pub fn temporary(name: impl Into<String>) -> Spec {
        Spec { restart: Restart::Temporary, ..Spec::permanent(name) }
    }

    /// A supervisor, which is always there and takes the time its own children take.
    pub fn supervisor(name: impl Into<String>) -> Spec {
        Spec { kind: Kind::Supervisor, shutdown: Shutdown::Unlimited, ..Spec::permanent(name) }
    }

    pub fn of(self, kind: Kind) -> Spec {
        Spec { kind, ..self }
    }

    pub fn stopped(self, shutdown: Shutdown) -> Spec {
        Spec { shutdown, ..self }
    }

    pub fn ready_when_said(self) -> Spec {
        Spec { readiness: Readiness::WhenSaid, ..self }
    }
}

// === impl Child ===

impl Child {
    pub fn new(spec: Spec, is_dynamic: bool, plan: &Plan) -> Child {
        Child {
            spec,
            is_dynamic,
            phase: Phase::Pending,
            doom: None,
            was_ready: false,
            starts: 0,
            faults_in_a_row: 0,
            backoff: Backoff::new(plan.pause_first, plan.pause_max),
            healthy_after: plan.healthy_after,
            last_fault: None,
        }
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    pub fn name(&self) -> &str {
        &self.spec.name
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// It was added while the supervisor ran.
    pub fn is_dynamic(&self) -> bool {
        self.is_dynamic
    }

    /// Starts after the first one.
    pub fn restarts(&self) -> u64 {
        self.starts.saturating_sub(1)
    }

    /// Of its last end that was not as planned.
    pub fn last_fault(&self) -> Option<&str> {
        self.last_fault.as_deref()
    }

    /// The life that runs, if any does.
    pub fn life(&self) -> Option<u64> {
        match self.phase {
            Phase::Starting { life, .. }
            | Phase::Running { life, .. }
            | Phase::Stopping { life, .. }
            | Phase::Killing { life } => Some(life),
            Phase::Pending | Phase::Waiting { .. } | Phase::Down | Phase::Done => None,
        }
    }

    /// It was told to end, or is ended by force.
    pub fn is_asked(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. } | Phase::Killing { .. })
    }

    pub(super) fn doomed(&self) -> Option<Doom> {
        self.doom
    }

    /// Nothing is to be done about it, or awaited.
    pub(super) fn is_settled(&self) -> bool {
        self.doom.is_none() && matches!(self.phase, Phase::Running { .. } | Phase::Done)
    }

    /// Those after it wait for it.
    pub(super) fn blocks(&self) -> bool {
        !self.is_dynamic && !self.was_ready && self.phase != Phase::Done
    }

    pub(super) fn is_due(&self, now: Mono) -> bool {
        match self.phase {
            Phase::Pending => self.doom.is_none(),
            Phase::Waiting { until } => self.doom.is_none() && now >= until,
            _ => false,
        }
    }

    pub(super) fn start(&mut self, life: u64, now: Mono) {
        debug_assert!(self.life().is_none(), "invariant: one life at a time");
        self.starts += 1;
        self.phase = Phase::Starting { life, since: now };
        if self.spec.readiness == Readiness::AtOnce {
            self.ready(life, now);
        }
    }

    pub(super) fn ready(&mut self, number: u64, now: Mono) {
        if matches!(self.phase, Phase::Starting { life, .. } if life == number) {
            self.phase = Phase::Running { life: number, since: now };
            self.was_ready = true;
        }
    }

    /// It is to be brought down. Who is to go for good is not brought back by others.
    pub(super) fn doom(&mut self, doom: Doom) {
        if self.doom != Some(Doom::Gone) {
            self.doom = Some(doom);
        }
    }

    /// The supervisor ends, whatever else was to become of it.
    pub(super) fn ends_with_all(&mut self) {
        self.doom = Some(Doom::Group);
    }

    /// Its life ended; what follows where nobody asked it to.
    pub(super) fn ended(&mut self, now: Mono, end: End) -> Verdict {
        self.note_health(now);
        let is_fault = matches!(end, End::Fault(_));
        // An end that was asked for is none by a fault, whatever it says.
        if let End::Fault(fault) = end
            && !self.is_asked()
        {
            self.last_fault = Some(bounded::beginning(&fault, limits::ROW_BYTES_MAX).to_owned());
        }
        self.phase = Phase::Down;
        match (self.doom, self.spec.restart) {
            (Some(Doom::Gone), _) | (None, Restart::Temporary) => Verdict::Forgotten,
            (Some(Doom::Group), _) => Verdict::Stays,
            (None, Restart::Permanent) => Verdict::Again,
            (None, Restart::Transient) if is_fault => Verdict::Again,
            (None, Restart::Transient) => {
                self.phase = Phase::Done;
                Verdict::Stays
            }
        }
    }

    /// Forgets earlier faults when the life that ends now was a healthy one.
    fn note_health(&mut self, now: Mono) {
        if let Phase::Running { since, .. } = self.phase
            && now.since(since) >= self.healthy_after
        {
            self.faults_in_a_row = 0;
            self.backoff.reset();
        }
    }

    /// When it is started again: at once after the first fault since it was healthy.
    pub(super) fn next_start(&mut self, now: Mono, random: u64) -> Mono {
        self.faults_in_a_row = self.faults_in_a_row.saturating_add(1);
        if self.faults_in_a_row == 1 { now } else { now + self.backoff.next(random) }
    }

    pub(super) fn wait(&mut self, until: Mono) {
        self.phase = Phase::Waiting { until };
    }

    pub(super) fn bring_down(&mut self) {
        self.phase = Phase::Down;
    }

    /// The next step towards its end: asks it, or forces it when its time is up.
    pub(super) fn stop_if_due(&mut self, child: ChildId, now: Mono, its_turn: bool) -> Option<Action> {
        match self.phase {
            Phase::Starting { life, .. } | Phase::Running { life, .. } if its_turn => {
                self.note_health(now);
                let kill_at = match self.spec.shutdown {
                    Shutdown::Brutal => {
                        self.phase = Phase::Killing { life };
                        return Some(Action::Kill(Life { child, number: life }));
                    }
                    Shutdown::Within(deadline) => Some(now + deadline),
                    Shutdown::Unlimited => None,
                };
                self.phase = Phase::Stopping { life, kill_at };
                Some(Action::Stop(Life { child, number: life }))
            }
            Phase::Stopping { life, kill_at: Some(at) } if now >= at => {
                self.last_fault = Some("did not stop in time and was killed".to_owned());
                self.phase = Phase::Killing { life };
                Some(Action::Kill(Life { child, number: life }))
            }
            Phase::Pending | Phase::Waiting { .. } | Phase::Done => {
                self.phase = Phase::Down;
                None
            }
            _ => None,
        }
    }

    /// By force, at once. The life, if one runs and was not killed before.
    pub(super) fn kill(&mut self) -> Option<u64> {
        let life = self.life().filter(|_| !matches!(self.phase, Phase::Killing { .. }))?;
        self.phase = Phase::Killing { life };
        Some(life)
    }

    /// Its group begins again. False for one that is never started twice.
    pub(super) fn revive(&mut self) -> bool {
        self.doom = None;
        self.phase = Phase::Pending;
        self.was_ready = false;
        self.spec.restart != Restart::Temporary
    }
}
