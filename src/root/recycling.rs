//! Workers that give way to successors while they work: because somebody asked, or because they are old.
//!
//! Invariant: one tenant at a time, so that the daemon takes the memory of one worker more at most, and the machine
//! decides each step. Whoever asked is answered, whatever becomes of it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use super::link::{Heard, LifeId};
use super::state::State;
use super::tenants::Name;
use super::worker::News;
use crate::admin::status::Recycled;
use crate::base::{Mono, limits};
use crate::event::{Event as _, WorkerKept, WorkerRecycled};
use crate::machine::recycle::{Action, Event, Recycle, Why};
use crate::model::Catalogue;
use crate::wire::feed::Outcome;

pub type Reply = oneshot::Sender<Recycled>;

/// All that is to be done.
#[derive(Debug, Default)]
pub struct Recycling {
    /// Whose turn comes; each tenant once.
    waiting: VecDeque<Asked>,
    current: Option<Current>,
    /// The age at which workers take their turn by themselves.
    pub after: Option<Duration>,
}

#[derive(Debug)]
struct Asked {
    tenant: Name,
    replies: Vec<Reply>,
}

#[derive(Debug)]
struct Current {
    asked: Asked,
    machine: Recycle,
    begun: Mono,
    /// What the successor would draw.
    catalogue: Option<Catalogue>,
    /// The life that was told to end, and when.
    ending: Option<(LifeId, Mono)>,
}

// === impl Recycling ===

impl Recycling {
    pub fn new(after: Option<Duration>) -> Recycling {
        Recycling { after, ..Recycling::default() }
    }

    pub fn wake_at(&self) -> Option<Mono> {
        self.current.as_ref()?.machine.wake_at()
    }

    /// Whether what was told to end was this life.
    fn awaits(&self, life: LifeId) -> bool {
        self.current.as_ref().is_some_and(|current| current.ending.is_some_and(|(ending, _)| ending == life))
    }
}

// === impl State ===

impl State {
    /// Has a tenant's worker give way to a fresh one. Whoever asks waits for the answer.
    pub(super) fn recycle(&mut self, tenant: &str, reply: Option<Reply>) {
        let known = self.tenants.all().find(|(name, _)| ***name == *tenant).map(|(name, _)| Name::clone(name));
        let tenant = match known {
            Some(_) if self.stopping() => Err("the daemon is stopping".to_owned()),
            Some(tenant) => Ok(tenant),
            None => {
                let names: Vec<&str> = self.tenants.all().map(|(name, _)| &**name).collect();
                Err(format!("there is no tenant of that name; there are: {}", names.join(", ")))
            }
        };
        let tenant = match tenant {
            Ok(tenant) => tenant,
            // Whoever asked may have gone meanwhile.
            Err(why) => return reply.into_iter().for_each(|reply| drop(reply.send(Recycled::refused(why.clone())))),
        };
        let current = self.recycling.current.iter_mut().map(|current| &mut current.asked);
        match self.recycling.waiting.iter_mut().chain(current).find(|asked| asked.tenant == tenant) {
            Some(asked) if asked.replies.len() < limits::CHANGES_AWAITED_MAX => asked.replies.extend(reply),
            Some(_) => {
                let refused = || Recycled::refused("too many wait for that already".to_owned());
                reply.into_iter().for_each(|reply| drop(reply.send(refused())));
            }
            None => self.recycling.waiting.push_back(Asked { tenant, replies: reply.into_iter().collect() }),
        }
    }

    /// Begins with the next one, gives up one that is disturbed, and has old ones take their turn.
    pub(super) fn note_recycling(&mut self, now: Mono) {
        if self.stopping() {
            (self.recycling.waiting, self.recycling.current) = (VecDeque::new(), None);
            return;
        }
        let disturbed = |state: &State, tenant: &str| match state.tenants.get(tenant).map(|tenant| &tenant.worker) {
            Some(worker) if worker.is_asked() => Some(Why::Disturbed),
            Some(worker) if worker.draws() && worker.listened_to() => None,
            _ => Some(Why::Idle),
        };
        if let Some(current) = self.recycling.current.as_ref().filter(|current| current.machine.is_trying()) {
            let tenant = Name::clone(&current.asked.tenant);
            if disturbed(self, &tenant).is_some() {
                self.recycle_step(Event::Lost(Why::Disturbed), now);
            }
        }
        while self.recycling.current.is_none() {
            let Some(asked) = self.recycling.waiting.pop_front() else { break };
            let machine = Recycle::new(now);
            let why_not = disturbed(self, &asked.tenant);
            let tenant = Name::clone(&asked.tenant);
            self.recycling.current = Some(Current { asked, machine, begun: now, catalogue: None, ending: None });
            if let Some(why) = why_not {
                self.recycle_step(Event::Lost(why), now);
            } else if !self.tenants.raise_successor(&tenant, now) {
                self.recycle_step(Event::Lost(Why::Died), now);
            }
        }
    }

    pub(super) fn recycling_tick(&mut self, now: Mono) {
        if let Some(age) = self.recycling.after {
            let old = self.tenants.all().filter(|(_, tenant)| tenant.worker.is_older_than(age, now));
            let old: Vec<Name> = old.map(|(name, _)| Name::clone(name)).collect();
            old.iter().for_each(|tenant| self.recycle(tenant, None));
        }
        self.recycle_step(Event::Tick, now);
    }

    /// Something of the successor, which is not asked anything but whether it would draw.
    pub(super) fn heard_of_successor(&mut self, heard: Heard, now: Mono) {
        let Some(worker) = self.tenants.successor_mut() else { return };
        let judged = match heard {
            Heard::Message(body, _room) => worker.said_on_trial(&body, now),
            Heard::Closed(_) | Heard::Violated(_) | Heard::Ended(_) => {
                return self.recycle_step(Event::Lost(Why::Died), now);
            }
        };
        let lives = worker.listened_to() && worker.is_up();
        match judged {
            News::Judged(Outcome::Accepted(catalogue)) => {
                self.recycling.current.iter_mut().for_each(|current| current.catalogue = Some(catalogue.clone()));
                self.recycle_step(Event::Accepted, now);
            }
            News::Judged(Outcome::Refused(_)) => self.recycle_step(Event::Lost(Why::Refused), now),
            _ if lives => {}
            _ => self.recycle_step(Event::Lost(Why::Died), now),
        }
    }

    /// Nothing of a life runs any more, or its successor's end is told while it still does.
    pub(super) fn life_is_over(&mut self, life: LifeId, now: Mono) {
        let current = self.recycling.current.as_ref();
        let successor = current
            .filter(|current| current.ending.is_some())
            .and_then(|current| self.tenants.get(&current.asked.tenant));
        if self.recycling.awaits(life) {
            self.recycle_step(Event::Ended, now);
        } else if successor.is_some_and(|tenant| tenant.worker.life().worker == life.worker) {
            self.recycle_step(Event::Lost(Why::Died), now);
        }
    }

    fn recycle_step(&mut self, event: Event, now: Mono) {
        let Some(current) = &mut self.recycling.current else { return };
        let Some(action) = current.machine.step(now, event) else { return };
        let tenant = Name::clone(&current.asked.tenant);
        match action {
            Action::HandOver => {
                current.ending = self.tenants.hand_over(&tenant, now).map(|life| (life, now));
                self.ask_inputs_again(&tenant);
            }
            Action::Kill => {
                if let Some((life, _)) = current.ending {
                    self.tenants.kill_leaving(life);
                }
            }
            Action::Draw => self.successor_draws(&tenant, now),
            Action::GiveUp(why) => {
                self.tenants.let_successor_go(now);
                WorkerKept { tenant: &tenant, why: why.words() }.emit();
                if let Some(tenant) = self.tenants.get_mut(&tenant).filter(|_| why.is_of_successor()) {
                    tenant.worker.stays(now);
                }
                self.answer_recycling(&Recycled::refused(format!("the worker stays: {}", why.words())));
            }
        }
    }

    fn successor_draws(&mut self, name: &Name, now: Mono) {
        let Some(Current { begun, catalogue, ending, .. }) = &mut self.recycling.current else { return };
        let took = now.since(*begun);
        let stood_still = ending.map(|(_, since)| now.since(since)).unwrap_or_default();
        let catalogue = catalogue.take();
        let Some(tenant) = self.tenants.get_mut(name) else {
            return self.answer_recycling(&Recycled::refused("the tenant went meanwhile".to_owned()));
        };
        let worker = &mut tenant.worker;
        if worker.takes_the_place(catalogue, now) != News::Drawing {
            let why = "the fresh worker died while it took the place; another one is started".to_owned();
            WorkerKept { tenant: name, why: &why }.emit();
            return self.answer_recycling(&Recycled::refused(why));
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (took_ms, stood_still_ms) = (millis(took), millis(stood_still));
        let (epoch, pid) = (worker.epoch(), worker.pid().unwrap_or(0));
        WorkerRecycled { tenant: name, epoch, pid, took_ms, stood_still_ms }.emit();
        self.worker_draws(name, now);
        self.answer_recycling(&Recycled { recycled: true, why: None, pid: Some(pid), took_ms, stood_still_ms });
    }

    fn answer_recycling(&mut self, recycled: &Recycled) {
        let Some(Current { asked, .. }) = self.recycling.current.take() else { return };
        // Whoever asked may have gone meanwhile.
        asked.replies.into_iter().for_each(|reply| drop(reply.send(recycled.clone())));
    }
}
