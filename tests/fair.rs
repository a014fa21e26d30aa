//! For `UNBLINK_FAIR_MINUTES`: workers that cannot answer, for every reason there is, on a machine that is full. None of
//! them hangs, and none may be killed. Run by `make fair`.
//!
//! Invariant: what holds a worker back is brought about for real: other programs take every processor, a group's limit
//! holds it back, a signal stops it, or root itself. That one that hangs is killed is for the end-to-end tests to show.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/daemon.rs"]
mod daemon;
#[path = "fair/group.rs"]
mod group;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/home.rs"]
mod home;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/process.rs"]
mod process;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/terminal.rs"]
mod terminal;
#[path = "e2e/text.rs"]
mod text;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::process::Signal;
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::{clock, random};

use daemon::Daemon;
use group::Group;
use home::Home;
use process::Watched;
use terminal::Terminal;

/// How long anything is waited for: everything here is slow on purpose.
const PATIENCE: Duration = Duration::from_secs(120);
/// Programs that take all they get, for each processor.
const HOGS_PER_PROCESSOR: usize = 2;
/// A stop is at most this long, and so is the time until the next one.
const STOP_MAX: Duration = Duration::from_secs(3);

/// What is done to a worker, or to its root.
#[derive(Clone, Copy, Debug)]
enum Trial {
    /// Nothing but a full machine.
    Full,
    /// Its group may take so many thousandths of one processor.
    Held(u32),
    /// It is stopped and goes on, again and again.
    Stopped,
    /// Root is, and the worker not.
    RootStopped,
    /// All of that.
    All(u32),
}

const TRIALS: [Trial; 6] =
    [Trial::Full, Trial::Held(10), Trial::Held(100), Trial::Stopped, Trial::RootStopped, Trial::All(100)];

/// Ended when dropped.
struct Hog(Child);

/// What came of one trial.
struct Outcome {
    trial: Trial,
    stops: usize,
    excused: usize,
}

// === impl Hog ===

impl Hog {
    fn start() -> Hog {
        let mut command = Command::new("sh");
        Hog(command.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn minutes() -> f64 {
    let said = std::env::var("UNBLINK_FAIR_MINUTES").expect("UNBLINK_FAIR_MINUTES says for how long");
    said.parse().expect("UNBLINK_FAIR_MINUTES is a number")
}

/// For how long somebody is stopped, or let be: what is tried here has a length.
fn pace(span: Duration) {
    let until = clock::mono() + span;
    loop {
        let left = until.since(clock::mono());
        if left.is_zero() {
            return;
        }
        let _ = poll(&mut [], Timespec::try_from(left).ok().as_ref());
    }
}

/// Between nothing and [`STOP_MAX`].
fn a_while() -> Duration {
    STOP_MAX.mul_f64(f64::from(u32::try_from(random::u64() >> 32).unwrap()) / f64::from(u32::MAX))
}

/// Tries one worker until then.
fn attempt(trial: Trial, until: Mono) -> Outcome {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "host"], (120, 40));
    terminal.wait_for("default/host");
    let worker = daemon.worker();
    let root = Watched::open(daemon.pid()).unwrap();
    let _group = match trial {
        Trial::Held(thousandths) | Trial::All(thousandths) => Some(Group::hold(worker.pid, thousandths)),
        Trial::Full | Trial::Stopped | Trial::RootStopped => None,
    };
    let mut stops = 0;
    while clock::mono() < until {
        let victims: &[&Watched] = match trial {
            Trial::Full | Trial::Held(_) => &[],
            Trial::Stopped => &[&worker],
            Trial::RootStopped => &[&root],
            Trial::All(_) => &[&worker, &root],
        };
        if let Some(victim) = victims.get(stops % victims.len().max(1)) {
            victim.signal(Signal::STOP);
            pace(a_while());
            victim.signal(Signal::CONT);
            stops += 1;
        }
        pace(a_while());
    }
    let log = daemon.log.so_far();
    let still = daemon.worker();
    assert!(
        still.pid == worker.pid && !log.contains("worker died") && !log.contains("worker hangs"),
        "{trial:?}: a worker that could not answer was killed:\n{log}"
    );
    // Viewers see it draw again once it can.
    drop(_group);
    terminal.seen().forget();
    terminal.wait_until("live pictures", |seen| seen.frames() > 3 && !seen.text().contains("worker"));
    Outcome { trial, stops, excused: log.matches("worker does not answer").count() }
}

#[test]
fn no_worker_is_killed_that_could_not_answer() {
    let span = Duration::from_secs_f64(minutes() * 60.0);
    let processors = std::thread::available_parallelism().unwrap().get();
    let hogs: Vec<Hog> = (0..processors * HOGS_PER_PROCESSOR).map(|_| Hog::start()).collect();
    let until = clock::mono() + span;
    let trials: Vec<_> =
        TRIALS.map(|trial| runtime::spawn_thread("trial", move || attempt(trial, until)).unwrap()).into();
    let outcomes: Vec<Outcome> = trials.into_iter().map(|trial| trial.join().unwrap()).collect();
    drop(hogs);
    for Outcome { trial, stops, excused } in outcomes {
        println!("result: | {trial:?} | {:.0} | {stops} | {excused} | 0 |", minutes());
    }
}
