//! Starts a worker, as a process or within this one, and tells how it ended.
//!
//! Invariant: whoever is told of an end can be sure that nothing of that worker runs any more.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::Notify;

use super::legacy::Legacy;
use crate::config::Level;
use crate::runtime::{self, Task};
use crate::sys::marker::MarkerFile;
use crate::sys::process::{self, Child, WorkerLog};
use crate::sys::socket;

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
        /// Arguments of the hidden verb.
        args: Vec<String>,
        /// Where its log goes; called for each start.
        log: fn() -> WorkerLog,
        legacy: Legacy,
        /// Of the worker that was started last.
        marker: Option<MarkerFile>,
    },
    /// In this process, for tests.
    Within(Box<dyn FnMut() -> Inner + Send>),
}

/// Makes the launcher of a tenant's workers.
pub struct Launchers(Box<dyn FnMut(&str) -> Launcher + Send>);

/// A worker that was just started.
#[derive(Debug)]
pub struct Launched {
    pub stream: Box<dyn Stream>,
    pub pid: Option<u32>,
    pub life: Life,
}

/// What has to be waited for.
#[derive(Debug)]
pub enum Life {
    Process(Child),
    Task(Task<String>),
}

/// The flag without which a worker obeys no faults.
const FAULTS: &str = "--faults";

// === impl Launchers ===

impl Launchers {
    pub fn new(make: impl FnMut(&str) -> Launcher + Send + 'static) -> Launchers {
        Launchers(Box::new(make))
    }

    pub fn of(&mut self, tenant: &str) -> Launcher {
        (self.0)(tenant)
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
    /// It obeys faults on purpose only if it is told so.
    pub fn process(tenant: &str, level: Level, faults: bool) -> Launcher {
        let mut args = vec!["--log".to_owned(), level.word().to_owned()];
        args.extend(faults.then(|| FAULTS.to_owned()));
        Launcher::Process { args, log: || WorkerLog::Inherit, legacy: Legacy::new(tenant), marker: None }
    }

    /// The same beside a screen, on which no log belongs; it obeys faults on purpose, which is what a demo is for.
    pub fn silent_process(tenant: &str) -> Launcher {
        let args = vec![FAULTS.to_owned()];
        Launcher::Process { args, log: || WorkerLog::Discard, legacy: Legacy::new(tenant), marker: None }
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

    /// The worker that was started has said hello.
    pub fn greeted(&mut self) {
        if let Launcher::Process { legacy, .. } = self {
            legacy.greeted();
        }
    }

    /// The page of the worker that was started last.
    pub fn marker(&self) -> Option<&MarkerFile> {
        match self {
            Launcher::Process { marker, .. } => marker.as_ref(),
            Launcher::Within(_) => None,
        }
    }

    pub fn start(&mut self) -> io::Result<Launched> {
        match self {
            Launcher::Process { args, log, legacy, marker } => {
                let (ours, theirs) = socket::pair()?;
                // A page of its own for each life: nothing of an earlier one stands on it.
                let page = MarkerFile::new()?;
                let child = process::spawn_worker(args, theirs, legacy.hand_over()?, page.as_fd(), log())?;
                *marker = Some(page);
                let pid = Some(child.pid());
                Ok(Launched { stream: Box::new(UnixStream::from_std(ours)?), pid, life: Life::Process(child) })
            }
            Launcher::Within(start) => {
                let (stream, work) = start();
                Ok(Launched { stream, pid: None, life: Life::Task(runtime::spawn("worker", work)) })
            }
        }
    }
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
            Life::Process(mut child) => {
                let exit = loop {
                    tokio::select! {
                        exit = child.wait() => break exit,
                        () = kill.notified() => {
                            // It ends in any case once our end of the feed is gone.
                            let _ = child.kill();
                        }
                    }
                };
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
