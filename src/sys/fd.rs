//! File descriptors: taking an inherited one, sharing one, watching one, making one non-blocking.
#![expect(unsafe_code, reason = "a descriptor is a bare number until somebody says who owns it")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::marker::MarkerFile;
use super::memory_file::MemoryFile;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::net::{AddressFamily, sockopt};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Where a worker finds its feed.
pub const FEED_FD: RawFd = 3;

/// Where it finds what workers leave to each other.
pub const HISTORY_FD: RawFd = 4;

/// Where it finds the page on which it notes what it does.
pub const MARKER_FD: RawFd = 5;

static FEED_TAKEN: AtomicBool = AtomicBool::new(false);
static HISTORY_TAKEN: AtomicBool = AtomicBool::new(false);
static MARKER_TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the feed that root left at descriptor 3, once. Fails in words where none was left, as when a person types
/// the hidden verb.
pub fn take_feed() -> io::Result<UnixStream> {
    if FEED_TAKEN.swap(true, Ordering::SeqCst) {
        return Err(io::Error::other("the feed has been taken already"));
    }
    // SAFETY: only borrowed for two queries that fail cleanly on a number that is no open descriptor.
    let borrowed = unsafe { BorrowedFd::borrow_raw(FEED_FD) };
    let flags = fcntl_getfd(borrowed).map_err(|_| no_feed())?;
    if sockopt::socket_domain(borrowed).map_err(|_| no_feed())? != AddressFamily::UNIX {
        return Err(no_feed());
    }
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC)?;
    // SAFETY: the descriptor is open, the process started with it and nothing else owns it: the flag above lets
    // one caller through, at the start of the worker's main function.
    let owned = unsafe { OwnedFd::from_raw_fd(FEED_FD) };
    set_nonblocking(&owned)?;
    Ok(UnixStream::from(owned))
}

/// Takes the memory file that root left at descriptor 4, once.
pub fn take_history() -> io::Result<MemoryFile> {
    MemoryFile::of(take(HISTORY_FD, &HISTORY_TAKEN)?)
}

/// Takes the page that root left at descriptor 5, once.
pub fn take_marker() -> io::Result<MarkerFile> {
    MarkerFile::of(take(MARKER_FD, &MARKER_TAKEN)?)
}

/// Takes what root left at this descriptor, once.
fn take(fd: RawFd, taken: &AtomicBool) -> io::Result<OwnedFd> {
    if taken.swap(true, Ordering::SeqCst) {
        return Err(io::Error::other(format!("descriptor {fd} has been taken already")));
    }
    // SAFETY: only borrowed for a query that fails cleanly on a number that is no open descriptor.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let flags = fcntl_getfd(borrowed)?;
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC)?;
    // SAFETY: the descriptor is open, the process started with it and nothing else owns it: the flag above lets one
    // caller through, at the start of the worker's main function.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A socket that several share, whose number is at hand: who writes to hundreds in turn looks none of them up first.
#[derive(Clone, Debug)]
pub struct SharedSocket {
    number: RawFd,
    socket: Arc<UnixStream>,
}

/// What can be watched: it owns one descriptor, which stays open and the same as long as the value lives.
pub trait Owning: AsRawFd + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::os::fd::OwnedFd {}
    impl Sealed for std::os::unix::net::UnixStream {}
    // Whoever shares it cannot exchange it, and it is open as long as one of them lives.
    impl Sealed for super::SharedSocket {}
    impl Sealed for crate::sys::tty::Tty {}
    impl Sealed for crate::sys::pty::Pty {}
}

impl<T: AsRawFd + sealed::Sealed> Owning for T {}

// === impl SharedSocket ===

impl SharedSocket {
    pub fn new(socket: UnixStream) -> SharedSocket {
        SharedSocket { number: socket.as_raw_fd(), socket: Arc::new(socket) }
    }

    /// To read and write as std does.
    pub fn socket(&self) -> &UnixStream {
        &self.socket
    }
}

impl AsFd for SharedSocket {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the socket is open as long as this lives, and whoever shares it cannot exchange it.
        unsafe { BorrowedFd::borrow_raw(self.number) }
    }
}

impl AsRawFd for SharedSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.number
    }
}

/// Has the runtime tell when this descriptor is ready. It has to be non-blocking, and a runtime has to run.
pub fn watch<T: Owning>(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: the sealed types own their descriptor and never exchange it, so it stays open and the same until the
    // returned value, which owns `inner`, is dropped.
    Ok(unsafe { AsyncFd::register_with_interest(inner, interest) }?)
}

/// Sets `O_NONBLOCK` on the open description, which all its duplicates share.
pub fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&fd)?;
    Ok(fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?)
}

fn no_feed() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        "no feed at descriptor 3: workers are started by `unblink serve` or `unblink demo`, not by hand",
    )
}

/// Says a line on the standard error if that takes it at once, as much as goes in one piece; takes no lock of std's and
/// allocates nothing. Where another process fills the same pipe between look and write it may wait for that one's reader.
pub fn say_now(line: &str) {
    say_now_to(rustix::stdio::stderr(), line);
}

fn say_now_to(out: BorrowedFd<'_>, line: &str) {
    let mut whole = [0; libc::PIPE_BUF];
    let fits = &line.as_bytes()[..line.floor_char_boundary(whole.len() - 1)];
    whole[..fits.len()].copy_from_slice(fits);
    whole[fits.len()] = b'\n';
    let mut look = [PollFd::new(&out, PollFlags::OUT)];
    let takes = poll(&mut look, Some(&Timespec::default())).is_ok() && look[0].revents().contains(PollFlags::OUT);
    if takes {
        // Nobody is left to tell.
        let _ = rustix::io::write(out, &whole[..=fits.len()]);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_line_is_said_at_once_or_not_at_all() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        let room = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
        writer.write_all(&vec![b'.'; room]).unwrap();
        say_now_to(writer.as_fd(), "nobody reads");
        reader.read_exact(&mut vec![0; room]).unwrap();
        say_now_to(writer.as_fd(), "somebody reads");
        let mut all = vec![0; room];
        reader.read_exact(&mut all[..15]).unwrap();
        assert_eq!(&all[..15], b"somebody reads\n");
        say_now_to(writer.as_fd(), &"ä".repeat(room));
        drop(writer);
        all.clear();
        reader.read_to_end(&mut all).unwrap();
        assert!(all.ends_with(b"\n") && all.len() >= 4095 && std::str::from_utf8(&all).is_ok(), "{}", all.len());
    }
}
