//! A source that asks a server, on a real daemon: its picture, its outages, and secrets that are nowhere to be seen.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use unblink::runtime;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const TOKEN: &str = "s3cret-token-0815";

const BOARD: &str = r#"
title = "prom"

[panel.now]
chart = "facts"
title = "now"
source = "prom"
rows = [{ name = "answer", value = "prom_it", where = { job = "a" } }]

[panel.past]
chart = "line"
title = "past"
source = "prom"
lines = [{ name = "it", series = "prom_it", where = { job = "a" } }]

[layout]
column = ["now", "past"]
"#;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    /// It hangs up on everybody.
    Away,
    /// It refuses, and repeats all it was sent.
    Telltale,
}

/// A server with a past of as many values as anybody asks for.
struct Server {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    /// Beginnings of the stretches that were asked for.
    stretches: Arc<Mutex<Vec<f64>>>,
}

// === impl Server ===

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mood, stretches) = (Arc::new(Mutex::new(Mood::Good)), Arc::new(Mutex::new(Vec::new())));
        let (shared_mood, shared_stretches) = (mood.clone(), stretches.clone());
        let serve = move || {
            for stream in listener.incoming().flatten() {
                let (mood, stretches) = (shared_mood.clone(), shared_stretches.clone());
                runtime::spawn_thread("server", move || answer_all(stream, &mood, &stretches)).unwrap();
            }
        };
        runtime::spawn_thread("servers", serve).unwrap();
        Server { port, mood, stretches }
    }

    fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn stretches(&self) -> usize {
        self.stretches.lock().unwrap().len()
    }
}

fn answer_all(mut stream: TcpStream, mood: &Mutex<Mood>, stretches: &Mutex<Vec<f64>>) {
    while let Some((head, form)) = request(&mut stream) {
        let mood = *mood.lock().unwrap();
        let (status, body) = match mood {
            Mood::Away => return,
            Mood::Telltale => ("401 Unauthorized", format!("you said {}", head.replace("\r\n", " "))),
            Mood::Good => ("200 OK", answer(&form, stretches)),
        };
        let whole = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut form = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut form).ok()?;
    Some((head, String::from_utf8(form).unwrap()))
}

fn answer(form: &str, stretches: &Mutex<Vec<f64>>) -> String {
    let field = |name: &str| form.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str| field(name).unwrap().parse::<f64>().unwrap();
    let (kind, points) = match field("start") {
        None => ("vector", format!(r#""value":[{},"421"]"#, number("time"))),
        Some(_) => {
            let (start, end, step) = (number("start"), number("end"), number("step"));
            stretches.lock().unwrap().push(start);
            let count = ((end - start) / step).round() as u32 + 1;
            let points: Vec<String> =
                (0..count).map(|n| format!("[{:.3},\"421\"]", start + f64::from(n) * step)).collect();
            ("matrix", format!(r#""values":[{}]"#, points.join(",")))
        }
    };
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{{"metric":{{"job":"a"}},{points}}}]}}}}"#)
}

/// A home with a board of one source that asks this server.
fn home(server: &Server) -> Home {
    let home = Home::new();
    home.configure(&format!(
        "[log]\nlevel = \"trace\"\n[sources.prom]\nkind = \"prometheus\"\nurl = \"http://127.0.0.1:{}/${{PATH_KEY}}\"\n\
         interval = \"10s\"\ntimeout = \"10s\"\nrange = \"10m\"\nbearer = \"${{TOKEN}}\"\nqueries = {{ it = \"it\" }}\n",
        server.port
    ));
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::write(home.path("config/boards.d/prom.toml"), BOARD).unwrap();
    home
}

fn with_secrets(home: &Home, args: &[&str]) -> std::process::Command {
    let mut command = home.command(args);
    command.env("TOKEN", TOKEN).env("PATH_KEY", TOKEN);
    command
}

#[test]
fn a_board_shows_a_server_and_its_past_and_what_was_missed_while_it_was_away() {
    let server = Server::start();
    let home = home(&server);
    let _daemon = Daemon::start_as(&home, with_secrets(&home, &["serve"]));
    let terminal = Terminal::run(&home, &["attach", "prom"], (150, 40));
    terminal.wait_for("421");
    let is_drawn = |text: &str| text.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
    terminal.wait_until("a line across the whole chart", |seen| is_drawn(&seen.text()) > 100);
    let before = server.stretches();
    server.turn(Mood::Away);
    terminal.wait_for("closed the connection before its answer was whole");
    server.turn(Mood::Good);
    terminal.wait_without("closed the connection");
    terminal.wait_until("the gap to be asked for", |_| server.stretches() > before);
    let starts = server.stretches.lock().unwrap().clone();
    assert!(starts.is_sorted_by(|earlier, later| earlier < later), "each stretch is asked for once: {starts:?}");
    terminal.assert_no_garbage();
}

#[test]
fn no_secret_is_in_any_log_status_picture_or_complaint() {
    let server = Server::start();
    server.turn(Mood::Telltale);
    let home = home(&server);
    let daemon = Daemon::start_as(&home, with_secrets(&home, &["serve"]));
    let terminal = Terminal::run(&home, &["attach", "prom"], (150, 40));
    terminal.wait_for("401 Unauthorized");
    daemon.log.wait_for("the failure to be logged", |log| log.contains("source failed").then_some(()));
    let mut shown = vec![terminal.text(), daemon.log.so_far()];
    for args in [&["status"][..], &["status", "--json"], &["boards"], &["snapshot", "prom"], &["check"]] {
        let output = with_secrets(&home, args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        shown.extend([output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }
    // Without the variables it is refused: they are named, and what else stands there is not theirs.
    let output = home.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64));
    assert!(said.contains("unblink.toml:9:10: sources.prom.bearer: the variable TOKEN is not set"), "{said}");
    shown.push(said);
    for text in shown {
        assert!(!text.contains(TOKEN), "{text}");
    }
    // Whoever attaches needs none of them.
    assert!(home.run(&["status"]).status.success());
}
