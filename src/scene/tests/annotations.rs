//! Marks on line charts: entries of logs and moments.

use super::*;
use crate::base::limits;
use crate::model::log::{Entry, Severity};
use crate::widget::Theme;

/// A board of one line chart with these annotations, and a point of its series.
fn board(annotations: &str) -> (Boards, Dataset) {
    let text = format!(
        "[panel.load]\nchart = \"line\"\nmin = [1, 1]\nlines = [{{ name = \"x\", series = \"x\" }}]\ninclude = [0, 4]\n\
         annotations = [{annotations}]\n"
    );
    let board = file::read("wall", "wall.toml", text.as_bytes()).expect("invariant: the test's board is sound");
    let mut data = Dataset::default();
    let at = Wall(NOW.0 - 250);
    let sample = Sample { key: SeriesKey::plain("x"), kind: Kind::Gauge, unit: Unit::None, at, value: 1.0 };
    data.insert(sample).expect("invariant: the test's sample is sound");
    data.set_source("host", health(SourceState::Good, Some(NOW)));
    (Boards::new(vec![board]), data)
}

fn say(data: &mut Dataset, before_s: i64, severity: Severity, text: &str) {
    assert!(data.append("app", Entry::new(Wall(NOW.0 - before_s * 1_000), severity, text)));
}

fn drawn((boards, data): &(Boards, Dataset)) -> Grid {
    let spec = ViewSpec { board: "wall".to_owned(), glyphs: GlyphSet::Ascii, range_ms: 60_000, ..spec(66, 8) };
    let mut grid = Grid::new(spec.size);
    draw(boards, &spec, data, NOW, &mut grid);
    grid
}

/// Columns of marks in the last row of the plot, and the text of its first.
fn seen(grid: &Grid) -> (Vec<usize>, String) {
    let text = grid.to_text();
    let rows: Vec<&str> = text.lines().collect();
    let marks = rows[4].match_indices(':').map(|(at, _)| at).collect();
    (marks, rows[1].to_owned())
}

#[test]
fn entries_at_or_above_their_level_are_marked_in_their_colour_with_their_first_line() {
    let mut wall = board(r#"{ stream = "app" }, { stream = "silent" }"#);
    say(&mut wall.1, 50, Severity::Info, "fine");
    say(&mut wall.1, 40, Severity::Warn, "slow\nvery slow");
    say(&mut wall.1, 20, Severity::Error, "down");
    say(&mut wall.1, 90, Severity::Error, "long ago");
    let grid = drawn(&wall);
    let (marks, text) = seen(&grid);
    assert_eq!(marks.len(), 2, "{}", grid.to_text());
    assert!(text.contains(":slow") && text.contains(":down") && !text.contains("very"), "{}", grid.to_text());
    let theme = Theme::of(Default::default(), Palette::Truecolor);
    for (column, role) in marks.into_iter().zip([Role::Warning, Role::Failure]) {
        assert_eq!(grid.cell(column as u16, 4).style, theme.style(role));
    }
}

#[test]
fn what_is_said_again_and_again_is_marked_where_it_begins() {
    let mut wall = board(r#"{ stream = "app", level = "error", name = "fault" }"#);
    for before_s in (10..40).rev() {
        say(&mut wall.1, before_s, Severity::Error, "no answer");
    }
    say(&mut wall.1, 2, Severity::Error, "no answer");
    let grid = drawn(&wall);
    let (marks, text) = seen(&grid);
    assert_eq!(marks.len(), 2, "a burst, and one more after a while:\n{}", grid.to_text());
    assert_eq!(text.matches("fault").count(), 2, "a name goes before the words:\n{}", grid.to_text());
}

#[test]
fn a_moment_of_the_board_is_marked_with_its_name_while_it_is_in_the_span() {
    let text = drawn(&board(r#"{ at = "2023-11-14T22:13:00Z", name = "release" }"#)).to_text();
    assert!(text.contains(":release"), "{text}");
    let text = drawn(&board(r#"{ at = "2023-11-14T22:12:00Z", name = "release" }"#)).to_text();
    assert!(!text.contains("release"), "{text}");
}

#[test]
fn no_more_is_marked_than_may_be_and_the_newest_is() {
    let mut wall = board(r#"{ stream = "app", level = "trace" }"#);
    for before in (0..400).rev() {
        let at = Wall(NOW.0 - before * 100);
        assert!(wall.1.append("app", Entry::new(at, Severity::Info, &format!("entry {before}"))));
    }
    let (marks, _) = seen(&drawn(&wall));
    // Entries stand ten to a second.
    let seconds = limits::ANNOTATIONS_MAX as f64 / 10.0;
    let columns = marks.last().zip(marks.first()).map_or(0, |(last, first)| last - first + 1);
    assert!((1.0..=seconds + 2.0).contains(&(columns as f64)), "{marks:?}");
    assert!(marks.last().is_some_and(|last| *last >= 60), "{marks:?}");
}
