//! Where a client finds its daemon.
//!
//! Invariant: an attempt never blocks, and a failed one says for every place why.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use tokio::net::UnixStream;

use crate::machine::backoff::Backoff;
use crate::runtime::timer;
use crate::sys::random;
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

/// Longest pause where many others want in: the daemon takes some hundred within it.
const CROWDED_RETRY: Duration = Duration::from_millis(20);
/// One that takes nobody for two seconds or so stands still.
const CROWDED_TRIES_MAX: u32 = 128;

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

/// Connects; while too many others wait there, it tries again soon.
async fn knock(path: &Path) -> io::Result<UnixStream> {
    let mut pauses = Backoff::new(CROWDED_RETRY, CROWDED_RETRY);
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && pauses.attempts() < CROWDED_TRIES_MAX => {
                timer::sleep(pauses.next(random::u64())).await;
            }
            tried => return tried,
        }
    }
}

async fn first_of(paths: Vec<PathBuf>) -> Attempted {
    let mut attempts = Vec::new();
    for path in paths {
        match knock(&path).await {
            Ok(stream) => return Ok((stream, Some(path))),
            Err(error) => attempts.push(Attempt { path, error: ConnectError::from(error) }),
        }
    }
    Err(attempts)
}

/// What comes of an attempt, if one runs.
pub async fn if_some(attempting: Option<&mut Attempting>) -> Attempted {
    match attempting {
        Some(attempting) => attempting.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_door_at_which_many_wait_is_tried_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let door = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&door, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&door, 0).unwrap();
        let first = knock(&path).await.unwrap();
        let given_up = knock(&path).await.expect_err("one waits there already");
        assert_eq!(given_up.kind(), io::ErrorKind::WouldBlock);
        let mut second = Box::pin(knock(&path));
        tokio::select! {
            biased;
            _ = &mut second => panic!("there is no room yet"),
            () = std::future::ready(()) => {}
        }
        let _accepted = rustix::net::accept(&door).unwrap();
        second.await.expect("there is room");
        drop(first);
    }
}
