//! What the end-to-end tests do a few times, done for long: run by `make stress`, with `UNBLINK_STRESS_ROUNDS` rounds.
//!
//! Invariant: every round is checked as strictly as the short test is, and a line of results is printed for each test.
//! It measures times and judges none of them: a bound belongs into a bench.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/asking.rs"]
mod asking;
#[path = "e2e/captures.rs"]
mod captures;
#[path = "e2e/chaos.rs"]
mod chaos;
#[path = "stress/crowd.rs"]
mod crowd;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/daemon.rs"]
mod daemon;
#[path = "e2e/home.rs"]
mod home;
#[path = "e2e/leftovers.rs"]
mod leftovers;
#[path = "e2e/process.rs"]
mod process;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/terminal.rs"]
mod terminal;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/text.rs"]
mod text;

use std::time::Duration;

use rustix::process::Signal;
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;

use chaos::Chaos;
use daemon::Daemon;
use home::Home;
use terminal::Terminal;

/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Daemons at once: what waits in one leaves the processor to the others.
const DAEMONS: usize = 8;
/// After so long a worker and a connection count as healthy.
const HEALTHY_AFTER: Duration = Duration::from_secs(12);
const BOARD: &str = "CPU";
/// What its panels say while this machine is too busy to be looked at.
const LATE: &str = "not reported for";

fn rounds() -> usize {
    let said = std::env::var("UNBLINK_STRESS_ROUNDS").expect("UNBLINK_STRESS_ROUNDS says how often");
    said.parse().expect("UNBLINK_STRESS_ROUNDS is a number")
}

/// Runs `round` over and over on several daemons at once and prints how long each took.
#[expect(clippy::print_stdout, reason = "tests/stress/run gathers these lines")]
fn measure(what: &str, round: fn(&mut Pair) -> Duration) {
    let rounds = rounds();
    let threads: Vec<_> = (0..DAEMONS)
        .map(|index| {
            let each = move || {
                let mut pair = Pair::start(index);
                (0..rounds).map(|_| round(&mut pair)).collect::<Vec<Duration>>()
            };
            runtime::spawn_thread("stress", each).unwrap()
        })
        .collect();
    let mut spans: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    spans.sort();
    let at = |share: usize| spans[(spans.len() - 1) * share / 100].as_millis();
    println!("result: | {what} | {} | {} | {} | {} |", spans.len(), at(50), at(99), at(100));
}

/// A daemon and somebody who watches it.
struct Pair {
    home: Home,
    daemon: Option<Daemon>,
    terminal: Terminal,
    workers: usize,
}

// === impl Pair ===

impl Pair {
    fn start(index: usize) -> Pair {
        let home = Home::new();
        let daemon = Daemon::start(&home);
        let size = [(120, 40), (80, 24), (40, 12), (200, 60)][index % 4];
        let terminal = Terminal::run(&home, &["attach", "host"], size);
        terminal.wait_for(BOARD);
        Pair { home, daemon: Some(daemon), terminal, workers: 1 }
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("the daemon was started again")
    }

    fn settle(&self) {
        self.terminal.seen().forget();
        let begun = clock::mono();
        let is_long = || clock::mono().since(begun) >= HEALTHY_AFTER;
        self.terminal.wait_until("a quiet stretch", |seen| seen.frames() > 0 && is_long());
        self.terminal.seen().forget();
    }

    /// Waits until the screen is live again.
    fn wait_live(&self, since: Mono, banner: &str) -> Duration {
        self.terminal.wait_until("a live picture", |seen| {
            seen.frames() > 0 && seen.text().contains(BOARD) && !seen.text().contains(banner)
        });
        let span = clock::mono().since(since);
        self.terminal.assert_no_garbage();
        span
    }

    fn assert_never_blank(&self) {
        let seen = self.terminal.seen();
        // On a small screen a source that is late takes the place of the title.
        if let Some(blank) = seen.first(|picture| !picture.contains(BOARD) && !picture.contains(LATE)) {
            panic!("a picture without the board was shown:\n{blank}");
        }
    }
}

#[test]
fn workers_are_killed_over_and_over() {
    measure("worker killed, until the next one draws", |pair| {
        pair.settle();
        let worker = pair.daemon().worker();
        let killed = clock::mono();
        worker.signal(Signal::KILL);
        worker.wait_gone();
        pair.workers += 1;
        pair.daemon().wait_for_drawing_workers(pair.workers);
        let span = pair.wait_live(killed, "worker");
        pair.assert_never_blank();
        span
    });
}

#[test]
fn daemons_are_killed_over_and_over() {
    measure("daemon killed and started again, until the viewer is live", |pair| {
        pair.settle();
        let worker = pair.daemon().worker();
        pair.daemon.take().expect("the daemon was started again").kill();
        worker.wait_gone();
        pair.terminal.wait_for("reconnecting");
        let started = clock::mono();
        pair.daemon = Some(Daemon::start(&pair.home));
        pair.workers = 1;
        let span = pair.wait_live(started, "reconnecting");
        pair.assert_never_blank();
        span
    });
}

#[test]
fn terminals_are_resized_over_and_over() {
    measure("terminal resized 200 times, until it is drawn in its last size", |pair| {
        let sizes = (0..200_u16).map(|step| (1 + step * 37 % 200, 1 + step * 17 % 60));
        for (cols, rows) in sizes {
            pair.terminal.resize(cols, rows);
        }
        let started = clock::mono();
        pair.terminal.seen().forget();
        pair.terminal.resize(100, 30);
        pair.wait_live(started, "reconnecting")
    });
}

/// People who watch each daemon whose files are edited.
const LOOKERS: usize = 20;
/// Edits of each daemon's files for each round: ten thousand altogether when nobody says otherwise.
const EDITS_PER_ROUND: usize = 50;

#[test]
fn configurations_are_edited_at_random_over_and_over() {
    let rounds = rounds();
    let each = move || {
        let mut chaos = Chaos::start(LOOKERS);
        let span = |_| {
            let started = clock::mono();
            chaos.run(EDITS_PER_ROUND);
            clock::mono().since(started)
        };
        (0..rounds).map(span).collect::<Vec<Duration>>()
    };
    let threads: Vec<_> = (0..DAEMONS).map(|_| runtime::spawn_thread("stress", each).unwrap()).collect();
    let mut spans: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    spans.sort();
    let at = |share: usize| spans[(spans.len() - 1) * share / 100].as_millis();
    let what = format!(
        "configuration edited at random {EDITS_PER_ROUND} times while {LOOKERS} look on, until all of it is right and shown"
    );
    println!("result: | {what} | {} | {} | {} | {} |", spans.len(), at(50), at(99), at(100));
}

/// Viewers of one daemon that is cut off: those of a house, and far more than that.
const VIEWERS: [usize; 2] = [10, 500];

#[test]
fn five_hundred_viewers_lose_their_daemon_for_five_seconds_over_and_over() {
    for viewers in VIEWERS {
        let cuts = crowd::run(&crowd::home(), viewers, rounds().div_ceil(5));
        let mut spans: Vec<u64> = cuts.iter().flat_map(|cut| cut.spans_us.clone()).collect();
        spans.sort_unstable();
        let at = |share: usize| spans[(spans.len() - 1) * share / 100] / 1_000;
        let what =
            format!("daemon away for 5 s, until each of {viewers} viewers has its frame, since the socket is there");
        println!("result: | {what} | {} | {} | {} | {} |", spans.len(), at(50), at(99), at(100));
        let most = |of: fn(&crowd::Cut) -> u64| cuts.iter().map(of).max().unwrap_or(0);
        println!(
            "note: Of {viewers} viewers 95 in 100 had their first frame within {} ms of the socket's being there. At most {} \
             came within 10 ms, {} were refused, and the daemon and its worker took at most {} ms of processor time until \
             the last one had its picture.",
            at(95),
            most(|cut| cut.arrivals_most as u64),
            most(|cut| cut.refused as u64),
            most(|cut| cut.cpu_ms),
        );
    }
}

/// Tenants of each daemon whose workers die while their commands run, and deaths before a worker is left to get healthy.
const DYING_TENANTS: usize = 15;
const DEATHS_IN_A_ROW: usize = 6;

#[test]
fn thousands_of_deaths_leave_nothing_of_what_the_dead_had_started() {
    let deaths = (rounds() * 4).div_ceil(DEATHS_IN_A_ROW) * DEATHS_IN_A_ROW;
    let each = move || {
        let mut mess = leftovers::Mess::start(DYING_TENANTS);
        mess.kill(DEATHS_IN_A_ROW, DEATHS_IN_A_ROW);
        let before = mess.settled();
        mess.kill(deaths - DEATHS_IN_A_ROW, DEATHS_IN_A_ROW);
        mess.assert_as(&before);
        mess.daemon.log.so_far().matches("worker died").count()
    };
    let threads: Vec<_> = (0..DAEMONS).map(|_| runtime::spawn_thread("stress", each).unwrap()).collect();
    let died: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!(
        "note: {died} workers were killed while their commands ran, each with three processes that had left it, half of them \
         without their keeper. After each death all of it was gone, and at the end root had the descriptors, threads and \
         tasks that it had after the first {DEATHS_IN_A_ROW} deaths of each tenant, and no zombies."
    );
}

/// Captures of one daemon for each round: a thousand when nobody says otherwise.
const CAPTURES_PER_ROUND: usize = 40;
/// People who watch it.
const WATCHERS: usize = 100;

#[test]
fn a_thousand_captures_are_taken_while_panels_panic_and_workers_die() {
    let begun = clock::mono();
    let count = rounds() * CAPTURES_PER_ROUND;
    let done = captures::run(count, WATCHERS);
    let captures::Done { found, empty, deaths, private_kb: (before, after) } = done;
    println!(
        "note: {count} captures in a row, a third of them of what was recorded, were taken in {} s of a daemon with \
         {WATCHERS} viewers while panels panicked and {deaths} workers died: {found} had samples, {empty} found that nothing \
         had run, none failed. Afterwards root had the threads and descriptors that it had before, no file was left, and its \
         own memory was {after} kB instead of {before} kB.",
        clock::mono().since(begun).as_secs()
    );
}
