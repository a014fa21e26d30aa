//! Clicks, drags and the wheel.

use super::*;

fn gesture(start: &ViewSpec, x: u16, y: u16, act: Act) -> ViewSpec {
    stepped(start, Input::Mouse(Gesture { x, y, act }), &two(), NOW).unwrap_or_else(|| start.clone())
}

/// A cell within each panel of the board: two rows of two, one of one.
const CELLS: [(u16, u16); 5] = [(10, 3), (60, 3), (10, 10), (60, 10), (40, 20)];

#[test]
fn a_click_focuses_the_panel_under_it() {
    for (panel, (x, y)) in CELLS.into_iter().enumerate() {
        assert_eq!(usize::from(gesture(&spec(), x, y, Act::Click).focus), panel);
    }
    assert_eq!(gesture(&spec(), 10, 23, Act::Click), spec(), "the status line is no panel");
    assert_eq!(gesture(&spec(), 999, 999, Act::Click), spec());
}

#[test]
fn a_click_brings_the_cursor_where_there_is_one() {
    let shown = after(&spec(), &keys("c"));
    let (boards, data) = (two(), data());
    let axis = under::axis(Stage { boards: &boards, data: &data, now: NOW }, &shown, 0).expect("a line has an axis");
    let x = axis.plot.x + 7;
    let clicked = gesture(&shown, x, axis.plot.y, Act::Click);
    assert_eq!(clicked.cursor, Some(axis.at(x)));
    let bin = axis.scale.bin(axis.at(x)).expect("within the span");
    let column = axis.scale.middle(bin) * f32::from(axis.plot.width);
    assert_eq!(column as u16, 7, "the line stands under the mouse");
    let (x, y) = CELLS[1];
    assert_eq!(gesture(&shown, x, y, Act::Click).cursor, shown.cursor, "words have no moments");
}

#[test]
fn a_click_on_a_tab_shows_it_and_one_on_the_help_closes_it() {
    let demo = after(&spec(), &[Key::Tab]);
    // " first  second "
    assert_eq!(gesture(&demo, 9, 0, Act::Click).tab, 1);
    assert_eq!(gesture(&demo, 70, 0, Act::Click), demo);
    let open = after(&spec(), &keys("?"));
    assert_eq!(gesture(&open, 60, 3, Act::Click), spec(), "and what is under it is not hit");
    assert_eq!(gesture(&open, 60, 3, Act::WheelUp), open);
}

#[test]
fn a_drag_moves_time_by_what_the_columns_span() {
    let (boards, data) = (two(), data());
    let axis = under::axis(Stage { boards: &boards, data: &data, now: NOW }, &spec(), 0).expect("a line has an axis");
    let (x, y) = CELLS[0];
    let back = gesture(&spec(), x, y, Act::Drag { columns: 5 });
    assert_eq!(back.offset_ms, 5 * axis.column_ms());
    assert_eq!(gesture(&back, x, y, Act::Drag { columns: -3 }).offset_ms, 2 * axis.column_ms());
    assert_eq!(gesture(&back, x, y, Act::Drag { columns: -50 }), spec(), "no further than now");
    let (x, y) = CELLS[1];
    assert_eq!(gesture(&spec(), x, y, Act::Drag { columns: 5 }), spec(), "words have no time");
}

#[test]
fn the_wheel_scrolls_what_has_rows_and_zooms_elsewhere() {
    let (x, y) = CELLS[3];
    let down = gesture(&spec(), x, y, Act::WheelDown);
    assert_eq!((down.focus, down.scroll.rows, down.range_ms), (3, WHEEL_ROWS, spec().range_ms));
    assert_eq!(gesture(&down, x, y, Act::WheelUp).scroll.rows, 0);
    let (x, y) = CELLS[2];
    let up = gesture(&down, x, y, Act::WheelUp);
    assert_eq!((up.focus, up.scroll), (2, Scroll { rows: WHEEL_ROWS, since: Some(NOW) }));
    let (x, y) = CELLS[0];
    assert_eq!(gesture(&spec(), x, y, Act::WheelUp).range_ms, 2 * MINUTE);
    assert_eq!(gesture(&spec(), x, y, Act::WheelDown).range_ms, 15 * MINUTE);
}
