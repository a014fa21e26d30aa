use proptest::prelude::*;

use super::*;
use crate::frame::{Attrs, Grid};
use crate::model::{Palette, spec};
use crate::widget::Theme;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};

fn gauge(name: &str, share: f32, detail: &str) -> Gauge {
    let value = format!("{:>4.0}%", share * 100.0);
    Gauge::new(Label::plain(name), share, Label::plain(&value), Label::plain(detail))
}

fn cores(count: usize) -> Vec<Gauge> {
    (0..count).map(|core| gauge(&core.to_string(), core as f32 / count as f32, "")).collect()
}

fn picture(gauges: &[Gauge], width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    let plan = GaugePlan { gauges: gauges.to_vec() };
    drawn(width, height, |canvas| paint(&plan, canvas, look(glyphs)))
}

#[test]
fn bars_line_up_and_show_half_cells() {
    let gauges = [gauge("RAM", 0.36, ""), gauge("swap", 0.5, "")];
    check(&picture(&gauges, 24, 3, GlyphSet::Braille), &["RAM  ━━━━╾────────   36%", "", "swap ━━━━━━╾──────   50%"]);
    check(&picture(&gauges, 24, 2, GlyphSet::Block), &["RAM  ████▌░░░░░░░░   36%", "swap ██████▌░░░░░░   50%"]);
    check(&picture(&gauges, 24, 2, GlyphSet::Ascii), &["RAM  #####........   36%", "swap #######......   50%"]);
}

#[test]
fn a_detail_goes_below_or_inside_or_away() {
    let gauges = [gauge("RAM", 0.5, "8 of 16 GiB"), gauge("swap", 0.0, "none")];
    check(
        &picture(&gauges, 24, 5, GlyphSet::Braille),
        &["RAM  ━━━━━━╾──────   50%", "     8 of 16 GiB", "", "swap ─────────────    0%", "     none"],
    );
    check(
        &picture(&gauges, 40, 2, GlyphSet::Braille),
        &["RAM  ━━━━━━━╾───────  8 of 16 GiB    50%", "swap ───────────────         none     0%"],
    );
    check(&picture(&gauges, 24, 2, GlyphSet::Ascii), &["RAM  #######......   50%", "swap .............    0%"]);
    let long = [gauge("RAM", 0.5, "101.6 GiB of 125.8 GiB")];
    check(&picture(&long, 26, 2, GlyphSet::Ascii), &["RAM ########........   50%", "    101.6 GiB of 125.8 GiB"]);
    check(&picture(&long, 25, 2, GlyphSet::Ascii), &["RAM ########.......   50%", ""]);
}

#[test]
fn without_room_the_bar_goes_first_and_the_name_then() {
    let gauges = [gauge("RAM", 0.36, "")];
    check(&picture(&gauges, 12, 1, GlyphSet::Braille), &["RAM      36%"]);
    check(&picture(&gauges, 6, 1, GlyphSet::Braille), &["36%"]);
    check(&picture(&gauges, 4, 1, GlyphSet::Braille), &["36%"]);
    check(&picture(&gauges, 2, 1, GlyphSet::Braille), &["…"]);
    check(&picture(&gauges, 2, 1, GlyphSet::Ascii), &["~"]);
    let unknown = [Gauge::unknown(Label::plain("swap"), Label::plain("unknown"))];
    check(&picture(&unknown, 4, 1, GlyphSet::Braille), &["unk…"]);
}

#[test]
fn more_gauges_than_rows_take_columns() {
    check(
        &picture(&cores(4), 31, 2, GlyphSet::Ascii),
        &["0 ......    0%   2 ###...   50%", "1 ##....   25%   3 #####.   75%"],
    );
}

#[test]
fn more_gauges_than_columns_stand_upright_and_none_is_forgotten() {
    check(&picture(&cores(8), 8, 2, GlyphSet::Ascii), &["........", ".#######"]);
    check(&picture(&cores(4), 11, 2, GlyphSet::Ascii), &[".. .. .. ..", ".. ## ## ##"]);
    check(&picture(&cores(20), 10, 1, GlyphSet::Ascii), &[".##### +14"]);
    check(&picture(&cores(8), 8, 1, GlyphSet::Braille), &["█▁▂▃▄▅▆▇"]);
}

#[test]
fn little_is_not_nothing_and_much_is_not_all() {
    let bar = |share: f32| picture(&[gauge("", share, "")], 16, 1, GlyphSet::Ascii).row_text(0);
    assert_eq!(bar(0.0), "..........    0%");
    assert_eq!(bar(0.001), "#.........    0%");
    assert_eq!(bar(0.999), "#########.  100%");
    assert_eq!(bar(1.0), "##########  100%");
}

#[test]
fn a_gauge_without_data_says_so_and_has_no_bar() {
    let unknown = [Gauge::unknown(Label::plain("swap"), Label::plain("unknown"))];
    check(&picture(&unknown, 24, 1, GlyphSet::Braille), &["swap ─────────── unknown"]);
}

#[test]
fn without_colours_a_critical_bar_is_full_and_only_its_text_is_reversed() {
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Braille };
    let reversed = |gauge: Gauge, width: u16, height: u16| -> (Grid, String) {
        let grid = drawn(width, height, |canvas| paint(&GaugePlan { gauges: vec![gauge; 3] }, canvas, mono));
        let is = |x: u16| grid.cell(x, 0).style.attrs.contains(Attrs::REVERSE);
        let row = (0..width).map(|x| if is(x) { 'R' } else { '.' }).collect();
        (grid, row)
    };
    let (grid, row) = reversed(gauge("RAM", 1.0, ""), 20, 3);
    check(&grid, &["RAM ━━━━━━━━━━  100%"; 3]);
    assert_eq!(row, "...............RRRRR");
    let (grid, row) = reversed(gauge("RAM", 1.0, ""), 5, 2);
    check(&grid, &["█ █ █"; 2]);
    assert_eq!(row, ".....");
}

#[test]
fn levels_follow_from_the_share() {
    let level = |share: f32| gauge("", share, "").level;
    assert_eq!([0.0, 0.74, 0.75, 0.89, 0.9, 1.0].map(level), {
        use Level::{Critical, Good, High};
        [Good, Good, High, High, Critical, Critical]
    });
    assert_eq!(Gauge::new(Label::plain(""), f32::NAN, Label::plain(""), Label::plain("")).share, Some(0.0));
}

proptest! {
    #[test]
    fn any_gauges_fit_any_size(
        shares in proptest::collection::vec(-1.0f32..2.0, 0..40),
        width in 1u16..60,
        height in 1u16..12,
    ) {
        let gauges: Vec<Gauge> = shares.iter().map(|share| gauge("cpu", *share, "of it")).collect();
        for glyphs in GLYPH_SETS {
            let grid = picture(&gauges, width, height, glyphs);
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
        }
    }
}
