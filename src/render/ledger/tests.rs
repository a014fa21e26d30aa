//! A panel that panics: what its view shows, what its neighbours show, and how often it is tried.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::{Rect, Size};
use crate::frame::Grid;
use crate::machine::pace::Ask;
use crate::machine::quarantine::{PANICS_MAX, PROBE_PAUSE};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::{Dataset, Kind, Sample, SeriesKey, Unit, ViewSpec};
use crate::render::View;
use crate::scene::file;
use crate::scene::{Before, Boards, Circumstances, Memory, Stage, draw_guarded};

const SECOND: Duration = Duration::from_secs(1);
const WALL: Wall = Wall(1_789_000_000_000);
const BOARD: &str = r#"
layout = { row = ["left", "middle", "right"] }
refresh_hz = 10

[panel.left]
chart = "text"
text = "before"

[panel.middle]
chart = "line"
title = "load"
source = "host"
fallback = "no load for now"
lines = [{ name = "1 min", series = "host_load1" }]

[panel.right]
chart = "text"
text = "after"
"#;

/// A picture over time, as a view draws it.
struct Screen {
    boards: Boards,
    spec: ViewSpec,
    data: Dataset,
    shown: Grid,
    drawing: Grid,
    memory: Memory,
    version: u64,
}

impl Screen {
    fn new(cols: u16, rows: u16) -> Screen {
        fault::hold_quietly();
        let board = file::read("test", "test.toml", BOARD.as_bytes()).expect("a sound board");
        let size = Size::clamped(cols, rows);
        Screen {
            boards: Boards::new(vec![board]),
            spec: ViewSpec::new("default", "test", size),
            data: data(0),
            shown: Grid::new(size),
            drawing: Grid::new(size),
            memory: Memory::default(),
            version: 0,
        }
    }

    /// Draws at so many milliseconds; when it wants to be drawn again.
    fn draw(&mut self, ledger: &mut Ledger, ms: u64) -> Option<Wall> {
        let wall = WALL + Duration::from_millis(ms);
        let stage = Stage { boards: &self.boards, data: &self.data, now: wall };
        let before = Before { grid: &self.shown, memory: &mut self.memory, shared: None };
        self.version += 1;
        let mut guard = ledger.guard("test", Version(self.version), at(ms), wall);
        let circumstances = Circumstances::default();
        let drawn = draw_guarded(stage, &self.spec, circumstances, Some(before), &mut guard, &mut self.drawing);
        std::mem::swap(&mut self.shown, &mut self.drawing);
        drawn.next_change_at
    }

    /// The same without any fault.
    fn healthy(&self, ms: u64) -> Grid {
        let mut grid = Grid::new(self.spec.size);
        crate::scene::draw(&self.boards, &self.spec, &self.data, WALL + Duration::from_millis(ms), &mut grid);
        grid
    }

    fn text(&self) -> String {
        self.shown.to_text()
    }
}

fn at(ms: u64) -> Mono {
    Mono(0) + Duration::from_millis(ms)
}

/// Until so many milliseconds.
fn data(ms: u64) -> Dataset {
    let mut data = Dataset::default();
    for second in 0..=(30 + ms / 1_000) {
        let at = WALL - 30 * SECOND + Duration::from_secs(second);
        let key = SeriesKey::plain("host_load1");
        let value = (second % 7) as f64;
        data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value }).expect("a sound sample");
    }
    let last_good = Some(WALL + Duration::from_millis(ms));
    data.set_source("host", SourceHealth { state: SourceState::Good, last_good, interval_ms: 1_000 });
    data
}

/// The columns of a third of the screen are the same in both, but for the status line.
fn same_third(left: &Grid, right: &Grid, third: u16) -> bool {
    let (width, rows) = (left.size().cols() / 3, left.size().rows() - 1);
    left.cut(Rect::new(third * width, 0, width, rows)) == right.cut(Rect::new(third * width, 0, width, rows))
}

#[test]
fn a_panel_that_panics_shows_its_last_good_cells_in_the_same_frame_and_its_neighbours_what_they_show() {
    let (mut screen, mut ledger) = (Screen::new(120, 12), Ledger::default());
    screen.draw(&mut ledger, 0);
    assert!(screen.shown == screen.healthy(0), "a healthy board is drawn as ever");
    let good = screen.shown.clone();
    ledger.plant("test", 1, Mode::Panic);
    screen.data = data(1_000);
    screen.draw(&mut ledger, 1_000);
    let text = screen.text();
    assert!(text.contains("panic 0 s") && text.contains("trace"), "{text}");
    assert!(!text.contains(mishap::SAID), "{text}");
    let healthy = screen.healthy(1_000);
    assert!(same_third(&screen.shown, &healthy, 0) && same_third(&screen.shown, &healthy, 2), "{text}");
    // The same words in the same places, dimmed; the tag stands on the lower side.
    for y in 0..good.size().rows() - 2 {
        assert_eq!(screen.shown.row_text(y), good.row_text(y));
    }
    assert!(!same_third(&screen.shown, &good, 1), "{text}");
    // Later ones stand on the good cells too, not on each other.
    let first = screen.shown.clone();
    screen.data = data(1_200);
    screen.draw(&mut ledger, 1_200);
    assert!(same_third(&screen.shown, &first, 1));
}

#[test]
fn before_the_first_good_frame_the_boards_own_words_stand_there() {
    let (mut screen, mut ledger) = (Screen::new(120, 12), Ledger::default());
    ledger.plant("test", 1, Mode::Panic);
    ledger.plant("test", 2, Mode::Panic);
    screen.draw(&mut ledger, 0);
    let text = screen.text();
    assert!(text.contains("no load for now"), "{text}");
    assert!(text.contains("this panel cannot be drawn") && !text.contains("after"), "{text}");
    assert!(text.contains("before"), "{text}");
    assert!(same_third(&screen.shown, &screen.healthy(0), 0));
}

#[test]
fn it_heals_when_the_cause_is_gone_and_is_then_as_if_nothing_had_been() {
    let (mut screen, mut ledger) = (Screen::new(120, 12), Ledger::default());
    screen.draw(&mut ledger, 0);
    ledger.plant("test", 1, Mode::Panic);
    screen.data = data(1_000);
    let next = screen.draw(&mut ledger, 1_000).expect("it is tried again");
    assert!(next > WALL + SECOND && next <= WALL + 3 * SECOND, "{next:?}");
    ledger.planted.clear();
    screen.draw(&mut ledger, 1_100);
    assert!(screen.text().contains("panic"), "it is not tried yet");
    screen.data = data(3_000);
    screen.draw(&mut ledger, 3_000);
    assert!(screen.shown == screen.healthy(3_000), "{}", screen.text());
}

#[test]
fn a_panel_too_small_for_a_box_says_so_in_its_first_row() {
    let (mut screen, mut ledger) = (Screen::new(64, 5), Ledger::default());
    ledger.plant("test", 0, Mode::Panic);
    screen.draw(&mut ledger, 0);
    assert!(screen.text().lines().next().is_some_and(|line| line.contains("panic")), "{}", screen.text());
}

#[test]
fn views_of_one_board_share_its_ledger_and_a_new_configuration_clears_it() {
    let mut ledger = Ledger::default();
    ledger.plant("test", 1, Mode::Panic);
    let mut screens: Vec<Screen> = (0..20).map(|view| Screen::new(150 + view, 12)).collect();
    let mut tries = 0;
    for ms in (0..120_000).step_by(500) {
        for screen in &mut screens {
            let before = ledger.entry("test", 1).map(|entry| entry.trace);
            screen.draw(&mut ledger, ms);
            tries += u32::from(ledger.entry("test", 1).map(|entry| entry.trace) != before);
        }
    }
    assert_eq!(tries, PANICS_MAX, "as often as one view would");
    assert!(screens[7].text().contains("quarantined"), "{}", screens[7].text());
    ledger.clear();
    ledger.planted.clear();
    screens[7].memory.forget();
    screens[7].draw(&mut ledger, 121_000);
    assert!(screens[7].shown == screens[7].healthy(121_000));
}

#[test]
fn a_clock_that_is_set_back_makes_no_panic_begin_in_the_future() {
    let (mut screen, mut ledger) = (Screen::new(120, 12), Ledger::default());
    ledger.plant("test", 1, Mode::Panic);
    screen.draw(&mut ledger, 0);
    let mut guard = ledger.guard("test", Version(9), at(1), WALL - 3_600 * SECOND);
    let trouble = guard.draw(1, &mut || {}).expect_err("it is held");
    assert!(trouble.since <= WALL - 3_600 * SECOND && trouble.next_try <= WALL - 3_598 * SECOND);
}

#[test]
fn a_view_whose_panel_panics_is_drawn_on_and_ends_up_probing_it_rarely() {
    let board = file::read("test", "test.toml", BOARD.as_bytes()).expect("a sound board");
    let boards = Boards::new(vec![board]);
    let mut view = View::new(ViewSpec::new("default", "test", Size::clamped(120, 12)), &boards);
    let mut ledger = Ledger::default();
    ledger.plant("test", 1, Mode::Panic);
    let (mut now, mut frames) = (Mono(1), 0);
    let mut seen = std::collections::BTreeSet::new();
    let data = data(0);
    while now.since(Mono(1)) < 2 * PROBE_PAUSE {
        let wall = WALL + now.since(Mono(1));
        frames += u32::from(view.draw(now, wall, &boards, &data, &mut ledger).is_some());
        view.credit(now);
        seen.extend(ledger.entry("test", 1).map(|entry| entry.trace));
        now = match view.ask(now) {
            Ask::Until(at) => at,
            Ask::Draw => now,
            Ask::Idle => break,
        };
    }
    assert!(frames >= 500, "the clock goes on: {frames}");
    assert!((PANICS_MAX as usize + 1..=PANICS_MAX as usize + 4).contains(&seen.len()), "{}", seen.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever panics when, neighbours are drawn as in a healthy picture, and what healed is too.
    #[test]
    fn neighbours_are_never_touched(
        steps in prop::collection::vec((1_u64..4_000, prop::collection::vec(any::<bool>(), 3)), 1..20),
    ) {
        let (mut screen, mut ledger) = (Screen::new(120, 12), Ledger::default());
        let mut ms = 0;
        for (passed, faulty) in steps {
            ms = (ms + passed).div_ceil(1_000) * 1_000;
            ledger.planted.clear();
            for panel in faulty.iter().enumerate().filter(|(_, faulty)| **faulty).map(|(panel, _)| panel) {
                ledger.plant("test", panel, Mode::Panic);
            }
            screen.data = data(ms);
            screen.draw(&mut ledger, ms);
            let healthy = screen.healthy(ms);
            for panel in 0..3_u16 {
                let sound = ledger.entry("test", panel.into()).is_none_or(|entry| entry.quarantine.admits(at(ms)));
                if sound {
                    prop_assert!(same_third(&screen.shown, &healthy, panel), "panel {panel} at {ms}:\n{}", screen.text());
                } else {
                    prop_assert!(screen.text().contains("panic"));
                }
            }
        }
    }
}
