//! A Unix socket of which the runtime hears only what somebody waits for.
//!
//! Whenever the other end has read, there is room anew. A socket that is watched for room as well as for data wakes its
//! process for that, each message once more, only to find nothing to do.
//!
//! Invariant: the kernel is asked to tell of room only while a write waits for it, and of data all the time.
#![expect(unsafe_code, reason = "memory that the kernel fills need not be cleared before")]

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

use super::fd;

/// Both ends of a stream in one.
#[derive(Debug)]
pub struct QuietSocket {
    socket: AsyncFd<UnixStream>,
    /// Another descriptor of it, watched for room while a write waits: an epoll takes each descriptor once.
    full: Option<AsyncFd<OwnedFd>>,
}

// === impl QuietSocket ===

impl QuietSocket {
    /// Of a socket that does not block. A runtime has to run.
    pub fn new(socket: UnixStream) -> io::Result<QuietSocket> {
        Ok(QuietSocket { socket: fd::watch(socket, Interest::READABLE)?, full: None })
    }

    /// Room, or the other end gone.
    fn room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.full.is_none() {
            let again = OwnedFd::from(self.socket.get_ref().try_clone()?);
            self.full = Some(fd::watch(again, Interest::WRITABLE)?);
        }
        let Some(full) = &self.full else { return Poll::Pending };
        // Whoever is told tries again: what is told once is not told twice.
        ready!(full.poll_write_ready(cx))?.clear_ready();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for QuietSocket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(cx))?;
            // SAFETY: nothing that was cleared before is left uncleared: the kernel only writes to it.
            let room = unsafe { buf.unfilled_mut() };
            let length = room.len();
            match recv(self.socket.get_ref(), room, RecvFlags::empty()) {
                Ok((_, count)) => {
                    // There was no more, and what comes now is told anew. An end is never forgotten.
                    if count > 0 && count < length {
                        guard.clear_ready();
                    }
                    // SAFETY: the kernel has filled so many.
                    unsafe { buf.assume_init(count) };
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => guard.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

impl AsyncWrite for QuietSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match send(self.socket.get_ref(), bytes, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    // Of the rest it is to be told anew.
                    if count == bytes.len() {
                        self.full = None;
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => ready!(self.room(cx))?,
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests;
