//! The admin API over a real socket, with a loop that always answers the same.

mod debug;

use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::runtime::Task;
use crate::sys::ancestry::Untold;
use crate::sys::socket::ConnectError;

struct Daemon {
    _folder: tempfile::TempDir,
    socket: PathBuf,
}

fn status() -> Status {
    Status {
        root: status::RootStatus {
            pid: 1,
            build: "b".to_owned(),
            uptime_s: 2,
            generation: 3,
            pushers: 0,
            configuration: Default::default(),
        },
        workers: Vec::new(),
        views: Vec::new(),
        sessions: Vec::new(),
        tree: debug::tree(),
        watchdogs: Vec::new(),
    }
}

fn changed(generation: u64, accepted: bool) -> Change {
    Change { accepted, changed: accepted, generation, ..Change::default() }
}

/// What workers left: a few bytes at either end of the first half.
fn history() -> MemoryFile {
    let file = MemoryFile::new().unwrap();
    file.write_at(b"begun", 0).unwrap();
    file.write_at(b"later", 1 << 20).unwrap();
    file
}

/// A daemon whose loop answers questions with `readiness`.
fn start(readiness: Readiness, admits: Admits) -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (asks, mut questions) = mpsc::channel(1);
    runtime::spawn("admin", serve(listener, admits, asks, Store::new(folder.path()), Reports::new()));
    runtime::spawn("loop", async move {
        while let Some(ask) = questions.recv().await {
            match ask {
                Ask::Status(reply) => drop(reply.send(status())),
                Ask::Metrics(reply) => drop(reply.send("unblink_up 1\n".into())),
                Ask::Processes(reply) => drop(reply.send(Vec::new())),
                Ask::Boards(reply) => drop(reply.send(BoardList::default())),
                Ask::Ready(reply) => drop(reply.send(readiness.clone())),
                // Only one tenant's worker gives way.
                Ask::Recycle(tenant, reply) => drop(reply.send(match tenant.as_deref() {
                    None | Some("ops") => Recycled { recycled: true, ..Recycled::default() },
                    Some(other) => Recycled::refused(format!("not {other}")),
                })),
                Ask::Capture(wish, reply) => drop(reply.send(debug::captured(&wish))),
                Ask::History(tenant, reply) => drop(reply.send((tenant == "default").then(history))),
                Ask::Fault(reply, _) => drop(reply.send(false)),
                // Only an even generation is one to go back to.
                Ask::Reload(reply) => drop(reply.send(changed(4, true))),
                Ask::Rollback(number, reply) => {
                    let number = number.unwrap_or(2);
                    drop(reply.send(changed(number, number % 2 == 0)));
                }
            }
        }
    });
    Daemon { _folder: folder, socket }
}

async fn raw(daemon: &Daemon, request: &str) -> String {
    let mut stream = UnixStream::connect(&daemon.socket).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that turns away what it has not read to the end resets the connection after its answer.
    while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {}
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn pages_are_answered_from_the_loop() {
    let daemon = start(Readiness::Ready, |_| true);
    let answer = client::get("/api/v1/status", &daemon.socket).await.unwrap();
    assert_eq!(answer.code, 200);
    assert_eq!(serde_json::from_slice::<Status>(&answer.body).unwrap(), status());
    let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&answer.body).unwrap();
    let mut keys: Vec<&str> = keys.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["root", "sessions", "tree", "views", "watchdogs", "workers"], "the contract");
    assert_eq!(client::get("/healthz", &daemon.socket).await.unwrap().body, "ok\n");
    assert_eq!(client::get("/readyz", &daemon.socket).await.unwrap().code, 200);
    assert_eq!(client::get("/api/v1/boards", &daemon.socket).await.unwrap().code, 200);
}

#[tokio::test]
async fn metrics_are_told_in_the_format_they_are_read_in() {
    let daemon = start(Readiness::Ready, |_| true);
    let answer = raw(&daemon, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    assert!(answer.ends_with("unblink_up 1\n"), "{answer}");
    assert_eq!(client::get("/metrics?name=x", &daemon.socket).await.unwrap().code, 400);
}

#[tokio::test]
async fn a_daemon_that_cannot_draw_is_healthy_but_not_ready() {
    let daemon = start(Readiness::NotYet("the worker died".to_owned()), |_| true);
    assert_eq!(client::get("/healthz", &daemon.socket).await.unwrap().code, 200);
    let answer = client::get("/readyz", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, answer.body.as_ref()), (503, b"not ready: the worker died\n".as_slice()));
}

#[tokio::test]
async fn whoever_cannot_be_told_apart_is_asked_to_come_again_and_whoever_can_is_not() {
    for (refusal, code) in [(Refusal::Untold(Untold::Ended), "503"), (Refusal::Descendant, "403")] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"GET /api/v1/status HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        refuse(ours, refusal).await;
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")) && answer.contains(&refusal.text()), "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_answered_in_one_line() {
    let daemon = start(Readiness::Ready, |_| true);
    let answer = client::get("/etc/passwd", &daemon.socket).await.unwrap();
    assert_eq!(answer.code, 404);
    assert_eq!(
        answer.body,
        "no such page; there are /api/v1/boards, /api/v1/history, /api/v1/recycle, /api/v1/reload, /api/v1/rollback, /api/v1/status, /debug/pprof/, /debug/pprof/captures, /debug/pprof/flamegraph, /debug/pprof/heap, /debug/pprof/profile, /debug/pprof/tasks, /healthz, /metrics, /readyz\n"
    );
    let answer = raw(&daemon, "POST /api/v1/status HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{answer}");
}

#[tokio::test]
async fn garbage_and_endless_headers_are_turned_away() {
    let daemon = start(Readiness::Ready, |_| true);
    assert!(raw(&daemon, "\u{1b}[31m nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(2 * head::BYTES_MAX));
    let answer = raw(&daemon, &long).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_hung_up_on() {
    let daemon = start(Readiness::Ready, |_| true);
    let mut silent = UnixStream::connect(&daemon.socket).await.unwrap();
    silent.write_all(b"GET /heal").await.unwrap();
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silent_clients_on_all_connections_delay_the_next_one_only() {
    let daemon = start(Readiness::Ready, |_| true);
    let mut silent = Vec::new();
    for _ in 0..limits::ADMIN_CONNECTIONS_MAX {
        silent.push(UnixStream::connect(&daemon.socket).await.unwrap());
    }
    // Accepted once the silent ones have been hung up on; the caller is patient here.
    let answer = raw(&daemon, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.ends_with("ok\n"), "{answer}");
}

#[tokio::test]
async fn a_peer_that_is_not_admitted_gets_no_word() {
    let daemon = start(Readiness::Ready, |_| false);
    assert!(matches!(client::get("/healthz", &daemon.socket).await, Err(client::AskError::Broken(_))));
}

#[tokio::test]
async fn an_absent_and_a_stale_socket_are_told_apart() {
    let daemon = start(Readiness::Ready, |_| true);
    let absent = daemon.socket.with_file_name("absent.sock");
    assert!(matches!(client::get("/healthz", &absent).await, Err(client::AskError::Connect(ConnectError::Absent))));
    let stale = daemon.socket.with_file_name("stale.sock");
    // It never listens: a child that is started just now would hold it open, and answer in its place.
    let left = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&left, &rustix::net::SocketAddrUnix::new(&stale).unwrap()).unwrap();
    drop(left);
    assert!(matches!(client::get("/healthz", &stale).await, Err(client::AskError::Connect(ConnectError::Stale))));
}

#[tokio::test]
async fn what_changes_something_is_posted_and_the_outcome_is_the_answer() {
    let daemon = start(Readiness::Ready, |_| true);
    let change = |answer: client::Answer| serde_json::from_slice::<Change>(&answer.body).unwrap();
    let answer = client::post("/api/v1/reload", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, change(answer)), (200, changed(4, true)));
    let answer = client::post("/api/v1/rollback", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, change(answer)), (200, changed(2, true)));
    let answer = client::post("/api/v1/rollback?generation=7", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, change(answer)), (422, changed(7, false)));
    for wrong in ["generation=", "generation=-1", "generation=1&x=2", "x", "generation=99999999999999999999"] {
        let answer = client::post(&format!("/api/v1/rollback?{wrong}"), &daemon.socket).await.unwrap();
        assert_eq!(answer.code, 400, "{wrong}");
    }
    for page in ["/api/v1/recycle", "/api/v1/reload", "/api/v1/rollback"] {
        let answer = raw(&daemon, &format!("GET {page} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST"), "{answer}");
    }
    for page in ["/api/v1/status", "/api/v1/boards", "/healthz", "/readyz"] {
        assert_eq!(client::post(page, &daemon.socket).await.unwrap().code, 405, "{page}");
    }
}

#[tokio::test]
async fn a_workers_giving_way_is_asked_for_by_its_tenants_name() {
    let daemon = start(Readiness::Ready, |_| true);
    for (query, code) in [("", 200), ("?tenant=ops", 200), ("?tenant=lab", 422), ("?tenant=a%2Fb", 400), ("?x=1", 400)]
    {
        let answer = client::post(&format!("/api/v1/recycle{query}"), &daemon.socket).await.unwrap();
        assert_eq!(answer.code, code, "{query}: {}", String::from_utf8_lossy(&answer.body));
    }
}

/// The same daemon for whoever comes over TCP.
async fn scraped(request: &str) -> String {
    scraped_of(Readiness::Ready, request).await
}

async fn scraped_of(readiness: Readiness, request: &str) -> String {
    let door = Scrapes::open(readiness).await;
    let answer = read(door.connect(request).await).await;
    door.close();
    answer
}

/// The door for scrapes, and somebody behind it who answers.
struct Scrapes {
    address: std::net::SocketAddr,
    serving: Task<()>,
    answering: Task<()>,
}

impl Scrapes {
    async fn open(readiness: Readiness) -> Scrapes {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asks, mut questions) = mpsc::channel(1);
        let serving = runtime::spawn("scrapes", scrape::serve(listener, asks));
        let answering = runtime::spawn("loop", async move {
            while let Some(ask) = questions.recv().await {
                match ask {
                    Ask::Metrics(reply) => drop(reply.send("unblink_up 1\n".into())),
                    Ask::Ready(reply) => drop(reply.send(readiness.clone())),
                    other => unreachable!("{other:?} is nothing to be asked over TCP"),
                }
            }
        });
        Scrapes { address, serving, answering }
    }

    async fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    fn close(self) {
        self.serving.abort();
        self.answering.abort();
    }
}

/// All that comes until it ends.
async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    while matches!(stream.read_buf(&mut answer).await, Ok(1..)) {}
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn half_sent_requests_keep_no_scrape_out() {
    let door = Scrapes::open(Readiness::Ready).await;
    let mut slow = Vec::new();
    for _ in 0..3 * limits::SCRAPE_CONNECTIONS_MAX {
        slow.push(door.connect("GET /metrics HT").await);
    }
    let answer = read(door.connect("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.ends_with("unblink_up 1\n"), "{answer}");
    // The newest of them are let be until their time is up.
    let mut last = slow.pop().unwrap();
    last.write_all(b"TP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(read(last).await.ends_with("unblink_up 1\n"));
    assert_eq!(read(slow.swap_remove(0)).await, "", "the oldest was not let go");
    door.close();
}

#[tokio::test]
async fn three_pages_are_there_over_tcp_and_no_other() {
    let get = |page: &str| format!("GET {page} HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(scraped(&get("/metrics")).await.ends_with("unblink_up 1\n"));
    assert!(scraped(&get("/healthz")).await.ends_with("ok\n"));
    assert!(scraped(&get("/readyz")).await.ends_with("ready\n"));
    let dead = Readiness::NotYet("the worker died of \"a secret\"".to_owned());
    let answer = scraped_of(dead, &get("/readyz")).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\nnot ready\n"), "{answer}");
    let others = ["/", "/debug/pprof/", "/debug/pprof/profile", "/metrics/", "//metrics", "/metricsx"];
    for page in PATHS.iter().chain(CHANGING).chain(&others) {
        if ["/metrics", "/healthz", "/readyz"].contains(page) {
            continue;
        }
        let answer = scraped(&get(page)).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{page}: {answer}");
        assert!(answer.ends_with("no such page; there are /metrics, /healthz, /readyz\n"), "{page}: {answer}");
    }
    for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
        let answer = scraped(&format!("{method} /metrics HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{method}: {answer}");
    }
    assert!(scraped(&get("/metrics?debug=1")).await.starts_with("HTTP/1.1 400 "));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(2 * head::BYTES_MAX));
    let answer = scraped(&long).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_history_is_told_piece_by_piece_and_of_no_other_tenant() {
    let daemon = start(Readiness::Ready, |_| true);
    let get = async |query: &str| client::get(&format!("/api/v1/history{query}"), &daemon.socket).await.unwrap();
    let first = get("?tenant=default").await;
    let version = crate::wire::history::VERSION.to_le_bytes();
    let begins = [&version[..], b"\0\0\0\0\0\0\0\0begun"].concat();
    assert_eq!((first.code, &first.body[..15]), (200, &begins[..]));
    let at = first.body.len() as u64 - 10;
    let second = get(&format!("?tenant=default&at={at}")).await;
    assert_eq!((&second.body[2..10], &second.body[10..15]), (&(1_u64 << 20).to_le_bytes()[..], &b"later"[..]));
    let end = (1 << 20) + second.body.len() as u64 - 10;
    assert_eq!(get(&format!("?tenant=default&at={end}")).await.body, version[..], "nothing stands behind it");
    assert_eq!(get("?tenant=ops").await.code, 404);
    for query in ["", "?tenant=", "?tenant=a/b", "?tenant=default&at=x"] {
        assert_eq!(get(query).await.code, 400, "{query}");
    }
}
