//! The daemon as a service: what whoever started it handed over, and what that one is told.
//!
//! Invariant: nothing here is needed. A daemon that nobody manages does the same, and one whose manager listens to nothing
//! goes on. What was handed over is looked at before it is used, and closed where it is not what it should be.

mod loopback;
mod restored;
mod store;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use crate::base::{Mono, SessionId, limits};
use crate::config;
use crate::event::{Event as _, HandedRefused, HistoriesReturned, ManagerUntold, WatchdogShort};
use crate::machine::service::{Facts, Telling, Word};
use crate::notation;
use crate::sys::clock;
use crate::sys::handed::{self, Handed};
use crate::sys::memory_file::MemoryFile;
use crate::sys::notify::{self, Manager};
use crate::sys::socket::Listener;

pub use loopback::Loopback;
pub use store::{Restored, Store};

/// What was handed over at the start, by what it is for.
#[derive(Debug, Default)]
pub struct Given {
    pub attach: Option<Listener>,
    pub admin: Option<Listener>,
    pub metrics: Option<TcpListener>,
}

/// Who manages the daemon, and what it is told.
#[derive(Debug, Default)]
pub struct Service {
    manager: Option<Arc<Manager>>,
    /// After how much silence it takes us for hung.
    watchdog: Option<Duration>,
    store: Store,
    telling: Option<Telling>,
    loopback: Option<Loopback>,
    /// What it could not be told; the log says so.
    unsaid: Vec<Word>,
}

/// More was handed over than there is use for.
#[derive(Debug, thiserror::Error)]
#[error(
    "two sockets named {0} were handed over, of which one would never be answered; give its unit a single Listen…= line"
)]
pub struct TwoOfOneName(&'static str);

/// As the units call them.
const ATTACH: &str = "attach";
const ADMIN: &str = "admin";
const METRICS: &str = "metrics";

// === impl Service ===

impl Service {
    /// Of who started this process, as `env` names it, with all that it handed over.
    ///
    /// # Errors
    /// Where two sockets go by one name: whoever came to the one that is not taken would wait there for ever.
    pub fn of(all: Vec<Handed>, env: impl Fn(&str) -> Option<String>) -> Result<(Service, Given), TwoOfOneName> {
        for name in [ATTACH, ADMIN, METRICS] {
            if all.iter().filter(|handed| handed.name == name).count() > 1 {
                return Err(TwoOfOneName(name));
            }
        }
        let manager = env("NOTIFY_SOCKET").and_then(|named| match Manager::at(&named) {
            Ok(manager) => Some(Arc::new(manager)),
            Err(error) => {
                ManagerUntold { error: &error }.emit();
                None
            }
        });
        let watchdog = manager.as_ref().and_then(|_| notify::watchdog(&env));
        if let Some(span) = watchdog.filter(|span| *span < limits::WATCHDOG_AT_LEAST) {
            WatchdogShort { span }.emit();
        }
        let store = Store::new(manager.clone());
        let given = sort(all, &store);
        Ok((Service { manager, watchdog, store, ..Service::default() }, given))
    }

    /// The daemon could not start: whoever started it will do so again at once, so that is put off.
    pub fn put_off(env: impl Fn(&str) -> Option<String>, begun: Mono) {
        if env("NOTIFY_SOCKET").is_some() {
            notify::rest((begun + limits::START_TAKES_AT_LEAST).since(clock::mono()));
        }
    }

    /// What was restored into this folder is what workers left.
    pub fn begin_with(&self, histories: &Path) {
        restored::take(histories, &self.store);
    }

    /// Where histories outlive this process.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// A signal asked for the configuration to be read.
    pub fn reload(&mut self) {
        self.telling.iter_mut().for_each(Telling::reload);
    }

    /// Tells it these after what it could not be told before.
    fn say(&mut self, words: Vec<Word>) {
        let was_deaf = !self.unsaid.is_empty();
        self.unsaid.extend(words);
        let Some(manager) = self.manager.as_ref().filter(|_| !self.unsaid.is_empty()) else { return };
        let lines: Vec<String> = self.unsaid.iter().map(line).collect();
        match manager.tell(&lines.join("\n"), None) {
            Ok(()) => self.unsaid.clear(),
            Err(error) => {
                if !was_deaf {
                    ManagerUntold { error: &error }.emit();
                }
                // It is told again with what comes next: of each kind the last, which is the one that counts.
                let mut all = std::mem::take(&mut self.unsaid);
                while let Some(word) = all.pop() {
                    let is_new = |said: &Word| std::mem::discriminant(said) != std::mem::discriminant(&word);
                    if self.unsaid.iter().all(is_new) {
                        self.unsaid.insert(0, word);
                    }
                }
            }
        }
    }
}

/// Tells what is what by the names, and closes what nobody knows or is not what it is called.
fn sort(all: Vec<Handed>, store: &Store) -> Given {
    let mut given = Given::default();
    let mut returned = 0;
    for Handed { name, fd } in all {
        let listener = |fd| handed::unix_listener(fd).and_then(Listener::handed);
        let taken = match name.as_str() {
            ATTACH => listener(fd).map(|listener| given.attach = Some(listener)),
            ADMIN => listener(fd).map(|listener| given.admin = Some(listener)),
            METRICS => handed::tcp_listener(fd).map(|tcp| given.metrics = Some(tcp)),
            _ => match store::tenant_of(&name).filter(|tenant| config::is_tenant_name(tenant)) {
                Some(tenant) => {
                    MemoryFile::returned(fd).and_then(|file| store.returned(tenant, file)).map(|()| returned += 1)
                }
                None => Err(std::io::Error::other("nobody knows it by that name")),
            },
        };
        if let Err(error) = taken {
            HandedRefused { name: &notation::harmless(&name), error: &error }.emit();
            store.remove(&name);
        }
    }
    if returned > 0 {
        HistoriesReturned { count: returned }.emit();
    }
    given
}

fn line(word: &Word) -> String {
    match word {
        Word::Ready => "READY=1".to_owned(),
        Word::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", notify::monotonic_us()),
        Word::Stopping => "STOPPING=1".to_owned(),
        Word::Status(text) => format!("STATUS={text}"),
    }
}

// === impl State ===

impl State {
    /// The loop begins.
    pub(super) fn begin_service(&mut self, now: Mono) {
        let service = &mut self.service;
        let Some(manager) = &service.manager else { return };
        service.telling = Some(Telling::new(now));
        if let Some(span) = service.watchdog {
            service.loopback = Some(Loopback::begin(&mut self.fanout, &self.viewers, manager, span, now));
        }
    }

    /// Once a second.
    pub(super) fn service_second(&mut self, now: Mono) {
        let Some(telling) = &self.service.telling else { return };
        if let Some(loopback) = &mut self.service.loopback {
            loopback.second(&mut self.fanout, &self.viewers, now);
        }
        // What a tenant that is gone left is nobody's; before all were started it may be somebody's yet.
        if telling.is_up() {
            self.service.store.retain(|tenant| self.tenants.knows(tenant));
        }
        self.service.store.settle();
        self.tell_manager(now);
    }

    /// After each event, where something changed that does not wait for the next second.
    pub(super) fn tell_manager_at_once(&mut self, now: Mono) {
        let is_due = self.service.telling.as_ref().is_some_and(|telling| telling.is_due(now, self.service_facts()));
        if is_due {
            self.tell_manager(now);
        }
    }

    fn tell_manager(&mut self, now: Mono) {
        let facts = self.service_facts();
        let Some(mut telling) = self.service.telling.take() else { return };
        let words = telling.step(now, facts, || self.service_status());
        self.service.telling = Some(telling);
        self.service.say(words);
    }

    fn service_facts(&self) -> Facts {
        Facts {
            draws: self.tenants.all().any(|(_, tenant)| tenant.draws()),
            changes: self.configuration.is_changing(),
            stops: self.stopping(),
        }
    }

    /// The viewer within cannot be sent anything any more.
    pub(super) fn loopback_gone(&mut self, session: SessionId) {
        self.service.loopback.iter_mut().filter(|_| session == loopback::SESSION).for_each(Loopback::gone);
    }

    /// How the daemon fares, in a line. Every user of the machine may read it of the manager: it counts, and names neither
    /// tenants nor files nor what went wrong with them.
    fn service_status(&self) -> String {
        let (viewers, workers) = (self.sessions.len(), self.tenants.len());
        let drawing = self.tenants.all().filter(|(_, tenant)| tenant.draws()).count();
        let viewers = notation::counted(viewers, "viewer");
        let mut text = match self.stopping() {
            true => format!("stopping: {viewers} left"),
            false => format!("{viewers}, {drawing} of {} drawing", notation::counted(workers, "worker")),
        };
        let failed = self.tenants.all().filter(|(_, tenant)| tenant.worker.last_fault().is_some()).count();
        let is_refused = self.configuration.why_refused().is_some();
        if is_refused {
            text += "; the configuration was refused";
        }
        if failed > 0 {
            text += &format!("; {} failed before", notation::counted(failed, "worker"));
        }
        if is_refused || failed > 0 {
            text += "; see `unblink status`";
        }
        text
    }
}
