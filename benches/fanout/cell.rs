//! One cell: starts a side, gives it viewers, ticks, reads what it used, and works out what came of each tick.
//!
//! Invariant: every side goes through the same steps, and nothing but the side and this harness runs meanwhile.

use std::time::Duration;

use rustc_hash::FxHashMap;
use unblink::base::Mono;
use unblink::sys::clock;

use super::decode::{self, Legend};
use super::drain::{Drain, Shape, Viewer};
use super::peers::Frames;
use super::plan::{Cell, Views};
use super::samples::Workload;
use super::sides::{Side, Who};
use super::{pace, trouble, usage};

/// What one cell showed in one round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub cpu_us: f64,
    /// Of root, worker and programs between them and terminals, together.
    pub with_clients_us: f64,
    pub delivered: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub healthy_p95_ms: f64,
    /// For each tick that came.
    pub bytes: f64,
    pub frames_per_tick: f64,
    pub kib_per_viewer: f64,
    /// Ticks that were given, of those that were due.
    pub ticked: f64,
}

/// What the floor and tmux repeat, by what is drawn how often.
#[derive(Default)]
pub struct Recordings(FxHashMap<(Workload, u32), Frames>);

/// The ticks of one cell.
struct Beat {
    step: Duration,
    next: Mono,
    times: Vec<Mono>,
}

const RECORDED: Duration = Duration::from_secs(4);
const ALONE: Duration = Duration::from_millis(700);
const WARM_UP: Duration = Duration::from_secs(1);
/// What is on its way when the last tick was given comes within this.
const GRACE: Duration = Duration::from_millis(400);
/// A viewer in so many is looked at where each is sent other bytes.
const SAMPLE_OF: usize = 25;
/// Clients that are processes come in by and by.
const COMING_IN: Duration = Duration::from_secs(2);

pub fn measure(cell: &Cell, seconds: u64, recordings: &Recordings) -> Reading {
    let none = Frames(Vec::new());
    let frames = recordings.0.get(&(cell.workload, cell.fps)).unwrap_or(&none);
    let mut side = Side::start(cell.who, cell.workload, cell.fps, frames);
    let mut beat = Beat::new(cell.fps);
    let mut viewers = vec![viewer(&mut side, cell, 0)];
    let drain = Drain::start(viewers);
    beat.run(&mut side, ALONE);
    viewers = drain.finish();
    let alone_kb = usage::pss_kb(&side.pids());
    let troubled = if cell.trouble { trouble::ALL.min(cell.viewers - 1) } else { 0 };
    for index in 1..cell.viewers - troubled {
        viewers.push(viewer(&mut side, cell, index));
    }
    let drain = Drain::start(viewers);
    let mix = cell.trouble.then(|| {
        let Side::Ours(daemon) = &side else { panic!("only the daemon is troubled") };
        trouble::Trouble::start(daemon.socket(), daemon.hello(None))
    });
    beat.renew();
    if !side.client_pids().is_empty() {
        beat.run(&mut side, COMING_IN);
    }
    beat.run(&mut side, WARM_UP);
    let (from, began) = (beat.times.len(), clock::mono());
    let (pids, clients) = (side.pids(), side.client_pids());
    let before = (usage::cpu_ns(&pids), usage::cpu_ns(&clients));
    beat.run(&mut side, Duration::from_secs(seconds));
    let after = (usage::cpu_ns(&pids), usage::cpu_ns(&clients));
    let (to, ended) = (beat.times.len(), clock::mono());
    let many_kb = usage::pss_kb(&pids);
    pace::pass(GRACE);
    mix.into_iter().for_each(trouble::Trouble::finish);
    let viewers = drain.finish();
    drop(side);
    let mut reading = judge(cell, &viewers, &beat.times, (from, to), frames);
    let seen = viewers.iter().flat_map(|viewer| &viewer.seen).filter(|seen| seen.at >= began && seen.at < ended);
    let (count, bytes) = seen.fold((0_u64, 0_u64), |(count, bytes), seen| (count + 1, bytes + u64::from(seen.bytes)));
    let terminal_frames = reading.delivered * (to - from) as f64 * viewers.len() as f64;
    let own = after.0 - before.0;
    reading.cpu_us = own as f64 / 1_000.0 / terminal_frames;
    reading.with_clients_us = (own + after.1 - before.1) as f64 / 1_000.0 / terminal_frames;
    reading.bytes = bytes as f64 / terminal_frames;
    reading.frames_per_tick = count as f64 / terminal_frames;
    reading.kib_per_viewer = (many_kb as f64 - alone_kb as f64) / (cell.viewers.max(2) - 1) as f64;
    reading.ticked = (to - from) as f64 / (seconds as f64 * f64::from(cell.fps));
    reading
}

fn viewer(side: &mut Side, cell: &Cell, index: usize) -> Viewer {
    let own = match cell.views {
        Views::One => None,
        Views::Ten => Some(index as u64 % 10),
        Views::Own => Some(index as u64),
    };
    let shape = cell.who.shape();
    let first_of_its_kind = match cell.views {
        Views::One => index == 0,
        Views::Ten => index < 10,
        Views::Own => true,
    };
    // Of a recording it is known what stands in it.
    let kept = match shape {
        Shape::Pieces => index.is_multiple_of(SAMPLE_OF),
        Shape::Messages | Shape::Updates => first_of_its_kind && !cell.who.repeats(),
    };
    Viewer::new(side.connect(own), shape, kept)
}

/// What became of the ticks `from..to`.
fn judge(cell: &Cell, viewers: &[Viewer], times: &[Mono], (from, to): (usize, usize), frames: &Frames) -> Reading {
    let legends: Vec<Option<Legend>> = match cell.who {
        who if who.repeats() => vec![Some(Legend::repeated(frames))],
        Who::Tmux => {
            let shown = decode::read(&frames.0);
            let place =
                |marker| shown.iter().skip(1).position(|shown| *shown == Some(marker)).map(|place| place as u64);
            let legend = |viewer| Legend::translated(viewer, frames.0.len() as u64 - 1, place);
            viewers.iter().map(|viewer| viewer.bodies.is_some().then(|| legend(viewer))).collect()
        }
        _ => viewers.iter().map(|viewer| viewer.bodies.is_some().then(|| Legend::of(viewer))).collect(),
    };
    let healthy = viewers.len().min(cell.viewers.saturating_sub(trouble::ALL).max(1));
    let (mut late, mut healthy_late, mut looked_at) = (Vec::new(), Vec::new(), 0_usize);
    for (index, viewer) in viewers.iter().enumerate() {
        let legend = match (cell.who.shape(), cell.views) {
            (Shape::Pieces, _) | (_, Views::Own) => legends[index].as_ref(),
            (_, Views::Ten) => legends[index % 10].as_ref(),
            (_, Views::One) => legends[0].as_ref(),
        };
        let Some(legend) = legend else { continue };
        looked_at += 1;
        let of_viewer = legend.late_ms(viewer, times, from, to);
        if index < healthy {
            healthy_late.extend_from_slice(&of_viewer);
        }
        late.extend(of_viewer);
    }
    late.sort_by(f64::total_cmp);
    healthy_late.sort_by(f64::total_cmp);
    Reading {
        delivered: late.len() as f64 / (looked_at.max(1) * (to - from).max(1)) as f64,
        p50_ms: quantile(&late, 0.5),
        p95_ms: quantile(&late, 0.95),
        p99_ms: quantile(&late, 0.99),
        healthy_p95_ms: quantile(&healthy_late, 0.95),
        ..Reading::default()
    }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

// === impl Recordings ===

impl Recordings {
    /// Records what one viewer of ours is sent, where a cell repeats that.
    pub fn prepare(&mut self, cell: &Cell) {
        let key = (cell.workload, cell.fps);
        if (cell.who.repeats() || cell.who == Who::Tmux) && !self.0.contains_key(&key) {
            self.0.insert(key, record(cell.workload, cell.fps));
        }
    }
}

fn record(workload: Workload, fps: u32) -> Frames {
    let mut side = Side::start(Who::Ours, workload, fps, &Frames(Vec::new()));
    let mut beat = Beat::new(fps);
    beat.run(&mut side, ALONE);
    let viewer = Viewer::new(side.connect(None), Shape::Messages, true);
    let drain = Drain::start(vec![viewer]);
    beat.run(&mut side, RECORDED);
    pace::pass(GRACE);
    let viewer = drain.finish().pop().expect("it was given one");
    let mut bodies = viewer.bodies.expect("it was kept");
    // The whole picture is the largest of the first.
    let whole = (0..bodies.len().min(5)).max_by_key(|index| bodies[*index].len()).expect("there are frames");
    bodies.drain(..whole);
    let bodies = merged(bodies);
    assert!(bodies.len() > 10, "only {} frames could be recorded", bodies.len());
    Frames(bodies)
}

/// One frame for each tick: what shows no new one, a clock that went on, goes with the next that does.
fn merged(bodies: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let shown = decode::read(&bodies);
    let (mut out, mut waiting, mut before) = (Vec::new(), Vec::new(), None);
    for (body, shown) in bodies.into_iter().zip(shown) {
        waiting.extend_from_slice(&body);
        if shown != before || out.is_empty() {
            out.push(std::mem::take(&mut waiting));
            before = shown;
        }
    }
    out
}

// === impl Beat ===

impl Beat {
    fn new(fps: u32) -> Beat {
        Beat { step: Duration::from_secs(1) / fps, next: clock::mono(), times: Vec::new() }
    }

    /// After something else took its time.
    fn renew(&mut self) {
        self.next = clock::mono() + self.step;
    }

    fn run(&mut self, side: &mut Side, span: Duration) {
        let end = self.next + span;
        while self.next < end {
            pace::until(self.next);
            let n = self.times.len() as u64;
            // What is asked for while it waits is not given twice.
            self.times.push(side.tick(n));
            self.next = (self.next + self.step).max(Mono(clock::mono().0.saturating_sub(self.step.as_nanos() as u64)));
        }
    }
}
