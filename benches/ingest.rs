//! What it costs to take samples that programs push, from bytes to series, beside a plain parse of the same bytes.
//!
//! Fails when taking costs more than three times as much as parsing, or when a core takes fewer than 200,000 samples a
//! second.

#[path = "ingest/lines.rs"]
mod lines;

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use lines::{LINES, Taking, chunk, parse};
use unblink::sys::usage;

/// Most of a plain parse's time.
const RATIO_MAX: f64 = 3.0;
/// Least samples a second.
const RATE_MIN: f64 = 200_000.0;
/// Rounds of both, in turn, and chunks of each.
const ROUNDS: usize = 21;
const CHUNKS: usize = 40;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Elements(LINES as u64));
    let (mut taking, mut turn) = (Taking::new(), 0);
    group.bench_function("push", |bencher| {
        let next = || {
            turn += 1;
            chunk(turn)
        };
        bencher.iter_batched(next, |chunk| taking.take(&chunk), BatchSize::SmallInput);
    });
    group.finish();
    judge();
}

/// Rounds of both in one process, so that a busy machine is busy for both.
#[expect(clippy::print_stdout, reason = "the result is for a person at a terminal")]
fn judge() {
    let mut taking = Taking::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = (round * CHUNKS) as i64;
        let chunks: Vec<(i64, String)> = (first..first + CHUNKS as i64).map(chunk).collect();
        ours.push(timed(|| chunks.iter().for_each(|chunk| taking.take(chunk))));
        theirs.push(timed(|| chunks.iter().for_each(parse)));
    }
    let samples = (CHUNKS * LINES) as f64;
    let (ours, theirs) = (median(ours) / samples, median(theirs) / samples);
    let (ratio, rate) = (ours / theirs, 1.0 / ours);
    println!("push: {:.0} ns a sample, {rate:.0} samples a second on a core", ours * 1e9);
    println!("serde_json, the same lines as values: {:.0} ns; ratio {ratio:.2}, at most {RATIO_MAX}", theirs * 1e9);
    assert!(ratio <= RATIO_MAX, "taking costs {ratio:.2} of a plain parse, where {RATIO_MAX} are the most");
    assert!(rate >= RATE_MIN, "{rate:.0} samples a second, where {RATE_MIN:.0} are the least");
}

/// CPU seconds of this process.
fn timed(work: impl FnOnce()) -> f64 {
    let before = usage::read().cpu;
    work();
    usage::read().cpu.saturating_sub(before).max(Duration::from_nanos(1)).as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
