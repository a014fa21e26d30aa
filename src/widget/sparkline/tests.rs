use proptest::prelude::*;

use super::*;
use crate::frame::{Glyph, Grid, Style};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};

fn picture(values: &[f64], width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    let plan = SparkPlan::of_values(values, &[]);
    drawn(width, height, |canvas| paint(&plan, canvas, look(glyphs)))
}

fn saw() -> Vec<f64> {
    (0..16).map(|index| f64::from(index % 8)).collect()
}

#[test]
fn a_saw_looks_like_one_in_every_glyph_set() {
    check(&picture(&saw(), 16, 1, GlyphSet::Block), &["▁▁▂▃▅▆▇█▁▁▂▃▅▆▇█"]);
    check(&picture(&saw(), 16, 1, GlyphSet::Ascii), &["__.--=^^__.--=^^"]);
    check(&picture(&saw(), 16, 1, GlyphSet::Braille), &["⢀⣠⠤⠴⠒⠚⠉⠉⢆⣠⠤⠴⠒⠚⠉⠉"]);
    check(&picture(&saw(), 16, 2, GlyphSet::Block), &["    ▁▃▆█    ▁▃▆█", "▁▂▅▇████▁▂▅▇████"]);
    check(&picture(&saw(), 16, 2, GlyphSet::Ascii), &["     .:|     .:|", "..:|||||..:|||||"]);
    check(&picture(&saw(), 8, 2, GlyphSet::Braille), &["  ⡠⢺  ⡠⠊", "⡠⠊  ⡧⠊"]);
}

#[test]
fn a_gap_stays_a_gap_and_zero_is_none() {
    let values = [3.0, 3.0, f64::NAN, f64::INFINITY, 0.0, 0.0, 3.0, 3.0];
    check(&picture(&values, 8, 1, GlyphSet::Block), &["██  ▁▁██"]);
    check(&picture(&values, 8, 1, GlyphSet::Ascii), &["^^  __^^"]);
    let far = [(0, 1.0), (1_000, 1.0), (5_000, 1.0), (6_000, 1.0)].map(|(at, value)| (Wall(at), value));
    let scale = TimeScale::new(Wall(7_999), 8_000, 8);
    let plan = SparkPlan::over_time(scale, far, 2_000, &[0.0]);
    check(&drawn(8, 1, |canvas| paint(&plan, canvas, look(GlyphSet::Block))), &["██   ██"]);
    let plan = SparkPlan::over_time(scale, far, 5_000, &[0.0]);
    check(&drawn(8, 1, |canvas| paint(&plan, canvas, look(GlyphSet::Block))), &["███████"]);
}

#[test]
fn a_peak_among_many_values_is_not_lost() {
    let mut values = vec![1.0; 100_000];
    values[77_777] = 9.0;
    for glyphs in GLYPH_SETS {
        let plan = SparkPlan::of_values(&values, &[0.0]);
        assert!(plan.strokes.iter().any(|stroke| stroke.high == 1.0) && plan.strokes.len() <= BINS_MAX);
        let grid = drawn(20, 3, |canvas| paint(&plan, canvas, look(glyphs)));
        assert_ne!(grid.row_text(0).trim(), "", "{glyphs:?}");
    }
}

#[test]
fn what_never_moves_lies_in_the_middle_and_nothing_at_the_bottom() {
    check(&picture(&[5.0; 4], 4, 1, GlyphSet::Block), &["▄▄▄▄"]);
    check(&picture(&[0.0; 4], 4, 1, GlyphSet::Block), &["▁▁▁▁"]);
    check(&picture(&[], 4, 1, GlyphSet::Block), &[""]);
}

proptest! {
    #[test]
    fn any_values_stay_inside_any_area(
        values in proptest::collection::vec(prop_oneof![any::<f64>(), -5.0..5.0f64], 0..60),
        (width, height) in (0u16..30, 0u16..6),
    ) {
        let plan = SparkPlan::of_values(&values, &[]);
        for glyphs in GLYPH_SETS {
            let grid = drawn_inside(width, height, |canvas| {
                canvas.fill(canvas.area(), Glyph::BLANK, Style::new());
                paint(&plan, canvas, look(glyphs));
            });
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
        }
    }
}
