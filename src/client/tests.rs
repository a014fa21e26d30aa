//! A client on a real pty, with a daemon played by the test.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use super::*;
use crate::base::{SessionId, Size, limits};
use crate::model::{Act, Gesture, GlyphSet, Key, Palette};
use crate::runtime::{self, Task};
use crate::sink::terminal::{GIVE_BACK, RETAKE, TAKE};
use crate::sys::fd;
use crate::sys::pty::Pty;
use crate::sys::tty::Tty;
use crate::wire::attach::{Farewell, FarewellCode, Welcome};
use crate::wire::framing;

/// Nothing here takes this long unless it hangs.
const HANG: Duration = Duration::from_secs(60);

/// A viewer at a terminal, and the door of the daemon.
struct Scenario {
    pty: AsyncFd<Pty>,
    seen: Vec<u8>,
    client: Task<Result<(), ClientError>>,
    connections: mpsc::UnboundedReceiver<std::os::unix::net::UnixStream>,
    /// Closed doors refuse.
    open: Arc<Mutex<bool>>,
}

/// The daemon's end of one connection.
struct Root(UnixStream);

fn options() -> Options {
    Options {
        board: Some("host".to_owned()),
        params: BTreeMap::new(),
        theme: None,
        terminal: Capabilities { palette: Palette::Ansi, glyphs: GlyphSet::Block, timezone: "UTC".to_owned() },
        inline: None,
        mouse: true,
    }
}

fn terminal(pty: &Pty) -> Terminal {
    Terminal::on(Tty::open(&pty.path().unwrap()).unwrap()).unwrap()
}

impl Scenario {
    fn start() -> Scenario {
        let pty = Pty::open(80, 24).unwrap();
        fd::set_nonblocking(&pty).unwrap();
        let terminal = terminal(&pty);
        let (knock, connections) = mpsc::unbounded_channel();
        let open = Arc::new(Mutex::new(true));
        let door = Arc::clone(&open);
        let daemon = Daemon::Here(Box::new(move || {
            if !*door.lock().unwrap() {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
            knock.send(theirs).map_err(io::Error::other)?;
            Ok(ours)
        }));
        let client = runtime::spawn("client", run_on(terminal, options(), daemon));
        let pty = fd::watch(pty, Interest::READABLE | Interest::WRITABLE).unwrap();
        Scenario { pty, seen: Vec::new(), client, connections, open }
    }

    /// A client that shows a frame.
    async fn live() -> (Scenario, Root) {
        Scenario::live_as(VERSION).await
    }

    /// A client that shows a frame of a daemon of this version.
    async fn live_as(version: u16) -> (Scenario, Root) {
        let mut scenario = Scenario::start();
        let mut root = scenario.accept().await;
        root.welcome_as(version).await;
        root.send(&ToClient::Frame(Bytes::from_static(b"first frame"))).await;
        scenario.sees(b"first frame").await;
        (scenario, root)
    }

    async fn accept(&mut self) -> Root {
        let stream = in_time(self.connections.recv()).await.expect("the client lives");
        stream.set_nonblocking(true).unwrap();
        Root(UnixStream::from_std(stream).unwrap())
    }

    async fn connected(&mut self) -> (Root, Hello) {
        let mut root = self.accept().await;
        let hello = root.welcome().await;
        (root, hello)
    }

    fn types(&self, bytes: &[u8]) {
        assert_eq!(self.pty.get_ref().write(bytes).unwrap(), bytes.len());
    }

    /// Reads the terminal until it shows this.
    async fn sees(&mut self, what: &[u8]) {
        let found = |seen: &[u8]| seen.windows(what.len()).any(|window| window == what);
        while !found(&self.seen) {
            let mut buffer = [0; 4096];
            let mut guard = in_time(self.pty.readable()).await.unwrap();
            match guard.try_io(|pty| pty.get_ref().read(&mut buffer)) {
                Ok(Ok(0)) => panic!("the end, without {:?}: {:?}", text(what), text(&self.seen)),
                Ok(count) => self.seen.extend_from_slice(&buffer[..count.unwrap()]),
                Err(_would_block) => {}
            }
        }
    }

    async fn ended(self) -> Result<(), ClientError> {
        in_time(self.client).await.expect("it does not panic")
    }

    /// It has ended, and the terminal is as it was.
    async fn ended_well(mut self) {
        self.sees(GIVE_BACK).await;
        self.ended().await.expect("an end by wish");
    }
}

impl Root {
    async fn welcome(&mut self) -> Hello {
        self.welcome_as(VERSION).await
    }

    async fn welcome_as(&mut self, version: u16) -> Hello {
        self.welcome_with(version, true).await
    }

    async fn welcome_with(&mut self, version: u16, gestures: bool) -> Hello {
        let ToRoot::Hello(hello) = self.hear().await else { panic!("the first message is the greeting") };
        self.send(&ToClient::Welcome(Welcome { version, build: String::new(), session: SessionId(1), gestures })).await;
        *hello
    }

    async fn send(&mut self, message: &ToClient) {
        in_time(self.0.write_all(&message.encode())).await.unwrap();
    }

    /// Sends until the daemon feels that nobody reads. Keys other than q come through all the while.
    async fn stall(&mut self, scenario: &Scenario) {
        let message = ToClient::Frame(Bytes::from(vec![b'x'; 1 << 20])).encode();
        let (mut sent, mut before) = (0, None);
        while before != Some(sent) {
            before = Some(sent);
            while let Ok(count) = self.0.try_write(&message[sent % message.len()..]) {
                sent += count;
            }
            // Far more than a pty, a socket and a client that waits for its terminal keep.
            assert!(sent < 16 << 20, "all was read into memory");
            // Once this has come back the client has had its turn.
            scenario.types(b"+");
            assert_eq!(self.hear().await, ToRoot::Key(Key::Char('+')));
        }
    }

    async fn hear(&mut self) -> ToRoot {
        in_time(self.hear_ever()).await
    }

    /// What comes next, however long it takes.
    async fn hear_ever(&mut self) -> ToRoot {
        let message = framing::read(&mut self.0, limits::ATTACH_MESSAGE_BYTES_MAX).await.unwrap();
        ToRoot::decode(&message).unwrap()
    }
}

async fn in_time<F: Future>(future: F) -> F::Output {
    timer::timeout(HANG, future).await.expect("this hangs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

#[tokio::test]
async fn a_keyframe_that_is_put_off_is_asked_for_again_when_its_time_has_come() {
    let (_scenario, mut root) = Scenario::live().await;
    let begun = clock::mono();
    root.send(&ToClient::Later(crate::wire::attach::Later { after_ms: 170 })).await;
    assert_eq!(root.hear().await, ToRoot::Repaint);
    assert!(clock::mono().since(begun) >= Duration::from_millis(170));
}

#[tokio::test]
async fn a_viewer_sees_frames_sends_keys_and_leaves_a_terminal_as_it_was() {
    let mut scenario = Scenario::start();
    let (mut root, hello) = scenario.connected().await;
    assert_eq!(hello.board.as_deref(), Some("host"));
    assert_eq!((hello.size, hello.palette, hello.glyphs), (Size::clamped(80, 24), Palette::Ansi, GlyphSet::Block));
    assert_eq!(hello.resume, None);
    scenario.sees(TAKE).await;
    root.send(&ToClient::Frame(Bytes::from_static(b"a picture"))).await;
    scenario.sees(b"a picture").await;
    scenario.types(b"\x1b[A?");
    assert_eq!(root.hear().await, ToRoot::Key(Key::Up));
    assert_eq!(root.hear().await, ToRoot::Key(Key::Char('?')));
    scenario.types(b"q");
    assert_eq!(root.hear().await, ToRoot::Bye);
    scenario.ended_well().await;
}

#[tokio::test]
async fn a_mouse_is_asked_for_and_told_of_until_the_terminal_is_given_back() {
    let (mut scenario, mut root) = Scenario::live().await;
    scenario.sees(b"\x1b[?1002h\x1b[?1006h").await;
    scenario.types(b"\x1b[<64;5;7M");
    assert_eq!(root.hear().await, ToRoot::Mouse(Gesture { x: 4, y: 6, act: Act::WheelUp }));
    scenario.types(b"q");
    assert_eq!(root.hear().await, ToRoot::Bye);
    scenario.sees(b"\x1b[?1006l\x1b[?1002l").await;
}

#[tokio::test]
async fn a_daemon_that_knows_no_mouse_is_told_of_none() {
    let mut scenario = Scenario::start();
    let mut root = scenario.accept().await;
    root.welcome_with(VERSION, false).await;
    scenario.sees(TAKE).await;
    scenario.types(b"\x1b[<64;5;7Mx");
    assert_eq!(root.hear().await, ToRoot::Key(Key::Char('x')));
    assert!(!text(&scenario.seen).contains("?1002h"), "the mouse stays with the terminal");
}

#[tokio::test]
async fn a_lone_escape_is_sent_once_nothing_follows() {
    let (scenario, mut root) = Scenario::live().await;
    scenario.types(b"\x1b");
    assert_eq!(root.hear().await, ToRoot::Key(Key::Escape));
}

#[tokio::test]
async fn nothing_is_written_before_the_daemon_said_welcome() {
    let mut scenario = Scenario::start();
    let mut root = scenario.accept().await;
    root.hear().await;
    root.send(&ToClient::Farewell(Farewell { code: FarewellCode::NoSuchBoard, text: "there is: host".to_owned() }))
        .await;
    drop(root);
    let mut rest = [0; 64];
    let pty = scenario.pty.into_inner();
    let ended = in_time(scenario.client).await.unwrap();
    assert!(
        matches!(ended, Err(ClientError::Refused { parting: Parting::NoSuchBoard, text }) if text.contains("host"))
    );
    let read = { &pty }.read(&mut rest);
    assert!(!matches!(read, Ok(1..)), "written: {:?}", text(&rest));
}

#[tokio::test]
async fn a_daemon_that_was_never_there_is_told_at_once() {
    let scenario = Scenario::start();
    *scenario.open.lock().unwrap() = false;
    assert!(matches!(scenario.ended().await, Err(ClientError::Unreachable(attempts)) if attempts.len() == 1));
}

#[tokio::test]
async fn a_lost_daemon_leaves_the_frame_under_a_banner_and_the_viewer_can_leave() {
    let (mut scenario, root) = Scenario::live().await;
    *scenario.open.lock().unwrap() = false;
    drop(root);
    scenario.sees("reconnecting · last frame 0 s old".as_bytes()).await;
    scenario.sees("reconnecting · last frame 1 s old".as_bytes()).await;
    assert!(!scenario.seen.windows(TAKE.len()).skip(TAKE.len()).any(|window| window == TAKE), "the frame stays");
    scenario.types(b"q");
    scenario.ended_well().await;
}

#[tokio::test]
async fn a_daemon_that_comes_back_gets_the_spec_that_was_held() {
    let (mut scenario, mut root) = Scenario::live().await;
    let mut spec = ViewSpec::new("default", "host", Size::clamped(80, 24));
    spec.range_ms = 60_000;
    spec.palette = Palette::Mono;
    root.send(&ToClient::Spec(spec.clone())).await;
    root.send(&ToClient::Frame(Bytes::from_static(b"zoomed"))).await;
    scenario.sees(b"zoomed").await;
    drop(root);
    let (mut root, hello) = scenario.connected().await;
    let resume = hello.resume.expect("the spec is sent again");
    assert_eq!(resume.range_ms, 60_000);
    assert_eq!(resume.palette, Palette::Ansi, "what the terminal can show is asked afresh");
    root.send(&ToClient::Frame(Bytes::from_static(b"here again"))).await;
    scenario.sees(b"here again").await;
    scenario.types(b"q");
    scenario.ended_well().await;
}

#[tokio::test]
async fn a_terminal_that_takes_nothing_holds_up_the_daemon_but_not_the_viewer() {
    let (scenario, mut root) = Scenario::live().await;
    root.stall(&scenario).await;
    // Nor does the client blame the daemon for what it does not read itself.
    tokio::time::pause();
    let said = timer::timeout(Duration::from_secs(60), root.hear_ever()).await;
    assert!(said.is_err(), "the daemon was asked: {said:?}");
    tokio::time::resume();
    scenario.types(b"q");
    assert_eq!(root.hear().await, ToRoot::Bye);
    scenario.ended_well().await;
}

// In real time: bytes pass through a pty at the kernel's pace, which virtual time would outrun.
#[tokio::test]
async fn a_daemon_that_hangs_is_asked_told_of_and_left() {
    let (mut scenario, mut root) = Scenario::live().await;
    assert_eq!(root.hear().await, ToRoot::Ping);
    scenario.sees("daemon does not answer · last frame ".as_bytes()).await;
    let _next = scenario.accept().await;
    scenario.sees("old · it does not answer".as_bytes()).await;
}

#[tokio::test]
async fn a_daemon_that_answers_again_is_asked_for_the_whole_picture() {
    let (mut scenario, mut root) = Scenario::live().await;
    scenario.sees(b"daemon does not answer").await;
    root.send(&ToClient::Pong).await;
    assert_eq!(root.hear().await, ToRoot::Ping);
    assert_eq!(root.hear().await, ToRoot::Repaint);
    root.send(&ToClient::Frame(Bytes::from_static(b"the whole picture"))).await;
    scenario.sees(b"the whole picture").await;
    scenario.types(b"q");
    scenario.ended_well().await;
}

#[tokio::test]
async fn a_daemon_of_the_version_before_is_not_sent_what_it_does_not_know() {
    let (_scenario, mut root) = Scenario::live_as(VERSION_WITH_PING - 1).await;
    tokio::time::pause();
    let said = timer::timeout(Duration::from_secs(60), root.hear_ever()).await;
    assert!(said.is_err(), "it was sent {said:?}");
}

#[tokio::test]
async fn something_that_is_no_daemon_is_told_of_and_nothing_it_says_is_shown() {
    let frame = ToClient::Frame(Bytes::from_static(b"\x1b]0;not yours\x07")).encode();
    for said in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &frame, b"\x01\0\0\0\xff"] {
        let mut scenario = Scenario::start();
        let mut other = scenario.accept().await;
        other.hear().await;
        in_time(other.0.write_all(said)).await.unwrap();
        drop(other);
        let pty = scenario.pty.into_inner();
        let ended = in_time(scenario.client).await.unwrap();
        assert!(matches!(&ended, Err(ClientError::NoDaemon { .. })), "after {:?}: {ended:?}", text(said));
        let mut rest = [0; 64];
        let read = { &pty }.read(&mut rest);
        assert!(!matches!(read, Ok(1..)), "written: {:?}", text(&rest));
    }
}

#[tokio::test]
async fn something_else_in_the_place_of_a_known_daemon_is_named_while_the_picture_stays() {
    let (mut scenario, root) = Scenario::live().await;
    drop(root);
    let mut other = scenario.accept().await;
    in_time(other.0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await.unwrap();
    scenario.sees("old · what came is no message".as_bytes()).await;
    let (mut root, _hello) = scenario.connected().await;
    root.send(&ToClient::Frame(Bytes::from_static(b"here again"))).await;
    scenario.sees(b"here again").await;
}

#[tokio::test]
async fn a_repaint_sets_the_terminal_up_again() {
    let (mut scenario, mut root) = Scenario::live().await;
    scenario.seen.clear();
    scenario.types(b"r");
    assert_eq!(root.hear().await, ToRoot::Repaint);
    scenario.sees(RETAKE).await;
    *scenario.open.lock().unwrap() = false;
    drop(root);
    scenario.sees(b"reconnecting").await;
    scenario.seen.clear();
    scenario.types(b"r");
    scenario.sees(RETAKE).await;
    scenario.sees(b"reconnecting").await;
    assert!(!scenario.seen.windows(4).any(|window| window == b"\x1b[2J"), "the last frame stays");
}

#[tokio::test]
async fn a_terminal_that_goes_away_ends_the_client() {
    let (scenario, mut root) = Scenario::live().await;
    drop(scenario.pty);
    assert_eq!(root.hear().await, ToRoot::Bye);
    let ended = in_time(scenario.client).await.unwrap();
    assert!(matches!(ended, Err(ClientError::Gone(_))), "{ended:?}");
}

#[tokio::test]
async fn a_farewell_for_good_is_told_after_the_terminal_was_given_back() {
    let (mut scenario, mut root) = Scenario::live().await;
    let farewell = Farewell { code: FarewellCode::NotAllowed, text: "not for you".to_owned() };
    root.send(&ToClient::Farewell(farewell)).await;
    scenario.sees(GIVE_BACK).await;
    let ended = scenario.ended().await;
    assert!(
        matches!(&ended, Err(ClientError::Refused { parting: Parting::NotAllowed, text }) if text == "not for you"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_viewer_stays_with_the_daemon_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.sock"), folder.path().join("second.sock"));
    let listener = UnixListener::bind(&second).unwrap();
    let pty = Pty::open(80, 24).unwrap();
    let daemon = Daemon::Sockets(vec![first.clone(), second]);
    let _client = runtime::spawn("client", run_on(terminal(&pty), options(), daemon));
    let mut root = Root(in_time(listener.accept()).await.unwrap().0);
    root.welcome().await;
    // Another daemon starts at the place that is tried first, and ours drops the connection.
    let other = UnixListener::bind(&first).unwrap();
    drop(root);
    tokio::select! {
        _ = in_time(listener.accept()) => {}
        _ = other.accept() => panic!("the viewer went over to another daemon"),
    }
}
