//! A real Prometheus that scrapes a real exporter, asked by a real daemon; it goes away and comes back.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Person, Stage};
use crate::terminal::Terminal;

const BOARD: &str = r#"
title = "prom"

[panel.now]
chart = "facts"
title = "now"
source = "prom"
rows = [{ name = "node", value = "prom_up", where = { job = "node" } }]

[panel.past]
chart = "line"
title = "past"
source = "prom"
lines = [{ name = "self", series = "prom_up", where = { job = "self" } }]

[layout]
column = ["now", "past"]
"#;

/// A program in the background; killed when dropped.
pub struct Background(Child);

impl Background {
    pub fn start(person: &Person, program: &str, arguments: &[String]) -> Background {
        let mut command = person.command(program);
        Background::of(command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    pub fn of(command: &mut Command) -> Background {
        Background(command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}")))
    }

    /// As a service manager stops it.
    fn stop(mut self) {
        let pid = Pid::from_raw(self.0.id().try_into().expect("a process has a number")).expect("it is not zero");
        kill_process(pid, Signal::TERM).expect("it runs");
        self.0.wait().expect("our own child");
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

/// What the server itself answers to a query that holds nothing to be encoded.
fn ask(port: u16, query: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let head = format!("GET /api/v1/query?query={query} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Asks until the answer is what is wanted; a scrape takes its time.
pub fn ask_until(port: u16, query: &str, wanted: impl Fn(&str) -> bool) {
    let (_never, pace) = mpsc::channel::<()>();
    for _ in 0..600 {
        if ask(port, query).is_some_and(|answer| wanted(&answer)) {
            return;
        }
        let _ = pace.recv_timeout(Duration::from_millis(200));
    }
    panic!("{query} never was what it should be; the last answer: {:?}", ask(port, query));
}

/// Columns of a screen in which something of a chart is drawn.
fn drawn_columns(screen: &str) -> usize {
    let is_drawn = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
    let columns = screen.lines().flat_map(|line| line.chars().enumerate().filter(|(_, c)| is_drawn(*c)));
    columns.map(|(column, _)| column).collect::<std::collections::BTreeSet<usize>>().len()
}

#[test]
fn a_real_prometheus_is_shown_with_its_past_and_again_after_an_outage() {
    let mut stage = Stage::new();
    let person = stage.person();
    let (port, node_port) = (free_port(), free_port());
    let file = person.home.join("prometheus.yml");
    let targets = [("self", port), ("node", node_port)];
    let jobs = targets
        .map(|(job, port)| format!("- job_name: {job}\n  static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n"));
    fs::write(&file, format!("global: {{ scrape_interval: 1s }}\nscrape_configs:\n{}", jobs.concat()))
        .expect("our folder");
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", person.home.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let _node = Background::start(
        &person,
        "prometheus-node-exporter",
        &[format!("--web.listen-address=127.0.0.1:{node_port}")],
    );
    let server = Background::start(&person, "prometheus", &arguments);

    let config = person.home.join(".config/unblink");
    fs::create_dir_all(config.join("boards.d")).expect("our folder");
    fs::write(config.join("boards.d/prom.toml"), BOARD).expect("our folder");
    let settings = format!(
        "[sources.prom]\nkind = \"prometheus\"\nurl = \"http://localhost:{port}\"\ninterval = \"2s\"\ntimeout = \"2s\"\n\
         range = \"10m\"\nqueries = {{ up = \"sum by (job) (up) * 421\" }}\n"
    );
    fs::write(config.join("unblink.toml"), settings).expect("our folder");
    // A past of half a minute, which no daemon has seen.
    ask_until(port, "min(count_over_time(up[10m]))>=30", |answer| answer.contains("\"value\""));

    let mut daemon = Terminal::open(&person, "daemon", 200, 40);
    daemon.run("../unblink serve --log debug");
    daemon.wait_for("attach.sock");
    let mut terminal = Terminal::open(&person, "board", 200, 40);
    terminal.run("../unblink attach prom");
    let first = terminal.wait_for("421");
    // The first picture may be caught half way; once the clock below it has moved on, it was whole.
    let clock = |screen: &str| screen.trim_end().lines().last().map(str::to_owned);
    let screen = terminal.wait_until("the next picture", |screen| clock(screen) != clock(&first));
    assert!(drawn_columns(&screen) >= 5, "the chart has no past:\n{screen}");

    server.stop();
    terminal.wait_for("cannot be reached");
    let _server = Background::start(&person, "prometheus", &arguments);
    terminal.wait_until("the server's values again", |screen| !screen.contains("cannot be reached"));
    daemon.wait_until("the gap to be filled", |screen| screen.matches("past fetched").count() >= 2);
    terminal.press(&["q"]);
}
