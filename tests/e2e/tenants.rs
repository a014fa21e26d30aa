//! People who share a daemon: what one tenant has, shows and suffers is no matter of another.

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use rustix::process::Signal;
use unblink::admin::status::{BoardList, WorkerRow};
use unblink::sys::clock;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::Watched;
use crate::terminal::Terminal;

/// A user that nobody is.
const NOBODY: &str = "4294967290";

/// Both tenants have one of this name, with the same series.
const BOARD: &str = r#"
refresh_hz = 10
[panel.orders]
chart = "facts"
title = "orders"
source = "push"
rows = [{ name = "orders", value = "orders" }]
[panel.told]
chart = "facts"
title = "told"
source = "told"
rows = [{ name = "told", value = "told" }]
[layout]
column = ["orders", "told"]
"#;

fn source(value: u32) -> String {
    format!("[sources.told]\nkind = 'command'\nargv = ['echo', '{value}']\ninterval = '200ms'\n")
}

/// A home in which `default` and `ops` have everything alike but for the values.
fn home(sections: &str) -> Home {
    let home = Home::new();
    home.configure(&format!("{}{sections}", source(555)));
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    fs::create_dir_all(home.path("config/tenants/ops/boards.d")).unwrap();
    home.put("config/boards.d/shop.toml", BOARD);
    home.put("config/tenants/ops/boards.d/shop.toml", BOARD);
    home.put("config/tenants/ops/sources.toml", &source(888));
    home
}

fn watch(home: &Home, board: &str) -> Terminal {
    Terminal::run(home, &["attach", board], (90, 16))
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned())
}

fn worker(home: &Home, tenant: &str) -> WorkerRow {
    home.status()
        .workers
        .into_iter()
        .find(|row| row.tenant == tenant)
        .unwrap_or_else(|| panic!("no worker of {tenant}"))
}

#[test]
fn equal_names_of_two_tenants_do_not_mix_and_one_that_is_killed_leaves_the_other() {
    let home = home("[tenants.ops]\n");
    let daemon = Daemon::start(&home);
    let (own, ops) = (watch(&home, "shop"), watch(&home, "ops/shop"));
    own.wait_for("555");
    ops.wait_for("888");
    assert_eq!(said(&home.run(&["push", "orders", "421"])), (Some(0), String::new()));
    assert_eq!(said(&home.run(&["push", "--tenant", "ops", "orders", "733"])), (Some(0), String::new()));
    own.wait_for("421");
    ops.wait_for("733");
    for (terminal, other) in [(&own, ["888", "733"]), (&ops, ["555", "421"])] {
        assert!(!terminal.seen().ever(|picture| other.iter().any(|value| picture.contains(value))), "they mixed");
    }
    // From here on the first one misses nothing.
    own.seen().forget();
    let killed = Watched::open(worker(&home, "ops").pid.unwrap()).unwrap();
    killed.signal(Signal::KILL);
    killed.wait_gone();
    daemon.wait_for_drawing_workers(3);
    ops.wait_for("888");
    assert_eq!(said(&home.run(&["push", "--tenant", "ops", "orders", "734"])), (Some(0), String::new()));
    ops.wait_for("734");
    assert_eq!(said(&home.run(&["push", "orders", "422"])), (Some(0), String::new()));
    own.wait_for("422");
    assert!(!own.seen().ever(|picture| picture.contains("worker") || !picture.contains("555")), "it was disturbed");
    assert_eq!((worker(&home, "default").restarts, worker(&home, "ops").restarts), (0, 1));
    own.assert_no_garbage();
    ops.assert_no_garbage();
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_tenants_worker_that_hangs_is_no_matter_of_another_tenant() {
    let home = home("[tenants.ops]\n");
    let daemon = Daemon::start(&home);
    let (own, ops) = (watch(&home, "shop"), watch(&home, "ops/shop"));
    own.wait_for("555");
    ops.wait_for("888");
    own.seen().forget();
    let hung = Watched::open(worker(&home, "ops").pid.unwrap()).unwrap();
    hung.signal(Signal::STOP);
    ops.wait_for("worker was stopped by a signal");
    assert_eq!(said(&home.run(&["push", "orders", "426"])), (Some(0), String::new()));
    own.wait_for("426");
    hung.signal(Signal::CONT);
    ops.wait_without("worker was stopped by a signal");
    assert!(!own.seen().ever(|picture| picture.contains("worker") || !picture.contains("555")), "it was disturbed");
    assert_eq!((worker(&home, "default").restarts, worker(&home, "ops").restarts), (0, 0));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_tenant_for_others_looks_as_absent_as_one_that_is_not_there() {
    let home = home(&format!("[tenants.ops]\nviewers = [{NOBODY}]\npushers = [{NOBODY}]\n"));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(2);
    let attach = |board: &str| {
        let mut terminal = watch(&home, board);
        assert_eq!(terminal.wait_end().code(), Some(1));
        terminal.wait_for("there is default")
    };
    for board in ["shop", "nowhere", ""] {
        let [hidden, absent] = ["ops", "nix"].map(|tenant| attach(&format!("{tenant}/{board}")).replace(tenant, "T"));
        assert_eq!(hidden, absent);
        assert!(hidden.contains("there is no tenant \"T\"; there is default"), "{hidden}");
    }
    let push = |tenant: &str| said(&home.run(&["push", "--tenant", tenant, "orders", "1"]));
    let (hidden, absent) = (push("ops"), push("nix"));
    assert_eq!((hidden.0, hidden.1.replace("ops", "T")), (Some(1), absent.1.replace("nix", "T")));
    // A mistake of theirs is on no screen of ours.
    let own = watch(&home, "shop");
    own.wait_for("555");
    home.put("config/tenants/ops/boards.d/shop.toml", "title = 7\n");
    let (code, words) = said(&home.run(&["reload"]));
    assert!(code == Some(64) && words.contains("tenants/ops/boards.d/shop.toml:1:9"), "{words}");
    assert_eq!(said(&home.run(&["check"])), (code, words), "an administrator sees all");
    assert_eq!(said(&home.run(&["push", "orders", "516"])), (Some(0), String::new()));
    own.wait_for("516");
    assert!(!own.seen().ever(|picture| picture.contains("not applied")), "it is none of ours");
}

#[test]
fn a_tenant_comes_and_goes_while_others_watch_and_its_boards_are_listed_with_its_name() {
    let home = home("");
    fs::rename(home.path("config/tenants"), home.path("away")).unwrap();
    let daemon = Daemon::start(&home);
    let own = watch(&home, "shop");
    own.wait_for("555");
    own.seen().forget();
    // A folder alone is no tenant, and a table alone has the boards that come with the program.
    fs::rename(home.path("away"), home.path("config/tenants")).unwrap();
    let (code, words) = said(&home.run(&["reload"]));
    assert!(code == Some(64) && words.contains("tenants.ops: this folder belongs to no tenant"), "{words}");
    home.configure(&format!("{}[tenants.ops]\n[tenants.bare]\n", source(555)));
    // Either this or the daemon itself is first to see it.
    let (code, words) = said(&home.run(&["reload"]));
    assert_eq!(code, Some(0), "{words}");
    let mut ops = watch(&home, "ops/shop");
    ops.wait_for("888");
    let list: BoardList = serde_json::from_slice(&home.run(&["boards", "--json"]).stdout).unwrap();
    let has = |tenant: &str, board: &str| {
        list.boards.iter().any(|row| (row.tenant.as_str(), row.facts.name.as_str()) == (tenant, board))
    };
    assert!(has("ops", "shop") && has("bare", "host") && !has("bare", "shop"), "{list:?}");
    let (_, words) = said(&home.run(&["boards"]));
    assert!(words.contains("ops/shop") && words.contains("default/shop"), "{words}");
    let worker = Watched::open(worker(&home, "ops").pid.unwrap()).unwrap();
    fs::rename(home.path("config/tenants"), home.path("away")).unwrap();
    home.configure(&source(555));
    assert_eq!(ops.wait_end().code(), Some(1));
    ops.wait_for("the tenant ops is not there for you any more");
    worker.wait_gone();
    assert_eq!(said(&home.run(&["push", "orders", "977"])), (Some(0), String::new()));
    own.wait_for("977");
    assert!(!own.seen().ever(|picture| picture.contains("worker") || !picture.contains("555")), "it was disturbed");
    assert_eq!(home.status().workers.len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_tenant_that_is_wrong_at_the_start_begins_with_what_is_right_and_the_others_with_theirs() {
    let home = home("[tenants.ops]\n");
    home.put("config/tenants/ops/sources.toml", "[log]\nlevel = 'debug'\n");
    home.put("config/tenants/ops/boards.d/fine.toml", &BOARD.replace("source = \"told\"", "source = \"push\""));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(2);
    daemon.log.wait_for("what is wrong", |log| log.contains("no section [log] in a tenant's file").then_some(()));
    let own = watch(&home, "shop");
    own.wait_for("555");
    let ops = watch(&home, "ops/fine");
    // Its boards that need no source of its own are shown, and say what is wrong.
    ops.wait_for("not applied");
    assert!(!own.seen().ever(|picture| picture.contains("not applied")));
    home.put("config/tenants/ops/sources.toml", &source(888));
    ops.wait_without("not applied");
    let fixed = watch(&home, "ops/shop");
    fixed.wait_for("888");
    // What was accepted last is what a tenant begins with from now on.
    assert_eq!(daemon.stop().code(), Some(0));
    home.put("config/tenants/ops/sources.toml", "nonsense");
    let _daemon = Daemon::start(&home);
    fixed.wait_for("not applied");
    fixed.wait_for("888");
}

#[test]
fn pictures_and_checks_are_made_of_every_tenant() {
    let home = home("[tenants.ops]\n[tenants.bare]\n[[terminal]]\ndevice = '/dev/null'\nboard = 'ops/shop'\n");
    let (code, words) = said(&home.run(&["check"]));
    assert!(code == Some(0) && words.contains("tenants/ops/boards.d/shop.toml"), "{words}");
    assert!(!words.contains("terms"), "{words}");
    let snapshot = |board: &str| said(&home.run(&["snapshot", board, "--format", "text", "--size", "90x16"]));
    let (code, words) = snapshot("ops/shop");
    assert!(code == Some(0) && words.contains("888") && words.contains("ops/shop"), "{words}");
    let (code, words) = snapshot("bare/shop");
    assert!(code == Some(1) && words.contains("there is no board"), "{words}");
    let (code, words) = snapshot("nix/shop");
    assert!(code == Some(1) && words.contains("there is no tenant \"nix\"; there is default, bare, ops"), "{words}");
    home.configure(&format!(
        "{}[tenants.ops]\nviewers = ['unblink-no-such-user']\n[[terminal]]\ndevice = '/dev/null'\nboard = 'ops/nowhere'\n",
        source(555)
    ));
    let (code, words) = said(&home.run(&["check"]));
    assert!(code == Some(64) && words.contains("ops has no board \"nowhere\""), "{words}");
    home.configure(&format!("{}[tenants.ops]\nviewers = ['unblink-no-such-user']\n", source(555)));
    let (_, words) = said(&home.run(&["doctor"]));
    assert!(words.contains("this machine does not know unblink-no-such-user"), "{words}");
    assert!(words.contains("source told") && words.contains("source ops/told"), "{words}");
}

#[test]
fn caps_hold_for_pictures_and_pushes_and_are_told_where_they_are_felt() {
    let home = home("[tenants.default]\nrefresh = 2\npush = 3\n[tenants.ops]\n");
    let daemon = Daemon::start(&home);
    let (own, ops) = (watch(&home, "demo"), watch(&home, "ops/demo"));
    own.wait_for("limited to 2/s");
    // One line at a time, each as soon as it is read: more than may be pushed, and none is lost.
    let mut push = home.command(&["push", "--stdin", "--json"]);
    let mut child = push.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut sent = 0_u64;
    while worker(&home, "default").chunks_limited == 0 {
        writeln!(input, "{{\"series\":\"orders\",\"value\":{sent},\"at\":{}}}", clock::wall().0).unwrap();
        sent += 1;
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let counted = outcome["accepted"].as_u64().unwrap() + outcome["rejected"].as_u64().unwrap();
    assert_eq!((counted, &outcome["unanswered"]), (sent, &0.into()), "{outcome}");
    // It is told once a second.
    let deadline = clock::mono() + crate::PATIENCE;
    while !worker(&home, "default").limited.contains_key("demo") {
        assert!(clock::mono() < deadline, "{:?}", worker(&home, "default"));
    }
    assert!(worker(&home, "default").frames_limited > 0);
    let (_, words) = said(&home.run(&["status"]));
    assert!(words.contains("default/demo") && words.contains("default chunks put off"), "{words}");
    let row = worker(&home, "ops");
    assert_eq!((row.frames_limited, row.chunks_limited), (0, 0), "nobody capped it");
    assert!(!ops.seen().ever(|picture| picture.contains("limited")));
    assert_eq!(daemon.stop().code(), Some(0));
}
