//! Tables and logs that are scrolled.

use super::*;
use crate::model::log::{Entry, Severity};
use crate::model::spec::Scroll;
use crate::scene::file;

const ROWS: &str = r#"
[panel.log]
chart = "log"
stream = "log"
[panel.table]
chart = "table"
by = "row"
columns = [{ title = "t", series = "t" }]
[layout]
row = ["log", "table"]
"#;

fn drawn(focus: u16, scroll: Scroll, entries: i64) -> String {
    let mut data = Dataset::default();
    for row in 0..40 {
        let key = SeriesKey::labelled("t", &[("row", &format!("row-{row}"))]);
        let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at: NOW, value: f64::from(row) };
        data.insert(sample).expect("the test's samples are sound");
    }
    for second in 0..entries {
        let at = Wall(NOW.0 - 100_000 + 1_000 * second);
        data.append("log", Entry::new(at, Severity::Info, &format!("entry-{second}.")));
    }
    data.set_source("host", health(SourceState::Good, Some(NOW)));
    let boards = Boards::new(vec![file::read("b", "b", ROWS.as_bytes()).expect("the test's board is sound")]);
    let mut spec = ViewSpec::new("default", "b", Size::clamped(120, 14));
    (spec.focus, spec.scroll) = (focus, scroll);
    let mut grid = Grid::new(spec.size);
    draw(&boards, &spec, &data, NOW, &mut grid);
    grid.to_text()
}

#[test]
fn only_the_focused_panel_is_scrolled() {
    let scroll = Scroll { rows: 5, since: None };
    let table = drawn(1, scroll, 40);
    has_not(&table, "row-0 ");
    has(&table, "row-13");
    has(&table, "entry-39.");
    let log = drawn(0, scroll, 40);
    has(&log, "row-0 ");
    has(&log, "entry-34.");
    has_not(&log, "entry-35.");
}

#[test]
fn what_a_log_gets_while_somebody_looks_back_moves_nothing_and_is_counted() {
    let since = Some(Wall(NOW.0 - 100_000 + 39_500));
    let scroll = Scroll { rows: 5, since };
    let (then, later) = (drawn(0, scroll, 40), drawn(0, scroll, 60));
    for entry in 28..35 {
        assert_eq!(then.contains(&format!("entry-{entry}.")), later.contains(&format!("entry-{entry}.")), "{entry}");
    }
    has(&later, "entry-34.");
    has_not(&later, "entry-35.");
    has(&then, "5 newer");
    has(&later, "25 newer");
}

#[test]
fn a_scroll_beyond_the_end_shows_the_end() {
    let far = Scroll { rows: u16::MAX, since: Some(Wall(i64::MAX)) };
    has(&drawn(1, far, 10), "row-39");
    has(&drawn(0, far, 10), "entry-0.");
}
