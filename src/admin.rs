//! The admin API over its socket, and over TCP for whoever shows a token: HTTP/1, answers made by the loop that owns the state.
//! Few pages change something, and only by the method POST.
//!
//! Invariant: a slow, silent or hostile client holds one of a few connections for a bounded time and nothing else.
//! It must not keep any state of its own.

pub mod capture;
mod captured;
pub mod captures;
pub mod client;
mod debug;
pub mod doorkeeper;
mod head;
mod history;
pub mod port;
mod reporting;
pub mod scrape;
pub mod status;
mod threads;
mod trace;
mod wish;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::{Service, service_fn};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::base::limits;
use crate::event::By;
use crate::report::Format;
use crate::runtime::{self, timer};
use crate::sys::clock;
use crate::sys::memory_file::MemoryFile;
use crate::sys::socket::Peer;

pub use captured::on_signal;
pub use reporting::Reports;
pub use threads::Process;

use capture::Wish;
use captures::Store;
use doorkeeper::{Doorkeeper, Refusal};
use status::{BoardList, Change, Readiness, Recycled, Status};
use trace::TraceId;

/// A question to the loop that owns the state.
#[derive(Debug)]
pub enum Ask {
    Status(oneshot::Sender<Status>),
    /// As Prometheus reads it.
    Metrics(oneshot::Sender<Bytes>),
    Boards(oneshot::Sender<BoardList>),
    /// Those of workers.
    Processes(oneshot::Sender<Vec<Process>>),
    Ready(oneshot::Sender<Readiness>),
    /// What the workers of this tenant left, if there is such a tenant and anything.
    History(String, oneshot::Sender<Option<MemoryFile>>),
    /// Answered once it is known what came of it.
    Reload(oneshot::Sender<Change>),
    /// Has the worker of this tenant give way to a fresh one; none for the one that is always there.
    Recycle(Option<String>, oneshot::Sender<Recycled>),
    /// Has profiles taken; answered when they are there.
    Capture(Wish, capture::Reply),
    /// To this generation; none for the one before.
    Rollback(Option<u64>, oneshot::Sender<Change>),
    /// Fails on purpose where faults are enabled; where not, or where whoever asks is to fail instead, it is answered
    /// whether they are.
    Fault(oneshot::Sender<bool>, bool),
}

/// Whether a peer may use the socket.
pub type Admits = fn(&Peer) -> bool;

const PATHS: &[&str] = &[
    "/api/v1/boards",
    "/api/v1/history",
    "/api/v1/recycle",
    "/api/v1/reload",
    "/api/v1/rollback",
    "/api/v1/status",
    debug::INDEX,
    debug::CAPTURES,
    debug::FLAMEGRAPH,
    debug::HEAP,
    debug::PROFILE,
    debug::TASKS,
    "/healthz",
    METRICS,
    "/readyz",
];
/// Those that change something: they are posted to, and only they are.
const CHANGING: &[&str] = &[FAULT, "/api/v1/recycle", "/api/v1/reload", "/api/v1/rollback"];
/// There only where faults on purpose are enabled.
const FAULT: &str = "/api/v1/fault";
/// What Prometheus asks for.
const METRICS: &str = "/metrics";
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What `/api/v1/rollback` may be asked with.
const GENERATION: &str = "generation=";
/// What `/api/v1/recycle` may be asked with.
const TENANT: &str = "tenant=";
/// The number of a request in the log, as every answer has it.
const TRACE: HeaderName = HeaderName::from_static("x-trace-id");
/// Of those that are refused, told so at one time.
const REFUSALS_MAX: usize = 4;
/// After an accept that failed for want of descriptors: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who asks, and by what means it is answered.
#[derive(Debug)]
struct Caller {
    by: By,
    asks: mpsc::Sender<Ask>,
    captures: Store,
    reports: Reports,
    /// How long the conversation may take, from its start.
    patience: watch::Sender<Duration>,
}

/// Answers for ever.
pub async fn serve(listener: UnixListener, admits: Admits, asks: mpsc::Sender<Ask>, captures: Store, reports: Reports) {
    let room = Arc::new(Semaphore::new(limits::ADMIN_CONNECTIONS_MAX));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let mut keeper = Doorkeeper::new("admin", admits);
    loop {
        let permit = Arc::clone(&room).acquire_owned().await.expect("invariant: the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                timer::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let peer = match keeper.look(&stream) {
            Ok(peer) => peer,
            Err(refusal) => {
                drop(permit);
                // More of them at one time are not even told.
                if let (true, Ok(permit)) = (refusal != Refusal::Other, Arc::clone(&refusals).try_acquire_owned()) {
                    runtime::spawn("admin-refusal", async move {
                        let _ = timer::timeout(head::DEADLINE, refuse(stream, refusal)).await;
                        drop(permit);
                    });
                }
                keeper.rest().await;
                continue;
            }
        };
        let (asks, captures, reports) = (asks.clone(), captures.clone(), reports.clone());
        runtime::spawn("admin-connection", async move {
            converse(stream, peer, asks, captures, reports).await;
            drop(permit);
        });
    }
}

/// Until all is said, or it takes too long.
async fn converse(stream: UnixStream, peer: Peer, asks: mpsc::Sender<Ask>, captures: Store, reports: Reports) {
    let by = By::Process { uid: peer.uid, pid: peer.pid };
    let (caller, granted) = Caller::new(by, asks, captures, reports);
    let service = service_fn(move |request: Request<Incoming>| {
        let caller = Arc::clone(&caller);
        async move {
            let trace = TraceId::of(request.headers());
            let response = answer(request.method(), request.uri(), request.headers(), &caller, &trace).await;
            Ok::<_, Infallible>(traced(response, &trace))
        }
    });
    tokio::select! {
        () = serve_one(stream, service) => {}
        () = used_up(granted) => {}
    }
}

fn traced(mut response: Response<Full<Bytes>>, trace: &TraceId) -> Response<Full<Bytes>> {
    if let Ok(trace) = HeaderValue::from_str(trace.as_str()) {
        response.headers_mut().insert(TRACE, trace);
    }
    response
}

/// Waits until the time that was granted, which may become more, is over.
async fn used_up(mut granted: watch::Receiver<Duration>) {
    let begun = clock::mono();
    loop {
        let until = begun + *granted.borrow_and_update();
        tokio::select! {
            () = timer::sleep_until(until) => return,
            Ok(()) = granted.changed() => {}
        }
    }
}

/// Answers whatever is asked with a refusal.
async fn refuse(stream: UnixStream, refusal: Refusal) {
    let may_ask_again = matches!(refusal, Refusal::Untold(_));
    let code = if may_ask_again { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
    let no = || words(code, &format!("{}\n", refusal.text()));
    serve_one(stream, service_fn(move |_: Request<Incoming>| async move { Ok::<_, Infallible>(no()) })).await;
}

/// One request. Errors are the client's: it went away, or was too slow.
async fn serve_one<T, S>(stream: T, service: S)
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>,
{
    let Some(stream) = head::wait(stream).await else { return };
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head::DEADLINE)
        .max_buf_size(head::BYTES_MAX)
        .max_headers(head::HEADERS_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = served.await;
}

async fn answer(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    caller: &Caller,
    trace: &TraceId,
) -> Response<Full<Bytes>> {
    let (path, query, asks) = (uri.path(), uri.query(), &caller.asks);
    if !PATHS.contains(&path) && path != FAULT && !path.starts_with(debug::CAPTURE) {
        return no_such_page();
    }
    let allowed = if CHANGING.contains(&path) { Method::POST } else { Method::GET };
    if *method != allowed {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, &format!("only {allowed} is allowed here\n"));
        let allowed = if allowed == Method::POST { "POST" } else { "GET" };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        return response;
    }
    match path {
        "/api/v1/reload" => ask(asks, Ask::Reload).await.map_or_else(gone, |outcome| change(&outcome)),
        "/api/v1/rollback" => match generation(query) {
            Ok(number) => {
                ask(asks, |reply| Ask::Rollback(number, reply)).await.map_or_else(gone, |outcome| change(&outcome))
            }
            Err(what) => words(StatusCode::BAD_REQUEST, what),
        },
        "/api/v1/recycle" => match tenant(query) {
            Ok(tenant) => {
                let asked = ask(asks, |reply| Ask::Recycle(tenant, reply)).await;
                asked.map_or_else(gone, |recycled| outcome(&recycled, recycled.recycled))
            }
            Err(what) => words(StatusCode::BAD_REQUEST, what),
        },
        FAULT => ask(asks, |reply| Ask::Fault(reply, query == Some("task"))).await.map_or_else(gone, |may| {
            assert!(!may, "a fault on purpose in a task");
            words(StatusCode::NOT_FOUND, "no such page: faults on purpose are not enabled ([faults] enabled = true)\n")
        }),
        debug::INDEX => debug::index(),
        debug::PROFILE => captured::capture(query, Format::Pprof, caller, trace).await,
        debug::FLAMEGRAPH => captured::capture(query, Format::Flamegraph, caller, trace).await,
        debug::CAPTURES => captured::list(query, headers, caller).await,
        debug::HEAP => captured::heap(query, caller, trace).await,
        debug::TASKS => debug::tasks(query, caller).await,
        "/api/v1/status" => ask(asks, Ask::Status).await.map_or_else(gone, |status| json(&status)),
        "/api/v1/boards" => ask(asks, Ask::Boards).await.map_or_else(gone, |boards| json(&boards)),
        "/api/v1/history" => history::piece(query, caller).await,
        _ => match path.strip_prefix(debug::CAPTURE) {
            Some(name) => captured::file(name, query, caller).await,
            None => open_to_scrapes(path, query, asks).await,
        },
    }
}

/// The pages that are there over TCP, too: what the daemon does, and whether it lives and draws.
async fn open_to_scrapes(path: &str, query: Option<&str>, asks: &mpsc::Sender<Ask>) -> Response<Full<Bytes>> {
    match path {
        METRICS => match query {
            Some(_) => words(StatusCode::BAD_REQUEST, "nothing can be asked for here: write /metrics alone\n"),
            None => ask(asks, Ask::Metrics).await.map_or_else(gone, |page| respond(StatusCode::OK, TEXT_FORMAT, page)),
        },
        // Alive is who can answer: the loop is asked here too.
        "/healthz" => ask(asks, Ask::Ready).await.map_or_else(gone, |_| words(StatusCode::OK, "ok\n")),
        _ => ask(asks, Ask::Ready).await.map_or_else(gone, |readiness| match readiness {
            Readiness::Ready => words(StatusCode::OK, "ready\n"),
            Readiness::NotYet(why) => words(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {why}\n")),
        }),
    }
}

// === impl Caller ===

impl Caller {
    /// With the time it is granted, from now on.
    fn new(
        by: By,
        asks: mpsc::Sender<Ask>,
        captures: Store,
        reports: Reports,
    ) -> (Arc<Caller>, watch::Receiver<Duration>) {
        let (patience, granted) = watch::channel(limits::ADMIN_CHANGE_DEADLINE);
        (Arc::new(Caller { by, asks, captures, reports, patience }), granted)
    }

    /// The answer takes so long, and then may take as long as any other.
    fn wait_for(&self, span: Duration) {
        self.patience.send_modify(|patience| *patience += span);
    }
}

async fn ask<T>(asks: &mpsc::Sender<Ask>, question: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    asks.send(question(reply)).await.ok()?;
    answer.await.ok()
}

/// The number that a rollback asks for, if any.
fn generation(query: Option<&str>) -> Result<Option<u64>, &'static str> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(None) };
    let number = query.strip_prefix(GENERATION).and_then(|number| number.parse().ok());
    number.map(Some).ok_or("write ?generation=NUMBER, or nothing for the one before\n")
}

/// The tenant that is meant, if one is named.
fn tenant(query: Option<&str>) -> Result<Option<String>, &'static str> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(None) };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let name = query.strip_prefix(TENANT).filter(|name| !name.is_empty() && name.bytes().all(fits));
    name.map(|name| Some(name.to_owned())).ok_or("write ?tenant=NAME, or nothing for the tenant default\n")
}

/// What came of a change: 422 where the configuration stays what it was against whoever asked.
fn change(change: &Change) -> Response<Full<Bytes>> {
    outcome(change, change.accepted)
}

fn outcome(value: &impl Serialize, is_done: bool) -> Response<Full<Bytes>> {
    let mut response = json(value);
    if !is_done {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

fn no_such_page() -> Response<Full<Bytes>> {
    words(StatusCode::NOT_FOUND, &format!("no such page; there are {}\n", PATHS.join(", ")))
}

fn gone() -> Response<Full<Bytes>> {
    words(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping\n")
}

fn words(code: StatusCode, text: &str) -> Response<Full<Bytes>> {
    respond(code, "text/plain; charset=utf-8", text.to_owned().into())
}

fn json(value: &impl Serialize) -> Response<Full<Bytes>> {
    let mut body = serde_json::to_vec_pretty(value).expect("invariant: answers always serialize");
    body.push(b'\n');
    respond(StatusCode::OK, "application/json", body.into())
}

fn respond(code: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
