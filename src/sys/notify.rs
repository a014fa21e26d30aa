//! Telling the service manager that started us how we fare: the protocol of `sd_notify(3)`, one datagram for each message.
//!
//! Invariant: telling never waits. A manager that takes nothing now is told later, or not at all; what it is told decides
//! nothing here.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    sendmsg_addr, socket_with,
};
use rustix::time::{ClockId, clock_gettime};

use super::host;

/// Who started us and wants to hear of us.
#[derive(Debug)]
pub struct Manager {
    socket: OwnedFd,
    address: SocketAddrUnix,
}

// === impl Manager ===

impl Manager {
    /// At the socket that `NOTIFY_SOCKET` names: a path, or a name without one after `@`.
    ///
    /// # Errors
    /// Where that is neither, or no socket can be made.
    pub fn at(named: &str) -> io::Result<Manager> {
        let address = match named.as_bytes() {
            [b'/', ..] => SocketAddrUnix::new(named)?,
            [b'@', name @ ..] if !name.is_empty() => SocketAddrUnix::new_abstract_name(name)?,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{named:?} is no socket's name"))),
        };
        // Not connected: a manager may come back with another socket of that name.
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        Ok(Manager { socket: socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?, address })
    }

    /// One message: lines `NAME=value`, and a descriptor that it is to keep.
    ///
    /// # Errors
    /// `WouldBlock` where it takes nothing now.
    pub fn tell(&self, lines: &str, with: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        let all: &[BorrowedFd<'_>] = with.as_slice();
        if !all.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(all)) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg_addr(&self.socket, &self.address, &[IoSlice::new(lines.as_bytes())], &mut beside, flags)?;
        Ok(())
    }
}

/// Rests for so long, in a process that does nothing else.
pub fn rest(span: Duration) {
    let span = Timespec::try_from(span).unwrap_or_default();
    // A signal may end it early, which is as good.
    let _ = poll(&mut [], Some(&span));
}

/// After how much silence the manager takes us for hung, as `WATCHDOG_USEC` and `WATCHDOG_PID` say; none where it does not
/// look, or means another process.
pub fn watchdog(env: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let span = env("WATCHDOG_USEC")?.parse().ok().filter(|micros| *micros > 0).map(Duration::from_micros)?;
    let is_meant = env("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(host::pid()));
    is_meant.then_some(span)
}

/// Microseconds on the clock that the manager compares ours with.
pub fn monotonic_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds * 1_000_000 + nanos / 1000
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;
    use crate::sys::handover;
    use crate::sys::memory_file::MemoryFile;

    #[test]
    fn it_is_told_at_a_path_and_at_a_name_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("unblink-test-{}", host::pid());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (named, theirs) in [
            (path.to_str().unwrap().to_owned(), UnixDatagram::bind(&path).unwrap()),
            (format!("@{name}"), UnixDatagram::bind_addr(&abstract_name).unwrap()),
        ] {
            Manager::at(&named).unwrap().tell("READY=1\nSTATUS=up", None).unwrap();
            let mut told = [0; 64];
            let length = theirs.recv(&mut told).unwrap();
            assert_eq!(&told[..length], b"READY=1\nSTATUS=up");
        }
    }

    #[test]
    fn what_is_no_socket_is_refused_and_one_that_is_gone_is_an_error() {
        for named in ["", "@", "vsock:2:1", "relative"] {
            assert_eq!(Manager::at(named).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{named:?}");
        }
        assert!(Manager::at("/no/such/socket").unwrap().tell("READY=1", None).is_err());
    }

    #[test]
    fn a_manager_that_takes_nothing_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let _theirs = UnixDatagram::bind(&path).unwrap();
        let manager = Manager::at(path.to_str().unwrap()).unwrap();
        let full = (0..100_000).find_map(|_| manager.tell("STATUS=more", None).err()).expect("it is full at some time");
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_descriptor_goes_with_its_message() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let theirs = UnixDatagram::bind(&path).unwrap();
        let file = MemoryFile::new().unwrap();
        file.write_at(b"kept", 0).unwrap();
        // What takes descriptors here wants a byte of its own before them.
        Manager::at(path.to_str().unwrap()).unwrap().tell("+", Some(file.as_fd())).unwrap();
        let kept = MemoryFile::of(handover::take(&theirs).unwrap().unwrap().0).unwrap();
        let mut read = [0; 4];
        kept.read_at(&mut read, 0).unwrap();
        assert_eq!(&read, b"kept");
    }

    #[test]
    fn only_a_watchdog_that_means_us_counts() {
        let own = host::pid().to_string();
        for (usec, pid, expected) in [
            (Some("30000000"), Some(own.as_str()), Some(30)),
            (Some("30000000"), None, Some(30)),
            (Some("30000000"), Some("1"), None),
            (Some("0"), None, None),
            (Some("soon"), None, None),
            (None, None, None),
        ] {
            let env = |name: &str| if name == "WATCHDOG_USEC" { usec } else { pid }.map(str::to_owned);
            assert_eq!(watchdog(env), expected.map(Duration::from_secs), "{usec:?} {pid:?}");
        }
    }
}
