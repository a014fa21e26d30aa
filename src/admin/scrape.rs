//! Three pages of the admin API for whoever comes over TCP: what Prometheus scrapes, and whether the daemon lives and draws.
//!
//! Invariant: nothing else is answered here, and nothing is changed. Connections are few and short, as on the admin socket, and
//! take none of its places. Where there are as many as may be, a new one takes the place of the oldest: a scrape takes
//! milliseconds, so the oldest is one that keeps others out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::trace::TraceId;
use super::{ACCEPT_PAUSE, Ask, METRICS, words};
use crate::base::limits;
use crate::runtime::{self, timer};
use bytes::Bytes;

const PATHS: &[&str] = &[METRICS, "/healthz", "/readyz"];

/// Answers for ever.
pub async fn serve(listener: TcpListener, asks: mpsc::Sender<Ask>) {
    let room = Arc::new(Semaphore::new(limits::SCRAPE_CONNECTIONS_MAX));
    // One for each connection, the oldest first; dropping it ends the connection.
    let mut holds: VecDeque<oneshot::Sender<Infallible>> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            timer::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        holds.retain(|hold| !hold.is_closed());
        if holds.len() >= limits::SCRAPE_CONNECTIONS_MAX {
            holds.pop_front();
        }
        let permit = Arc::clone(&room).acquire_owned().await.expect("invariant: the semaphore is never closed");
        let (hold, held) = oneshot::channel();
        holds.push_back(hold);
        let asks = asks.clone();
        runtime::spawn("metrics-connection", async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let asks = asks.clone();
                async move {
                    let response = answer(request.method(), request.uri(), &asks).await;
                    Ok::<_, Infallible>(super::traced(response, &TraceId::of(request.headers())))
                }
            });
            tokio::select! {
                _ = timer::timeout(limits::ADMIN_DEADLINE, super::serve_one(stream, service)) => {}
                _ = held => {}
            }
            drop(permit);
        });
    }
}

async fn answer(method: &Method, uri: &Uri, asks: &mpsc::Sender<Ask>) -> Response<Full<Bytes>> {
    if !PATHS.contains(&uri.path()) {
        return words(StatusCode::NOT_FOUND, &format!("no such page; there are {}\n", PATHS.join(", ")));
    }
    if *method != Method::GET {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed here\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let response = super::open_to_scrapes(uri.path(), uri.query(), asks).await;
    match (uri.path(), response.status()) {
        // Why is in words of a worker's, and not for everybody who reaches the port.
        ("/readyz", StatusCode::SERVICE_UNAVAILABLE) => words(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        _ => response,
    }
}
