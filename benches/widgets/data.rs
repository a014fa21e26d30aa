//! What the widgets are drawn from: five minutes of a service with four instances.
//!
//! Invariant: the same on every machine and in every run.

use unblink::base::Wall;
use unblink::label::Label;
use unblink::model::log::{Entry, Severity};

/// Points of each series, one a second.
pub const POINTS: usize = 300;
/// Points further apart are not joined.
pub const GAP_MS: u64 = 3_000;
/// Names of series, rows and groups.
pub const SERIES: [&str; 4] = ["checkout", "search", "basket", "stock"];
const ENTRIES: usize = 200;
const START_MS: i64 = 1_700_000_000_000;

pub struct Data {
    /// The newest moment.
    pub edge: Wall,
    pub series: Vec<Vec<(Wall, f64)>>,
    /// States of the same, changing now and then.
    pub states: Vec<Vec<(Wall, Option<usize>)>>,
    pub log: Vec<Entry>,
    pub names: Vec<Label>,
}

// === impl Data ===

impl Data {
    pub fn new() -> Data {
        let at = |point: usize| Wall(START_MS + point as i64 * 1_000);
        let course = |series: usize| {
            let value = move |point: usize| {
                let t = point as f64 + 31.0 * series as f64;
                50.0 + 25.0 * (t / 17.0).sin() + 12.0 * (t / 5.0).sin() + 9.0 * noise(point, series)
            };
            (0..POINTS).map(|point| (at(point), value(point))).collect()
        };
        let state =
            |series: usize| (0..POINTS).map(|point| (at(point), Some((point + 40 * series) / 60 % 3))).collect();
        let levels = [Severity::Info, Severity::Debug, Severity::Info, Severity::Warn, Severity::Error];
        let entry = |index: usize| {
            let name = SERIES[index % SERIES.len()];
            let text = format!("{name}: request {} answered after {} ms", 40_000 + 7 * index, 12 + index % 90);
            Entry::new(at(index), levels[index % levels.len()], &text).from_source(Label::plain(name))
        };
        Data {
            edge: at(POINTS - 1),
            series: (0..SERIES.len()).map(course).collect(),
            states: (0..SERIES.len()).map(state).collect(),
            log: (0..ENTRIES).map(entry).collect(),
            names: SERIES.iter().map(|name| Label::plain(name)).collect(),
        }
    }

    pub fn points(&self, series: usize) -> impl Iterator<Item = (Wall, f64)> + '_ {
        self.series[series].iter().copied()
    }

    /// The newest value of the series with this number, counted round.
    pub fn newest(&self, index: usize) -> f64 {
        let series = &self.series[index % self.series.len()];
        series[series.len() - 1 - index % POINTS].1
    }
}

/// From -1 to 1.
fn noise(point: usize, series: usize) -> f64 {
    let mut bits = (point as u64 * 8 + series as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
