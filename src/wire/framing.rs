//! Length-prefixed messages over any byte stream: a little-endian `u32`, then that many bytes.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of the length prefix.
pub const PREFIX_BYTES: usize = 4;
/// Read at first, before more of a long message is known to come.
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

/// Writes the length of `body` followed by `body`.
pub fn put(out: &mut BytesMut, body: &[u8]) {
    let length = u32::try_from(body.len()).expect("invariant: message caps lie far below 4 GiB");
    out.reserve(PREFIX_BYTES + body.len());
    out.put_u32_le(length);
    out.put_slice(body);
}

/// Reads one message of at most `max` bytes. Memory grows with what arrives, not with what is announced.
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
