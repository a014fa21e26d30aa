//! Asks a daemon over its admin socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::HOST;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::captured::{MISSING, UNSTORED};
use crate::base::limits;
use crate::runtime::{self, timer};
use crate::sys::socket::{self, ConnectError};

/// What the daemon answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 when all is well.
    pub code: u16,
    /// What the answer says is missing from it.
    pub missing: Option<String>,
    /// Why a capture could not be kept.
    pub unstored: Option<String>,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the daemon did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the conversation with the daemon broke off: {0}")]
    Broken(String),
}

/// Gets one page, such as `/api/v1/status`. Needs a running runtime.
pub async fn get(path: &str, socket: &Path) -> Result<Answer, AskError> {
    ask(Method::GET, path, socket, limits::ADMIN_DEADLINE).await
}

/// The same of a page that takes its time.
pub async fn get_within(path: &str, socket: &Path, deadline: Duration) -> Result<Answer, AskError> {
    ask(Method::GET, path, socket, deadline).await
}

/// Has something done, such as `/api/v1/reload`, and waits for what comes of it.
pub async fn post(path: &str, socket: &Path) -> Result<Answer, AskError> {
    ask(Method::POST, path, socket, limits::ADMIN_CHANGE_DEADLINE).await
}

async fn ask(method: Method, path: &str, socket: &Path, deadline: Duration) -> Result<Answer, AskError> {
    let stream = socket::connect(socket)?;
    let broken = |error: io::Error| AskError::Broken(error.to_string());
    stream.set_nonblocking(true).map_err(broken)?;
    let stream = UnixStream::from_std(stream).map_err(broken)?;
    timer::timeout(deadline, converse(method, path, stream)).await.map_err(|_| AskError::Silent(deadline))?
}

async fn converse(method: Method, path: &str, stream: UnixStream) -> Result<Answer, AskError> {
    let broken = |error: &dyn std::fmt::Display| AskError::Broken(error.to_string());
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
    let driving = runtime::spawn("admin-request", connection);
    let request = Request::builder().method(method).uri(path).header(HOST, "unblink").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| broken(&error))?;
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let code = response.status().as_u16();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (missing, unstored) = (header(MISSING), header(UNSTORED));
    let body = Limited::new(response.into_body(), limits::ADMIN_ANSWER_BYTES_MAX);
    let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
    driving.abort();
    Ok(Answer { code, missing, unstored, body })
}
