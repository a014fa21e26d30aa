//! Boards that ask queries: what their charts show.

use super::*;
use crate::scene::file;

const BOARD: &str = r#"
[panel.lines]
chart = "line"
source = "shop"
lines = [
  { series = "shop_requests_total", fn = "rate", over = "10s", join = "sum", by = "job", topk = 2 },
  { name = "p99 of all", series = "shop_seconds", fn = "p99", over = "30s", join = "max" },
  { name = "web only", series = "shop_seconds", where = { job = "web-*" } },
]

[panel.table]
chart = "table"
source = "shop"
by = "job"
columns = [
  { title = "requests", series = "shop_requests_total", fn = "increase", over = "1m", join = "sum" },
  { title = "zone a", series = "shop_requests_total", where = { zone = "a" } },
]

[panel.bars]
chart = "bars"
source = "shop"
series = "shop_seconds"
by = "job"
join = "avg"
topk = 1

[layout]
column = ["lines", { row = ["table", "bars"] }]
"#;

/// Two minutes of three jobs in two zones: each counts as many requests a second as its place says.
fn data() -> Dataset {
    let mut data = Dataset::default();
    for second in 0..120 {
        let at = Wall(NOW.0 - 250 - (119 - second) * 1_000);
        for (place, job) in ["db", "web-1", "web-2"].into_iter().enumerate() {
            for zone in ["a", "b"] {
                let labels = [("job", job), ("zone", zone)];
                let mut put = |name: &str, kind, value| {
                    let key = SeriesKey::labelled(name, &labels);
                    data.insert(Sample { key, kind, unit: Unit::None, at, value }).expect("it is sound");
                };
                put("shop_requests_total", Kind::Counter, second as f64 * (place + 1) as f64);
                put("shop_seconds", Kind::Gauge, place as f64 + if second == 110 { 0.5 } else { 0.25 });
            }
        }
    }
    data.set_source("shop", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    data
}

fn boards(text: &str) -> Boards {
    let board = file::read("wall", "wall.toml", text.as_bytes()).unwrap_or_else(|all| panic!("{all:?}"));
    Boards::with_shipped(vec![board])
}

#[test]
fn queries_are_answered_on_every_kind_of_chart() {
    let mut spec = spec(100, 30);
    spec.board = "wall".to_owned();
    let mut grid = Grid::new(spec.size);
    draw(&boards(BOARD), &spec, &data(), NOW, &mut grid);
    let text = grid.to_text();
    // The two busiest jobs, in an order that stays; each grows in two zones.
    has(&text, "● web-1   4.0  ● web-2   6.0  ● p99 of all   2.4  ● web only   1.3");
    for row in ["db           120       1", "web-1        240       2", "web-2        360       3"] {
        has(&text, row);
    }
    has_not(&text, "unknown");
    let bars: Vec<&str> = text.lines().filter(|line| line.contains("2.25")).collect();
    assert_eq!(bars.len(), 1, "{text}");
}

#[test]
fn a_range_beyond_single_points_is_drawn_from_buckets_without_holes() {
    let mut data = Dataset::default();
    let day = 86_400;
    for second in 0..day {
        let at = Wall(NOW.0 - 250 - (day - 1 - second) * 1_000);
        let value = if second == day / 3 { 100.0 } else { 1.0 };
        let key = SeriesKey::plain("x");
        data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value }).expect("it is sound");
    }
    data.set_source("host", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    let boards = boards("[panel.a]\nchart = \"line\"\nlines = [{ name = \"x\", series = \"x\" }]\n");
    let mut spec = spec(120, 20);
    (spec.board, spec.glyphs) = ("wall".to_owned(), GlyphSet::Ascii);
    for range_hours in [1, 6, 24] {
        spec.range_ms = range_hours * 3_600_000;
        let mut grid = Grid::new(spec.size);
        draw(&boards, &spec, &data, NOW, &mut grid);
        let text = grid.to_text();
        let drawn = text.lines().map(|line| line.matches(['.', '-', '_', '\'', '`', ':']).count()).max();
        assert!(drawn >= Some(100), "{range_hours} h:\n{text}");
        assert_eq!(text.contains("100"), range_hours == 24, "the spike of one second is seen in a day:\n{text}");
    }
}
