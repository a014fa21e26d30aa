//! The boards of `make bench-fanout`: that of lines in views of which each shows a little more of the past than the one
//! before, and that of nodes, with samples as programs push them.
//!
//! Invariant: the same tick gives the same samples, on every machine.

use unblink::base::{Mono, Size, Wall};
use unblink::model::dataset::{SourceHealth, SourceState};
use unblink::model::{Dataset, Kind, Sample, SeriesKey, Unit, ViewSpec};
use unblink::render::View;
use unblink::render::ledger::Ledger;
use unblink::scene::{Boards, Shared, Stage, file};

use super::nodes::{NODES, NODES_CHANGING, node};
use crate::board::data::{Data, POINTS, ROWS_CHANGING};
use crate::board::{COLS, ROWS};

const LINES_BOARD: &[u8] = include_bytes!("../fanout/dashboard.toml");
const NODES_BOARD: &[u8] = include_bytes!("../fanout/nodes.toml");
const START_MS: i64 = 1_700_000_000_000;
/// As the harness compares ratatui with it.
const TICK_MS: u64 = 100;
/// What each frame takes, about.
const FRAME_US: u64 = 50;

pub struct Dashboard {
    boards: Boards,
    data: Dataset,
    source: Data,
    views: Vec<View>,
    ledger: Ledger,
    shared: Shared,
    tick: u64,
    has_nodes: bool,
}

// === impl Dashboard ===

impl Dashboard {
    pub fn new(views: u64) -> Dashboard {
        Dashboard::of(LINES_BOARD, false, views)
    }

    /// One view of the board of nodes.
    pub fn nodes() -> Dashboard {
        Dashboard::of(NODES_BOARD, true, 1)
    }

    fn of(board: &[u8], has_nodes: bool, views: u64) -> Dashboard {
        let board = file::read("dashboard", "dashboard.toml", board).expect("the board is sound");
        let boards = Boards::new(vec![board]);
        let view = |index: u64| {
            let mut spec = ViewSpec::new("default", "dashboard", Size::clamped(COLS, ROWS));
            spec.range_ms = POINTS as u64 * TICK_MS + index;
            View::new(spec, &boards)
        };
        let views = (0..views).map(view).collect();
        let (data, source, ledger) = (Dataset::default(), Data::new(), Ledger::default());
        let shared = Shared::default();
        let mut dashboard = Dashboard { boards, data, source, views, ledger, shared, tick: 0, has_nodes };
        for _ in 0..2 * POINTS {
            dashboard.sample();
        }
        dashboard
    }

    /// One tick: its samples, and a frame of each view; returns their bytes.
    pub fn frames(&mut self) -> usize {
        self.sample();
        let mut bytes = 0;
        let is_shared = self.views.len() > 1;
        for index in 0..self.views.len() {
            let late_us = FRAME_US * index as u64;
            let now = Mono((self.tick * TICK_MS * 1_000 + late_us) * 1_000);
            let wall = Wall(self.wall().0 + (late_us / 1_000) as i64);
            let view = &mut self.views[index];
            view.changed(self.tick, now);
            view.credit(now);
            let stage = Stage { boards: &self.boards, data: &self.data, now: wall };
            let shared = is_shared.then_some(&mut self.shared);
            let out = view.draw_beside(shared, now, stage, &mut self.ledger);
            bytes += out.expect("something changed").bytes.len();
        }
        bytes
    }

    fn wall(&self) -> Wall {
        Wall(START_MS + (self.tick * TICK_MS) as i64)
    }

    fn sample(&mut self) {
        self.tick += 1;
        self.source.step();
        let at = self.wall();
        let mut put = |name: &str, labels: &[(&str, &str)], unit: Unit, value: f64| {
            let key = SeriesKey::labelled(name, labels);
            self.data.insert(Sample { key, kind: Kind::Gauge, unit, at, value }).expect("the samples are sound");
        };
        put("bench_marker", &[("name", "marker")], Unit::Percent, 10.0 + (self.tick % 900) as f64 / 10.0);
        if self.has_nodes {
            let changing = if self.tick == 1 { NODES } else { NODES_CHANGING };
            for index in (0..changing).map(|index| (self.tick * NODES_CHANGING + index) % NODES) {
                let (series, name, load) = node(index, self.tick);
                put(series, &[("node", &name)], Unit::Percent, load);
            }
        } else {
            for (signal, name) in self.source.signals.iter().zip(["bench_first", "bench_second"]) {
                put(name, &[], Unit::Percent, *signal.last().expect("a signal has points"));
            }
            let rows = self.source.table.len();
            let changing = if self.tick == 1 { rows } else { ROWS_CHANGING };
            for index in 0..changing {
                let [name, pid, cpu, memory, _] =
                    &self.source.table[(self.source.now_s as usize * ROWS_CHANGING + index) % rows];
                let number = |text: &str| text.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
                let labels = [("process", name.as_str())];
                put("bench_cpu", &labels, Unit::Percent, number(cpu));
                put("bench_memory", &labels, Unit::None, number(memory));
                if self.tick == 1 {
                    put("bench_pid", &labels, Unit::None, number(pid));
                    put("bench_state", &labels, Unit::None, 1.0);
                }
            }
        }
        // Nobody is asked for what is pushed.
        let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 0 };
        self.data.set_source("push", health);
    }
}
