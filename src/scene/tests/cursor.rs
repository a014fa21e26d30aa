//! The cursor: its line, and the values of its moment.

use std::time::Duration;

use super::*;
use crate::scene::file;

/// A line, a heatmap and a timeline of one series that counts seconds, over a minute.
const OVER_TIME: &str = r#"
[panel.line]
chart = "line"
lines = [{ name = "n", series = "n" }]
include = [0]
[panel.heat]
chart = "heatmap"
series = "n"
[panel.states]
chart = "states"
series = "n"
states = [{ value = 40, name = "forty" }, { value = 55, name = "later" }]
[panel.sparks]
chart = "sparklines"
rows = [{ series = "n" }]
[layout]
column = [{ row = ["line", "heat"] }, { row = ["states", "sparks"] }]
"#;

fn boards() -> Boards {
    Boards::new(vec![file::read("b", "b", OVER_TIME.as_bytes()).expect("the test's board is sound")])
}

fn data() -> Dataset {
    let mut data = Dataset::default();
    for second in 0..60 {
        let at = Wall(NOW.0 - 250 - 1_000 * (59 - second));
        let value = second as f64;
        let sample = Sample { key: SeriesKey::plain("n"), kind: Kind::Gauge, unit: Unit::None, at, value };
        data.insert(sample).expect("the test's samples are sound");
    }
    data.set_source("host", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    data
}

fn drawn(spec: &ViewSpec) -> Grid {
    let mut grid = Grid::new(spec.size);
    draw(&boards(), spec, &data(), NOW, &mut grid);
    grid
}

fn at(seconds_ago: i64) -> ViewSpec {
    let mut spec = ViewSpec::new("default", "b", Size::clamped(120, 30));
    spec.range_ms = 60_000;
    spec.cursor = Some(Wall(NOW.0 - 1_000 * seconds_ago));
    spec
}

#[test]
fn values_beside_names_are_those_of_the_moment_under_the_cursor() {
    let text = drawn(&at(19)).to_text();
    // 22:13:20.25 less 19 s; the point before it is the one that counts 40.
    has(&text, "at 22:13:01");
    has(&text, "n  40.0");
    has(&text, "22:13:01  n forty");
    let heat = text.lines().find(|line| line.contains("22:13:01  n 40")).expect("the heatmap tells its value");
    assert!(heat.contains('╰'), "on the border: {heat}");
    let row = text.lines().rev().find(|line| line.contains("n  ") && line.contains("40")).expect("the sparkline's row");
    assert!(row.trim_end_matches(['│', ' ']).ends_with("40"), "{row}");
    has(&drawn(&ViewSpec { cursor: None, ..at(0) }).to_text(), "n  59.0");
}

#[test]
fn nothing_that_came_later_is_told_of_a_moment_without_data() {
    let mut before = at(59);
    before.range_ms = 300_000;
    before.cursor = Some(Wall(NOW.0 - 200_000));
    let text = drawn(&before).to_text();
    has(&text, "n unknown");
}

#[test]
fn the_line_stands_in_the_column_of_its_moment_and_leaves_data_in_sight() {
    let spec = at(30);
    let (boards, data) = (boards(), data());
    let stage = Stage { boards: &boards, data: &data, now: NOW };
    let (with, without) = (drawn(&spec), drawn(&ViewSpec { cursor: None, ..spec.clone() }));
    let axis = under::axis(stage, &spec, 0).expect("a line has an axis of time");
    let bin = axis.scale.bin(spec.cursor.expect("it has one")).expect("within the span");
    let x = axis.plot.x + (axis.scale.middle(bin) * f32::from(axis.plot.width)) as u16;
    let mut blanks = 0;
    for y in axis.plot.y..axis.plot.bottom() {
        let (before, after) = (without.cell(x, y).text().to_owned(), with.cell(x, y).text().to_owned());
        blanks += u16::from(before == " ");
        assert_eq!(after, if before == " " { "│".to_owned() } else { before }, "row {y}");
    }
    assert!(blanks > axis.plot.height / 2);
    for panel in [1, 2] {
        let axis = under::axis(stage, &spec, panel).expect("it has an axis of time");
        let bin = axis.scale.bin(spec.cursor.expect("it has one")).expect("within the span");
        let x = axis.plot.x + (axis.scale.middle(bin) * f32::from(axis.plot.width)) as u16;
        assert!((axis.plot.y..axis.plot.bottom()).all(|y| with.cell(x, y).text() == "│"), "panel {panel}");
    }
    assert_eq!(under::axis(stage, &spec, 3), None);
}

#[test]
fn a_cursor_out_of_sight_shows_nothing() {
    let plain = drawn(&ViewSpec { cursor: None, ..at(0) });
    for cursor in [Wall(NOW.0 + 1), Wall(NOW.0 - 60_001), Wall(i64::MIN), Wall(i64::MAX)] {
        assert_eq!(drawn(&ViewSpec { cursor: Some(cursor), ..at(0) }), plain, "{cursor:?}");
    }
}

#[test]
fn a_column_of_the_axis_and_the_moment_it_stands_for_are_one() {
    let (boards, data) = (boards(), data());
    let stage = Stage { boards: &boards, data: &data, now: NOW };
    for range in [10, 60, 3_600, 86_400] {
        let spec = ViewSpec { range_ms: range * 1_000, ..at(0) };
        let axis = under::axis(stage, &spec, 0).expect("a line has an axis of time");
        for x in axis.plot.x..axis.plot.right() {
            let bin = axis.scale.bin(axis.at(x)).expect("within the span");
            let column = axis.plot.x + (axis.scale.middle(bin) * f32::from(axis.plot.width)) as u16;
            assert_eq!(column, x, "over {range} s");
        }
        assert!(axis.at(0) == axis.at(axis.plot.x) && axis.at(999) == axis.at(axis.plot.right() - 1));
        assert!(Duration::from_millis(axis.column_ms()) >= Duration::from_millis(1));
    }
}
