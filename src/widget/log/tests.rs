use proptest::prelude::*;

use super::*;
use crate::base::{Wall, limits};
use crate::frame::{Attrs, Grid};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};
use crate::widget::{Look, Theme};

/// 2023-11-14 22:13:20 UTC.
const EDGE: Wall = Wall(1_700_000_000_000);

fn entry(before_s: i64, severity: Severity, source: &str, text: &str) -> Entry {
    Entry::new(Wall(EDGE.0 - before_s * 1_000), severity, text).from_source(Label::plain(source))
}

fn some() -> Vec<Entry> {
    vec![
        entry(9, Severity::Debug, "sshd", "connection from 10.0.0.7"),
        entry(8, Severity::Info, "sshd", "accepted key of ann"),
        entry(5, Severity::Warn, "disk", "sda1 is 91% full"),
        entry(4, Severity::Warn, "disk", "sda1 is 91% full"),
        entry(3, Severity::Warn, "disk", "sda1 is 91% full"),
        entry(1, Severity::Error, "unblink", "worker died: signal 11 in panel cpu\n  at scene/panel.rs:42\n  at main"),
    ]
}

fn picture(entries: &[Entry], options: Options, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| {
        let plan = LogPlan::new(entries.iter(), options, &TimeZone::UTC, height);
        paint(&plan, canvas, look(glyphs));
    })
}

fn options(wrap: bool, collapse: bool, back: usize) -> Options {
    Options { wrap, collapse, back, ..Options::default() }
}

#[test]
fn time_level_source_and_text_stand_in_columns() {
    check(
        &picture(&some(), options(false, false, 0), 60, 9, GlyphSet::Braille),
        &[
            "22:13:11 DEBUG sshd     connection from 10.0.0.7",
            "22:13:12 INFO  sshd     accepted key of ann",
            "22:13:15 WARN  disk     sda1 is 91% full",
            "22:13:16 WARN  disk     sda1 is 91% full",
            "22:13:17 WARN  disk     sda1 is 91% full",
            "22:13:19 ERROR unblink  worker died: signal 11 in panel cpu",
            "                        │   at scene/panel.rs:42",
            "                        │   at main",
            "",
        ],
    );
}

#[test]
fn repeats_are_counted_and_keep_the_newest_time() {
    check(
        &picture(&some(), options(true, true, 0), 47, 7, GlyphSet::Ascii),
        &[
            "22:13:11 D connection from 10.0.0.7",
            "22:13:12 I accepted key of ann",
            "22:13:17 W sda1 is 91% full                 x 3",
            "22:13:19 E worker died: signal 11 in panel cpu",
            "           |   at scene/panel.rs:42",
            "           |   at main",
            "",
        ],
    );
}

#[test]
fn long_lines_end_in_a_sign_or_go_on() {
    let entries = [entry(0, Severity::Info, "", "one two three four five")];
    check(&picture(&entries, options(false, false, 0), 16, 2, GlyphSet::Braille), &["I one two three…", ""]);
    check(&picture(&entries, options(false, false, 0), 16, 2, GlyphSet::Ascii), &["I one two three~", ""]);
    check(
        &picture(&entries, options(true, false, 0), 16, 3, GlyphSet::Ascii),
        &["I one two three", "    four five", ""],
    );
    let repeated = vec![entries[0].clone(); 12];
    let grid = picture(&repeated, options(true, true, 0), 20, 2, GlyphSet::Ascii);
    check(&grid, &["I one two three x 12", "    four five"]);
    let grid = picture(&repeated, options(true, true, 0), 20, 1, GlyphSet::Ascii);
    check(&grid, &["I ^ four five   x 12"]);
}

#[test]
fn looking_back_says_how_many_are_newer() {
    check(
        // The error, and the three that say the same.
        &picture(&some(), options(false, true, 2), 40, 4, GlyphSet::Braille),
        &["22:13:11 D connection from 10.0.0.7", "22:13:12 I accepted key of ann", "", "↓ 4 newer below"],
    );
    // The oldest stays, however far one goes.
    check(
        &picture(&some(), options(false, true, 99), 40, 3, GlyphSet::Ascii),
        &["22:13:11 D connection from 10.0.0.7", "", "v 5 newer below"],
    );
    // What comes later does not move what one reads.
    let (early, later) = (&some()[..3], some());
    let before = LogPlan::new(early.iter(), options(true, true, 1), &TimeZone::UTC, 9);
    let after = Options { later: 3, ..options(true, true, 1) };
    let after = LogPlan::new(later.iter(), after, &TimeZone::UTC, 9);
    assert_eq!(before.records, after.records);
}

#[test]
fn one_can_look_back_until_the_oldest_stands_in_the_first_row() {
    let entries: Vec<Entry> = (0..40).map(|n| entry(n, Severity::Info, "", &format!("entry {}", n / 2))).collect();
    // Pairs that say the same are one row each.
    for (rows, expected) in [(0, 20), (1, 19), (6, 14), (20, 0), (50, 0)] {
        assert_eq!(back_max(entries.iter(), options(false, true, 0), (40, rows)), expected, "{rows} rows");
    }
    assert_eq!(back_max(entries.iter(), options(false, false, 0), (40, 6)), 34);
    let all = back_max(entries.iter(), options(false, true, 0), (40, 6));
    let plan = LogPlan::new(entries.iter(), options(false, true, all), &TimeZone::UTC, 6);
    assert_eq!((plan.records.len(), plan.records[0].lines[0].as_str()), (6, "entry 0"));
    let tall = [entry(0, Severity::Info, "", "a\nb\nc"), entry(1, Severity::Info, "", "d")];
    assert_eq!(back_max(tall.iter(), options(false, true, 0), (40, 3)), 1);
}

#[test]
fn an_entry_cut_at_the_top_still_says_when_and_how_bad() {
    let grid = picture(&some(), options(false, true, 0), 40, 2, GlyphSet::Braille);
    check(&grid, &["22:13:19 E ↑   at scene/panel.rs:42", "           │   at main"]);
}

#[test]
fn an_entry_of_too_many_lines_says_how_many_are_missing() {
    let text = vec!["line"; limits::LOG_ENTRY_LINES_MAX + 3].join("\n");
    let entry = Entry::new(EDGE, Severity::Info, &text);
    assert_eq!((entry.lines.len(), entry.lines_cut), (limits::LOG_ENTRY_LINES_MAX, 3));
    let grid = picture(&[entry], options(false, true, 0), 24, 1, GlyphSet::Ascii);
    check(&grid, &["I ^ and 3 more lines"]);
}

#[test]
fn times_are_those_of_the_viewer_and_name_the_day_where_days_differ() {
    let entries = [entry(86_400, Severity::Info, "", "yesterday"), entry(0, Severity::Info, "", "today")];
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let grid = drawn(64, 2, |canvas| {
        let plan = LogPlan::new(entries.iter(), Options::default(), &zone, 2);
        paint(&plan, canvas, look(GlyphSet::Ascii));
    });
    check(&grid, &["Nov 14 00:13:20 INFO  yesterday", "Nov 15 00:13:20 INFO  today"]);
}

#[test]
fn without_colours_levels_differ_by_their_words_and_the_worst_by_attributes_too() {
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Ascii };
    let entries: Vec<Entry> = Severity::ALL.iter().map(|level| entry(0, *level, "", "text")).collect();
    let grid = drawn(10, 5, |canvas| {
        paint(&LogPlan::new(entries.iter(), Options::default(), &TimeZone::UTC, 5), canvas, mono);
    });
    check(&grid, &["T text", "D text", "I text", "W text", "E text"]);
    assert!(grid.cell(0, 4).style.attrs.contains(Attrs::BOLD | Attrs::REVERSE));
    assert!(grid.cell(0, 3).style.attrs.contains(Attrs::BOLD));
    assert!(grid.cell(0, 0).style.attrs.contains(Attrs::DIM));
}

#[test]
fn words_of_other_programs_are_understood() {
    for (word, severity) in [("WARNING", Severity::Warn), ("err", Severity::Error), ("Notice", Severity::Info)] {
        assert_eq!(Severity::from_word(word), Some(severity), "{word}");
    }
    assert_eq!(Severity::from_word("loud"), None);
}

#[test]
fn nothing_to_show_draws_nothing() {
    check(&picture(&[], Options::default(), 10, 2, GlyphSet::Braille), &["", ""]);
}

proptest! {
    #[test]
    fn any_log_stays_inside_at_any_size(
        texts in proptest::collection::vec(("\\PC{0,6}", "[\\PC\n]{0,40}", 0usize..5, -1i64..200_000), 0..12),
        width in 0u16..90, height in 0u16..12, wrap: bool, collapse: bool, back in 0usize..14,
    ) {
        let entries: Vec<Entry> = texts
            .iter()
            .map(|(source, text, level, before)| entry(*before, Severity::ALL[*level], source, text))
            .collect();
        let plan = LogPlan::new(entries.iter(), options(wrap, collapse, back), &TimeZone::UTC, height);
        for glyphs in GLYPH_SETS {
            let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
            if glyphs == GlyphSet::Ascii && texts.iter().all(|(source, text, ..)| source.is_ascii() && text.is_ascii()) {
                check_ascii(&grid);
            }
        }
    }

    #[test]
    fn all_entries_are_shown_or_counted(count in 1usize..30, back in 0usize..40, collapse: bool) {
        let entries: Vec<Entry> = (0..count).map(|n| entry(0, Severity::Info, "", &(n / 3).to_string())).collect();
        let plan = LogPlan::new(entries.iter(), options(false, collapse, back), &TimeZone::UTC, 100);
        let shown: usize = plan.records.iter().map(|record| record.times).sum();
        prop_assert_eq!(shown + plan.newer, count);
    }
}
