//! One tenant's worker as root knows it: its life, what it agreed to, what it last said of itself.
//!
//! Invariant: at most one life at a time; messages of an earlier one are never believed. Whatever the worker does, root
//! only notes it, ends it and starts the next one as `machine::incarnation` decides.

mod agreement;
mod asking;
mod ending;
mod pulse;
mod remains;
mod row;
mod succession;
mod told;

use std::time::Duration;

use rustc_hash::FxHashSet;
use tokio::sync::mpsc;

use super::allowance::Allowance;
use super::launch::Launcher;
use super::link::{Heard, LifeId, Link};
use crate::base::{BUILD_ID, Epoch, Mono, ViewId, limits};
use crate::event::{Event, FeedViolation, WorkerStarted};
use crate::machine::heartbeat::Activity;
use crate::machine::incarnation::{self, Action, Incarnation, Phase};
use crate::machine::ledger::{Ledger, Row};
use crate::model::{Catalogue, Vitals};
use crate::runtime::Registration;
use crate::runtime::supervisor::Supervisor;
use crate::sys::memory_file::MemoryFile;
use crate::sys::random;
use crate::wire::feed::{self, ConfigFile, Hello, Outcome, ToWorker, WorkerStatus};
use ending::Ending;
use pulse::Pulse;

#[derive(Debug)]
pub struct Worker {
    tenant: String,
    /// Among all workers there ever were.
    id: u64,
    launcher: Launcher,
    /// Keeps the tasks of its lives.
    keeper: Supervisor,
    incarnation: Incarnation,
    link: Option<Link>,
    /// Views of which a credit goes back with what is said next: of its tenant, in this life, and subscribed to.
    credits: FxHashSet<ViewId>,
    /// Views that were told to use none of theirs.
    held: FxHashSet<ViewId>,
    epoch: Epoch,
    stage: Stage,
    files: Vec<ConfigFile>,
    /// Of `files`.
    generation: u64,
    accepted: bool,
    /// It is asked whether its tenant can come, and draws nothing before that is settled.
    on_trial: bool,
    /// What the present life is asked about beside that.
    offered: Option<Offer>,
    /// It said what it thinks of that.
    judged: bool,
    /// Offers that were withdrawn before it said so: that many answers come before the one to the present offer.
    stale: u32,
    catalogue: Option<Catalogue>,
    last_fault: Option<String>,
    /// A worker drew since.
    fault_is_over: bool,
    status: WorkerStatus,
    /// When it said so.
    status_at: Mono,
    statuses: Allowance,
    /// Its place in the tree, whether it lives or not.
    row: Registration,
    /// When the present life began.
    begun_at: Option<Mono>,
    heard: mpsc::Sender<(LifeId, Heard)>,
    pulse: Pulse,
    ending: Ending,
    /// Why it was given up.
    given_up: Option<incarnation::Cause>,
    /// How often its calls had been noted before it was asked for them, where it hung.
    asked_before: Option<usize>,
    /// What it had done when it was started, or when it was excused for not being ready.
    at_start: Option<Activity>,
    ledger: Ledger,
    /// What the present life was told to leave alone.
    told_resting: Vec<Row>,
    /// Somebody watches what it draws.
    is_watched: bool,
    /// What it is to be told with the next question.
    vitals: Option<Vitals>,
    /// Its feed ended; its own end should follow at once.
    hung_up_at: Option<Mono>,
    /// How often a successor took the place.
    recycled: u64,
    /// A successor failed: none is tried before then.
    recycle_not_before: Option<Mono>,
    /// Nothing is drawn, and from then on viewers are told so.
    banner_at: Option<Mono>,
}

/// How far the present life has come.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Down,
    Greeting,
    Preparing,
    /// It accepted, and waits for the others.
    Tried,
    Refused(String),
    Drawing,
}

/// What changed for the views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Nothing,
    /// What it says of what it was offered.
    Judged(Outcome),
    /// It draws from now on and knows of no view.
    Drawing,
    /// It answers again.
    Answers,
}

/// A configuration that may come into force.
#[derive(Clone, Debug)]
pub struct Offer {
    pub generation: u64,
    pub files: Vec<ConfigFile>,
}

/// A process that closed its feed has this long to end by itself, so that its own end is what gets reported.
const HANG_UP_GRACE: Duration = Duration::from_millis(100);
/// A gap shorter than this shows no banner: a respawn takes a few milliseconds, and a banner that flashes by
/// tells nobody anything.
const BANNER_AFTER: Duration = Duration::from_millis(250);
/// One whose successor failed is left in peace for a while: whatever it was may be over then.
const RECYCLE_AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

// === impl Offer ===

impl Default for Offer {
    /// The boards that come with the program.
    fn default() -> Offer {
        Offer { generation: 1, files: Vec::new() }
    }
}

// === impl Worker ===

impl Worker {
    pub fn new(
        tenant: &str,
        id: u64,
        launcher: Launcher,
        begins_with: Offer,
        heard: mpsc::Sender<(LifeId, Heard)>,
        keeper: Supervisor,
    ) -> Worker {
        Worker {
            tenant: tenant.to_owned(),
            id,
            launcher,
            incarnation: Incarnation::new(),
            link: None,
            credits: FxHashSet::default(),
            held: FxHashSet::default(),
            epoch: Epoch(0),
            stage: Stage::Down,
            files: begins_with.files,
            generation: begins_with.generation,
            accepted: false,
            on_trial: false,
            offered: None,
            judged: false,
            stale: 0,
            catalogue: None,
            last_fault: None,
            fault_is_over: false,
            status: WorkerStatus::default(),
            status_at: Mono::default(),
            row: row::new(&keeper, tenant),
            keeper,
            begun_at: None,
            statuses: Allowance::default(),
            heard,
            pulse: Pulse::default(),
            ending: Ending::default(),
            given_up: None,
            asked_before: None,
            at_start: None,
            ledger: Ledger::default(),
            told_resting: Vec::new(),
            is_watched: false,
            vitals: None,
            hung_up_at: None,
            recycled: 0,
            recycle_not_before: None,
            banner_at: None,
        }
    }

    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The present life.
    pub fn life(&self) -> LifeId {
        LifeId { worker: self.id, epoch: self.epoch }
    }

    pub fn pid(&self) -> Option<u32> {
        self.link.as_ref()?.pid
    }

    pub fn restarts(&self) -> u64 {
        self.incarnation.restarts()
    }

    pub fn last_fault(&self) -> Option<&str> {
        self.last_fault.as_deref()
    }

    pub fn status(&self) -> &WorkerStatus {
        &self.status
    }

    /// Of the configuration that is drawn; 0 before any was accepted.
    pub fn generation(&self) -> u64 {
        if self.accepted { self.generation } else { 0 }
    }

    /// What every life begins with.
    pub fn files(&self) -> &[ConfigFile] {
        &self.files
    }

    /// All boards, also while the worker is down; none before one was ever ready.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.as_ref()
    }

    /// What its lives leave to each other, if anything.
    pub fn history(&self) -> Option<MemoryFile> {
        self.launcher.history()
    }

    /// Whether it is asked about another configuration than the one it draws.
    pub fn is_asked(&self) -> bool {
        self.offered.is_some()
    }

    /// Whether its present life is not over, as far as is known.
    pub fn is_up(&self) -> bool {
        self.stage != Stage::Down
    }

    pub fn draws(&self) -> bool {
        self.stage == Stage::Drawing
    }

    /// Whether what it says still counts: not once it was given up.
    pub fn listened_to(&self) -> bool {
        matches!(self.incarnation.phase(), Phase::Starting { .. } | Phase::Ready { .. })
    }

    /// Whether any process or task of it may still run.
    pub fn runs(&self) -> bool {
        self.link.is_some()
    }

    /// When `tick` wants to be called, besides once a second.
    pub fn wake_at(&self) -> Option<Mono> {
        let grace = self.hung_up_at.map(|at| at + HANG_UP_GRACE);
        let pulse = self.pulse.wake_at(self.is_watched);
        [self.incarnation.wake_at(), grace, self.banner_at, pulse].into_iter().flatten().min()
    }

    pub fn begin(&mut self, now: Mono) {
        // Nobody watches what is only tried.
        self.banner_at = (!self.on_trial).then(|| now + BANNER_AFTER);
        self.step(now, incarnation::Event::Begin);
    }

    /// The daemon ends: hangs up and starts no other.
    pub fn stop(&mut self, now: Mono) {
        self.step(now, incarnation::Event::Stop);
        // Nobody waits for its answers any more.
        self.pulse.renew();
        if let Some(link) = &self.link {
            link.hang_up();
        }
    }

    /// Ends it by force, whatever it does.
    pub fn kill(&self) {
        if let Some(link) = &self.link {
            link.kill();
        }
    }

    /// Root itself stood still: whoever could not be heard meanwhile is not to blame.
    pub fn forgive(&mut self, now: Mono) {
        self.pulse.forgive(now);
        self.hung_up_at = self.hung_up_at.map(|_| now);
        self.step(now, incarnation::Event::Excused);
    }

    pub fn tick(&mut self, now: Mono) {
        if self.is_watched && self.pulse.ask_is_due(now) {
            self.ask(now);
        }
        self.look(now);
        self.tell_resting(now);
        if self.hung_up_at.is_some_and(|at| now >= at + HANG_UP_GRACE) {
            self.hung_up_at = None;
            self.step(now, incarnation::Event::HungUp);
        }
        if let Phase::Ready { since } = self.incarnation.phase()
            && now.since(since) >= incarnation::HEALTHY_AFTER
        {
            self.launcher.healthy();
        }
        if let Phase::Starting { deadline } = self.incarnation.phase()
            && now >= deadline
            && self.late_start_is_excused()
        {
            self.step(now, incarnation::Event::Excused);
        }
        self.step(now, incarnation::Event::Tick);
    }

    /// True once when the time has come to tell viewers that nothing is drawn.
    pub fn banner_is_due(&mut self, now: Mono) -> bool {
        self.banner_at.take_if(|at| now >= *at).is_some()
    }

    /// Sends to a worker that runs; one that does not read is at fault.
    pub fn send(&mut self, message: &ToWorker, now: Mono) {
        match message {
            // It has none any more, or all anew.
            ToWorker::Subscribe { view, .. } | ToWorker::Unsubscribe { view } => {
                self.credits.remove(view);
                self.held.remove(view);
            }
            ToWorker::Hold { view } => drop(self.held.insert(*view)),
            _ => {}
        }
        let Some(link) = &self.link else { return };
        let mut sent = Ok(());
        // A credit right before that would be used for the picture that is not wanted.
        if !matches!(message, ToWorker::Hold { .. }) {
            sent = self.credits.drain().try_for_each(|view| link.send(&ToWorker::Credit { view }));
        }
        sent = sent.and_then(|()| link.send(message));
        if sent.is_err() {
            self.fault("does not read its feed: too much waits for it".to_owned(), now);
        }
    }

    /// Gives a view's credit back. Nobody is woken for that where it has another that it may use: nearly always something is
    /// said before that is used up, what programs push or a question.
    pub fn give_back(&mut self, view: ViewId, now: Mono) {
        if self.held.remove(&view) || !self.credits.insert(view) {
            self.send(&ToWorker::Credit { view }, now);
        }
    }

    /// It did what only a broken worker does.
    pub fn fault(&mut self, why: String, now: Mono) {
        FeedViolation { tenant: &self.tenant, epoch: self.epoch, why: &why }.emit();
        self.note_fault(why);
        self.go_down(now);
        self.step(now, incarnation::Event::Fault);
    }

    /// The stream of the present life ended.
    pub fn closed(&mut self, why: String, now: Mono) {
        self.hung_up_at.get_or_insert(now);
        // Of one that was given up, it is known why.
        if self.is_up() {
            self.note_fault(why);
        }
        self.go_down(now);
    }

    pub fn said_status(&mut self, status: WorkerStatus, now: Mono) {
        if self.statuses.take(now) {
            self.status = status;
            self.status_at = now;
        } else {
            self.fault(format!("told its status more than {} times a second", limits::STATUS_HZ_MAX), now);
        }
    }

    fn hello(&self) -> Hello {
        Hello { version: feed::VERSION, build: BUILD_ID.to_owned(), epoch: self.epoch, tenant: self.tenant.clone() }
    }

    fn go_down(&mut self, now: Mono) {
        self.pulse.renew();
        self.offered = None;
        self.stale = 0;
        if std::mem::replace(&mut self.stage, Stage::Down) == Stage::Drawing {
            self.banner_at = Some(now + BANNER_AFTER);
        }
    }

    fn note_fault(&mut self, why: String) {
        self.last_fault = Some(why);
        self.fault_is_over = false;
    }

    fn step(&mut self, now: Mono, event: incarnation::Event) {
        let action = self.incarnation.step(now, event);
        self.act(now, action);
    }

    fn act(&mut self, now: Mono, mut action: Option<Action>) {
        while let Some(todo) = action.take() {
            match todo {
                Action::Start => {
                    if let Err(error) = self.start(now) {
                        let why = format!("cannot be started: {error}");
                        tracing::error!(tenant = self.tenant, "worker {why}");
                        self.note_fault(why);
                        let died = incarnation::Event::Died { random: random::u64() };
                        action = self.incarnation.step(now, died);
                    }
                }
                Action::Kill(cause) => {
                    if cause == incarnation::Cause::Late {
                        self.note_fault("was not ready in time".to_owned());
                    }
                    self.go_down(now);
                    self.given_up = Some(cause);
                    match cause {
                        incarnation::Cause::Hung => self.kill_with_stack(),
                        incarnation::Cause::Fault | incarnation::Cause::Late | incarnation::Cause::HungUp => {
                            self.kill()
                        }
                    }
                }
            }
        }
    }

    fn start(&mut self, now: Mono) -> std::io::Result<()> {
        self.epoch = Epoch(self.epoch.0 + 1);
        let launched = self.launcher.start()?;
        self.ending.counts_before = launched.counts_before;
        WorkerStarted { tenant: &self.tenant, epoch: self.epoch, pid: launched.pid.unwrap_or(0) }.emit();
        self.link = Some(Link::new(launched, self.life(), &self.keeper, self.row.id(), &self.heard));
        self.credits.clear();
        self.held.clear();
        self.stage = Stage::Greeting;
        (self.begun_at, self.hung_up_at) = (Some(now), None);
        self.pulse.renew();
        (self.given_up, self.asked_before) = (None, None);
        self.at_start = remains::activity(self.pid(), &self.launcher);
        self.told_resting.clear();
        self.statuses = Allowance::default();
        self.send(&ToWorker::Hello(self.hello()), now);
        Ok(())
    }
}
