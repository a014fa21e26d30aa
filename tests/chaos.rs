//! Faults in live daemons: every way to fail that is known, one after the other, while people watch on real terminals.
//!
//! `UNBLINK_CHAOS_N` says how many faults, `UNBLINK_CHAOS_SEED` which, `UNBLINK_CHAOS_DAEMONS` on how many daemons at a
//! time, `UNBLINK_CHAOS_VIEWERS` how many watch each of them, `UNBLINK_CHAOS_OUT` where the results go as JSON, and
//! `UNBLINK_CHAOS_PAGE` into which page their table is put. As root, `UNBLINK_CHAOS_NETWORK` says how often a network is cut
//! beside all that.
//!
//! Invariant: the same seed gives the same faults in the same order on each daemon. That everything recovers is asserted;
//! how long it took is told, and judged only where results are written.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[path = "chaos/board.rs"]
mod board;
#[path = "chaos/bridge.rs"]
mod bridge;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/home.rs"]
mod home;
#[path = "chaos/inject.rs"]
mod inject;
#[path = "chaos/network.rs"]
mod network;
#[path = "chaos/outside.rs"]
mod outside;
#[path = "chaos/pace.rs"]
mod pace;
#[path = "chaos/plan.rs"]
mod plan;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "e2e/process.rs"]
mod process;
#[path = "chaos/report.rs"]
mod report;
#[path = "chaos/stage.rs"]
mod stage;
#[path = "chaos/tally.rs"]
mod tally;
#[path = "chaos/viewers.rs"]
mod viewers;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unblink::runtime;
use unblink::sys::clock;

use inject::{Outcome, ms};
use plan::{Chance, Planned};
use report::{Leftover, Noise, Quantiles, Report};
use stage::{Holdings, Stage};
use tally::Tally;

/// How long anything is waited for before it counts as not recovered: far more than it takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A worker that drew for so long is healthy: ten seconds by `machine::supervise`, and a little for it to be ready.
const HEALTHY_AFTER: Duration = Duration::from_millis(10_300);
/// Between two looks at how late this machine wakes anybody.
const SLEEP: Duration = Duration::from_millis(10);
/// Of those who watch the daemon without faults.
const TWIN_VIEWERS: usize = 4;

/// What went wrong, in words.
type Trouble = String;

/// What is asked for.
#[derive(Clone, Copy)]
struct Wanted {
    faults: usize,
    seed: u64,
    daemons: usize,
    viewers: usize,
    each_min: usize,
    cuts: usize,
}

/// What one daemon went through.
struct Through {
    outcomes: Vec<Outcome>,
    /// The first is what did not recover; the rest was not reached any more.
    left: Vec<Planned>,
    trouble: Option<Trouble>,
    /// None where it did not come to its end.
    leftover: Option<Leftover>,
}

// === impl Wanted ===

impl Wanted {
    fn of_environment() -> Wanted {
        let said = |name: &str| std::env::var(name).ok().map(|said| said.parse::<usize>().expect("a number"));
        let faults = said("UNBLINK_CHAOS_N").unwrap_or(200);
        Wanted {
            faults,
            seed: said("UNBLINK_CHAOS_SEED").unwrap_or(1) as u64,
            daemons: said("UNBLINK_CHAOS_DAEMONS").unwrap_or(5).max(1),
            viewers: said("UNBLINK_CHAOS_VIEWERS").unwrap_or(10),
            each_min: (faults / 400).max(1),
            cuts: said("UNBLINK_CHAOS_NETWORK").unwrap_or(0),
        }
    }

    fn replay(&self) -> String {
        let Wanted { faults, seed, daemons, viewers, cuts, .. } = self;
        let profile = if cfg!(debug_assertions) { "" } else { "--profile quick " };
        format!(
            "UNBLINK_CHAOS_N={faults} UNBLINK_CHAOS_SEED={seed} UNBLINK_CHAOS_DAEMONS={daemons} \
             UNBLINK_CHAOS_VIEWERS={viewers} UNBLINK_CHAOS_NETWORK={cuts} \
             cargo test --locked {profile}--test chaos -- --nocapture"
        )
    }
}

/// Hands every daemon the same ticks, each a part of a tick after the one before it: else the viewers of all of them wanted the
/// machine at the same moment. Notes how late this machine wakes anybody.
fn pulse(daemons: &[Vec<SyncSender<String>>], ended: &AtomicBool) -> Vec<f64> {
    let begun = clock::mono();
    let mut late = Vec::new();
    let mut turn = 0;
    let each = usize::try_from(board::TICK_MS).unwrap() / usize::try_from(SLEEP.as_millis()).unwrap();
    while !ended.load(Ordering::Relaxed) {
        turn += 1;
        let until = begun + SLEEP * turn;
        pace::until(until);
        late.push(ms(clock::mono().since(until)));
        let (tick, part) = (turn as usize / each, turn as usize % each);
        for (_, lines) in daemons.iter().enumerate().filter(|(number, _)| number * each / daemons.len() == part) {
            let pushed = board::pushed(tick as u64, clock::wall().0);
            // Whoever waits for a daemon takes none just now.
            lines.iter().for_each(|line| drop(line.try_send(pushed.clone())));
        }
    }
    late
}

fn go_through(mut stage: Stage, twin: &Stage, plan: Vec<Planned>, number: usize, seed: u64) -> Through {
    let mut chance = Chance::new(seed ^ (number as u64 + 1) << 32);
    let mut outcomes = Vec::new();
    let mut trouble = None;
    let before = settled(&mut stage, None).expect("a daemon begins");
    for planned in &plan {
        match inject::inject(&mut stage, twin, *planned, &mut chance) {
            Ok(outcome) => outcomes.push(outcome),
            Err(why) => {
                let place = outcomes.len();
                let name = planned.fault.name();
                trouble = Some(format!("daemon {number}, fault {place}, {name}: {why}; log:\n{}", stage.log.last()));
                break;
            }
        }
    }
    let mut after = None;
    if trouble.is_none() {
        let end = stage.renew().and_then(|_| {
            after = Some(settled(&mut stage, Some(before))?);
            let everybody: Vec<usize> = (0..stage.viewers.all.len()).collect();
            inject::equals(&stage, twin, &everybody)?;
            stage.stop()
        });
        trouble = end.err().map(|why| format!("daemon {number}, at the end: {why}"));
    }
    let left = plan[outcomes.len()..].to_vec();
    let leftover = after.map(|after| Leftover { daemon: number, before: all(before), after: all(after) });
    Through { outcomes, left, trouble, leftover }
}

fn all(holdings: Holdings) -> [usize; 4] {
    [holdings.descriptors, holdings.processes, holdings.threads, holdings.tasks]
}

/// What a daemon holds once all is quiet, waited for where it is known.
fn settled(stage: &mut Stage, wanted: Option<Holdings>) -> Result<Holdings, Trouble> {
    let deadline = clock::mono() + PATIENCE / 2;
    let mut before = None;
    loop {
        stage.wait_settled()?;
        // A spare worker is kept again a moment after it was needed: what is counted after it was there counts it.
        let has_spare = stage.has_spare()?;
        let now = stage.holdings()?;
        let is_it = has_spare && wanted.map_or(before == Some(now), |wanted| wanted == now);
        if is_it || clock::mono() > deadline {
            return Ok(now);
        }
        before = Some(now);
    }
}

#[test]
fn every_fault_in_a_live_daemon_is_held_by_its_ring_and_heals() {
    let wanted = Wanted::of_environment();
    let load_before = load();
    let started = clock::mono();
    let mut twin = Stage::start(TWIN_VIEWERS);
    let stages: Vec<Stage> = (0..wanted.daemons).map(|_| Stage::start(wanted.viewers)).collect();
    let lines: Vec<_> = stages.iter().chain([&twin]).map(Stage::lines_of).collect();
    let ended = Arc::new(AtomicBool::new(false));
    let (late, until) = (Arc::new(Mutex::new(Vec::new())), Arc::clone(&ended));
    let noted = Arc::clone(&late);
    let beat = runtime::spawn_thread("pulse", move || *noted.lock().unwrap() = pulse(&lines, &until)).unwrap();
    twin.wait_settled().expect("the daemon without faults begins");
    let twin = Arc::new(twin);
    let begun = clock::mono();
    let plans = plan::plans(wanted.faults, wanted.each_min, wanted.daemons, wanted.seed);
    let threads = stages.into_iter().zip(plans).enumerate().map(|(number, (stage, plan))| {
        let (twin, whole) = (Arc::clone(&twin), plan.clone());
        let go = move || go_through(stage, &twin, plan, number, wanted.seed);
        (whole, runtime::spawn_thread("faults", go).unwrap())
    });
    let threads: Vec<_> = threads.collect();
    let cuts = runtime::spawn_thread("network", move || (wanted.cuts > 0).then(|| network::cut(wanted.cuts))).unwrap();
    // One that fails is no reason to let the others go, nor what they started.
    let lost = |left, ended: runtime::Ended| Through {
        outcomes: Vec::new(),
        left,
        trouble: Some(ended.to_string()),
        leftover: None,
    };
    let through: Vec<Through> =
        threads.into_iter().map(|(plan, thread)| thread.join().unwrap_or_else(|ended| lost(plan, ended))).collect();
    let cuts = cuts.join().unwrap_or_else(|ended| Some(Err(ended.to_string())));
    ended.store(true, Ordering::Relaxed);
    beat.join().unwrap();
    let gaps = twin.viewers.gaps(begun, clock::mono());
    let noise = Noise {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load_before,
        load_after: load(),
        late_ms: Quantiles::of(std::mem::take(&mut late.lock().unwrap())),
        twin_lost_most: gaps.iter().map(|(_, gap)| gap.lost).max().unwrap_or(0),
        twin_stood_ms: gaps.iter().map(|(_, gap)| ms(gap.span)).fold(0.0, f64::max),
    };
    judge(&make_report(wanted, noise, &through, cuts, clock::mono().since(started)), wanted);
}

fn make_report(
    wanted: Wanted,
    noise: Noise,
    through: &[Through],
    cuts: Option<Result<Vec<f64>, Trouble>>,
    took: Duration,
) -> Report {
    let mut tally = Tally::new();
    let mut troubles: Vec<String> = through.iter().filter_map(|one| one.trouble.clone()).collect();
    if let Some(cuts) = cuts {
        let good = cuts.unwrap_or_else(|why| {
            troubles.push(format!("{}: {why}", network::NAME));
            Vec::new()
        });
        tally.add(network::NAME, 1, wanted.cuts, good);
    }
    for one in through {
        one.outcomes.iter().for_each(|outcome| tally.recovered(outcome));
        one.left.iter().for_each(|planned| tally.unrecovered(*planned));
    }
    let leftovers: Vec<Leftover> = through.iter().filter_map(|one| one.leftover.clone()).collect();
    let beyond = |one: &Leftover| -> usize {
        one.before.iter().zip(one.after).map(|(before, after)| after.saturating_sub(*before)).sum()
    };
    let left_over: usize = leftovers.iter().map(beyond).sum();
    Report {
        schema: report::SCHEMA.iter().map(|line| (*line).to_owned()).collect(),
        date: unblink_date(),
        build: std::env::var("UNBLINK_CHAOS_BUILD").unwrap_or_else(|_| "unknown".to_owned()),
        profile: if cfg!(debug_assertions) { "unoptimised" } else { "optimised" }.to_owned(),
        kernel: first_word("/proc/sys/kernel/osrelease"),
        seed: wanted.seed,
        faults: through.iter().map(|one| one.outcomes.len() + one.left.len()).sum(),
        daemons: wanted.daemons,
        viewers_each: wanted.viewers,
        took_s: took.as_secs(),
        noise,
        rows: tally.rows(),
        rings: tally.rings(),
        bounds: tally.bounds(left_over as u64),
        leftovers,
        troubles,
    }
}

#[expect(clippy::print_stdout, reason = "whoever runs it wants to see what came of it")]
fn judge(report: &Report, wanted: Wanted) {
    println!("{}", report.page());
    println!("replay: {}", wanted.replay());
    let is_kept = std::env::var("UNBLINK_CHAOS_OUT").ok().map(|path| {
        let text = serde_json::to_string_pretty(report).unwrap() + "\n";
        fs::write(path, text).unwrap();
    });
    if let Ok(path) = std::env::var("UNBLINK_CHAOS_PAGE") {
        let page = fs::read_to_string(&path).unwrap();
        fs::write(&path, report.put_into(&page).expect("the page has a place for it")).unwrap();
    }
    assert!(report.troubles.is_empty(), "{}\nreplay: {}", report.troubles.join("\n\n"), wanted.replay());
    // What the machine may be too busy for is told, and judged only where it is to be kept.
    let is_of_time = |what: &str| what.ends_with(" ms") || what.contains("lost");
    let broken = report.bounds.iter().filter(|bound| !bound.holds && (is_kept.is_some() || !is_of_time(&bound.what)));
    let broken: Vec<String> =
        broken.map(|bound| format!("{}: {} instead of {}", bound.what, bound.measured, bound.bound)).collect();
    let held: Vec<String> = report.leftovers.iter().map(Leftover::told).collect();
    assert!(broken.is_empty(), "{}\n{}\nreplay: {}", broken.join("\n"), held.join("\n"), wanted.replay());
}

fn first_word(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().split([' ', '-', '\n']).next().unwrap_or_default().to_owned()
}

fn load() -> f64 {
    first_word("/proc/loadavg").parse().unwrap_or(0.0)
}

fn unblink_date() -> String {
    let now = jiff::Timestamp::from_millisecond(clock::wall().0).expect("a time of these days");
    now.strftime("%F").to_string()
}
