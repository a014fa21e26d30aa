//! Length-prefixed messages over any byte stream: a little-endian `u32`, then that many bytes.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of the length prefix.
pub const PREFIX_BYTES: usize = 4;
/// Room made by a [`Reader`] while it is not known how much comes: most of what is written together is read together, and a whole
/// batch in few pieces.
const READ_FIRST_BYTES: usize = 16 * 1024;
/// With less room than that nothing is read.
const READ_LEAST_BYTES: usize = 4 * 1024;
/// The most room made at once for a message that was announced.
const READ_STEP_BYTES: usize = 64 * 1024;

/// Why no message could be read.
#[derive(Debug, thiserror::Error)]
pub enum FramingError {
    #[error("the peer closed the stream")]
    Closed,
    #[error("the stream ended inside a message")]
    Torn,
    #[error("a message of {got} bytes was announced, the longest allowed is {max}")]
    TooLong { got: usize, max: usize },
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// Reads messages one after the other. What arrived of the next one is kept when a read is dropped half way, so
/// [`Reader::next`] may stand in a `select!`.
#[derive(Debug)]
pub struct Reader<S> {
    stream: S,
    max: usize,
    arrived: BytesMut,
}

/// Messages that are written together: each costs its receiver a wake-up and both sides a call of the kernel else.
#[derive(Debug, Default)]
pub struct Batch {
    messages: Vec<Bytes>,
    bytes: usize,
    joined: BytesMut,
}

/// A batch takes no more messages once it has as many bytes; a message of as many is written as it is.
pub const BATCH_BYTES: usize = 64 * 1024;
/// So many places for messages are kept from one to the next.
const BATCH_KEPT_MESSAGES: usize = 64;

/// Writes the length of `body` followed by `body`.
pub fn put(out: &mut BytesMut, body: &[u8]) {
    let length = u32::try_from(body.len()).expect("invariant: message caps lie far below 4 GiB");
    out.reserve(PREFIX_BYTES + body.len());
    out.put_u32_le(length);
    out.put_slice(body);
}

/// Takes the first message of at most `max` bytes off `arrived`; none while it is incomplete.
///
/// # Errors
/// As soon as the announced length is too long, before any of the message is there.
pub fn take(arrived: &mut BytesMut, max: usize) -> Result<Option<Bytes>, FramingError> {
    let Some(prefix) = arrived.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
    let length = u32::from_le_bytes(*prefix) as usize;
    if length > max {
        return Err(FramingError::TooLong { got: length, max });
    }
    if arrived.len() < PREFIX_BYTES + length {
        return Ok(None);
    }
    arrived.advance(PREFIX_BYTES);
    Ok(Some(arrived.split_to(length).freeze()))
}

/// Reads one message of at most `max` bytes and not a byte more. Memory grows with what arrives, not with what is
/// announced. Dropped half way, what was read of the message is lost: use a [`Reader`] where that can happen.
pub async fn read(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<Bytes, FramingError> {
    let mut prefix = [0_u8; PREFIX_BYTES];
    let mut filled = 0;
    while filled < PREFIX_BYTES {
        match stream.read(&mut prefix[filled..]).await? {
            0 if filled == 0 => return Err(FramingError::Closed),
            0 => return Err(FramingError::Torn),
            count => filled += count,
        }
    }
    let length = u32::from_le_bytes(prefix) as usize;
    if length > max {
        return Err(FramingError::TooLong { got: length, max });
    }
    let mut body = BytesMut::with_capacity(length.min(READ_STEP_BYTES));
    while body.len() < length {
        let missing = length - body.len();
        body.reserve(missing.min(READ_STEP_BYTES));
        let mut window = (&mut body).limit(missing);
        if stream.read_buf(&mut window).await? == 0 {
            return Err(FramingError::Torn);
        }
    }
    Ok(body.freeze())
}

/// Writes already prefixed bytes and flushes them.
pub async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    stream.write_all(message).await?;
    stream.flush().await
}

// === impl Batch ===

impl Batch {
    /// Adds a message with its prefix.
    pub fn push(&mut self, message: Bytes) {
        self.bytes += message.len();
        self.messages.push(message);
    }

    pub fn has_room(&self) -> bool {
        self.bytes < BATCH_BYTES
    }

    /// Writes all there is, in the order it came.
    pub async fn write(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        self.bytes = 0;
        if let [only] = &self.messages[..] {
            let written = write(stream, only).await;
            self.messages.clear();
            return written;
        }
        self.joined.clear();
        let mut written = Ok(());
        for message in self.messages.drain(..) {
            if message.len() < BATCH_BYTES {
                self.joined.extend_from_slice(&message);
                continue;
            }
            written = stream.write_all(&self.joined).await;
            self.joined.clear();
            if written.is_ok() {
                written = stream.write_all(&message).await;
            }
            if written.is_err() {
                break;
            }
        }
        if written.is_ok() {
            written = write(stream, &self.joined).await;
        }
        self.messages.shrink_to(BATCH_KEPT_MESSAGES);
        written
    }
}

// === impl Reader ===

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads from `stream` messages of at most `max` bytes.
    pub fn new(stream: S, max: usize) -> Reader<S> {
        Reader { stream, max, arrived: BytesMut::new() }
    }

    /// The next message. Holds at most one message and one step beyond it.
    pub async fn next(&mut self) -> Result<Bytes, FramingError> {
        loop {
            if let Some(message) = take(&mut self.arrived, self.max)? {
                return Ok(message);
            }
            let announced = self.arrived.first_chunk().map_or(0, |prefix| u32::from_le_bytes(*prefix) as usize);
            let missing = (PREFIX_BYTES + announced).saturating_sub(self.arrived.len());
            // What is left of the room is used up first: most messages are much shorter.
            if self.arrived.capacity() - self.arrived.len() < missing.max(READ_LEAST_BYTES) {
                self.arrived.reserve(missing.clamp(READ_FIRST_BYTES, READ_STEP_BYTES));
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Err(if self.arrived.is_empty() { FramingError::Closed } else { FramingError::Torn });
            }
        }
    }
}

#[cfg(test)]
mod tests;
