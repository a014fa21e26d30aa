//! What `[sources.NAME]` may say, and what is said of what it may not.

use super::*;
use crate::config::{Settings, parse, understand};
use crate::wire::feed::{ConfigFile, FileKind};

fn files(text: &str) -> Vec<ConfigFile> {
    vec![ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() }]
}

fn settings(text: &str) -> Settings {
    parse(&files(text)).unwrap_or_else(|complaints| panic!("{text} is refused: {complaints:?}"))
}

/// All complaints, each as `line:column message [remedy]`.
fn check(text: &str, expect: &[&str]) {
    let complaints = parse(&files(text)).err().unwrap_or_default();
    let shown: Vec<String> =
        complaints.iter().map(|one| format!("{}:{} {} [{}]", one.line, one.column, one.message, one.remedy)).collect();
    assert_eq!(shown, expect, "{text}");
}

#[cfg(not(feature = "sql"))]
#[test]
fn a_database_is_refused_in_words_by_a_build_without_them() {
    for kind in ["sqlite", "postgresql"] {
        let text = format!("[sources.s]\nkind = \"{kind}\"\n");
        let file = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() };
        let complaints = parse(&[file]).unwrap_err();
        assert!(complaints[0].message.contains("built without the feature sql"), "{complaints:?}");
    }
}

#[test]
fn a_command_has_defaults_and_a_file_too() {
    let settings = settings(
        "[sources.my-users]\nkind = \"command\"\nargv = [\"who\", \"-q\", \"\"]\n\
         [sources.app]\nkind = \"file\"\npath = \"/var/log/app.log\"\n",
    );
    let command = Command {
        argv: vec!["who".to_owned(), "-q".to_owned(), String::new()],
        timeout: Duration::from_secs(5),
        output: Output::Auto,
        env: Vec::new(),
        directory: "/".into(),
    };
    let seconds = Duration::from_secs;
    let common = |name: &str, series: &str, interval, from| Origin {
        name: name.to_owned(),
        series: series.to_owned(),
        unit: Unit::None,
        interval,
        standby: None,
        from,
    };
    let file =
        File { path: "/var/log/app.log".into(), lines: Lines::Words, from_start: false, fields: Fields::default() };
    let app = common("app", "app", seconds(1), From::File(file));
    let users = common("my-users", "my_users", seconds(10), From::Command(command));
    assert_eq!(settings.sources, [app, users]);
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let settings = settings(
        "[sources.a]\nkind = \"command\"\nshell = \"df | wc -l\"\ninterval = \"2s\"\ntimeout = \"2s\"\nformat = \"nagios\"\n\
         series = \"disks\"\nunit = \"bytes\"\nenv = { HOME = \"/srv\" }\ndirectory = \"/srv\"\n\
         [sources.b]\nkind = \"file\"\npath = \"/x\"\nregex = '(?<took>\\d+)'\nfrom = \"start\"\nlabels = [\"path\"]\n\
         values = [\"took\"]\nlevel = \"lvl\"\ntime = \"ts\"\nmessage = \"text\"\n",
    );
    let From::Command(command) = &settings.sources[0].from else { panic!("{settings:?}") };
    assert_eq!(command.argv, ["/bin/sh", "-c", "df | wc -l"]);
    assert_eq!((command.output, command.env.len()), (Output::Nagios, 1));
    let From::File(file) = &settings.sources[1].from else { panic!("{settings:?}") };
    assert_eq!((&file.lines, file.from_start), (&Lines::Regex("(?<took>\\d+)".to_owned()), true));
    assert_eq!((file.fields.time.as_str(), file.fields.labels.len()), ("ts", 1));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    check(
        "[sources.host]\nkind = \"command\"\n[sources.a]\nkind = \"comand\"\n[sources.b]\n\
         [sources.c]\nkind = \"command\"\nargs = [\"x\"]\ntimeout = \"1m\"\n",
        &[
            "1:10 the source host is always there [give yours another name]",
            "4:8 sources.a.kind: \"comand\" is none of the kinds [did you mean `command`?]",
            "5:10 [sources.b] does not say what it is [add kind = \"command\", or \"file\", \"prometheus\", \"sqlite\", \"postgresql\"]",
            "6:10 [sources.c] names no command [write argv = [\"program\", \"argument\"]; or shell = \"...\" where a shell is \
             needed]",
            "8:1 there is no key \"args\" in [sources.c], a command [did you mean `argv`?]",
            "9:11 sources.c.timeout: 60s is longer than the interval [a run must be over before the next one starts: \
             shorten it or lengthen the interval]",
        ],
    );
    check(
        "sources = 3\n",
        &[
            "1:11 sources is a section of sections, but a number stands here [write [sources.NAME] on a line of its own]",
        ],
    );
    check(
        "[sources]\na = 3\n",
        &[
            "2:5 sources.a is a number, where a section belongs [write [sources.NAME] on a line of its own, with kind = \
           \"command\" under it]",
        ],
    );
}

#[test]
fn each_value_is_checked() {
    let command = |line: &str, message: &str| {
        let text = format!("[sources.x]\nkind = \"command\"\nargv = [\"y\"]\n{line}\n");
        let complaints = parse(&files(&text)).unwrap_err();
        assert_eq!(complaints.len(), 1, "{line}: {complaints:?}");
        assert_eq!(complaints[0].message, message, "{line}");
    };
    command("interval = \"1ms\"", "sources.x.interval: 1ms lies outside 200ms to 3600s");
    command("series = \"host_x\"", "sources.x.series: they would look like the program's own series");
    command("series = \"a b\"", "sources.x.series: series cannot be called so");
    command("env = { \"A B\" = \"1\" }", "sources.x.env: \"A B\" is no name of a variable");
    command("env = { PGPASSWORD = \"x\" }", "sources.x.env: PGPASSWORD: a secret does not stand in this file");
    command("env = { API_KEY = \"a ${B}c\" }", "sources.x.env: API_KEY: a secret does not stand in this file");
    command("env = { LD_PRELOAD = \"/x\" }", "sources.x.env: LD_PRELOAD would change the daemon's own part too");
    command("directory = \"srv\"", "sources.x.directory: the path is not absolute");
    command("shell = \"ls\"", "[sources.x] has argv and shell");
    let file = |line: &str, message: &str| {
        let text = format!("[sources.x]\nkind = \"file\"\npath = \"/y\"\n{line}\n");
        let complaints = parse(&files(&text)).unwrap_err();
        assert_eq!(complaints.len(), 1, "{line}: {complaints:?}");
        assert!(complaints[0].message.starts_with(message), "{line}: {complaints:?}");
    };
    file("regex = '(?<a>'", "sources.x.regex: this is no expression: unclosed group");
    file("regex = 'a'", "sources.x.regex: no group of the expression has a name");
    file("regex = '(?<a>(x{100}){100}){100}'", "sources.x.regex: this is no expression");
    file("format = \"regex\"", "[sources.x] has no expression");
    file("format = \"json\"\nregex = '(?<a>x)'", "[sources.x] has an expression for a format without");
    file("labels = \"path\"", "sources.x.labels: a text stands where a list belongs");
    file("argv = [\"x\"]", "there is no key \"argv\" in [sources.x], a file");
    for name in ["a.b", "unblink", "host-x", "ä"] {
        assert!(parse(&files(&format!("[sources.\"{name}\"]\nkind = \"file\"\npath = \"/y\"\n"))).is_err(), "{name}");
    }
}

#[test]
fn there_are_only_so_many() {
    let many = |count: usize| -> String {
        (0..count).map(|number| format!("[sources.s{number}]\nkind = \"file\"\npath = \"/y\"\n")).collect()
    };
    assert_eq!(settings(&many(limits::SOURCES_MAX)).sources.len(), limits::SOURCES_MAX);
    assert!(parse(&files(&many(limits::SOURCES_MAX + 1))).is_err());
}

#[test]
fn a_board_that_names_an_unknown_source_is_told() {
    let board = "[panel.a]\nchart = \"log\"\nstream = \"app\"\nsource = \"ap\"\n";
    let mut all = files("[sources.app]\nkind = \"file\"\npath = \"/y\"\n");
    all.push(ConfigFile { kind: FileKind::Board, name: "b.toml".to_owned(), bytes: board.into() });
    let complaints = understand(&all).unwrap_err();
    let shown: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(shown[0].contains("b.toml:4:10") && shown[0].contains("there is no source \"ap\""), "{shown:?}");
    assert!(complaints[0].remedy.contains("`app`"));
    all.remove(0);
    understand(&all).expect("one that is looked at alone");
}
