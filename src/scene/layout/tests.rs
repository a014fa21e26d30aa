use proptest::prelude::*;

use super::*;
use crate::base::Size;
use crate::scene::{Boards, Share};

fn board() -> Board {
    Boards::shipped().get("host").expect("invariant: the host board is shipped").clone()
}

fn spec(focus: u16, full_screen: bool) -> ViewSpec {
    let mut spec = ViewSpec::new("default", "host", Size::FALLBACK);
    spec.focus = focus;
    spec.full_screen = full_screen;
    spec
}

fn shown(width: u16, height: u16, focus: u16) -> Vec<usize> {
    let placement = place(&board(), &spec(focus, false), Rect::new(0, 0, width, height));
    assert_eq!(placement.hidden + placement.panels.len(), board().tab(0).panels.len());
    placement.panels.iter().map(|placed| placed.panel).collect()
}

#[test]
fn panels_go_by_priority_as_the_screen_shrinks() {
    assert_eq!(shown(120, 39, 0), [0, 1, 2, 3, 4, 5]);
    assert_eq!(shown(40, 11, 0), [0, 1, 3, 4, 5], "the line of memory says least");
    assert_eq!(shown(39, 11, 0), [0, 3, 5]);
    assert_eq!(shown(20, 4, 0), [0]);
    assert_eq!(shown(1, 1, 0), [0], "one is always there");
}

#[test]
fn the_focused_panel_is_always_there() {
    for focus in 0..6 {
        assert!(shown(20, 4, focus).contains(&usize::from(focus)));
    }
    assert_eq!(shown(20, 4, 999), [5], "a focus beyond the last panel is the last");
}

#[test]
fn full_screen_is_one_panel_on_everything() {
    let area = Rect::new(0, 0, 80, 23);
    let placement = place(&board(), &spec(3, true), area);
    assert_eq!(placement, Placement { panels: vec![Placed { panel: 3, area, focused: true }], hidden: 0 });
}

#[test]
fn a_length_is_shared_by_ratio_and_nobody_goes_below_the_least() {
    assert_eq!(lengths(39, &[(4, 4), (3, 4), (3, 4)]), [15, 12, 12]);
    assert_eq!(lengths(30, &[(1, 1), (1, 20)]), [10, 20]);
    assert_eq!(lengths(10, &[(1, 3), (1, 3), (1, 3)]), [3, 3, 4]);
    assert_eq!(lengths(4, &[(1, 3), (1, 3)]), [3, 1], "too little for both is still all used");
    assert_eq!(lengths(7, &[]), [] as [u16; 0]);
}

#[test]
fn a_board_without_panels_has_no_places() {
    let mut empty = board();
    empty.panels.clear();
    empty.tabs[0].layout = Node::Row(Vec::<Share>::new());
    empty.tabs[0].panels = 0..0;
    assert_eq!(place(&empty, &spec(0, false), Rect::new(0, 0, 80, 24)), Placement::default());
}

#[test]
fn the_parts_of_a_screen_leave_no_row_out() {
    let mut two = board();
    two.tabs.push(two.tabs[0].clone());
    for rows in 1..40 {
        for board in [None, Some(&board()), Some(&two)] {
            let size = Size::clamped(80, rows);
            let Areas { tabs, panels, status } = areas(board, size);
            assert_eq!((tabs.y, panels.y, status.y), (0, tabs.height, tabs.height + panels.height));
            assert_eq!(status.bottom(), rows);
            assert!(panels.height > 0, "{rows} rows");
        }
    }
}

proptest! {
    #[test]
    fn every_cell_has_one_owner_except_the_blanks_between_small_panels(
        name in prop::sample::select(vec!["host", "demo", "unblink"]),
        tab in 0u16..3,
        width in 1u16..300,
        height in 1u16..120,
        focus in 0u16..20,
    ) {
        let area = Rect::new(0, 0, width, height);
        let boards = Boards::shipped();
        let board = boards.get(name).expect("it is shipped");
        let placement = place(board, &ViewSpec { tab, ..spec(focus, false) }, area);
        prop_assert_eq!(placement.hidden + placement.panels.len(), board.tab(tab).panels.len());
        let mut owners = vec![0u8; usize::from(width) * usize::from(height)];
        for placed in &placement.panels {
            let place = placed.area;
            prop_assert_eq!(place.intersection(area), place, "outside the screen");
            let blank = u16::from(!panel::has_box(place.width + 1, place.height) && place.right() < width);
            for y in place.y..place.bottom() {
                for x in place.x..place.right() + blank {
                    owners[usize::from(y) * usize::from(width) + usize::from(x)] += 1;
                }
            }
        }
        prop_assert!(owners.iter().all(|count| *count <= 1), "two panels on one cell");
        prop_assert!(!placement.is_boxed() || owners.iter().all(|count| *count == 1), "a cell without a panel");
        prop_assert_eq!(placement.panels.iter().filter(|placed| placed.focused).count(), 1);
    }
}
