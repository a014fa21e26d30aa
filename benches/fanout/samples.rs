//! What changes from one frame to the next, as lines for the daemon, and the marker that travels with it.
//!
//! Invariant: the same tick shows the same marker, whoever draws it.

use std::fmt::Write;

use unblink::base::Wall;

use super::board::data::{Data, ROWS_CHANGING};
use super::nodes::{NODES, NODES_CHANGING, node};

/// Ticks before a marker comes again: at 120 a second, seven and a half seconds, far longer than anything is late.
pub const MARKERS: u64 = 900;
/// The smallest marker, in tenths of a percent: all of them have three digits.
const MARKER_FIRST: u64 = 100;
/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Workload {
    /// Two scrolling lines, a gauge row, a table of which a quarter changes.
    Dashboard,
    /// Sixty labelled nodes of which six change.
    Nodes,
}

pub struct Samples {
    workload: Workload,
    fps: u32,
    data: Data,
    begun: bool,
}

/// The marker of a tick, in tenths of a percent.
pub fn marker(n: u64) -> u64 {
    MARKER_FIRST + n % MARKERS
}

/// The tick of a marker, less a multiple of `MARKERS`.
pub fn of_marker(marker: u64) -> Option<u64> {
    marker.checked_sub(MARKER_FIRST).filter(|tick| *tick < MARKERS)
}

// === impl Samples ===

impl Samples {
    pub fn new(workload: Workload, fps: u32) -> Samples {
        Samples { workload, fps, data: Data::new(), begun: false }
    }

    /// The lines of a tick; the first ones name everything, and tell as much of the past as is shown.
    pub fn lines(&mut self, n: u64, now: Wall) -> String {
        self.data.step();
        let mut out = String::new();
        let share = marker(n) as f64 / 10.0;
        put(&mut out, "bench_marker", share, r#","unit":"percent","labels":{"name":"marker"}"#);
        match self.workload {
            Workload::Dashboard => self.dashboard(&mut out, now),
            Workload::Nodes => self.nodes(&mut out, n),
        }
        self.begun = true;
        out
    }

    fn dashboard(&self, out: &mut String, now: Wall) {
        for (signal, name) in self.data.signals.iter().zip(["bench_first", "bench_second"]) {
            let (newest, past) = signal.split_last().expect("a signal has points");
            for (value, age) in past.iter().zip((1..=past.len()).rev()).filter(|_| !self.begun) {
                let at = now.0 - age as i64 * 1_000 / i64::from(self.fps);
                put(out, name, *value, &format!(r#","unit":"percent","at":{at}"#));
            }
            put(out, name, *newest, r#","unit":"percent""#);
        }
        let rows = self.data.table.len();
        let changed = (0..ROWS_CHANGING).map(|index| (self.data.now_s as usize * ROWS_CHANGING + index) % rows);
        let changed: Vec<usize> = if self.begun { changed.collect() } else { (0..rows).collect() };
        for row in changed {
            let [name, pid, cpu, memory, _] = &self.data.table[row];
            let labels = format!(r#","labels":{{"process":"{name}"}}"#);
            let number = |text: &str| text.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
            put(out, "bench_cpu", number(cpu), &format!(r#","unit":"percent"{labels}"#));
            put(out, "bench_memory", number(memory), &labels);
            if !self.begun {
                put(out, "bench_pid", number(pid), &labels);
                put(out, "bench_state", 1.0, &labels);
            }
        }
    }

    fn nodes(&self, out: &mut String, n: u64) {
        let changed = (0..NODES_CHANGING).map(|index| (n * NODES_CHANGING + index) % NODES);
        let changed: Vec<u64> = if self.begun { changed.collect() } else { (0..NODES).collect() };
        for index in changed {
            let (series, name, load) = node(index, n);
            put(out, series, load, &format!(r#","unit":"percent","labels":{{"node":"{name}"}}"#));
        }
    }
}

fn put(out: &mut String, series: &str, value: f64, more: &str) {
    writeln!(out, r#"{{"series":"{series}","value":{value}{more}}}"#).expect("a string takes text");
}
