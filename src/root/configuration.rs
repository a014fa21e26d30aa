//! The configuration as root holds it: which generation is in force, what was read, what the worker is asked about, and
//! who waits for the outcome.
//!
//! Invariant: what is drawn is always a generation that all workers accepted whole. Root looks into no board; bytes go from
//! the thread that reads to the worker that judges. When anything is done `machine::reload` decides.

mod candidate;
mod errands;
mod gone;
mod keeping;
pub(super) mod start;
mod telling;

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::state::{Course, State};
use super::tenants::Name;
use crate::admin::status::{Change, RefusedRow};
use crate::base::{Mono, Wall, limits};
use crate::config::Settings;
use crate::config::generations::Checksum;
use crate::event::{
    ConfigurationDeferred, ConfigurationUnchanged, ConfigurationUnwatched, Event as _, GenerationUnkept,
};
use crate::machine::reload::{Action, Cause, Event, Reload};
use crate::runtime::supervisor::Supervisor;
use crate::wire::feed::Complaint;

use candidate::Candidate;
pub use errands::Told;
use errands::{Errand, Errands};
use gone::Gone;
use start::Beginning;

/// Whoever waits for an outcome.
pub type Reply = oneshot::Sender<Change>;

/// Everything about configuration that root holds.
#[derive(Debug)]
pub struct Configuration {
    machine: Reload,
    /// None for a root that reads nothing: what it began with stays.
    errands: Option<Errands>,
    /// Readings begun; what an earlier one brings is not believed.
    run: u64,
    /// What it started with, and what therefore cannot change before the next start.
    fixed: Settings,
    in_force: InForce,
    /// The highest number ever used.
    highest: u64,
    /// Of what lay in the files when they were last read; none when they are to be looked at in any case.
    seen: Option<Checksum>,
    /// Of the files alone.
    lay_there: Option<Checksum>,
    candidate: Option<Candidate>,
    /// The generation that is asked to come back next; none within for the one before.
    target: Option<Option<u64>>,
    /// Why that cannot be.
    no_target: Option<String>,
    refused: Option<RefusedRow>,
    /// The same for the screens of each tenant.
    lines: BTreeMap<String, Vec<Complaint>>,
    /// For the change under way, and for later ones.
    awaiting: Vec<Reply>,
    awaits_rollback: bool,
    /// Tenants whose workers did not say in time what they think of it.
    silent: Vec<Name>,
    later: Vec<(Cause, Reply)>,
    at_restart: Vec<String>,
    gone: Gone,
    unwatched: Option<String>,
    unkept: Option<String>,
    /// Where it lies, and what outlives the daemon; for whoever asks.
    file: Option<String>,
    state: Option<String>,
}

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    pub accepted_at: Wall,
    pub cause: Option<Cause>,
    /// Of its files.
    pub content: Option<Checksum>,
    /// Of what lay in the files then.
    pub lay_there: Option<Checksum>,
    pub content_of: Option<u64>,
}

// === impl Configuration ===

impl Configuration {
    /// `told` is where the threads tell what they did, which hang under `top`.
    pub fn new(
        beginning: Option<Beginning>,
        told: tokio::sync::mpsc::Sender<Told>,
        top: &Supervisor,
    ) -> std::io::Result<Configuration> {
        let beginning = beginning.unwrap_or_default();
        let source = beginning.source.as_ref();
        let (file, state) = (source.map(errands::Source::file), source.and_then(errands::Source::state));
        let start = |source| Errands::start(source, told, &top.adopt("configuration", errands::PLAN));
        let errands = beginning.source.map(start).transpose()?;
        Ok(Configuration {
            machine: Reload::new(beginning.is_new),
            errands,
            run: 0,
            fixed: beginning.settings,
            highest: beginning.highest.max(beginning.generation),
            lay_there: beginning.lay_there,
            in_force: beginning.in_force,
            seen: beginning.seen,
            candidate: None,
            target: None,
            no_target: None,
            refused: beginning.refused,
            lines: beginning.lines,
            awaiting: Vec::new(),
            awaits_rollback: false,
            silent: Vec::new(),
            later: Vec::new(),
            at_restart: Vec::new(),
            gone: Gone::default(),
            unwatched: None,
            unkept: None,
            file,
            state,
        })
    }

    /// What the daemon began with.
    pub fn recycle_after(&self) -> Option<std::time::Duration> {
        self.fixed.workers.recycle_after
    }

    /// Whether faults on purpose were enabled when it started.
    pub fn faults(&self) -> bool {
        self.fixed.faults.enabled
    }

    /// Nothing is read any more: the threads end.
    pub fn close(&mut self) {
        self.errands = None;
    }

    /// What is wrong with what lies there, where it was refused.
    pub fn why_refused(&self) -> Option<String> {
        let RefusedRow { why, complaints, .. } = self.refused.as_ref()?;
        let Some(first) = complaints.first() else { return Some(why.clone()) };
        Some(format!("{}:{}: {}", first.file, first.line, first.message))
    }

    /// Whether a change is under way.
    pub fn is_changing(&self) -> bool {
        self.machine.is_under_way()
    }

    pub fn wake_at(&self) -> Option<Mono> {
        self.machine.wake_at().into_iter().chain(self.gone.wake_at()).min()
    }
}

// === impl State ===

impl State {
    /// Somebody wants the files to be read.
    pub fn reload(&mut self, cause: Cause, reply: Option<Reply>, now: Mono) -> Course {
        self.ask(cause, reply, now);
        self.settle(now)
    }

    /// Somebody wants an older generation back; none for the one before.
    pub fn roll_back(&mut self, number: Option<u64>, reply: Reply, now: Mono) -> Course {
        if self.configuration.target.is_some() {
            let why = Some("another rollback waits already".to_owned());
            drop(reply.send(Change { generation: self.generation(), why, ..Change::default() }));
            return Course::On;
        }
        self.configuration.target = Some(number);
        self.ask(Cause::Rollback, Some(reply), now);
        self.settle(now)
    }

    fn ask(&mut self, cause: Cause, reply: Option<Reply>, now: Mono) {
        if self.configuration.errands.is_none() || self.stopping() {
            self.configuration.target = None;
            let why = Some("this daemon reads no configuration now".to_owned());
            let refusal = Change { generation: self.generation(), why, ..Change::default() };
            return reply.into_iter().for_each(|reply| drop(reply.send(refusal.clone())));
        }
        let waiting = self.configuration.later.len() + self.configuration.awaiting.len();
        if waiting < limits::CHANGES_AWAITED_MAX {
            self.configuration.later.extend(reply.map(|reply| (cause, reply)));
        }
        self.configure(Event::Asked(cause), now);
    }

    /// What the threads did.
    pub fn told(&mut self, told: Told, now: Mono) -> Course {
        self.note_own_stall(now);
        let configuration = &mut self.configuration;
        match told {
            Told::Noticed => self.configure(Event::Noticed, now),
            Told::Watching(trouble) => {
                if let Some(why) = &trouble {
                    ConfigurationUnwatched { why }.emit();
                }
                configuration.unwatched = trouble;
            }
            Told::Read(run, reading) if run == configuration.run => {
                let cause = configuration.machine.cause().unwrap_or(Cause::Change);
                let present = self.tenants.names();
                let reading = configuration.judge(cause, *reading, &present);
                self.note_workers(now);
                self.configure(Event::Read(reading), now);
                self.tell_complaints(now);
            }
            Told::Fetched(run, fetched) if run == configuration.run => {
                let reading = self.configuration.fetched(*fetched);
                self.note_workers(now);
                self.configure(Event::Read(reading), now);
            }
            // The disk is back: what lies there is worth another look.
            Told::Read(..) => self.configure(Event::Noticed, now),
            Told::Fetched(..) => {}
            Told::Kept(generation, kept) => {
                let why = kept.err().map(|error| error.to_string());
                if let (Some(why), None) = (&why, &configuration.unkept) {
                    GenerationUnkept { generation, why }.emit();
                }
                configuration.unkept = why;
            }
            Told::Looked(outcome) => configuration.gone.looked(outcome),
        }
        self.settle(now)
    }

    pub(super) fn configuration_tick(&mut self, now: Mono) {
        if self.configuration.machine.wake_at().is_some_and(|at| now >= at) {
            self.configure(Event::Tick, now);
        }
        let configuration = &mut self.configuration;
        if configuration.gone.wake_at().is_some_and(|at| now >= at) {
            let is_sent = configuration.errands.as_ref().is_some_and(|errands| errands.send(Errand::Look));
            configuration.gone.look(is_sent, now);
        }
    }

    fn configure(&mut self, event: Event, now: Mono) {
        for action in self.configuration.machine.step(now, event) {
            match action {
                Action::Read(cause) => self.read_configuration(cause),
                Action::Prepare => self.prepare(now),
                Action::Commit(cause) => self.commit(cause, now),
                Action::Refuse(cause, why) => self.refuse(cause, why, now),
                Action::Unchanged(cause) => {
                    let generation = self.generation();
                    let is_asked_for = cause != Cause::Change;
                    ConfigurationUnchanged { is_asked_for, cause: cause.words(), generation }.emit();
                    self.configuration.candidate = None;
                    self.answer_change(true, false, None, Vec::new());
                }
                Action::Defer(cause) => {
                    ConfigurationDeferred { cause: cause.words() }.emit();
                    let why = "no worker is there to look at it; it is looked at as soon as there is one";
                    self.answer_change(false, false, Some(why.to_owned()), Vec::new());
                }
                Action::EndWorker => {
                    for name in std::mem::take(&mut self.configuration.silent) {
                        let why = "did not say in time what it thinks of a configuration";
                        self.worker_fault(&name, why.to_owned(), now);
                    }
                }
                Action::Keep if self.tenants.all().all(|(_, tenant)| tenant.worker.draws()) => self.keep(),
                // It refused what the daemon started with.
                Action::Keep => {}
            }
        }
    }

    fn read_configuration(&mut self, cause: Cause) {
        let before = self.generation();
        let is_rollback = cause == Cause::Rollback;
        // Whoever waits for a change that gave way to this one: a later reading of files is as good as an earlier one.
        if self.configuration.awaits_rollback != is_rollback {
            self.answer_change(false, false, Some("a newer change took its place".to_owned()), Vec::new());
        }
        let configuration = &mut self.configuration;
        configuration.awaits_rollback = is_rollback;
        if configuration.candidate.take().is_some() {
            // Nobody has judged it: what lies there is as new as it was.
            configuration.seen = None;
        }
        for (cause, reply) in std::mem::take(&mut configuration.later) {
            if (cause == Cause::Rollback) == is_rollback {
                configuration.awaiting.push(reply);
            } else {
                configuration.later.push((cause, reply));
            }
        }
        configuration.run += 1;
        let run = configuration.run;
        let errand = if is_rollback {
            Errand::Fetch { run, number: configuration.target.take().flatten(), before }
        } else {
            Errand::Read(run)
        };
        // Where it cannot be sent the time for reading runs out.
        configuration.errands.as_ref().map(|errands| errands.send(errand));
    }
}
