//! Charts with parameters on a real daemon: each viewer sees what was asked for them, and nobody else's.

use std::fs;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// A home with a database, and a chart that asks it.
fn home() -> Home {
    let home = Home::new();
    let path = home.path("shop.db");
    let shop = Connection::open(&path).unwrap();
    shop.execute_batch(
        "CREATE TABLE metrics (app TEXT, p50 REAL, p95 REAL);
         INSERT INTO metrics VALUES ('core', 55, 110), ('web', 240, 480);",
    )
    .unwrap();
    home.configure(&format!(
        "[sources.shop]\nkind = \"sqlite\"\npath = \"{}\"\ninterval = \"500ms\"\n",
        path.display()
    ));
    fs::create_dir(home.path("config/charts.d")).unwrap();
    write(&home, "{{ident .Column}}");
    home
}

/// The chart with this expression as its value.
fn write(home: &Home, value: &str) {
    home.put(
        "config/charts.d/latency.toml",
        &format!(
            "title = \"延迟趋势\"\nx_axis = \"timestamp\"\ny_axis = \"milliseconds\"\n[query]\n\
             sql = '''SELECT CAST(strftime('%s', 'now') AS INTEGER) AS time, {value} AS v FROM metrics WHERE app = {{{{.App}}}}'''\n\
             [params.Column]\none_of = [\"p95\", \"p50\"]\ndefault = \"p95\"\n"
        ),
    );
}

fn watch(home: &Home, params: &[&str]) -> Terminal {
    let params = params.iter().flat_map(|param| ["--param", param]);
    let args: Vec<&str> = ["attach", "latency"].into_iter().chain(params).collect();
    Terminal::run(home, &args, (100, 16))
}

#[test]
fn viewers_of_one_chart_each_see_what_they_asked_for_and_words_change_nothing_but_that() {
    let home = home();
    let _daemon = Daemon::start(&home);
    let core = watch(&home, &["App=core"]);
    let web = watch(&home, &["App=web"]);
    let half = watch(&home, &["App=web", "Column=p50"]);
    let hostile = watch(&home, &["App=' OR 1=1; DROP TABLE metrics; --"]);
    core.wait_for("110 ms");
    web.wait_for("480 ms");
    half.wait_for("240 ms");
    hostile.wait_for("no query found a row");
    for (terminal, others) in
        [(&core, ["480 ms", "240 ms"]), (&web, ["110 ms", "240 ms"]), (&half, ["110 ms", "480 ms"])]
    {
        assert!(!terminal.seen().ever(|picture| others.iter().any(|other| picture.contains(other))), "{others:?}");
    }
    let listed = String::from_utf8(home.run(&["boards"]).stdout).unwrap();
    assert!(listed.contains("App=text") && listed.contains("Column=p95|p50 [p95]"), "{listed}");

    // The file changes: so do all screens, and nothing of before is drawn with what is new.
    write(&home, "{{ident .Column}} * 2");
    core.wait_for("220 ms");
    web.wait_for("960 ms");
    half.wait_for("480 ms");
    hostile.wait_for("no query found a row");
    let shop = Connection::open(home.path("shop.db")).unwrap();
    let count: i64 = shop.query_row("SELECT count(*) FROM metrics", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);

    // A mistake is told, and what was drawn goes on.
    write(&home, "'{{.Column}}'");
    let text = core.wait_for("not applied: latency.toml:");
    assert!(text.contains("220 ms"), "{text}");
}

#[test]
fn a_viewer_who_leaves_out_a_parameter_is_told_and_others_go_on() {
    let home = home();
    let _daemon = Daemon::start(&home);
    let core = watch(&home, &["App=core"]);
    core.wait_for("· App=core");
    let nobody = watch(&home, &["Column=p99"]);
    nobody.wait_for("the parameter Column can be: p95, p50");
    assert!(nobody.text().contains("say --param App=core"), "{}", nobody.text());
    core.wait_for("110 ms");
    // The worker dies: what was asked for is asked for again.
    let pid = home.status().workers[0].pid.unwrap();
    let worker = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(worker, Signal::KILL).unwrap();
    core.wait_until("a new worker's picture", |_| home.status().workers[0].pid.is_some_and(|new| new != pid));
    core.wait_without("worker");
    core.wait_for("110 ms");
}

#[test]
fn what_a_viewer_says_wrongly_is_told_before_anything_is_drawn() {
    let home = home();
    for (params, said) in [
        (vec![], "the parameter App is missing: say --param App=core"),
        (vec!["App=core", "Column=app; --"], "the parameter Column can be: p95, p50"),
        (vec!["App=core", "Colum=p95"], "has no parameter \"Colum\"; it takes: Column, App"),
    ] {
        let params = params.iter().flat_map(|param| ["--param", param]);
        let args: Vec<&str> = ["snapshot", "latency", "--size", "100x16"].into_iter().chain(params).collect();
        let output = home.run(&args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(said), "{told}");
    }
    let args = ["snapshot", "latency", "--param", "App=web", "--size", "100x16", "--format", "text"];
    let picture = String::from_utf8(home.run(&args).stdout).unwrap();
    assert!(picture.contains("480 ms") && !picture.contains("110 ms"), "{picture}");
}

#[test]
fn a_template_of_its_own_is_watched_kept_and_gone_back_to_and_a_wrong_chart_keeps_no_daemon_from_starting() {
    let home = home();
    let chart = "y_axis = \"milliseconds\"\nkind = \"stat\"\n[query]\nsql_file = \"now.tmpl\"\nvalues = [\"v\"]\n";
    home.put("config/charts.d/now.toml", chart);
    let template = |value: &str| format!("SELECT {value} AS v FROM metrics WHERE app = {{{{.App}}}}\n");
    home.put("config/charts.d/now.tmpl", &template("p95"));
    home.put("config/charts.d/wrong.toml", "[query]\nsql = \"SELECT '{{.App}}'\"\n");
    let daemon = Daemon::start(&home);
    daemon.log.wait_for("wrong.toml", |log| log.contains("the parameter stands within a text").then_some(()));
    let terminal = Terminal::run(&home, &["attach", "now", "--param", "App=core"], (60, 12));
    // Digits of a large value are drawn, so the unit and the age are looked for.
    terminal.wait_for("ms");
    fs::remove_file(home.path("config/charts.d/wrong.toml")).unwrap();
    home.put("config/charts.d/now.tmpl", &template("p95 * 100"));
    terminal.wait_without("ms");
    home.put("config/charts.d/now.tmpl", &template("p95 * 2"));
    terminal.wait_for("ms");
    let undone = home.run(&["rollback"]);
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    terminal.wait_without("ms");
    drop(daemon);

    let check = |name: &str| home.run(&["check", home.path(&format!("config/charts.d/{name}")).to_str().unwrap()]);
    assert!(check("now.toml").status.success());
    let refused = check("now.tmpl");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("this is a template and no chart"), "{refused:?}");
    home.put("config/charts.d/now.tmpl", "SELECT 1\n  {{if .App}}");
    let told = check("now.toml");
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("charts.d/now.tmpl:2:3: this `if` has no end"), "{told}");
    let schema = home.run(&["check", "--schema=chart"]).stdout;
    let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
    assert!(schema["properties"]["params"]["additionalProperties"]["properties"]["one_of"].is_object(), "{schema}");
}
