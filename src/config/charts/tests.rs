use super::*;
use crate::config::understand;

fn file(kind: FileKind, name: &str, text: &str) -> ConfigFile {
    ConfigFile { kind, name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn settings(sources: &[&str]) -> ConfigFile {
    let one = |name: &&str| format!("[sources.{name}]\nkind = \"sqlite\"\npath = \"/x.db\"\n");
    file(FileKind::Settings, "unblink.toml", &sources.iter().map(one).collect::<String>())
}

const CHART: &str = "[query]\nsql = \"SELECT 1 AS v\"\n";

/// Complaints as `file:line: message`.
fn complaints(files: &[ConfigFile]) -> Vec<String> {
    let told = |all: Vec<Diagnostic>| {
        all.into_iter().map(|one| format!("{}:{}: {}", one.file, one.line, one.message)).collect()
    };
    understand(files).map_or_else(told, |_| Vec::new())
}

#[test]
fn a_chart_asks_the_only_database_or_the_one_it_names() {
    let with = |sources: &[&str], chart: &str| {
        complaints(&[settings(sources), file(FileKind::Chart, "charts.d/c.toml", chart)])
    };
    let named = format!("source = \"b\"\n{CHART}");
    assert_eq!(with(&["a"], CHART), [""; 0]);
    assert_eq!(with(&["a", "b"], &named), [""; 0]);
    assert_eq!(with(&[], CHART), ["charts.d/c.toml:1: no source asks a database"]);
    assert_eq!(with(&["a"], &named), ["charts.d/c.toml:1: source: no source \"b\" asks a database"]);
    let many = "charts.d/c.toml:1: 2 sources ask a database, and the chart does not say which is meant";
    assert_eq!(with(&["a", "b"], CHART), [many]);
    assert_eq!(complaints(&[file(FileKind::Chart, "charts.d/c.toml", &named)]), [""; 0], "one that is looked at alone");
}

#[test]
fn a_screen_that_nobody_sits_at_gives_no_parameters() {
    let with = |chart: &str| {
        let mut settings = settings(&["a"]);
        settings.bytes.extend_from_slice(b"[[terminal]]\ndevice = \"/dev/tty8\"\nboard = \"c\"\n");
        complaints(&[settings, file(FileKind::Chart, "charts.d/c.toml", chart)])
    };
    let named = "[query]\nsql = \"SELECT {{.App}} AS v\"\n";
    let said = "unblink.toml:6: terminal.board: nobody tells the chart \"c\" its parameter \"App\" here";
    assert_eq!(with(named), [said]);
    assert_eq!(with(&format!("{named}[params.App]\ndefault = \"core\"\n")), [""; 0]);
}

#[test]
fn a_chart_has_a_name_of_its_own() {
    let board = file(FileKind::Board, "boards.d/c.toml", "[panel.a]\nchart = \"text\"\ntext = \"x\"\n");
    let chart = |name: &str| file(FileKind::Chart, name, CHART);
    let said = complaints(&[settings(&["a"]), board, chart("charts.d/c.toml")]);
    assert_eq!(said, ["charts.d/c.toml:0: a board is called \"c\" too"]);
    assert!(complaints(&[settings(&["a"]), chart("charts.d/a:b.toml")])[0].contains("is no name for a chart"));
    // In the place of one that is shipped, as a board.
    let (_, boards) = understand(&[settings(&["a"]), chart("charts.d/host.toml")]).expect("it is right");
    assert_eq!(boards.names().filter(|name| *name == "host").count(), 1);
    assert!(boards.get("host").is_some_and(|board| board.asks.is_some()));
}

#[test]
fn templates_lie_beside_their_charts_and_complaints_name_their_lines() {
    let chart = file(FileKind::Chart, "charts.d/c.toml", "[query]\nsql_file = \"c.tmpl\"\n");
    let template = |text: &str| file(FileKind::Chart, "charts.d/c.tmpl", text);
    let all = |text: &str| vec![settings(&["a"]), chart.clone(), template(text)];
    let (_, boards) = understand(&all("SELECT 1\nWHERE 'a' = {{.App}}")).expect("it is right");
    let params = &boards.get("c").and_then(|board| board.asks.as_ref()).expect("it is a chart").params;
    assert_eq!(params[0].name, "App");
    assert_eq!(
        complaints(&all("SELECT 1\n{{range .X}}\n'{{end}}'")),
        ["charts.d/c.tmpl:2: `range` is not allowed in a chart", "charts.d/c.tmpl:3: this `end` belongs to no `if`"]
    );
    assert_eq!(complaints(&all("SELECT '{{.App}}'")), ["charts.d/c.tmpl:1: the parameter stands within a text"]);
    assert_eq!(
        complaints(&[settings(&["a"]), chart.clone()]),
        ["charts.d/c.toml:2: sql_file: there is no file \"c.tmpl\" here"]
    );
    let lonely = file(FileKind::Chart, "charts.d/d.toml", CHART);
    assert_eq!(
        complaints(&[settings(&["a"]), lonely, template("SELECT 1")]),
        ["charts.d/c.tmpl:0: no chart names this template"]
    );
    for name in ["../c.tmpl", "/etc/passwd", "c.sql"] {
        let chart = file(FileKind::Chart, "charts.d/c.toml", &format!("[query]\nsql_file = \"{name}\"\n"));
        assert!(complaints(&[settings(&["a"]), chart])[0].contains("is no template beside this file"), "{name}");
    }
}

#[test]
fn charts_of_one_name_are_told_apart_by_their_tenants() {
    let uuid = |tenant: &str| {
        let terms = crate::config::tenants::terms(&crate::config::Settings::default(), tenant);
        let files = [terms, settings(&["a"]), file(FileKind::Chart, "charts.d/c.toml", CHART)];
        let (_, boards) = understand(&files).expect("all of it is right");
        boards.get("c").and_then(|board| board.asks.as_ref()).expect("it is a chart").uuid
    };
    assert_eq!(uuid("ops"), uuid("ops"));
    assert_ne!(uuid("ops"), uuid("shop"));
}
