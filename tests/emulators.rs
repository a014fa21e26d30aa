//! What encoded frames look like on two independent terminal emulators.
//!
//! Invariant: after every frame each emulator shows exactly the grid that was encoded, in every palette, and every frame
//! passes the closed grammar.

#[path = "emulators/drawing.rs"]
mod drawing;
#[path = "emulators/screens.rs"]
mod screens;

use drawing::{Step, drawing, encoding, size, wider_than_one};
use proptest::prelude::*;
use screens::{Pair, SHOWN_WHOLE};
use unblink::base::{Rect, Size};
use unblink::encode::{Encoder, Encoding, banner};
use unblink::frame::{Color, Glyph, Grid, Style};
use unblink::label::Label;
use unblink::model::Palette;

const PALETTES: [Palette; 4] = [Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono];

fn encodings() -> impl Iterator<Item = Encoding> {
    PALETTES.into_iter().flat_map(|palette| [false, true].map(|ascii| Encoding { palette, ascii }))
}

fn keyframe(encoding: Encoding, grid: &Grid) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(encoding).keyframe(grid, &mut out);
    out
}

/// A board of everything: chart, table, wide and marked text, styles, a coloured bar to the last column.
fn busy(size: Size, turn: u16) -> Grid {
    let mut grid = Grid::new(size);
    let (cols, rows) = (size.cols(), size.rows());
    let mut canvas = grid.canvas();
    let accent = Style::new().fg(Color::rgb(122, 162, 247));
    canvas.fill(Rect::new(0, 0, cols, 1), Glyph::BLANK, Style::new().bg(Color::rgb(40, 44, 52)));
    canvas.label(
        1,
        0,
        &Label::plain("unblink  host  中文 ก้ 🇩🇪 x\u{335}"),
        Style::new().bold().bg(Color::rgb(40, 44, 52)),
    );
    for x in 0..cols {
        let height = (x * 7 + turn * 3) % 11;
        for y in 2..rows.saturating_sub(3) {
            let bits = if y % 11 >= height { 0b0101_1010 } else { 0 };
            canvas.dots(x, y, bits, if x % 2 == 0 { accent } else { Style::new().fg(Color::rgb(224, 175, 104)) });
        }
    }
    let table = format!("eth0  {:>6} MB/s  한글 {}", turn * 37 % 1000, "é µ € ░▒▓");
    canvas.label(0, rows.saturating_sub(2), &Label::plain(&table), Style::new().italic());
    let bar = (cols / 2 + turn) % (cols + 1);
    canvas.fill(Rect::new(0, rows - 1, bar, 1), Glyph::new('█'), accent.underline());
    grid
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_keyframe_and_deltas_show_every_frame_exactly(
        size in size(),
        encoding in encoding(),
        frames in prop::collection::vec((any::<bool>(), drawing()), 1..8),
    ) {
        let mut pair = Pair::new(size, encoding);
        let mut encoder = Encoder::new(encoding);
        let mut shown = Grid::new(size);
        pair.frame(&keyframe(encoding, &shown), &shown);
        for (anew, steps) in frames {
            let mut next = if anew { Grid::new(size) } else { shown.clone() };
            Step::draw(&steps, &mut next);
            let mut bytes = Vec::new();
            if !encoder.delta(&shown, &next, &mut bytes) {
                prop_assert!(bytes.is_empty());
            } else {
                prop_assert_ne!(&shown, &next);
                pair.feed(&bytes);
            }
            pair.assert_shows(&next);
            shown = next;
        }
    }

    #[test]
    fn a_keyframe_makes_any_screen_whole(
        size in size(),
        encoding in encoding(),
        before in drawing(),
        after in drawing(),
        junk in "[a-z中文x\u{335}\n\t ]{0,60}",
        cut in any::<prop::sample::Index>(),
    ) {
        let mut pair = Pair::new(size, encoding);
        pair.raw(b"\x1b[1;3;4;7;38;5;196;48;5;21m");
        // alacritty does not survive a wide cluster on a single column.
        pair.raw(if size.cols() == 1 { "junk" } else { &junk }.as_bytes());
        let mut grid = Grid::new(size);
        Step::draw(&before, &mut grid);
        let bytes = keyframe(encoding, &grid);
        pair.raw(&bytes[..cut.index(bytes.len())]);
        pair.raw(b"\x1b\\");
        Step::draw(&after, &mut grid);
        pair.frame(&keyframe(encoding, &grid), &grid);
    }

    #[test]
    fn a_resized_terminal_is_whole_after_its_keyframe(
        encoding in encoding(),
        frames in prop::collection::vec((wider_than_one(), drawing()), 1..5),
    ) {
        let mut pair = Pair::new(frames[0].0, encoding);
        let mut grid = Grid::new(frames[0].0);
        let mut encoder = Encoder::new(encoding);
        for (size, steps) in frames {
            pair.resize(size);
            let mut next = Grid::new(size);
            Step::draw(&steps, &mut next);
            let mut bytes = Vec::new();
            // Frames of different sizes have no delta, so this is a keyframe or the screen is as it was.
            if encoder.delta(&grid, &next, &mut bytes) {
                pair.feed(&bytes);
            }
            pair.assert_shows(&next);
            grid = next;
        }
    }
}

#[test]
fn a_frame_cut_anywhere_is_healed_by_a_keyframe() {
    let size = Size::clamped(24, 6);
    for encoding in encodings() {
        let (before, after) = (busy(size, 0), busy(size, 5));
        let mut delta = Vec::new();
        assert!(Encoder::new(encoding).delta(&before, &after, &mut delta));
        let whole = keyframe(encoding, &after);
        for torn in [&delta, &whole] {
            for cut in 0..torn.len() {
                let mut pair = Pair::new(size, encoding);
                pair.frame(&keyframe(encoding, &before), &before);
                pair.raw(&torn[..cut]);
                pair.raw(b"\x1b\\");
                pair.frame(&whole, &after);
            }
        }
    }
}

#[test]
fn boards_of_any_size_are_shown_exactly() {
    for (cols, rows) in [(1, 1), (2, 1), (1, 9), (40, 1), (80, 24), (120, 40), (211, 50)] {
        let size = Size::clamped(cols, rows);
        for encoding in encodings() {
            let mut encoder = Encoder::new(encoding);
            let mut pair = Pair::new(size, encoding);
            let mut shown = busy(size, 0);
            pair.frame(&keyframe(encoding, &shown), &shown);
            for turn in 1..4 {
                let next = busy(size, turn);
                let mut bytes = Vec::new();
                if encoder.delta(&shown, &next, &mut bytes) {
                    pair.feed(&bytes);
                }
                pair.assert_shows(&next);
                shown = next;
            }
        }
    }
}

#[test]
fn the_largest_terminal_is_shown_exactly() {
    let size = Size::clamped(1000, 500);
    let encoding = Encoding::default();
    let (first, second) = (busy(size, 0), busy(size, 1));
    let mut pair = Pair::new(size, encoding);
    pair.frame(&keyframe(encoding, &first), &first);
    let mut delta = Vec::new();
    assert!(Encoder::new(encoding).delta(&first, &second, &mut delta));
    pair.frame(&delta, &second);
}

#[test]
fn a_banner_changes_the_last_row_only() {
    for encoding in encodings() {
        let size = Size::clamped(30, 4);
        let mut grid = busy(size, 2);
        let mut pair = Pair::new(size, encoding);
        pair.frame(&keyframe(encoding, &grid), &grid);
        let style = Style::new().fg(Color::rgb(255, 255, 255)).bg(Color::rgb(160, 40, 40)).bold();
        let text = Label::plain("reconnecting, this is 12 s old and too long for the row");
        pair.feed(&banner(size, encoding, &text, style));
        let mut canvas = grid.canvas();
        canvas.fill(Rect::new(0, 3, 30, 1), Glyph::BLANK, style);
        canvas.label(0, 3, &text.clip(30), style);
        pair.assert_shows(&grid);
    }
}

#[test]
fn text_of_doubtful_width_moves_nothing_after_it() {
    let size = Size::clamped(20, 2);
    let encoding = Encoding::default();
    for text in SHOWN_WHOLE {
        let mut pair = Pair::new(size, encoding);
        let mut encoder = Encoder::new(encoding);
        let mut shown = Grid::new(size);
        shown.canvas().label(0, 0, &Label::plain("0123456789abcdefghij"), Style::new());
        pair.frame(&keyframe(encoding, &shown), &shown);
        for x in [0, 3, 16, 17, 18, 19] {
            let mut next = shown.clone();
            next.canvas().label(x, 0, &Label::plain(text), Style::new().fg(Color::rgb(9, 200, 9)));
            for grid in [next, shown.clone()] {
                let mut bytes = Vec::new();
                if encoder.delta(&shown, &grid, &mut bytes) {
                    pair.feed(&bytes);
                }
                pair.assert_shows(&grid);
                shown = grid;
            }
        }
    }
}

/// The same bytes as a terminal takes them that draws each code point of doubtful text by itself, as wide as any does:
/// two columns for a letter or sign, one for a mark.
fn added_up(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("frames are UTF-8");
    text.chars().fold(String::new(), |mut out, c| {
        match unblink::label::shown(c) {
            Some(shown) if !shown.certain => out.push_str(if shown.columns == 0 { "~" } else { "~~" }),
            _ => out.push(c),
        }
        out
    })
}

#[test]
fn a_terminal_that_adds_up_code_points_shows_what_follows_them_exactly() {
    let size = Size::clamped(40, 2);
    let encoding = Encoding::default();
    for text in SHOWN_WHOLE {
        let label = Label::plain(text);
        let mut encoder = Encoder::new(encoding);
        let mut screen = vt100::Parser::new(2.try_into().expect("not 0"), 40.try_into().expect("not 0"), 0);
        let mut shown = Grid::new(size);
        shown.canvas().label(0, 0, &Label::plain("0123456789中文abcdef            xyz"), Style::new());
        screen.process(added_up(&keyframe(encoding, &shown)).as_bytes());
        for x in [0, 3, 9, 10, 14, 18] {
            let mut next = shown.clone();
            next.canvas().label(x, 0, &label, Style::new().fg(Color::rgb(9, 200, 9)));
            for grid in [next, shown.clone()] {
                let mut bytes = Vec::new();
                assert!(encoder.delta(&shown, &grid, &mut bytes));
                screen.process(added_up(&bytes).as_bytes());
                for column in
                    (0..40).filter(|column| grid.cell(*column, 0).certain && grid.cell(*column, 0).columns > 0)
                {
                    let seen = screen.screen().cell(0, column).expect("on screen").contents();
                    let seen = if seen.is_empty() { " " } else { seen };
                    assert_eq!(seen, grid.cell(column, 0).text(), "column {column} with {text:?} at {x}");
                }
                shown = grid;
            }
        }
    }
}

#[test]
fn text_between_blanks_stays() {
    let (size, encoding) = (Size::clamped(17, 1), Encoding::default());
    let mut pair = Pair::new(size, encoding);
    let mut shown = Grid::new(size);
    shown.canvas().label(7, 0, &Label::plain("⣿█한⣿한⣿中"), Style::new().underline());
    pair.frame(&keyframe(encoding, &shown), &shown);
    // On both sides of the dots half a cluster goes, and blanks in the style of the dots stay.
    let mut next = shown.clone();
    next.canvas().label(4, 0, &Label::plain(" AAAaAaa0"), Style::new());
    next.canvas().dots(16, 0, 0, Style::new());
    let mut delta = Vec::new();
    assert!(Encoder::new(encoding).delta(&shown, &next, &mut delta));
    pair.frame(&delta, &next);
}

#[test]
fn a_frame_cut_within_a_wide_cluster_is_healed_by_a_keyframe() {
    let (size, encoding) = (Size::clamped(12, 2), Encoding::default());
    let mut before = Grid::new(size);
    before.canvas().label(11, 0, &Label::plain(" "), Style::new().bg(Color::rgb(122, 162, 247)));
    let mut after = before.clone();
    after.canvas().label(9, 0, &Label::plain("aA"), Style::new());
    let mut wide = Grid::new(size);
    wide.canvas().label(10, 0, &Label::plain("中"), Style::new());
    let mut delta = Vec::new();
    assert!(Encoder::new(encoding).delta(&wide, &before, &mut delta));
    for torn in [delta, keyframe(encoding, &before)] {
        for cut in 0..torn.len() {
            let mut pair = Pair::new(size, encoding);
            pair.frame(&keyframe(encoding, &wide), &wide);
            pair.raw(&torn[..cut]);
            pair.raw(b"\x1b\\");
            pair.frame(&keyframe(encoding, &after), &after);
        }
    }
}
