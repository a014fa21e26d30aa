use proptest::prelude::*;

use super::*;
use crate::frame::{Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};
use crate::widget::{Look, Role, Theme, time_axis};

const EDGE: Wall = Wall(1_780_000_000_000);
const SECOND: u64 = 1_000;

fn mono(glyphs: GlyphSet) -> Look {
    Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs }
}

fn names(count: usize) -> Rows {
    Rows::Names((0..count).map(|row| Label::plain(&format!("r{row}"))).collect())
}

fn buckets(count: usize) -> Rows {
    Rows::Buckets { bounds: (0..=count).map(|bound| bound as f64).collect(), unit: Unit::Seconds }
}

/// One value a second in each row, the newest last; one that is not finite is none.
fn plan(rows: Rows, values: &[&[f64]], layout: &Layout) -> HeatmapPlan {
    let bins = layout.bins();
    let mut builder = HeatmapBuilder::new(TimeScale::new(EDGE, u64::from(bins) * SECOND, bins), rows);
    for (row, values) in values.iter().enumerate() {
        let at = |index: usize| Wall(EDGE.0 - ((values.len() - 1 - index) as i64) * SECOND as i64);
        builder.row(row, values.iter().enumerate().map(|(index, value)| (at(index), *value)), SECOND);
    }
    builder.finish(Unit::None, &[0.0], &time_axis::zone("UTC"), layout)
}

fn picture(rows: Rows, values: &[&[f64]], size: (u16, u16), look: Look) -> Grid {
    let layout = Layout::new(size.0, size.1, &rows);
    let plan = plan(rows, values, &layout);
    drawn(size.0, size.1, |canvas| paint(&plan, &layout, canvas, look))
}

const RISING: &[f64] = &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
const GAPPY: &[f64] = &[0.0, 10.0, f64::NAN, f64::NAN, 10.0];

#[test]
fn without_colours_glyphs_tell_how_much_and_a_gap_is_no_zero() {
    check(
        &picture(names(2), &[RISING, GAPPY], (16, 2), mono(GlyphSet::Ascii)),
        &["r0 // .:-=+*#%@@", "r1 //////// @//@"],
    );
    check(
        &picture(names(2), &[RISING, GAPPY], (16, 2), mono(GlyphSet::Braille)),
        &["r0 ╱╱ ░░▒▒▓▓▓███", "r1 ╱╱╱╱╱╱╱╱ █╱╱█"],
    );
    check(&picture(names(1), &[&[10.0, 0.001]], (4, 1), mono(GlyphSet::Block)), &["//█░"]);
}

#[test]
fn a_value_holds_until_the_next_but_no_longer_than_a_gap() {
    let layout = Layout::new(8, 1, &names(1));
    let held = |gap_ms| {
        let mut builder = HeatmapBuilder::new(TimeScale::new(EDGE, 8 * SECOND, 8), names(1));
        let at = |s: i64| Wall(EDGE.0 - s * SECOND as i64);
        builder.row(0, [(at(9), 3.0), (at(5), 1.0), (at(4), f64::NAN), (at(1), 2.0)].into_iter(), gap_ms);
        let plan = builder.finish(Unit::None, &[0.0, 4.0], &time_axis::zone("UTC"), &layout);
        plan.heat.iter().map(|heat| heat.map_or('.', |heat| char::from(b'0' + (heat * 4.0) as u8))).collect::<String>()
    };
    assert_eq!(held(1), "..1...2.");
    assert_eq!(held(2 * SECOND), "..11..22");
    assert_eq!(held(u64::MAX), "33111122");
}

#[test]
fn no_extreme_is_lost_in_a_bin_or_in_a_row() {
    let layout = Layout::new(2, 2, &buckets(8));
    let mut builder = HeatmapBuilder::new(TimeScale::new(EDGE, 100 * SECOND, 2), buckets(8));
    let spike = |s: i64| if s == 70 { 9.0 } else { 1.0 };
    builder.row(6, (0..100).map(|s| (Wall(EDGE.0 - (99 - s) * SECOND as i64), spike(s))), SECOND);
    let plan = builder.finish(Unit::None, &[0.0, 9.0], &time_axis::zone("UTC"), &layout);
    let grid = drawn(2, 2, |canvas| paint(&plan, &layout, canvas, mono(GlyphSet::Ascii)));
    check(&grid, &["@:", "//"]);
}

#[test]
fn buckets_rise_from_the_bottom_and_are_labelled_where_they_begin() {
    let values: [&[f64]; 4] = [&[1.0], &[2.0], &[3.0], &[4.0]];
    check(
        &picture(buckets(4), &values, (17, 4), mono(GlyphSet::Ascii)),
        &["    ////////////@", "2 s ////////////#", "    ////////////+", "0 s ////////////-"],
    );
    check(
        &picture(buckets(2), &values[..2], (17, 4), mono(GlyphSet::Ascii)),
        &["    ////////////@", "1 s ////////////@", "    ////////////+", "0 s ////////////+"],
    );
}

#[test]
fn buckets_without_room_are_drawn_as_one_and_things_are_counted() {
    let values: Vec<&[f64]> = vec![&[1.0], &[8.0], &[2.0], &[3.0]];
    check(&picture(buckets(4), &values, (8, 2), mono(GlyphSet::Ascii)), &["///////=", "///////@"]);
    check(&picture(names(4), &values, (16, 3), mono(GlyphSet::Ascii)), &["r0 ////////////:", "r1 ////////////@", "+2"]);
}

#[test]
fn in_true_colour_a_row_of_cells_shows_two_rows_of_data() {
    let values: Vec<&[f64]> = vec![&[0.0], &[10.0], &[5.0]];
    let look = look(GlyphSet::Block);
    let grid = picture(names(3), &values, (4, 2), look);
    let (upper, lower) = (grid.cell(3, 0), grid.cell(3, 1));
    assert_eq!((upper.text(), lower.text()), ("▀", "▀"));
    assert_eq!((upper.style.fg, upper.style.bg), (look.theme.heat(0.0), look.theme.heat(1.0)));
    assert_eq!((lower.style.fg, lower.style.bg), (look.theme.heat(0.5), look.theme.style(Role::Ground).bg));
    assert_eq!(grid.cell(0, 0).text(), "/");
}

#[test]
fn the_colours_are_explained_below_the_times_where_there_is_room() {
    let values: Vec<&[f64]> = vec![RISING, GAPPY];
    let rows = |height| {
        let grid = picture(names(2), &values, (44, height), mono(GlyphSet::Ascii));
        (0..height).map(|y| grid.row_text(y).trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows(8)[7], "   0  ..:::--===++***##%%%@@@ 10  / no data");
    assert_eq!(rows(8)[6], "   |20:26:00      |20:26:15      |20:26:30");
    assert_eq!(rows(7)[6], "   |20:26:00      |20:26:15      |20:26:30");
    assert!(rows(4)[3].ends_with("@//@"), "{:?}", rows(4));
    assert!(rows(9)[6].contains("|20:26:00") && rows(9)[8].is_empty(), "rows that fill no plot: {:?}", rows(9));
}

#[test]
fn data_that_says_little_is_drawn_all_the_same() {
    let end = |values: &[f64]| picture(names(1), &[values], (3, 1), mono(GlyphSet::Ascii)).row_text(0);
    assert_eq!(end(&[]), "///");
    assert_eq!(end(&[f64::INFINITY, f64::NAN]), "///");
    assert_eq!(end(&[0.0, 0.0]), "/  ");
    assert_eq!(end(&[-1e308, 1e308]), "/ @");
    assert_eq!(end(&[7.0, 7.0]).chars().collect::<std::collections::BTreeSet<_>>().len(), 2);
    let none = Rows::Buckets { bounds: vec![f64::NAN], unit: Unit::None };
    check(&picture(none, &[&[1.0]], (3, 1), mono(GlyphSet::Ascii)), &[""]);
}

#[test]
fn a_row_that_is_not_there_takes_nothing() {
    assert!(plan(names(0), &[&[1.0]], &Layout::new(5, 5, &names(0))).is_empty());
}

proptest! {
    #[test]
    fn any_heatmap_stays_inside_any_size(
        count in 0usize..30,
        values in proptest::collection::vec(proptest::collection::vec(prop_oneof![any::<f64>(), 0.0..9.0], 0..9), 0..9),
        is_named in any::<bool>(),
        size in (0u16..60, 0u16..14),
        palette in prop_oneof![Just(Palette::Truecolor), Just(Palette::Indexed), Just(Palette::Ansi), Just(Palette::Mono)],
    ) {
        let rows = || if is_named { names(count) } else { buckets(count) };
        let layout = Layout::new(size.0, size.1, &rows());
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let plan = plan(rows(), &values, &layout);
        prop_assert!(plan.heat.iter().flatten().all(|heat| (0.0..=1.0).contains(heat)));
        for glyphs in GLYPH_SETS {
            let look = Look { theme: Theme::of(spec::Theme::Dark, palette), glyphs };
            let area = Rect::new(2, 1, size.0, size.1);
            let grid = drawn(size.0 + 4, size.1 + 2, |canvas| {
                canvas.fill(canvas.area(), Glyph::new('%'), Style::new());
                paint(&plan, &layout, &mut canvas.sub(area), look);
            });
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
            for (x, y) in (0..size.0 + 4).flat_map(|x| (0..size.1 + 2).map(move |y| (x, y))) {
                let inside = x >= 2 && x < area.right() && y >= 1 && y < area.bottom();
                prop_assert!(inside || grid.cell(x, y).text() == "%", "drawn outside at {x},{y}");
            }
        }
    }
}
