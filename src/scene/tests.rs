use super::*;
use crate::base::Size;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::{GlyphSet, Kind, Sample, SeriesKey, Unit};

/// 2023-11-14 22:13:20.250 UTC: a quarter second into a second.
pub(super) const NOW: Wall = Wall(1_700_000_000_250);

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Ten minutes of a machine with these many cores, one sample a second, the last a quarter second ago.
pub(super) fn host_data(cores: usize) -> Dataset {
    let mut data = Dataset::default();
    let mut put = |key: SeriesKey, unit: Unit, at: Wall, value: f64| {
        data.insert(Sample { key, kind: Kind::Gauge, unit, at, value })
            .expect("invariant: the test's samples are sound");
    };
    for second in 0..600 {
        let at = Wall(NOW.0 - 250 - (599 - second) * 1_000);
        let t = second as f64;
        let wave = |period: f64, phase: f64| ((t / period + phase).sin() + 1.0) / 2.0;
        let spike = if (420..450).contains(&second) { 45.0 } else { 0.0 };
        let cpu = |core: f64| (8.0 + 30.0 * wave(37.0, core) + 9.0 * wave(3.1, core * 2.0) + spike).min(100.0);
        let mut sum = 0.0;
        for core in 0..cores {
            let value = cpu(core as f64);
            sum += value;
            put(SeriesKey::labelled("host_cpu_percent", &[("cpu", &core.to_string())]), Unit::Percent, at, value);
        }
        let plain = SeriesKey::plain;
        put(plain("host_cpu_percent"), Unit::Percent, at, sum / cores.max(1) as f64);
        put(plain("host_load1"), Unit::None, at, 0.6 + 1.1 * wave(60.0, 0.0) + spike / 30.0);
        put(plain("host_load5"), Unit::None, at, 0.9 + 0.4 * wave(120.0, 0.0));
        put(plain("host_load15"), Unit::None, at, 0.8 + t / 6000.0);
        put(plain("host_memory_used_bytes"), Unit::Bytes, at, (9.0 + 3.0 * wave(150.0, 0.0) + t / 300.0) * GIB);
        put(plain("host_memory_total_bytes"), Unit::Bytes, at, 31.2 * GIB);
        put(plain("host_memory_available_bytes"), Unit::Bytes, at, 18.0 * GIB);
        put(plain("host_swap_used_bytes"), Unit::Bytes, at, 0.2 * GIB);
        put(plain("host_swap_total_bytes"), Unit::Bytes, at, 8.0 * GIB);
        put(plain("host_uptime_seconds"), Unit::Seconds, at, 1_234_567.0 + t);
        let info = [("hostname", "wall-3"), ("kernel", "6.18.2-amd64")];
        put(SeriesKey::labelled("host_info", &info), Unit::None, at, 1.0);
    }
    data.set_source("host", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    data
}

fn health(state: SourceState, last_good: Option<Wall>) -> SourceHealth {
    SourceHealth { state, last_good, interval_ms: 1_000 }
}

pub(super) fn spec(cols: u16, rows: u16) -> ViewSpec {
    ViewSpec::new("default", "host", Size::clamped(cols, rows))
}

pub(super) fn picture(spec: &ViewSpec, data: &Dataset, now: Wall) -> (String, Drawn) {
    let mut grid = Grid::new(spec.size);
    let drawn = draw(&Boards::shipped(), spec, data, now, &mut grid);
    (grid.to_text(), drawn)
}

#[test]
fn the_board_is_drawn_at_any_size_from_one_cell_up() {
    let data = host_data(4);
    for (cols, rows) in [(1, 1), (1, 50), (2, 2), (3, 2), (20, 5), (40, 12), (80, 24), (120, 40), (1000, 500)] {
        for glyphs in [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii] {
            let mut spec = spec(cols, rows);
            spec.glyphs = glyphs;
            let (text, drawn) = picture(&spec, &data, NOW);
            assert!(text.lines().any(|line| !line.is_empty()), "{cols}x{rows} {glyphs:?} is blank");
            assert!(drawn.next_change_at.is_some_and(|at| at > NOW), "{cols}x{rows}");
        }
    }
}
