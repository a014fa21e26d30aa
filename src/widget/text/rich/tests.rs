use proptest::prelude::*;

use super::*;
use crate::frame::{Attrs, Grid};
use crate::model::{Palette, spec};
use crate::widget::Theme;
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};

fn picture(plan: &RichPlan, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| paint(plan, canvas, look(glyphs)))
}

fn left(text: &str) -> RichPlan {
    RichPlan::new(text, Align::Left, Fit::Wrap)
}

#[test]
fn paragraphs_wrap_at_words_across_inks() {
    let plan = left("the **quick brown** fox `jumps`\n\nover");
    check(&picture(&plan, 13, 6, GlyphSet::Braille), &["the quick", "brown fox", "jumps", "", "over", ""]);
    let grid = picture(&plan, 13, 6, GlyphSet::Braille);
    assert!(!grid.cell(0, 0).style.attrs.contains(Attrs::BOLD));
    assert!(grid.cell(4, 0).style.attrs.contains(Attrs::BOLD) && grid.cell(0, 1).style.attrs.contains(Attrs::BOLD));
    assert_ne!(grid.cell(0, 2).style.bg, grid.cell(0, 1).style.bg, "code stands on a ground of its own");
}

#[test]
fn items_hang_under_their_first_word() {
    let plan = left("- one two three four\n  - five six seven");
    check(&picture(&plan, 13, 5, GlyphSet::Braille), &["• one two", "  three four", "  • five six", "    seven", ""]);
    check(&picture(&plan, 40, 2, GlyphSet::Ascii), &["- one two three four", "  - five six seven"]);
    let mut hanging = Paragraph::new("disk: one two three");
    hanging.hanging = 4;
    let plan = RichPlan { blocks: vec![Block::Paragraph(hanging)] };
    check(&picture(&plan, 12, 3, GlyphSet::Ascii), &["disk: one", "    two", "    three"]);
}

#[test]
fn rows_stand_left_right_and_in_the_middle() {
    let text = "one two three";
    let rows = |align| picture(&RichPlan::new(text, align, Fit::Wrap), 9, 2, GlyphSet::Ascii);
    check(&rows(Align::Left), &["one two", "three"]);
    check(&rows(Align::Centre), &[" one two", "  three"]);
    check(&rows(Align::Right), &["  one two", "    three"]);
}

#[test]
fn what_does_not_fit_ends_in_a_sign() {
    let plan = RichPlan::new("one *two* three\nfour", Align::Left, Fit::Ellipsis);
    check(&picture(&plan, 10, 2, GlyphSet::Braille), &["one two t…", "four"]);
    check(&picture(&plan, 10, 1, GlyphSet::Ascii), &["one two tv"]);
    check(&picture(&left("one two three"), 5, 2, GlyphSet::Braille), &["one", "two ↓"]);
}

#[test]
fn boxes_stand_round_their_paragraphs() {
    let plan =
        left("before").then(left("one two three\n- four").boxed(Label::plain("Plan"), Tone::Plain)).then(left("after"));
    check(
        &picture(&plan, 16, 7, GlyphSet::Braille),
        &[
            "before",
            "╭─ Plan ───────╮",
            "│ one two      │",
            "│ three        │",
            "│ • four       │",
            "╰──────────────╯",
            "after",
        ],
    );
    check(&picture(&plan, 16, 3, GlyphSet::Block), &["before", "one two three", "• four         ↓"]);
    check(
        &picture(&plan, 20, 6, GlyphSet::Ascii),
        &[
            "before",
            "+- Plan -----------+",
            "| one two three    |",
            "| - four           |",
            "+------------------+",
            "after",
        ],
    );
    // One that is taller than the screen is closed, and says that there is more.
    check(
        &picture(&plan, 16, 4, GlyphSet::Block),
        &["before", "┌─ Plan ───────┐", "│ one two      │", "└──────────────↓"],
    );
    check(
        &picture(&left("").boxed(Label::default(), Tone::Warn), 10, 3, GlyphSet::Ascii),
        &["+--------+", "|        |", "+--------+"],
    );
}

#[test]
fn without_colours_inks_differ_by_attributes() {
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Ascii };
    let plan = left("a**b**`c`{warn}d{/}{critical}e{/}{muted}f{/}*g*");
    let grid = drawn(8, 1, |canvas| paint(&plan, canvas, mono));
    let attrs: Vec<Attrs> = (0..7).map(|x| grid.cell(x, 0).style.attrs).collect();
    assert_eq!(attrs[0], Attrs::NONE);
    for (index, attr) in [Attrs::BOLD, Attrs::UNDERLINE, Attrs::BOLD, Attrs::REVERSE, Attrs::DIM].iter().enumerate() {
        assert!(attrs[index + 1].contains(*attr), "{index}: {attrs:?}");
    }
}

proptest! {
    #[test]
    fn any_text_stays_inside_at_any_size(
        text in "([\\PC*_`{}]|\n|- |\\{warn\\}|\\{/\\}|中){0,80}",
        title in "\\PC{0,8}",
        width in 0u16..40, height in 0u16..12, ellipsis: bool, align in 0usize..3,
    ) {
        let align = [Align::Left, Align::Centre, Align::Right][align];
        let plan = RichPlan::new(&text, align, if ellipsis { Fit::Ellipsis } else { Fit::Wrap });
        let plan = plan.clone().then(plan.boxed(Label::plain(&title), Tone::Accent));
        for glyphs in GLYPH_SETS {
            let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
            if glyphs == GlyphSet::Ascii && text.is_ascii() && title.is_ascii() {
                check_ascii(&grid);
            }
        }
    }

    #[test]
    fn no_letter_is_lost(text in "([a-e ]|\\*\\*|中){0,60}", width in 2u16..24) {
        let grid = picture(&left(&text), width, 60, GlyphSet::Ascii);
        let letters = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).collect::<String>();
        prop_assert_eq!(letters(&grid.to_text()), letters(&text));
    }
}
