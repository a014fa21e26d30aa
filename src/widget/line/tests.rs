mod area;

use proptest::prelude::*;

use super::*;
use crate::frame::Grid;
use crate::model::{Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};
use crate::widget::{Look, Theme};

pub(super) const EDGE: Wall = Wall(1_700_000_000_000);

struct Chart<'a> {
    lines: &'a [&'a [(i64, f64)]],
    range_s: u64,
    gap_s: u64,
    include: &'a [f64],
}

/// Points are given in seconds before the edge.
fn plan(chart: &Chart<'_>, layout: &Layout) -> LinePlan {
    let mut builder = LineBuilder::new(TimeScale::new(EDGE, chart.range_s * 1_000, layout.bins()));
    for line in chart.lines {
        builder.line(line.iter().map(|(before, value)| (Wall(EDGE.0 - before * 1_000), *value)), chart.gap_s * 1_000);
    }
    builder.finish(Unit::None, chart.include, &[], &TimeZone::UTC, layout)
}

fn picture(chart: &Chart<'_>, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| {
        let layout = Layout::new(width, height, Unit::None, glyphs);
        paint(&plan(chart, &layout), &layout, canvas, look(glyphs));
    })
}

fn ramp() -> Vec<(i64, f64)> {
    (0..60).rev().map(|second| (second, 60.0 - second as f64)).collect()
}

fn saw() -> Vec<(i64, f64)> {
    (0..60).rev().map(|second| (second, (second % 20) as f64 * 3.0)).collect()
}

fn simple<'a>(lines: &'a [&'a [(i64, f64)]]) -> Chart<'a> {
    Chart { lines, range_s: 60, gap_s: 3, include: &[0.0] }
}

#[test]
fn braille_draws_two_by_four_dots_a_cell() {
    check(
        &picture(&simple(&[&ramp(), &saw()]), 36, 8, GlyphSet::Braille),
        &[
            "   60 ⢢┈┈┈┈┈┈┈┈┈⣦┈┈┈┈┈┈┈┈┈⣦┈┈┈┈⢀⡠⠔⠊⠉",
            "       ⠱⡀       ⡇⠱⡀       ⡇⣱⡠⠔⠊⠁",
            "   40 ┈┈⠈⢆┈┈┈┈┈┈⡇┈⠈⢆┈┈┈⣀⠤⠒⡏┈⠈⢆┈┈┈┈┈┈",
            "          ⠣⡀   ⢠⠃ ⢀⡠⠧⡒⠉  ⢠⠃   ⠣⡀",
            "   20 ┈┈┈┈┈⠘⢄┈⢀⣸⠔⠊⠁┈┈⠘⢄┈┈⢸┈┈┈┈┈⠘⢄┈┈┈",
            "          ⣀⠤⠚⠪⡁⢸      ⠈⠢⡀⢸      ⠈⠢⡀",
            "    0 ⣀⠤⠒⠉┈┈┈┈⠑⢼┈┈┈┈┈┈┈┈⠑⢼┈┈┈┈┈┈┈┈⠑⢄",
            "          ╵22:12:30      ╵22:13:00",
        ],
    );
}

#[test]
fn blocks_draw_half_cells() {
    check(
        &picture(&simple(&[&ramp(), &saw()]), 36, 8, GlyphSet::Block),
        &[
            "   60 ▄────────█▄────────█▄────▄▄▀▀▀",
            "      ▀█       █▀█       ███▄▀▀",
            "   40 ──▀▄─────█──▀▄──▄▄██▀─▀▄──────",
            "         ▀▄    █  ▄██▀▀  █   ▀▄",
            "   20 ─────█▄─▄█▀▀───█▄──█─────█▄───",
            "         ▄▄█▀█ █      ▀▄ █      ▀▄",
            "    0 ▄█▀▀────██────────██────────█▄",
            "          │22:12:30      │22:13:00",
        ],
    );
}

#[test]
fn ascii_tells_the_second_line_by_its_mark() {
    check(
        &picture(&simple(&[&ramp(), &saw()]), 36, 8, GlyphSet::Ascii),
        &[
            "   60 *        **        **    ..-''",
            "      **       ***       *|.-''",
            "   40   **     *  **  ..-|' **",
            "         **    *  .|.''  *   **",
            "   20      ** .|''   **  *     **",
            "         ..-'| *      ** *      **",
            "    0 .-''    **        **        **",
            "          |22:12:30      |22:13:00",
        ],
    );
}

#[test]
fn small_charts_lose_times_first_and_values_then() {
    let ramp = ramp();
    let chart = Chart { lines: &[&ramp], range_s: 60, gap_s: 3, include: &[0.0, 60.0] };
    check(
        &picture(&chart, 24, 4, GlyphSet::Ascii),
        &["   50             ...'''", "              ..-''", "         ...'''", "    0 .-''"],
    );
    check(&picture(&chart, 8, 3, GlyphSet::Ascii), &["     .''", "  ..''", ".''"]);
    check(&picture(&chart, 3, 1, GlyphSet::Ascii), &[".''"]);
    check(&picture(&chart, 1, 1, GlyphSet::Braille), &["⡞"]);
}

#[test]
fn constant_data_is_a_level_line_and_one_point_a_dot() {
    let flat: Vec<(i64, f64)> = (0..61).rev().map(|second| (second, 7.0)).collect();
    let levels = |points: &[(i64, f64)]| {
        let chart = Chart { lines: &[points], range_s: 60, gap_s: 3, include: &[] };
        picture(&chart, 8, 3, GlyphSet::Ascii)
    };
    check(&levels(&flat), &["", "--------", ""]);
    check(&levels(&[(0, 7.0)]), &["", "       -", ""]);
    check(&levels(&[]), &["", "", ""]);
}

#[test]
fn a_gap_in_the_data_is_a_gap_in_the_line() {
    let points: Vec<(i64, f64)> = ramp().into_iter().filter(|(before, _)| !(20..40).contains(before)).collect();
    let chart = Chart { lines: &[&points], range_s: 60, gap_s: 3, include: &[0.0] };
    check(&picture(&chart, 12, 3, GlyphSet::Ascii), &["       ..'''", "", ".'''"]);
    let joined = Chart { gap_s: 30, ..chart };
    check(&picture(&joined, 12, 3, GlyphSet::Ascii), &["      ...'''", "   ..''", ".'''"]);
}

#[test]
fn the_line_comes_in_from_the_left() {
    let points = [(90, 10.0), (30, 10.0), (0, 10.0)];
    let chart = Chart { lines: &[&points], range_s: 60, gap_s: 120, include: &[0.0, 20.0] };
    check(&picture(&chart, 8, 1, GlyphSet::Ascii), &["--------"]);
    let apart = Chart { gap_s: 40, ..chart };
    check(&picture(&apart, 8, 1, GlyphSet::Ascii), &["   -----"]);
}

#[test]
fn no_extreme_is_lost_however_many_points_share_a_column() {
    let mut points: Vec<(Wall, f64)> = (0..4_000).map(|index| (Wall(EDGE.0 - 4_000 + index), 50.0)).collect();
    points[1_234].1 = 100.0;
    points[2_345].1 = 0.0;
    let layout = Layout::new(20, 5, Unit::None, GlyphSet::Braille);
    let mut builder = LineBuilder::new(TimeScale::new(EDGE, 4_000, layout.bins()));
    builder.line(points.into_iter(), 10);
    let plan = builder.finish(Unit::None, &[], &[], &TimeZone::UTC, &layout);
    let strokes = &plan.lines[0].strokes;
    assert!(strokes.len() <= usize::from(layout.bins()));
    assert_eq!(plan.values.ends(), (0.0, 100.0));
    assert_eq!(strokes.iter().map(|stroke| stroke.high).fold(0.0, f32::max), 1.0);
    assert_eq!(strokes.iter().map(|stroke| stroke.low).fold(1.0, f32::min), 0.0);
}

#[test]
fn nothing_moves_between_two_bins() {
    let layout = Layout::new(30, 6, Unit::None, GlyphSet::Braille);
    let ramp = ramp();
    let at = |edge: Wall| {
        let mut builder = LineBuilder::new(TimeScale::new(edge, 60_000, layout.bins()));
        builder.line(ramp.iter().map(|(before, value)| (Wall(EDGE.0 - before * 1_000), *value)), 3_000);
        builder.finish(Unit::None, &[0.0], &[], &TimeZone::UTC, &layout)
    };
    let next = TimeScale::new(EDGE, 60_000, layout.bins()).next_at();
    assert_eq!(at(EDGE).lines, at(Wall(next.0 - 1)).lines);
    assert_ne!(at(EDGE).lines, at(next).lines);
}

#[test]
fn the_space_under_the_first_line_is_filled_and_nothing_else() {
    let layout = Layout::new(12, 3, Unit::None, GlyphSet::Ascii);
    let ramp = ramp();
    let chart = Chart { lines: &[&ramp], range_s: 60, gap_s: 3, include: &[0.0] };
    let mut plan = plan(&chart, &layout);
    plan.area = Area::First;
    let grid = drawn(12, 3, |canvas| paint(&plan, &layout, canvas, look(GlyphSet::Ascii)));
    let tint = look(GlyphSet::Ascii).theme.tint(0).expect("true colour has shades");
    let tinted =
        |y: u16| -> String { (0..12).map(|x| if grid.cell(x, y).style.bg == tint { '#' } else { '.' }).collect() };
    assert_eq!([tinted(0), tinted(1), tinted(2)], ["........####", "....########", "############"]);
}

#[test]
fn thresholds_within_the_axis_are_drawn_with_their_words() {
    let layout = Layout::new(20, 4, Unit::None, GlyphSet::Braille);
    let builder = LineBuilder::new(TimeScale::new(EDGE, 60_000, layout.bins()));
    let threshold = |value| (value, Label::plain("high"), Role::Warning);
    let plan = builder.finish(Unit::None, &[0.0, 10.0], &[threshold(7.0), threshold(99.0)], &TimeZone::UTC, &layout);
    let grid = drawn(20, 4, |canvas| paint(&plan, &layout, canvas, look(GlyphSet::Braille)));
    check(&grid, &["┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈", "╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌high╌", "", "┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈"]);
}

#[test]
fn a_constant_lies_on_the_gridline_of_its_tick_beside_its_label_at_every_height() {
    let spans: [&[f64]; 6] = [&[0.0, 100.0], &[0.0, 1.0], &[0.0, 0.7], &[0.0, 3.0], &[-30.0, 10.0], &[0.1, 0.6]];
    for (height, glyphs, include) in (1..=100).flat_map(|height| {
        let sets = GLYPH_SETS.into_iter();
        sets.flat_map(move |glyphs| spans.into_iter().map(move |include| (height, glyphs, include)))
    }) {
        let layout = Layout::new(40, height, Unit::None, glyphs);
        let empty = LineBuilder::new(TimeScale::new(EDGE, 60_000, layout.bins()));
        for tick in empty.finish(Unit::None, include, &[], &TimeZone::UTC, &layout).values.ticks {
            let value: f64 = tick.label.as_str().parse().expect("invariant: small numbers have no prefix");
            let points: Vec<(i64, f64)> = (0..60).rev().map(|before| (before, value)).collect();
            let grid = picture(&Chart { lines: &[&points], range_s: 60, gap_s: 3, include }, 40, height, glyphs);
            let text = grid.to_text();
            let rows = text.lines().take(usize::from(layout.plot.height));
            let labelled = rows.filter(|row| row.split_whitespace().next() == Some(tick.label.as_str()));
            for row in labelled {
                let drawn = row.chars().skip(20).all(|glyph| !matches!(glyph, '┈' | '─' | ' '));
                assert!(drawn && row.chars().count() == 40, "{value} at height {height} {glyphs:?}:\n{text}");
            }
        }
    }
}

#[test]
fn a_value_on_the_edge_of_two_rows_falls_into_the_lower_one_at_every_height() {
    for height in 1..=100_u16 {
        let plot = Rect::new(0, 0, 1, height);
        let axis = ValueAxis::new(Extent::default(), &[0.0, f64::from(height)], Unit::None, 2);
        for wanted in 0..height {
            assert_eq!(paint::row(axis.at(f64::from(height - wanted)), plot), wanted, "of {height} rows");
        }
        for glyphs in GLYPH_SETS {
            let layout = Layout { gutter: 0, plot, times: None, glyphs };
            for wanted in (0..height).step_by(7) {
                let value = f64::from(height - wanted);
                let points: Vec<(i64, f64)> = (0..60).rev().map(|before| (before, value)).collect();
                let include = [0.0, f64::from(height)];
                let chart = Chart { lines: &[&points], range_s: 60, gap_s: 3, include: &include };
                let mut plan = plan(&chart, &layout);
                plan.values.ticks.clear();
                let grid = drawn(1, height, |canvas| paint(&plan, &layout, canvas, look(glyphs)));
                let inked = grid.to_text().lines().position(|row| !row.trim().is_empty());
                assert_eq!(inked, Some(usize::from(wanted)), "of {height} rows of {glyphs:?}");
            }
        }
    }
}

#[test]
fn without_colours_each_series_has_its_mark_on_its_line() {
    let flat = |value: f64| -> Vec<(i64, f64)> { (0..61).rev().map(|before| (before, value)).collect() };
    let (low, high) = (flat(1.0), flat(2.0));
    let mono = |glyphs| Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs };
    let picture = |lines: &[&[(i64, f64)]], glyphs| {
        drawn(24, 3, |canvas| {
            let layout = Layout { gutter: 0, plot: Rect::new(0, 0, 24, 3), times: None, glyphs };
            let chart = Chart { lines, range_s: 60, gap_s: 3, include: &[0.0, 3.0] };
            paint(&plan(&chart, &layout), &layout, canvas, mono(glyphs));
        })
    };
    check(&picture(&[&low, &high], GlyphSet::Braille), &["", "⠉⠉⠉⠉⠉▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉▲⠉⠉⠉⠉⠉⠉", "⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉●⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉●"]);
    check(&picture(&[&low, &low], GlyphSet::Block), &["", "────────────────────────", "▀▀▀▀▀▲▀▀▀▀▀■▀▀▀▀▀▲▀▀▀▀▀■"]);
    assert!(!picture(&[&low], GlyphSet::Braille).to_text().contains('●'), "one line needs no mark");
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -1e3..1e3, 1 => any::<f64>(), 1 => Just(0.0), 1 => Just(f64::MAX), 1 => Just(f64::MIN)]
}

proptest! {
    #[test]
    fn any_data_is_drawn_at_any_size(
        points in proptest::collection::vec((0i64..4_000, any_value()), 0..40),
        width in 0u16..70,
        height in 0u16..16,
        range_s in 1u64..5_000,
    ) {
        let mut points = points;
        points.sort_by_key(|(before, _)| -before);
        points.dedup_by_key(|(before, _)| *before);
        let chart = Chart { lines: &[&points, &points], range_s, gap_s: 30, include: &[] };
        for glyphs in GLYPH_SETS {
            let grid = picture(&chart, width, height, glyphs);
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
            let layout = Layout::new(width, height, Unit::None, glyphs);
            for stroke in plan(&chart, &layout).lines.iter().flat_map(|line| &line.strokes) {
                prop_assert!(0.0 <= stroke.low && stroke.low <= stroke.high && stroke.high <= 1.0, "{stroke:?}");
                prop_assert!((0.0..=1.0).contains(&stroke.at));
            }
        }
    }
}

proptest! {
    #[test]
    fn points_as_they_lie_in_memory_are_the_same_line(
        // Milliseconds from one to the next: also several in a bin, and gaps. They begin before the span or within.
        steps in proptest::collection::vec((1_i64..9_000, -9.0..9.0), 0..40),
        begins in -90_000_i64..5_000,
        split in 0..41_usize,
        gap_ms in prop::sample::select(vec![500_u64, 4_000, 60_000]),
    ) {
        let mut at = EDGE.0 + begins;
        let points: Vec<Point> = steps.into_iter().map(|(step, value)| {
            at += step;
            Point { at: Wall(at), value }
        }).collect();
        let plan = |add: &dyn Fn(&mut LineBuilder)| {
            let layout = Layout::new(40, 10, Unit::None, GlyphSet::Braille);
            let mut builder = LineBuilder::new(TimeScale::new(EDGE, 60_000, layout.bins()));
            add(&mut builder);
            builder.finish(Unit::None, &[], &[], &TimeZone::UTC, &layout)
        };
        let (first, second) = points.split_at(split.min(points.len()));
        let stretches = plan(&|builder| builder.stretches([first, second], gap_ms));
        let line = plan(&|builder| builder.line(points.iter().map(|point| (point.at, point.value)), gap_ms));
        prop_assert_eq!(stretches, line);
    }
}
