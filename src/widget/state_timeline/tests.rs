use proptest::prelude::*;

use super::*;
use crate::frame::{Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};
use crate::widget::{Look, Role, Theme, time_axis};

const EDGE: Wall = Wall(1_780_000_000_000);
const SECOND: u64 = 1_000;

fn states() -> Vec<State> {
    vec![
        State::new("up", Ink::Level(Level::Good)),
        State::new("unsure", Ink::Level(Level::High)),
        State::new("down", Ink::Level(Level::Critical)),
    ]
}

/// A second for each letter, the newest last; a dot is a state nobody knows.
fn seen(letters: &str) -> Vec<(Wall, Option<usize>)> {
    let count = letters.len() as i64;
    let at = |index: usize| Wall(EDGE.0 - (count - 1 - index as i64) * SECOND as i64);
    letters
        .bytes()
        .enumerate()
        .map(|(index, letter)| (at(index), b"u?d".iter().position(|one| *one == letter)))
        .collect()
}

fn plan(lanes: &[(&str, &str)], layout: &Layout) -> TimelinePlan {
    let bins = layout.bins();
    let mut builder = TimelineBuilder::new(TimeScale::new(EDGE, u64::from(bins) * SECOND, bins), states());
    for (name, letters) in lanes {
        builder.lane(Label::plain(name), seen(letters).into_iter(), SECOND);
    }
    builder.finish(&time_axis::zone("UTC"), layout)
}

fn picture(lanes: &[(&str, &str)], size: (u16, u16), look: Look) -> Grid {
    let names: Vec<Label> = lanes.iter().map(|(name, _)| Label::plain(name)).collect();
    let layout = Layout::new(size.0, size.1, names.iter());
    let plan = plan(lanes, &layout);
    drawn(size.0, size.1, |canvas| paint(&plan, &layout, canvas, look))
}

fn mono(glyphs: GlyphSet) -> Look {
    Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs }
}

const LANES: [(&str, &str); 2] = [("web", "uuuuuuuuddddddduu"), ("db", "?????????...uu")];

#[test]
fn without_colours_patterns_or_letters_tell_states_apart_and_gaps_stay_empty() {
    check(&picture(&LANES, (21, 2), mono(GlyphSet::Ascii)), &["web  up UUUU down DUU", "db      unsure N   UU"]);
    check(&picture(&LANES, (21, 2), mono(GlyphSet::Braille)), &["web  up ░░░░ down █░░", "db      unsure ▓   ░░"]);
}

#[test]
fn with_colours_a_run_is_its_colour_and_its_name_where_it_is_wide_enough() {
    let look = look(GlyphSet::Braille);
    let grid = picture(&LANES, (21, 2), look);
    check(&grid, &["web  up      down", "db      unsure"]);
    let ground = look.theme.style(Role::Ground).bg;
    let colour = |x: u16, y: u16| grid.cell(x, y).style.bg;
    assert_eq!([4, 11].map(|x| Some(colour(x, 0))), [look.theme.bar_tint(Some(Level::Good)); 2], "quiet");
    assert_eq!([12, 18].map(|x| colour(x, 0)), [look.theme.level(Level::Critical).fg; 2]);
    assert_eq!([16, 17, 18].map(|x| colour(x, 1)), [Style::new().bg; 3], "nothing is drawn");
    assert_eq!(grid.cell(14, 0).style.fg, ground, "the name is cut out of the colour");
}

#[test]
fn with_few_colours_what_is_well_is_pale_and_the_rest_is_solid() {
    let look = Look { theme: Theme::of(spec::Theme::Dark, Palette::Ansi), glyphs: GlyphSet::Braille };
    let grid = picture(&LANES, (21, 2), look);
    check(&grid, &["web  up ░░░░ down  ░░", "db      unsure     ░░"]);
    assert_eq!(grid.cell(9, 0).style, look.theme.level(Level::Good));
    assert_eq!(grid.cell(18, 0).style.bg, look.theme.level(Level::Critical).fg);
}

#[test]
fn the_worst_state_of_a_bin_is_shown_however_short_it_was() {
    let layout = Layout { gutter: 0, plot: Rect::new(0, 0, 4, 1), times: None, legend: None };
    let mut builder = TimelineBuilder::new(TimeScale::new(EDGE, 40 * SECOND, 4), states());
    builder.lane(Label::default(), seen(&format!("{}du?{}", "u".repeat(15), "u".repeat(9))).into_iter(), SECOND);
    let plan = builder.finish(&time_axis::zone("UTC"), &layout);
    let runs: Vec<(f32, f32, usize)> = plan.lanes[0].runs.iter().map(|run| (run.from, run.to, run.state)).collect();
    assert_eq!(runs, [(0.0, 0.25, 0), (0.25, 0.5, 2), (0.5, 0.75, 1), (0.75, 1.0, 0)]);
}

#[test]
fn a_change_holds_until_the_next_one_when_nothing_else_ends_it() {
    let layout = Layout { gutter: 0, plot: Rect::new(0, 0, 8, 1), times: None, legend: None };
    let at = |s: i64| Wall(EDGE.0 - s * SECOND as i64);
    let changes = [(at(100), Some(0)), (at(5), Some(2)), (at(3), None), (at(2), Some(99)), (at(1), Some(0))];
    let runs = |gap_ms| {
        let mut builder = TimelineBuilder::new(TimeScale::new(EDGE, 8 * SECOND, 8), states());
        builder.lane(Label::default(), changes.into_iter(), gap_ms);
        let plan = builder.finish(&time_axis::zone("UTC"), &layout);
        plan.lanes[0]
            .runs
            .iter()
            .map(|run| ((run.from * 8.0) as u8, (run.to * 8.0) as u8, run.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(runs(u64::MAX), [(0, 2, 0), (2, 4, 2), (6, 8, 0)]);
    assert_eq!(runs(0), [(2, 3, 2), (6, 7, 0)]);
}

#[test]
fn bands_are_as_high_as_there_is_room_with_times_and_states_below() {
    check(
        &picture(&LANES, (40, 7), mono(GlyphSet::Ascii)),
        &[
            "web                     up UUUU down DUU",
            "                       UUUUUUUUDDDDDDDUU",
            "",
            "db                         unsure N   UU",
            "                          NNNNNNNNN   UU",
            "         |20:26:10 |20:26:20 |20:26:30",
            "    UU up  NN unsure  DD down",
        ],
    );
}

#[test]
fn states_without_room_in_the_legend_are_counted() {
    let legend = |width| picture(&LANES, (width, 6), mono(GlyphSet::Ascii)).row_text(4).trim_end().to_owned();
    assert_eq!(legend(29), "    UU up  NN unsure  DD down");
    assert_eq!(legend(28), "    UU up  NN unsure  +1");
    assert_eq!(legend(20), "    UU up  +2");
}

#[test]
fn things_without_a_row_are_counted() {
    let lanes = [("a", "u"), ("b", "d"), ("c", "u"), ("d", "u")];
    check(&picture(&lanes, (12, 3), mono(GlyphSet::Ascii)), &["a          U", "b          D", "+2"]);
}

#[test]
fn every_state_has_a_letter_of_its_own() {
    let names = ["up", "unknown", "u", "", "näh"];
    let states: Vec<State> = names.iter().map(|name| State::new(name, Ink::Series(0))).collect();
    let layout = Layout { gutter: 0, plot: Rect::new(0, 0, 5, 1), times: None, legend: None };
    let mut builder = TimelineBuilder::new(TimeScale::new(EDGE, 5 * SECOND, 5), states);
    let at = |index: usize| (Wall(EDGE.0 - (4 - index as i64) * SECOND as i64), Some(index));
    builder.lane(Label::default(), (0..5).map(at), SECOND);
    let plan = builder.finish(&time_axis::zone("UTC"), &layout);
    for look in [mono(GlyphSet::Ascii), look(GlyphSet::Ascii)] {
        check(&drawn(5, 1, |canvas| paint(&plan, &layout, canvas, look)), &["UN23H"]);
    }
}

proptest! {
    #[test]
    fn any_timeline_stays_inside_any_size(
        lanes in proptest::collection::vec((".{0,9}", "[u?d.]{0,40}"), 0..9),
        size in (0u16..60, 0u16..14),
        palette in prop_oneof![Just(Palette::Truecolor), Just(Palette::Ansi), Just(Palette::Mono)],
    ) {
        let lanes: Vec<(&str, &str)> = lanes.iter().map(|(name, letters)| (name.as_str(), letters.as_str())).collect();
        let names: Vec<Label> = lanes.iter().map(|(name, _)| Label::plain(name)).collect();
        let layout = Layout::new(size.0, size.1, names.iter());
        let plan = plan(&lanes, &layout);
        for lane in &plan.lanes {
            prop_assert!(lane.runs.windows(2).all(|pair| pair[0].to <= pair[1].from));
        }
        for glyphs in GLYPH_SETS {
            let look = Look { theme: Theme::of(spec::Theme::Dark, palette), glyphs };
            let area = Rect::new(2, 1, size.0, size.1);
            let grid = drawn(size.0 + 4, size.1 + 2, |canvas| {
                canvas.fill(canvas.area(), Glyph::new('%'), Style::new());
                let mut inner = canvas.sub(area);
                inner.fill(inner.area(), Glyph::BLANK, Style::new());
                paint(&plan, &layout, &mut inner, look);
            });
            for (x, y) in (0..size.0 + 4).flat_map(|x| (0..size.1 + 2).map(move |y| (x, y))) {
                let inside = x >= 2 && x < area.right() && y >= 1 && y < area.bottom();
                prop_assert!(inside || grid.cell(x, y).text() == "%", "drawn outside at {x},{y}");
            }
        }
    }
}

#[test]
fn ascii_timelines_are_ascii() {
    for size in [(60, 12), (20, 4), (6, 2), (1, 1)] {
        check_ascii(&picture(&LANES, size, look(GlyphSet::Ascii)));
        check_ascii(&picture(&LANES, size, mono(GlyphSet::Ascii)));
    }
}
