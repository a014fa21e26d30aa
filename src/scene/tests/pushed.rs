//! Series of a source that is not asked: a panel goes by their own pace.

use super::*;

const BOARD: &str = r#"
[panel.orders]
chart = "facts"
source = "push"
rows = [{ name = "fast", value = "fast" }, { name = "slow", value = "slow" }, { name = "data", age = true }]

[layout]
column = ["orders"]
"#;

/// What is shown of series whose points are so many seconds apart, when the newest of all has that age.
fn shown(series: &[(&str, i64)], age_s: i64, heard_s: i64) -> String {
    let mut data = Dataset::default();
    for (name, every_s) in series {
        for number in 0..20 {
            let key = SeriesKey::plain(name);
            let at = Wall(NOW.0 - (age_s + (19 - number) * every_s) * 1_000);
            let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value: 42.0 };
            data.insert(sample).expect("the test's samples are sound");
        }
    }
    let last_good = Some(Wall(NOW.0 - heard_s * 1_000));
    data.set_source("push", SourceHealth { state: SourceState::Good, last_good, interval_ms: 0 });
    let boards = Boards::new(vec![file::read("b", "b", BOARD.as_bytes()).expect("the test's board is sound")]);
    let spec = ViewSpec { board: "b".to_owned(), ..spec(60, 8) };
    let mut grid = Grid::new(spec.size);
    draw(&boards, &spec, &data, NOW, &mut grid);
    grid.to_text()
}

#[test]
fn a_series_that_comes_once_a_minute_is_stale_after_two() {
    let text = shown(&[("slow", 60)], 115, 0);
    has(&text, "slow  42");
    has(&text, "live, every 1m 00s");
    let text = shown(&[("slow", 60)], 125, 0);
    has(&text, "not reported for 2m 05s");
    has(&shown(&[("slow", 60)], 125, 125), "stale 2m 05s");
}

#[test]
fn one_that_comes_every_second_is_stale_after_ten() {
    has(&shown(&[("fast", 1)], 9, 9), "live, every 5 s");
    has(&shown(&[("fast", 1)], 11, 11), "stale 11");
}

#[test]
fn the_slowest_series_of_a_panel_sets_its_pace() {
    let text = shown(&[("fast", 1), ("slow", 60)], 100, 0);
    has(&text, "fast  42");
    has(&text, "slow  42");
}

#[test]
fn where_nothing_came_yet_that_is_said() {
    has(&shown(&[], 0, 0), "push does not report this");
}
