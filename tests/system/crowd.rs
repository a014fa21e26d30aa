//! People who watch a daemon in a lab: real clients on terminals of this machine, read by one thread.
//!
//! Invariant: what is noted is what stood on a terminal: when the first whole picture of a new worker came with the words of
//! the board.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;
use unblink::sys::pty::Pty;

pub struct Crowd {
    people: Vec<(Pty, Child)>,
    tapes: Arc<Tapes>,
    reader: Option<runtime::Thread<()>>,
}

struct Tapes {
    all: Mutex<Vec<Tape>>,
    changed: Condvar,
    ended: AtomicBool,
}

struct Tape {
    screen: vt100::Parser,
    /// What came since it was forgotten.
    bytes: Vec<u8>,
    /// When a whole picture with the board's words came.
    live_at: Option<Mono>,
    /// The client has ended, or its terminal.
    is_closed: bool,
}

const SIZE: (u16, u16) = (100, 48);
/// How a frame begins that stands on none before it, and how each ends.
const WHOLE: &[u8] = b"\x1b[?2026h\x1b[m";
const END: &[u8] = b"\x1b[?2026l";
const LOOK_UP: Duration = Duration::from_millis(50);
/// Bytes kept of each to look for a picture in.
const BYTES_MAX: usize = 1 << 20;

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

// === impl Crowd ===

impl Crowd {
    /// So many who watch this board, by this program and socket.
    pub fn start(program: &Path, socket: &Path, board: &str, words: &'static str, count: usize) -> Crowd {
        let mut people = Vec::new();
        for _ in 0..count {
            let pty = Pty::open(SIZE.0, SIZE.1).expect("a terminal");
            let mut command = Command::new(program);
            command.args(["attach", board, "--socket"]).arg(socket).env_clear();
            command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("HOME", "/");
            let child = pty.spawn(&mut command).expect("the program runs");
            people.push((pty, child));
        }
        let tape = || Tape {
            screen: vt100::Parser::new(SIZE.1.try_into().expect("rows"), SIZE.0.try_into().expect("columns"), 0),
            bytes: Vec::new(),
            live_at: None,
            is_closed: false,
        };
        let all = Mutex::new((0..count).map(|_| tape()).collect());
        let tapes = Arc::new(Tapes { all, changed: Condvar::new(), ended: AtomicBool::new(false) });
        let ptys = people.iter().map(|(pty, _)| pty.try_clone().expect("a descriptor")).collect();
        let fed = Arc::clone(&tapes);
        let reader = runtime::spawn_thread("crowd", move || fed.read(ptys, words)).expect("a thread");
        Crowd { people, tapes, reader: Some(reader) }
    }

    /// From now on only what comes counts.
    pub fn forget(&self) {
        for tape in self.tapes.lock().iter_mut() {
            (tape.bytes, tape.live_at) = (Vec::new(), None);
        }
    }

    /// Waits until everybody has a whole picture, and answers when each had it.
    pub fn wait_live(&self) -> Vec<Mono> {
        let deadline = clock::mono() + PATIENCE;
        let mut tapes = self.tapes.lock();
        loop {
            let live: Vec<Mono> = tapes.iter().filter_map(|tape| tape.live_at).collect();
            if live.len() == tapes.len() {
                return live;
            }
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "{} of {} are live; one sees:\n{}", live.len(), tapes.len(), {
                let dark = tapes.iter().find(|tape| tape.live_at.is_none());
                dark.map_or_else(String::new, |tape| tape.screen.screen().contents())
            });
            tapes = self.tapes.changed.wait_timeout(tapes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until all of this is on the first one's screen.
    pub fn wait_for(&self, wanted: &[&str]) -> String {
        let deadline = clock::mono() + PATIENCE;
        let mut tapes = self.tapes.lock();
        loop {
            let screen = tapes[0].screen.screen().contents();
            if wanted.iter().all(|words| screen.contains(words)) {
                return screen;
            }
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "waited in vain for {wanted:?}:\n{screen}");
            tapes = self.tapes.changed.wait_timeout(tapes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until that is so of everybody's screen.
    pub fn wait_all(&self, what: &str, wanted: impl Fn(usize, &str) -> bool) {
        let deadline = clock::mono() + PATIENCE;
        let mut tapes = self.tapes.lock();
        loop {
            let screens = tapes.iter().map(|tape| tape.screen.screen().contents()).enumerate();
            let Some((who, screen)) = screens.into_iter().find(|(who, screen)| !wanted(*who, screen)) else { return };
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "waited in vain for {what}; viewer {who} sees:\n{screen}");
            tapes = self.tapes.changed.wait_timeout(tapes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What the first one sees.
    pub fn screen(&self) -> String {
        self.tapes.lock()[0].screen.screen().contents()
    }

    /// Everybody presses a key.
    pub fn press(&self, key: &str) {
        self.press_by(key, |_| true);
    }

    /// Some press keys.
    pub fn press_by(&self, keys: &str, whether: impl Fn(usize) -> bool) {
        for (_, (pty, _)) in self.people.iter().enumerate().filter(|(who, _)| whether(*who)) {
            (&mut &*pty).write_all(keys.as_bytes()).expect("a terminal takes keys");
        }
    }

    /// Waits until every client has ended, with which status.
    pub fn wait_ended(&mut self) -> Vec<Option<i32>> {
        self.people.iter_mut().map(|(_, child)| child.wait().expect("a child").code()).collect()
    }

    /// Whether each terminal is as it was: the other screen is left and the cursor shown.
    pub fn are_given_back(&self) -> bool {
        self.tapes
            .lock()
            .iter()
            .all(|tape| !tape.screen.screen().alternate_screen() && !tape.screen.screen().hide_cursor())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tapes.ended.store(true, Ordering::Relaxed);
        for (_, child) in &mut self.people {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

// === impl Tapes ===

impl Tapes {
    fn lock(&self) -> MutexGuard<'_, Vec<Tape>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, ptys: Vec<Pty>, words: &str) {
        let timeout = Timespec::try_from(LOOK_UP).expect("it is short");
        let mut piece = vec![0; 64 * 1024];
        while !self.ended.load(Ordering::Relaxed) {
            let open: Vec<usize> =
                self.lock().iter().enumerate().filter(|(_, tape)| !tape.is_closed).map(|(at, _)| at).collect();
            let mut polled: Vec<PollFd<'_>> = open.iter().map(|at| PollFd::new(&ptys[*at], PollFlags::IN)).collect();
            if poll(&mut polled, Some(&timeout)).is_err() {
                continue;
            }
            let ready: Vec<usize> = (0..open.len()).filter(|one| !polled[*one].revents().is_empty()).collect();
            for at in ready.into_iter().map(|one| open[one]) {
                let count = (&mut &ptys[at]).read(&mut piece).unwrap_or(0);
                let now = clock::mono();
                let mut tapes = self.lock();
                tapes[at].is_closed = count == 0;
                tapes[at].take(&piece[..count], words, now);
            }
            self.changed.notify_all();
        }
    }
}

// === impl Tape ===

impl Tape {
    fn take(&mut self, piece: &[u8], words: &str, now: Mono) {
        self.screen.process(piece);
        if self.live_at.is_some() {
            return;
        }
        self.bytes.extend_from_slice(piece);
        // What a worker draws first stands on nothing before it.
        while let Some(begin) = find(&self.bytes, WHOLE) {
            let Some(length) = find(&self.bytes[begin..], END) else { break };
            let frame: Vec<u8> = self.bytes.drain(..begin + length + END.len()).skip(begin).collect();
            if find(&frame, words.as_bytes()).is_some() {
                self.live_at = Some(now);
                self.bytes = Vec::new();
                return;
            }
        }
        assert!(self.bytes.len() < BYTES_MAX, "no picture among so many bytes");
    }
}
