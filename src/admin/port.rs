//! The admin API for whoever comes over TCP and shows a token: all of its pages but faults on purpose.
//!
//! Invariant: nothing is answered, not even whether a page is there, before the token was shown. Those who have not shown it yet
//! are few and have some seconds; once they had a moment they make room for newer ones, the oldest first. They take no place of
//! those who have, of whom each holds one until all is said; but a flood of them makes whoever comes wait at the door, and a
//! flood of handshakes has some be hung up on. Neither takes a place at the socket.

mod keyring;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use super::captures::Store;
use super::trace::TraceId;
use super::{ACCEPT_PAUSE, Ask, CHANGING, Caller, FAULT, Reports, head, used_up, words};
use crate::base::{Mono, limits};
use crate::config::admin::Credentials;
use crate::event::{By, ChangeAsked, Event as _, StrangerRefused};
use crate::machine::quota::Quota;
use crate::runtime::{self, timer};
use crate::sys::clock;

pub use keyring::Keyring;

/// What a port answers from.
#[derive(Clone, Debug)]
struct Behind {
    asks: mpsc::Sender<Ask>,
    captures: Store,
    reports: Reports,
    /// For those who have shown the token.
    places: Arc<Semaphore>,
    strangers: Arc<Strangers>,
    /// Of TLS, that may begin.
    handshakes: Arc<Mutex<Quota>>,
}

/// One who came.
struct Guest {
    address: SocketAddr,
    credentials: Credentials,
    behind: Behind,
    /// Held from when the token was shown until all is said.
    place: OnceLock<OwnedSemaphorePermit>,
    /// Told when there is a place.
    shown: Arc<Notify>,
}

/// One for each that has not shown the token, since when, the oldest first; dropping it ends the connection.
#[derive(Debug, Default)]
struct Waiting(VecDeque<(Mono, oneshot::Sender<Infallible>)>);

/// How many were refused, and when the log told of one.
#[derive(Debug, Default)]
struct Strangers {
    told_at_ns: AtomicU64,
    untold: AtomicU64,
}

/// The log has a line so often.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// What TLS begins with: a record of its handshake.
const HANDSHAKE: u8 = 0x16;

/// Answers for ever.
pub async fn serve(
    listener: TcpListener,
    mut keyring: Keyring,
    asks: mpsc::Sender<Ask>,
    captures: Store,
    reports: Reports,
) {
    let room = Arc::new(Semaphore::new(limits::PORT_STRANGERS_MAX));
    let places = Arc::new(Semaphore::new(limits::PORT_CALLERS_MAX));
    let handshakes = Arc::new(Mutex::new(Quota::of_rate(limits::PORT_HANDSHAKES_HZ_MAX)));
    let behind = Behind { asks, captures, reports, places, strangers: Arc::default(), handshakes };
    let mut waiting = Waiting::default();
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            timer::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let credentials = keyring.current().await;
        let permit = waiting.room(&room).await;
        let held = waiting.hold(clock::mono());
        let shown = Arc::new(Notify::new());
        let place = OnceLock::new();
        let guest = Guest { address, credentials, behind: behind.clone(), place, shown: Arc::clone(&shown) };
        runtime::spawn("admin-port-connection", async move {
            let mut conversation = pin!(welcome(stream, guest));
            tokio::select! {
                // What has come is looked at before anybody is let go.
                biased;
                () = &mut conversation => return,
                () = shown.notified() => {}
                _ = held => return,
            }
            // From here on nobody else's coming ends it.
            drop(permit);
            conversation.await;
        });
    }
}

async fn welcome(stream: TcpStream, guest: Guest) {
    let Some(tls) = guest.credentials.tls.clone() else { return converse(stream, guest).await };
    let greet = async {
        let mut first = [0];
        // None where it ended.
        stream.peek(&mut first).await.ok().filter(|count| *count > 0)?;
        if first[0] != HANDSHAKE {
            head::refuse(stream, StatusCode::BAD_REQUEST, "this port is asked by TLS: begin the address with https://")
                .await;
            return None;
        }
        // Beyond the rate it is hung up on before anything is reckoned.
        let place = guest.behind.handshakes.lock().unwrap_or_else(PoisonError::into_inner).take(clock::mono(), 0);
        place.ok()?;
        TlsAcceptor::from(tls).accept(stream).await.ok()
    };
    // One who does not trust our certificate, or speaks something else, knows why.
    if let Ok(Some(stream)) = timer::timeout(limits::TLS_DEADLINE, greet).await {
        converse(stream, guest).await;
    }
}

/// Until all is said, or it takes too long.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, guest: Guest) {
    let behind = guest.behind.clone();
    let (caller, granted) =
        Caller::new(By::Address(guest.address), behind.asks.clone(), behind.captures.clone(), behind.reports.clone());
    let guest = Arc::new(guest);
    let service = service_fn(move |request: Request<Incoming>| {
        let (caller, guest) = (Arc::clone(&caller), Arc::clone(&guest));
        async move {
            let trace = TraceId::of(request.headers());
            let response = answer(&request, &caller, &guest, &trace).await;
            Ok::<_, Infallible>(super::traced(response, &trace))
        }
    });
    tokio::select! {
        () = super::serve_one(stream, service) => {}
        () = used_up(granted) => {}
    }
}

async fn answer(request: &Request<Incoming>, caller: &Caller, guest: &Guest, trace: &TraceId) -> Response<Full<Bytes>> {
    if let Err(refusal) = guest.comes_in(request.headers()) {
        return *refusal;
    }
    let path = request.uri().path();
    if path == FAULT {
        return super::no_such_page();
    }
    if CHANGING.contains(&path) {
        ChangeAsked { address: guest.address, page: path, trace: trace.as_str() }.emit();
    }
    super::answer(request.method(), request.uri(), request.headers(), caller, trace).await
}

// === impl Guest ===

impl Guest {
    /// Takes a place for whoever shows the token; who gets none stays one of those who have not shown it.
    fn comes_in(&self, headers: &HeaderMap) -> Result<(), Box<Response<Full<Bytes>>>> {
        let shown = bearer(headers);
        if !shown.is_some_and(|token| self.credentials.admits(token)) {
            let since = self.behind.strangers.more_to_tell(clock::mono());
            StrangerRefused { address: self.address, since }.emit();
            let text = match shown {
                None => "there is no token: send the one of [admin] token_file as `Authorization: Bearer TOKEN`\n",
                Some(_) => {
                    "this is not the token: send the one of [admin] token_file as `Authorization: Bearer TOKEN`\n"
                }
            };
            let mut response = words(StatusCode::UNAUTHORIZED, text);
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return Err(Box::new(response));
        }
        let place = Arc::clone(&self.behind.places).try_acquire_owned().map_err(|_| {
            let text = format!("{} requests are being answered; try again in a second\n", limits::PORT_CALLERS_MAX);
            let mut response = words(StatusCode::SERVICE_UNAVAILABLE, &text);
            response.headers_mut().insert(RETRY_AFTER, 1.into());
            Box::new(response)
        })?;
        // There is one request in a conversation.
        let _ = self.place.set(place);
        self.shown.notify_one();
        Ok(())
    }
}

/// What stands behind the name of the scheme, where that is the only one.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (scheme, token) = match (all.next(), all.next()) {
        (Some(one), None) => one.as_bytes().split_at_checked("bearer ".len())?,
        _ => return None,
    };
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

// === impl Waiting ===

impl Waiting {
    /// Room for one more, once somebody left it or was here for long enough to leave it.
    async fn room(&mut self, room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        self.0.retain(|(_, hold)| !hold.is_closed());
        let mut permit = pin!(Arc::clone(room).acquire_owned());
        let permit = match self.0.front() {
            Some((since, _)) if self.0.len() >= limits::PORT_STRANGERS_MAX => {
                let until = *since + limits::PORT_STRANGER_AGE_MIN;
                tokio::select! {
                    biased;
                    permit = &mut permit => permit,
                    () = timer::sleep_until(until) => {
                        self.0.pop_front();
                        permit.await
                    }
                }
            }
            _ => permit.await,
        };
        permit.expect("invariant: the semaphore is never closed")
    }

    /// One more; what is given ends when it is to go.
    fn hold(&mut self, now: Mono) -> oneshot::Receiver<Infallible> {
        let (hold, held) = oneshot::channel();
        self.0.push_back((now, hold));
        held
    }
}

// === impl Strangers ===

impl Strangers {
    /// None where nothing is to be said of this one; else how many there were since something was said.
    fn more_to_tell(&self, now: Mono) -> Option<u64> {
        let told_at = self.told_at_ns.load(Ordering::Relaxed);
        if told_at != 0 && now.since(Mono(told_at)) < TOLD_EVERY {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.told_at_ns.store(now.0.max(1), Ordering::Relaxed);
        Some(self.untold.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
