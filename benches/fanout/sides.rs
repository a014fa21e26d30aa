//! Whoever draws for many viewers, behind one set of words: this project and those it is compared with.
//!
//! Invariant: each is in processes of its own, and hears of a tick before it may draw anything new.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use unblink::base::Mono;
use unblink::sys::clock;

use super::board::{COLS, ROWS};
use super::daemon::Daemon;
use super::drain::Shape;
use super::pace;
use super::peers::Frames;
use super::samples::Workload;
use super::tmux::Tmux;

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    Ours,
    /// The same through `unblink attach`, on terminals.
    OursOnTerminals,
    /// A bare loop of `write()`.
    Floor,
    /// The same by `send()`, which is what the daemon calls.
    FloorSends,
    Ratatui,
    Node,
    Tmux,
}

pub enum Side {
    Ours(Daemon),
    Terminals(Daemon),
    /// One process that listens at a path.
    Process(Process),
    Tmux(Process, Tmux),
}

/// A process that is told of ticks.
pub struct Process {
    child: Option<Child>,
    ticks: UnixStream,
    folder: TempDir,
}

/// What a peer is made of, before it listens to ticks.
struct Setting {
    folder: TempDir,
    ticks: UnixListener,
}

// === impl Who ===

impl Who {
    /// How what it writes falls into frames.
    pub fn shape(self) -> Shape {
        match self {
            Who::Ours | Who::Floor | Who::FloorSends | Who::Ratatui => Shape::Messages,
            Who::OursOnTerminals | Who::Node => Shape::Updates,
            Who::Tmux => Shape::Pieces,
        }
    }

    /// Whether it writes recorded frames and draws nothing.
    pub fn repeats(self) -> bool {
        matches!(self, Who::Floor | Who::FloorSends)
    }

    pub fn name(self) -> &'static str {
        match self {
            Who::Ours => "unblink",
            Who::OursOnTerminals => "unblink attach",
            Who::Floor => "floor",
            Who::FloorSends => "floor by send()",
            Who::Ratatui => "ratatui",
            Who::Node => "Node.js",
            Who::Tmux => "tmux",
        }
    }
}

// === impl Side ===

impl Side {
    /// Returns once it can take viewers. `frames` are what the floor and the program in tmux repeat.
    pub fn start(who: Who, workload: Workload, fps: u32, frames: &Frames) -> Side {
        match who {
            Who::Ours => Side::Ours(Daemon::start(workload, fps)),
            Who::OursOnTerminals => Side::Terminals(Daemon::start(workload, fps)),
            Who::Floor => Side::Process(Process::myself("floor", frames)),
            Who::FloorSends => Side::Process(Process::myself("floor-sends", frames)),
            Who::Ratatui => Side::Process(Process::myself("ratatui", frames)),
            Who::Node => Side::Process(Process::node()),
            Who::Tmux => {
                let setting = Setting::new(frames);
                let tmux = Tmux::start(setting.folder.path(), &setting.arguments("screen"), COLS, ROWS);
                Side::Tmux(setting.begin(None), tmux)
            }
        }
    }

    /// Processes whose work counts.
    pub fn pids(&self) -> Vec<u32> {
        match self {
            Side::Ours(daemon) | Side::Terminals(daemon) => daemon.pids(),
            Side::Process(process) => process.child.iter().map(Child::id).collect(),
            Side::Tmux(_, tmux) => tmux.pids(),
        }
    }

    /// Programs that a viewer needs beside.
    pub fn client_pids(&self) -> Vec<u32> {
        match self {
            Side::Terminals(daemon) => daemon.client_pids(),
            Side::Tmux(_, tmux) => tmux.client_pids(),
            Side::Ours(_) | Side::Process(_) => Vec::new(),
        }
    }

    /// Changes the data; when that was.
    pub fn tick(&mut self, n: u64) -> Mono {
        match self {
            Side::Ours(daemon) | Side::Terminals(daemon) => daemon.tick(n),
            Side::Process(process) | Side::Tmux(process, _) => process.tick(n),
        }
    }

    /// One more viewer; `own` numbers those that see a picture of their own.
    pub fn connect(&mut self, own: Option<u64>) -> OwnedFd {
        match self {
            Side::Ours(daemon) => daemon.connect(own).into(),
            Side::Terminals(daemon) => daemon.attach(),
            Side::Process(process) => process.connect().into(),
            Side::Tmux(_, tmux) => tmux.attach(COLS, ROWS),
        }
    }
}

// === impl Process ===

impl Process {
    fn myself(kind: &str, frames: &Frames) -> Process {
        let setting = Setting::new(frames);
        let mut arguments = setting.arguments(kind).into_iter();
        let program = arguments.next().expect("a program has a name");
        let child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn().expect("it starts");
        setting.begin(Some(child))
    }

    fn node() -> Process {
        let setting = Setting::new(&Frames(Vec::new()));
        let script = setting.folder.path().join("writer.js");
        std::fs::write(&script, include_str!("writer.js")).expect("the folder takes files");
        let mut command = Command::new("node");
        command.arg(script).arg(setting.path("ticks")).arg(setting.path("viewers"));
        let child = command.stdin(Stdio::null()).spawn().expect("node is installed");
        setting.begin(Some(child))
    }

    fn tick(&mut self, n: u64) -> Mono {
        let at = clock::mono();
        // A side that is far behind has hundreds of them waiting already.
        self.ticks.write_all(&n.to_le_bytes()).expect("it listens to ticks");
        at
    }

    fn connect(&self) -> UnixStream {
        let path = self.folder.path().join("viewers");
        pace::until_some(|| UnixStream::connect(&path).ok())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is fine.
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

// === impl Setting ===

impl Setting {
    fn new(frames: &Frames) -> Setting {
        let folder = tempfile::tempdir().expect("a folder");
        let ticks = UnixListener::bind(folder.path().join("ticks")).expect("a path of our own");
        frames.save(&folder.path().join("frames"));
        Setting { folder, ticks }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// This very program as a peer.
    fn arguments(&self, kind: &str) -> Vec<String> {
        let program = std::env::current_exe().expect("we know what we are");
        let text = |path: &Path| path.to_str().expect("a path of letters").to_owned();
        let paths = ["ticks", "viewers", "frames"].map(|name| text(&self.path(name)));
        [text(&program), "--peer".to_owned(), kind.to_owned()].into_iter().chain(paths).collect()
    }

    fn begin(self, child: Option<Child>) -> Process {
        let (ticks, _) = self.ticks.accept().expect("it connects");
        Process { child, ticks, folder: self.folder }
    }
}
