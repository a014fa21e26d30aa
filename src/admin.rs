//! The admin API over its socket: HTTP/1, answers made by the loop that owns the state. Two pages change something, and
//! only by the method POST.
//!
//! Invariant: a slow, silent or hostile client holds one of a few connections for a bounded time and nothing else.
//! It must not keep any state of its own.

pub mod client;
pub mod status;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::base::limits;
use crate::runtime::{self, timer};
use crate::sys::socket::{self, Peer};

use status::{BoardList, Change, Readiness, Recycled, Status};

/// A question to the loop that owns the state.
#[derive(Debug)]
pub enum Ask {
    Status(oneshot::Sender<Status>),
    Boards(oneshot::Sender<BoardList>),
    Ready(oneshot::Sender<Readiness>),
    /// Answered once it is known what came of it.
    Reload(oneshot::Sender<Change>),
    /// Has the worker of this tenant give way to a fresh one; none for the one that is always there.
    Recycle(Option<String>, oneshot::Sender<Recycled>),
    /// To this generation; none for the one before.
    Rollback(Option<u64>, oneshot::Sender<Change>),
}

/// Whether a peer may use the socket.
pub type Admits = fn(&Peer) -> bool;

const PATHS: &[&str] = &[
    "/api/v1/boards",
    "/api/v1/recycle",
    "/api/v1/reload",
    "/api/v1/rollback",
    "/api/v1/status",
    "/healthz",
    "/readyz",
];
/// Those that change something: they are posted to, and only they are.
const CHANGING: &[&str] = &["/api/v1/recycle", "/api/v1/reload", "/api/v1/rollback"];
/// What `/api/v1/rollback` may be asked with.
const GENERATION: &str = "generation=";
/// What `/api/v1/recycle` may be asked with.
const TENANT: &str = "tenant=";
/// Time a client has for its request line and headers.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// The request line and all headers together.
const HEADER_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// After an accept that failed for want of descriptors: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers for ever.
pub async fn serve(listener: UnixListener, admits: Admits, asks: mpsc::Sender<Ask>) {
    let room = Arc::new(Semaphore::new(limits::ADMIN_CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&room).acquire_owned().await.expect("invariant: the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                timer::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if !socket::peer(&stream).is_ok_and(|peer| admits(&peer)) {
            continue;
        }
        let asks = asks.clone();
        runtime::spawn("admin-connection", async move {
            // Its errors are the client's: it went away, or was too slow.
            let _ = timer::timeout(limits::ADMIN_CHANGE_DEADLINE, converse(stream, asks)).await;
            drop(permit);
        });
    }
}

async fn converse(stream: UnixStream, asks: mpsc::Sender<Ask>) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let asks = asks.clone();
        async move { Ok::<_, Infallible>(answer(request.method(), request.uri(), &asks).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn answer(method: &Method, uri: &Uri, asks: &mpsc::Sender<Ask>) -> Response<Full<Bytes>> {
    let (path, query) = (uri.path(), uri.query());
    if !PATHS.contains(&path) {
        return words(StatusCode::NOT_FOUND, &format!("no such page; there are {}\n", PATHS.join(", ")));
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
        "/api/v1/status" => ask(asks, Ask::Status).await.map_or_else(gone, |status| json(&status)),
        "/api/v1/boards" => ask(asks, Ask::Boards).await.map_or_else(gone, |boards| json(&boards)),
        // Alive is who can answer: the loop is asked here too.
        "/healthz" => ask(asks, Ask::Ready).await.map_or_else(gone, |_| words(StatusCode::OK, "ok\n")),
        _ => ask(asks, Ask::Ready).await.map_or_else(gone, |readiness| match readiness {
            Readiness::Ready => words(StatusCode::OK, "ready\n"),
            Readiness::NotYet(why) => words(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {why}\n")),
        }),
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
