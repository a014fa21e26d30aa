//! The configuration as root holds it: which generation is in force, what was read, what the worker is asked about, and
//! who waits for the outcome.
//!
//! Invariant: what is drawn is always a generation that a worker accepted whole. Root looks into no board; bytes go from
//! the thread that reads to the worker that judges. When anything is done `machine::reload` decides.

mod errands;
pub(super) mod start;
mod telling;

use tokio::sync::oneshot;

use super::state::{Course, State};
use super::worker::{News, Offer};
use crate::admin::status::{Change, RefusedRow};
use crate::base::{Diagnostic, Mono, Wall, limits};
use crate::config::generations::{Checksum, Generation};
use crate::config::{Gathered, Settings};
use crate::event::{
    ConfigurationAccepted, ConfigurationDeferred, ConfigurationRefused, ConfigurationUnchanged, ConfigurationUnwatched,
    Event as _, GenerationUnkept,
};
use crate::machine::reload::{Action, Cause, Event, Reading, Reload, Why};
use crate::model::Catalogue;
use crate::runtime::log;
use crate::sys::clock;
use crate::wire::feed::{Complaint, ConfigFile, FileKind, Outcome};

pub use errands::Told;
use errands::{Errand, Errands};
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
    /// Of what the worker accepted and was not told to draw yet.
    catalogue: Option<Catalogue>,
    /// The generation that is asked to come back next; none within for the one before.
    target: Option<Option<u64>>,
    /// Why that cannot be.
    no_target: Option<String>,
    refused: Option<RefusedRow>,
    /// What the present life of the worker was told of that.
    lines_told: Vec<Complaint>,
    /// For the change under way, and for later ones.
    awaiting: Vec<Reply>,
    awaits_rollback: bool,
    later: Vec<(Cause, Reply)>,
    at_restart: Vec<String>,
    unwatched: Option<String>,
    unkept: Option<String>,
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

/// What may be drawn next.
#[derive(Debug)]
struct Candidate {
    files: Vec<ConfigFile>,
    settings: Settings,
    /// About what could not even be read.
    complaints: Vec<Diagnostic>,
    /// Of the files.
    content: Checksum,
    /// Of what lies in the files of today.
    lay_there: Checksum,
    content_of: Option<u64>,
}

// === impl Configuration ===

impl Configuration {
    /// `told` is where the threads tell what they did.
    pub fn new(beginning: Option<Beginning>, told: tokio::sync::mpsc::Sender<Told>) -> std::io::Result<Configuration> {
        let beginning = beginning.unwrap_or_default();
        let errands = beginning.source.map(|source| Errands::start(source, told)).transpose()?;
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
            catalogue: None,
            target: None,
            no_target: None,
            refused: beginning.refused,
            lines_told: Vec::new(),
            awaiting: Vec::new(),
            awaits_rollback: false,
            later: Vec::new(),
            at_restart: Vec::new(),
            unwatched: None,
            unkept: None,
        })
    }

    pub fn wake_at(&self) -> Option<Mono> {
        self.machine.wake_at()
    }

    /// What was read beside what there was.
    fn judge(&mut self, cause: Cause, reading: Result<errands::Reading, Diagnostic>) -> Reading {
        let before = self.seen;
        match reading {
            Err(complaint) => {
                let seen = Checksum::over(complaint.to_string().as_bytes());
                self.seen = Some(seen);
                if cause == Cause::Change && before == Some(seen) {
                    return Reading::Same;
                }
                self.candidate = Some(Candidate {
                    files: Vec::new(),
                    settings: Settings::default(),
                    complaints: vec![complaint],
                    content: seen,
                    lay_there: seen,
                    content_of: None,
                });
                Reading::Refused
            }
            Ok(errands::Reading { gathered, settings, content }) => {
                let seen = start::seen(content, &gathered.complaints);
                (self.seen, self.lay_there) = (Some(seen), Some(content));
                if gathered.complaints.is_empty() && self.in_force.content == Some(content) {
                    // Whatever was wrong meanwhile is as it was.
                    self.refused = None;
                    return Reading::Same;
                }
                if cause == Cause::Change && before == Some(seen) {
                    return Reading::Same;
                }
                let Gathered { files, complaints } = gathered;
                let settings = settings.unwrap_or_default();
                let lay_there = content;
                self.candidate = Some(Candidate { files, settings, complaints, content, lay_there, content_of: None });
                Reading::Differs
            }
        }
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
            drop(reply.send(Change { generation: self.worker.generation(), why, ..Change::default() }));
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
            let refusal = Change { generation: self.worker.generation(), why, ..Change::default() };
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
                let reading = configuration.judge(cause, *reading);
                self.configure(Event::Read(reading), now);
                self.tell_complaints(now);
            }
            Told::Fetched(run, fetched) if run == configuration.run => {
                let reading = self.fetched(*fetched);
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
        }
        self.settle(now)
    }

    fn fetched(&mut self, fetched: Result<errands::Fetched, String>) -> Reading {
        let configuration = &mut self.configuration;
        match fetched {
            Ok(fetched) if configuration.in_force.content == Some(fetched.content) => Reading::Same,
            Ok(errands::Fetched { generation: Generation { number, files, .. }, settings, content }) => {
                let lay_there = configuration.lay_there.unwrap_or(content);
                let (content_of, complaints) = (Some(number), Vec::new());
                configuration.candidate =
                    Some(Candidate { files, settings, complaints, content, lay_there, content_of });
                Reading::Differs
            }
            Err(why) => {
                configuration.no_target = Some(why);
                Reading::Refused
            }
        }
    }

    /// The worker said what it thinks of what it was offered.
    pub(super) fn judged(&mut self, outcome: Outcome, now: Mono) {
        let Some(candidate) = &mut self.configuration.candidate else { return };
        let accepted = match outcome {
            Outcome::Accepted(catalogue) => {
                self.configuration.catalogue = Some(catalogue);
                candidate.complaints.is_empty()
            }
            Outcome::Refused(complaints) => {
                candidate.complaints.extend(complaints);
                candidate.complaints.truncate(limits::DIAGNOSTICS_MAX);
                false
            }
        };
        self.configure(Event::Judged { accepted }, now);
    }

    /// Whether the worker can be asked may have changed.
    pub(super) fn note_worker(&mut self, now: Mono) {
        let ready = self.worker.takes_offers();
        if ready != self.configuration.machine.worker_is_ready() {
            self.configure(if ready { Event::WorkerReady } else { Event::WorkerLost }, now);
        }
    }

    pub(super) fn configuration_tick(&mut self, now: Mono) {
        if self.configuration.machine.wake_at().is_some_and(|at| now >= at) {
            self.configure(Event::Tick, now);
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
                    let generation = self.worker.generation();
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
                    self.worker_fault("did not say in time what it thinks of a configuration".to_owned(), now);
                }
                Action::Keep if self.worker.draws() => self.keep(),
                // It refused what the daemon started with.
                Action::Keep => {}
            }
        }
    }

    fn read_configuration(&mut self, cause: Cause) {
        let before = self.worker.generation();
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

    fn prepare(&mut self, now: Mono) {
        let Some(candidate) = &self.configuration.candidate else { return };
        let offer = Offer { generation: self.configuration.highest.saturating_add(1), files: candidate.files.clone() };
        self.worker.offer(offer, now);
    }

    fn commit(&mut self, cause: Cause, now: Mono) {
        let configuration = &mut self.configuration;
        let (Some(candidate), Some(catalogue)) = (configuration.candidate.take(), configuration.catalogue.take())
        else {
            return;
        };
        let boards = catalogue.boards.len();
        configuration.highest = configuration.highest.saturating_add(1);
        configuration.refused = None;
        configuration.in_force = InForce {
            accepted_at: clock::wall(),
            cause: Some(cause),
            content: Some(candidate.content),
            lay_there: Some(candidate.lay_there),
            content_of: candidate.content_of,
        };
        configuration.note_restart(&candidate.settings);
        log::set_level(candidate.settings.log.level.filter());
        let news = self.worker.take_over(catalogue, now);
        ConfigurationAccepted { generation: self.worker.generation(), cause: cause.words(), boards }.emit();
        if news == News::Drawing {
            self.worker_draws(now);
        }
        self.tell_complaints(now);
        self.keep();
        self.answer_change(true, true, None, Vec::new());
    }

    fn refuse(&mut self, cause: Cause, why: Why, now: Mono) {
        self.worker.withdraw();
        let configuration = &mut self.configuration;
        let complaints = configuration.candidate.take().map(|candidate| candidate.complaints).unwrap_or_default();
        let words = match (why, configuration.no_target.take()) {
            (Why::Complaints, Some(words)) => return self.answer_change(false, false, Some(words), Vec::new()),
            (Why::Complaints, None) => "something is wrong with it",
            (Why::Died, _) => "the worker died while it looked at it",
            (Why::Silent, _) => "the worker did not say in time what it thinks of it",
            (Why::Unread, _) => "it could not be read in time",
        };
        if why != Why::Complaints {
            // The next one to look at it may say otherwise.
            configuration.seen = None;
        }
        if why == Why::Unread {
            // What comes of it is late by now.
            configuration.run += 1;
        }
        // Of a rollback only whoever asked for it is told: what lies in the files is not concerned.
        if cause != Cause::Rollback {
            let at_ms = clock::wall().0;
            configuration.refused =
                Some(RefusedRow { at_ms, cause, why: words.to_owned(), complaints: complaints.clone() });
        }
        let generation = self.worker.generation();
        ConfigurationRefused { cause: cause.words(), why: words, complaints: &complaints, generation }.emit();
        self.tell_complaints(now);
        self.answer_change(false, false, Some(words.to_owned()), complaints);
    }

    /// Keeps what is in force.
    fn keep(&mut self) {
        let configuration = &mut self.configuration;
        let Some(errands) = &configuration.errands else { return };
        let files: Vec<ConfigFile> = self.worker.files().to_vec();
        // A configuration with something left out is none to go back to.
        if files.iter().any(|file| file.kind == FileKind::LeftOut) {
            return;
        }
        let InForce { accepted_at, cause, lay_there, .. } = configuration.in_force;
        let number = self.worker.generation();
        let lay_there = lay_there.unwrap_or_else(|| Checksum::of(&files));
        let cause = cause.unwrap_or(Cause::Start);
        let generation = Generation { number, accepted_at, cause, lay_there, files };
        if !errands.send(Errand::Keep(Box::new(generation))) {
            let why = "the thread that writes it is held up".to_owned();
            GenerationUnkept { generation: number, why: &why }.emit();
            configuration.unkept = Some(why);
        }
    }
}
