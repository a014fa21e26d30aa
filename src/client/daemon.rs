//! Where a client finds its daemon.
//!
//! Invariant: an attempt never blocks, and a failed one says for every place why.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use tokio::net::UnixStream;

use crate::sys::socket::ConnectError;

/// The daemon to attach to.
pub enum Daemon {
    /// Sockets in the order they are tried; the first that answers is kept for reconnecting.
    Sockets(Vec<PathBuf>),
    /// A root in this very process.
    Here(Box<dyn FnMut() -> io::Result<std::os::unix::net::UnixStream> + Send>),
}

/// One socket that did not answer.
#[derive(Debug)]
pub struct Attempt {
    pub path: PathBuf,
    pub error: ConnectError,
}

/// What came of trying every place once.
pub type Attempted = Result<(UnixStream, Option<PathBuf>), Vec<Attempt>>;

/// A running attempt.
pub type Attempting = Pin<Box<dyn Future<Output = Attempted> + Send>>;

// === impl Daemon ===

impl Daemon {
    /// Tries every place once.
    pub fn attempt(&mut self) -> Attempting {
        match self {
            Daemon::Sockets(paths) => Box::pin(first_of(paths.clone())),
            Daemon::Here(connect) => {
                let connected = connect().and_then(|stream| {
                    stream.set_nonblocking(true)?;
                    UnixStream::from_std(stream)
                });
                let attempted = connected
                    .map(|stream| (stream, None))
                    .map_err(|error| vec![Attempt { path: PathBuf::new(), error: ConnectError::Other(error) }]);
                Box::pin(std::future::ready(attempted))
            }
        }
    }

    /// The socket tried last; none in this very process.
    pub fn place(&self) -> PathBuf {
        match self {
            Daemon::Sockets(paths) => paths.last().cloned().unwrap_or_default(),
            Daemon::Here(_) => PathBuf::new(),
        }
    }

    /// From now on only this socket counts: a viewer stays with one daemon.
    pub fn keep(&mut self, path: PathBuf) {
        *self = Daemon::Sockets(vec![path]);
    }
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Daemon::Sockets(paths) => f.debug_tuple("Sockets").field(paths).finish(),
            Daemon::Here(_) => f.write_str("Here"),
        }
    }
}

async fn first_of(paths: Vec<PathBuf>) -> Attempted {
    let mut attempts = Vec::new();
    for path in paths {
        match UnixStream::connect(&path).await {
            Ok(stream) => return Ok((stream, Some(path))),
            Err(error) => attempts.push(Attempt { path, error: ConnectError::from(error) }),
        }
    }
    Err(attempts)
}
