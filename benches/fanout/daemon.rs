//! This project: a real daemon with the boards of the bench, a program that pushes into it, and viewers that speak the
//! attach protocol or sit behind `unblink attach` on terminals.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command};

use bytes::{Bytes, BytesMut};
use tempfile::TempDir;
use unblink::base::{Mono, Size, limits};
use unblink::model::{GlyphSet, Palette, ViewSpec};
use unblink::sys::clock;
use unblink::sys::pty::Pty;
use unblink::wire::attach::{self, Chunk, Hello, PushHello, ToClient, ToRoot};
use unblink::wire::framing;

use super::board::data::POINTS;
use super::board::{COLS, ROWS};
use super::samples::{Samples, Workload};
use super::serving;

const DASHBOARD: &str = include_str!("dashboard.toml");
const NODES: &str = include_str!("nodes.toml");

pub struct Daemon {
    folder: TempDir,
    root: Child,
    worker: u32,
    workload: Workload,
    fps: u32,
    samples: Samples,
    pushing: UnixStream,
    answers: BytesMut,
    number: u64,
    credit: u32,
    clients: Vec<Child>,
}

// === impl Daemon ===

impl Daemon {
    /// Returns when its worker draws and a pusher was welcomed.
    pub fn start(workload: Workload, fps: u32) -> Daemon {
        let folder = tempfile::tempdir().expect("a folder");
        let boards = folder.path().join("boards.d");
        std::fs::create_dir(&boards).expect("a folder takes a folder");
        for (name, board) in [("dashboard.toml", DASHBOARD), ("nodes.toml", NODES)] {
            std::fs::write(boards.join(name), board).expect("the folder takes files");
        }
        let root = serving::start(folder.path());
        let worker = serving::workers(&root)[0];
        let mut pushing = UnixStream::connect(folder.path().join("attach.sock")).expect("it listens");
        let hello = PushHello { version: attach::VERSION, build: String::new(), tenant: String::new() };
        pushing.write_all(&ToRoot::Push(hello).encode()).expect("it reads");
        let mut daemon = Daemon {
            folder,
            root,
            worker,
            workload,
            fps,
            samples: Samples::new(workload, fps),
            pushing,
            answers: BytesMut::new(),
            number: 0,
            credit: 0,
            clients: Vec::new(),
        };
        daemon.hear();
        daemon
    }

    /// Root and worker.
    pub fn pids(&self) -> Vec<u32> {
        vec![self.root.id(), self.worker]
    }

    /// Programs that stand between a terminal and the daemon.
    pub fn client_pids(&self) -> Vec<u32> {
        self.clients.iter().map(Child::id).collect()
    }

    /// Changes the data; when that was. The daemon may take its time: the clock starts before it is asked.
    pub fn tick(&mut self, n: u64) -> Mono {
        let lines = Bytes::from(self.samples.lines(n, clock::wall()));
        let at = clock::mono();
        while self.credit == 0 {
            self.hear();
        }
        self.number += 1;
        self.credit -= 1;
        self.pushing.write_all(&ToRoot::Chunk(Chunk { number: self.number, lines }).encode()).expect("it reads");
        self.hear_what_is_there();
        at
    }

    /// A viewer who was just connected; `own` makes its picture one that nobody else sees.
    pub fn connect(&self, own: Option<u64>) -> UnixStream {
        greet(&self.socket(), &self.hello(own))
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("attach.sock")
    }

    pub fn hello(&self, own: Option<u64>) -> Hello {
        let board = match self.workload {
            Workload::Dashboard => "dashboard",
            Workload::Nodes => "nodes",
        };
        let mut spec = ViewSpec::new("default", board, Size::clamped(COLS, ROWS));
        // As many points as the other side shows; a viewer with a picture of its own sees a little more of the past.
        spec.range_ms = (POINTS as u64 * 1_000 / u64::from(self.fps)).max(1_000) + own.unwrap_or(0);
        (spec.palette, spec.glyphs) = (Palette::Truecolor, GlyphSet::Braille);
        Hello {
            version: attach::VERSION,
            build: String::new(),
            board: None,
            params: Default::default(),
            size: spec.size,
            palette: spec.palette,
            glyphs: spec.glyphs,
            timezone: "UTC".to_owned(),
            theme: None,
            resume: Some(spec),
            waits: true,
        }
    }

    /// The same through the program that people use, on a terminal.
    pub fn attach(&mut self) -> OwnedFd {
        let pty = Pty::open(COLS, ROWS).expect("a terminal");
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        let board = if self.workload == Workload::Nodes { "nodes" } else { "dashboard" };
        command.args(["attach", board, "--socket"]).arg(self.socket());
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LANG", "C.UTF-8");
        self.clients.push(pty.spawn(command.env_remove("NO_COLOR")).expect("the client starts"));
        pty.as_fd().try_clone_to_owned().expect("a second handle")
    }

    fn hear_what_is_there(&mut self) {
        self.pushing.set_nonblocking(true).expect("a socket");
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.pushing.read(&mut buffer) {
            self.answers.extend_from_slice(&buffer[..count]);
        }
        self.pushing.set_nonblocking(false).expect("a socket");
        self.understand();
    }

    fn hear(&mut self) {
        let mut buffer = [0; 4096];
        let count = self.pushing.read(&mut buffer).expect("the daemon answers");
        assert!(count > 0, "the daemon closed the pusher's connection");
        self.answers.extend_from_slice(&buffer[..count]);
        self.understand();
    }

    fn understand(&mut self) {
        while let Some(message) =
            framing::take(&mut self.answers, limits::ATTACH_MESSAGE_BYTES_MAX).expect("sound messages")
        {
            match ToClient::decode(&message).expect("a sound message") {
                ToClient::PushWelcome(welcome) => self.credit = welcome.credit,
                ToClient::PushTaken(taken) => {
                    assert_eq!(taken.rejected, 0, "a line was rejected: {:?}", taken.faults);
                    self.credit += taken.credit;
                }
                other => panic!("the daemon answers a pusher with {other:?}"),
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Gone already is fine; the worker dies with root.
        for child in self.clients.iter_mut().chain([&mut self.root]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Connects and says hello.
pub fn greet(socket: &std::path::Path, hello: &Hello) -> UnixStream {
    let mut stream = UnixStream::connect(socket).expect("the daemon listens");
    stream.write_all(&ToRoot::Hello(Box::new(hello.clone())).encode()).expect("it reads");
    stream
}
