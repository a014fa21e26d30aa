//! The head of a request, read as a whole before anything looks at it.
//!
//! Invariant: it is bounded in bytes, lines and time, whoever sends it, and what is beyond, or no request, is refused in one
//! line that says what is allowed. Whoever says nothing at all is answered nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::base::limits;
use crate::runtime::timer;

/// Time a client has for its request line and headers.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// The request line and all headers together.
pub const BYTES_MAX: usize = 16 * 1024;
pub const HEADERS_MAX: usize = 64;
/// Made for a usual one; there comes to be more where more is read.
const ROOM_BYTES: usize = 1024;

/// A stream of which something was read already.
#[derive(Debug)]
pub struct Begun<T> {
    before: Bytes,
    stream: T,
}

/// Why a head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Late,
    TooLong,
    NoRequest,
    /// Whoever sent it is gone, or never said anything.
    Gone,
}

/// The stream once a head is there; none where whoever is connected was told why not.
pub async fn wait<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) -> Option<Begun<T>> {
    let mut arrived = BytesMut::with_capacity(ROOM_BYTES);
    let outcome = timer::timeout(DEADLINE, arrive(&mut stream, &mut arrived)).await;
    match outcome.unwrap_or(Err(if arrived.is_empty() { Wrong::Gone } else { Wrong::Late })) {
        Ok(()) => Some(Begun { before: arrived.freeze(), stream }),
        Err(wrong) => {
            if let Some((code, text)) = wrong.answer() {
                refuse(stream, code, &text).await;
            }
            None
        }
    }
}

async fn arrive<T: AsyncRead + Unpin>(stream: &mut T, arrived: &mut BytesMut) -> Result<(), Wrong> {
    loop {
        // Where a line could not have ended before.
        let from = arrived.len().saturating_sub(3);
        if stream.read_buf(arrived).await.map_err(|_| Wrong::Gone)? == 0 {
            return Err(Wrong::Gone);
        }
        let end = end(arrived, from);
        if end.unwrap_or(arrived.len()) > BYTES_MAX {
            return Err(Wrong::TooLong);
        }
        if let Some(end) = end {
            return check(&arrived[..end]);
        }
    }
}

/// Behind the empty line that ends a head.
fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let ends = |at: usize| {
        let rest = &bytes[at..];
        [&b"\n\r\n"[..], b"\n\n"].iter().find(|end| rest.starts_with(end)).map(|end| at + end.len())
    };
    (from..bytes.len()).find_map(ends)
}

/// What is within the lines is looked at by who answers.
fn check(head: &[u8]) -> Result<(), Wrong> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let words: Vec<&[u8]> = lines.next().unwrap_or_default().split(|byte| *byte == b' ').collect();
    let [method, target, version] = words.as_slice() else { return Err(Wrong::NoRequest) };
    let is_request = !method.is_empty()
        && method.iter().all(u8::is_ascii_uppercase)
        && !target.is_empty()
        && target.iter().all(u8::is_ascii_graphic)
        && version.starts_with(b"HTTP/1.");
    if !is_request {
        return Err(Wrong::NoRequest);
    }
    if lines.filter(|line| !line.is_empty()).count() > HEADERS_MAX { Err(Wrong::TooLong) } else { Ok(()) }
}

/// Tells whoever is connected, in one line, and ends.
pub async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T, code: StatusCode, text: &str) {
    let (length, reason) = (text.len() + 1, code.canonical_reason().unwrap_or_default());
    let answer = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{text}\n",
        code.as_u16()
    );
    let tell = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What is not read when a connection is closed has the kernel reset it, and the answer may be lost with that.
        let mut rest = (&mut stream).take(limits::LINGER_BYTES_MAX as u64);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whoever went away needs no answer.
    let _ = timer::timeout(limits::LINGER_MAX, tell).await;
}

// === impl Wrong ===

impl Wrong {
    fn answer(self) -> Option<(StatusCode, String)> {
        match self {
            Wrong::Gone => None,
            Wrong::Late => {
                let text = format!("a request line and its headers have to come within {} s", DEADLINE.as_secs());
                Some((StatusCode::REQUEST_TIMEOUT, text))
            }
            Wrong::TooLong => {
                let text = format!(
                    "a request line and its headers may have {BYTES_MAX} bytes together, and there may be {HEADERS_MAX} headers"
                );
                Some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text))
            }
            Wrong::NoRequest => {
                let text = "this is no request of HTTP/1.1; write one such as: GET /healthz HTTP/1.1".to_owned();
                Some((StatusCode::BAD_REQUEST, text))
            }
        }
    }
}

// === impl Begun ===

impl<T: AsyncRead + Unpin> AsyncRead for Begun<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let some = self.before.len().min(into.remaining());
        into.put_slice(&self.before[..some]);
        self.before.advance(some);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Begun<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
