//! Data made up for the board `demo`: a shop with a few services, alive and plausible, so that every kind of chart has
//! something to show without anything to be configured.
//!
//! Invariant: what is told of a moment depends on that moment alone, so a worker that starts anew tells the same past.
//! Nothing is made while nobody watches.

use std::f64::consts::TAU;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{Name, Update};
use crate::base::Wall;
use crate::label::Label;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::log::{Entry, Severity};
use crate::model::{Kind, Sample, SeriesKey, Unit};
use crate::runtime::timer;
use crate::sys::clock;

/// As boards call it.
pub const NAME: &str = "synthetic";
/// The log it writes.
pub const STREAM: &str = "demo";

const INTERVAL_MS: i64 = 1_000;
/// Told at once of the time before somebody watched: what a board shows that nobody has zoomed.
const PAST_MS: i64 = 300_000;
/// A job starts over after this long, and the one beside it a little later.
const JOB_S: i64 = 90;

const SERVICES: [&str; 4] = ["checkout", "search", "basket", "stock"];
const RACKS: [&str; 8] = ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"];
const JOBS: [(&str, f64); 4] = [("backup", 40e9), ("reindex", 12e9), ("export", 3e9), ("mirror", 150e9)];

/// What happened at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moment {
    pub samples: Vec<Sample>,
    pub entries: Vec<(Name, Entry)>,
}

/// Tells what happens while somebody watches, until nobody listens to `updates` any more.
pub async fn run(mut watched: watch::Receiver<bool>, updates: mpsc::Sender<Update>) {
    let mut told = Wall(i64::MIN);
    loop {
        if watched.wait_for(|watched| *watched).await.is_err() {
            return;
        }
        let now = clock::wall();
        // A clock that was set back tells its times again.
        let from = if told > now { now.0 - PAST_MS } else { told.0.max(now.0 - PAST_MS) };
        let Moment { samples, entries } = between(Wall(from), now);
        told = now;
        if updates
            .send(Update { source: NAME.into(), samples, entries, left_out: 0, health: health(now) })
            .await
            .is_err()
        {
            return;
        }
        let next_ms = INTERVAL_MS - now.0.rem_euclid(INTERVAL_MS);
        timer::sleep(Duration::from_millis(next_ms.unsigned_abs())).await;
    }
}

/// It never fails.
pub fn health(now: Wall) -> SourceHealth {
    SourceHealth { state: SourceState::Good, last_good: Some(now), interval_ms: INTERVAL_MS.unsigned_abs() }
}

/// Everything after `from`, up to `to`.
pub fn between(from: Wall, to: Wall) -> Moment {
    let mut all = Moment::default();
    let first = from.0.div_euclid(INTERVAL_MS) + 1;
    for second in first..=to.0.div_euclid(INTERVAL_MS) {
        at(second, &mut all);
    }
    all
}

/// One second's worth.
fn at(second: i64, all: &mut Moment) {
    let wall = Wall(second * INTERVAL_MS);
    let mut tell = |name: &str, labels: &[(&str, &str)], unit: Unit, value: f64| {
        let key = SeriesKey::labelled(name, labels);
        all.samples.push(Sample { key, kind: Kind::Gauge, unit, at: wall, value });
    };
    let day = wave(second, 600.0, 0.0);
    for (index, service) in SERVICES.into_iter().enumerate() {
        let phase = index as f64 * 0.2;
        let size = [120.0, 300.0, 80.0, 45.0][index];
        let load = 0.65 + 0.25 * day + 0.1 * wave(second, 47.0, phase) + 0.05 * noise(second, index);
        let requests = size * load.max(0.05);
        let slow = trouble(second, index);
        let latency_s = (0.02 + 0.06 * load + 0.015 * noise(second, index + 10).abs()) * (1.0 + 5.0 * slow);
        let labels = [("service", service)];
        tell("demo_requests", &labels, Unit::None, requests);
        tell("demo_latency_seconds", &labels, Unit::Seconds, latency_s);
        tell("demo_errors", &labels, Unit::None, requests * (0.001 + 0.08 * slow));
        tell("demo_busy_percent", &labels, Unit::Percent, (load * 85.0 + slow * 30.0).clamp(0.0, 100.0));
        let state = if slow > 0.85 {
            2.0
        } else if slow > 0.3 {
            1.0
        } else {
            0.0
        };
        tell("demo_state", &labels, Unit::None, state);
    }
    for (index, rack) in RACKS.into_iter().enumerate() {
        let celsius =
            24.0 + 5.0 * day + 4.0 * wave(second, 170.0, index as f64 / 8.0) + 0.4 * noise(second, index + 20);
        tell("demo_inlet_celsius", &[("rack", rack)], Unit::Celsius, celsius);
        let queued = (18.0 + 14.0 * wave(second, 61.0, index as f64 / 5.0) + 6.0 * noise(second, index + 30)).max(0.0);
        tell("demo_queue", &[("rack", rack)], Unit::None, queued.round());
    }
    for (index, (job, total)) in JOBS.into_iter().enumerate() {
        let run_s = JOB_S + 23 * index as i64;
        let share = (second.rem_euclid(run_s) as f64 / (run_s - 10) as f64).min(1.0);
        tell("demo_job_done_bytes", &[("job", job)], Unit::BytesSi, total * share);
        // Nobody knows how much the mirror will copy.
        if job != "mirror" {
            tell("demo_job_total_bytes", &[("job", job)], Unit::BytesSi, total);
        }
    }
    all.entries.extend(entry(second, wall).map(|entry| (STREAM.into(), entry)));
}

/// What the shop writes into its log at a moment, if anything.
fn entry(second: i64, wall: Wall) -> Option<Entry> {
    let index = usize::try_from(hash(second.unsigned_abs(), 77) % 4).unwrap_or(0);
    let service = SERVICES[index];
    let slow = trouble(second, index);
    let (severity, text) = match hash(second.unsigned_abs(), 78) % 16 {
        _ if slow > 0.85 => (Severity::Error, format!("{service}: no answer within 2 s, request given up")),
        _ if slow > 0.3 => (Severity::Warn, format!("{service}: slow, {} requests wait", 20 + second.rem_euclid(30))),
        0..3 => (Severity::Info, format!("{service}: order {} paid", 40_000 + second.rem_euclid(10_000))),
        3 => (Severity::Debug, format!("{service}: cache of {} entries written", 500 + second.rem_euclid(900))),
        _ => return None,
    };
    Some(Entry::new(wall, severity, &text).from_source(Label::plain(service)))
}

/// From -1 to 1 within `period_s` seconds; `phase` counts in periods.
fn wave(second: i64, period_s: f64, phase: f64) -> f64 {
    // In whole periods first: the sine of a large number is not exact.
    let turns = (second as f64 / period_s).rem_euclid(1.0);
    ((turns + phase) * TAU).sin()
}

/// How much trouble a service has, from 0 to 1: a minute of it now and then.
fn trouble(second: i64, service: usize) -> f64 {
    let shifted = second + 97 * service as i64;
    let (round, within) = (shifted.div_euclid(240), shifted.rem_euclid(240) as f64);
    let has_any = hash(round.unsigned_abs(), service as u64).is_multiple_of(3);
    if has_any && within < 60.0 { (within / 60.0 * TAU / 2.0).sin() } else { 0.0 }
}

/// From -1 to 1, another at every second.
fn noise(second: i64, kind: usize) -> f64 {
    (hash(second.unsigned_abs(), kind as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// splitmix64 (Steele, Lea and Flood, 2014).
fn hash(value: u64, seed: u64) -> u64 {
    let mut z = value.wrapping_add(seed.wrapping_mul(0xd1b5_4a32_d192_ed03)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_the_same_however_one_comes_to_it() {
        let (from, middle, to) = (Wall(1_700_000_000_500), Wall(1_700_000_033_000), Wall(1_700_000_070_200));
        let mut parts = between(from, middle);
        let rest = between(middle, to);
        parts.samples.extend(rest.samples);
        parts.entries.extend(rest.entries);
        assert_eq!(parts, between(from, to));
        assert!(!parts.entries.is_empty() && between(to, to) == Moment::default());
    }

    #[test]
    fn all_it_tells_is_finite_and_everything_happens_within_an_hour() {
        let hour = between(Wall(1_700_000_000_000), Wall(1_700_003_600_000));
        assert!(hour.samples.iter().all(|sample| sample.value.is_finite() && sample.value >= 0.0));
        let states = |state: f64| hour.samples.iter().any(|one| one.key.name == "demo_state" && one.value == state);
        assert!(states(0.0) && states(1.0) && states(2.0));
        let levels = |severity| hour.entries.iter().any(|(_, entry)| entry.severity == severity);
        assert!([Severity::Debug, Severity::Info, Severity::Warn, Severity::Error].into_iter().all(levels));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_told_while_nobody_watches() {
        let (watch, watched) = watch::channel(false);
        let (updates, mut heard) = mpsc::channel(1);
        let task = crate::runtime::spawn("source-synthetic", run(watched, updates));
        assert!(timer::timeout(Duration::from_secs(60), heard.recv()).await.is_err());
        watch.send_replace(true);
        let first = heard.recv().await.expect("it tells now");
        let past_s =
            |update: &Update| update.samples.iter().filter(|one| one.key.name == "demo_queue").count() / RACKS.len();
        assert_eq!(past_s(&first), 300, "the past comes with it");
        task.abort();
    }
}
