//! The parts of one frame as pieces of work, for the criterion benches and for counting instructions.
//!
//! Invariant: each turn of a piece of work is like the turns before it; nothing grows.

mod dashboard;
mod demo;
mod host;
mod month;
#[path = "../fanout/nodes.rs"]
mod nodes;
#[path = "../fanout/steady.rs"]
mod steady;

use std::hint::black_box;

use unblink::encode::{Encoder, Encoding};
use unblink::frame::Grid;
use unblink::label::Label;

use super::board::data::Data;
use super::board::ours::{self, Ours};
use dashboard::Dashboard;
use demo::Demo;
use host::Host;
use month::{Intake, Month};

/// One part of a frame.
pub struct Part {
    pub name: &'static str,
    /// Sets everything up and returns what is measured.
    pub prepare: fn() -> Box<dyn FnMut()>,
}

pub const PARTS: &[Part] = &[
    Part {
        name: "label/ascii",
        prepare: || labels(&["cpu 42.0 %", "worker-07 --tenant default", "512.3 MiB", "running"]),
    },
    Part {
        name: "label/accented", prepare: || labels(&["23.5 °C", "Größe 12 µs", "Загрузка 42 %", "中文 かな 한글"])
    },
    Part {
        name: "label/hostile",
        prepare: || {
            labels(&[
                "\u{1b}]0;title\u{7}red",
                "a\u{202e}b",
                "Z\u{336}\u{336}\u{336}\u{336}\u{336}",
                "👨\u{200d}👩\u{200d}👧",
            ])
        },
    },
    Part { name: "draw", prepare: draw },
    Part { name: "delta", prepare: delta },
    Part { name: "keyframe", prepare: keyframe },
    Part { name: "frame", prepare: frame },
    Part { name: "scene/host", prepare: scene_host },
    Part { name: "scene/demo", prepare: scene_demo },
    Part { name: "scene/demo-60hz", prepare: scene_demo_60hz },
    Part { name: "scene/month", prepare: scene_month },
    Part { name: "scene/one-view", prepare: || scene_views(1) },
    Part { name: "scene/twenty-views", prepare: || scene_views(20) },
    Part { name: "scene/nodes", prepare: scene_nodes },
    Part { name: "fanout/five-hundred", prepare: fan_out },
    Part { name: "store/thousand", prepare: store_thousand },
];

/// States of the board that are gone through in turn.
pub const STATES: usize = 64;

fn labels(texts: &'static [&'static str]) -> Box<dyn FnMut()> {
    Box::new(move || {
        for text in texts {
            black_box(Label::new(black_box(text)));
        }
    })
}

fn draw() -> Box<dyn FnMut()> {
    let states = states();
    let mut grid = ours::blank();
    let mut turn = 0;
    Box::new(move || {
        ours::draw(&mut grid, black_box(&states[turn % STATES]));
        black_box(&grid);
        turn += 1;
    })
}

fn delta() -> Box<dyn FnMut()> {
    let grids = grids();
    let mut encoder = Encoder::new(Encoding::default());
    let mut out = Vec::new();
    let mut turn = 0;
    Box::new(move || {
        out.clear();
        encoder.delta(&grids[turn % STATES], black_box(&grids[turn % STATES + 1]), &mut out);
        black_box(&out);
        turn += 1;
    })
}

fn keyframe() -> Box<dyn FnMut()> {
    let grids = grids();
    let mut encoder = Encoder::new(Encoding::default());
    let mut out = Vec::new();
    let mut turn = 0;
    Box::new(move || {
        out.clear();
        encoder.keyframe(black_box(&grids[turn % STATES]), &mut out);
        black_box(&out);
        turn += 1;
    })
}

/// Draw and delta: what ratatui does in one call.
fn frame() -> Box<dyn FnMut()> {
    let states = states();
    let mut ours = Ours::new();
    let mut turn = 0;
    Box::new(move || {
        black_box(ours.frame(black_box(&states[turn % STATES])));
        turn += 1;
    })
}

/// A second of the board that everybody sees first: samples, plans, cells, delta.
fn scene_host() -> Box<dyn FnMut()> {
    let mut host = Host::new();
    Box::new(move || {
        black_box(host.frame());
    })
}

/// The same of the board with every kind of chart.
fn scene_demo() -> Box<dyn FnMut()> {
    let mut demo = Demo::new();
    Box::new(move || {
        black_box(demo.frame());
    })
}

/// A sixtieth of a second of it: one panel moves, and the clock once in sixty turns.
fn scene_demo_60hz() -> Box<dyn FnMut()> {
    let mut demo = Demo::new();
    Box::new(move || {
        black_box(demo.moving_frame());
    })
}

/// A second of a chart of thirty days, told of once a second.
fn scene_month() -> Box<dyn FnMut()> {
    let mut month = Month::new();
    Box::new(move || {
        black_box(month.frame());
    })
}

/// A tick of pushed samples, and a frame of each of so many views of them, each of another span of time.
fn scene_views(views: u64) -> Box<dyn FnMut()> {
    let mut dashboard = Dashboard::new(views);
    Box::new(move || {
        black_box(dashboard.frames());
    })
}

fn scene_nodes() -> Box<dyn FnMut()> {
    let mut dashboard = Dashboard::nodes();
    Box::new(move || {
        black_box(dashboard.frames());
    })
}

/// A frame to five hundred viewers who have the one before it.
fn fan_out() -> Box<dyn FnMut()> {
    let mut crowd = steady::Crowd::new(500);
    Box::new(move || crowd.frame())
}

/// A thousand samples of fifty series that are known already.
fn store_thousand() -> Box<dyn FnMut()> {
    let mut intake = Intake::new();
    Box::new(move || intake.take())
}

pub fn states() -> Vec<Data> {
    let mut data = Data::new();
    (0..=STATES).map(|_| data.stepped()).collect()
}

fn grids() -> Vec<Grid> {
    let drawn = |data: &Data| {
        let mut grid = ours::blank();
        ours::draw(&mut grid, data);
        grid
    };
    states().iter().map(drawn).collect()
}
