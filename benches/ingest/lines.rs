//! Lines as programs push them, taken into series; and the same bytes only parsed, to compare with.

use std::fmt::Write as _;
use std::hint::black_box;

use unblink::base::Wall;
use unblink::model::Dataset;
use unblink::source::push::Intake;

/// Lines of a chunk: about as many as one may have bytes for.
pub const LINES: usize = 500;
/// Series that take turns in it.
const SERIES: usize = 100;
/// A moment in 2026.
const START: i64 = 1_789_000_000_000;

/// The worker's side.
pub struct Taking {
    intake: Intake,
    data: Dataset,
}

/// The chunk of one turn: 500 samples of 100 series with labels, a time and a unit, ten milliseconds apart.
pub fn chunk(turn: i64) -> (i64, String) {
    let mut text = String::new();
    for line in 0..LINES {
        let (series, at) = (line % SERIES, START + turn * 100 + (line / SERIES) as i64 * 10);
        let value = line as f64 * 1.5 + 0.25;
        writeln!(
            text,
            "{{\"series\":\"http_request_seconds\",\"value\":{value},\"at\":{at},\"labels\":{{\"path\":\"/api/{series}\",\
             \"instance\":\"web-1\"}},\"unit\":\"seconds\"}}"
        )
        .expect("a string takes all");
    }
    (turn, text)
}

/// What is compared with: each line as a value of `serde_json`, and nothing done with it.
pub fn parse((_, chunk): &(i64, String)) {
    for line in chunk.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("the lines are JSON");
        black_box(value);
    }
}

// === impl Taking ===

impl Taking {
    pub fn new() -> Taking {
        Taking { intake: Intake::default(), data: Dataset::default() }
    }

    /// The chunk of a turn; those of turns only rise.
    pub fn take(&mut self, (turn, chunk): &(i64, String)) {
        let now = Wall(START + turn * 100 + 1_000);
        let taken = self.intake.take(chunk.as_bytes(), now, &mut self.data);
        assert_eq!((taken.accepted as usize, taken.rejected), (LINES, 0), "{:?}", taken.faults.first());
    }
}
