//! Laws that every widget keeps, tried on all of them.

mod cases;
mod numbers;

use super::Look;
use super::testing::{GLYPH_SETS, drawn, look};
use crate::base::{Rect, Size, limits};
use crate::frame::{Attrs, Color, Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::Theme;
use cases::{Case, SHAPES};

/// Nothing that a widget would draw.
const MARK: (Glyph, Style) =
    (Glyph::new('@'), Style { fg: Color::rgb(1, 2, 3), bg: Color::rgb(4, 5, 6), attrs: Attrs::UNDERLINE });

/// Blank columns and rows round a widget: as wide as a wide cluster and more.
const MARGIN: (u16, u16) = (3, 2);

/// Draws into the middle of a marked grid and asserts that all marks round it are as they were.
fn inside(case: &Case, shape: usize, (width, height): (u16, u16), look: Look) {
    let grid = || {
        let mut grid = Grid::new(Size::clamped(width + 2 * MARGIN.0, height + 2 * MARGIN.1));
        let mut canvas = grid.canvas();
        canvas.fill(canvas.area(), MARK.0, MARK.1);
        grid
    };
    let (mut seen, marked) = (grid(), grid());
    let place = Rect::new(MARGIN.0, MARGIN.1, width, height);
    let (name, points) = SHAPES[shape];
    (case.paint)(&points(), &mut seen.canvas().sub(place), look);
    let picture = seen.clone();
    seen.canvas().fill(place, MARK.0, MARK.1);
    assert!(seen == marked, "{} of {name} at {width}x{height}, {:?}:\n{picture:?}", case.name, look.glyphs);
}

/// Texts are what they are; shapes keep to the characters of their set.
fn plain(case: &Case, shape: usize) {
    let is_plain = |c: char| c.is_ascii() || "中文".contains(c);
    for (width, height) in [(12, 3), (24, 7), (60, 16)] {
        let grid = drawn(width, height, |canvas| {
            (case.paint)(&SHAPES[shape].1(), canvas, look(GlyphSet::Ascii));
        });
        assert!(grid.to_text().chars().all(is_plain), "{} of {}:\n{grid:?}", case.name, SHAPES[shape].0);
    }
}

/// In colour and without.
fn looks() -> Vec<Look> {
    let themes = [Palette::Truecolor, Palette::Mono].map(|palette| Theme::of(spec::Theme::Dark, palette));
    GLYPH_SETS.into_iter().flat_map(|glyphs| themes.map(|theme| Look { theme, glyphs })).collect()
}

/// All small sizes, each shape and size in another look; the thinnest and the largest.
fn stays_inside(name: &str) {
    let case = cases::ALL.iter().find(|case| case.name == name).expect("invariant: every case has a test");
    let looks = looks();
    let mut turn = 0;
    for (width, height) in (0..=24).flat_map(|width| (0..=12).map(move |height| (width, height))) {
        for shape in 0..SHAPES.len() {
            inside(case, shape, (width, height), looks[turn % looks.len()]);
            turn += 1;
        }
        // So that a shape meets every look as sizes go by.
        turn += 1;
    }
    let (cols, rows) = (limits::COLS_MAX - 2 * MARGIN.0, limits::ROWS_MAX - 2 * MARGIN.1);
    for shape in 0..SHAPES.len() {
        plain(case, shape);
        for size in [(cols, 1), (1, rows)] {
            inside(case, shape, size, looks[turn % looks.len()]);
            turn += 1;
        }
    }
    inside(case, 5, (cols, rows), looks[0]);
}

macro_rules! every_case {
    ($($test:ident $name:literal)*) => {
        mod nothing_is_drawn_outside_at_any_size_from_any_data {
            $(#[test] fn $test() { super::stays_inside($name); })*
        }

        #[test]
        fn every_widget_is_tried() {
            let tried: &[&str] = &[$($name),*];
            assert!(cases::ALL.iter().map(|case| case.name).eq(tried.iter().copied()));
        }
    };
}

every_case! {
    line "line"
    area "area"
    sparkline "sparkline"
    bars_across "bars across"
    bars_upright "bars upright"
    bars_grouped "bars grouped"
    histogram "histogram"
    heatmap "heatmap"
    buckets "buckets"
    gauge "gauge"
    stat "stat"
    progress "progress"
    table "table"
    states "states"
    log "log"
    facts "facts"
    words "words"
    panel "panel"
    snow "snow"
    fountain "fountain"
    rain "rain"
}

/// A single spike among many points is seen, wherever it stands and however few bins there are.
#[test]
fn down_sampling_keeps_extremes() {
    const POINTS: usize = 1_000;
    for bins in [1, 2, 3, 7, 24, 100] {
        for (at, sign) in [(0, 1.0), (1, -1.0), (499, 1.0), (500, -1.0), (777, 1.0), (POINTS - 1, -1.0)] {
            let value = |point: usize| if point == at { 1_000.0 * sign } else { (point % 7) as f64 };
            let points: Vec<(i64, f64)> = (0..POINTS).map(|point| (point as i64 * 60, value(point))).collect();
            for (name, extremes) in cases::extremes(&points, bins) {
                let [low, high] = extremes;
                let wanted = if sign > 0.0 { high } else { low };
                assert!(wanted, "{name}: the spike of point {at} is lost in {bins} bins");
            }
        }
    }
}

#[test]
fn looks_are_all_looks() {
    assert_eq!(looks().len(), 6);
    assert!(looks().iter().any(|look| !look.theme.coloured && look.glyphs == GlyphSet::Block));
    assert!(look(GlyphSet::Braille).theme.coloured);
}
