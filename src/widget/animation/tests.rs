use proptest::prelude::*;

use super::*;
use crate::frame::Grid;
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::Theme;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};

const KINDS: [Kind; 3] = [Kind::Snow, Kind::Fountain, Kind::Rain];

fn picture(kind: Kind, seed: u64, frame: u64, (width, height): (u16, u16), glyphs: GlyphSet) -> Grid {
    let plan = AnimationPlan { kind, seed, frame };
    drawn(width, height, |canvas| paint(&plan, canvas, look(glyphs)))
}

/// Cells that are not blank.
fn lit(grid: &Grid) -> usize {
    grid.to_text().chars().filter(|sign| !sign.is_whitespace()).count()
}

#[test]
fn the_hash_is_splitmix64() {
    // The first numbers of its reference implementation for the seed 1234567.
    let mut dice = Dice(1_234_567);
    assert_eq!(
        [dice.next(), dice.next(), dice.next()],
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    );
}

#[test]
fn any_frame_is_the_same_whatever_was_drawn_before() {
    for kind in KINDS {
        for glyphs in GLYPH_SETS {
            let alone = picture(kind, 7, 1_000, (40, 12), glyphs);
            for frame in 990..1_000 {
                assert_ne!(picture(kind, 7, frame, (40, 12), glyphs), alone, "{kind:?} moves");
            }
            assert_eq!(picture(kind, 7, 1_000, (40, 12), glyphs), alone);
            assert_ne!(picture(kind, 8, 1_000, (40, 12), glyphs), alone, "{kind:?} goes by its seed");
        }
    }
}

#[test]
fn all_of_time_can_be_drawn() {
    for kind in KINDS {
        for frame in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let grid = picture(kind, u64::MAX, frame, (30, 10), GlyphSet::Braille);
            assert!(lit(&grid) > 5, "{kind:?} {frame}:\n{}", grid.to_text());
        }
        let late = |frame| picture(kind, 1, frame, (30, 10), GlyphSet::Braille);
        assert_ne!(late(5), late(5 + (1 << 40)), "{kind:?} goes by the whole number of the frame");
    }
}

#[test]
fn large_screens_are_as_full_as_small_ones() {
    for kind in KINDS {
        // The drift has no density; it is not there at the start.
        let share = |width: u16, height: u16| {
            let frames = 0..20u64;
            let cells = f64::from(width) * f64::from(height) * 20.0;
            let lit = frames.map(|frame| lit(&picture(kind, frame, frame, (width, height), GlyphSet::Braille)));
            lit.sum::<usize>() as f64 / cells
        };
        let (small, large) = (share(40, 20), share(160, 80));
        assert!((0.03..0.6).contains(&small) && (0.03..0.6).contains(&large), "{kind:?}: {small} {large}");
        assert!((0.5..2.0).contains(&(small / large)), "{kind:?}: {small} {large}");
    }
}

#[test]
fn pictures_are_as_they_were_drawn() {
    check(
        &picture(Kind::Snow, 1, 9_000, (24, 6), GlyphSet::Ascii),
        &[
            "   *  . +",
            "      *   .",
            "           .          .",
            "           +      +",
            "     .   .",
            "________________________",
        ],
    );
    check(
        &picture(Kind::Fountain, 1, 500, (24, 6), GlyphSet::Ascii),
        &["", "            + +", "          ++++", "         .+***.", "           **+ .", "          .**  ."],
    );
    check(
        &picture(Kind::Rain, 1, 500, (24, 6), GlyphSet::Ascii),
        &[
            " K R  R B   5 7F88E0",
            " KTZ  B Y   2 DX4Y D",
            "  28  2 =   Z  Z E",
            "4 K   B 7 F    4 0",
            "R H   X  58    8    E 4",
            "8 Y   A  H3    <    K <",
        ],
    );
    check(
        &picture(Kind::Snow, 1, 9_000, (24, 6), GlyphSet::Braille),
        &[
            "   ⡛  ⠁ ⠈",
            "      ⠛   ⠄",
            "           ⠂          ⠈",
            "           ⠁      ⠄",
            "     ⠠   ⠁",
            "⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣤⣤⣤⣤⣤",
        ],
    );
    check(
        &picture(Kind::Fountain, 1, 500, (24, 6), GlyphSet::Block),
        &["", "            ▄ ▀", "          ▄▄▄▄", "         █▄████", "           ███ ▄", "          ▀▀█  ▀"],
    );
}

#[test]
fn without_colours_attributes_shade() {
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Ascii };
    for kind in KINDS {
        let grid = drawn(60, 20, |canvas| paint(&AnimationPlan { kind, seed: 1, frame: 500 }, canvas, mono));
        let cells = (0..20).flat_map(|y| (0..60).map(move |x| (x, y))).map(|(x, y)| grid.cell(x, y));
        let mut styles: Vec<String> =
            cells.filter(|cell| cell.text() != " ").map(|cell| format!("{:?}", cell.style)).collect();
        styles.sort();
        styles.dedup();
        assert!(styles.len() >= 2, "{kind:?}: {styles:?}");
        assert!(styles.iter().all(|style| style.contains("fg: default")), "{styles:?}");
    }
}

proptest! {
    #[test]
    fn any_frame_stays_inside_at_any_size(
        seed: u64, frame: u64, width in 0u16..70, height in 0u16..40, kind in 0usize..3,
    ) {
        let plan = AnimationPlan { kind: KINDS[kind], seed, frame };
        for glyphs in GLYPH_SETS {
            let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
            if glyphs == GlyphSet::Ascii {
                check_ascii(&grid);
            }
        }
    }

    #[test]
    fn chance_stays_below_its_end(seed: u64, end in 1u64..u64::from(u32::MAX)) {
        let mut dice = Dice(seed);
        prop_assert!(dice.below(end) < end);
        prop_assert!((0.0..=1.0).contains(&dice.share()));
    }
}
