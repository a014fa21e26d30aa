//! A series that was told of once a second for a month, and a chart of all of it.
//!
//! Invariant: the same second gives the same sample, on every machine.

use unblink::base::{Size, Wall};
use unblink::frame::Grid;
use unblink::model::dataset::{SourceHealth, SourceState};
use unblink::model::{Dataset, Kind, Sample, SeriesKey, Unit, ViewSpec};
use unblink::scene::{self, Boards, file};

use crate::board::{COLS, ROWS};

const BOARD: &[u8] = b"[panel.month]\nchart = \"line\"\nlines = [{ name = \"x\", series = \"x\" }]\n";
const DAY_S: i64 = 86_400;
const DAYS: i64 = 30;
const START_MS: i64 = 1_700_000_000_000;
/// Samples of one turn of what takes them in.
const SAMPLES: usize = 1_000;
/// Series that they belong to.
const SERIES: usize = 50;

/// One view of all there is.
pub struct Month {
    boards: Boards,
    spec: ViewSpec,
    data: Dataset,
    second: i64,
    grid: Grid,
}

/// Samples of known series, one after another.
pub struct Intake {
    data: Dataset,
    at: Wall,
}

// === impl Month ===

impl Month {
    pub fn new() -> Month {
        let mut spec = ViewSpec::new("default", "month", Size::clamped(COLS, ROWS));
        spec.range_ms = (DAYS * DAY_S * 1_000).unsigned_abs();
        let grid = Grid::new(spec.size);
        let board = file::read("month", "month.toml", BOARD).expect("the board is sound");
        let mut month = Month { boards: Boards::new(vec![board]), spec, data: Dataset::default(), second: 0, grid };
        for _ in 0..DAYS * DAY_S {
            month.sample();
        }
        month
    }

    /// One second later: takes a sample and draws.
    pub fn frame(&mut self) -> &Grid {
        self.sample();
        let now = Wall(START_MS + self.second * 1_000);
        let health = SourceHealth { state: SourceState::Good, last_good: Some(now), interval_ms: 1_000 };
        self.data.set_source("host", health);
        scene::draw(&self.boards, &self.spec, &self.data, now, &mut self.grid);
        &self.grid
    }

    fn sample(&mut self) {
        self.second += 1;
        let t = self.second as f64;
        let value = (t / 20_000.0).sin() * 50.0 + (self.second % 977) as f64 / 50.0;
        let (key, kind, unit) = (SeriesKey::plain("x"), Kind::Gauge, Unit::None);
        let at = Wall(START_MS + self.second * 1_000);
        self.data.insert(Sample { key, kind, unit, at, value }).expect("the samples are sound");
    }
}

// === impl Intake ===

impl Intake {
    pub fn new() -> Intake {
        Intake { data: Dataset::default(), at: Wall(START_MS) }
    }

    /// Twenty samples of each of fifty series.
    pub fn take(&mut self) {
        for index in 0..SAMPLES {
            if index % SERIES == 0 {
                self.at = Wall(self.at.0 + 1_000);
            }
            let series = (index % SERIES).to_string();
            let key = SeriesKey::labelled("requests_total", &[("instance", &series), ("job", "web")]);
            let (kind, unit) = (Kind::Counter, Unit::None);
            let sample = Sample { key, kind, unit, at: self.at, value: self.at.0 as f64 };
            self.data.insert(sample).expect("the samples are sound");
        }
    }
}
