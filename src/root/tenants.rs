//! All tenants of the daemon: each has a worker of its own, and what that one was told stands beside it.
//!
//! Invariant: the tenant `default` is always there. What a worker says concerns its own tenant alone, and whatever
//! becomes of it touches no other. A tenant that comes is `coming` until all of a configuration is accepted, one that
//! went is `leaving` until nothing of it runs.

pub mod rights;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::audience::Audience;
use super::groups::Groups;
use super::launch::Launchers;
use super::link::{Heard, LifeId};
use super::session::Seat;
use super::worker::{Offer, Worker};
use crate::admin::Process;
use crate::base::{Mono, limits};
use crate::config::TENANT_DEFAULT;
use crate::runtime::supervisor::Supervisor;
use crate::wire::feed::Complaint;
use rights::{Deed, Rights};

/// A tenant's name, handed about.
pub type Name = Arc<str>;

/// All of them, by name.
#[derive(Debug)]
pub struct Tenants {
    map: BTreeMap<Name, Tenant>,
    /// Of a configuration that is not in force yet.
    coming: BTreeMap<Name, Worker>,
    /// Of a tenant that is there: it may take the place of that one's worker.
    successor: Option<(Name, Worker)>,
    /// They were told to end; until when they may take for it.
    leaving: Vec<(Worker, Mono)>,
    /// Who may do what with which of them.
    pub rights: Rights,
    launchers: Launchers,
    heard: mpsc::Sender<(LifeId, Heard)>,
    /// Keeps the tasks of all workers.
    keeper: Supervisor,
    last_worker: u64,
}

/// One of them.
#[derive(Debug)]
pub struct Tenant {
    pub worker: Worker,
    /// The present life of the worker knows of all views.
    pub subscribed: bool,
    /// How many watch each board, as that life was told.
    pub audience: Audience,
    /// What that life was told of a configuration that is not drawn.
    pub lines_told: Vec<Complaint>,
}

/// Whose worker somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of a tenant that is there.
    Present(Name),
    /// Of one that may come.
    Coming(Name),
    /// Of one that is there and has another.
    Successor,
    /// Of one that went.
    Leaving,
    /// Nobody's any more.
    Nobody,
}

// === impl Tenants ===

impl Tenants {
    /// The tenants that the daemon begins with; `default` is among them in any case.
    pub fn new(
        mut begin_with: BTreeMap<String, Offer>,
        rights: Rights,
        launchers: Launchers,
        heard: mpsc::Sender<(LifeId, Heard)>,
        keeper: Supervisor,
    ) -> Tenants {
        let mut tenants = Tenants {
            map: BTreeMap::new(),
            coming: BTreeMap::new(),
            successor: None,
            leaving: Vec::new(),
            rights,
            launchers,
            heard,
            keeper,
            last_worker: 0,
        };
        begin_with.entry(TENANT_DEFAULT.to_owned()).or_default();
        for (name, offer) in begin_with {
            let worker = tenants.make_worker(&name, offer);
            tenants.map.insert(name.into(), Tenant::new(worker));
        }
        tenants
    }

    pub fn begin(&mut self, now: Mono) {
        self.apply_limits();
        self.map.values_mut().for_each(|tenant| tenant.worker.begin(now));
    }

    pub fn get(&self, name: &str) -> Option<&Tenant> {
        self.map.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tenant> {
        self.map.get_mut(name)
    }

    /// The one that is always there.
    pub fn main(&self) -> &Tenant {
        self.map.get(TENANT_DEFAULT).expect("invariant: the tenant default is always there")
    }

    /// In the order of their names.
    pub fn all(&self) -> impl Iterator<Item = (&Name, &Tenant)> {
        self.map.iter()
    }

    /// Whether one is there or may come.
    pub fn knows(&self, name: &str) -> bool {
        self.map.contains_key(name) || self.coming.contains_key(name)
    }

    /// Also those that come or go.
    pub fn workers(&self) -> impl Iterator<Item = &Worker> {
        let present = self.map.values().map(|tenant| &tenant.worker);
        let successor = self.successor.iter().map(|(_, worker)| worker);
        present.chain(self.coming.values()).chain(successor).chain(self.leaving.iter().map(|(worker, _)| worker))
    }

    /// All processes of workers, the one that waits too.
    pub fn processes(&self) -> Vec<Process> {
        self.workers().filter_map(Worker::process).chain(self.launchers.waiting()).collect()
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = (&Name, &mut Tenant)> {
        self.map.iter_mut()
    }

    pub fn names(&self) -> Vec<Name> {
        self.map.keys().cloned().collect()
    }

    /// One at least.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// The tenant that somebody means, among those where it may do this; what is said otherwise names no other.
    pub fn choose(&self, deed: Deed, seat: &Seat, named: Option<&str>) -> Result<Name, String> {
        let may: Vec<&str> =
            self.map.keys().map(|name| &**name).filter(|name| self.rights.allow(deed, seat, name)).collect();
        rights::choose(named, &may).map(Name::from)
    }

    /// Whether a tenant is there for somebody.
    pub fn is_there_for(&self, deed: Deed, seat: &Seat, name: &str) -> bool {
        self.map.contains_key(name) && self.rights.allow(deed, seat, name)
    }

    /// Which tenant's worker this life is one of, if it is the present one.
    pub fn whose(&self, life: LifeId) -> Whose {
        let is = |worker: &Worker| worker.life() == life;
        if let Some((name, _)) = self.map.iter().find(|(_, tenant)| is(&tenant.worker)) {
            return Whose::Present(Name::clone(name));
        }
        if let Some((name, _)) = self.coming.iter().find(|(_, worker)| is(worker)) {
            return Whose::Coming(Name::clone(name));
        }
        if self.successor.as_ref().is_some_and(|(_, worker)| is(worker)) {
            return Whose::Successor;
        }
        if self.leaving.iter().any(|(worker, _)| is(worker)) { Whose::Leaving } else { Whose::Nobody }
    }

    /// When `tick` wants to be called.
    pub fn wake_at(&self) -> Option<Mono> {
        let present = self.map.values().map(|tenant| tenant.worker.wake_at());
        let successor = self.successor.iter().map(|(_, worker)| worker);
        let coming = self.coming.values().chain(successor).map(Worker::wake_at);
        let leaving = self.leaving.iter().map(|(_, until)| Some(*until));
        present.chain(coming).chain(leaving).flatten().min()
    }

    pub fn tick(&mut self, now: Mono) {
        let present = self.map.values_mut().map(|tenant| &mut tenant.worker);
        let successor = self.successor.iter_mut().map(|(_, worker)| worker);
        present.chain(self.coming.values_mut()).chain(successor).for_each(|worker| worker.tick(now));
        // What did not end by itself is ended with its handle.
        self.leaving.retain(|(_, until)| now < *until);
    }

    /// Root itself stood still: whoever could not be heard meanwhile is not to blame.
    pub fn forgive(&mut self, now: Mono) {
        let present = self.map.values_mut().map(|tenant| &mut tenant.worker);
        let successor = self.successor.iter_mut().map(|(_, worker)| worker);
        present.chain(self.coming.values_mut()).chain(successor).for_each(|worker| worker.forgive(now));
    }

    /// Has a worker wait for whichever dies first, once none is being started.
    pub fn keep_spare(&mut self, now: Mono) {
        self.launchers.groups().tidy();
        if !self.workers().any(Worker::begins) {
            self.launchers.keep_spare(&self.keeper, now);
        }
    }

    /// The daemon ends, and all of them.
    pub fn stop(&mut self, now: Mono) {
        self.launchers.stop();
        self.coming.clear();
        self.successor = None;
        self.map.values_mut().for_each(|tenant| tenant.worker.stop(now));
    }

    /// Ends all by force.
    pub fn kill(&self) {
        self.map.values().map(|tenant| &tenant.worker).for_each(Worker::kill);
        self.leaving.iter().for_each(|(worker, _)| worker.kill());
    }

    /// Whether any process or task of theirs may still run.
    pub fn any_runs(&self) -> bool {
        self.map.values().any(|tenant| tenant.worker.runs()) || self.leaving.iter().any(|(worker, _)| worker.runs())
    }

    fn make_worker(&mut self, name: &str, begins_with: Offer) -> Worker {
        self.last_worker += 1;
        let launcher = self.launchers.of(name);
        Worker::new(name, self.last_worker, launcher, begins_with, self.heard.clone(), self.keeper.clone())
    }
}

// === impl Tenants: what they may take ===

impl Tenants {
    /// What each may take is in force from now on, as far as anything holds it.
    pub fn apply_limits(&self) {
        let names = self.map.keys().map(|name| name.to_string());
        self.launchers.groups().set(&names.map(|name| (name.clone(), self.rights.limits(&name))).collect());
        self.apply_limits_of_processes();
    }

    /// The same of what holds for each process by itself, since no group holds it, or none any more.
    pub fn apply_limits_of_processes(&self) {
        for tenant in self.map.values() {
            tenant.worker.apply_limits();
        }
    }

    /// The groups their workers are in.
    pub fn groups(&self) -> &Groups {
        self.launchers.groups()
    }
}

// === impl Tenants: coming and going ===

impl Tenants {
    /// Starts the worker of a tenant that may come: it is asked about its configuration before anything else.
    pub fn try_out(&mut self, name: &str, offer: Offer, now: Mono) {
        let mut worker = self.make_worker(name, offer);
        worker.on_trial();
        worker.begin(now);
        self.coming.insert(name.into(), worker);
    }

    pub fn coming_mut(&mut self, name: &str) -> Option<&mut Worker> {
        self.coming.get_mut(name)
    }

    /// What those that might have come were asked about is not to be drawn.
    pub fn give_up_coming(&mut self, now: Mono) {
        for worker in std::mem::take(&mut self.coming).into_values() {
            self.let_go(worker, now);
        }
    }

    /// Those that were tried out are tenants from now on.
    pub fn settle(&mut self) {
        for (name, worker) in std::mem::take(&mut self.coming) {
            self.map.insert(name, Tenant::new(worker));
        }
    }

    /// A tenant is none any more; its worker ends.
    pub fn remove(&mut self, name: &str, now: Mono) {
        if name != TENANT_DEFAULT
            && let Some(tenant) = self.map.remove(name)
        {
            self.let_go(tenant.worker, now);
        }
    }

    /// Nothing runs any more of one that was leaving.
    pub fn left(&mut self, life: LifeId) {
        self.leaving.retain(|(worker, _)| worker.life() != life);
    }

    /// Starts a worker that may take the place of a tenant's. False where it cannot even be started.
    pub fn raise_successor(&mut self, name: &Name, now: Mono) -> bool {
        self.last_worker += 1;
        let launcher = self.launchers.of(name);
        let present = self.map.get(name).map(|tenant| &tenant.worker);
        let Some(mut worker) = present.and_then(|present| present.successor(self.last_worker, launcher)) else {
            return false;
        };
        worker.on_trial();
        worker.begin(now);
        let is_up = worker.is_up();
        self.successor = Some((Name::clone(name), worker));
        is_up
    }

    pub fn successor_mut(&mut self) -> Option<&mut Worker> {
        self.successor.as_mut().map(|(_, worker)| worker)
    }

    /// The successor has the place of its tenant's worker from now on, and that one is told to end. Which life that was.
    pub fn hand_over(&mut self, name: &str, now: Mono) -> Option<LifeId> {
        let (_, successor) = self.successor.take_if(|(of, _)| **of == *name)?;
        let Some(tenant) = self.map.get_mut(name) else {
            self.let_go(successor, now);
            return None;
        };
        let before = std::mem::replace(&mut tenant.worker, successor);
        tenant.worker.is_next(&before, now);
        tenant.subscribed = false;
        let life = before.life();
        self.let_go(before, now);
        Some(life)
    }

    pub fn let_successor_go(&mut self, now: Mono) {
        if let Some((_, worker)) = self.successor.take() {
            self.let_go(worker, now);
        }
    }

    /// Ends one that was told to end and did not.
    pub fn kill_leaving(&self, life: LifeId) {
        self.leaving.iter().filter(|(worker, _)| worker.life() == life).for_each(|(worker, _)| worker.kill());
    }

    fn let_go(&mut self, mut worker: Worker, now: Mono) {
        if worker.runs() {
            worker.stop(now);
            self.leaving.push((worker, now + limits::DRAIN_DEADLINE));
        }
    }
}

// === impl Tenant ===

impl Tenant {
    fn new(worker: Worker) -> Tenant {
        Tenant { worker, subscribed: false, audience: Audience::default(), lines_told: Vec::new() }
    }

    /// Whether its views can be subscribed to and let go one by one.
    pub fn draws(&self) -> bool {
        self.subscribed && self.worker.draws()
    }
}
