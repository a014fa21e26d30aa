//! The board `demo` as it is shipped, every kind of chart, on the data that is made up for it.
//!
//! Invariant: the same second gives the same samples, on every machine.

use unblink::base::{Size, Wall};
use unblink::encode::{Encoder, Encoding};
use unblink::frame::Grid;
use unblink::model::{Dataset, ViewSpec};
use unblink::scene::{self, Before, Boards, Circumstances, Memory, Stage};
use unblink::source::synthetic;

use crate::board::{COLS, ROWS};

/// A moment at which a service is down and one slow.
const START: Wall = Wall(1_700_000_600_000);
/// What the board shows of a line.
const PAST_MS: i64 = 300_000;

/// One view of the board.
pub struct Demo {
    boards: Boards,
    spec: ViewSpec,
    data: Dataset,
    now: Wall,
    sixtieths: i64,
    shown: Grid,
    next: Grid,
    memory: Memory,
    encoder: Encoder,
    bytes: Vec<u8>,
}

// === impl Demo ===

impl Demo {
    pub fn new() -> Demo {
        let spec = ViewSpec::new("default", "demo", Size::clamped(COLS, ROWS));
        let (shown, next) = (Grid::new(spec.size), Grid::new(spec.size));
        let mut demo = Demo {
            boards: Boards::shipped(),
            spec,
            data: Dataset::default(),
            now: Wall(START.0 - PAST_MS),
            sixtieths: 0,
            shown,
            next,
            memory: Memory::default(),
            encoder: Encoder::new(Encoding::default()),
            bytes: Vec::with_capacity(1 << 20),
        };
        demo.happen(START);
        demo
    }

    /// One second later: makes the samples up, takes them, draws, encodes what changed; returns its bytes.
    pub fn frame(&mut self) -> usize {
        self.happen(Wall(self.now.0 + 1_000));
        self.draw()
    }

    /// A sixtieth of a second later, with nothing new but what moves.
    pub fn moving_frame(&mut self) -> usize {
        self.sixtieths += 1;
        self.now = Wall(START.0 + self.sixtieths * 1_000 / 60);
        self.draw()
    }

    fn draw(&mut self) -> usize {
        self.bytes.clear();
        let stage = Stage { boards: &self.boards, data: &self.data, now: self.now };
        let before = Before { grid: &self.shown, memory: &mut self.memory, shared: None };
        scene::draw_after(stage, &self.spec, Circumstances::default(), Some(before), &mut self.next);
        self.encoder.delta(&self.shown, &self.next, &mut self.bytes);
        std::mem::swap(&mut self.shown, &mut self.next);
        self.bytes.len()
    }

    fn happen(&mut self, until: Wall) {
        let synthetic::Moment { samples, entries } = synthetic::between(self.now, until);
        for sample in samples {
            self.data.insert(sample).expect("made-up samples are sound");
        }
        for (stream, entry) in entries {
            assert!(self.data.append(&stream, entry));
        }
        self.data.set_source(synthetic::NAME, synthetic::health(until));
        self.now = until;
    }
}
