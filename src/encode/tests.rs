//! Encoded bytes, exactly. What they look like on terminals is shown in `tests/emulators.rs`.

use super::*;
use crate::base::{Rect, limits};
use crate::frame::{Color, Glyph};

const RED: Color = Color::rgb(205, 0, 0);

fn grid(cols: u16, rows: u16, lines: &[&str]) -> Grid {
    let mut grid = Grid::new(Size::clamped(cols, rows));
    for (y, line) in (0..).zip(lines) {
        grid.canvas().label(0, y, &Label::plain(line), Style::new());
    }
    grid
}

/// The bytes between the brackets, ESC as `E`.
fn inner(bytes: &[u8], size: Size) -> String {
    assert_eq!(grammar::check(bytes, size), Ok(()));
    let text = String::from_utf8(bytes.to_vec()).expect("frames are UTF-8");
    let inner = text.strip_prefix("\x1b[?2026h").and_then(|text| text.strip_suffix("\x1b[?2026l"));
    inner.expect("frames are bracketed").replace('\x1b', "E")
}

fn keyframe(grid: &Grid) -> String {
    let mut out = Vec::new();
    Encoder::new(Encoding::default()).keyframe(grid, &mut out);
    inner(&out, grid.size())
}

fn delta_as(encoding: Encoding, from: &Grid, to: &Grid) -> String {
    let mut out = b"before".to_vec();
    if !Encoder::new(encoding).delta(from, to, &mut out) {
        assert_eq!(out, b"before", "nothing changed, nothing written");
        return String::new();
    }
    inner(&out[6..], to.size())
}

fn delta(from: &Grid, to: &Grid) -> String {
    delta_as(Encoding::default(), from, to)
}

fn delta_of(from: &str, to: &str) -> String {
    delta(&grid(40, 1, &[from]), &grid(40, 1, &[to]))
}

#[test]
fn a_keyframe_writes_every_row_and_erases_only_what_is_blank() {
    assert_eq!(keyframe(&grid(5, 3, &["abc", "", "vwxyz"])), "E[mE[Habc  E[2HE[KE[3Hvwxyz");
    assert_eq!(keyframe(&grid(9, 1, &["a"])), "E[mE[HaE[K");
    assert_eq!(keyframe(&grid(1, 1, &[])), "E[mE[H ");
    assert_eq!(keyframe(&grid(30, 1, &["a                       b"])), "E[mE[Ha                       bE[K");
}

#[test]
fn equal_frames_have_no_delta() {
    assert_eq!(delta_of("abc", "abc"), "");
    let (mut one, mut two) = (grid(4, 1, &["x\u{335}"]), grid(4, 1, &["y\u{335}"]));
    assert_ne!(delta(&one, &two), "", "different clusters under one number");
    one.canvas().label(0, 0, &Label::plain("y\u{335}"), Style::new());
    assert_eq!(delta(&one, &two), "", "one cluster under different numbers");
    two.clear(Style::new());
    assert_eq!(delta(&one, &two), "E[H ");
}

#[test]
fn a_short_gap_is_written_and_a_long_one_jumped() {
    assert_eq!(delta_of("aXbcX", "aYbcY"), "E[1;2HYbcY");
    assert_eq!(delta_of("aXbcdefX", "aYbcdefY"), "E[1;2HYE[8GY");
    assert_eq!(delta_of("aX──────X", "aY──────Y"), "E[1;2HYE[9GY");
    assert_eq!(delta_of("aX─X", "aY─Y"), "E[1;2HY─Y");
}

#[test]
fn a_gap_of_another_style_is_jumped() {
    let (mut from, mut to) = (grid(9, 1, &["aXbX"]), grid(9, 1, &["aYbY"]));
    for grid in [&mut from, &mut to] {
        grid.canvas().restyle(Rect::new(2, 0, 1, 1), Style::new().fg(RED));
    }
    assert_eq!(delta(&from, &to), "E[1;2HYE[4GY");
}

#[test]
fn what_became_blank_is_erased() {
    assert_eq!(delta_of("abcdefgh", "ab"), "E[1;3HE[K");
    assert_eq!(delta_of("abcd", "ab"), "E[1;3H  ");
    assert_eq!(delta_of("ab1234567890123456789z", "ab                   z"), "E[1;3HE[19X");
    assert_eq!(delta_of("ab12z", "ab  z"), "E[1;3H  ");
    assert_eq!(delta_of("ab1234567890123456789y", "ab                   z"), "E[1;3HE[19XE[22Gz");
}

#[test]
fn nothing_is_erased_in_a_colour() {
    let from = grid(12, 1, &["abcdefghijkl"]);
    let mut to = from.clone();
    to.canvas().fill(Rect::new(0, 0, 12, 1), Glyph::BLANK, Style::new().bg(RED));
    assert_eq!(delta(&from, &to), "E[HE[48;2;205;0;0m            E[m");
    let mut back = to.clone();
    back.canvas().fill(Rect::new(2, 0, 10, 1), Glyph::BLANK, Style::new());
    back.canvas().fill(Rect::new(0, 0, 2, 1), Glyph::new('x'), Style::new().bg(RED));
    assert_eq!(delta(&to, &back), "E[HE[48;2;205;0;0mxxE[mE[K");
}

#[test]
fn a_blank_between_words_keeps_their_style() {
    let mut to = grid(12, 1, &[]);
    to.canvas().label(0, 0, &Label::plain("ab cd"), Style::new().fg(RED).bold());
    assert_eq!(delta(&grid(12, 1, &[]), &to), "E[HE[1;38;2;205;0;0mab cdE[m");
}

#[test]
fn crossing_lines_say_each_long_colour_once() {
    let from = grid(120, 2, &[]);
    let mut to = from.clone();
    for (x, color) in (100..109).zip([RED, Color::rgb(0, 0, 238)].into_iter().cycle()) {
        to.canvas().dots(x, 0, 1, Style::new().fg(RED));
        to.canvas().dots(x, 1, 1, Style::new().fg(color));
    }
    let bytes = delta(&from, &to);
    assert_eq!(bytes.matches("E[38;2;205;0;0m").count(), 1, "{bytes}");
    assert_eq!(bytes.matches("E[38;2;0;0;238m").count(), 1, "{bytes}");
    // A number of 16 is shorter than a jump beyond column 99.
    let bytes = delta_as(Encoding { palette: Palette::Ansi, ascii: true }, &from, &to);
    let turns = "E[34m.E[31m.".repeat(4);
    assert_eq!(bytes, format!("E[1;101HE[31m.........E[2;101H.{turns}E[m"));
}

#[test]
fn a_moved_cursor_takes_the_shortest_way() {
    let (from, to) = (grid(20, 3, &["12345", "12345", "12345"]), grid(20, 3, &["1234x", "12345y", "z2345"]));
    assert_eq!(delta(&from, &to), "E[1;5HxE[2dyE[3Hz");
}

#[test]
fn doubtful_text_is_followed_by_an_absolute_position() {
    assert_eq!(delta_of("abcd", "ax\u{335}cd"), "E[1;2Hx\u{335}E[1;3Hcd");
    // As many cells as code points, for terminals that draw each by itself.
    assert_eq!(delta_of("abcdef", "a1\u{20e3}cdef"), "E[1;2H1\u{20e3}E[1;3Hcd");
    assert_eq!(delta_of("abcdef", "ax\u{335}\u{336}\u{337}c f"), "E[1;2Hx\u{335}\u{336}\u{337}E[1;3Hc f ");
    // Two columns: blanked first, for terminals that take one.
    assert_eq!(delta_of("abcde", "a😀de"), "E[1;2H  E[2G😀E[1;4Hd");
    assert_eq!(delta_of("abcde", "a中de"), "E[1;2H中");
}

#[test]
fn doubtful_text_is_never_put_off_for_its_colour() {
    // Style by style would be shorter, but a terminal that thinks wider of the mark would spoil the cell after it.
    let from = grid(40, 1, &[]);
    let mut to = from.clone();
    for x in (0..20).step_by(2) {
        to.canvas().label(x, 0, &Label::plain("x\u{335}"), Style::new().fg(RED));
        to.canvas().label(x + 1, 0, &Label::plain("y"), Style::new());
    }
    let bytes = delta(&from, &to);
    assert!(bytes.starts_with("E[HE[38;2;205;0;0mx\u{335}E[1;2HE[my"), "{bytes}");
    assert_eq!(bytes.matches("E[38;2;205;0;0m").count(), 10, "{bytes}");
}

#[test]
fn colours_a_terminal_has_not_make_no_difference() {
    let mut from = grid(9, 1, &["a b"]);
    let mut to = from.clone();
    from.canvas().restyle(Rect::new(0, 0, 9, 1), Style::new().fg(Color::rgb(1, 1, 1)).bg(Color::rgb(90, 0, 0)));
    to.canvas().restyle(Rect::new(0, 0, 9, 1), Style::new().fg(Color::rgb(2, 2, 2)).bg(Color::rgb(91, 0, 0)));
    for palette in [Palette::Indexed, Palette::Ansi, Palette::Mono] {
        assert_eq!(delta_as(Encoding { palette, ascii: false }, &from, &to), "", "{palette:?}");
    }
    assert_ne!(delta(&from, &to), "");
    let bold = {
        let mut bold = to.clone();
        bold.canvas().restyle(Rect::new(0, 0, 1, 1), Style::new().bold());
        bold
    };
    assert_eq!(delta_as(Encoding { palette: Palette::Mono, ascii: false }, &to, &bold), "E[HE[1maE[m");
}

#[test]
fn ascii_has_a_stand_in_for_every_column() {
    let to = grid(12, 1, &["─│█é中x\u{335}…"]);
    assert_eq!(delta_as(Encoding { palette: Palette::Truecolor, ascii: true }, &grid(12, 1, &[]), &to), "E[H-|#????~ ");
}

#[test]
fn frames_of_different_sizes_have_a_keyframe() {
    assert_eq!(delta(&grid(9, 1, &["a"]), &grid(1, 1, &["b"])), "E[mE[Hb");
}

#[test]
fn the_worst_frame_keeps_within_its_bound() {
    let texts = ["\u{1d400}\u{1d165}\u{1d166}\u{1d16d}", "😀\u{1d165}\u{1d166}\u{1d16d}", "\u{1d100}"];
    let sizes = [(1, 1), (2, 1), (101, 7), (1000, 4)].map(|(cols, rows)| Size::clamped(cols, rows));
    for (size, text) in sizes.into_iter().flat_map(|size| texts.map(|text| (size, text))) {
        let label = Label::plain(text);
        let mut grid = Grid::new(size);
        let cells = (0..size.rows()).flat_map(|y| (0..size.cols()).map(move |x| (x, y)));
        for (x, y) in cells.filter(|(x, _)| x % label.columns() == 0) {
            let turn = u8::try_from(100 + (x + y) % 2).expect("small");
            let color = Color::rgb(turn, turn, turn);
            let style = Style::new().fg(color).bg(color).bold().dim();
            let style = if x % 4 < 2 { style.italic().underline() } else { style.reverse() };
            grid.canvas().label(x, y, &label, style);
        }
        let mut out = Vec::new();
        Encoder::new(Encoding::default()).keyframe(&grid, &mut out);
        assert_eq!(grammar::check(&out, size), Ok(()));
        let bound = limits::frame_bytes_max(size.cells());
        assert!(out.len() <= bound, "{text}: {} a cell", out.len() / size.cells());
        if text == texts[0] && size.cols() == 1000 {
            assert!(out.len() * 10 > bound * 8, "worse than this could not be: {} of {bound}", out.len());
        }
    }
}

#[test]
fn a_banner_is_one_frame_for_the_last_row() {
    let size = Size::clamped(12, 5);
    let style = Style::new().reverse();
    let bytes = banner(size, Encoding::default(), &Label::plain("reconnecting"), style);
    assert_eq!(inner(&bytes, size), "E[mE[5HE[7mreconnectingE[m");
    let bytes = banner(size, Encoding::default(), &Label::plain("lost the daemon"), style);
    assert_eq!(inner(&bytes, size), "E[mE[5HE[7mlost the da…E[m");
}
