//! Who listens where, and what is said when nobody does.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Output;

use rustix::process::Signal;
use unblink::runtime;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const UNREACHABLE: Option<i32> = Some(69);

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_second_daemon_on_a_taken_socket_is_told_so_and_the_first_serves_on() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let second = home.run(&["serve"]);
    let said = said(&second);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("already serves") && said.contains(&daemon.pid().to_string()), "{said}");
    assert!(said.contains(&home.socket().display().to_string()), "{said}");
    Terminal::run(&home, &["attach", "host"], (80, 24)).wait_for("CPU");
}

#[test]
fn a_stale_socket_is_taken_over() {
    let home = Home::new();
    Daemon::start(&home).kill();
    assert!(home.socket().exists(), "a killed daemon cannot tidy up");
    let _next = Daemon::start(&home);
    Terminal::run(&home, &["attach", "host"], (80, 24)).wait_for("CPU");
}

#[test]
fn the_sockets_are_closed_to_other_users() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    for socket in ["attach.sock", "admin.sock"] {
        let mode = fs::metadata(home.path("run/unblink").join(socket)).unwrap().permissions().mode() & 0o777;
        let wanted = if unblink::sys::host::uid() == 0 { 0o660 } else { 0o600 };
        assert_eq!(mode, wanted, "{socket} has mode {mode:o}");
    }
}

#[test]
fn without_a_daemon_every_socket_tried_is_named_with_the_reason_and_the_remedy() {
    let home = Home::new();
    let socket = home.socket();
    let shown = socket.display().to_string();

    let absent = home.run(&["attach"]);
    let words = said(&absent);
    assert_eq!(absent.status.code(), UNREACHABLE, "{words}");
    assert!(words.contains(&shown) && words.contains("no such socket") && words.contains("unblink serve"), "{words}");

    // It never listens: a child that is started just now would hold it open, and answer in its place.
    let left = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&left, &rustix::net::SocketAddrUnix::new(&socket).unwrap()).unwrap();
    drop(left);
    let stale = home.run(&["attach"]);
    let words = said(&stale);
    assert_eq!(stale.status.code(), UNREACHABLE, "{words}");
    assert!(words.contains(&shown) && words.contains("stale"), "{words}");

    for verb in ["boards", "status"] {
        let output = home.run(&[verb]);
        let words = said(&output);
        assert_eq!(output.status.code(), UNREACHABLE, "{verb}: {words}");
        assert!(words.contains("admin.sock") && output.stdout.is_empty(), "{verb}: {words}");
    }
}

/// Runs `attach` on this socket until it gives up.
fn gives_up(home: &Home, socket: &Path, why: &str) {
    let shown = socket.display().to_string();
    let mut terminal = Terminal::run(home, &["attach", "--socket", &shown], (200, 24));
    assert_eq!(terminal.wait_end().code(), UNREACHABLE, "{}", terminal.text());
    // The remedy comes last.
    let words = terminal.wait_for("--socket");
    assert!([shown.as_str(), "is no daemon", why].iter().all(|part| words.contains(part)), "{words}");
    terminal.assert_given_back();
    terminal.assert_no_garbage();
}

/// Answers one connection with these bytes and closes it.
fn answer(listener: &UnixListener, bytes: &[u8]) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(bytes).unwrap();
}

#[test]
fn a_socket_that_is_not_a_daemons_is_told_and_not_tried_for_ever() {
    let home = Home::new();
    let socket = home.path("other.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    for (said, why) in [(&b""[..], "closed the connection"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "bytes")] {
        let listener = listener.try_clone().unwrap();
        runtime::spawn_thread("no daemon", move || answer(&listener, said)).unwrap();
        gives_up(&home, &socket, why);
    }
    // Takes connections and says nothing at all.
    gives_up(&home, &socket, "does not answer");
}

#[test]
fn the_admin_socket_is_not_taken_for_the_attach_socket() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    gives_up(&home, &home.admin(), "is no daemon");
}

#[test]
fn something_else_in_the_place_of_the_daemon_is_named_until_the_daemon_is_back() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminal = Terminal::run(&home, &["attach", "host"], (80, 24));
    terminal.wait_for("CPU");
    daemon.kill();
    fs::remove_file(home.socket()).unwrap();
    let listener = UnixListener::bind(home.socket()).unwrap();
    answer(&listener, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let picture = terminal.wait_for("old · what came is no message");
    assert!(picture.contains("CPU"), "the last frame went away:\n{picture}");
    drop(listener);
    fs::remove_file(home.socket()).unwrap();
    let _next = Daemon::start(&home);
    terminal.wait_without("reconnecting");
    terminal.wait_for_change();
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
}

#[test]
fn where_no_socket_is_named_the_usual_places_are_tried() {
    let home = Home::new();
    let mut command = home.command(&["attach"]);
    let output = command.env_remove("UNBLINK_ATTACH_SOCKET").output().unwrap();
    let words = said(&output);
    // Root's own place is the system's; a daemon may really run there.
    if unblink::sys::host::uid() != 0 {
        assert!(words.contains(&home.socket().display().to_string()), "{words}");
        assert!(words.contains("/run/unblink/attach.sock"), "{words}");
    }
    assert!(!output.status.success());
}

#[test]
fn a_file_in_the_sockets_place_is_left_alone() {
    let home = Home::new();
    fs::write(home.socket(), "precious").unwrap();
    let output = home.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(fs::read_to_string(home.socket()).unwrap(), "precious");
}

#[test]
fn a_flood_of_connections_leaves_a_worker_room_to_start() {
    let home = Home::new();
    let daemon = Daemon::start_with_descriptors(&home, 168);
    daemon.wait_for_drawing_workers(1);
    assert!(daemon.log.so_far().contains("sessions_max=32"), "{}", daemon.log.so_far());
    let mut flood = Vec::new();
    for _ in 0..300 {
        // The kernel refuses some while many wait to be accepted.
        flood.extend(UnixStream::connect(home.socket()).ok());
    }
    assert!(flood.len() > 100, "{} came through", flood.len());
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    assert_eq!(home.run(&["status"]).status.code(), Some(0));
    drop(flood);
    assert!(!daemon.log.so_far().contains("cannot be started"), "{}", daemon.log.so_far());
}
