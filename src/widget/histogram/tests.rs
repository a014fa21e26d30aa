use proptest::prelude::*;

use super::*;
use crate::frame::Grid;
use crate::model::GlyphSet;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};

/// Many short answers and a long tail, in seconds.
fn answers() -> Vec<f64> {
    (1..=400).map(|index| 0.02 + 0.2 / f64::from(index % 40 + 1) + f64::from(index % 7) * 0.004).collect()
}

fn buckets() -> Vec<(f64, f64)> {
    vec![
        (0.005, 12.0),
        (0.01, 80.0),
        (0.025, 300.0),
        (0.05, 390.0),
        (0.1, 430.0),
        (0.25, 445.0),
        (f64::INFINITY, 450.0),
    ]
}

fn picture(plan: &HistogramPlan, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| paint(plan, canvas, look(glyphs)))
}

#[test]
fn raw_values_are_counted_in_human_bins() {
    let plan = HistogramPlan::of_values(&answers(), Unit::Seconds, 12, &[0.5, 0.95]);
    check(
        &picture(&plan, 60, 10, GlyphSet::Braille),
        &[
            "         p50 45.3 ms  p95 111 ms",
            "200 ┈┈┈┈▃▃▃┈┈┈┈┈┈┈┈┈┈┈╎┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "        ███           ╎",
            "    ▄▄▄ ███           ╎",
            "    ███ ███           ╎",
            "100 ███┈███┈┈┈┈┈┈┈┈┈┈┈╎┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "    ███ ███           ╎",
            "    ███ ███ ▄▄▄       ╎",
            "  0 ███ ███ ███ ▄▄▄ ▁▁▁ ▂▂▂ ▁▁▁             ▂▂▂ ▁▁▁",
            "    ╵20 ms  ╵60 ms  ╵100 ms ╵140 ms ╵180 ms ╵220 ms ╵260 ms",
        ],
    );
    check(
        &picture(&plan, 60, 10, GlyphSet::Ascii),
        &[
            "         p50 45.3 ms  p95 111 ms",
            "200      :            :",
            "        ###           :",
            "    ### ###           :",
            "    ### ###           :",
            "100 ### ###           :",
            "    ### ###           :",
            "    ### ### ###       :",
            "  0 ### ### ### ### ### ### ###             ### ###",
            "    |20 ms  |60 ms  |100 ms |140 ms |180 ms |220 ms |260 ms",
        ],
    );
    check(
        &picture(&plan, 24, 4, GlyphSet::Block),
        &["200 ▁▆┈┈┈┈┈┈┈┈┈┈", "    ██", "  0 ██▅▂▁▁▁   ▁▁", "    ╵20 ms ╵160 ms"],
    );
    check(&picture(&plan, 6, 2, GlyphSet::Block), &["▇", "█▃▁▁ ▁"]);
}

#[test]
fn ready_buckets_keep_their_edges() {
    let plan = HistogramPlan::of_buckets(&buckets(), Unit::Seconds, &[0.5, 0.95]);
    check(
        &picture(&plan, 70, 9, GlyphSet::Block),
        &[
            "                            p50 19.9 ms         p95 96.9 ms",
            "                      ▁▁▁▁▁▁▁▁                  ╎",
            "200 ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈████████┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈╎┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "                      ████████                  ╎",
            "                      ████████                  ╎",
            "100 ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈████████┈▄▄▄▄▄▄▄▄┈┈┈┈┈┈┈┈┈╎┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "             ▇▇▇▇▇▇▇▇ ████████ ████████ ▁▁▁▁▁▁▁▁╎",
            "  0 ▃▃▃▃▃▃▃▃ ████████ ████████ ████████ ████████╎▃▃▃▃▃▃▃▃ ▁▁▁▁▁▁▁▁",
            "    ╵0 s     ╵5 ms    ╵10 ms   ╵25 ms   ╵50 ms   ╵100 ms  ╵250 ms",
        ],
    );
    check(
        &picture(&plan, 40, 6, GlyphSet::Ascii),
        &[
            "                 p50 19.9 ms p95 96.9 ms",
            "              ####           :",
            "200           ####           :",
            "              ####           :",
            "  0 #### #### #### #### #### #### ####",
            "    |0 s |5 ms     |25 ms    |100 ms",
        ],
    );
}

#[test]
fn every_value_is_in_one_bin_and_its_edges_hold_it() {
    let counted = Counted::of_sorted(&[-3.0, -0.1, 0.0, 0.1, 2.9, 3.0], Unit::None, 7);
    assert_eq!(counted.edges, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(counted.counts, [1.0, 0.0, 1.0, 2.0, 0.0, 1.0, 1.0]);
}

#[test]
fn buckets_that_fall_or_repeat_hold_no_less_than_none() {
    let counted = Counted::of_buckets(&[(1.0, 5.0), (1.0, 9.0), (f64::NAN, 3.0), (2.0, 3.0), (4.0, 7.0)]);
    assert_eq!((counted.edges, counted.counts), (vec![0.0, 1.0, 2.0, 4.0], vec![5.0, 0.0, 2.0]));
}

#[test]
fn quantiles_of_buckets_lie_within_them() {
    let counted = Counted::of_buckets(&buckets());
    assert_eq!(counted.quantile(0.5).map(|value| (value * 1e4).round()), Some(199.0));
    assert_eq!(counted.quantile(1.0), Some(0.25));
    assert_eq!(Counted::of_buckets(&[]).quantile(0.5), None);
    assert_eq!(Counted::of_buckets(&[(1.0, 0.0)]).quantile(0.5), None);
}

#[test]
fn no_values_draw_nothing_and_one_a_bar() {
    let nothing = HistogramPlan::of_values(&[f64::NAN], Unit::None, 10, &[0.5]);
    assert!(nothing.is_empty() && nothing.marks.is_empty());
    check(&picture(&nothing, 10, 3, GlyphSet::Block), &["", "", ""]);
    let one = HistogramPlan::of_values(&[42.0; 9], Unit::None, 10, &[]);
    assert_eq!((one.bins.as_slice(), one.is_empty()), ([0.9].as_slice(), false));
}

proptest! {
    #[test]
    fn any_values_are_all_counted_and_stay_inside(
        values in proptest::collection::vec(prop_oneof![any::<f64>(), -5.0..5.0f64], 0..60),
        bins_max in 0u16..40,
        (width, height) in (0u16..60, 0u16..12),
    ) {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.abs() < 1e300).collect();
        sorted.sort_by(f64::total_cmp);
        let counted = Counted::of_sorted(&sorted, Unit::None, usize::from(bins_max).clamp(1, BINS_MAX));
        prop_assert_eq!(counted.counts.iter().sum::<f64>(), sorted.len() as f64);
        prop_assert!(counted.counts.len() <= usize::from(bins_max).max(2) , "{}", counted.counts.len());
        let buckets: Vec<_> = values.iter().map(|value| (*value, value.abs())).collect();
        for plan in [
            HistogramPlan::of_values(&values, Unit::Bytes, bins_max, &[0.5, 0.95]),
            HistogramPlan::of_buckets(&buckets, Unit::Bytes, &[0.5, 0.95]),
        ] {
            for glyphs in GLYPH_SETS {
                let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
                if glyphs == GlyphSet::Ascii {
                    check_ascii(&grid);
                }
            }
        }
    }
}
