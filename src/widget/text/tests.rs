use proptest::prelude::*;

use super::*;
use crate::frame::Grid;
use crate::widget::testing::{check, drawn, look};

fn pair(key: &str, value: &str) -> Row {
    Row::Pair { key: Label::plain(key), value: Label::plain(value), role: Role::Text }
}

fn line(text: &str, align: Align) -> Row {
    Row::Line { text: Label::plain(text), align, role: Role::Text }
}

fn picture(rows: &[Row], width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    let plan = TextPlan { rows: rows.to_vec() };
    drawn(width, height, |canvas| paint(&plan, canvas, look(glyphs)))
}

#[test]
fn values_line_up_after_the_longest_key() {
    let rows = [pair("host", "wall-3"), pair("up", "14d 07h"), pair("kernel", "6.18")];
    check(&picture(&rows, 20, 4, GlyphSet::Braille), &["host    wall-3", "up      14d 07h", "kernel  6.18", ""]);
}

#[test]
fn what_does_not_fit_ends_in_a_sign() {
    let rows = [pair("hostname", "a-long-name"), pair("up", "1 s"), pair("more", "")];
    check(&picture(&rows, 12, 2, GlyphSet::Braille), &["hostn…  a-l…", "up      1 s↓"]);
    check(&picture(&rows, 12, 2, GlyphSet::Ascii), &["hostn~  a-l~", "up      1 sv"]);
    check(&picture(&rows, 1, 1, GlyphSet::Braille), &["↓"]);
    let live = [pair("data", "live, every 12 s"), pair("more", "")];
    check(&picture(&live, 22, 1, GlyphSet::Braille), &["data  live, every 12…↓"]);
    check(&picture(&live, 23, 1, GlyphSet::Braille), &["data  live, every 12 s↓"]);
}

#[test]
fn lines_stand_left_right_and_in_the_middle() {
    let rows = [line("left", Align::Left), line("mid", Align::Centre), line("right", Align::Right)];
    check(&picture(&rows, 9, 3, GlyphSet::Braille), &["left", "   mid", "    right"]);
}

#[test]
fn wide_characters_are_clipped_whole() {
    check(&picture(&[line("中文字", Align::Left)], 4, 1, GlyphSet::Braille), &["中…"]);
    check(&picture(&[line("中文字", Align::Left)], 4, 1, GlyphSet::Ascii), &["中 ~"]);
}

#[test]
fn words_wrap_at_blanks_and_long_words_where_they_must() {
    let wrapped = |text: &str, width| -> Vec<String> {
        wrap(&Label::plain(text), width).iter().map(|line| line.as_str().to_owned()).collect()
    };
    assert_eq!(wrapped("waiting for host", 9), ["waiting", "for host"]);
    assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
    assert_eq!(wrapped("a  b", 10), ["a b"]);
    assert_eq!(wrapped("anything", 0), [] as [String; 0]);
    assert_eq!(wrapped("", 5), [] as [String; 0]);
}

#[test]
fn words_alone_stand_in_the_middle() {
    let grid = drawn(11, 5, |canvas| paint_centred("waiting for host", Role::Muted, canvas, look(GlyphSet::Braille)));
    check(&grid, &["", "waiting for", "   host", "", ""]);
}

proptest! {
    #[test]
    fn wrapping_loses_no_word_and_keeps_the_width(text in "[a-z中 ]{0,60}", width in 2u16..20) {
        let label = Label::plain(&text);
        let lines = wrap(&label, width);
        prop_assert!(lines.iter().all(|line| line.columns() <= width), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
        let joined: String = lines.iter().map(Label::as_str).collect();
        prop_assert_eq!(letters(&joined), letters(&text));
    }

    #[test]
    fn any_text_at_any_size_stays_inside(rows in proptest::collection::vec(("\\PC{0,12}", "\\PC{0,12}"), 0..6),
        width in 1u16..20, height in 1u16..6) {
        let rows: Vec<Row> = rows.iter().map(|(key, value)| pair(key, value)).collect();
        for glyphs in crate::widget::testing::GLYPH_SETS {
            picture(&rows, width, height, glyphs);
        }
    }
}
