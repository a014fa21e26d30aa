//! Programs that push to a real daemon, and what becomes of their samples when its parts die.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process;
use crate::terminal::Terminal;
use crate::text::Text;

const BOARD: &str = r#"
title = "shop"

[panel.orders]
chart = "facts"
title = "orders"
source = "push"
rows = [{ name = "orders", value = "orders" }, { name = "later", value = "later" }]

[layout]
column = ["orders"]
"#;

/// A home with a board that shows what is pushed.
fn home() -> Home {
    let home = Home::new();
    home.configure("");
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::write(home.path("config/boards.d/shop.toml"), BOARD).unwrap();
    home
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `unblink push --stdin` that is written to.
struct Stream {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Text,
}

impl Stream {
    fn start(home: &Home) -> Stream {
        let mut command: Command = home.command(&["push", "--stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Text::of("push", child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        Stream { child, stdin, said }
    }

    fn write(&mut self, lines: &str) {
        self.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// Ends the input; the exit status, and all that it said.
    fn end(mut self) -> (Option<i32>, String) {
        self.stdin = None;
        let status = process::wait_end(&mut self.child, "push");
        let text = self.said.wait_for("a summary", |said| said.contains(" accepted").then(|| said.to_owned()));
        (status.code(), text)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(series: &str, value: usize) -> String {
    format!("{{\"series\":\"{series}\",\"value\":{value}}}\n")
}

#[test]
fn a_value_that_is_pushed_stands_on_the_board_and_one_that_is_not_taken_says_why() {
    let home = home();
    let _daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "shop"], (80, 12));
    terminal.wait_for("waiting for push");
    assert_eq!(said(&home.run(&["push", "orders", "421"])), (Some(0), String::new()));
    terminal.wait_for("421");
    assert_eq!(said(&home.run(&["push", "orders", "-37.5", "--kind", "gauge"])), (Some(0), String::new()));
    terminal.wait_for("-37.5");
    terminal.assert_no_garbage();
    let (code, words) = said(&home.run(&["push", "orders", "1", "--unit", "bytes"]));
    assert_eq!(
        (code, words.as_str()),
        (Some(1), "unblink: the daemon does not take this value: the series changed its kind or unit\n")
    );
    let (code, words) = said(&home.run(&["push", "host_load1", "1"]));
    assert!(code == Some(1) && words.contains("belong to another source"), "{words}");
    let (code, words) = said(&home.run(&["push", "orders", "1", "--tenant", "nobody"]));
    assert!(code == Some(1) && words.contains("there is no tenant \"nobody\""), "{words}");
    let output = home.run(&["push", "late", "1", "--at", "2001-01-01T00:00:00Z", "--json"]);
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &outcome["rejected"]), (Some(1), &1.into()));
    assert_eq!(outcome["lines"][0]["why"], "its time is older than a day");
}

#[test]
fn all_lines_of_a_long_stream_are_counted() {
    let home = home();
    let _daemon = Daemon::start(&home);
    let now = unblink::sys::clock::wall().0;
    let mut stream = Stream::start(&home);
    let mut text = String::new();
    for index in 0..100_000_i64 {
        let at = now - 100_000 + index;
        text.push_str(&format!(
            "{{\"series\":\"bulk\",\"value\":{index},\"at\":{at},\"labels\":{{\"n\":\"{}\"}}}}\n",
            index % 7
        ));
        if index == 50_000 {
            text.push_str("nonsense\n");
        }
    }
    text.push_str(&"x".repeat(1_000_000));
    stream.write(&text);
    let (code, words) = stream.end();
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("100000 accepted, 2 rejected"), "{words}");
    assert!(
        words.contains("line 50002: this is no JSON") && words.contains("line 100002: the line is longer"),
        "{words}"
    );
}

#[test]
fn a_stream_goes_on_when_the_worker_is_killed_and_when_the_daemon_is() {
    let home = home();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "shop"], (80, 12));
    let mut stream = Stream::start(&home);
    stream.write(&line("orders", 111));
    terminal.wait_for("111");
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    // Written at once: it may come before the worker is gone, while none draws, or after.
    stream.write(&line("orders", 222));
    worker.wait_gone();
    stream.write(&line("later", 333));
    terminal.wait_for("333");
    daemon.kill();
    stream.write(&line("orders", 444));
    stream.said.wait_for("that it waits", |said| said.contains("waiting for the daemon").then_some(()));
    let _daemon = Daemon::start(&home);
    terminal.wait_for("444");
    stream.said.wait_for("that it goes on", |said| said.contains("takes samples again").then_some(()));
    let (code, words) = stream.end();
    assert!(code == Some(0) && words.contains("4 accepted"), "{words}");
}

#[test]
fn a_stream_that_is_told_to_end_says_how_far_it_came() {
    let home = home();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "shop"], (80, 12));
    let mut stream = Stream::start(&home);
    stream.write(&line("orders", 555));
    terminal.wait_for("555");
    // With this it is known to have heard of the first one, too.
    stream.write("nonsense\n");
    stream.said.wait_for("the second line's answer", |said| said.contains("line 2 rejected").then_some(()));
    daemon.signal(Signal::STOP);
    stream.write(&line("orders", 1));
    process::signal(&stream.child, Signal::TERM);
    let status = process::wait_end(&mut stream.child, "push");
    let text = stream.said.wait_for("a summary", |said| said.contains("accepted").then(|| said.to_owned()));
    // Whether the third line was read by then is the machine's business.
    assert!(text.contains("1 accepted") && text.contains("1 rejected: line 2"), "{text}");
    assert_eq!(status.code(), Some(1), "{text}");
    daemon.signal(Signal::CONT);
}

#[test]
fn without_a_daemon_it_says_so_after_some_seconds_or_at_once() {
    let home = home();
    let (code, words) = said(&home.run(&["push", "orders", "1"]));
    assert!(code == Some(69) && words.contains("no daemon answers"), "{words}");
    let mut stream = Stream::start(&home);
    stream.said.wait_for("that there is no daemon", |said| said.contains("no daemon answers").then_some(()));
    assert_eq!(process::wait_end(&mut stream.child, "push").code(), Some(69));
}
