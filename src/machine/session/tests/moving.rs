//! Keys that move: between panels and tabs, and the cursor.

use super::*;

#[test]
fn arrows_go_to_the_panel_on_that_side() {
    // line note
    // log  table
    // states
    for (from, key, to) in [
        (0, 'l', 1),
        (0, 'j', 2),
        (0, 'h', 0),
        (0, 'k', 0),
        (1, 'j', 3),
        (1, 'h', 0),
        (3, 'h', 2),
        (3, 'k', 1),
        (3, 'j', 4),
        (4, 'k', 2),
        (4, 'j', 4),
        (900, 'k', 2),
    ] {
        let mut spec = spec();
        spec.focus = from;
        assert_eq!(after(&spec, &keys(&key.to_string())).focus, to, "{key} from {from}");
    }
}

#[test]
fn panels_without_a_place_are_reached_in_reading_order() {
    let mut small = spec();
    small.size = Size::clamped(12, 5);
    let mut seen = vec![0];
    for _ in 0..5 {
        small = after(&small, &keys("l"));
        seen.push(small.focus);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 4]);
    assert_eq!(after(&small, &keys("kk")).focus, 2);
}

#[test]
fn in_full_screen_the_next_panel_comes_in_reading_order() {
    let full = after(&spec(), &keys("f"));
    assert_eq!(after(&full, &keys("ll")).focus, 2);
    assert_eq!(after(&full, &keys("lh")).focus, 0);
    assert!(after(&full, &keys("l")).full_screen);
}

#[test]
fn tabs_are_reached_by_number_and_side_and_begin_at_their_first_panel() {
    let demo = after(&spec(), &[Key::Tab]);
    let second = after(&demo, &keys("f2"));
    assert_eq!((second.tab, second.focus, second.full_screen), (1, 2, false));
    assert_eq!(after(&demo, &keys(">")).tab, 1);
    assert_eq!(after(&second, &keys("<")).tab, 0);
    assert_eq!(after(&second, &keys(">")).tab, 1, "there is no third one");
    assert_eq!(after(&demo, &keys("<")), demo);
    assert_eq!(after(&demo, &keys("7")), demo);
    assert_eq!(after(&second, &keys("h")).focus, 2, "the panels of another tab are not beside");
    assert_eq!(after(&second, &[Key::Tab]).tab, 0, "another board begins at its first tab");
}

#[test]
fn the_cursor_starts_at_the_edge_and_moves_by_a_column_of_the_focused_chart() {
    let shown = after(&spec(), &keys("c"));
    assert_eq!(shown.cursor, Some(NOW));
    assert_eq!(after(&shown, &keys("l")).cursor, Some(NOW), "there is nothing after the edge");
    let (boards, data) = (two(), data());
    let axis = under::axis(Stage { boards: &boards, data: &data, now: NOW }, &shown, 0).expect("a line has an axis");
    let moved = after(&shown, &keys("hh"));
    assert_eq!(moved.cursor, Some(NOW - 2 * Duration::from_millis(axis.column_ms())));
    assert_eq!(moved.focus, 0, "the focus stays");
    assert_eq!(after(&moved, &keys("l")).cursor, Some(NOW - Duration::from_millis(axis.column_ms())));
    assert_eq!(after(&moved, &keys("j")).focus, 2, "up and down still go to other panels");
    let far: Vec<Key> = std::iter::repeat_n(Key::Left, 1_000).collect();
    assert_eq!(after(&shown, &far).cursor, Some(NOW - Duration::from_millis(shown.range_ms)));
    assert_eq!(after(&moved, &keys("c")).cursor, None);
}

#[test]
fn a_cursor_out_of_sight_is_as_good_as_none() {
    let mut left = after(&spec(), &keys("lc"));
    left.offset_ms = 3_600_000;
    let edge = NOW - Duration::from_secs(3_600);
    assert_eq!(after(&left, &keys("c")).cursor, Some(edge), "it comes back at the edge");
    assert_eq!(after(&left, &keys("h")).focus, 0, "and keys move the focus meanwhile");
    left.full_screen = true;
    assert!(!after(&left, &[Key::Escape]).full_screen);
}

#[test]
fn where_nothing_has_an_axis_of_time_keys_move_the_focus() {
    let demo = after(&spec(), &[Key::Tab, Key::Char('c')]);
    assert!(demo.cursor.is_some());
    assert_eq!(after(&demo, &keys("l")).focus, 1);
}

#[test]
fn where_no_chart_over_time_has_the_focus_the_cursor_moves_by_a_part_of_the_range() {
    let mut shown = after(&spec(), &keys("lc"));
    assert_eq!(shown.focus, 1);
    shown = after(&shown, &keys("h"));
    assert_eq!(shown.cursor, Some(NOW - Duration::from_millis(shown.range_ms / CURSOR_STEPS)));
}

#[test]
fn escape_takes_the_cursor_away_before_it_leaves_the_full_screen() {
    let full = after(&spec(), &keys("fc"));
    let without = after(&full, &[Key::Escape]);
    assert_eq!((without.cursor, without.full_screen), (None, true));
    assert!(!after(&without, &[Key::Escape]).full_screen);
}
