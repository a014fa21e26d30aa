//! A daemon with two tenants, what is pushed to both, and everybody who watches.
//!
//! Invariant: everything it started is gone once it is dropped, and what the daemon logs is kept in part only.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Condvar, Mutex};

use rustix::process::Signal;
use unblink::admin::client;
use unblink::admin::status::{Change, Status, TreeNode};
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;

use crate::board::{self, Look, NEIGHBOUR};
use crate::home::Home;
use crate::process::{self, Watched};
use crate::viewers::Viewers;
use crate::{PATIENCE, Trouble};

pub struct Stage {
    pub home: Home,
    daemon: Option<Child>,
    pub log: Log,
    pub viewers: Viewers,
    /// One for each tenant.
    pushers: Vec<Pusher>,
    /// Of the board, as it is rewritten.
    number: u64,
    /// Since when the worker with faults draws.
    pub alive_since: Mono,
    /// Deaths in a row since it was healthy: each makes the pause after the next one longer.
    pub deaths: u32,
}

/// What a daemon says, in part.
#[derive(Clone, Default)]
pub struct Log(Arc<(Mutex<Said>, Condvar)>);

#[derive(Default)]
struct Said {
    last: VecDeque<String>,
    panics_held: u64,
    daemons_started: u64,
}

struct Pusher {
    child: Child,
    lines: SyncSender<String>,
}

/// What a daemon has of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    pub descriptors: usize,
    pub processes: usize,
    pub threads: usize,
    pub tasks: usize,
}

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pids {
    pub root: u32,
    pub worker: u32,
    pub neighbour: u32,
}

const CONFIG: &str = "[faults]\nenabled = true\n[tenants.ops]\n";
/// Sizes of those who watch the tenant with faults.
pub const SIZES: [(u16, u16); 2] = [(100, 24), (120, 30)];
const NEIGHBOUR_SIZE: (u16, u16) = (40, 8);
/// Lines of a log that are kept.
const LINES_MAX: usize = 200;
/// Ticks on their way to one pusher.
const TICKS_MAX: usize = 64;

// === impl Stage ===

impl Stage {
    /// Starts it with so many viewers, half of them with each tenant, and waits until they attach.
    pub fn start(viewers: usize) -> Stage {
        let home = Home::new();
        home.configure(CONFIG);
        for folder in ["config/boards.d", "config/tenants/ops/boards.d"] {
            fs::create_dir_all(home.path(folder)).unwrap();
        }
        home.put("config/boards.d/faults.toml", &board::faults(0));
        home.put("config/tenants/ops/boards.d/next.toml", &board::neighbour());
        let log = Log::default();
        let daemon = Some(run(&home, &log));
        log.wait_started(1);
        let pushers = vec![Pusher::start(&home, "default"), Pusher::start(&home, NEIGHBOUR)];
        let look = |viewer: usize| match viewer % 2 {
            0 => (home.command(&["attach", "default/faults"]), SIZES[viewer / 2 % 2], false),
            _ => (home.command(&["attach", "ops/next"]), NEIGHBOUR_SIZE, true),
        };
        let viewers = Viewers::start((0..viewers.max(4)).map(look).collect());
        Stage { home, daemon, log, viewers, pushers, number: 0, alive_since: clock::mono(), deaths: 0 }
    }

    /// Waits until everybody sees what there is.
    pub fn wait_settled(&mut self) -> Result<(), Trouble> {
        let all: Vec<usize> = (0..self.viewers.all.len()).collect();
        self.wait_sound(clock::mono(), &all, "the first pictures")?;
        self.alive_since = clock::mono();
        Ok(())
    }

    /// Hands a tick to both tenants; what cannot be taken just now is left out.
    pub fn lines_of(&self) -> Vec<SyncSender<String>> {
        self.pushers.iter().map(|pusher| pusher.lines.clone()).collect()
    }

    /// Waits until each of these viewers had a sound picture since then.
    pub fn wait_sound(&self, since: Mono, viewers: &[usize], what: &str) -> Result<(), Trouble> {
        self.wait_look(since, viewers, what, |look| look == Look::Sound)
    }

    pub fn wait_look(
        &self,
        since: Mono,
        viewers: &[usize],
        what: &str,
        wanted: impl Fn(Look) -> bool,
    ) -> Result<(), Trouble> {
        let is_there = |viewer: usize| self.viewers.screen(viewer).first(since, |shot| wanted(shot.look)).is_some();
        let mut left = viewers.to_vec();
        let mut done = || {
            while left.last().is_some_and(|viewer| is_there(*viewer)) {
                left.pop();
            }
            left.is_empty().then_some(())
        };
        if self.viewers.wait(PATIENCE, &mut done).is_some() {
            return Ok(());
        }
        let viewer = left.last().copied().unwrap_or_default();
        let screen = self.viewers.screen(viewer);
        let last: Vec<_> = screen.shots.iter().rev().take(5).collect();
        Err(format!("waited in vain for {what} of viewer {viewer}; {last:?}, its screen:\n{}", screen.text()))
    }

    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("it runs").id()
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(self.daemon.as_ref().expect("it runs"), signal);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let workers = process::children(self.pid());
        let mut daemon = self.daemon.take().expect("it runs");
        process::signal(&daemon, Signal::KILL);
        process::wait_end(&mut daemon, "the daemon");
        workers.iter().for_each(Watched::wait_gone);
    }

    /// Another one, as a service manager does. Answers when that listened.
    pub fn start_again(&mut self) -> Mono {
        let started = self.log.0.0.lock().unwrap().daemons_started;
        self.daemon = Some(run(&self.home, &self.log));
        self.log.wait_started(started + 1)
    }

    pub fn status(&self) -> Result<Status, Trouble> {
        let answer =
            runtime::block_on(client::get("/api/v1/status", &self.admin())).map_err(|error| error.to_string())?;
        let answer = answer.map_err(|error| error.to_string())?;
        serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
    }

    fn admin(&self) -> std::path::PathBuf {
        self.home.path("run/unblink/admin.sock")
    }

    /// None while a worker is down.
    pub fn pids(&self) -> Result<Option<Pids>, Trouble> {
        let status = self.status()?;
        let of = |tenant: &str| status.workers.iter().find(|row| row.tenant == tenant).and_then(|row| row.pid);
        Ok(of("default").zip(of(NEIGHBOUR)).map(|(worker, neighbour)| Pids { root: self.pid(), worker, neighbour }))
    }

    /// The board is written anew, so that whatever workers died of is tried again. Answers when that was asked for.
    pub fn renew(&mut self) -> Result<Mono, Trouble> {
        self.number += 1;
        let begun = clock::mono();
        self.home.put("config/boards.d/faults.toml", &board::faults(self.number));
        let answer =
            runtime::block_on(client::post("/api/v1/reload", &self.admin())).map_err(|error| error.to_string())?;
        let answer = answer.map_err(|error| error.to_string())?;
        let change: Change = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        if change.accepted { Ok(begun) } else { Err(format!("a board was refused: {change:?}")) }
    }

    /// Whether a worker waits for the next death.
    pub fn has_spare(&self) -> Result<bool, Trouble> {
        Ok(self.status()?.tree.find("spare worker").is_some())
    }

    pub fn holdings(&self) -> Result<Holdings, Trouble> {
        let tasks = nodes(&self.status()?.tree);
        let mut pids = vec![self.pid()];
        pids.extend(process::children(self.pid()).iter().map(|child| child.pid));
        let count = |what: &str| -> usize {
            pids.iter().filter_map(|pid| fs::read_dir(format!("/proc/{pid}/{what}")).ok()).map(Iterator::count).sum()
        };
        Ok(Holdings { descriptors: count("fd"), processes: pids.len(), threads: count("task"), tasks })
    }

    /// SIGTERM, and whether it ended as it should.
    pub fn stop(&mut self) -> Result<(), Trouble> {
        let mut daemon = self.daemon.take().expect("it runs");
        process::signal(&daemon, Signal::TERM);
        let status = process::wait_end(&mut daemon, "the daemon");
        if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}: {}", self.log.last())) }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for pusher in &mut self.pushers {
            let _ = pusher.child.kill();
            let _ = pusher.child.wait();
        }
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn run(home: &Home, log: &Log) -> Child {
    let mut command = home.command(&["serve"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    log.follow(BufReader::new(child.stderr.take().expect("it is piped")));
    child
}

fn nodes(node: &TreeNode) -> usize {
    1 + node.children.iter().map(nodes).sum::<usize>()
}

// === impl Pusher ===

impl Pusher {
    fn start(home: &Home, tenant: &str) -> Pusher {
        let mut command = home.command(&["push", "--stdin", "--tenant", tenant]);
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = streams.spawn().unwrap();
        let input = child.stdin.take().expect("it is piped");
        let (lines, taken) = mpsc::sync_channel(TICKS_MAX);
        runtime::spawn_thread("pusher", move || push(input, taken)).unwrap();
        Pusher { child, lines }
    }
}

fn push(mut input: ChildStdin, lines: mpsc::Receiver<String>) {
    while let Ok(lines) = lines.recv() {
        if input.write_all(lines.as_bytes()).is_err() {
            return;
        }
    }
}

// === impl Log ===

impl Log {
    pub fn follow(&self, lines: impl BufRead + Send + 'static) {
        let log = self.clone();
        runtime::spawn_thread("daemon log", move || {
            for line in lines.lines().map_while(Result::ok) {
                log.0.0.lock().unwrap().take(line);
                log.0.1.notify_all();
            }
        })
        .unwrap();
    }

    /// Answers when it did.
    pub fn wait_started(&self, count: u64) -> Mono {
        let said = self.0.0.lock().unwrap();
        let waits = |said: &mut Said| said.daemons_started < count;
        let (said, waited) = self.0.1.wait_timeout_while(said, PATIENCE, waits).unwrap();
        assert!(!waited.timed_out(), "the daemon does not start: {:?}", said.last);
        clock::mono()
    }

    pub fn panics_held(&self) -> u64 {
        self.0.0.lock().unwrap().panics_held
    }

    /// Waits until more panics were held than these.
    pub fn wait_panics_held(&self, before: u64) -> Result<(), Trouble> {
        let said = self.0.0.lock().unwrap();
        let waited = self.0.1.wait_timeout_while(said, PATIENCE, |said| said.panics_held <= before).unwrap().1;
        if waited.timed_out() { Err("no panic was held".to_owned()) } else { Ok(()) }
    }

    pub fn last(&self) -> String {
        self.0.0.lock().unwrap().last.iter().rev().take(40).rev().cloned().collect::<Vec<String>>().join("\n")
    }
}

// === impl Said ===

impl Said {
    fn take(&mut self, line: String) {
        self.panics_held += u64::from(line.contains("a panic was held"));
        self.daemons_started += u64::from(line.contains("daemon started"));
        if self.last.len() == LINES_MAX {
            self.last.pop_front();
        }
        self.last.push_back(line.chars().take(400).collect());
    }
}
