//! The command line with the real binary: what it says, where, and with which exit code.

use std::fs;
use std::io::Read;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What one run gave.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The program in a home of its own, with nothing of ours in its environment.
fn unblink(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
    command.args(arguments).env_clear().env("HOME", home).env("XDG_RUNTIME_DIR", home).env("TERM", "xterm");
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().expect("a folder");
    finish(unblink(home.path(), arguments))
}

fn finish(mut command: Command) -> Run {
    let output = command.output().expect("it can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what it says is UTF-8");
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{arguments:?}: {run:?}");
    run.out
}

#[track_caller]
fn fails(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(code), ""), "{arguments:?}: {run:?}");
    for word in words {
        assert!(run.err.contains(word), "{arguments:?} should say {word:?}: {}", run.err);
    }
    assert!(!run.err.contains("panicked") && !run.err.contains("RUST_BACKTRACE"), "{}", run.err);
    run.err
}

#[test]
fn help_names_every_verb_but_the_hidden_one() {
    let help = succeeds(&["--help"]);
    let verbs = "demo init serve attach push boards status reload rollback doctor snapshot check completions man";
    for verb in verbs.split(' ') {
        assert!(help.lines().any(|line| line.trim_start().starts_with(verb)), "{verb} is missing: {help}");
        let help = succeeds(&[verb, "--help"]);
        assert!(help.contains("Usage:"), "{help}");
    }
    assert!(!help.lines().any(|line| line.trim_start().starts_with("worker")), "{help}");
    for line in help.lines() {
        assert!(line.len() <= 100, "{line:?} is wide");
    }
}

#[test]
fn keys_variables_and_exit_statuses_are_told_where_people_look() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(&["man", folder.path().to_str().unwrap()]);
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    for text in [succeeds(&["--help"]), page("unblink.1")] {
        assert!(
            text.contains("UNBLINK_CONFIG") && text.contains("NO_COLOR") && text.contains("77 not allowed"),
            "{text}"
        );
    }
    for text in [succeeds(&["attach", "--help"]), succeeds(&["demo", "-h"]), page("unblink-attach.1")] {
        assert!(text.contains("longer time range") && text.contains("quit"), "{text}");
    }
}

#[test]
fn the_version_names_build_and_protocols() {
    let version = succeeds(&["--version"]);
    assert!(version.starts_with(concat!("unblink ", env!("CARGO_PKG_VERSION"), " (build ")), "{version}");
    assert!(version.contains("attach protocol") && version.contains("feed protocol"), "{version}");
    assert_eq!(version.lines().count(), 1);
}

#[test]
fn wrong_usage_is_two() {
    fails(&[], 2, &["Usage:"]);
    fails(&["frobnicate"], 2, &["frobnicate"]);
    fails(&["attach", "--nonsense"], 2, &["--nonsense"]);
    fails(&["attach", "--param", "novalue"], 2, &["NAME=VALUE"]);
    let words = ["the board \"host\" has no parameter \"disk\"; it takes none"];
    fails(&["snapshot", "host", "--param", "disk=sda"], 2, &words);
    fails(&["attach", "--color", "pink"], 2, &["truecolor"]);
    fails(&["snapshot"], 2, &["BOARD"]);
    fails(&["snapshot", "host", "--size", "0x0"], 2, &["COLSxROWS"]);
    fails(&["snapshot", "host", "--format", "png"], 2, &["svg"]);
    fails(&["snapshot", "host", "--every", "5s"], 2, &["--follow"]);
    fails(&["snapshot", "host", "--follow", "--every", "5ms"], 2, &["100 ms"]);
    fails(&["snapshot", "host", "--follow", "--format", "svg"], 2, &["no SVG file"]);
    fails(&["attach", "--inline=0"], 2, &["--inline"]);
    fails(&["push"], 2, &["SERIES"]);
    fails(&["push", "orders"], 2, &["VALUE"]);
    fails(&["push", "orders", "many"], 2, &["this is no number"]);
    fails(&["push", "orders", "NaN"], 2, &["a finite number"]);
    fails(&["push", "orders", "1", "--stdin"], 2, &["--stdin"]);
    fails(&["push", "--stdin", "--unit", "bytes"], 2, &["--unit"]);
    fails(&["push", "orders", "1", "--kind", "meter"], 2, &["gauge, counter"]);
    fails(&["push", "--stdin", "--socket", "nowhere.sock"], 69, &["no daemon answers", "nowhere.sock"]);
    fails(&["completions", "tcsh"], 2, &["bash"]);
}

#[test]
fn a_good_configuration_passes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unblink.toml");
    fs::write(&file, "[host]\ninterval = \"2s\"\n").unwrap();
    for path in [file.as_path(), folder.path()] {
        let out = succeeds(&["check", path.to_str().unwrap()]);
        assert!(out.contains("ok") && out.contains("unblink.toml"), "{out}");
    }
}

#[test]
fn a_wrong_configuration_is_told_whole_with_its_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unblink.toml");
    fs::write(&file, "[host]\ninterval = \"2 parsecs\"\n\n[log]\nlevel = \"loud\"\n").unwrap();
    let path = file.to_str().unwrap();
    fails(&["check", path], 64, &["unblink.toml:2:", "unblink.toml:5:"]);
    fails(&["serve", "--config", path], 64, &["unblink.toml:2:", "unblink.toml:5:"]);
    fails(&["snapshot", "host", "--config", path], 64, &["unblink.toml:2:"]);
    fails(&["check", "/nonexistent/unblink.toml"], 64, &["/nonexistent/unblink.toml", "does not exist"]);
    fails(&["serve", "--log", "loud"], 64, &["--log"]);
}

#[test]
fn a_mistyped_variable_is_pointed_out_and_starts_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let mut command = unblink(home.path(), &["check"]);
    command.env("UNBLINK_HOST_INTERVALL", "1s").env("UNBLINK_HOST_DEADLINE", "200ms").env("UNBLINK_BUILD_ID", "x");
    let run = finish(command);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("UNBLINK_HOST_INTERVALL") && run.err.contains("did you mean UNBLINK_HOST_INTERVAL?"));
    assert!(!run.err.contains("DEADLINE") && !run.err.contains("BUILD_ID"), "{run:?}");
}

#[test]
fn a_limit_of_memory_that_a_history_alone_can_reach_is_pointed_out() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("unblink.toml");
    for (memory, warned) in [("96Mi", true), ("320Mi", false)] {
        fs::write(&file, format!("[tenants.shop]\nmemory = \"{memory}\"\n")).unwrap();
        let run = finish(unblink(home.path(), &["check", file.to_str().unwrap()]));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.err.contains("warning: tenants.shop.memory: 96.0 MiB may be used up"), warned, "{run:?}");
    }
}

#[test]
fn boards_of_ones_own_are_checked_listed_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("unblink.toml");
    fs::write(&main, "").unwrap();
    let boards = folder.path().join("boards.d");
    fs::create_dir(&boards).unwrap();
    let wall = "[panel.words]\nchart = \"text\"\ntext = \"the **wall** of {ok}room 4{/}\"\n";
    fs::write(boards.join("wall.toml"), wall).unwrap();
    fs::write(boards.join(".wall.toml.swp"), "what an editor leaves").unwrap();
    let out = succeeds(&["check", main.to_str().unwrap()]);
    assert!(out.contains("wall.toml") && !out.contains("swp"), "{out}");
    let drawn = ["snapshot", "wall", "--format", "text", "--size", "60x8", "--config", main.to_str().unwrap()];
    let text = succeeds(&drawn);
    assert!(text.contains("the wall of room 4") && text.contains("words"), "{text}");

    fs::write(boards.join("other.toml"), "[panel.a]\nchart = \"pie\"\n").unwrap();
    fs::write(&main, "[host]\nintervall = 1\n").unwrap();
    fails(&["check", main.to_str().unwrap()], 64, &["unblink.toml:2:1", "boards.d/other.toml:2:9", "pie"]);
    // One of them alone, whatever is wrong beside it.
    assert!(succeeds(&["check", boards.join("wall.toml").to_str().unwrap()]).contains("wall.toml"));
    fails(&["check", boards.join("other.toml").to_str().unwrap()], 64, &["boards.d/other.toml:2:9", "pie"]);
    fails(&["check", boards.join("none.toml").to_str().unwrap()], 64, &["boards.d/none.toml", "does not exist"]);
}

#[test]
fn a_configuration_to_begin_with_is_sound_in_every_line_and_overwrites_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("new");
    let init = || finish(unblink(home.path(), &["init", folder.to_str().unwrap()]));
    let first = init();
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    let (config, board) = (folder.join("unblink.toml"), folder.join("boards.d/example.toml"));
    for path in [&config, &board] {
        assert!(first.out.contains(&format!("wrote {}", path.display())), "{}", first.out);
    }
    assert!(first.out.contains(&format!("unblink serve --config {}", config.display())), "{}", first.out);
    assert_eq!(finish(unblink(home.path(), &["check", folder.to_str().unwrap()])).code, Some(0));
    let next = ["snapshot", "example", "--config", config.to_str().unwrap(), "--format", "text"];
    let drawn = finish(unblink(home.path(), &next));
    assert!(drawn.out.contains("1 min") && drawn.out.contains("RAM"), "{drawn:?}");

    fs::write(&board, "mine").unwrap();
    let again = init();
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("boards.d/example.toml and ") && again.err.contains("already, nothing was written"));
    fs::remove_file(&config).unwrap();
    assert_eq!(init().code, Some(1), "one file that is there is enough");
    assert!(!config.exists() && fs::read_to_string(&board).unwrap() == "mine");

    // What stands as a comment is a setting too.
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(init().code, Some(0));
    for path in [config, board] {
        let text = fs::read_to_string(&path).unwrap();
        // A build without databases refuses them.
        let is_offered = |part: &&str| cfg!(feature = "sql") || !part.contains("\"sqlite\"");
        let text = text.split("\n\n").filter(is_offered).collect::<Vec<_>>().join("\n\n");
        let is_setting =
            |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        let all: Vec<&str> =
            text.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line)).collect();
        assert!(all.join("\n").len() < text.len(), "nothing stands as a comment in {}", path.display());
        // The files that it names for who may ask over TCP.
        fs::write(&path, all.join("\n").replace("/etc/unblink", &folder.display().to_string())).unwrap();
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = [("admin-token", "x".repeat(32)), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())];
    files.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    if cfg!(feature = "sql") {
        let chart = folder.join("charts.d/latency.toml");
        fs::rename(chart.with_extension("toml.example"), chart).unwrap();
    }
    let whole = finish(unblink(home.path(), &["check", folder.to_str().unwrap()]));
    assert_eq!((whole.code, whole.err.as_str()), (Some(0), ""));
}

#[test]
fn the_schema_of_boards_is_for_editors() {
    let schema: serde_json::Value = serde_json::from_str(&succeeds(&["check", "--schema"])).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"), "{schema}");
    assert!(schema["properties"]["layout"].is_object(), "{schema}");
}

#[test]
fn completions_are_made_for_every_shell_and_are_sound() {
    for shell in ["bash", "zsh", "fish"] {
        let script = succeeds(&["completions", shell]);
        assert!(script.contains("snapshot") && script.contains("ascii-only"), "{shell}: {script}");
        assert!(!script.contains("not by hand"), "{shell}: a verb that is not for people is offered");
        // Judged by the shell itself where it is installed.
        let checked = Command::new(shell).args(["-n", "-c", &script]).output();
        if let Ok(checked) = checked {
            assert!(checked.status.success(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

#[test]
fn manual_pages_are_written_for_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(&["man", folder.path().to_str().unwrap()]);
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in ["unblink.1", "unblink-attach.1", "unblink-serve.1", "unblink-snapshot.1"] {
        assert!(names.iter().any(|found| found == name), "{name} is missing: {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("worker")), "{names:?}");
    let page = fs::read_to_string(folder.path().join("unblink-snapshot.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("size"), "{page}");
    fails(&["man", "/nonexistent"], 1, &["/nonexistent"]);
}

#[test]
fn no_daemon_is_told_with_each_socket_why_and_what_to_do() {
    for verb in [&["attach", "--socket"][..], &["boards", "--admin-socket"], &["status", "--json", "--admin-socket"]] {
        let absent: Vec<&str> = verb.iter().copied().chain(["/nonexistent/a.sock"]).collect();
        fails(&absent, 69, &["/nonexistent/a.sock", "no such socket", "unblink serve", "unblink demo"]);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stale.sock");
        // It never listens: a child that is started just now would hold it open, and answer in its place.
        let left =
            rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&left, &rustix::net::SocketAddrUnix::new(&path).unwrap()).unwrap();
        drop(left);
        let stale: Vec<&str> = verb.iter().copied().chain([path.to_str().unwrap()]).collect();
        fails(&stale, 69, &["stale.sock", "stale", "unblink serve"]);
    }
}

#[test]
fn the_default_sockets_are_all_tried() {
    let home = tempfile::tempdir().unwrap();
    let run = finish(unblink(home.path(), &["attach"]));
    assert_eq!(run.code, Some(69), "{run:?}");
    assert!(run.err.contains("/run/unblink/attach.sock"), "{run:?}");
    if !rustix::process::geteuid().is_root() {
        assert!(run.err.contains(home.path().join("unblink/attach.sock").to_str().unwrap()), "{run:?}");
    }
}

#[test]
fn a_socket_in_the_environment_is_the_only_one_tried() {
    let home = tempfile::tempdir().unwrap();
    let mut command = unblink(home.path(), &["attach"]);
    command.env("UNBLINK_ATTACH_SOCKET", "/nonexistent/env.sock");
    let run = finish(command);
    assert_eq!(run.code, Some(69), "{run:?}");
    assert!(run.err.contains("/nonexistent/env.sock") && !run.err.contains("/run/unblink"), "{run:?}");
}

#[test]
fn a_socket_that_is_not_for_this_user_is_77() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("closed.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = unblink(home.path(), &["attach", "--socket", path.to_str().unwrap()]);
    if rustix::process::geteuid().is_root() {
        // Nothing is closed to root: somebody else has to try, with a copy of the program they can reach.
        let copy = home.path().join("unblink");
        // By another process: a descriptor of ours that writes to it could be inherited by a child of another test, and
        // what is written to cannot be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_unblink")).arg(&copy).status().unwrap();
        assert!(copied.success());
        let mut other = Command::new(copy);
        other.args(["attach", "--socket", path.to_str().unwrap()]).env_clear().env("TERM", "xterm").uid(65534);
        command = other;
    }
    let run = finish(command);
    assert_eq!(run.code, Some(77), "{run:?}");
    assert!(run.err.contains("permission denied") && run.err.contains("usermod"), "{run:?}");
}

#[test]
fn attaching_without_a_terminal_is_told_in_words() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let arguments = ["attach", "--socket", path.to_str().unwrap()];
    let run = finish(unblink(home.path(), &arguments));
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.err.contains("no terminal") && run.err.contains("unblink snapshot"), "{run:?}");
    let mut command = unblink(home.path(), &arguments);
    command.env("TERM", "dumb");
    let run = finish(command);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.err.contains("TERM=dumb"), "{run:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut child =
        unblink(home.path(), &["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn the_hidden_verb_says_that_it_is_not_for_people() {
    fails(&["worker"], 1, &["unblink serve"]);
}

/// Rows of a text, each with its width in characters.
fn rows(text: &str) -> Vec<&str> {
    assert!(text.ends_with('\n'), "the last row ends too");
    text.lines().collect()
}

#[test]
fn a_snapshot_as_text_fills_the_size_asked_for() {
    let text = succeeds(&["snapshot", "host", "--format", "text", "--size", "90x25"]);
    let rows = rows(&text);
    assert_eq!(rows.len(), 25);
    assert!(rows.iter().any(|row| row.chars().count() == 90) && rows.iter().all(|row| row.chars().count() <= 90));
    assert!(text.contains("CPU") && text.contains('%') && !text.contains('\x1b'), "{text}");
    let qualified = succeeds(&["snapshot", "default/host", "--format", "text", "--size", "90x25"]);
    assert!(qualified.contains("CPU"), "{qualified}");
}

#[test]
fn a_snapshot_shows_processor_time_though_it_takes_two_readings() {
    let text = succeeds(&["snapshot", "host", "--format", "text", "--size", "120x40"]);
    let cores = text.lines().filter(|line| line.contains('%')).count();
    assert!(cores >= 2, "no shares in percent: {text}");
}

#[test]
fn a_snapshot_with_escape_sequences_is_lines_that_each_stand_alone() {
    let ansi = succeeds(&["snapshot", "host", "--size", "80x24"]);
    let rows = rows(&ansi);
    assert_eq!(rows.len(), 24);
    assert!(ansi.contains("\x1b[") && ansi.contains(";2;"), "a file can hold all colours: {ansi}");
    // Nothing that depends on where the cursor stands or stood.
    for sequence in ansi.split("\x1b[").skip(1) {
        let end = sequence.find(|char: char| char.is_ascii_alphabetic()).map(|at| &sequence[at..=at]);
        assert!(matches!(end, Some("m" | "G")), "{sequence:?}");
    }
    // What is drawn is what the text says.
    let mut parser = vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
    parser.process(ansi.trim_end_matches('\n').replace('\n', "\r\n").as_bytes());
    assert!(parser.screen().contents().contains("CPU"));
}

#[test]
fn a_snapshot_keeps_to_the_palette_and_the_characters_asked_for() {
    let mono = succeeds(&["snapshot", "host", "--color", "never", "--size", "80x24"]);
    assert!(!mono.contains("[3") && !mono.contains(";3") && !mono.contains("[4") && !mono.contains(";4"), "{mono:?}");
    let sixteen = succeeds(&["snapshot", "host", "--color", "16", "--size", "80x24"]);
    assert!(!sixteen.contains(";2;") && !sixteen.contains(";5;"), "{sixteen:?}");
    for format in ["text", "ansi"] {
        let ascii = succeeds(&["snapshot", "host", "--ascii-only", "--format", format, "--size", "80x24"]);
        assert!(ascii.is_ascii(), "{ascii}");
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = unblink(home.path(), &["snapshot", "host", "--size", "80x24"]);
    command.env("NO_COLOR", "1");
    let run = finish(command);
    assert!(!run.out.contains(";2;") && run.out.contains("CPU"), "{run:?}");
}

#[test]
fn a_snapshot_as_json_holds_every_row() {
    let json = succeeds(&["snapshot", "host", "--format", "json", "--size", "80x24"]);
    let page: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((page["cols"].as_u64(), page["rows"].as_u64()), (Some(80), Some(24)));
    assert_eq!(page["lines"].as_array().map(Vec::len), Some(24));
}

#[test]
fn a_snapshot_as_a_picture_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("host.svg");
    let out = succeeds(&["snapshot", "host", "--format", "svg", "-o", file.to_str().unwrap()]);
    assert_eq!(out, "");
    let svg = fs::read_to_string(&file).unwrap();
    assert!(svg.trim_end().ends_with("</svg>") && svg.contains("<svg"), "{svg}");
    fails(&["snapshot", "host", "-o", "/nonexistent/host.svg"], 1, &["/nonexistent/host.svg"]);
}

#[test]
fn a_snapshot_is_of_the_tab_asked_for() {
    let drawn = succeeds(&["snapshot", "demo", "--tab", "motion", "--format", "text"]);
    assert!(drawn.contains("snow") && !drawn.contains("latency"), "{drawn}");
    fails(&["snapshot", "demo", "--tab", "emotion"], 2, &["no tab \"emotion\"", "there are: charts, motion"]);
    fails(&["snapshot", "unblink", "--tab", "x"], 2, &["it has none"]);
}

#[test]
fn a_board_that_is_not_there_is_told_with_those_that_are() {
    fails(&["snapshot", "nothing"], 1, &["nothing", "host"]);
    fails(&["snapshot", "elsewhere/host"], 1, &["there is no tenant \"elsewhere\""]);
}

#[test]
fn a_snapshot_of_the_daemons_own_board_says_that_it_has_none() {
    let text = succeeds(&["snapshot", "unblink", "--format", "text", "--size", "160x50"]);
    assert!(text.contains("a snapshot has no daemon to tell of; attach to one instead"), "{text}");
    assert!(!text.contains("waiting") && !text.contains("failed"), "{text}");
}
