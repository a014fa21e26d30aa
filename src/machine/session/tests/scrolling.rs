//! Rows of tables and entries of logs.

use super::*;

const LOG: u16 = 2;
const TABLE: u16 = 3;

fn at(panel: u16) -> ViewSpec {
    ViewSpec { focus: panel, ..spec() }
}

fn rows(spec: &ViewSpec) -> under::Rows {
    let (boards, data) = (two(), data());
    under::rows(Stage { boards: &boards, data: &data, now: NOW }, spec, spec.focus).expect("this panel scrolls")
}

#[test]
fn a_table_scrolls_by_pages_that_share_a_row_and_ends_where_its_last_row_is_seen() {
    let rows = rows(&at(TABLE));
    assert!(rows.page > 1 && rows.max == 40 - rows.page, "{rows:?}");
    let one = after(&at(TABLE), &[Key::PageDown]);
    assert_eq!(one.scroll, Scroll { rows: rows.page - 1, since: None });
    assert_eq!(after(&one, &[Key::PageUp]), at(TABLE));
    assert_eq!(after(&one, &[Key::End]).scroll.rows, rows.max);
    let beyond: Vec<Key> = std::iter::repeat_n(Key::PageDown, 50).chain([Key::PageUp]).collect();
    assert_eq!(after(&one, &beyond).scroll.rows, rows.max - (rows.page - 1), "what was pressed in vain is forgotten");
    assert_eq!(after(&one, &[Key::Home]), at(TABLE));
}

#[test]
fn a_log_scrolls_from_its_newest_entry_which_stays_the_same_while_new_ones_come() {
    let back = after(&at(LOG), &[Key::PageUp]);
    assert_eq!(back.scroll, Scroll { rows: rows(&at(LOG)).page - 1, since: Some(NOW) });
    let (boards, data) = (two(), data());
    let later = Stage { boards: &boards, data: &data, now: NOW + Duration::from_secs(9) };
    let further = step(&back, Input::Key(Key::PageUp), later).expect("there is more");
    assert_eq!(further.scroll.since, Some(NOW), "the place is kept, not the moment of the last key");
    assert_eq!(after(&further, &[Key::End]).scroll, Scroll::default(), "at the end it is followed again");
    let page = rows(&at(LOG)).page;
    assert_eq!(after(&further, &[Key::Home]).scroll.rows, 40 - page, "the oldest entry stands in the first row");
}

#[test]
fn in_full_screen_up_and_down_scroll_row_by_row() {
    let mut full = at(TABLE);
    full.full_screen = true;
    let down = after(&full, &[Key::Down, Key::Down]);
    assert_eq!((down.scroll.rows, down.focus), (2, TABLE));
    assert_eq!(after(&down, &[Key::Up]).scroll.rows, 1);
    let mut full = at(LOG);
    full.full_screen = true;
    assert_eq!(after(&full, &[Key::Up]).scroll, Scroll { rows: 1, since: Some(NOW) });
    assert_eq!(after(&full, &[Key::Down]), full);
}

#[test]
fn what_does_not_scroll_stays_and_another_panel_begins_at_its_start() {
    for key in [Key::PageUp, Key::PageDown, Key::Home, Key::End] {
        assert_eq!(after(&at(0), &[key]), at(0));
    }
    let scrolled = after(&at(TABLE), &[Key::PageDown]);
    assert_eq!(after(&scrolled, &keys("h")), at(LOG));
    assert_eq!(after(&scrolled, &keys("f")).scroll, scrolled.scroll, "the same panel, larger");
    assert_eq!(after(&scrolled, &[Key::Tab]).scroll, Scroll::default());
}
