//! Areas, bands and annotations.

use proptest::prelude::*;

use super::*;
use crate::frame::{Color, Glyph, Grid};
use crate::model::{Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};
use crate::widget::{Look, Theme};

fn flat(value: f64) -> Vec<(i64, f64)> {
    (0..61).rev().map(|second| (second, value)).collect()
}

fn builder(layout: &Layout) -> LineBuilder {
    LineBuilder::new(TimeScale::new(EDGE, 60_000, layout.bins()))
}

fn add(builder: &mut LineBuilder, points: &[(i64, f64)]) {
    builder.line(points.iter().map(|(before, value)| (Wall(EDGE.0 - before * 1_000), *value)), 3_000);
}

fn finish(builder: LineBuilder, layout: &Layout, include: &[f64], thresholds: &[(f64, Label, Role)]) -> LinePlan {
    builder.finish(Unit::None, include, thresholds, &TimeZone::UTC, layout)
}

/// On the ground of the theme, as scenes draw.
fn painted(plan: &LinePlan, layout: &Layout, (width, height): (u16, u16), look: Look) -> Grid {
    drawn(width, height, |canvas| {
        canvas.fill(canvas.area(), Glyph::BLANK, look.theme.style(Role::Ground));
        paint(plan, layout, canvas, look);
    })
}

/// By cell the number of the colour it stands on; a dot on the ground.
fn grounds(grid: &Grid, tints: &[Option<Color>]) -> Vec<String> {
    let mark = |x, y| {
        let bg = grid.cell(x, y).style.bg;
        tints.iter().position(|tint| *tint == Some(bg)).map_or('.', |index| char::from(b'0' + index as u8))
    };
    (0..grid.size().rows()).map(|y| (0..grid.size().cols()).map(|x| mark(x, y)).collect()).collect()
}

fn series_tints() -> Vec<Option<Color>> {
    (0..3).map(|series| look(GlyphSet::Ascii).theme.tint(series)).collect()
}

#[test]
fn stacked_lines_stand_on_the_sum_of_those_before() {
    let layout = Layout::new(6, 6, Unit::None, GlyphSet::Ascii);
    let mut builder = builder(&layout);
    builder.stack();
    for value in [1.0, 2.0, 3.0] {
        add(&mut builder, &flat(value));
    }
    let plan = finish(builder, &layout, &[6.5], &[]);
    assert_eq!(plan.values.ends(), (0.0, 6.5));
    let tops: Vec<f32> = plan.lines.iter().map(|line| line.strokes[0].last * 6.5).collect();
    assert!(tops.iter().zip([1.0, 3.0, 6.0]).all(|(top, sum)| (top - sum).abs() < 1e-4), "{tops:?}");
    let grid = painted(&plan, &layout, (6, 6), look(GlyphSet::Ascii));
    check(&grid, &["++++++", "", "", "******", "", "''''''"]);
    assert_eq!(grounds(&grid, &series_tints()), ["222222", "222222", "222222", "111111", "111111", "000000"]);
}

#[test]
fn a_gap_lets_the_next_line_down_and_a_slow_line_is_carried_between_its_points() {
    let mut base = vec![0.0; 5];
    let bin = |index, joined, value| Bin::new(index, joined, value);
    // One with a gap at the second and third bin.
    stack::stacked(&[bin(0, false, 1.0), bin(3, false, 1.0), bin(4, true, 1.0)], &mut base);
    assert_eq!(base, [1.0, 0.0, 0.0, 1.0, 1.0]);
    // One that has two points and is joined.
    let bins = stack::stacked(&[bin(0, false, 2.0), bin(4, true, 4.0)], &mut base);
    let tops: Vec<f64> = bins.iter().map(|bin| bin.last).collect();
    assert_eq!(tops, [3.0, 2.5, 3.0, 4.5, 5.0]);
    assert_eq!(base, tops);
}

#[test]
fn every_line_tints_what_is_below_it_down_to_the_next() {
    let layout = Layout::new(4, 4, Unit::None, GlyphSet::Ascii);
    let mut builder = builder(&layout);
    builder.fill_every();
    add(&mut builder, &flat(3.9));
    add(&mut builder, &flat(1.9));
    let plan = finish(builder, &layout, &[0.0, 4.0], &[]);
    let grid = painted(&plan, &layout, (4, 4), look(GlyphSet::Ascii));
    assert_eq!(grounds(&grid, &series_tints()), ["0000", "0000", "1111", "1111"]);
}

#[test]
fn bands_tint_what_is_above_each_threshold() {
    let layout = Layout::new(4, 4, Unit::None, GlyphSet::Ascii);
    let mut builder = builder(&layout);
    builder.bands();
    let none = Label::default();
    let thresholds = [(1.5, none.clone(), Role::Warning), (2.5, none, Role::Failure)];
    let plan = finish(builder, &layout, &[0.0, 4.0], &thresholds);
    let theme = look(GlyphSet::Ascii).theme;
    let tints = [Role::Warning, Role::Failure].map(|role| theme.tint_of(theme.style(role)));
    let grid = painted(&plan, &layout, (4, 4), look(GlyphSet::Ascii));
    assert_eq!(grounds(&grid, &tints), ["1111", "0000", "....", "...."]);
}

#[test]
fn annotations_stand_at_their_moment_and_their_labels_apart() {
    let layout = Layout::new(20, 4, Unit::None, GlyphSet::Ascii);
    let mut builder = builder(&layout);
    for (before, text) in [(57, "deploy"), (45, "again"), (43, "third"), (1, "end"), (99, "long ago")] {
        let at = Wall(EDGE.0 - before * 1_000);
        builder.annotate(Annotation { at, label: Label::plain(text), role: Role::Strong });
    }
    let plan = finish(builder, &layout, &[0.0, 4.0], &[]);
    assert_eq!(plan.annotations.len(), 4, "what lies outside is left out");
    let grid = painted(&plan, &layout, (20, 4), look(GlyphSet::Ascii));
    check(&grid, &[":deploy         end:", ":   :again         :", ":   ::third        :", ":   ::             :"]);
}

#[test]
fn of_what_a_log_says_the_beginning_is_shown_and_the_worst_of_a_column() {
    let layout = Layout::new(20, 4, Unit::None, GlyphSet::Ascii);
    let mut builder = builder(&layout);
    for (text, role) in [("disk full", Role::Failure), ("a very long story", Role::Warning), ("", Role::Muted)] {
        builder.annotate(Annotation { at: Wall(EDGE.0 - 40_000), label: Label::plain(text), role });
    }
    let plan = finish(builder, &layout, &[0.0, 4.0], &[]);
    let grid = painted(&plan, &layout, (20, 4), look(GlyphSet::Ascii));
    check(&grid, &["      :disk ~", "      :a ver~", "      :", "      :"]);
    let failure = look(GlyphSet::Ascii).theme.style(Role::Failure);
    assert!((0..4).all(|y| grid.cell(6, y).style == failure));
}

#[test]
fn without_colours_edges_tell_areas_apart() {
    let layout = Layout::new(6, 4, Unit::None, GlyphSet::Braille);
    let mut builder = builder(&layout);
    builder.stack();
    add(&mut builder, &flat(1.5));
    add(&mut builder, &flat(2.0));
    let plan = finish(builder, &layout, &[4.0], &[]);
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Braille };
    let grid = painted(&plan, &layout, (6, 4), mono);
    assert_ne!(grid.cell(0, 0).style, grid.cell(0, 2).style);
    assert_ne!((grid.cell(0, 0).text(), grid.cell(0, 2).text()), (" ", " "));
}

proptest! {
    #[test]
    fn any_area_stays_inside_at_any_size(
        lines in proptest::collection::vec(proptest::collection::vec((0i64..80, any::<f64>()), 0..20), 0..10),
        marks in proptest::collection::vec((-10i64..80, "[a-z]{0,9}"), 0..6),
        thresholds in proptest::collection::vec(-10.0..10.0, 0..3),
        width in 0u16..60, height in 0u16..12, mode in 0usize..4,
    ) {
        for glyphs in GLYPH_SETS {
            let layout = Layout::new(width, height, Unit::None, glyphs);
            let mut builder = builder(&layout);
            [LineBuilder::bands, LineBuilder::fill, LineBuilder::fill_every, LineBuilder::stack][mode](&mut builder);
            for line in &lines {
                let mut line = line.clone();
                line.sort_by_key(|(before, _)| -before);
                add(&mut builder, &line);
            }
            for (before, text) in &marks {
                let at = Wall(EDGE.0 - before * 1_000);
                builder.annotate(Annotation { at, label: Label::plain(text), role: Role::Strong });
            }
            builder.bands();
            let thresholds: Vec<_> = thresholds.iter().map(|at| (*at, Label::plain("t"), Role::Warning)).collect();
            let plan = finish(builder, &layout, &[0.0], &thresholds);
            for stroke in plan.lines.iter().flat_map(|line| &line.strokes) {
                prop_assert!(0.0 <= stroke.low && stroke.low <= stroke.high && stroke.high <= 1.0, "{stroke:?}");
            }
            let grid = drawn_inside(width, height, |canvas| paint(&plan, &layout, canvas, look(glyphs)));
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
        }
    }
}
