//! What a scrape of a real daemon shows, over TCP and over the admin socket.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::process::Signal;
use unblink::observe::catalogue;
use unblink::sys::heap;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The answer with its head.
fn get(port: u16, page: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {page} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a series, as it is written with its labels.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// Metrics that are there once what they count has happened, and what only a build with jemalloc knows.
const SELDOM: [&str; 2] = ["unblink_faults_total", "unblink_push_lines_rejected_total"];
const OF_JEMALLOC: &str = "unblink_allocator_bytes";

#[test]
fn a_scrape_shows_all_that_is_promised_and_the_death_of_a_worker() {
    let home = Home::new();
    let port = free_port();
    home.configure(&format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n"));
    let daemon = Daemon::start(&home);
    daemon.log.wait_for("its address", |log| log.contains(&format!("127.0.0.1:{port}")).then_some(()));
    let terminal = Terminal::run(&home, &["attach", "host"], (80, 24));
    terminal.wait_for("CPU");
    // The picture changes every second, and so does what is told.
    let scrape_until = |wanted: &dyn Fn(&str) -> bool| loop {
        let page = get(port, "/metrics");
        if wanted(&page) {
            return page;
        }
        terminal.wait_for_change();
    };
    let count = |page: &str, metric: &str| value(page, metric).unwrap_or_default();
    scrape_until(&|page| count(page, "unblink_data_to_frame_seconds_count{tenant=\"default\"}") >= 2.0);
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    worker.wait_gone();
    let died = "unblink_worker_deaths_total{tenant=\"default\",cause=\"died\"}";
    let restarts = "unblink_worker_restarts_total{tenant=\"default\"}";
    let up = "unblink_worker_up{tenant=\"default\"}";
    let source = "unblink_source_age_seconds{tenant=\"default\",source=\"host\"}";
    let page = scrape_until(&|page| {
        let is_back = value(page, up) == Some(1.0) && value(page, source).is_some();
        is_back && count(page, died) == 1.0 && count(page, restarts) == 1.0
    });
    assert!(count(&page, "unblink_frame_to_wire_seconds_count") >= 2.0, "{page}");
    assert_eq!(value(&page, "unblink_sessions{kind=\"attach\"}"), Some(1.0), "{page}");
    for process in ["process=\"root\",tenant=\"\"", "process=\"worker\",tenant=\"default\""] {
        let of = |kind| value(&page, &format!("{OF_JEMALLOC}{{{process},kind=\"{kind}\"}}"));
        let kinds = ["allocated", "active", "resident", "mapped", "retained"].map(of);
        let told: Vec<f64> = kinds.into_iter().flatten().collect();
        assert_eq!(told.len(), if heap::IS_BUILT { kinds.len() } else { 0 }, "{process}: {page}");
        if let [allocated, active, resident, mapped, _] = told[..] {
            assert!(
                100_000.0 < allocated && allocated <= active && active <= resident.max(mapped),
                "{process}: {told:?}"
            );
        }
    }
    assert_eq!(value(&page, "unblink_viewers{tenant=\"default\",board=\"host\"}"), Some(1.0), "{page}");

    let shown: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let known: BTreeSet<&str> = catalogue::ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(shown.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "the documentation lacks them");
    let may_lack = |name: &str| SELDOM.contains(&name) || (name == OF_JEMALLOC && !heap::IS_BUILT);
    let missing: Vec<&str> = known.difference(&shown).copied().filter(|name| !may_lack(name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "{page}");
    for page in ["/api/v1/status", "/debug/pprof/", "/"] {
        assert!(get(port, page).starts_with("HTTP/1.1 404 "), "{page}");
    }
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do_and_one_that_changes_waits_for_a_restart() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = |port: u16| home.configure(&format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n"));
    listen(taken.local_addr().unwrap().port());
    let output = home.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot serve metrics at 127.0.0.1:") && said.contains("[metrics] listen"), "{said}");
    drop(taken);
    home.configure("");
    let _daemon = Daemon::start(&home);
    listen(free_port());
    let output = home.run(&["reload"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("[metrics] listen applies when the daemon is started again"), "{said}");
}
