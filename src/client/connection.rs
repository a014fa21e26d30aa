//! One connection to a daemon, as far as it has got with reading and writing.
//!
//! Invariant: [`Connection::next`] may be dropped at any await and called again; nothing is lost or said twice. What
//! is read is bounded by one message, what waits to be written by [`OUTGOING_BYTES_MAX`].

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::Interest;
use tokio::net::UnixStream;

use crate::base::limits;
use crate::machine::reconnect::{Loss, Parting};
use crate::wire::attach::{DecodeError, FarewellCode, ToClient, ToRoot};
use crate::wire::framing::PREFIX_BYTES;

/// Waiting to be written; a daemon that takes nothing loses keys, not the client its memory.
const OUTGOING_BYTES_MAX: usize = limits::ATTACH_MESSAGE_BYTES_MAX;
/// The longest message taken: a frame and its kind.
const INCOMING_BYTES_MAX: usize = limits::FRAME_BYTES_MAX + 1;
/// Read at once: most frames in one piece.
const READ_BYTES: usize = 64 * 1024;

/// A connected stream and what is under way on it.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    incoming: BytesMut,
    outgoing: BytesMut,
    /// The daemon reads no more; what it said before is still to be read.
    deaf: bool,
}

/// Why the connection is over.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the daemon closed the connection")]
    Closed,
    #[error("the daemon announced a message of {0} bytes")]
    TooLong(usize),
    #[error("the daemon sent what is no message: {0}")]
    Decode(#[from] DecodeError),
    #[error("the daemon sent something else before a welcome")]
    Untimely,
    #[error(transparent)]
    Io(#[from] io::Error),
}

// === impl Broken ===

impl Broken {
    /// What it means to the machine.
    pub fn loss(&self) -> Loss {
        match self {
            Broken::Closed | Broken::Io(_) => Loss::Closed,
            Broken::TooLong(_) | Broken::Decode(_) | Broken::Untimely => Loss::Garbled,
        }
    }
}

/// The next message, for ever none where there is no connection.
pub async fn hear(connection: Option<&mut Connection>, reading: bool) -> Result<Option<ToClient>, Broken> {
    match connection {
        Some(connection) => connection.next(reading).await,
        None => std::future::pending().await,
    }
}

// === impl Connection ===

impl Connection {
    pub fn new(stream: UnixStream) -> Connection {
        Connection { stream, incoming: BytesMut::new(), outgoing: BytesMut::new(), deaf: false }
    }

    /// Puts a message behind those that wait; false when there is no room.
    pub fn send(&mut self, message: &ToRoot) -> bool {
        let message = message.encode();
        if self.deaf || self.outgoing.len() + message.len() > OUTGOING_BYTES_MAX {
            return false;
        }
        self.outgoing.extend_from_slice(&message);
        true
    }

    /// Writes what the daemon takes at this moment, as a last word.
    pub fn flush_now(&mut self) {
        // The connection goes next; whether this arrived makes no difference then.
        let _ = self.write();
    }

    /// The next message, or none when a part of one came; meanwhile writes what waits. Reads nothing, so that the
    /// daemon feels it, unless `reading`.
    pub async fn next(&mut self, reading: bool) -> Result<Option<ToClient>, Broken> {
        loop {
            if reading && let Some(message) = self.message()? {
                return Ok(Some(message));
            }
            self.write()?;
            let interest = match (reading, self.outgoing.is_empty()) {
                (true, true) => Interest::READABLE,
                (true, false) => Interest::READABLE | Interest::WRITABLE,
                (false, false) => Interest::WRITABLE,
                (false, true) => return std::future::pending().await,
            };
            let ready = self.stream.ready(interest).await?;
            if reading && (ready.is_readable() || ready.is_read_closed()) && self.read()? {
                return self.message();
            }
        }
    }

    /// Takes one whole message out of what was read.
    fn message(&mut self) -> Result<Option<ToClient>, Broken> {
        let Some(prefix) = self.incoming.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > INCOMING_BYTES_MAX {
            return Err(Broken::TooLong(length));
        }
        if self.incoming.len() < PREFIX_BYTES + length {
            return Ok(None);
        }
        self.incoming.advance(PREFIX_BYTES);
        Ok(Some(ToClient::decode(&self.incoming.split_to(length).freeze())?))
    }

    /// Whether anything came.
    fn read(&mut self) -> Result<bool, Broken> {
        self.incoming.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.incoming) {
            Ok(0) => Err(Broken::Closed),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // Closed with something of ours unread; what it said itself was read before.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(Broken::Closed),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self) -> Result<(), Broken> {
        while !self.outgoing.is_empty() {
            match self.stream.try_write(&self.outgoing) {
                Ok(count) => self.outgoing.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // It may have said why before it closed.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.deaf = true;
                    self.outgoing.clear();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// What a farewell means for whoever reconnects.
pub fn parting(code: FarewellCode) -> Parting {
    match code {
        FarewellCode::Stopping => Parting::Stopping,
        FarewellCode::NoSuchBoard => Parting::NoSuchBoard,
        FarewellCode::NotAllowed => Parting::NotAllowed,
        FarewellCode::Version => Parting::Version,
        // What a newer daemon means we cannot know; its text is told if it comes to that.
        FarewellCode::Protocol | FarewellCode::Other => Parting::Protocol,
        FarewellCode::Full => Parting::Full,
        FarewellCode::Unclear => Parting::Unclear,
        FarewellCode::Quit => Parting::Quit,
    }
}

#[cfg(test)]
mod tests;
