//! How a daemon ends: in good order the first time it is told to, at once the second time.

use std::io::Write;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use unblink::base::{BUILD_ID, Size, limits};
use unblink::model::{GlyphSet, Palette};
use unblink::sys::clock;
use unblink::wire::attach::{Hello, ToRoot, VERSION};

use crate::asking::counted;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::{self, Watched};
use crate::terminal::Terminal;

const BOARD: &str = "CPU";

/// All that may hold up an end: a viewer, one that reads nothing, a device and a worker that stands still.
struct Stage {
    home: Home,
    daemon: Daemon,
    viewer: Terminal,
    screen: Terminal,
    _stalled: UnixStream,
    worker: Watched,
}

/// A viewer that says hello and reads nothing; the picture is larger than what fits into the socket.
fn stall(home: &Home) -> UnixStream {
    let mut stream = UnixStream::connect(home.socket()).unwrap();
    let hello = Hello {
        version: VERSION,
        build: BUILD_ID.to_owned(),
        board: Some("host".to_owned()),
        params: Default::default(),
        size: Size::clamped(300, 100),
        palette: Palette::Truecolor,
        glyphs: GlyphSet::Braille,
        timezone: "UTC".to_owned(),
        theme: None,
        resume: None,
        waits: true,
    };
    stream.write_all(&ToRoot::Hello(Box::new(hello)).encode()).unwrap();
    stream
}

fn post(home: &Home, page: &str) -> UnixStream {
    let mut admin = UnixStream::connect(home.admin()).unwrap();
    let request = format!("POST /api/v1/{page} HTTP/1.1\r\nHost: unblink\r\n\r\n");
    admin.write_all(request.as_bytes()).unwrap();
    admin
}

impl Stage {
    fn new() -> Stage {
        let screen = Terminal::screen((80, 24));
        let home = Home::new();
        home.configure(&format!("[[terminal]]\ndevice = '{}'\nboard = 'host'\n", screen.device()));
        let daemon = Daemon::start(&home);
        let viewer = Terminal::run(&home, &["attach", "host"], (80, 24));
        viewer.wait_for(BOARD);
        screen.wait_for(BOARD);
        let stalled = stall(&home);
        daemon
            .log
            .wait_for("both viewers and the device", |log| (log.matches("viewer attached").count() == 3).then_some(()));
        let worker = daemon.worker();
        worker.signal(Signal::STOP);
        Stage { home, daemon, viewer, screen, _stalled: stalled, worker }
    }

    fn assert_over(mut self) {
        self.worker.wait_gone();
        assert!(!self.home.socket().exists(), "the socket is left behind");
        self.screen.assert_no_garbage();
        let picture = self.viewer.wait_for("reconnecting");
        assert!(picture.contains(BOARD), "the last frame went away:\n{picture}");
        self.viewer.type_keys("q");
        assert_eq!(self.viewer.wait_end().code(), Some(0));
        self.viewer.assert_given_back();
        self.viewer.assert_no_garbage();
    }
}

#[test]
fn a_daemon_that_is_told_once_ends_in_good_order_whatever_stands_still() {
    let mut stage = Stage::new();
    stage.daemon.signal(Signal::TERM);
    let status = stage.daemon.wait_end();
    assert_eq!(status.code(), Some(0), "{}", stage.daemon.log.so_far());
    let text = stage.viewer.wait_for("the daemon stopped");
    assert!(text.contains(BOARD), "{text}");
    let log = stage.daemon.log.wait_for_end("the log");
    assert!(log.contains("daemon stopping") && log.contains("daemon stopped"), "{log}");
    stage.screen.assert_given_back();
    stage.assert_over();
}

#[test]
fn a_daemon_that_is_told_twice_ends_at_once_and_says_so() {
    for second in [Signal::TERM, Signal::INT] {
        let mut stage = Stage::new();
        let begun = clock::mono();
        stage.daemon.signal(Signal::TERM);
        stage.daemon.log.wait_for("it to be told", |log| log.contains("daemon stopping").then_some(()));
        stage.daemon.signal(second);
        let insisted = clock::mono();
        let status = stage.daemon.wait_end();
        let (ended, log) = (clock::mono(), stage.daemon.log.wait_for_end("the log"));
        // A machine that was busy with others for so long is no fault of the daemon's.
        if insisted.since(begun) < limits::DRAIN_DEADLINE {
            assert_eq!(status.code(), Some(1), "it was not forced; the log:\n{log}");
            assert!(log.contains("stopped by force"), "{log}");
        }
        // It is told before that is on its way to the terminal, and it may take its time there.
        if log.contains("terminal given back") || ended.since(insisted) < limits::FORCED_RELEASE_DEADLINE {
            stage.screen.assert_given_back();
        }
        stage.assert_over();
    }
}

const WITH_FAULTS: &str = "[faults]\nenabled = true\n";

#[test]
fn a_daemon_that_panics_ends_as_a_whole_and_viewers_come_back_to_the_next_one() {
    let screen = Terminal::screen((80, 24));
    let home = Home::new();
    home.configure(&format!("{WITH_FAULTS}[[terminal]]\ndevice = '{}'\nboard = 'host'\n", screen.device()));
    let mut daemon = Daemon::start(&home);
    let viewer = Terminal::run(&home, &["attach", "host"], (80, 24));
    viewer.wait_for(BOARD);
    viewer.type_keys("p");
    viewer.wait_for("paused");
    screen.wait_for(BOARD);
    let worker = daemon.worker();
    let _asked = post(&home, "fault");
    let status = daemon.wait_end();
    let log = daemon.log.wait_for_end("the log");
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("this is a bug") && log.contains("a fault on purpose in root"), "{log}");
    let told = log.lines().find(|line| line.contains("a fault on purpose in root")).unwrap_or_default();
    assert!(told.contains(" calls=0x"), "the way there: {told}");
    assert_eq!(log.matches("a fault on purpose in root").count(), 1, "once: {log}");
    assert!(log.contains("rather than go on by halves"), "{log}");
    worker.wait_gone();
    assert_eq!(process::children(daemon.pid()).len(), 0);
    screen.assert_given_back();
    let picture = viewer.wait_for("reconnecting");
    assert!(picture.contains(BOARD), "the last frame went away:\n{picture}");
    let _next = Daemon::start(&home);
    viewer.wait_without("reconnecting");
    viewer.wait_for("paused");
    screen.wait_for(BOARD);
    viewer.assert_no_garbage();
}

#[test]
fn a_task_of_the_daemon_that_panics_costs_what_it_did_and_nothing_else() {
    let home = Home::new();
    home.configure(WITH_FAULTS);
    let daemon = Daemon::start(&home);
    let viewer = Terminal::run(&home, &["attach", "host"], (80, 24));
    viewer.wait_for(BOARD);
    let answer = std::io::read_to_string(post(&home, "fault?task")).unwrap();
    assert_eq!(answer, "", "it was answered");
    let told = daemon.log.wait_for("its panic", |log| {
        // Said after it, so that its line is whole.
        log.contains("a task panicked").then_some(())?;
        log.lines().find(|line| line.contains("a fault on purpose in a task")).map(str::to_owned)
    });
    assert!(told.contains(" calls=0x"), "the way there: {told}");
    assert_eq!(counted(&home.admin(), "unblink_panics_total"), 1.0);
    let status = home.status();
    assert_eq!((status.root.pid, status.sessions.len()), (daemon.pid(), 1));
    viewer.assert_no_garbage();
}

#[test]
fn a_daemon_without_faults_on_purpose_does_not_panic() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for page in ["fault", "fault?task"] {
        let answer = std::io::read_to_string(post(&home, page)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("not enabled"), "{answer}");
    }
    assert!(home.status().root.pid == daemon.pid());
}
