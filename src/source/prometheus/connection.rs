//! One connection to a server, kept open from turn to turn, and one exchange over it.
//!
//! Invariant: nothing is read beyond a cap. Between exchanges nothing is done for it: that it was closed meanwhile shows
//! with the next one. Whoever asks gives a deadline; an exchange that is dropped half way leaves no connection.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::format::words;
use super::super::reach::{self, tls};
use crate::base::{Mono, limits};
use crate::model::origin::Prometheus;
use crate::runtime::timer;

/// A connection over which nothing is under way.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes; none once the connection has ended.
    driver: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    /// Whether it has carried an answer.
    is_proven: bool,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Of an answer that is no success, its beginning.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug)]
pub enum Trouble {
    /// The connection was closed before the first byte of an answer: as one that idled for long may be.
    Closed(String),
    Other(String),
}

const CLOSED: &str = "closed the connection before its answer was whole";
/// A connection that is closed to us is given this long to say why.
const LAST_WORDS: Duration = Duration::from_millis(200);

// === impl Connection ===

impl Connection {
    /// Looks the server up anew and connects to the first of its addresses that answers.
    pub async fn open(server: &Prometheus, deadline: Mono) -> Result<Connection, String> {
        let stream = reach::connect(&server.host, server.port, deadline).await?;
        // Questions are small and wanted at once.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &server.tls else { return Connection::over(stream).await };
        let name = ServerName::try_from(server.host.clone()).map_err(|_| "its name fits no certificate".to_owned())?;
        let stream = tls::connector(tls)?.connect(name, stream).await;
        Connection::over(stream.map_err(|error| io_words(&error))?).await
    }

    async fn over<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Result<Connection, String> {
        let mut builder = Builder::new();
        builder.max_buf_size(limits::ANSWER_HEAD_BYTES_MAX);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| hyper_words(&error))?;
        Ok(Connection { sender, driver: Some(Box::pin(driver)), is_proven: false })
    }

    /// Whether an exchange went well over it before.
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Sends a request and takes the answer.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Trouble> {
        let Connection { sender, driver, is_proven } = self;
        let exchange = async {
            sender.ready().await.map_err(|error| Trouble::Closed(hyper_words(&error)))?;
            let response = sender.send_request(request).await.map_err(|error| {
                let words = hyper_words(&error);
                if error.is_incomplete_message() || error.is_canceled() || error.is_closed() || is_io(&error) {
                    Trouble::Closed(words)
                } else {
                    Trouble::Other(words)
                }
            })?;
            let (head, body) = response.into_parts();
            let body = take(body, head.status).await?;
            Ok(Reply { status: head.status, headers: head.headers, body })
        };
        tokio::pin!(exchange);
        let mut ended = None;
        let mut done = match driver {
            Some(moving) => tokio::select! {
                biased;
                done = &mut exchange => done,
                how = moving => {
                    (*driver, ended) = (None, Some(how));
                    // Nothing moves any more, so that this ends with what is there.
                    exchange.await
                }
            },
            None => exchange.await,
        };
        if matches!(done, Err(Trouble::Closed(_))) {
            // What TLS has against us is known to what moves the bytes.
            if let Some(moving) = driver.take() {
                ended = timer::timeout(LAST_WORDS, moving).await.ok();
            }
            if let Some(words) = ended.and_then(Result::err).as_ref().and_then(cause).and_then(tls::trouble) {
                done = Err(Trouble::Other(words));
            }
        }
        *is_proven = done.is_ok();
        done
    }
}

/// The body up to its cap: of a success all of it or nothing, of anything else its beginning.
async fn take(mut body: Incoming, status: StatusCode) -> Result<Bytes, Trouble> {
    let cap = if status.is_success() { limits::ANSWER_BYTES_MAX } else { limits::ANSWER_ERROR_BYTES_MAX };
    let mut taken = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::Other(hyper_words(&error)))?;
        let Some(data) = frame.data_ref() else { continue };
        let room = cap - taken.len();
        if data.len() > room && status.is_success() {
            let max = limits::ANSWER_BYTES_MAX / 1024 / 1024;
            return Err(Trouble::Other(format!("answers with more than {max} MiB: narrow the query")));
        }
        taken.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            break;
        }
    }
    Ok(taken.freeze())
}

fn io_words(error: &io::Error) -> String {
    tls::trouble(error).unwrap_or_else(|| match error.kind() {
        io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        _ => format!("the connection failed: {}", words(&error.to_string())),
    })
}

fn cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut inner = std::error::Error::source(error);
    // What was cancelled names the end of the connection, and that names why.
    while let Some(error) = inner {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return Some(found);
        }
        inner = error.source();
    }
    None
}

fn is_io(error: &hyper::Error) -> bool {
    cause(error).is_some_and(|error| tls::trouble(error).is_none())
}

fn hyper_words(error: &hyper::Error) -> String {
    if let Some(error) = cause(error) {
        return io_words(error);
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return CLOSED.to_owned();
    }
    if error.is_parse() || error.is_parse_too_large() {
        return format!("does not answer as HTTP does: {}", words(&error.to_string()));
    }
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    words(&format!("{error}{cause}"))
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.driver.is_some() { "Connection(open)" } else { "Connection(closed)" })
    }
}
