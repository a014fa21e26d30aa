use super::*;
use crate::frame::Grid;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};

fn entry(series: usize, name: &str, value: &str) -> Entry {
    Entry { series, name: Label::plain(name), value: Label::plain(value), value_columns: 4 }
}

fn picture(legend: &[Entry], notice: Option<&str>, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    let title = Label::plain("CPU");
    let notice = notice.map(|text| Notice { text: Label::plain(text), role: Role::Warning });
    let panel = Panel { title: &title, legend, notice: notice.as_ref(), focused: false };
    drawn(width, height, |canvas| paint(&panel, canvas, look(glyphs)))
}

#[test]
fn a_box_has_title_legend_and_notice_on_its_sides() {
    let legend = [entry(0, "all", "20%"), entry(1, "busiest", "100%")];
    check(
        &picture(&legend, Some("stale 12 s"), 44, 6, GlyphSet::Braille),
        &[
            "╭─ CPU ─────── ● all  20%  ● busiest 100% ─╮",
            "│                                          │",
            "│                                          │",
            "│                                          │",
            "│                                          │",
            "╰─ stale 12 s ─────────────────────────────╯",
        ],
    );
}

#[test]
fn every_glyph_set_has_its_box() {
    check(
        &picture(&[], None, 16, 6, GlyphSet::Block),
        &[
            "┌─ CPU ────────┐",
            "│              │",
            "│              │",
            "│              │",
            "│              │",
            "└──────────────┘",
        ],
    );
    check(
        &picture(&[], None, 16, 6, GlyphSet::Ascii),
        &[
            "+- CPU --------+",
            "|              |",
            "|              |",
            "|              |",
            "|              |",
            "+--------------+",
        ],
    );
}

#[test]
fn a_legend_loses_entries_from_the_end_and_counts_them() {
    let legend = [entry(0, "all", "20%"), entry(1, "busiest", "100%")];
    let top = |width| picture(&legend, None, width, 6, GlyphSet::Ascii).row_text(0);
    assert_eq!(top(40), "+- CPU --- - all  20%  * busiest 100% -+");
    assert_eq!(top(38), "+- CPU ------------- - all  20%  +1 -+");
    assert_eq!(top(27), "+- CPU -- - all  20%  +1 -+");
    assert_eq!(top(26), "+- CPU ------------------+");
    assert_eq!(top(16), "+- CPU --------+");
}

#[test]
fn small_panels_have_a_head_and_the_smallest_only_a_notice() {
    let legend = [entry(0, "all", "20%")];
    check(&picture(&legend, None, 20, 4, GlyphSet::Braille), &["CPU       ● all  20%", "", "", ""]);
    check(&picture(&legend, None, 20, 2, GlyphSet::Braille), &["", ""]);
    check(&picture(&legend, Some("stale 12 s"), 20, 4, GlyphSet::Braille), &["CPU  stale 12 s", "", "", ""]);
    check(&picture(&legend, Some("stale 12 s"), 12, 4, GlyphSet::Braille), &["stale 12 s", "", "", ""]);
    check(&picture(&legend, Some("stale 12 s"), 8, 1, GlyphSet::Braille), &["stale 1…"]);
}

#[test]
fn the_inside_is_what_the_box_leaves() {
    assert_eq!(inside(40, 10, false), Rect::new(2, 1, 36, 8));
    assert_eq!(inside(20, 10, true), Rect::new(1, 1, 18, 8));
    assert_eq!(inside(15, 10, false), Rect::new(0, 1, 15, 9));
    assert_eq!(inside(15, 2, false), Rect::new(0, 0, 15, 2));
    assert_eq!(inside(15, 2, true), Rect::new(0, 1, 15, 1));
    assert_eq!(inside(0, 0, true), Rect::new(0, 0, 0, 0));
}

#[test]
fn any_size_is_survived() {
    let legend = [entry(0, "all", "20%"), entry(1, "busiest", "100%")];
    for glyphs in GLYPH_SETS {
        for width in 1..50 {
            for height in 1..9 {
                let grid = picture(&legend, Some("stale"), width, height, glyphs);
                if glyphs == GlyphSet::Ascii {
                    check_ascii(&grid);
                }
            }
        }
    }
}
