//! Starts a worker, as a process or within this one, and tells how it ended.
//!
//! Invariant: whoever is told of an end can be sure that the worker itself runs no more; what it started is being ended.

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

use super::groups::{Confined, Groups, Stay};
use super::leftovers::Sweeper;
use super::legacy::Legacy;
use super::service::Store;
use super::spare::Spare;
use crate::admin::Process;
use crate::base::Mono;
use crate::config::Level;
use crate::machine::confinement::Counts;
use crate::runtime::supervisor::Supervisor;
use crate::runtime::{self, Task, log};
use crate::sys::marker::MarkerFile;
use crate::sys::memory_file::MemoryFile;
use crate::sys::process::{self, Child, WorkerLog};
use crate::sys::quiet::QuietSocket;
use crate::sys::{handover, socket};

/// A byte stream to a worker.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl std::fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// A worker's life within this process: its stream, and a future that is its work and says how it ended.
pub type Inner = (Box<dyn Stream>, Pin<Box<dyn Future<Output = String> + Send>>);

/// How workers are started.
pub enum Launcher {
    /// From our own executable. On the main thread only: the kernel ties the worker's life to it.
    Process {
        /// Arguments of the hidden verb, but for the level.
        args: Vec<String>,
        /// Of its log where this process logs nothing; otherwise it begins at the level that is in force by then. None
        /// where it is told none.
        level: Option<Level>,
        /// Where its log goes; called for each start.
        log: fn() -> WorkerLog,
        legacy: Legacy,
        /// Of the worker that was started last.
        marker: Option<MarkerFile>,
        /// Who ends what it leaves running.
        sweeper: Option<Sweeper>,
        /// Where its processes are, and what they may take.
        confined: Confined,
        /// One that is there already takes the place of one that would have to be started; none where none is kept.
        spare: Option<Spare>,
    },
    /// In this process, for tests.
    Within(Box<dyn FnMut() -> Inner + Send>),
}

/// Makes the launcher of a tenant's workers.
pub struct Launchers {
    make: Box<dyn FnMut(&str) -> Launcher + Send>,
    spare: Spare,
    store: Store,
    groups: Groups,
}

/// A worker that was just started.
#[derive(Debug)]
pub struct Launched {
    pub stream: Box<dyn Stream>,
    pub pid: Option<u32>,
    /// What the kernel had counted of its tenant's group before; none where there is none.
    pub counts_before: Option<Counts>,
    pub life: Life,
}

/// What has to be waited for.
#[derive(Debug)]
pub enum Life {
    Process(Child, Option<Sweeper>, Stay),
    Task(Task<String>),
}

/// The flag without which a worker obeys no faults.
const FAULTS: &str = "--faults";
/// The flag with which a worker waits for the door of its group, and joins that before all else.
const JOINS: &str = "--joins";
/// The flag without which a worker keeps no flight recorder.
const RECORD: &str = "--record";

// === impl Launchers ===

impl Launchers {
    pub fn new(make: impl FnMut(&str) -> Launcher + Send + 'static) -> Launchers {
        Launchers { make: Box::new(make), spare: Spare::default(), store: Store::default(), groups: Groups::default() }
    }

    /// What workers leave outlives this process there.
    pub fn keeping_in(self, store: Store) -> Launchers {
        Launchers { store, ..self }
    }

    /// Workers are in their tenants' groups.
    pub fn within(self, groups: Groups) -> Launchers {
        Launchers { groups, ..self }
    }

    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    pub fn of(&mut self, tenant: &str) -> Launcher {
        let mut launcher = (self.make)(tenant);
        if let Launcher::Process { spare, legacy, confined, .. } = &mut launcher {
            confined.within(&self.groups);
            spare.iter_mut().for_each(|spare| *spare = self.spare.clone());
            legacy.keep_in(self.store.clone());
        }
        launcher
    }

    /// Has a worker wait for whichever tenant needs it, where one is to.
    pub fn keep_spare(&mut self, keeper: &Supervisor, now: Mono) {
        if let Launcher::Process { args, level, log, spare: Some(_), .. } = (self.make)("") {
            self.spare.keep(&at_level(&args, level), log, keeper, now);
        }
    }

    /// The worker that waits.
    pub fn waiting(&self) -> Option<Process> {
        self.spare.process()
    }

    /// None waits any more.
    pub fn stop(&self) {
        self.spare.stop();
    }
}

impl std::fmt::Debug for Launchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Launchers")
    }
}

// === impl Launcher ===

impl Launcher {
    /// A worker of its own process whose log goes where ours goes, in the same detail.
    /// It obeys faults on purpose only if it is told so. A spare one is kept.
    pub fn process(tenant: &str, level: Level, faults: bool, records: bool, sweeper: Option<Sweeper>) -> Launcher {
        let mut args: Vec<String> = log::plan().into_iter().flat_map(log::Plan::arguments).collect();
        args.extend(faults.then(|| FAULTS.to_owned()));
        args.extend(records.then(|| RECORD.to_owned()));
        Launcher::Process {
            args,
            level: Some(level),
            log: || WorkerLog::Inherit,
            legacy: Legacy::new(tenant),
            marker: None,
            sweeper,
            confined: Confined::new(tenant),
            spare: Some(Spare::default()),
        }
    }

    /// The same beside a screen, on which no log belongs; it obeys faults on purpose, which is what a demo is for.
    pub fn silent_process(tenant: &str) -> Launcher {
        let args = vec![FAULTS.to_owned()];
        Launcher::Process {
            args,
            level: None,
            log: || WorkerLog::Discard,
            legacy: Legacy::new(tenant),
            marker: None,
            sweeper: None,
            confined: Confined::new(tenant),
            spare: None,
        }
    }

    /// What the workers of the other one leave is what those of this one begin with.
    pub fn shares(&mut self, other: &Launcher) -> io::Result<()> {
        if let (Launcher::Process { legacy, .. }, Launcher::Process { legacy: other, .. }) = (self, other) {
            *legacy = other.share()?;
        }
        Ok(())
    }

    /// The worker that was started has done its work for a while.
    pub fn healthy(&mut self) {
        if let Launcher::Process { legacy, .. } = self {
            legacy.healthy();
        }
    }

    /// The worker that was started has ended, perhaps over what its tenant may take of memory.
    pub fn ended(&mut self, over_limit: bool) {
        if let Launcher::Process { legacy, .. } = self {
            legacy.ended(over_limit);
        }
    }

    /// The worker that was started has said hello.
    pub fn greeted(&mut self) {
        if let Launcher::Process { legacy, .. } = self {
            legacy.greeted();
        }
    }

    /// What its workers leave to each other; none before one was started, and of one within this process.
    pub fn history(&self) -> Option<MemoryFile> {
        match self {
            Launcher::Process { legacy, .. } => legacy.file(),
            Launcher::Within(_) => None,
        }
    }

    /// The page of the worker that was started last.
    pub fn marker(&self) -> Option<&MarkerFile> {
        match self {
            Launcher::Process { marker, .. } => marker.as_ref(),
            Launcher::Within(_) => None,
        }
    }

    /// Where its processes are; none of one within this process.
    pub fn confined(&self) -> Option<&Confined> {
        match self {
            Launcher::Process { confined, .. } => Some(confined),
            Launcher::Within(_) => None,
        }
    }

    pub fn start(&mut self) -> io::Result<Launched> {
        match self {
            Launcher::Process { args, level, log, legacy, marker, sweeper, spare, confined } => {
                let mut stay = confined.enter();
                let door = stay.take_door();
                let history = legacy.hand_over()?;
                let given: Vec<BorrowedFd<'_>> =
                    std::iter::once(history.as_fd()).chain(door.iter().map(AsFd::as_fd)).collect();
                let taken = spare.as_ref().and_then(|spare| spare.take(&given));
                let (child, ours, page) = match taken {
                    Some(taken) => taken,
                    None => {
                        let (ours, theirs) = socket::pair()?;
                        // A page of its own for each life: nothing of an earlier one stands on it.
                        let page = MarkerFile::new()?;
                        let mut args = at_level(args, *level);
                        args.extend(door.iter().map(|_| JOINS.to_owned()));
                        let child = process::spawn_worker(&args, theirs, Some(history.as_fd()), page.as_fd(), log())?;
                        door.iter().try_for_each(|door| handover::give(&ours, &[door.as_fd()]))?;
                        (child, ours, page)
                    }
                };
                let stream = Box::new(QuietSocket::new(ours)?);
                legacy.handed_over();
                confined.limit_data(child.pid());
                *marker = Some(page);
                let pid = Some(child.pid());
                Ok(Launched {
                    stream,
                    pid,
                    counts_before: stay.before(),
                    life: Life::Process(child, sweeper.clone(), stay),
                })
            }
            Launcher::Within(start) => {
                let (stream, work) = start();
                Ok(Launched {
                    stream,
                    pid: None,
                    counts_before: None,
                    life: Life::Task(runtime::spawn("worker", work)),
                })
            }
        }
    }
}

/// The arguments with the level that is in force now.
fn at_level(args: &[String], level: Option<Level>) -> Vec<String> {
    let told = level.map(|level| log::level().unwrap_or(level.filter()).to_string());
    args.iter().cloned().chain(told.into_iter().flat_map(|level| ["--log".to_owned(), level])).collect()
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Launcher::Process { .. } => "Launcher::Process",
            Launcher::Within(_) => "Launcher::Within",
        })
    }
}

// === impl Life ===

impl Life {
    /// Waits for the end, and brings it about when `kill` is notified. Says how it was.
    pub async fn watch(self, kill: Arc<Notify>) -> String {
        match self {
            Life::Process(mut child, sweeper, stay) => {
                let exit = loop {
                    tokio::select! {
                        exit = child.wait() => break exit,
                        () = kill.notified() => {
                            stay.kill();
                            // It ends in any case once our end of the feed is gone.
                            let _ = child.kill();
                        }
                    }
                };
                drop(stay);
                sweeper.iter().for_each(Sweeper::look);
                exit.map_or_else(|error| format!("cannot be waited for: {error}"), |exit| exit.to_string())
            }
            Life::Task(mut task) => loop {
                tokio::select! {
                    ended = &mut task => break ended.unwrap_or_else(|ended| ended.to_string()),
                    () = kill.notified() => task.abort(),
                }
            },
        }
    }
}
