use proptest::prelude::*;

use super::*;
use crate::base::Size;
use crate::model::BoardFacts;

const NOW: Wall = Wall(1_700_000_000_000);

fn catalogue(boards: &[(&str, u16)]) -> Catalogue {
    let boards = boards
        .iter()
        .map(|(name, panels)| BoardFacts {
            name: (*name).to_owned(),
            title: String::new(),
            panels: *panels,
            theme: Default::default(),
            params: Vec::new(),
        })
        .collect();
    Catalogue { boards }
}

fn two() -> Catalogue {
    catalogue(&[("host", 5), ("demo", 2)])
}

fn spec() -> ViewSpec {
    ViewSpec::new("default", "host", Size::FALLBACK)
}

/// The spec after some keys, those that change nothing included.
fn after(start: &ViewSpec, keys: &[Key]) -> ViewSpec {
    keys.iter().fold(start.clone(), |spec, key| step(&spec, *key, &two(), NOW).unwrap_or(spec))
}

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn t_goes_round_the_themes_from_the_one_of_the_board() {
    let mut boards = two();
    boards.boards[0].theme = Theme::Light;
    let mut seen = Vec::new();
    let mut now = spec();
    for _ in 0..5 {
        now = step(&now, Key::Char('t'), &boards, NOW).expect("every t shows another theme");
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
    assert_eq!(step(&lost, Key::Tab, &Catalogue::default(), NOW), None);
    assert_eq!(step(&spec(), Key::Tab, &catalogue(&[("host", 5)]), NOW), None, "the only board stays as it is");
}

#[test]
fn the_focus_stays_on_the_board() {
    assert_eq!(after(&spec(), &keys("llllllll")).focus, 4);
    assert_eq!(after(&spec(), &keys("hhh")).focus, 0);
    let mut beyond = spec();
    beyond.focus = 900;
    assert_eq!(after(&beyond, &keys("h")).focus, 3, "a focus beyond the last panel counts as the last");
}

#[test]
fn zoom_goes_through_the_table_and_stops_at_its_ends() {
    assert_eq!(after(&spec(), &keys("+")).range_ms, 2 * MINUTE);
    assert_eq!(after(&spec(), &keys("-")).range_ms, 15 * MINUTE);
    assert_eq!(after(&spec(), &keys("++++++++++++++++")).range_ms, RANGE_STEPS_MS[0]);
    assert_eq!(after(&spec(), &keys("----------------")).range_ms, 30 * DAY);
    let mut odd = spec();
    odd.range_ms = RANGE_MS_MAX;
    assert_eq!(step(&odd, Key::Char('-'), &two(), NOW), None, "nothing longer than the longest");
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
    let later = step(&paused, Key::Char('['), &two(), Wall(NOW.0 + 99)).expect("panning changes the spec");
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
    assert_eq!(step(&spec(), Key::Escape, &two(), NOW), None);
}

#[test]
fn quit_and_repaint_are_the_shells_business() {
    for key in [Key::Char('q'), Key::Ctrl('c'), Key::Char('r'), Key::Ctrl('l'), Key::Char('x'), Key::Enter] {
        assert_eq!(step(&spec(), key, &two(), NOW), None);
    }
    assert!(is_quit(Key::Char('q')) && is_quit(Key::Ctrl('c')) && !is_quit(Key::Char('r')));
    assert!(is_repaint(Key::Char('r')) && !is_repaint(Key::Char('q')));
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
    prop_oneof![
        8 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(Key::Char),
        1 => Just(Key::PageUp),
    ]
}

prop_compose! {
    fn any_spec()(
        board in proptest::sample::select(vec!["host", "demo", "gone"]),
        range_ms in RANGE_MS_MIN..=RANGE_MS_MAX,
        offset_ms in 0..=RANGE_MS_MAX,
        paused in proptest::option::of(any::<i64>()),
        focus in any::<u16>(),
        full_screen in any::<bool>(),
        help in any::<bool>(),
    ) -> ViewSpec {
        let mut spec = spec();
        spec.board = board.to_owned();
        spec.range_ms = range_ms;
        spec.offset_ms = offset_ms;
        spec.paused_at = paused.map(Wall);
        spec.focus = focus;
        spec.full_screen = full_screen;
        spec.overlay = help.then_some(Overlay::Help);
        spec
    }
}

proptest! {
    #[test]
    fn any_keys_lead_from_a_valid_spec_to_a_valid_spec(
        start in any_spec(),
        keys in proptest::collection::vec(any_key(), 0..60),
        now in any::<i64>(),
    ) {
        let mut spec = start.clone();
        for key in keys {
            if let Some(next) = step(&spec, key, &two(), Wall(now)) {
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
        prop_assert_eq!((live.offset_ms, live.paused_at), (0, None));
    }
}
