//! What is measured, and what is asked of it: the cells of a round and the rows of bounds.
//!
//! Invariant: a row compares cells of the same round only.

use super::options::Options;
use super::samples::Workload;
use super::sides::Who;

/// How many pictures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Views {
    One,
    Ten,
    /// Every viewer sees its own.
    Own,
}

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub who: Who,
    pub workload: Workload,
    pub viewers: usize,
    pub fps: u32,
    pub views: Views,
    pub trouble: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Microseconds for each terminal and tick that it saw.
    Cpu,
    /// Share of the ticks, over all viewers.
    Delivered,
    P95,
    /// Of those viewers whom a mix of trouble leaves in peace.
    HealthyP95,
    Bytes,
    /// KiB for each viewer beyond the first.
    Memory,
}

#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// As far above 1 as below.
    Near(f64),
    Told,
}

/// A metric of one cell, as a share of that of another.
pub struct Row {
    pub what: String,
    pub metric: Metric,
    pub of: Cell,
    pub against: Option<Cell>,
    pub bound: Bound,
    pub aim: f64,
}

/// What everybody is compared at: ratatui takes a whole core for 500 viewers there.
const PEERS_FPS: u32 = 10;
const GROWTH_FPS: u32 = 30;
const FAST_FPS: u32 = 120;
const FPS: [u32; 4] = [10, 30, 60, 120];
/// Processes of their own on terminals: a part of all viewers.
const ON_TERMINALS_MAX: usize = 50;

// === impl Cell ===

impl Cell {
    const fn new(who: Who, viewers: usize, fps: u32) -> Cell {
        Cell { who, workload: Workload::Dashboard, viewers, fps, views: Views::One, trouble: false }
    }

    const fn nodes(self) -> Cell {
        Cell { workload: Workload::Nodes, ..self }
    }

    const fn views(self, views: Views) -> Cell {
        Cell { views, ..self }
    }

    const fn with_trouble(self) -> Cell {
        Cell { trouble: true, ..self }
    }

    pub fn name(&self) -> String {
        let workload = if self.workload == Workload::Nodes { "W2" } else { "W1" };
        let views = match self.views {
            Views::One => "",
            Views::Ten => ", ten views",
            Views::Own => ", own views",
        };
        let trouble = if self.trouble { ", trouble" } else { "" };
        let Cell { viewers, fps, .. } = self;
        format!("{workload} {viewers} x {fps}{views}{trouble}: {}", self.who.name())
    }
}

/// The rows of the table, the most telling first.
pub fn rows(options: &Options) -> Vec<Row> {
    let n = options.viewers;
    let at = |who, fps| Cell::new(who, n, fps);
    let row =
        |what: &str, metric, of, against, bound, aim| Row { what: what.to_owned(), metric, of, against, bound, aim };
    let ratio = |what: &str, metric, of, against, bound, aim| row(what, metric, of, Some(against), bound, aim);
    let mut rows = Vec::new();
    for fps in FPS {
        let what = format!("CPU per terminal-frame at {fps} fps / floor");
        rows.push(ratio(&what, Metric::Cpu, at(Who::Ours, fps), at(Who::Floor, fps), Bound::AtMost(1.4), 1.2));
        let what = format!("CPU at {fps} fps / floor by send()");
        rows.push(ratio(&what, Metric::Cpu, at(Who::Ours, fps), at(Who::FloorSends, fps), Bound::Told, 1.2));
    }
    let (many, floor) = (Cell::new(Who::Ours, 2 * n, GROWTH_FPS), Cell::new(Who::Floor, 2 * n, GROWTH_FPS));
    let what = format!("CPU at {GROWTH_FPS} fps, twice the viewers / floor");
    rows.push(ratio(&what, Metric::Cpu, many, floor, Bound::AtMost(1.4), 1.2));
    let (fast, floor) = (at(Who::Ours, FAST_FPS), at(Who::Floor, FAST_FPS));
    let (ours, tmux) = (at(Who::Ours, PEERS_FPS), at(Who::Tmux, PEERS_FPS));
    let ratatui = at(Who::Ratatui, PEERS_FPS);
    rows.push(ratio("delivered / floor", Metric::Delivered, fast, floor, Bound::AtLeast(0.97), 0.99));
    rows.push(ratio("latency p95 / floor", Metric::P95, fast, floor, Bound::AtMost(1.5), 1.2));
    rows.push(ratio("CPU / ratatui per connection", Metric::Cpu, ours, ratatui, Bound::AtMost(1.0 / 40.0), 1.0 / 60.0));
    let own = ours.views(Views::Own);
    rows.push(ratio("CPU, own views / ratatui", Metric::Cpu, own, ratatui, Bound::AtMost(1.0 / 6.0), 1.0 / 10.0));
    rows.push(ratio("CPU / tmux", Metric::Cpu, ours, tmux, Bound::AtMost(1.0 / 5.0), 1.0 / 8.0));
    let (nodes, node) = (ours.nodes(), at(Who::Node, PEERS_FPS).nodes());
    rows.push(ratio("CPU, W2 / Node.js writer", Metric::Cpu, nodes, node, Bound::AtMost(0.65), 0.45));
    rows.push(row(
        "memory per viewer, KiB",
        Metric::Memory,
        at(Who::Ours, GROWTH_FPS),
        None,
        Bound::AtMost(64.0),
        16.0,
    ));
    let calm = at(Who::Ours, GROWTH_FPS);
    let trouble = calm.with_trouble();
    rows.push(ratio("p95 with trouble / without", Metric::HealthyP95, trouble, calm, Bound::AtMost(1.15), 1.05));
    let few = Cell::new(Who::Ours, n / 5, GROWTH_FPS);
    rows.push(ratio("CPU, ten times the viewers / few", Metric::Cpu, many, few, Bound::AtMost(1.15), 1.0));
    let ten = Cell::new(Who::Ours, n / 5, PEERS_FPS).views(Views::Own);
    rows.push(ratio("CPU per view, five times the views / few", Metric::Cpu, own, ten, Bound::Near(0.15), 1.0));
    rows.push(ratio("bytes per frame, W1 / tmux", Metric::Bytes, ours, tmux, Bound::AtMost(1.0), 0.7));
    rows.push(ratio("bytes per frame, W2 / tmux", Metric::Bytes, nodes, tmux.nodes(), Bound::AtMost(1.2), 0.9));
    let (terminals, one) = (Cell::new(Who::OursOnTerminals, n.min(ON_TERMINALS_MAX), GROWTH_FPS), calm);
    rows.push(ratio("CPU, few on terminals / sockets", Metric::Cpu, terminals, one, Bound::Told, 1.0));
    rows.push(ratio(
        "CPU, ten views / floor",
        Metric::Cpu,
        ours.views(Views::Ten),
        at(Who::Floor, PEERS_FPS),
        Bound::Told,
        1.0,
    ));
    rows.push(ratio("CPU, W2 / floor", Metric::Cpu, nodes, at(Who::Floor, PEERS_FPS).nodes(), Bound::Told, 1.0));
    rows.retain(|row| options.wants(&row.what));
    rows
}

/// All cells that rows speak of, each once.
pub fn cells(rows: &[Row]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    // Who is compared stands beside whom it is compared with.
    for cell in rows.iter().flat_map(|row| [Some(row.of), row.against]).flatten() {
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    cells
}

// === impl Metric ===

impl Metric {
    pub fn unit(self) -> &'static str {
        match self {
            Metric::Cpu => "us",
            Metric::Delivered => "",
            Metric::P95 | Metric::HealthyP95 => "ms",
            Metric::Bytes => "B",
            Metric::Memory => "KiB",
        }
    }
}

// === impl Bound ===

impl Bound {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(bound) => value <= bound,
            Bound::AtLeast(bound) => value >= bound,
            Bound::Near(by) => (value - 1.0).abs() <= by,
            Bound::Told => true,
        }
    }

    pub fn text(self) -> String {
        match self {
            Bound::AtMost(bound) => format!("at most {bound:.3}"),
            Bound::AtLeast(bound) => format!("at least {bound:.2}"),
            Bound::Near(by) => format!("{:.2} to {:.2}", 1.0 - by, 1.0 + by),
            Bound::Told => String::new(),
        }
    }
}
