//! What it costs to be looked at: how long a busy thread is held up by one sample, of the flight recorder and of a capture.
//!
//! Measured in this very process, by sending the signal to it: shares of a processor that are far below what one run of a
//! daemon differs from the next.

use std::hint::black_box;
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use unblink::base::limits;
use unblink::runtime;
use unblink::sys::{clock, profiler, recorder, usage};

/// As deep as a worker is where it draws.
const DEPTH: u32 = 40;
const SAMPLES: u32 = 5_000;
const CAPTURE_HZ: u32 = 99;

/// Of a processor that is busy all the time, in per cent.
pub struct Shares {
    pub recorder: f64,
    pub capture: f64,
}

pub fn measure() -> Shares {
    recorder::start().expect("a timer");
    let recorder = deep(DEPTH, sample_us) * f64::from(limits::RECORDER_HZ) / 1e4;
    let (called_off, stop) = mpsc::channel();
    let taking =
        runtime::spawn_thread("profiler", move || profiler::capture(CAPTURE_HZ, Duration::from_secs(600), &stop));
    // It is taken once a sample costs something else than a signal that the recorder answers.
    let begun = clock::mono();
    while clock::mono().since(begun) < Duration::from_secs(1) {
        std::thread::yield_now();
    }
    let capture = deep(DEPTH, sample_us) * f64::from(CAPTURE_HZ) / 1e4;
    drop(called_off);
    let ended = taking.expect("a thread").join();
    assert!(ended.is_ok_and(|ended| ended == Err(profiler::ProfilerError::CalledOff)), "no capture was under way");
    Shares { recorder, capture }
}

/// Microseconds of processor time for each, the signal itself included.
fn sample_us() -> f64 {
    let begun = usage::read().cpu;
    for _ in 0..SAMPLES {
        kill_process(getpid(), Signal::PROF).expect("we may signal ourselves");
    }
    (usage::read().cpu - begun).as_secs_f64() * 1e6 / f64::from(SAMPLES)
}

#[inline(never)]
fn deep(depth: u32, act: fn() -> f64) -> f64 {
    let found = if depth == 0 { act() } else { deep(black_box(depth - 1), act) };
    black_box(found)
}
