//! The admin API over TCP: who is let in, who is not, and whom a flood keeps out.

use std::fs;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::super::status::{Change, Readiness};
use super::*;
use crate::config::{self, admin::PortSettings};
use crate::runtime::Task;
use crate::wire::feed::{ConfigFile, FileKind};

const PATIENCE: Duration = Duration::from_secs(60);
const TOKEN: &str = "a-token-that-nobody-guesses";

/// A port, and somebody behind it who answers.
struct Port {
    address: SocketAddr,
    folder: tempfile::TempDir,
    tasks: Vec<Task<()>>,
    /// Whoever asks for boards waits until this is dropped.
    busy: Option<oneshot::Sender<()>>,
    /// Told of each of those.
    arrived: mpsc::UnboundedReceiver<()>,
}

fn settings(listen: SocketAddr, folder: &std::path::Path, tls: bool) -> PortSettings {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut text = format!("[admin]\nlisten = '{listen}'\ntoken_file = '{}'\n", file("token"));
    if tls {
        text += &format!("cert_file = '{}'\nkey_file = '{}'\n", file("cert"), file("key"));
    }
    let file = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into_bytes() };
    config::parse(&[file]).unwrap().admin_port.unwrap()
}

// === impl Port ===

impl Port {
    async fn open(tls: bool) -> Port {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        identify(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = settings(address, folder.path(), tls);
        let keyring = Keyring::new(settings.clone(), Credentials::read(&settings, config::environment).unwrap());
        let (asks, mut questions) = mpsc::channel(1);
        let serving = serve(listener, keyring, asks, Store::new(folder.path()), Reports::new());
        let (busy, is_over) = oneshot::channel::<()>();
        let (arrives, arrived) = mpsc::unbounded_channel();
        let mut waiting = Vec::new();
        let answering = async move {
            let mut is_over = std::pin::pin!(is_over);
            loop {
                let ask = tokio::select! {
                    ask = questions.recv() => ask,
                    _ = &mut is_over, if !waiting.is_empty() => { waiting.clear(); continue }
                };
                match ask {
                    Some(Ask::Ready(reply)) => drop(reply.send(Readiness::Ready)),
                    Some(Ask::Reload(reply)) => drop(reply.send(Change { accepted: true, ..Change::default() })),
                    // Those are answered late.
                    Some(Ask::Boards(reply)) => {
                        waiting.push(reply);
                        let _ = arrives.send(());
                    }
                    Some(other) => unreachable!("{other:?}"),
                    None => return,
                }
            }
        };
        let tasks = vec![runtime::spawn("port", serving), runtime::spawn("loop", answering)];
        Port { address, folder, tasks, busy: Some(busy), arrived }
    }

    async fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, request: &str) -> String {
        read(self.connect(request).await).await
    }

    fn close(self) {
        self.tasks.iter().for_each(Task::abort);
    }
}

/// A new certificate for `localhost`.
fn identify(folder: &std::path::Path) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(folder.join("cert"), certificate.pem()).unwrap();
    fs::write(folder.join("key"), key.serialize_pem()).unwrap();
}

/// All that comes until it ends.
async fn read(mut stream: impl AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {}
    String::from_utf8(answer).unwrap()
}

fn get(page: &str, headers: &str) -> String {
    format!("GET {page} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")
}

fn with_token(page: &str) -> String {
    get(page, &format!("authorization: Bearer {TOKEN}\r\n"))
}

#[tokio::test]
async fn nothing_is_answered_without_the_token_not_even_what_is_there() {
    let port = Port::open(false).await;
    for headers in [
        "",
        "authorization: Bearer\r\n",
        "authorization: Bearer \r\n",
        "authorization: Bearer wrong\r\n",
        "authorization: Bearer a-token-that-nobody-guesse\r\n",
        "authorization: Basic a-token-that-nobody-guesses\r\n",
        "authorization: a-token-that-nobody-guesses\r\n",
        "authorization: Bearer wrong\r\nauthorization: Bearer a-token-that-nobody-guesses\r\n",
        "x-token: a-token-that-nobody-guesses\r\n",
    ] {
        for page in ["/healthz", "/debug/pprof/", "/nonsense", "/healthz?token=a-token-that-nobody-guesses"] {
            let answer = port.ask(&get(page, headers)).await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{headers}: {answer}");
            assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
            let body = answer.split_once("\r\n\r\n").unwrap().1;
            assert!(body.contains("`Authorization: Bearer TOKEN`") && body.lines().count() == 1, "{answer}");
            assert!(!answer.contains(TOKEN), "{answer}");
        }
    }
    for scheme in ["Bearer ", "bearer ", "BEARER  "] {
        let answer = port.ask(&get("/healthz", &format!("authorization: {scheme}{TOKEN}\r\n"))).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{scheme}: {answer}");
    }
    port.close();
}

#[tokio::test]
async fn with_the_token_all_pages_are_there_but_faults_on_purpose() {
    let port = Port::open(false).await;
    let token = format!("authorization: Bearer {TOKEN}\r\n");
    let answer = port.ask(&format!("POST /api/v1/reload HTTP/1.1\r\nhost: x\r\n{token}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"accepted\": true"), "{answer}");
    let answer = port.ask(&format!("POST /api/v1/fault HTTP/1.1\r\nhost: x\r\n{token}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    for (request, code, says) in [
        (with_token("/nonsense"), 404, "/debug/pprof/captures"),
        (with_token("/api/v1/reload"), 405, "only POST"),
        (format!("DELETE /healthz HTTP/1.1\r\nhost: x\r\n{token}\r\n"), 405, "only GET"),
        (with_token("/debug/pprof/profile?seconds=ten"), 400, "1 to 120"),
        (with_token("/debug/pprof/profile?second=10"), 400, "seconds, last, hz"),
        (with_token("/debug/pprof/tasks?debug=3"), 400, "debug=1"),
        (with_token("/metrics?x"), 400, "/metrics alone"),
        (with_token(&format!("/{}", "x".repeat(head::BYTES_MAX))), 431, "16384 bytes"),
        ("nonsense\r\n\r\n".to_owned(), 400, "HTTP/1.1"),
    ] {
        let answer = port.ask(&request).await;
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{answer}");
        assert!(body.contains(says) && body.lines().count() == 1, "{answer}");
    }
    port.close();
}

#[tokio::test]
async fn strangers_make_room_for_each_other_and_keep_out_nobody_who_has_the_token() {
    let mut port = Port::open(false).await;
    // One that takes its time, and has shown the token.
    let slow = port.connect(&with_token("/api/v1/boards")).await;
    port.arrived.recv().await.unwrap();
    let mut strangers = Vec::new();
    for _ in 0..3 * limits::PORT_STRANGERS_MAX {
        strangers.push(port.connect("GET /healthz HT").await);
    }
    let answer = port.ask(&with_token("/healthz")).await;
    assert!(answer.ends_with("ok\n"), "{answer}");
    assert_eq!(read(strangers.swap_remove(0)).await, "", "the oldest was not let go");
    drop(port.busy.take());
    // It was not answered with anything, but it was not ended by others.
    let answer = read(slow).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("the daemon is stopping"), "{answer}");
    port.close();
}

#[tokio::test]
async fn as_many_as_have_the_token_are_answered_as_may_be() {
    let mut port = Port::open(false).await;
    let mut slow = Vec::new();
    for _ in 0..limits::PORT_CALLERS_MAX {
        slow.push(port.connect(&with_token("/api/v1/boards")).await);
    }
    for _ in 0..limits::PORT_CALLERS_MAX {
        port.arrived.recv().await.unwrap();
    }
    let answer = port.ask(&with_token("/healthz")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("8 requests are being answered"), "{answer}");
    drop(port.busy.take());
    for slow in slow {
        read(slow).await;
    }
    // A place is free once a conversation is over here too.
    let is_answered = async { while !port.ask(&with_token("/healthz")).await.ends_with("ok\n") {} };
    timer::timeout(PATIENCE, is_answered).await.expect("no place became free");
    port.close();
}

/// Whoever takes an answer slowly holds a place until it has all of it.
#[tokio::test]
async fn a_place_is_held_until_all_is_said() {
    let mut port = Port::open(false).await;
    let (one, other) = tokio::io::duplex(16);
    let (asks, _questions) = mpsc::channel(1);
    let places = Arc::new(Semaphore::new(1));
    let behind = Behind {
        asks,
        captures: Store::new(port.folder.path()),
        reports: Reports::new(),
        places: Arc::clone(&places),
        strangers: Arc::default(),
        handshakes: Arc::new(Mutex::new(Quota::of_rate(1))),
    };
    let settings = settings(port.address, port.folder.path(), false);
    let credentials = Credentials::read(&settings, config::environment).unwrap();
    let shown = Arc::new(Notify::new());
    let guest = Guest { address: port.address, credentials, behind, place: OnceLock::new(), shown: Arc::clone(&shown) };
    port.tasks.push(runtime::spawn("conversation", converse(one, guest)));
    let (reading, mut writing) = tokio::io::split(other);
    writing.write_all(with_token("/nonsense").as_bytes()).await.unwrap();
    shown.notified().await;
    // Its answer is made, and does not fit.
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    assert_eq!(places.available_permits(), 0);
    assert!(read(reading).await.starts_with("HTTP/1.1 404 "));
    let _place = timer::timeout(PATIENCE, places.acquire()).await.expect("it is held for ever").unwrap();
    port.close();
}

/// Nobody is let go who came just now, and then the oldest.
#[tokio::test]
async fn a_stranger_makes_room_once_it_was_here_for_a_moment() {
    let room = Arc::new(Semaphore::new(limits::PORT_STRANGERS_MAX));
    let mut waiting = Waiting::default();
    let (mut permits, mut holds) = (VecDeque::new(), VecDeque::new());
    let begun = clock::mono();
    for _ in 0..limits::PORT_STRANGERS_MAX {
        permits.push_back(waiting.room(&room).await);
        holds.push_back(waiting.hold(clock::mono()));
    }
    let first = holds.pop_front().unwrap();
    let leaves = async {
        assert!(first.await.is_err());
        drop(permits.pop_front());
        clock::mono()
    };
    let (permit, left_at) = tokio::join!(waiting.room(&room), leaves);
    let here = left_at.since(begun);
    assert!(here >= limits::PORT_STRANGER_AGE_MIN, "it was let go after {here:?}");
    // One that ended by itself makes room at once.
    holds.push_back(waiting.hold(clock::mono()));
    drop((permit, holds.pop_back()));
    let _permit = waiting.room(&room).await;
    assert!(holds.iter_mut().all(|held| held.try_recv().is_err_and(|why| why == oneshot::error::TryRecvError::Empty)));
}

/// Beyond the rate a port hangs up on who begins with TLS, before anything is reckoned; who does not begin is answered.
#[tokio::test]
async fn handshakes_have_a_rate() {
    let mut port = Port::open(true).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    port.address = listener.local_addr().unwrap();
    let mut used_up = Quota::of_rate(1);
    // In an hour: until then it does not fill.
    let in_an_hour = clock::mono() + Duration::from_secs(3600);
    while used_up.take(in_an_hour, 0).is_ok() {}
    let behind = Behind {
        asks: mpsc::channel(1).0,
        captures: Store::new(port.folder.path()),
        reports: Reports::new(),
        places: Arc::new(Semaphore::new(1)),
        strangers: Arc::default(),
        handshakes: Arc::new(Mutex::new(used_up)),
    };
    let settings = settings(port.address, port.folder.path(), true);
    let credentials = Credentials::read(&settings, config::environment).unwrap();
    port.tasks.push(runtime::spawn("welcome", async move {
        loop {
            let (stream, address) = listener.accept().await.unwrap();
            let (credentials, behind) = (credentials.clone(), behind.clone());
            welcome(stream, Guest { address, credentials, behind, place: OnceLock::new(), shown: Arc::default() })
                .await;
        }
    }));
    let answer = port.ask(&with_token("/healthz")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let certificate = port.folder.path().join("cert");
    ask_by_tls(&port, certificate, &with_token("/healthz")).await.unwrap_err();
    port.close();
}

/// Asks by TLS, trusting this certificate alone.
async fn ask_by_tls(port: &Port, certificate: PathBuf, request: &str) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let stream = TcpStream::connect(port.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config.with_no_client_auth())).connect(name, stream).await?;
    stream.write_all(request.as_bytes()).await?;
    Ok(read(stream).await)
}

#[tokio::test]
async fn by_tls_the_same_is_answered_and_without_it_what_to_do() {
    let port = Port::open(true).await;
    let certificate = port.folder.path().join("cert");
    let answer = ask_by_tls(&port, certificate.clone(), &with_token("/healthz")).await.unwrap();
    assert!(answer.ends_with("ok\n"), "{answer}");
    let answer = ask_by_tls(&port, certificate.clone(), &get("/healthz", "")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let answer = port.ask(&with_token("/healthz")).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("begin the address with https://\n"), "{answer}");
    port.close();
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_or_half_a_thing_is_hung_up_on() {
    for tls in [false, true] {
        let port = Port::open(tls).await;
        assert_eq!(port.ask("").await, "");
        // The beginning of a handshake that never goes on.
        assert_eq!(port.ask("\u{16}").await.is_empty(), tls);
        let half = port.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n").await;
        let (code, says) = if tls { (400, "https://") } else { (408, "within 5 s") };
        assert!(half.starts_with(&format!("HTTP/1.1 {code} ")) && half.contains(says), "{half}");
        port.close();
    }
}

#[tokio::test]
async fn a_renewed_token_and_certificate_are_taken_and_a_file_that_is_gone_changes_nothing() {
    let port = Port::open(true).await;
    let path = |name: &str| port.folder.path().join(name);
    let settings = settings(port.address, port.folder.path(), true);
    let read = |settings: &PortSettings| Credentials::read(settings, config::environment).unwrap();
    let mut keyring = Keyring::new(settings.clone(), read(&settings));
    assert!(keyring.current().await.admits(TOKEN.as_bytes()));
    fs::write(path("token"), "another-token-of-some-length\n").unwrap();
    assert!(keyring.current().await.admits(TOKEN.as_bytes()), "just now it was read");
    let later = |keyring: &mut Keyring| keyring.grow_old();
    later(&mut keyring);
    let now = keyring.current().await;
    assert!(now.admits(b"another-token-of-some-length") && !now.admits(TOKEN.as_bytes()));
    fs::write(path("token"), "short\n").unwrap();
    later(&mut keyring);
    assert!(keyring.current().await.admits(b"another-token-of-some-length"), "what was right before serves");
    fs::remove_file(path("key")).unwrap();
    fs::write(path("token"), TOKEN).unwrap();
    later(&mut keyring);
    assert!(!keyring.current().await.admits(TOKEN.as_bytes()), "it is taken as a whole");
    identify(port.folder.path());
    later(&mut keyring);
    assert!(keyring.current().await.admits(TOKEN.as_bytes()));
    port.close();
}

#[test]
fn the_log_tells_of_the_first_stranger_and_then_once_a_second_of_how_many_more() {
    let strangers = Strangers::default();
    let at = |ms| Mono(7) + Duration::from_millis(ms);
    let said: Vec<_> = (0..3_000).filter_map(|ms| strangers.more_to_tell(at(ms))).collect();
    assert_eq!(said, [0, 999, 999]);
}
