//! For `UNBLINK_FAIR_MINUTES`: workers that cannot answer, for every reason there is, on a machine that is full. None of
//! them hangs, and none may be killed. Beside them others hang, and each of those is. Run by `make fair`.
//!
//! Invariant: what holds a worker back is brought about for real: other programs take every processor, a group's limit
//! holds it back, a signal stops it, or root itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/daemon.rs"]
mod daemon;
#[path = "fair/group.rs"]
mod group;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/home.rs"]
mod home;
#[path = "chaos/pace.rs"]
mod pace;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/process.rs"]
mod process;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/terminal.rs"]
mod terminal;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/text.rs"]
mod text;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

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
    /// It hangs, each time it has been healthy for a while.
    Hangs,
}

const TRIALS: [Trial; 7] =
    [Trial::Full, Trial::Held(1), Trial::Held(10), Trial::Stopped, Trial::RootStopped, Trial::All(100), Trial::Hangs];

/// Blocks the thread that draws, which waits then and takes nothing of a processor.
const BLOCK: &str = "a";
/// Loops for ever within a panel.
const LOOP: &str = "S";
/// A panel that two workers died of within ten minutes is left alone.
const LOOP_EVERY: Duration = Duration::from_secs(11 * 60);
/// A worker that lived for this long begins anew with its pauses.
const HEALTHY: Duration = Duration::from_secs(12);

/// Ended when dropped.
struct Hog(Child);

/// What came of one trial.
struct Outcome {
    trial: Trial,
    /// Or hangs.
    stops: usize,
    excused: usize,
    killed: usize,
    /// From the cause to the end of the worker.
    slowest: Duration,
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

/// For how long somebody is stopped, or let be.
fn wait(span: Duration) {
    pace::until(clock::mono() + span);
}

/// Between nothing and [`STOP_MAX`].
fn a_while() -> Duration {
    STOP_MAX.mul_f64(f64::from(u32::try_from(random::u64() >> 32).unwrap()) / f64::from(u32::MAX))
}

/// Tries one worker until then.
fn attempt(trial: Trial, until: Mono) -> Outcome {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    // Sixty pictures a second are more than the groups allow.
    let terminal = Terminal::run(&home, &["attach", "demo"], (120, 40));
    terminal.wait_for("default/demo");
    let worker = daemon.worker();
    let root = Watched::open(daemon.pid()).unwrap();
    let _group = match trial {
        Trial::Held(thousandths) | Trial::All(thousandths) => Some(Group::hold(worker.pid, thousandths)),
        Trial::Full | Trial::Stopped | Trial::RootStopped | Trial::Hangs => None,
    };
    let mut stops = 0;
    while clock::mono() < until {
        let victims: &[&Watched] = match trial {
            Trial::Full | Trial::Held(_) | Trial::Hangs => &[],
            Trial::Stopped => &[&worker],
            Trial::RootStopped => &[&root],
            Trial::All(_) => &[&worker, &root],
        };
        if let Some(victim) = victims.get(stops % victims.len().max(1)) {
            victim.signal(Signal::STOP);
            wait(a_while());
            victim.signal(Signal::CONT);
            stops += 1;
        }
        wait(a_while());
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
    let excused = log.matches("worker does not answer").count();
    Outcome { trial, stops, excused, killed: 0, slowest: Duration::ZERO }
}

/// Has one worker after the other hang until then.
fn hang(until: Mono) -> Outcome {
    let home = Home::new();
    home.configure("[faults]\nenabled = true\n");
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "faults"], (150, 40));
    let (mut hangs, mut slowest, mut loops_at) = (0, Duration::ZERO, None);
    while clock::mono() < until {
        terminal.wait_until("the board, drawn live", |seen| {
            // A banner would stand in the place of the status line.
            seen.frames() > 3 && seen.text().contains("● live")
        });
        wait(HEALTHY);
        let (worker, begun) = (daemon.worker(), clock::mono());
        let is_its_turn = loops_at.is_none_or(|at| begun.since(at) > LOOP_EVERY);
        if is_its_turn {
            loops_at = Some(begun);
        }
        terminal.type_keys(if is_its_turn { LOOP } else { BLOCK });
        worker.wait_gone();
        slowest = slowest.max(clock::mono().since(begun));
        hangs += 1;
        terminal.seen().forget();
    }
    daemon.log.wait_for("the end of the last one", |log| log.matches("worker died;").nth(hangs - 1).map(|_| ()));
    let log = daemon.log.so_far();
    let killed = log.matches("worker hangs").count();
    assert_eq!(killed, hangs, "of those that hang each is killed, and no other:\n{log}");
    Outcome { trial: Trial::Hangs, stops: hangs, excused: 0, killed, slowest }
}

#[test]
fn no_worker_is_killed_that_could_not_answer() {
    let span = Duration::from_secs_f64(minutes() * 60.0);
    let processors = std::thread::available_parallelism().unwrap().get();
    let hogs: Vec<Hog> = (0..processors * HOGS_PER_PROCESSOR).map(|_| Hog::start()).collect();
    let until = clock::mono() + span;
    let trials: Vec<_> = TRIALS
        .map(|trial| {
            let run = move || if matches!(trial, Trial::Hangs) { hang(until) } else { attempt(trial, until) };
            runtime::spawn_thread("trial", run).unwrap()
        })
        .into();
    let outcomes: Vec<Outcome> = trials.into_iter().map(|trial| trial.join().unwrap()).collect();
    drop(hogs);
    for Outcome { trial, stops, excused, killed, slowest } in outcomes {
        let slowest = if killed > 0 { format!("{:.1} s", slowest.as_secs_f64()) } else { "-".to_owned() };
        println!("result: | {trial:?} | {:.0} | {stops} | {excused} | {killed} | {slowest} |", minutes());
    }
}
