//! Somebody who watches a board of a tenant to whom nothing happens, while something happens to others.
//!
//! Invariant: a gap is the time between two moments at which something new came out of the terminal, from the first whole
//! picture on.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use unblink::runtime;
use unblink::sys::clock;
use unblink::sys::pty::Pty;

use crate::PATIENCE;

pub struct Witness {
    is_over: Arc<AtomicBool>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: runtime::Thread<()>,
}

#[derive(Clone, Default)]
pub struct Seen {
    gaps: Vec<Duration>,
    /// The row of a banner that was shown.
    pub trouble: Option<String>,
    screen: String,
}

const SIZE: (u16, u16) = (100, 20);
/// How soon it notices that it is over where nothing comes.
const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

// === impl Witness ===

impl Witness {
    /// Watches by the socket `door` this board, which shows `words`.
    pub fn start(door: &Path, board: &str, words: &'static str) -> Witness {
        let pty = Pty::open(SIZE.0, SIZE.1).expect("a terminal");
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        command.args(["attach", board, "--socket"]).arg(door).env_clear();
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("HOME", "/");
        let mut child = pty.spawn(&mut command).expect("the program runs");
        let (is_over, seen) = (Arc::new(AtomicBool::new(false)), Arc::<(Mutex<Seen>, Condvar)>::default());
        let (ends, noted) = (Arc::clone(&is_over), Arc::clone(&seen));
        let reader = runtime::spawn_thread("witness", move || {
            let mut screen =
                vt100::Parser::new(SIZE.1.try_into().expect("rows"), SIZE.0.try_into().expect("columns"), 0);
            let (mut piece, mut last) = (vec![0; 65536], None);
            while !ends.load(Ordering::Relaxed) {
                let mut ready = [PollFd::new(&pty, PollFlags::IN)];
                if poll(&mut ready, Some(&LOOK_AGAIN)).is_ok_and(|count| count == 0) {
                    continue;
                }
                let count = (&mut &pty).read(&mut piece).unwrap_or(0);
                assert!(count > 0, "the client ended");
                screen.process(&piece[..count]);
                let (now, text) = (clock::mono(), screen.screen().contents());
                let mut seen = noted.0.lock().unwrap_or_else(PoisonError::into_inner);
                let row = text.lines().find(|row| row.contains("worker ") || row.contains("reconnecting"));
                seen.trouble = row.map(str::to_owned).or_else(|| seen.trouble.take());
                seen.gaps.extend(last.map(|last| now.since(last)));
                last = text.contains(words).then_some(now).or(last);
                seen.screen = text;
                noted.1.notify_all();
            }
            // Nothing came since.
            let open = last.map(|last| clock::mono().since(last));
            noted.0.lock().unwrap_or_else(PoisonError::into_inner).gaps.extend(open);
            let _ = child.kill();
            let _ = child.wait();
        });
        Witness { is_over, seen, reader: reader.expect("a thread") }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many more gaps are known.
    pub fn wait_for_more(&self, count: usize) {
        let deadline = clock::mono() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = seen.count() + count;
        while seen.count() < wanted {
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "{} of {wanted} pictures came:\n{}", seen.count(), seen.screen);
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        self.reader.join().expect("it watched to the end");
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Seen ===

impl Seen {
    pub fn count(&self) -> usize {
        self.gaps.len()
    }

    pub fn screen(&self) -> &str {
        &self.screen
    }

    pub fn longest(&self) -> Duration {
        self.gaps.iter().copied().max().unwrap_or_default()
    }

    /// As a row of the results.
    pub fn row(&self, what: &str) -> String {
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable();
        let at = |share: usize| gaps.get(gaps.len().saturating_sub(1) * share / 100).map_or(0, |gap| gap.as_millis());
        // One of a few is none of a hundred.
        let p99 = if gaps.len() < 200 { "-".to_owned() } else { at(99).to_string() };
        format!("result: | {what} | {} | {} | {p99} | {} |", gaps.len(), at(50), at(100))
    }
}
