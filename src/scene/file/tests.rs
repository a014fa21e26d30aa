//! Boards as people write them, right and wrong.

use proptest::prelude::*;

use super::*;
use crate::base::Wall;
use crate::label::Label;
use crate::model::log::Severity;
use crate::scene::board::{Chart, Node, TextRow};
use crate::scene::chart::Annotation;

fn good(text: &str) -> Board {
    match read("wall", "wall.toml", text.as_bytes()) {
        Ok(board) => board,
        Err(complaints) => panic!("{}", shown(&complaints)),
    }
}

fn shown(complaints: &[Diagnostic]) -> String {
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect()
}

/// Places and what is wrong there; how a complaint is shown whole is tried with the settings.
fn check(text: &str, expected: &[&str]) {
    let complaints = read("wall", "wall.toml", text.as_bytes()).expect_err("these files are wrong");
    let brief = |one: &Diagnostic| format!("{}:{} {}", one.line, one.column, one.message);
    assert_eq!(complaints.iter().map(brief).collect::<Vec<_>>(), expected, "for {text}");
    assert!(complaints.iter().all(|one| !one.remedy.is_empty() && !one.excerpt.is_empty()), "{}", shown(&complaints));
}

const TWO: &str = r#"
[panel.a]
chart = "line"
lines = [{ name = "x", series = "x" }]
[panel.b]
title = "Second"
chart = "facts"
priority = 1
min = [10, 2]
source = "shop"
rows = [{ name = "n", value = "x" }]
"#;

#[test]
fn a_board_of_little_gets_the_rest_by_default() {
    let board = good(TWO);
    assert_eq!((board.name.as_str(), board.title.as_str(), board.refresh_hz), ("wall", "wall", 4.0));
    let [first, second] = board.panels.as_slice() else { panic!("{board:?}") };
    assert_eq!((first.title.as_str(), first.source.as_str(), first.min, first.priority), ("a", "host", (20, 4), 5));
    assert_eq!(
        (second.title.as_str(), second.source.as_str(), second.min, second.priority),
        ("Second", "shop", (10, 2), 1)
    );
    assert!(matches!((&first.chart, &second.chart), (Chart::Line { .. }, Chart::Text(_))));
}

#[test]
fn a_board_names_its_theme_and_is_drawn_in_it_unless_the_viewer_chose_another() {
    use crate::base::{Size, Wall};
    use crate::frame::Grid;
    use crate::model::{Dataset, Palette, ViewSpec};
    use crate::widget::{self, Role};
    for (name, theme) in Theme::NAMES.iter().zip(Theme::ALL) {
        assert_eq!(good(&format!("theme = \"{name}\"\n{TWO}")).theme, theme);
    }
    check(&format!("theme = \"pink\"\n{TWO}"), &["1:9 theme: \"pink\" is not known here"]);
    let boards = crate::scene::Boards::new(vec![good(&format!("theme = \"light\"\n{TWO}"))]);
    let mut spec = ViewSpec::new("default", "wall", Size::clamped(60, 10));
    let mut grid = Grid::new(spec.size);
    for (chosen, seen) in [(None, Theme::Light), (Some(Theme::HighContrast), Theme::HighContrast)] {
        spec.theme = chosen;
        crate::scene::draw(&boards, &spec, &Dataset::default(), Wall(0), &mut grid);
        let ground = widget::Theme::of(seen, Palette::Truecolor).style(Role::Ground).bg;
        assert_eq!(grid.cell(30, 5).style.bg, ground, "{chosen:?}");
    }
}

#[test]
fn a_fact_may_be_the_value_of_a_labelled_series() {
    let board =
        good("[panel.a]\nchart = \"facts\"\nrows = [{ name = \"up\", value = \"up\", where = { of = \"x\" } }]\n");
    let [panel] = board.panels.as_slice() else { panic!("{board:?}") };
    let Chart::Text(rows) = &panel.chart else { panic!("{panel:?}") };
    let [TextRow::Value { series, .. }] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((series.name.as_str(), series.label("of")), ("up", Some("x")));
}

#[test]
fn panels_are_numbered_as_they_are_read_in_the_layout() {
    let board = good(&format!("{TWO}\n[layout]\nrow = [\"b\", {{ panel = \"a\", ratio = 3 }}]\n"));
    let titles: Vec<&str> = board.panels.iter().map(|panel| panel.title.as_str()).collect();
    assert_eq!(titles, ["Second", "a"]);
    let Node::Row(shares) = &board.tabs[0].layout else { panic!("{board:?}") };
    let ratios: Vec<u16> = shares.iter().map(|share| share.ratio).collect();
    assert_eq!(ratios, [1, 3]);
}

#[test]
fn all_that_is_wrong_is_said_at_once_at_its_place() {
    check(
        r#"titel = "x"
[panel.a]
chart = "lin"
[panel.b]
chart = "progress"
by = 3
done = "x"
unit = "parsecs an hour"
priority = 10
min = [1]
[panel.c]
title = "no chart"
[panel.d]
chart = "line"
lines = [{ name = "x", series = "x", largest = "x" }, { name = "y" }, { name = "z", largest = "z" }]
[panel.e]
chart = "table"
by = "x"
sort = "shar"
columns = [{ title = "share", series = "x", thresholds = [{ at = "1", level = "bad" }] }]
"#,
        &[
            "1:1 there is no key \"titel\" here",
            "3:9 chart: \"lin\" is not known here",
            "6:6 by: a text belongs here, not a number",
            "8:8 unit: `parsecs an hour` is no unit",
            "9:12 priority: 10 is not possible",
            "10:7 min: columns and rows belongs here, not a list",
            "11:8 the key `chart` is missing",
            "15:10 one of these keys belongs here: series, largest",
            "15:55 one of these keys belongs here: series, largest",
            "15:71 `largest` needs the key `by`",
            "19:8 sort: there is no column \"shar\"",
            "20:66 at: a number belongs here, not a text",
            "20:79 level: \"bad\" is not known here",
        ],
    );
}

#[test]
fn a_line_chart_marks_entries_of_logs_and_moments() {
    let line = |annotations: &str| {
        format!(
            "[panel.a]\nchart = \"line\"\nlines = [{{ name = \"x\", series = \"x\" }}]\nannotations = [{annotations}]\n"
        )
    };
    let board = good(&line(
        r#"{ stream = "app" }, { stream = "app", level = "crit", name = "bad" }, { at = "1970-01-01T00:00:01.5Z", name = "x" }, { at = 1970-01-01T01:00:02+01:00, name = "y" }"#,
    ));
    let Chart::Line { annotations, .. } = &board.panels[0].chart else { panic!("{board:?}") };
    let stream = || "app".to_owned();
    let label = Label::plain;
    assert_eq!(
        *annotations,
        [
            Annotation::Entries { stream: stream(), level: Severity::Warn, name: None },
            Annotation::Entries { stream: stream(), level: Severity::Error, name: Some(label("bad")) },
            Annotation::Moment { at: Wall(1_500), name: label("x") },
            Annotation::Moment { at: Wall(2_000), name: label("y") },
        ]
    );
    for (wrong, complaint) in [
        ("{ }", "4:16 one of these keys belongs here: stream, at"),
        (r#"{ stream = "a", at = "1970-01-01T00:00:00Z" }"#, "4:16 one of these keys belongs here: stream, at"),
        (r#"{ at = "1970-01-01T00:00:00Z" }"#, "4:16 `at` needs the key `name`"),
        (r#"{ at = "yesterday", name = "x" }"#, "4:23 at: \"yesterday\" is no moment"),
        (r#"{ at = 1970-01-01, name = "x" }"#, "4:23 at: \"1970-01-01\" is no moment"),
        (r#"{ at = 7, name = "x" }"#, "4:23 at: a moment belongs here, not a number"),
        (r#"{ stream = "a", level = "loud" }"#, "4:40 level: \"loud\" is not known here"),
        (
            r#"{ at = 1970-01-01T00:00:00Z, name = "x", level = "warn" }"#,
            "4:65 `level` says which entries of a log are marked, and `at` is none",
        ),
    ] {
        check(&line(wrong), &[complaint]);
    }
    for word in Severity::WORDS {
        good(&line(&format!("{{ stream = \"app\", level = \"{word}\" }}")));
    }
}

#[test]
fn a_layout_holds_each_panel_once() {
    check(
        &format!("{TWO}\n[layout]\nrow = [\"a\", \"a\", \"c\", {{ ratio = 2 }}, 7]\n"),
        &[
            "13:1 the panel \"b\" stands nowhere in the layout",
            "14:13 the panel \"a\" stands in the layout twice",
            "14:18 there is no panel \"c\"",
            "14:23 one of `row`, `column` and `panel` belongs here",
            "14:38 a part of a layout belongs here, not a number",
        ],
    );
    let deep = format!("{TWO}\n[layout]\nrow = [{}\"a\"{}, \"b\"]\n", "{ row = [".repeat(20), "] }".repeat(20));
    let complaints = read("wall", "wall.toml", deep.as_bytes()).expect_err("too deep");
    assert!(complaints.iter().any(|one| one.message.contains("deep")), "{}", shown(&complaints));
}

#[test]
fn tabs_hold_all_panels_between_them_in_the_order_they_are_read() {
    let tabs = "[[tab]]\nname = \"one\"\npanel = \"b\"\n[[tab]]\nname = \"two\"\ncolumn = [\"a\"]\n";
    let board = good(&format!("{TWO}\n{tabs}"));
    let told: Vec<_> = board.tabs.iter().map(|tab| (tab.title.as_str(), tab.panels.clone())).collect();
    assert_eq!(told, [("one", 0..1), ("two", 1..2)]);
    assert_eq!(board.panels[0].title.as_str(), "Second");
    assert_eq!(good(TWO).tabs.len(), 1, "a board without tabs has one");

    check(&format!("tab = []\n{TWO}"), &["1:7 there is no tab"]);
    check(&format!("{TWO}\n{tabs}[layout]\nrow = [\"a\", \"b\"]\n"), &["13:1 a board has a layout or tabs, not both"]);
    check(
        &format!("{TWO}\n[[tab]]\npanel = \"a\"\n[[tab]]\nname = \"x\"\nrow = [\"a\", \"c\"]\n"),
        &[
            "13:1 the key `name` is missing",
            "17:8 the panel \"a\" stands in the layout twice",
            "17:13 there is no panel \"c\"",
        ],
    );
    let many: String = (0..33).map(|n| format!("[panel.p{n}]\nchart = \"text\"\ntext = \"\"\n")).collect();
    let their: String = (0..33).map(|n| format!("[[tab]]\nname = \"{n}\"\npanel = \"p{n}\"\n")).collect();
    check(&format!("{many}{their}"), &["100:1 there are 33 tabs"]);
}

#[test]
fn a_layout_may_name_a_panel_that_is_complained_of() {
    check("[panel.a]\nchart = \"lin\"\n[layout]\nrow = [\"a\"]\n", &["2:9 chart: \"lin\" is not known here"]);
    check(
        "[panel.a]\nchart = \"lin\"\n[layout]\nrow = [\"b\"]\n",
        &[
            "2:9 chart: \"lin\" is not known here",
            "3:1 the panel \"a\" stands nowhere in the layout",
            "4:8 there is no panel \"b\"",
        ],
    );
}

#[test]
fn a_board_without_panels_is_none() {
    check("title = \"x\"", &["1:1 the key `panel` is missing"]);
    check("[panel]", &["1:1 there is no panel"]);
    check("[panel.x]\nchart = 1", &["2:9 chart: a word belongs here, not a number"]);
    for name in ["", "a/b", "a\u{1b}b", &"x".repeat(65)] {
        assert!(read(name, "wall.toml", TWO.as_bytes()).is_err(), "{name:?} names a board");
    }
}

#[test]
fn the_schema_knows_every_kind_of_chart() {
    let schema = schema();
    let kinds = schema["$defs"]["panel"]["oneOf"].as_array().unwrap();
    let names: Vec<&str> = kinds.iter().map(|kind| kind["properties"]["chart"]["const"].as_str().unwrap()).collect();
    assert_eq!(names, keys::CHART_NAMES);
    assert_eq!(schema["properties"]["panel"]["additionalProperties"]["$ref"], "#/$defs/panel");
}

proptest! {
    /// Reading ends, with a board or with complaints, and never with neither.
    #[test]
    fn anything_is_a_board_or_complained_of(text in "[a-z\\[\\]{}=\"., \n0-9]{0,200}") {
        if let Err(complaints) = read("wall", "wall.toml", text.as_bytes()) {
            prop_assert!(!complaints.is_empty());
        }
    }

    /// The same with pieces that look like a board.
    #[test]
    fn what_looks_like_a_board_is_one_or_complained_of(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "[panel.a]\n", "[panel.b]\n", "chart = \"line\"\n", "chart = \"table\"\n", "chart = \"states\"\n",
            "lines = [{ name = \"x\", series = \"x\" }]\n", "[layout]\n", "row = [\"a\", \"b\"]\n", "column = [{ row = [\"a\"] }]\n",
            "title = \"t\"\n", "by = \"x\"\n", "series = \"s\"\n", "columns = [{ title = \"t\", series = \"s\" }]\n",
            "states = [{ value = 1, name = \"up\" }]\n", "sort = \"t\"\n", "min = [1, 2]\n",
            "[[tab]]\n", "name = \"t\"\n", "panel = \"a\"\n",
        ]), 0..16),
    ) {
        match read("wall", "wall.toml", pieces.concat().as_bytes()) {
            Ok(board) => prop_assert!(!board.panels.is_empty()),
            Err(complaints) => prop_assert!(!complaints.is_empty()),
        }
    }
}
