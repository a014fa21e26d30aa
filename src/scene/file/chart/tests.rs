use std::collections::BTreeMap;

use super::*;
use crate::base::{Size, Wall};
use crate::frame::Grid;
use crate::model::origin::{Database, From, Sql, SqlValue};
use crate::model::param::ParamFacts;
use crate::model::{Dataset, ParamKind, ViewSpec};
use crate::scene::{self, Boards};

/// The example that was promised to people.
const PROMISED: &str = r#"
title = "P95 延迟趋势"
x_axis = "timestamp"
y_axis = "milliseconds"
[query]
  sql = "SELECT time, p95 FROM metrics WHERE app = {{.App}}"
"#;

fn read_it(text: &str) -> Result<Board, Vec<Diagnostic>> {
    read(Given { tenant: "default", name: "it", file: "it.toml", bytes: text.as_bytes(), beside: &|_| None })
}

fn asks(text: &str) -> Asks {
    *read_it(text).expect(text).asks.expect("it is a chart")
}

/// Complaints as `line:column message`.
fn complaints(text: &str) -> Vec<String> {
    let all = read_it(text).err().unwrap_or_default();
    all.into_iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect()
}

fn database() -> Vec<Origin> {
    let database = Database::Sqlite { path: "/x.db".into() };
    let sql = Sql { database, timeout: Duration::from_secs(5), queries: Vec::new() };
    let from = From::Sql(sql);
    let interval = Duration::from_secs(15);
    vec![Origin { name: "db".to_owned(), series: "db".to_owned(), unit: Unit::None, interval, from, standby: None }]
}

fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_example_works_as_it_stands() {
    let board = read_it(PROMISED).expect("it is right");
    let asks = board.asks.clone().expect("it is a chart");
    assert_eq!((board.title.as_str(), asks.unit, asks.divisor), ("P95 延迟趋势", Unit::Seconds, 1000));
    assert_eq!(asks.params, [ParamFacts { name: "App".to_owned(), ..ParamFacts::default() }]);
    let origin = asks.origin(&board, &params(&[("App", "'; --")]), &database()).expect("it is asked");
    let From::Sql(sql) = origin.from else { panic!("it asks a database") };
    assert_eq!(sql.queries[0].sql, "SELECT time, p95 FROM metrics WHERE app = ?1");
    assert_eq!(sql.queries[0].params, [SqlValue::Text("'; --".to_owned())]);
    assert!(asks.origin(&board, &params(&[]), &database()).is_none());
    assert!(asks.origin(&board, &params(&[("App", "x")]), &[]).is_none());
}

#[test]
fn equal_parameters_are_one_chart_and_others_never_are() {
    let text = "[query]\nsql = \"SELECT {{.A}}, {{.B}}\"\n[params.B]\ndefault = 5\n";
    let one = asks(text);
    let of = |asks: &Asks, name: &str, pairs: &[(&str, &str)]| asks.identity(name, &params(pairs));
    let first = of(&one, "it", &[("A", "x")]).expect("it fits");
    assert_eq!(of(&one, "it", &[("A", "x"), ("B", "5")]).as_ref(), Some(&first), "the default said is the default");
    assert_eq!(of(&one, "it", &[("A", "x"), ("C", "of another board")]).as_ref(), Some(&first));
    assert_eq!(of(&one, "it", &[("B", "5")]), None);
    let others = [
        of(&one, "it", &[("A", "x"), ("B", "6")]),
        of(&one, "it", &[("A", "x ")]),
        of(&one, "it", &[("A", "x\", \"B\": \"5")]),
        of(&one, "other", &[("A", "x")]),
        of(&asks(&text.replace("SELECT", "SELECT 1,")), "it", &[("A", "x")]),
        of(&asks(&format!("y_axis = \"ms\"\n{text}")), "it", &[("A", "x")]),
    ];
    for other in others {
        let other = other.expect("it fits");
        assert!(other.series != first.series && other.source != first.source, "{other:?}");
    }
    // A title is no other question.
    assert_eq!(of(&asks(&format!("title = \"x\"\n{text}")), "it", &[("A", "x")]), Some(first));
}

#[test]
fn a_parameter_that_is_missing_is_told_on_the_board() {
    let boards = Boards::new(vec![read_it(PROMISED).expect("it is right")]);
    let spec = ViewSpec::new("default", "it", Size::clamped(80, 8));
    let mut grid = Grid::new(spec.size);
    scene::draw(&boards, &spec, &Dataset::default(), Wall(1_789_000_000_000), &mut grid);
    let text = crate::encode::export::text(&grid, false);
    assert!(text.contains("the parameter App is missing: say --param App=core"), "{text}");
    let spec = ViewSpec { params: params(&[("App", "secret words")]), ..spec };
    scene::draw(&boards, &spec, &Dataset::default(), Wall(1_789_000_000_000), &mut grid);
    let text = crate::encode::export::text(&grid, false);
    assert!(text.contains("waiting for chart:") && text.contains("· App=secret words"), "{text}");
    let long = format!("\u{1b}[2J{}", "x".repeat(200));
    let spec = ViewSpec { params: params(&[("App", &long), ("Other", "of another board")]), ..spec };
    scene::draw(&boards, &spec, &Dataset::default(), Wall(1_789_000_000_000), &mut grid);
    let text = crate::encode::export::text(&grid, false);
    assert!(text.contains("· App=xxxxxxxxxxxxxxxxxxxxxxx… ─") && !text.contains("Other"), "{text}");
}

#[test]
fn types_are_said_or_seen_and_bounds_are_kept() {
    let text = "[query]\nsql = \"SELECT {{.T}}, {{.I}}, {{.F}}, {{.B}}, {{.L}}\"\n[params.T]\nmax_length = 3\n\
                [params.I]\ndefault = 5\nmin = 1\nmax = 9\n[params.F]\ntype = \"float\"\n[params.B]\ndefault = true\n\
                [params.L]\none_of = [1, 2]\ntitle = \"how many\"\n";
    let kinds: Vec<ParamKind> = asks(text).params.iter().map(|param| param.kind).collect();
    assert_eq!(kinds, [ParamKind::Text, ParamKind::Int, ParamKind::Float, ParamKind::Bool, ParamKind::Int]);
    let said = |more: &str| complaints(&format!("[query]\nsql = \"SELECT {{{{.A}}}}\"\n[params.A]\n{more}\n"));
    assert_eq!(said("default = 5\nmin = 6"), ["4:11 default: the parameter A must be at least 6"]);
    assert_eq!(said("one_of = [\"a\"]\ndefault = \"b\""), ["5:11 default: the parameter A can be: a"]);
    assert_eq!(said("type = \"int\"\none_of = [\"a\"]"), ["5:10 one_of: \"a\" must be a whole number, such as 5"]);
    assert_eq!(said("min = 1"), ["4:7 min: a parameter of the type text has none"]);
    assert_eq!(said("type = \"uint\""), ["4:8 type: \"uint\" is not known here"]);
    assert_eq!(said("[params.B]"), ["4:9 params.B: the statement does not name it"]);
    assert_eq!(said("what = 1"), ["4:1 there is no key \"what\" here"]);
    let long = format!("title = \"{}\"", "x".repeat(3000));
    assert_eq!(said(&long), [""; 0], "a title is cut");
    let choices: Vec<String> = (0..60).map(|number| format!("\"{number:040}\"")).collect();
    assert!(said(&format!("one_of = [{}]", choices.join(", ")))[0].contains("declarations take"));
}

#[test]
fn complaints_about_a_template_stand_where_it_does() {
    for (text, said) in [
        ("[query]\nsql = \"SELECT '{{.App}}'\"", "2:16 sql: the parameter stands within a text"),
        ("[query]\nsql = '''\nSELECT\n  {{range .X}}'''", "4:5 sql: `range` is not allowed in a chart"),
        ("[query]\nsql = \"\"\"SELECT\n  {{.App}\"\"\"", "3:9 sql: one brace does not close an action"),
        // What is escaped stands elsewhere: the value as a whole is meant.
        ("[query]\nsql = \"SELECT \\\"{{.App}}\\\"\"", "2:7 sql: the parameter stands within a quoted name"),
        ("[query]\nsql = \"{{if .App}}1{{end}}\"", "2:13 sql: a condition on App, which can be anything"),
        ("[query]\n", "1:1 the query has no statement"),
        ("title = \"x\"", "1:1 the key `query` is missing"),
        ("[query]\nsql = \"SELECT 1\"\nsql_file = \"x.tmpl\"", "1:1 the query has `sql` and `sql_file`"),
        ("[query]\nsql = 5", "2:7 sql: a text belongs here, not a number"),
        ("y_axis = \"minutes\"\n[query]\nsql = \"SELECT 1\"", "1:10 y_axis: `minutes` is no unit of values here"),
        ("x_axis = \"host\"\n[query]\nsql = \"SELECT 1\"", "1:10 x_axis: \"host\" is not known here"),
        ("uuid = \"x\"\n[query]\nsql = \"SELECT 1\"", "1:8 uuid: \"x\" is no UUID"),
        ("interval = \"1ms\"\n[query]\nsql = \"SELECT 1\"", "1:12 interval: 1ms lies outside 200ms to 3600s"),
    ] {
        assert_eq!(complaints(text), [said], "{text}");
    }
}

#[test]
fn an_identity_stays_while_the_name_does() {
    let of = |tenant: &str, name: &str, text: &str| {
        let given = Given { tenant, name, file: "it.toml", bytes: text.as_bytes(), beside: &|_| None };
        read(given).expect(text).asks.expect("it is a chart").uuid
    };
    let first = of("default", "it", PROMISED);
    assert_eq!(of("default", "it", "[query]\nsql = \"SELECT 1\""), first);
    assert_ne!(of("other", "it", PROMISED), first);
    assert_ne!(of("default", "other", PROMISED), first);
    let said = "9f1b1b56-6f0f-4e9c-8a52-2b5f0c7f7a10";
    assert_eq!(of("default", "it", &format!("uuid = \"{said}\"\n{PROMISED}")).to_string(), said);
}
