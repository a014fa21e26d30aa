//! Configuration that is changed while a daemon runs: by files, signals and commands, and what people are told.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

use rustix::process::Signal;
use unblink::admin::status::Change;
use unblink::machine::reload::Cause;

use crate::chaos::Chaos;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// A home with an empty configuration and one board that shows these words.
fn home(words: &str) -> Home {
    let home = Home::new();
    home.configure("");
    fs::create_dir(home.path("config/boards.d")).unwrap();
    write(&home, "words", words);
    home
}

fn board(words: &str) -> String {
    format!("refresh_hz = 1\n[panel.a]\nchart = \"text\"\ntext = \"{words}\"\n[layout]\ncolumn = [\"a\"]\n")
}

fn write(home: &Home, name: &str, words: &str) {
    home.put(&format!("config/boards.d/{name}.toml"), &board(words));
}

fn watch(home: &Home, board: &str) -> Terminal {
    Terminal::run(home, &["attach", board], (120, 12))
}

/// Exit status and everything that was said.
fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned())
}

#[test]
fn a_changed_board_is_on_the_screen_and_nobody_else_notices() {
    let home = home("first words");
    write(&home, "other", "other words");
    let daemon = Daemon::start(&home);
    let (terminal, other) = (watch(&home, "words"), watch(&home, "other"));
    terminal.wait_for("first words");
    other.wait_for("other words");
    // What was shown before the first picture is no matter.
    terminal.seen().forget();
    other.seen().forget();
    for number in 0..5 {
        write(&home, "words", &format!("words number {number}"));
        terminal.wait_for(&format!("words number {number}"));
    }
    assert!(
        !terminal.seen().ever(|picture| !picture.contains("words") || picture.contains("worker")),
        "a blank screen"
    );
    assert!(!other.seen().ever(|picture| !picture.contains("other words")), "a blank screen");
    terminal.assert_no_garbage();
    let status = home.status();
    assert_eq!((status.root.generation, status.workers[0].restarts), (6, 0));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_mistake_is_told_where_it_is_seen_and_the_board_stays() {
    let home = home("good words");
    write(&home, "other", "other words");
    let daemon = Daemon::start(&home);
    let (terminal, other) = (watch(&home, "words"), watch(&home, "other"));
    terminal.wait_for("good words");
    other.wait_for("other words");
    home.put("config/boards.d/words.toml", &board("bad").replace("= 1", "= 'fast'"));
    let text = terminal.wait_for("not applied: words.toml:1:14: ");
    assert!(text.contains("good words"), "{text}");
    let reload = said(&home.run(&["reload"]));
    let check = said(&home.run(&["check"]));
    assert_eq!(reload, check, "the same words");
    assert_eq!(check.0, Some(64));
    let status = said(&home.run(&["status"])).1;
    for line in check.1.lines() {
        assert!(status.contains(line.trim_end()), "{line:?} is missing in {status}");
        // The log says it on one line, and draws no arrows.
        let words = line.trim();
        daemon.log.wait_for(words, |log| (words == "^" || log.contains(words)).then_some(()));
    }
    assert!(!other.text().contains("not applied"), "{}", other.text());
    // What concerns everything is told to everybody.
    home.configure("[host]\nintervall = '2s'\n");
    other.wait_for("not applied: unblink.toml:2:1: ");
    home.configure("");
    other.wait_without("not applied");
    write(&home, "words", "better words");
    terminal.wait_for("better words");
    terminal.wait_without("not applied");
    assert_eq!(home.status().root.configuration.refused, None);
}

#[test]
fn a_signal_and_a_command_have_the_files_read_and_say_what_came_of_it() {
    let home = home("first words");
    let daemon = Daemon::start(&home);
    let terminal = watch(&home, "words");
    terminal.wait_for("first words");
    assert_eq!(said(&home.run(&["reload"])), (Some(0), "nothing changed: generation 1\n".to_owned()));
    write(&home, "words", "second words");
    // Either this or the daemon itself is first to see it.
    let (code, text) = said(&home.run(&["reload"]));
    assert_eq!(code, Some(0));
    assert!(["accepted: generation 2\n", "nothing changed: generation 2\n"].contains(&text.as_str()), "{text}");
    terminal.wait_for("second words");
    let output = home.run(&["rollback", "--json"]);
    let change: Change = serde_json::from_slice(&output.stdout).unwrap();
    assert!(change.accepted && change.changed && change.generation == 3, "{change:?}");
    terminal.wait_for("first words");
    let configuration = home.status().root.configuration;
    assert_eq!((configuration.cause, configuration.content_of), (Some(Cause::Rollback), Some(1)));
    let (code, text) = said(&home.run(&["rollback", "77"]));
    assert_eq!(code, Some(1));
    assert!(text.contains("there is no generation 77; there are 1, 2, 3"), "{text}");
    // Whoever goes back does so until the files change, or until they are asked for.
    daemon.signal(Signal::HUP);
    terminal.wait_for("second words");
    assert_eq!(home.status().root.configuration.cause, Some(Cause::Hangup));
}

#[test]
fn a_generation_that_is_kept_holds_no_secret_and_comes_back_with_it() {
    const TOKEN: &str = "s3cret-token-0815";
    let home = home("words");
    let command = |greeting: &str| {
        format!(
            "[sources.told]\nkind = 'command'\nshell = 'echo \"{greeting} $TOKEN\" >> {}'\ninterval = '200ms'\n\
             env = {{ TOKEN = '${{TOKEN}}' }}\n",
            home.path("told").display()
        )
    };
    home.configure(&command("first"));
    let mut serve = home.command(&["serve"]);
    serve.env("TOKEN", TOKEN);
    let daemon = Daemon::start_as(&home, serve);
    let is_told = |greeting: &str| {
        // The status line has a clock: this is looked at anew with every second.
        let words = format!("{greeting} {TOKEN}");
        fs::read_to_string(home.path("told")).is_ok_and(|told| told.contains(&words))
    };
    let reload = |cause: &str| {
        let output = home.run(&[cause]);
        assert!(output.status.success(), "{}", said(&output).1);
    };
    home.configure(&command("second"));
    reload("reload");
    fs::remove_file(home.path("told")).ok();
    reload("rollback");
    let terminal = watch(&home, "words");
    terminal.wait_until("a command of the generation before", |_| is_told("first"));
    let kept = fs::read_dir(home.path("state/unblink")).unwrap();
    let mut files = 0;
    let mut folders: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{}", path.display());
    }
    assert!(files >= 3, "three generations are kept, not {files}");
    assert!(!daemon.log.so_far().contains(TOKEN));
}

#[test]
fn a_map_that_is_exchanged_as_a_whole_is_seen() {
    let home = Home::new();
    for (version, words) in [("..1", "first words"), ("..2", "second words")] {
        fs::create_dir_all(home.path(&format!("config/{version}/boards.d"))).unwrap();
        fs::write(home.path(&format!("config/{version}/unblink.toml")), "").unwrap();
        fs::write(home.path(&format!("config/{version}/boards.d/words.toml")), board(words)).unwrap();
    }
    symlink("..1", home.path("config/..data")).unwrap();
    symlink("..data/unblink.toml", home.path("config/unblink.toml")).unwrap();
    symlink("..data/boards.d", home.path("config/boards.d")).unwrap();
    let _daemon = Daemon::start(&home);
    let terminal = watch(&home, "words");
    terminal.wait_for("first words");
    symlink("..2", home.path("config/..tmp")).unwrap();
    fs::rename(home.path("config/..tmp"), home.path("config/..data")).unwrap();
    terminal.wait_for("second words");
}

#[test]
fn folders_that_come_and_go_are_seen() {
    let home = home("first words");
    let _daemon = Daemon::start(&home);
    let terminal = watch(&home, "words");
    terminal.wait_for("first words");
    fs::remove_dir_all(home.path("config/boards.d")).unwrap();
    terminal.wait_for("no board is named \"words\"");
    fs::create_dir(home.path("config/boards.d")).unwrap();
    write(&home, "words", "words again");
    terminal.wait_for("words again");
}

#[test]
fn bad_boards_at_the_start_cost_nothing_but_themselves() {
    let home = home("good words");
    write(&home, "other", "other words");
    fs::write(home.path("config/boards.d/words.toml"), "title = 7\n").unwrap();
    // Nothing was ever accepted: all that is sound is shown.
    let daemon = Daemon::start(&home);
    let other = watch(&home, "other");
    let text = other.wait_for("other words");
    assert!(!text.contains("not applied"), "{text}");
    let refused = home.status().root.configuration.refused.expect("a board is wrong");
    assert_eq!(refused.cause, Cause::Start, "{refused:?}; the log:\n{}", daemon.log.so_far());
    write(&home, "words", "good words");
    assert_eq!(said(&home.run(&["reload"])).0, Some(0));
    let terminal = watch(&home, "words");
    terminal.wait_for("good words");
    drop((terminal, other));
    let (code, text) = said(&home.run(&["rollback", "77"]));
    assert!(code == Some(1) && text.contains("there are 2"), "what was accepted is kept by now: {text}");
    assert_eq!(daemon.stop().code(), Some(0));
    // Now there is something to fall back on.
    fs::write(home.path("config/boards.d/words.toml"), "title = 7\n").unwrap();
    let daemon = Daemon::start(&home);
    let terminal = watch(&home, "words");
    terminal.wait_for("good words");
    terminal.wait_for("not applied: words.toml:1:");
    drop(terminal);
    assert_eq!(daemon.stop().code(), Some(0));
    // The settings are another matter.
    home.configure("nonsense");
    let (code, text) = said(&home.run(&["serve"]));
    assert_eq!(code, Some(64));
    assert!(text.contains("unblink.toml:1:") && text.contains("words.toml:1:"), "{text}");
}

#[test]
fn what_cannot_change_is_named_and_the_log_follows_at_once() {
    let home = home("words");
    let daemon = Daemon::start(&home);
    let text = "[log]\nlevel = 'debug'\n[[terminal]]\ndevice = '/dev/tty63'\n";
    home.configure(text);
    let (code, words) = said(&home.run(&["reload"]));
    assert_eq!(code, Some(0));
    let note = "[[terminal]] applies when the daemon is started again";
    assert!(words.contains(note), "{words}");
    assert_eq!(home.status().root.configuration.at_restart, [note]);
    assert!(said(&home.run(&["status"])).1.contains(note));
    home.configure(text);
    let line = r#"nothing changed generation=2 cause="a change of files""#;
    daemon.log.wait_for("a line of the level debug", |log| log.contains(line).then_some(()));
    home.configure("[log]\nlevel = 'error'\n");
    home.run(&["reload"]);
    assert_eq!(home.status().root.configuration.at_restart, [""; 0]);
}

#[test]
fn a_state_folder_that_cannot_be_used_is_one_warning() {
    let home = home("first words");
    fs::write(home.path("state/unblink"), "a file where a folder belongs").unwrap();
    let daemon = Daemon::start(&home);
    let terminal = watch(&home, "words");
    terminal.wait_for("first words");
    for words in ["second words", "third words"] {
        write(&home, "words", words);
        terminal.wait_for(words);
    }
    daemon.log.wait_for("a warning", |log| log.contains("nothing can be gone back to").then_some(()));
    let (code, text) = said(&home.run(&["rollback"]));
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(daemon.log.so_far().matches("nothing can be gone back to").count(), 1);
    assert!(said(&home.run(&["status"])).1.contains("generations are not kept"));
}

#[test]
fn whatever_is_done_to_the_files_the_screens_show_what_was_right() {
    Chaos::start(2).run(300);
}
