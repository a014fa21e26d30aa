mod mouse;
mod moving;
mod scrolling;

use proptest::prelude::*;

use super::*;
use crate::base::{Size, Wall};
use crate::label::Label;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::log::{Entry, Severity};
use crate::model::{Dataset, Kind, Sample, SeriesKey, Unit};
use crate::scene::file;

const NOW: Wall = Wall(1_700_000_000_000);

/// Two rows of two panels and a third row of one.
const HOST: &str = r#"
[panel.line]
chart = "line"
min = [10, 4]
lines = [{ name = "s", series = "s" }]
[panel.note]
chart = "text"
min = [10, 4]
text = "note"
[panel.log]
chart = "log"
min = [10, 4]
stream = "log"
[panel.table]
chart = "table"
min = [10, 4]
by = "row"
columns = [{ title = "t", series = "t" }]
[panel.states]
chart = "states"
min = [10, 4]
series = "s"
states = [{ value = 0, name = "up" }]
[layout]
column = [{ row = ["line", "note"] }, { row = ["log", "table"] }, "states"]
"#;

/// Two tabs.
const DEMO: &str = r#"
[panel.a]
chart = "text"
text = "a"
[panel.b]
chart = "text"
text = "b"
[panel.c]
chart = "text"
text = "c"
[[tab]]
name = "first"
row = ["a", "b"]
[[tab]]
name = "second"
panel = "c"
"#;

fn board(name: &str, text: &str) -> Board {
    file::read(name, name, text.as_bytes()).expect("the test's board is sound")
}

fn two() -> Boards {
    Boards::new(vec![board("host", HOST), board("demo", DEMO)])
}

/// Ten minutes of a series, a table of 40 rows, a log of 40 entries.
fn data() -> Dataset {
    let mut data = Dataset::default();
    let mut put = |key, at, value| {
        let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value };
        data.insert(sample).expect("the test's samples are sound");
    };
    for second in 0..600 {
        put(SeriesKey::plain("s"), Wall(NOW.0 - 1_000 * (599 - second)), second as f64);
    }
    for row in 0..40 {
        put(SeriesKey::labelled("t", &[("row", &row.to_string())]), NOW, f64::from(row));
    }
    for second in 0..40 {
        let at = Wall(NOW.0 - 1_000 * (39 - second));
        data.append("log", Entry::new(at, Severity::Info, &format!("entry {second}")).from_source(Label::plain("t")));
    }
    data.set_source("host", SourceHealth { state: SourceState::Good, last_good: Some(NOW), interval_ms: 1_000 });
    data
}

fn spec() -> ViewSpec {
    ViewSpec::new("default", "host", Size::FALLBACK)
}

fn stepped(spec: &ViewSpec, input: Input, boards: &Boards, now: Wall) -> Option<ViewSpec> {
    step(spec, input, Stage { boards, data: &data(), now })
}

fn step_key(spec: &ViewSpec, key: Key, boards: &Boards, now: Wall) -> Option<ViewSpec> {
    stepped(spec, Input::Key(key), boards, now)
}

/// The spec after some keys, those that change nothing included.
fn after(start: &ViewSpec, keys: &[Key]) -> ViewSpec {
    let (boards, data) = (two(), data());
    let stage = Stage { boards: &boards, data: &data, now: NOW };
    keys.iter().fold(start.clone(), |spec, key| step(&spec, Input::Key(*key), stage).unwrap_or(spec))
}

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn t_goes_round_the_themes_from_the_one_of_the_board() {
    let light = Board { theme: Theme::Light, ..board("host", HOST) };
    let boards = Boards::new(vec![light]);
    let mut seen = Vec::new();
    let mut now = spec();
    for _ in 0..5 {
        now = step_key(&now, Key::Char('t'), &boards, NOW).expect("every t shows another theme");
        seen.push(now.theme);
    }
    let round = [Some(Theme::HighContrast), Some(Theme::Mono), Some(Theme::Dark), None, Some(Theme::HighContrast)];
    assert_eq!(seen, round, "none is the board's own, light, so that equal pictures stay one view");
}

#[test]
fn tab_goes_round_the_boards_and_starts_each_at_its_first_panel() {
    let mut start = spec();
    start.focus = 3;
    start.full_screen = true;
    let demo = after(&start, &[Key::Tab]);
    assert_eq!((demo.board.as_str(), demo.focus, demo.full_screen), ("demo", 0, false));
    assert_eq!(after(&demo, &[Key::Tab]).board, "host");
    assert_eq!(after(&start, &[Key::BackTab]).board, "demo");
}

#[test]
fn tab_leads_home_from_a_board_that_is_gone_and_nowhere_without_boards() {
    let mut lost = spec();
    lost.board = "gone".to_owned();
    assert_eq!(after(&lost, &[Key::Tab]).board, "host");
    assert_eq!(step_key(&lost, Key::Tab, &Boards::default(), NOW), None);
    let one = Boards::new(vec![board("host", HOST)]);
    assert_eq!(step_key(&spec(), Key::Tab, &one, NOW), None, "the only board stays as it is");
}

#[test]
fn zoom_goes_through_the_table_and_stops_at_its_ends() {
    assert_eq!(after(&spec(), &keys("+")).range_ms, 2 * MINUTE);
    assert_eq!(after(&spec(), &keys("-")).range_ms, 15 * MINUTE);
    assert_eq!(after(&spec(), &keys("++++++++++++++++")).range_ms, RANGE_STEPS_MS[0]);
    assert_eq!(after(&spec(), &keys("----------------")).range_ms, 30 * DAY);
    let mut odd = spec();
    odd.range_ms = RANGE_MS_MAX;
    assert_eq!(step_key(&odd, Key::Char('-'), &two(), NOW), None, "nothing longer than the longest");
    odd.range_ms = 70 * SECOND;
    assert_eq!(after(&odd, &keys("+")).range_ms, MINUTE);
    assert_eq!(after(&odd, &keys("-")).range_ms, 2 * MINUTE);
}

#[test]
fn panning_moves_by_a_quarter_and_ends_at_now() {
    let back = after(&spec(), &keys("[["));
    assert_eq!(back.offset_ms, 150_000);
    assert_eq!(after(&back, &keys("]]]]")).offset_ms, 0);
    assert_eq!(after(&back, &keys("0")), spec());
}

#[test]
fn pause_keeps_the_moment_and_live_leaves_it() {
    let paused = after(&spec(), &keys("p"));
    assert_eq!(paused.paused_at, Some(NOW));
    let later = step_key(&paused, Key::Char('['), &two(), Wall(NOW.0 + 99)).expect("panning changes the spec");
    assert_eq!(later.paused_at, Some(NOW), "panning does not move the pause");
    assert_eq!(after(&later, &keys("0")), spec());
}

#[test]
fn escape_closes_the_help_first_and_the_full_screen_then() {
    let open = after(&spec(), &keys("f?"));
    assert_eq!((open.full_screen, open.overlay), (true, Some(Overlay::Help)));
    let full = after(&open, &[Key::Escape]);
    assert_eq!((full.full_screen, full.overlay), (true, None));
    assert_eq!(after(&full, &[Key::Escape]), spec());
    assert_eq!(step_key(&spec(), Key::Escape, &two(), NOW), None);
}

#[test]
fn quit_and_repaint_are_the_shells_business() {
    for key in [Key::Char('q'), Key::Ctrl('c'), Key::Char('r'), Key::Ctrl('l'), Key::Char('x'), Key::Enter] {
        assert_eq!(step_key(&spec(), key, &two(), NOW), None);
    }
    assert!(is_quit(Key::Char('q')) && is_quit(Key::Ctrl('c')) && !is_quit(Key::Char('r')));
    assert!(is_repaint(Key::Char('r')) && !is_repaint(Key::Char('q')));
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).map(|(key, _)| *key).collect();
    prop_oneof![
        8 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(Key::Char),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Click),
        any::<i16>().prop_map(|columns| Act::Drag { columns }),
        Just(Act::WheelUp),
        Just(Act::WheelDown),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    let gesture = (0..90_u16, 0..30_u16, any_act()).prop_map(|(x, y, act)| Input::Mouse(Gesture { x, y, act }));
    prop_oneof![3 => any_key().prop_map(Input::Key), 1 => gesture]
}

prop_compose! {
    fn any_spec()(
        board in proptest::sample::select(vec!["host", "demo", "gone"]),
        range_ms in RANGE_MS_MIN..=RANGE_MS_MAX,
        offset_ms in 0..=RANGE_MS_MAX,
        paused in proptest::option::of(any::<i64>()),
        focus in any::<u16>(),
        tab in any::<u16>(),
        (rows, since) in (any::<u16>(), proptest::option::of(any::<i64>())),
        cursor in proptest::option::of(any::<i64>()),
        full_screen in any::<bool>(),
        help in any::<bool>(),
    ) -> ViewSpec {
        let mut spec = spec();
        spec.board = board.to_owned();
        spec.range_ms = range_ms;
        spec.offset_ms = offset_ms;
        spec.paused_at = paused.map(Wall);
        spec.focus = focus;
        spec.tab = tab;
        spec.scroll = Scroll { rows, since: since.map(Wall) };
        spec.cursor = cursor.map(Wall);
        spec.full_screen = full_screen;
        spec.overlay = help.then_some(Overlay::Help);
        spec
    }
}

proptest! {
    #[test]
    fn any_inputs_lead_from_a_valid_spec_to_a_valid_spec(
        start in any_spec(),
        inputs in proptest::collection::vec(any_input(), 0..60),
        now in any::<i64>(),
    ) {
        let (boards, data) = (two(), data());
        let mut spec = start.clone();
        for input in inputs {
            if let Some(next) = step(&spec, input, Stage { boards: &boards, data: &data, now: Wall(now) }) {
                prop_assert_ne!(&next, &spec, "a step that changes nothing must say so");
                spec = next;
            }
            prop_assert_eq!(spec.validate(), Ok(()));
        }
        prop_assert_eq!(&spec.tenant, &start.tenant);
        prop_assert_eq!(spec.size, start.size);
    }

    #[test]
    fn pausing_twice_returns(start in any_spec()) {
        let mut start = start;
        start.paused_at = None;
        prop_assert_eq!(after(&start, &keys("pp")), start);
    }

    #[test]
    fn toggles_return(start in any_spec(), key in proptest::sample::select(vec!['?', 'f'])) {
        prop_assert_eq!(after(&start, &[Key::Char(key), Key::Char(key)]), start);
    }

    #[test]
    fn zooming_in_and_out_return_within_the_table(index in 1..RANGE_STEPS_MS.len() - 1) {
        let mut start = spec();
        start.range_ms = RANGE_STEPS_MS[index];
        prop_assert_eq!(after(&start, &keys("+-")), start.clone());
        prop_assert_eq!(after(&start, &keys("-+")), start);
    }

    #[test]
    fn live_is_always_one_key_away(start in any_spec()) {
        let live = after(&start, &keys("0"));
        prop_assert_eq!((live.offset_ms, live.paused_at, live.cursor, live.scroll), (0, None, None, Scroll::default()));
    }
}
