//! Pictures that take over from the one before what nothing has happened to.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::log::{Entry, Severity};
use crate::model::spec::Scroll;

/// Something that happens between two pictures.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// So many milliseconds pass.
    Pass(u16),
    /// A series of this number gets a value.
    Sample(usize, u8),
    Entry,
    Health(usize),
    /// The clock is set back by so many milliseconds.
    Back(u16),
}

/// Series of the shipped boards and one that nobody shows, with their sources.
const SERIES: [(&str, &str, &str); 10] = [
    ("host_cpu_percent", "cpu", "0"),
    ("host_load1", "", ""),
    ("host_memory_used_bytes", "", ""),
    ("demo_requests", "service", "search"),
    ("demo_state", "service", "stock"),
    ("demo_queue", "rack", "a1"),
    ("demo_job_done_bytes", "job", "backup"),
    ("unblink_viewers", "", ""),
    ("unblink_resident_bytes", "process", "root"),
    ("nobody_shows_this", "", ""),
];
const SOURCES: [&str; 4] = ["host", "synthetic", "unblink", "other"];

pub(super) fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0..3_000_u16).prop_map(Happening::Pass),
        4 => (0..SERIES.len(), any::<u8>()).prop_map(|(series, value)| Happening::Sample(series, value)),
        1 => Just(Happening::Entry),
        2 => (0..SOURCES.len()).prop_map(Happening::Health),
        1 => (0..9_000_u16).prop_map(Happening::Back),
    ]
}

pub(super) fn happen(happening: &Happening, data: &mut Dataset, now: &mut Wall) {
    match happening {
        Happening::Pass(ms) => *now = *now + Duration::from_millis(u64::from(*ms)),
        Happening::Sample(series, value) => {
            let (name, label, text) = SERIES[*series];
            let labels: &[(&str, &str)] = if label.is_empty() { &[] } else { &[(label, text)] };
            let (key, value) = (SeriesKey::labelled(name, labels), f64::from(*value));
            // One that is not newer is refused, which changes nothing.
            let _ = data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at: *now, value });
        }
        Happening::Entry => {
            data.append("demo", Entry::new(*now, Severity::Error, "something"));
        }
        Happening::Health(source) => data.set_source(SOURCES[*source], health(SourceState::Good, Some(*now))),
        Happening::Back(ms) => {
            *now = *now - Duration::from_millis(u64::from(*ms));
            data.forget_after(*now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn with_a_memory_or_without_a_picture_is_the_same(
        (board, tab) in prop::sample::select(vec![("host", 0), ("demo", 0), ("demo", 1), ("unblink", 0)]),
        (focus, rows) in (0_u16..16, 0_u16..4),
        range_ms in prop::sample::select(vec![7_000, 60_000, 300_000]),
        happenings in prop::collection::vec(happening(), 1..60),
        (paused, offset, cursor, full_screen) in any::<(bool, bool, bool, bool)>(),
        // What others left on the paper.
        left in prop::sample::select(vec!["@", "東", "e\u{301}"]),
        // Also of so little room that panels have no boxes, and blank columns between them.
        (cols, lines) in prop::sample::select(vec![(120, 40), (80, 24), (60, 12), (40, 12), (20, 5)]),
    ) {
        let boards = Boards::shipped();
        let left = Label::plain(&left.repeat(120));
        let mut spec = ViewSpec { board: board.to_owned(), ..spec(cols, lines) };
        (spec.tab, spec.focus) = (tab, focus);
        spec.scroll = Scroll { rows, since: (rows > 1).then_some(NOW) };
        spec.paused_at = paused.then_some(NOW);
        spec.offset_ms = if offset { 5_000 } else { 0 };
        spec.cursor = cursor.then_some(Wall(NOW.0 - 3_000));
        spec.full_screen = full_screen;
        spec.range_ms = range_ms;
        let (mut data, mut now) = (host_data(2), NOW);
        let (mut shown, mut drawing, mut memory) = (Grid::new(spec.size), Grid::new(spec.size), Memory::default());
        for happening in &happenings {
            happen(happening, &mut data, &mut now);
            let mut look = |data: &Dataset, now: Wall| {
                let before = Before { grid: &shown, memory: &mut memory, shared: None };
                let stage = Stage { boards: &boards, data, now };
                for y in 0..lines {
                    drawing.canvas().label(0, y, &left, Style::new());
                }
                let drawn = draw_after(stage, &spec, Circumstances::default(), Some(before), &mut drawing);
                std::mem::swap(&mut shown, &mut drawing);
                drawn
            };
            look(&data, now);
            // At whole seconds everything is due that is announced to the second.
            now = Wall((now.0.div_euclid(1_000) + 1) * 1_000);
            let with = look(&data, now);
            let mut afresh = Grid::new(spec.size);
            let without = draw(&boards, &spec, &data, now, &mut afresh);
            let rows = differing(&shown, &afresh);
            prop_assert!(shown == afresh, "after {happening:?} at {now:?}, with a memory and without: {rows:#?}");
            prop_assert_eq!(with.next_change_at, without.next_change_at);
        }
    }
}

#[test]
fn the_help_is_dimmed_once() {
    let boards = Boards::shipped();
    let spec = ViewSpec { overlay: Some(Overlay::Help), ..spec(120, 40) };
    let data = host_data(2);
    let stage = Stage { boards: &boards, data: &data, now: NOW };
    let (mut shown, mut drawing, mut memory) = (Grid::new(spec.size), Grid::new(spec.size), Memory::default());
    for _ in 0..3 {
        let before = Before { grid: &shown, memory: &mut memory, shared: None };
        draw_after(stage, &spec, Circumstances::default(), Some(before), &mut drawing);
        std::mem::swap(&mut shown, &mut drawing);
    }
    let mut afresh = Grid::new(spec.size);
    draw(&boards, &spec, &data, NOW, &mut afresh);
    assert!(shown == afresh);
}
