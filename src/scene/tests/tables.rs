//! Tables of which only those rows are drawn again that changed.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::Trace;
use crate::model::fault::Class;
use crate::model::spec::Scroll;
use crate::scene::file;

const BOARD: &str = r#"
[panel.plain]
chart = "table"
source = "push"
by = "row"
columns = [{ title = "a", series = "t_a", full_at = 100 }, { title = "much longer", series = "t_b", unit = "percent" }]

[panel.sorted]
chart = "table"
source = "push"
by = "row"
sort = "a"
columns = [
  { title = "a", series = "t_a", thresholds = [{ at = 50, level = "high" }, { at = 90, level = "critical" }] },
  { title = "b", series = "t_b", unit = "bytes" },
]

[panel.current]
chart = "table"
source = "push"
by = "row"
current = true
columns = [{ title = "b", series = "t_b", full_at = 100, unit = "percent" }]

[layout]
column = [{ row = ["plain", "sorted"] }, "current"]
"#;

/// Some of more columns than letters; the last two look alike.
const ROWS: [&str; 8] =
    ["eth2", "eth10", "東京", "🔥 wide", "9", "a name that is longer than its column", "a", "a\u{200b}"];
const VALUES: [f64; 8] = [0.0, 1.0, 9.5, 9.6, 55.0, 99.9, 1234.0, 1e9];

#[derive(Clone, Debug)]
enum Happening {
    Pass(u16),
    /// A value of one of the rows there are, in the first or the second column.
    Sample(usize, usize, bool),
    /// The same in both, of any row.
    Both(usize, usize),
    /// A series without the label that tells rows apart.
    Nameless,
    Gone(usize),
    Health(u8),
    Back(u16),
    /// The next panel that is drawn fails afterwards.
    Fail,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => (0..9_000_u16).prop_map(Happening::Pass),
        24 => (0..ROWS.len(), 0..VALUES.len(), any::<bool>()).prop_map(|(row, value, b)| Happening::Sample(row, value, b)),
        1 => (0..ROWS.len(), 0..VALUES.len()).prop_map(|(row, value)| Happening::Both(row, value)),
        1 => Just(Happening::Nameless),
        1 => (0..ROWS.len()).prop_map(Happening::Gone),
        1 => (0..3_u8).prop_map(Happening::Health),
        1 => (0..9_000_u16).prop_map(Happening::Back),
        1 => Just(Happening::Fail),
    ]
}

/// Fails once where that is wanted.
#[derive(Debug)]
struct Failing(bool);

impl Guard for Failing {
    fn draw(&mut self, _: usize, draw: &mut dyn FnMut()) -> Result<(), guard::Trouble> {
        draw();
        let trouble =
            guard::Trouble { class: Class::Panic, since: NOW, next_try: NOW, quarantined: false, trace: Trace(1) };
        if std::mem::take(&mut self.0) { Err(trouble) } else { Ok(()) }
    }

    fn stand_in(&mut self, _: usize, draw: &mut dyn FnMut()) -> bool {
        draw();
        true
    }
}

fn put(data: &mut Dataset, series: &str, row: usize, at: Wall, value: usize) {
    let key = SeriesKey::labelled(series, &[("row", ROWS[row])]);
    // One that is not newer is refused, which changes nothing.
    let _ = data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value: VALUES[value] });
}

/// Of a board of so many rows.
fn happen(happening: &Happening, rows: usize, data: &mut Dataset, now: &mut Wall) {
    match happening {
        Happening::Pass(ms) => *now = *now + Duration::from_millis(u64::from(*ms)),
        Happening::Sample(row, value, is_b) => put(data, if *is_b { "t_b" } else { "t_a" }, row % rows, *now, *value),
        Happening::Both(row, value) => {
            ["t_a", "t_b"].into_iter().for_each(|series| put(data, series, *row, *now, *value))
        }
        Happening::Nameless => {
            let sample =
                Sample { key: SeriesKey::plain("t_a"), kind: Kind::Gauge, unit: Unit::None, at: *now, value: 1.0 };
            let _ = data.insert(sample);
        }
        Happening::Gone(row) => ["t_a", "t_b"]
            .into_iter()
            .for_each(|series| data.remove(&SeriesKey::labelled(series, &[("row", ROWS[*row])]))),
        Happening::Health(health) => {
            let state = match health {
                0 => SourceState::Good,
                1 => SourceState::Partial("no b".to_owned()),
                _ => SourceState::Standby { by: "other".to_owned(), since: NOW },
            };
            data.set_source("push", SourceHealth { state, last_good: Some(*now), interval_ms: 0 });
        }
        Happening::Back(ms) => {
            *now = *now - Duration::from_millis(u64::from(*ms));
            data.forget_after(*now);
        }
        Happening::Fail => {}
    }
    // As a worker says it with everything that was pushed.
    if let (Happening::Sample(..) | Happening::Both(..), Some(health)) = (happening, data.source("push").cloned()) {
        data.set_source("push", SourceHealth { last_good: Some(*now), ..health });
    }
}

fn boards() -> Boards {
    Boards::new(vec![file::read("b", "b", BOARD.as_bytes()).expect("the test's board is sound")])
}

#[test]
fn what_is_pushed_of_rows_there_are_draws_those_alone() {
    let (boards, spec) = (boards(), ViewSpec::new("default", "b", Size::clamped(120, 40)));
    let (mut data, mut now) = (Dataset::default(), NOW);
    let (mut shown, mut drawing, mut memory) = (Grid::new(spec.size), Grid::new(spec.size), Memory::default());
    happen(&Happening::Health(0), 6, &mut data, &mut now);
    (0..6).for_each(|row| happen(&Happening::Both(row, row), 6, &mut data, &mut now));
    panel::tables_redrawn();
    for turn in 0..40 {
        now = now + Duration::from_millis(10);
        // Of one width: no column asks for other room.
        happen(&Happening::Sample(turn, 2 + turn % 2, turn % 3 == 0), 6, &mut data, &mut now);
        let before = Before { grid: &shown, memory: &mut memory, shared: None };
        let stage = Stage { boards: &boards, data: &data, now };
        draw_after(stage, &spec, Circumstances::default(), Some(before), &mut drawing);
        std::mem::swap(&mut shown, &mut drawing);
    }
    let redrawn = panel::tables_redrawn();
    assert!(redrawn > 40, "{redrawn} of some 66 that show the series which changed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_table_of_which_some_rows_are_drawn_again_is_what_it_is_drawn_anew(
        // Seldom with two that look alike.
        rows in prop_oneof![6 => 1..ROWS.len(), 1 => Just(ROWS.len())],
        happenings in prop::collection::vec(happening(), 1..60),
        (focus, scrolled) in (0_u16..3, 0_u16..4),
        (palette, glyphs) in (
            prop::sample::select(vec![Palette::Truecolor, Palette::Ansi, Palette::Mono]),
            prop::sample::select(vec![GlyphSet::Braille, GlyphSet::Ascii]),
        ),
        (offset, full_screen) in any::<(bool, bool)>(),
        (cols, lines) in prop::sample::select(vec![(120, 40), (70, 22), (60, 14), (31, 9), (20, 5)]),
    ) {
        let boards = boards();
        let mut spec = ViewSpec::new("default", "b", Size::clamped(cols, lines));
        spec.scroll = Scroll { rows: scrolled, since: None };
        (spec.focus, spec.palette, spec.glyphs, spec.full_screen) = (focus, palette, glyphs, full_screen);
        spec.offset_ms = if offset { 1_000 } else { 0 };
        let (mut data, mut now) = (Dataset::default(), NOW);
        happen(&Happening::Health(0), rows, &mut data, &mut now);
        (0..rows).for_each(|row| happen(&Happening::Both(row, row), rows, &mut data, &mut now));
        let left = Label::plain(&"東".repeat(60));
        let (mut shown, mut drawing, mut memory) = (Grid::new(spec.size), Grid::new(spec.size), Memory::default());
        for happening in &happenings {
            now = now + Duration::from_millis(10);
            happen(happening, rows, &mut data, &mut now);
            let mut look = |data: &Dataset, now: Wall, fails: bool| {
                // What others left on the paper.
                for y in 0..lines {
                    drawing.canvas().label(0, y, &left, Style::new());
                }
                let before = Before { grid: &shown, memory: &mut memory, shared: None };
                let stage = Stage { boards: &boards, data, now };
                let mut guard = Failing(fails);
                let circumstances = Circumstances::default();
                let drawn = draw_guarded(stage, &spec, circumstances, Some(before), &mut guard, &mut drawing);
                std::mem::swap(&mut shown, &mut drawing);
                drawn
            };
            look(&data, now, matches!(happening, Happening::Fail));
            // At whole seconds everything is due that is announced to the second, and what failed is tried again.
            now = Wall((now.0.div_euclid(1_000) + 1) * 1_000);
            let with = look(&data, now, false);
            let mut afresh = Grid::new(spec.size);
            let without = draw(&boards, &spec, &data, now, &mut afresh);
            let rows = differing(&shown, &afresh);
            prop_assert!(shown == afresh, "after {happening:?} at {now:?}, kept and drawn anew: {rows:#?}");
            prop_assert_eq!(with.next_change_at, without.next_change_at);
        }
    }
}
