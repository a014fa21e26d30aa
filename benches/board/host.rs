//! The board `host` as it is shipped, and a machine of four cores whose samples come once a second.
//!
//! Invariant: the same second gives the same samples, on every machine.

use unblink::base::{Size, Wall};
use unblink::encode::{Encoder, Encoding};
use unblink::frame::Grid;
use unblink::model::dataset::{SourceHealth, SourceState};
use unblink::model::{Dataset, Kind, Sample, SeriesKey, Unit, ViewSpec};
use unblink::scene::{self, Boards};

use crate::board::{COLS, ROWS};

const CORES: u32 = 4;
/// Samples of each series when the first frame is drawn: all that the board shows of a line, and as much again.
const SECONDS: u32 = 600;
const START_MS: i64 = 1_700_000_000_000;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// One view of the board.
pub struct Host {
    boards: Boards,
    spec: ViewSpec,
    data: Dataset,
    /// Seconds gone by.
    second: u32,
    shown: Grid,
    next: Grid,
    encoder: Encoder,
    bytes: Vec<u8>,
}

// === impl Host ===

impl Host {
    pub fn new() -> Host {
        let spec = ViewSpec::new("default", "host", Size::clamped(COLS, ROWS));
        let (shown, next) = (Grid::new(spec.size), Grid::new(spec.size));
        let mut host = Host {
            boards: Boards::shipped(),
            spec,
            data: Dataset::default(),
            second: 0,
            shown,
            next,
            encoder: Encoder::new(Encoding::default()),
            bytes: Vec::with_capacity(1 << 20),
        };
        for _ in 0..SECONDS {
            host.sample();
        }
        host
    }

    /// One second later: takes the samples, draws, encodes what changed; returns its bytes.
    pub fn frame(&mut self) -> usize {
        self.sample();
        self.bytes.clear();
        scene::draw(&self.boards, &self.spec, &self.data, self.now(), &mut self.next);
        self.encoder.delta(&self.shown, &self.next, &mut self.bytes);
        std::mem::swap(&mut self.shown, &mut self.next);
        self.bytes.len()
    }

    fn now(&self) -> Wall {
        Wall(START_MS + i64::from(self.second) * 1_000)
    }

    fn sample(&mut self) {
        self.second += 1;
        let at = self.now();
        let t = f64::from(self.second);
        let wave = |period: f64, phase: f64| ((t / period + phase).sin() + 1.0) / 2.0;
        let cpu = |core: u32| 8.0 + 50.0 * wave(37.0, f64::from(core)) + 20.0 * wave(3.1, 2.0 * f64::from(core));
        let mut put = |key: SeriesKey, unit: Unit, value: f64| {
            self.data.insert(Sample { key, kind: Kind::Gauge, unit, at, value }).expect("the samples are sound");
        };
        for core in 0..CORES {
            put(SeriesKey::labelled("host_cpu_percent", &[("cpu", &core.to_string())]), Unit::Percent, cpu(core));
        }
        let plain = SeriesKey::plain;
        put(plain("host_cpu_percent"), Unit::Percent, (0..CORES).map(cpu).sum::<f64>() / f64::from(CORES));
        put(plain("host_load1"), Unit::None, 0.6 + 1.1 * wave(60.0, 0.0));
        put(plain("host_load5"), Unit::None, 0.9 + 0.4 * wave(120.0, 0.0));
        put(plain("host_load15"), Unit::None, 0.8 + 0.1 * wave(300.0, 0.0));
        put(plain("host_memory_used_bytes"), Unit::Bytes, (9.0 + 3.0 * wave(150.0, 0.0)) * GIB);
        put(plain("host_memory_total_bytes"), Unit::Bytes, 31.2 * GIB);
        put(plain("host_memory_available_bytes"), Unit::Bytes, (20.0 - 3.0 * wave(150.0, 0.0)) * GIB);
        put(plain("host_swap_used_bytes"), Unit::Bytes, 0.2 * GIB);
        put(plain("host_swap_total_bytes"), Unit::Bytes, 8.0 * GIB);
        put(plain("host_uptime_seconds"), Unit::Seconds, 1_234_567.0 + t);
        for (name, most) in
            [("disk_read", 90e6), ("disk_write", 30e6), ("network_receive", 12e6), ("network_transmit", 2e6)]
        {
            let name = format!("host_{name}_bytes_per_second");
            put(plain(&name), Unit::BytesPerSecond, most * wave(20.0, most));
        }
        let info = [("hostname", "wall-3"), ("kernel", "6.18.2-amd64")];
        put(SeriesKey::labelled("host_info", &info), Unit::None, 1.0);
        let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 1_000 };
        self.data.set_source("host", health);
    }
}
