//! What Prometheus' own tools say of the daemon's metrics and of what is shipped for it, and a real server that scrapes them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::prometheus::{Background, ask_until, free_port};
use crate::stage::Stage;
use crate::terminal::Terminal;

/// The page without its head, in one piece.
fn scrape(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the daemon listens");
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer.split_once("\r\n\r\n").expect("an answer has a head").1.to_owned()
}

#[test]
fn promtool_finds_nothing_wrong_and_a_real_server_reads_it() {
    let mut stage = Stage::new();
    let person = stage.person();
    let (port, server_port) = (free_port(), free_port());
    let config = person.home.join(".config/unblink");
    fs::create_dir_all(&config).expect("our folder");
    fs::write(config.join("unblink.toml"), format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n")).expect("our folder");
    let mut daemon = Terminal::open(&person, "daemon", 120, 40);
    daemon.run("../unblink serve");
    daemon.wait_for("metrics are served");
    let mut terminal = Terminal::open(&person, "board", 80, 24);
    terminal.run("../unblink attach host");
    terminal.wait_for("CPU");

    let file = person.home.join("prometheus.yml");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus");
    let scraping = fs::read_to_string(shipped.join("scrape.yml")).expect("it is shipped");
    let scraping = scraping.replace("127.0.0.1:9464", &format!("127.0.0.1:{port}")).replace("15s", "1s");
    let rules = shipped.join("alerts.yml").display().to_string();
    // The person may not read the checkout.
    fs::copy(&rules, person.home.join("alerts.yml")).expect("our folder");
    fs::write(&file, scraping).expect("our folder");
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", person.home.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{server_port}"),
    ];
    let _server = Background::start(&person, "prometheus", &arguments);
    ask_until(server_port, "unblink_frame_to_wire_seconds_count>=2", |answer| answer.contains("\"value\""));

    let page = scrape(port);
    let mut checking = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed");
    checking.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("it reads");
    let checked = checking.wait_with_output().expect("our own child");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.is_empty(), "{said}\n{page}");
    terminal.press(&["q"]);
}

#[test]
fn the_rules_that_are_shipped_fire_when_they_should() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus");
    for arguments in [["test", "rules", "alerts_test.yml"], ["check", "config", "scrape.yml"]] {
        let output =
            Command::new("promtool").args(arguments).current_dir(&shipped).output().expect("promtool is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
}
