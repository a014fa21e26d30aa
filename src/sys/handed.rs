//! Descriptors that a service manager hands over when it starts us: sockets it listens at, and files it kept for us
//! (`sd_listen_fds_with_names(3)`).
//!
//! Invariant: each is owned once and closed in whatever we start. None is believed to be what its name says: whoever wants
//! one asks for its kind here.
#![expect(unsafe_code, reason = "a descriptor that was handed over is a bare number until somebody owns it")]

use std::io;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::{fd, host};
use crate::base::limits;

/// One of them, by the name that the manager knows it by.
#[derive(Debug)]
pub struct Handed {
    pub name: String,
    pub fd: OwnedFd,
}

/// The first of them; the others follow it.
const FIRST: RawFd = 3;
/// What those are called that nobody named.
const UNNAMED: &str = "unknown";

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes all that were handed to this process, once; to be called before anything else opens or closes descriptors. `env` is
/// asked for `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.
pub fn take(env: impl Fn(&str) -> Option<String>) -> Vec<Handed> {
    let Some(count) = count(&env) else { return Vec::new() };
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Vec::new();
    }
    let names = env("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut all = Vec::new();
    for number in 0..count {
        let fits = |name: &&str| !name.is_empty() && name.len() <= limits::HANDED_NAME_BYTES_MAX;
        let name = names.next().filter(fits).unwrap_or(UNNAMED).to_owned();
        let place = RawFd::try_from(number).ok().and_then(|number| FIRST.checked_add(number));
        let Some(place) = place else { continue };
        // SAFETY: nothing else owns it: the process started with it, and `TAKEN` lets one caller through, before anything
        // else was opened.
        let owned = unsafe { own(place) };
        let Some(fd) = owned else { continue };
        // Beyond the cap it is closed here.
        if all.len() < limits::HANDED_MAX {
            all.push(Handed { name, fd });
        }
    }
    all
}

/// How many this very process was handed; none where there is no word of it, or another process is meant.
fn count(env: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let is_meant = env("LISTEN_PID")?.parse() == Ok(host::pid());
    // No process may have more.
    env("LISTEN_FDS")?.parse().ok().filter(|count| is_meant && (1..=1 << 20).contains(count))
}

/// Owns what lies there; none where nothing does.
///
/// # Safety
/// Nothing else in this process owns it.
// SAFETY: it is up to the caller, as said above; what the body does with it says so by itself.
unsafe fn own(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: only borrowed for a query that fails cleanly on a number that is no open descriptor.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(borrowed).ok()?;
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC).ok()?;
    // SAFETY: the descriptor is open, and the caller vouches for the rest.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A socket of the file system that listens for streams.
///
/// # Errors
/// Where it is anything else; in words.
pub fn unix_listener(fd: OwnedFd) -> io::Result<UnixListener> {
    is_listener(&fd, &[AddressFamily::UNIX])?;
    fd::set_nonblocking(&fd)?;
    Ok(UnixListener::from(fd))
}

/// The same over TCP.
pub fn tcp_listener(fd: OwnedFd) -> io::Result<TcpListener> {
    is_listener(&fd, &[AddressFamily::INET, AddressFamily::INET6])?;
    fd::set_nonblocking(&fd)?;
    Ok(TcpListener::from(fd))
}

fn is_listener(fd: &OwnedFd, families: &[AddressFamily]) -> io::Result<()> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    let family = sockopt::socket_domain(fd).map_err(|_| wrong("it is no socket"))?;
    if !families.contains(&family) || sockopt::socket_type(fd)? != SocketType::STREAM {
        return Err(wrong("it is a socket of another kind"));
    }
    if sockopt::socket_acceptconn(fd)? { Ok(()) } else { Err(wrong("it does not listen")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn only_what_is_meant_for_this_process_counts() {
        let own = host::pid().to_string();
        for (pid, fds, expected) in [
            (Some(own.as_str()), Some("3"), Some(3)),
            (Some("1"), Some("3"), None),
            (None, Some("3"), None),
            (Some(own.as_str()), None, None),
            (Some(own.as_str()), Some("0"), None),
            (Some(own.as_str()), Some("-1"), None),
            (Some(own.as_str()), Some("99999999999"), None),
        ] {
            let env = |name: &str| if name == "LISTEN_PID" { pid } else { fds }.map(str::to_owned);
            assert_eq!(count(env), expected, "{pid:?} {fds:?}");
        }
    }

    #[test]
    fn what_is_no_listener_of_its_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let unix = || UnixListener::bind(folder.path().join("a.sock")).map(OwnedFd::from);
        let tcp = || TcpListener::bind("127.0.0.1:0").map(OwnedFd::from);
        assert!(tcp_listener(unix().unwrap()).is_err());
        assert!(unix_listener(tcp().unwrap()).is_err());
        assert!(tcp_listener(tcp().unwrap()).is_ok());
        std::fs::remove_file(folder.path().join("a.sock")).unwrap();
        assert!(unix_listener(unix().unwrap()).is_ok());
        let (connected, _other) = UnixStream::pair().unwrap();
        assert!(unix_listener(connected.into()).is_err(), "it does not listen");
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(unix_listener(file.into()).is_err(), "it is no socket");
    }

    #[test]
    fn what_lies_nowhere_is_not_taken() {
        // SAFETY: there is none of this number.
        assert!(unsafe { own(1_000_000) }.is_none());
    }
}
