//! One view by itself: versions, bases, and frames that are not sent.

use std::time::Duration;

use super::*;
use crate::base::Size;
use crate::frame::{Color, Style, StyleId};
use crate::label::Label;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::{GlyphSet, Kind, Palette, Sample, SeriesKey, Unit};
use crate::runtime;

const SECOND: Duration = Duration::from_secs(1);
const WALL: Wall = Wall(1_789_000_000_000);

fn data(value: f64) -> Dataset {
    let mut data = Dataset::default();
    let at = WALL - SECOND;
    let key = SeriesKey::plain("host_load1");
    data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value }).expect("a sound sample");
    let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 1000 };
    data.set_source("host", health);
    data
}

/// One more sample in the next millisecond.
fn take(data: &mut Dataset, value: f64) {
    let key = SeriesKey::plain("host_load1");
    let at = data.newest().expect("there is one") + Duration::from_millis(1);
    data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value }).expect("a sound sample");
}

fn boards() -> (Boards, ViewSpec) {
    let boards = Boards::shipped();
    let name = boards.catalogue().boards[0].name.clone();
    (boards, ViewSpec::new("default", &name, Size::clamped(100, 30)))
}

#[test]
fn a_picture_that_did_not_change_is_not_sent_and_keeps_its_credit() {
    let (boards, spec) = boards();
    let mut view = View::new(spec, &boards);
    let mut data = data(1.0);
    let first = view.draw(Mono(1), WALL, &boards, &data, &mut Ledger::default()).expect("the first is a keyframe");
    assert_eq!((first.version, first.base), (Version(1), Version::NONE));
    view.credit(Mono(2));
    view.changed(7, Mono(2));
    let later = Mono(1) + 10 * SECOND;
    assert_eq!(view.draw(later, WALL, &boards, &data, &mut Ledger::default()), None, "drawn, and the same");
    take(&mut data, 2.0);
    view.changed(8, Mono(2));
    let next = view
        .draw(later + 10 * SECOND, WALL, &boards, &data, &mut Ledger::default())
        .expect("the credit is still there");
    assert_eq!((next.version, next.base), (Version(2), Version(1)));
    view.changed(9, Mono(2) + 20 * SECOND);
    assert_eq!(view.ask(later + 100 * SECOND), Ask::Draw, "of two");
    take(&mut data, 3.0);
    let next =
        view.draw(later + 100 * SECOND, WALL, &boards, &data, &mut Ledger::default()).expect("there is a credit");
    assert_eq!((next.version, next.base), (Version(3), Version(2)));
    view.changed(10, later + 100 * SECOND);
    assert_eq!(view.ask(later + 200 * SECOND), Ask::Idle, "now both are used");
}

#[test]
fn a_delta_that_root_would_not_hold_is_sent_as_a_keyframe() {
    let (boards, spec) = boards();
    let mut view = View::new(ViewSpec { size: Size::clamped(400, 100), ..spec }, &boards);
    let mut tools = Tools::new(&view.spec);
    let first = view.encode(&mut tools).expect("a keyframe");
    for (x, y) in (0..100).flat_map(|y| (0..400).map(move |x| (x, y))) {
        let style = if (x + y) % 2 == 0 { Style::new().bold() } else { Style::new().dim() };
        tools.paper.canvas().label(x, y, &Label::plain("x"), style);
    }
    let second = view.encode(&mut tools).expect("it differs");
    assert!(second.bytes.len() > limits::deltas_bytes_max(first.bytes.len()), "{}", second.bytes.len());
    assert_eq!((second.version, second.base, second.keyframe), (Version(2), Version::NONE, None));
    tools.paper.canvas().label(0, 0, &Label::plain("y"), Style::new());
    let third = view.encode(&mut tools).expect("it differs");
    assert_eq!((third.version, third.base, third.keyframe), (Version(3), Version(2), None));
}

#[test]
fn panels_stand_where_the_newest_board_has_them() {
    let board = |panels: &str, column: &str| {
        let text = format!("title = \"x\"\nrefresh_hz = 1\n{panels}\n[layout]\ncolumn = [{column}]\n");
        let board = scene::file::read("x", "x.toml", text.as_bytes()).expect("a sound board");
        Boards::new(vec![board])
    };
    let panel = |name: &str| format!("[panel.{name}]\nchart = \"text\"\ntext = \"says {name}\"\n");
    let all = ["a", "b", "c"].map(panel).concat();
    let stages = [board(&all, "\"a\", \"b\", \"c\""), board(&panel("b"), "\"b\""), board(&all, "\"c\", \"a\", \"b\"")];
    let spec = ViewSpec::new("default", "x", Size::clamped(100, 30));
    let (mut view, data) = (View::new(spec.clone(), &stages[0]), data(1.0));
    for (turn, boards) in (0_u32..).zip(stages.iter().chain(&stages)) {
        let now = Mono(1) + turn * SECOND;
        view.credit(now);
        view.boards_changed(boards, now);
        view.draw(now, WALL, boards, &data, &mut Ledger::default()).expect("another board");
        let mut afresh = Grid::new(spec.size);
        scene::draw(boards, &spec, &data, WALL, &mut afresh);
        assert_eq!(view.shown.to_text(), afresh.to_text(), "turn {turn}");
        assert!(afresh.to_text().contains("says b"));
    }
}

#[test]
fn tools_that_others_used_leave_nothing_behind() {
    let (boards, spec) = boards();
    let sized = |cols, rows| ViewSpec { size: Size::clamped(cols, rows), ..spec.clone() };
    let specs = [
        sized(100, 30),
        sized(101, 30),
        ViewSpec { palette: Palette::Ansi, ..sized(100, 30) },
        ViewSpec { glyphs: GlyphSet::Ascii, palette: Palette::Mono, ..sized(40, 12) },
        ViewSpec { glyphs: GlyphSet::Block, ..sized(100, 30) },
    ];
    let mut alone: Vec<View> = specs.iter().map(|spec| View::new(spec.clone(), &boards)).collect();
    let mut beside: Vec<View> = specs.iter().map(|spec| View::new(spec.clone(), &boards)).collect();
    let (mut pool, mut data, mut ledger) = (Pool::default(), data(1.0), Ledger::default());
    let mut frames = 0;
    for turn in 0..40_u32 {
        let (now, wall) = (Mono(1) + turn * SECOND, WALL + turn * SECOND);
        take(&mut data, f64::from(turn * 37 % 11));
        for (own, lent) in alone.iter_mut().zip(&mut beside) {
            for view in [&mut *own, &mut *lent] {
                view.credit(now);
                view.changed(data.revision(), now);
            }
            lent.lend(pool.take(lent.spec()));
            let expected = own.draw(now, wall, &boards, &data, &mut ledger);
            assert_eq!(lent.draw(now, wall, &boards, &data, &mut ledger), expected, "turn {turn}");
            pool.put(lent.take_back().expect("it was lent some"));
            frames += usize::from(expected.is_some());
        }
    }
    assert!(frames > 150, "{frames} frames");
}

#[test]
fn a_view_that_is_asked_too_early_does_nothing() {
    let (boards, spec) = boards();
    let mut view = View::new(spec, &boards);
    view.draw(Mono(1), WALL, &boards, &data(1.0), &mut Ledger::default()).expect("the first is a keyframe");
    view.credit(Mono(2));
    view.changed(7, Mono(2));
    assert_eq!(view.draw(Mono(2), WALL, &boards, &data(2.0), &mut Ledger::default()), None);
    assert!(matches!(view.ask(Mono(2)), Ask::Until(_)), "it is still wanted");
}

#[test]
fn a_board_nobody_knows_is_drawn_in_words_and_comes_alive_with_its_boards() {
    let (boards, spec) = boards();
    let mut view = View::new(ViewSpec { board: "nowhere".to_owned(), ..spec }, &boards);
    assert!(view.draw(Mono(1), WALL, &boards, &data(1.0), &mut Ledger::default()).is_some());
    view.credit(Mono(2));
    view.boards_changed(&boards, Mono(2));
    assert!(matches!(view.ask(Mono(1) + 2 * SECOND), Ask::Draw));
}

#[test]
fn a_paused_view_is_drawn_for_its_age_and_not_for_data() {
    let (boards, spec) = boards();
    let paused = ViewSpec { paused_at: Some(WALL), ..spec.clone() };
    let count = |spec: ViewSpec| {
        let mut view = View::new(spec, &boards);
        let (mut drawn, mut data) = (0, data(1.0));
        // Ten seconds, four samples in each.
        for quarter in 0..40_u32 {
            let passed = quarter * SECOND / 4;
            view.credit(Mono(1_000_000_000) + passed);
            take(&mut data, f64::from(quarter));
            view.changed(data.revision(), Mono(1_000_000_000) + passed);
            let (now, wall) = (Mono(1_000_000_000) + passed, WALL + passed);
            drawn += usize::from(view.ask(now) == Ask::Draw);
            view.draw(now, wall, &boards, &data, &mut Ledger::default());
        }
        drawn
    };
    assert_eq!(count(spec), 40);
    assert_eq!(count(paused.clone()), 10, "once a second the age is another");

    let mut view = View::new(paused, &boards);
    view.changed(7, Mono(1));
    assert!(
        view.draw(Mono(1), WALL, &boards, &data(1.0), &mut Ledger::default()).is_some(),
        "what it shows first is drawn at once"
    );
    view.credit(Mono(1));
    view.boards_changed(&boards, Mono(2));
    assert!(matches!(view.ask(Mono(1) + SECOND / 2), Ask::Draw), "other boards are shown at once");
}

#[test]
fn a_view_drawn_too_late_says_at_what_rate_it_goes_until_it_keeps_up() {
    let (boards, spec) = boards();
    let board_hz = boards.get(&spec.board).expect("it is listed").refresh_hz;
    let step = Duration::from_secs_f64(1.0 / board_hz);
    let words = format!("{:.0} of {board_hz:.0} frames/s", board_hz / 2.0);
    let (mut view, mut now, mut seen) = (View::new(spec.clone(), &boards), Mono(1), Vec::new());
    let mut data = data(1.0);
    let mut turn = |late: Duration| {
        view.credit(now);
        take(&mut data, 1.0);
        view.changed(data.revision(), now);
        if let Ask::Until(at) = view.ask(now) {
            now = at + late;
        }
        view.draw(now, WALL + now.since(Mono(1)), &boards, &data, &mut Ledger::default());
        // What was drawn is what is shown, or what it was before.
        let rows = encode::export::text(&view.shown, false);
        seen.push((rows.contains(&words), view.missed()));
    };
    turn(Duration::ZERO);
    (0..3).for_each(|_| turn(step * 3 / 2));
    turn(Duration::ZERO);
    (0..1_000).for_each(|_| turn(Duration::ZERO));
    assert_eq!(seen[..5], [(false, 0), (false, 1), (false, 2), (false, 3), (true, 3)], "{words}");
    assert_eq!(seen.last(), Some(&(false, 3)), "it kept up for long");
}

#[test]
fn data_that_the_board_does_not_show_wakes_nothing() {
    let (boards, spec) = boards();
    let mut view = View::new(spec.clone(), &boards);
    let mut data = data(1.0);
    view.changed(scene::stamp(&boards, &spec, &data), Mono(1));
    view.draw(Mono(1), WALL, &boards, &data, &mut Ledger::default()).expect("the first is a keyframe");
    view.credit(Mono(2));
    let later = Mono(1) + SECOND / 2;
    let other = SeriesKey::plain("nobody_shows_this");
    data.insert(Sample { key: other, kind: Kind::Gauge, unit: Unit::None, at: WALL, value: 1.0 }).expect("it is sound");
    view.changed(scene::stamp(&boards, &spec, &data), later);
    assert!(matches!(view.ask(later), Ask::Until(at) if at > later), "its clock alone");
    take(&mut data, 2.0);
    view.changed(scene::stamp(&boards, &spec, &data), later);
    assert_eq!(view.ask(later), Ask::Draw);
}

#[test]
fn styles_have_one_number_on_every_thread() {
    // More than any thread keeps at hand.
    let ids = || (0..5_000_u16).map(|index| StyleId::of(Style::new().fg(shade(index)))).collect::<Vec<_>>();
    let here = ids();
    let (tell, told) = std::sync::mpsc::channel();
    let other = runtime::spawn_thread("draws-too", move || tell.send((ids(), ids())));
    other.expect("a thread");
    let there = told.recv_timeout(60 * SECOND).expect("the other one drew");
    assert_eq!((&here, &here), (&there.0, &there.1));
    assert!((0..).zip(&here).all(|(index, id)| id.style().unpack().fg == shade(index)));
}

fn shade(index: u16) -> Color {
    let [high, low] = index.to_be_bytes();
    Color::rgb(low, high, 0x77)
}
