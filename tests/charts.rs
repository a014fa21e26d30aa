//! Charts against real databases and against whatever anybody may write into a parameter: nothing but a bound value
//! ever changes.
//!
//! Invariant: the lists of attacks only ever grow; each of them is in the database as a value of its own, so that asking
//! for it finds its row and no other.

#![cfg(feature = "sql")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[path = "charts/attacks.rs"]
mod attacks;
#[path = "../src/source/sql/tests/injections.rs"]
mod injections;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;
use unblink::base::limits;
use unblink::model::origin::{Database, From, Origin, Sql, SqlValue};
use unblink::model::param::{ParamFacts, Values};
use unblink::model::{ParamKind, Unit};
use unblink::scene::Board;
use unblink::scene::file::chart::{self, Given};
use unblink::source::sql;
use unblink::template::{Dialect, Template};

/// For what must not be cut off however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);

/// Asks for the row of one text; a second one is listed, and chooses an alias and a condition.
const CHART: &str = r#"
[query]
sql = """
SELECT number, {{ident .Column}} AS length {{/* '{{.Not}}' */}}
FROM metrics
WHERE app = {{.App}} {{- if eq .Variant "b"}} AND number >= {{.Least}}{{end}} AND {{.App}} = app
"""
values = ["number", "length"]
[params.Column]
one_of = ["bytes", "number"]
[params.Variant]
one_of = ["a", "b"]
[params.Least]
default = 0
min = 0
max = 1000
"#;
/// What it sends, byte for byte.
const PLAIN: &str = "SELECT number, [bytes] AS length \nFROM metrics\nWHERE app = ?1 AND ?1 = app\n";
const VARIANT: &str = "SELECT number, [bytes] AS length \nFROM metrics\nWHERE app = ?1 AND number >= ?2 AND ?1 = app\n";

fn board() -> Board {
    let given = Given { tenant: "default", name: "it", file: "it.toml", bytes: CHART.as_bytes(), beside: &|_| None };
    chart::read(given).unwrap()
}

/// A source with this database, and nothing it asks by itself.
fn source(path: &Path) -> Origin {
    let sql = Sql { database: Database::Sqlite { path: path.to_owned() }, timeout: PATIENT, queries: Vec::new() };
    let (name, series) = ("shop".to_owned(), "shop".to_owned());
    Origin { name, series, unit: Unit::None, interval: PATIENT, from: From::Sql(sql), standby: None }
}

fn params(app: &str, variant: &str) -> BTreeMap<String, String> {
    let pairs = [("App", app), ("Variant", variant), ("Column", "bytes")];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn asked(board: &Board, path: &Path, params: &BTreeMap<String, String>) -> Option<(Origin, Sql)> {
    let origin = board.asks.as_ref().unwrap().origin(board, params, &[source(path)])?;
    let From::Sql(sql) = origin.from.clone() else { panic!("a chart asks a database") };
    Some((origin, sql))
}

/// All texts that a viewer may try: each at most as long as a parameter may be.
fn all() -> Vec<&'static str> {
    let mut all: Vec<&str> = injections::INJECTIONS.iter().chain(attacks::TEMPLATES).copied().collect();
    all.sort_unstable();
    all.dedup();
    assert!(all.len() >= 140, "only {} attacks", all.len());
    all
}

/// A database in which every attack is a text like any other, with a number of its own.
fn shop(all: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let shop = Connection::open(&path).unwrap();
    shop.execute_batch(
        "CREATE TABLE metrics (app TEXT, number INTEGER, bytes INTEGER);
         CREATE TABLE secrets (text TEXT); INSERT INTO secrets VALUES ('s3cret');",
    )
    .unwrap();
    for (number, app) in all.iter().enumerate() {
        shop.execute("INSERT INTO metrics VALUES (?1, ?2, length(CAST(?1 AS BLOB)))", (app, number as i64)).unwrap();
    }
    (folder, path)
}

/// Everything that is in a database, as text.
fn dump(path: &Path) -> Vec<String> {
    let shop = Connection::open(path).unwrap();
    let mut rows = Vec::new();
    for table in ["sqlite_master", "metrics", "secrets"] {
        let mut statement = shop.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            rows.push((0..columns).map(|index| format!("{:?} ", row.get_ref(index).unwrap())).collect());
        }
    }
    rows
}

#[test]
fn whatever_a_viewer_writes_the_statement_stays_and_finds_that_text_alone() {
    let all = all();
    let (_folder, path) = shop(&all);
    let before = dump(&path);
    let board = board();
    for (number, text) in all.iter().enumerate() {
        for (variant, expected) in [("a", PLAIN), ("b", VARIANT)] {
            let (origin, sql) = asked(&board, &path, &params(text, variant)).unwrap();
            // Byte for byte what it is for any other text, and the text is bound.
            assert_eq!(sql.queries[0].sql, expected, "{text:?}");
            assert_eq!(sql.queries[0].params[0], SqlValue::Text((*text).to_owned()));
            assert!(text.len() < 4 || !origin.name.contains(text) && !origin.series.contains(text), "{text:?}");
            // SQLite itself understands it so.
            let shop = Connection::open(&path).unwrap();
            let mut statement = shop.prepare(&sql.queries[0].sql).unwrap();
            assert_eq!((statement.parameter_count(), statement.readonly()), (sql.queries[0].params.len(), true));
            assert_eq!(statement.column_names().collect::<Vec<_>>(), ["number", "length"]);
            statement.raw_bind_parameter(1, *text).unwrap();
            assert!(statement.expanded_sql().unwrap().starts_with(&expected[..expected.find("?1").unwrap()]));
            // And the source finds its one row.
            let mut line = sql::reading_thread(&origin, &sql).unwrap();
            line.asks.send(()).unwrap();
            let reading = line.answers.blocking_recv().unwrap().outcome.unwrap();
            let mut found: Vec<f64> = reading.samples.iter().map(|sample| sample.value).collect();
            found.sort_by(f64::total_cmp);
            let mut wanted = vec![number as f64, text.len() as f64];
            wanted.sort_by(f64::total_cmp);
            assert_eq!((found, reading.missing), (wanted, None), "{text:?}");
        }
    }
    assert_eq!(dump(&path), before);
}

#[test]
fn a_listed_name_that_is_no_column_is_an_error_and_no_text() {
    let (_folder, path) = shop(&["core"]);
    let text = CHART.replace("\"bytes\", \"number\"", "\"bytes\", \"nothing\"");
    let given = Given { tenant: "default", name: "it", file: "it.toml", bytes: text.as_bytes(), beside: &|_| None };
    let board = chart::read(given).unwrap();
    let mut params = params("core", "a");
    params.insert("Column".to_owned(), "nothing".to_owned());
    let (origin, sql) = asked(&board, &path, &params).unwrap();
    let mut line = sql::reading_thread(&origin, &sql).unwrap();
    line.asks.send(()).unwrap();
    let why = line.answers.blocking_recv().unwrap().outcome.unwrap_err();
    assert!(why.why.contains("no such column: nothing"), "{}", why.why);
}

#[test]
fn a_listed_parameter_takes_nothing_that_is_not_listed() {
    let (_folder, path) = shop(&[]);
    let board = board();
    let asks = board.asks.as_ref().unwrap();
    for text in all().into_iter().chain(injections::WITH_ZEROS.iter().copied()).filter(|text| *text != "number") {
        for name in ["Column", "Variant", "Least"] {
            let mut params = params("core", "a");
            params.insert(name.to_owned(), text.to_owned());
            assert!(asked(&board, &path, &params).is_none(), "{name}: {text:?}");
            assert!(asks.identity("it", &params).is_none(), "{name}: {text:?}");
        }
    }
    // A zero byte is no part of any text.
    for text in injections::WITH_ZEROS {
        assert!(asked(&board, &path, &params(text, "a")).is_none(), "{text:?}");
    }
    let long = "'".repeat(limits::PARAM_BYTES_MAX + 1);
    assert!(asked(&board, &path, &params(&long, "a")).is_none());
    assert!(asked(&board, &path, &params(&long[1..], "a")).is_some());
}

/// Stretches that templates are made of, right and wrong.
fn stretch() -> impl Strategy<Value = String> {
    let words = [
        "SELECT ",
        "x",
        "'",
        "\"",
        "--",
        "/*",
        "*/",
        "$$",
        "\n",
        " ",
        ";",
        "?1",
        "$1",
        "{",
        "}",
        "{{",
        "}}",
        "延迟",
        "{{.A}}",
        " {{ .B }} ",
        "{{- .A -}}",
        "{{ident .C}}",
        "{{if eq .C \"p95\"}}",
        "{{if .D}}",
        "{{else}}",
        "{{else if not .D}}",
        "{{if and .D (ne .C \"p50\")}}",
        "{{end}}",
        "{{- end -}}",
        "{{/* c */}}",
        "{{range .A}}",
        "{{printf \"%s\" .A}}",
        "{{$x := .A}}",
        "{{template \"t\"}}",
        "{{.A | html}}",
        "{{if .A}}",
        "{{\"text\"}}",
    ];
    prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

fn declared() -> Vec<ParamFacts> {
    let text = |name: &str, one_of: &[&str]| ParamFacts {
        name: name.to_owned(),
        one_of: one_of.iter().map(|text| (*text).to_owned()).collect(),
        ..ParamFacts::default()
    };
    let flag = ParamFacts { name: "D".to_owned(), kind: ParamKind::Bool, ..ParamFacts::default() };
    vec![text("A", &[]), text("B", &[]), text("C", &["p95", "p50"]), flag]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever template, whatever values: nothing panics, nothing grows, and what is sent does not depend on what is
    /// not listed.
    #[test]
    fn no_template_makes_more_of_a_value_than_a_placeholder(
        stretches in prop::collection::vec(stretch(), 0..24),
        (a, b, other) in (".{0,40}", ".{0,40}", ".{0,40}"),
        (listed, flag) in (any::<bool>(), any::<bool>()),
        dialect in prop::sample::select(vec![Dialect::Sqlite, Dialect::Postgres]),
    ) {
        let text = stretches.concat();
        let Ok(template) = Template::read(&text) else { return Ok(()) };
        if !template.check(&declared()).is_empty() {
            return Ok(());
        }
        let values = |a: &str, b: &str| -> Values {
            let column = if listed { "p95" } else { "p50" };
            let texts = [("A", a), ("B", b), ("C", column)];
            let texts = texts.into_iter().map(|(name, text)| (name.to_owned(), SqlValue::Text(text.to_owned())));
            texts.chain([("D".to_owned(), SqlValue::Flag(flag))]).collect()
        };
        let statement = template.statement(&values(&a, &b), dialect).unwrap();
        prop_assert_eq!(&template.statement(&values(&other, &a), dialect).unwrap(), &statement);
        // A placeholder or a name is shorter than the action it stands for.
        prop_assert!(statement.sql.len() <= text.len());
        prop_assert!(statement.params.len() <= limits::PARAMS_MAX);
    }
}
