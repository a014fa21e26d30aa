//! A source that goes wrong when it is told to, for the board `faults`.
//!
//! Invariant: it is read on a thread and asked by a task like any other; nothing protects others from it but what protects
//! them from any source.

use std::f64::consts::TAU;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::asking::Rhythm;
use super::{Reading, Update};
use crate::base::Wall;
use crate::machine::breaker::{self, Breaker};
use crate::model::fault::Lie;
use crate::model::{Dataset, Kind, Sample, SeriesKey, Unit};
use crate::runtime::mishap::SAID;
use crate::runtime::timer;

/// As boards call it.
pub const NAME: &str = "synthetic-faults";
/// What it tells.
pub const SERIES: &str = "demo_fault_value";

const INTERVAL: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(2);
/// What a slow one takes.
const SLOW: Duration = Duration::from_secs(3);
/// A minute to heal, so that the one who looks on need not wait long.
const PATIENCE: breaker::Config =
    breaker::Config { failures_max: 3, pause_first: Duration::from_secs(2), pause_max: Duration::from_secs(10) };
/// Series told at once by one that tells too much.
const HUGE: usize = 20_000;
/// Of these are kept.
const SERIES_MAX: usize = 8;

/// How often it is asked where it is asked at all.
pub const RHYTHM: Rhythm = Rhythm { interval: INTERVAL, warm_up: None, deadline: DEADLINE };

/// Tells its series as it is told to, from the moment a rhythm is given, until nobody listens to `updates` any more.
pub async fn run(
    lie: watch::Receiver<Option<Lie>>,
    rhythm: watch::Receiver<Option<Rhythm>>,
    updates: mpsc::Sender<Update>,
) {
    let line = super::reading_on_runtime(NAME, move || {
        let mut lie = lie.clone();
        move |runtime, _| runtime.block_on(look(&mut lie))
    });
    super::ask(NAME.into(), rhythm, Some(Breaker::new(PATIENCE)), line, updates).await;
}

/// Tells a dataset to keep few of its series.
pub fn bound(data: &mut Dataset) {
    data.bound(SERIES, SERIES_MAX);
}

async fn look(lie: &mut watch::Receiver<Option<Lie>>) -> Result<Reading, String> {
    let told = *lie.borrow_and_update();
    match told {
        None => Ok(tell(1, Kind::Gauge, |value| value)),
        Some(Lie::Fail) => Err(format!("failed {SAID}")),
        Some(Lie::Panic) => panic!("{SAID}"),
        // Until it is told otherwise, or nobody is left who could.
        Some(Lie::Hang) => {
            let _ = lie.changed().await;
            Ok(Reading::default())
        }
        Some(Lie::Slow) => {
            timer::sleep(SLOW).await;
            Ok(tell(1, Kind::Gauge, |value| value))
        }
        Some(Lie::Wrong) => Ok(tell(1, Kind::Counter, |value| value)),
        Some(Lie::Huge) => Ok(tell(HUGE, Kind::Gauge, |value| value * 1e300)),
        Some(Lie::NotANumber) => Ok(tell(1, Kind::Gauge, |_| f64::NAN)),
        Some(Lie::Abort) => std::process::abort(),
    }
}

fn tell(series: usize, kind: Kind, value: impl Fn(f64) -> f64) -> Reading {
    let at = crate::sys::clock::wall();
    let wave = wave(at);
    let sample = |number: usize| {
        let number = number.to_string();
        let labels: &[(&str, &str)] = if number == "0" { &[] } else { &[("number", &number)] };
        Sample { key: SeriesKey::labelled(SERIES, labels), kind, unit: Unit::Percent, at, value: value(wave) }
    };
    (0..series).map(sample).collect::<Vec<Sample>>().into()
}

/// A minute of ups and downs.
fn wave(at: Wall) -> f64 {
    let turns = at.0.rem_euclid(60_000) as f64 / 60_000.0;
    50.0 + 40.0 * (turns * TAU).sin() + 5.0 * (turns * 11.0 * TAU).sin()
}
