use proptest::prelude::*;

use super::*;
use crate::frame::{Attrs, Grid};
use crate::model::{Palette, spec};
use crate::widget::Theme;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};

fn load() -> StatPlan {
    let course: Vec<f64> = (0..32).map(|index| f64::from(index % 8)).collect();
    StatPlan::new(Some(42.06), Unit::Percent, None)
        .against(Some(42.06), Some(38.9), Unit::Percent, Some(false))
        .with_course(SparkPlan::of_values(&course, &[]))
}

fn picture(plan: &StatPlan, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| paint(plan, canvas, look(glyphs)))
}

#[test]
fn every_digit_can_be_read_in_both_sizes() {
    let digits = |number: f64, glyphs| {
        let plan = StatPlan { number: Label::plain(&format!("{number}")), ..StatPlan::default() };
        picture(&plan, 40, 3, glyphs)
    };
    check(
        &digits(1234567890.0, GlyphSet::Block),
        &[
            "▀█  ▀▀█ ▀▀█ █ █ █▀▀ █▀▀ ▀▀█ █▀█ █▀█ █▀█",
            " █  █▀▀ ▀▀█ ▀▀█ ▀▀█ █▀█   █ █▀█ ▀▀█ █ █",
            "▀▀▀ ▀▀▀ ▀▀▀   ▀ ▀▀▀ ▀▀▀   ▀ ▀▀▀ ▀▀▀ ▀▀▀",
        ],
    );
    check(
        &digits(1234567890.0, GlyphSet::Ascii),
        &[
            "     _   _       _   _   _   _   _   _",
            "  |  _|  _| |_| |_  |_    | |_| |_| | |",
            "  | |_   _|   |  _| |_|   | |_|  _| |_|",
        ],
    );
    let large = |glyphs| picture(&StatPlan::new(Some(-4.2), Unit::Celsius, None), 36, 5, glyphs);
    check(
        &large(GlyphSet::Braille),
        &[
            "        ██  ██      ██████",
            "        ██  ██          ██",
            "██████  ██████      ██████",
            "            ██      ██",
            "            ██  ██  ██████ °C",
        ],
    );
    check(
        &large(GlyphSet::Ascii),
        &[
            "        ##  ##      ######",
            "        ##  ##          ##",
            "######  ######      ######",
            "            ##      ##",
            "            ##  ##  ###### °C",
        ],
    );
}

#[test]
fn what_there_is_no_room_for_goes_course_first() {
    check(
        &picture(&load(), 40, 9, GlyphSet::Block),
        &[
            "██  ██  ██████      ████    ▲ +3.2 pts",
            "██  ██      ██        ██",
            "██████  ██████        ██",
            "    ██  ██            ██",
            "    ██  ██████  ██  ██████ %",
            "",
            "      ▁▃▅█      ▁▃▅█      ▁▃▅█      ▁▃▅█",
            "    ▂▆████    ▂▆████    ▂▆████    ▂▆████",
            "▁▃▅▇██████▁▃▅▇██████▁▃▅▇██████▁▃▅▇██████",
        ],
    );
    check(
        &picture(&load(), 32, 5, GlyphSet::Block),
        &[
            "█ █ ▀▀█   ▀█   ▲ +3.2 pts",
            "▀▀█ █▀▀    █",
            "  ▀ ▀▀▀ ▀ ▀▀▀ %",
            "    ▁▃▆█    ▁▃▆█    ▁▃▆█    ▁▃▆█",
            "▁▂▅▇████▁▂▅▇████▁▂▅▇████▁▂▅▇████",
        ],
    );
    check(
        &picture(&load(), 17, 5, GlyphSet::Ascii),
        &["     _", "|_|  _|     |", "  | |_  .   | %", "+3.2 pts", "_-=^_.-^^.-^^_-=^"],
    );
    check(&picture(&load(), 30, 2, GlyphSet::Block), &["42.1%  ▲ +3.2 pts", "▁▁▂▃▅▆▇█▁▂▃▅▆▇█▁▁▂▃▅▆▇█▁▂▃▅▆▇█"]);
    check(&picture(&load(), 30, 1, GlyphSet::Ascii), &["42.1%  +3.2 pts  _-^^-^^-=^.=^"]);
    check(&picture(&load(), 6, 1, GlyphSet::Ascii), &["42.1%"]);
    check(&picture(&load(), 3, 1, GlyphSet::Ascii), &["~"]);
}

#[test]
fn a_change_has_its_sign_and_arrow_and_none_where_it_reads_as_nothing() {
    let change = |value: f64, earlier: f64, unit| {
        let delta = Delta::new(value, earlier, unit, None)?;
        Some(delta.label(look(GlyphSet::Block)).as_str().to_owned())
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(change(103.2, 100.0, Unit::None), text("▲ +3.2%"));
    assert_eq!(change(50.0, 100.0, Unit::None), text("▼ -50.0%"));
    assert_eq!(change(-50.0, -100.0, Unit::None), text("▲ +50.0%"));
    assert_eq!(change(100.01, 100.0, Unit::None), text("= 0.0%"));
    assert_eq!(change(2048.0, 0.0, Unit::Bytes), text("▲ +2.0 KiB"));
    assert_eq!(change(0.0, 0.0, Unit::None), text("= 0"));
    assert_eq!(change(45.0, 42.0, Unit::Percent), text("▲ +3.0 pts"));
    assert_eq!(change(f64::NAN, 1.0, Unit::None), None);
    assert_eq!(change(f64::MAX, f64::MIN, Unit::None), None);
}

#[test]
fn without_a_value_nothing_is_shown_but_that() {
    check(&picture(&StatPlan::new(None, Unit::Bytes, None), 20, 3, GlyphSet::Block), &["", "n/a", ""]);
    check(&picture(&StatPlan::new(Some(f64::NAN), Unit::Bytes, None), 20, 1, GlyphSet::Block), &["n/a"]);
}

#[test]
fn without_colours_a_mark_says_the_level_and_digits_are_no_holes() {
    let plan = StatPlan::new(Some(97.0), Unit::Percent, None).with_level(Level::Critical);
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Block };
    let grid = drawn(30, 3, |canvas| paint(&plan, canvas, mono));
    assert!(grid.row_text(2).contains("% !!"), "{}", grid.to_text());
    assert!(!grid.cell(0, 0).style.attrs.contains(Attrs::REVERSE));
    let grid = drawn(30, 1, |canvas| paint(&plan, canvas, mono));
    assert_eq!(grid.row_text(0).trim(), "97.0% !!");
}

proptest! {
    #[test]
    fn any_stat_stays_inside_any_area(value in any::<f64>(), earlier in any::<f64>(), width in 0u16..60, height in 0u16..12) {
        let plan = StatPlan::new(Some(value), Unit::BytesPerSecond, None)
            .against(Some(value), Some(earlier), Unit::BytesPerSecond, Some(true))
            .with_course(SparkPlan::of_values(&[1.0, value, earlier, 0.0], &[]));
        for glyphs in GLYPH_SETS {
            let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
        }
    }
}
