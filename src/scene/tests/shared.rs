//! Views that take panels over from each other.

use std::time::Duration;

use proptest::prelude::*;

use super::gone::{core, data_without};
use super::remembered::{Happening, happen, happening};
use super::*;
use crate::base::{Trace, limits};
use crate::model::fault::Class;
use crate::model::spec::{Scroll, Theme};
use crate::scene::memory::{Before, Memory};
use crate::scene::shared::Shared;

/// A view and what it remembers.
struct Seen {
    spec: ViewSpec,
    shown: Grid,
    drawing: Grid,
    memory: Memory,
}

impl Seen {
    fn new(spec: ViewSpec) -> Seen {
        let (shown, drawing) = (Grid::new(spec.size), Grid::new(spec.size));
        Seen { spec, shown, drawing, memory: Memory::default() }
    }

    fn look(&mut self, boards: &Boards, data: &Dataset, now: Wall, shared: &mut Shared) -> Drawn {
        let before = Before { grid: &self.shown, memory: &mut self.memory, shared: Some(shared) };
        let stage = Stage { boards, data, now };
        let drawn = draw_after(stage, &self.spec, Circumstances::default(), Some(before), &mut self.drawing);
        std::mem::swap(&mut self.shown, &mut self.drawing);
        drawn
    }
}

/// Specs of one board that differ in this or that.
fn spec_of(board: &'static str, tab: u16) -> impl Strategy<Value = ViewSpec> {
    let looks = (
        prop::sample::select(vec![Palette::Truecolor, Palette::Mono]),
        prop::sample::select(vec![GlyphSet::Braille, GlyphSet::Ascii]),
        prop::sample::select(vec!["UTC", "Asia/Tokyo"]),
        prop::sample::select(vec![None, Some(Theme::Light)]),
    );
    let spans = (prop::sample::select(vec![7_000, 60_000, 300_000]), any::<[bool; 4]>());
    let places = (0_u16..6, 0_u16..3, prop::sample::select(vec![(120, 40), (121, 40), (80, 24)]));
    (looks, spans, places).prop_map(move |(looks, (range_ms, [paused, offset, cursor, full_screen]), places)| {
        let (focus, rows, (cols, lines)) = places;
        let mut spec = ViewSpec { board: board.to_owned(), ..spec(cols, lines) };
        (spec.palette, spec.glyphs, spec.theme) = (looks.0, looks.1, looks.3);
        spec.timezone = looks.2.to_owned();
        (spec.tab, spec.focus, spec.full_screen) = (tab, focus, full_screen);
        spec.scroll = Scroll { rows, since: (rows > 1).then_some(NOW) };
        spec.range_ms = range_ms;
        spec.paused_at = paused.then_some(NOW);
        spec.offset_ms = if offset { 5_000 } else { 0 };
        spec.cursor = cursor.then_some(Wall(NOW.0 - 3_000));
        spec
    })
}

fn specs() -> impl Strategy<Value = Vec<ViewSpec>> {
    prop::sample::select(vec![("host", 0), ("demo", 0), ("demo", 1), ("unblink", 0)])
        .prop_flat_map(|(board, tab)| prop::collection::vec(spec_of(board, tab), 2..6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn with_panels_of_other_views_or_without_a_picture_is_the_same(
        specs in specs(),
        happenings in prop::collection::vec(happening(), 1..20),
    ) {
        let boards = Boards::shipped();
        let (mut data, mut now, mut shared) = (host_data(2), NOW, Shared::default());
        // Every other one differs in nothing but its span of time, which most panels do not show.
        let close = specs.iter().map(|spec| ViewSpec { range_ms: spec.range_ms + 3_000, ..spec.clone() });
        let mut views: Vec<Seen> = specs.iter().cloned().chain(close).map(Seen::new).collect();
        for happening in &happenings {
            happen(happening, &mut data, &mut now);
            for view in &mut views {
                view.look(&boards, &data, now, &mut shared);
                now = now + Duration::from_millis(1);
            }
            // At whole seconds everything is due that is announced to the second.
            now = Wall((now.0.div_euclid(1_000) + 1) * 1_000);
            for view in &mut views {
                let with = view.look(&boards, &data, now, &mut shared);
                let mut afresh = Grid::new(view.spec.size);
                let without = draw(&boards, &view.spec, &data, now, &mut afresh);
                let rows = differing(&view.shown, &afresh);
                prop_assert!(view.shown == afresh, "after {happening:?} at {now:?}, {:?}: {rows:#?}", view.spec);
                prop_assert_eq!(with.next_change_at, without.next_change_at);
            }
        }
    }
}

#[test]
fn a_panel_of_many_views_is_drawn_once() {
    #[derive(Debug, Default)]
    struct Counting(usize);
    impl Guard for Counting {
        fn draw(&mut self, _: usize, draw: &mut dyn FnMut()) -> Result<(), guard::Trouble> {
            self.0 += 1;
            draw();
            Ok(())
        }
        fn stand_in(&mut self, _: usize, _: &mut dyn FnMut()) -> bool {
            unreachable!("nothing is wrong")
        }
    }
    let (boards, data, mut shared, mut guard) =
        (Boards::shipped(), host_data(2), Shared::default(), Counting::default());
    let mut alone = 0;
    for index in 0..100 {
        let mut view = Seen::new(ViewSpec { focus: index % 2, ..spec(120, 40) });
        let before = Before { grid: &view.shown, memory: &mut view.memory, shared: Some(&mut shared) };
        let stage = Stage { boards: &boards, data: &data, now: NOW };
        draw_guarded(stage, &view.spec, Circumstances::default(), Some(before), &mut guard, &mut view.drawing);
        alone = if index == 0 { guard.0 } else { alone };
    }
    // The two that have the focus, and have not.
    assert_eq!(guard.0, alone + 2);
}

#[test]
fn gauges_are_shared_by_views_of_any_span_until_one_of_them_is_missed() {
    let boards = Boards::shipped();
    let cores = |data: &Dataset, spans_s: [u64; 2]| {
        let mut shared = Shared::default();
        let held = spans_s.map(|span_s| {
            let mut view = Seen::new(ViewSpec { range_ms: span_s * 1_000, ..spec(120, 40) });
            view.look(&boards, data, NOW, &mut shared);
            let mut afresh = Grid::new(view.spec.size);
            draw(&boards, &view.spec, data, NOW, &mut afresh);
            assert!(view.shown == afresh, "{}", view.shown.to_text());
            (shared.held().0, afresh.to_text().contains("unknown"))
        });
        let lines = held[1].0 - held[0].0;
        ([held[0].1, held[1].1], lines)
    };
    let (unknown, lines) = cores(&data_without(|_| false, 0), [30, 31]);
    assert_eq!(unknown, [false, false]);
    // One that is missed for a while is not missed by those who do not look back as far.
    let gone = data_without(|key| core(key, "2"), 40);
    for (spans_s, expected) in [([30, 300], [false, true]), ([300, 30], [true, false])] {
        let (unknown, kept) = cores(&gone, spans_s);
        assert_eq!(unknown, expected, "{spans_s:?} seconds");
        assert!(kept > lines, "the gauges were kept once more: {kept} cells, {lines} of the lines alone");
    }
}

#[test]
fn no_view_is_shown_a_picture_of_a_panel_that_failed_since() {
    /// Panel 0 fails for the second view and whoever comes after it.
    #[derive(Debug, Default)]
    struct Failing(usize);
    impl Guard for Failing {
        fn draw(&mut self, panel: usize, draw: &mut dyn FnMut()) -> Result<(), guard::Trouble> {
            let fails = panel == 0 && self.0 > 0;
            self.0 += usize::from(panel == 0);
            draw();
            let (class, trace) = (Class::Panic, Trace(1));
            let trouble = guard::Trouble { class, since: NOW, next_try: NOW, quarantined: false, trace };
            if fails { Err(trouble) } else { Ok(()) }
        }
        fn stand_in(&mut self, _: usize, draw: &mut dyn FnMut()) -> bool {
            draw();
            true
        }
    }
    let (boards, data, mut shared, mut guard) =
        (Boards::shipped(), host_data(2), Shared::default(), Failing::default());
    let mut asked = Vec::new();
    // The first and the third are alike, the second is of another size.
    for size in [(120, 40), (80, 24), (120, 40)] {
        let mut view = Seen::new(spec(size.0, size.1));
        let before = Before { grid: &view.shown, memory: &mut view.memory, shared: Some(&mut shared) };
        let stage = Stage { boards: &boards, data: &data, now: NOW };
        draw_guarded(stage, &view.spec, Circumstances::default(), Some(before), &mut guard, &mut view.drawing);
        asked.push(guard.0);
    }
    assert_eq!(asked, [1, 2, 3], "the third took the picture from before it failed");
}

#[test]
fn pictures_are_kept_up_to_a_number_and_a_size_and_no_longer_than_they_are_true() {
    let boards = Boards::shipped();
    let (mut data, mut shared, mut now) = (host_data(2), Shared::default(), NOW);
    let look = |spec: ViewSpec, data: &Dataset, now: Wall, shared: &mut Shared| {
        Seen::new(spec).look(&boards, data, now, shared);
        shared.held()
    };
    // Ten sizes of the same moment.
    for lines in 30..40 {
        look(spec(120, lines), &data, now, &mut shared);
    }
    let (many, most) = shared.held();
    assert_eq!(most, limits::SHARED_LOOKS_MAX);
    // Later there are those of one view, and of panels to which nothing has happened.
    for _ in 0..5 {
        happen(&Happening::Sample(0, 7), &mut data, &mut now);
    }
    let (few, _) = look(spec(120, 40), &data, now + Duration::from_secs(600), &mut shared);
    assert!(few < many, "{few} cells of {many}");
    // Screens that are more than all there is room for.
    for lines in 0..6 {
        let (held, _) = look(spec(1000, 490 + lines), &data, now, &mut shared);
        assert!(held <= limits::SHARED_CELLS_MAX, "{held} cells");
        happen(&Happening::Sample(0, 7), &mut data, &mut now);
    }
}
