//! Whether whoever connected was started by this process, or by anybody it started.
//!
//! Invariant: nobody who is below this process when asked is taken for somebody else, whatever numbers are given anew
//! meanwhile: the peer is held by a descriptor, and a parent that started after its child is none, but got the number of one
//! that ended. Who is below this process stays there, and nobody comes to be, since orphans fall to one of those above
//! them; that it is this process at the latest is up to [`super::sweep::adopt`].
#![expect(unsafe_code, reason = "SO_PEERPIDFD fills a buffer through a pointer")]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open, test_kill_process};

use super::socket::Peer;
use super::{keeper, sweep};
use crate::base::limits::{ANCESTRY_READS_MAX, ANCESTRY_STEPS_MAX};

/// What a peer is to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// This process, or one that it has nothing to do with.
    Stranger,
    /// It is below this process.
    Descendant,
    Untold(Untold),
}

/// Why it cannot be told what a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// It ended.
    Ended,
    /// In each look one of those above it ended.
    Unsettled,
    /// More processes lie above it than are looked at.
    Deep,
    /// We lack something, such as descriptors or memory.
    Unable(Errno),
}

/// What was found, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kinship: Kinship,
    /// Processes that were read.
    pub reads: u32,
}

/// What those are told who are not let in.
pub const REFUSAL: &str = "this daemon does not let in what it started itself, such as the command of a source";

/// From Linux 6.5 on; the `libc` of some targets does not have it.
const SO_PEERPIDFD: libc::c_int = 77;

/// What the process at the other end of a socket is to us: the one that connected, whoever holds its end by now.
pub fn of(socket: impl AsFd, peer: &Peer) -> Finding {
    let Some(pid) = Pid::from_raw(peer.pid) else {
        // It lives outside of our process namespace, where nobody lives whom we started.
        return Finding { kinship: Kinship::Stranger, reads: 0 };
    };
    if pid == getpid() {
        return Finding { kinship: Kinship::Stranger, reads: 0 };
    }
    let held = match hold(socket.as_fd(), pid) {
        Ok(held) => held,
        Err(error) => return Finding { kinship: Kinship::Untold(Untold::of(error)), reads: 0 },
    };
    let mut finding = look(pid);
    // Its number was its own as long as it lived.
    if keeper::has_ended(&held) {
        finding.kinship = Kinship::Untold(Untold::Ended);
    }
    finding
}

/// A descriptor of the peer. An older kernel has none of who connected, only of who has its number now.
fn hold(socket: BorrowedFd<'_>, pid: Pid) -> Result<OwnedFd, Errno> {
    let mut fd: RawFd = -1;
    let mut length = size_of::<RawFd>() as libc::socklen_t;
    // SAFETY: the pointers describe `fd` and `length`, which outlive the call.
    let got = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_PEERPIDFD, (&raw mut fd).cast(), &raw mut length)
    };
    if got == 0 && fd >= 0 {
        // SAFETY: the kernel has just made this descriptor for us.
        return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    match Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO) {
        Errno::NOPROTOOPT => pidfd_open(pid, PidfdFlags::empty()),
        // A kernel before 6.16 has none of one that was reaped, and says so by this.
        Errno::INVAL => Err(Errno::SRCH),
        error => Err(error),
    }
}

fn look(pid: Pid) -> Finding {
    let mut reads = 0;
    loop {
        let kinship = match climb(pid, &mut reads) {
            Ok(true) => Kinship::Descendant,
            Ok(false) => Kinship::Stranger,
            // Nothing else can be another time what it was this time.
            Err(Untold::Unsettled) if reads < ANCESTRY_READS_MAX => continue,
            Err(why) => Kinship::Untold(why),
        };
        return Finding { kinship, reads };
    }
}

/// Goes from parent to parent, up to us or to the first of all, and answers whether it came to us.
fn climb(pid: Pid, reads: &mut u32) -> Result<bool, Untold> {
    let own = getpid();
    let (mut pid, mut child_started) = (pid, u64::MAX);
    for _ in 0..ANCESTRY_STEPS_MAX {
        if pid == own {
            return Ok(true);
        }
        if *reads >= ANCESTRY_READS_MAX {
            return Err(Untold::Unsettled);
        }
        *reads += 1;
        let parent = match keeper::stat(pid) {
            Ok((parent, started)) => {
                if started > child_started {
                    return Err(Untold::Unsettled);
                }
                child_started = started;
                if sweep::was_there_before(pid, started) {
                    return Ok(false);
                }
                parent
            }
            Err(error) if is_lack(error) => return Err(Untold::Unable(error)),
            Err(_) => match test_kill_process(pid) {
                // Another user's, and hidden as those may be (`hidepid`): nobody below us is another user's.
                Err(Errno::PERM) => return Ok(false),
                Err(_) => return Err(Untold::Unsettled),
                // Its number may have been given anew since.
                Ok(()) if keeper::stat(pid).is_ok() => return Err(Untold::Unsettled),
                // Our user's, and hidden since nobody may look into it. Such are our workers.
                Ok(()) if sweep::is_own(pid) => return Ok(true),
                Ok(()) => match hidden_parent(pid) {
                    Some(parent) => parent,
                    // Before Linux 6.13 nobody tells. A person's session of sshd is such a process, too.
                    None => return Ok(false),
                },
            },
        };
        match Pid::from_raw(parent) {
            Some(parent) => pid = parent,
            None => return Ok(false),
        }
    }
    Err(Untold::Deep)
}

/// Whether an error is of what we lack, rather than of the process.
fn is_lack(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOMEM)
}

/// The parent of a process into which nobody may look; none where the kernel does not tell, before Linux 6.13.
fn hidden_parent(pid: Pid) -> Option<i32> {
    /// `PIDFD_GET_INFO`, and the first version of what it fills.
    const GET_INFO: libc::c_ulong = 0xC040_FF0B;
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        mask: u64,
        control_group: u64,
        /// Process, thread group and parent; what follows is not asked for.
        numbers: [i32; 12],
    }
    const _: () = assert!(size_of::<Info>() == 64);
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    // It always tells these.
    let mut info = Info { mask: 1, ..Info::default() };
    // SAFETY: the pointer describes as many bytes as the number of the call says, and outlives it.
    let told = unsafe { libc::ioctl(pidfd.as_raw_fd(), GET_INFO as _, &raw mut info) };
    (told == 0 && info.numbers[0] == pid.as_raw_nonzero().get()).then_some(info.numbers[2])
}

// === impl Untold ===

impl Untold {
    fn of(error: Errno) -> Untold {
        if error == Errno::SRCH { Untold::Ended } else { Untold::Unable(error) }
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untold::Ended => write!(f, "the process that connected has ended"),
            Untold::Unsettled => write!(f, "processes above it end all the time"),
            Untold::Deep => write!(f, "more than {ANCESTRY_STEPS_MAX} processes lie above it"),
            Untold::Unable(error) => write!(f, "{}", io::Error::from(*error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect};
    use rustix::process::{WaitOptions, waitpid};

    use super::*;
    use crate::sys::socket;

    /// A place to connect to, and pipes by which whoever connects says that it did and is told to end.
    struct Stage {
        _folder: tempfile::TempDir,
        listener: UnixListener,
        address: SocketAddrUnix,
        socket: OwnedFd,
        did: (PipeReader, PipeWriter),
        end: (PipeReader, PipeWriter),
    }

    impl Stage {
        fn new() -> Stage {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.sock");
            let listener = UnixListener::bind(&path).unwrap();
            let address = SocketAddrUnix::new(&path).unwrap();
            let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            Stage { _folder: folder, listener, address, socket, did: io::pipe().unwrap(), end: io::pipe().unwrap() }
        }

        fn connect(&self) {
            let _ = connect(&self.socket, &self.address);
        }

        /// Says that it is done, and waits for the end.
        fn stay(&self) {
            let _ = (&self.did.1).write(b"x");
            let _ = (&self.end.0).read(&mut [0]);
        }

        /// Waits until somebody stays.
        fn accept(&self) -> UnixStream {
            (&self.did.0).read_exact(&mut [0]).unwrap();
            self.listener.accept().unwrap().0
        }

        fn end(&self, child: Pid) {
            (&self.end.1).write_all(b"x").unwrap();
            waitpid(Some(child), WaitOptions::empty()).unwrap();
        }
    }

    /// A child that does this, by system calls alone, and ends.
    fn fork(work: impl FnOnce()) -> Pid {
        // SAFETY: the child makes system calls only, allocates nothing and ends without unwinding.
        match unsafe { libc::fork() } {
            0 => {
                work();
                // SAFETY: it never returns.
                unsafe { libc::_exit(0) }
            }
            pid => Pid::from_raw(pid).expect("a child"),
        }
    }

    fn kinship(socket: &UnixStream) -> Kinship {
        of(socket, &socket::peer(socket).unwrap()).kinship
    }

    #[test]
    fn this_very_process_and_those_above_it_are_no_descendants() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert_eq!(kinship(&ours), Kinship::Stranger);
        let parent = rustix::process::getppid().expect("somebody started the tests");
        assert_eq!(look(parent).kinship, Kinship::Stranger);
        let outside = Peer { pid: 0, uid: 0, gid: 0, groups: Vec::new() };
        assert_eq!(of(&ours, &outside).kinship, Kinship::Stranger);
    }

    #[test]
    fn a_childs_child_is_a_descendant_until_it_has_ended() {
        let stage = Stage::new();
        let child = fork(|| {
            let grandchild = fork(|| {
                stage.connect();
                stage.stay();
            });
            let _ = waitpid(Some(grandchild), WaitOptions::empty());
        });
        let socket = stage.accept();
        assert_eq!(kinship(&socket), Kinship::Descendant);
        stage.end(child);
        assert_eq!(kinship(&socket), Kinship::Untold(Untold::Ended));
    }

    #[test]
    fn who_has_another_connect_and_end_is_not_taken_for_a_stranger() {
        let stage = Stage::new();
        let child = fork(|| {
            let connects = fork(|| stage.connect());
            let _ = waitpid(Some(connects), WaitOptions::empty());
            stage.stay();
        });
        let socket = stage.accept();
        assert_eq!(kinship(&socket), Kinship::Untold(Untold::Ended));
        stage.end(child);
    }

    /// A child below so many others of ours that all wait, and what is found of it.
    fn deep(depth: usize) -> Finding {
        let stage = Stage::new();
        let mut depths = 0..depth;
        let child = fork(|| {
            // Each forks the next one and waits for it, the last one connects.
            while depths.next().is_some() {
                // SAFETY: the child goes on with system calls only.
                match unsafe { libc::fork() } {
                    0 => {}
                    child => {
                        let _ = waitpid(Pid::from_raw(child), WaitOptions::empty());
                        return;
                    }
                }
            }
            stage.connect();
            stage.stay();
        });
        let socket = stage.accept();
        let finding = of(&socket, &socket::peer(&socket).unwrap());
        stage.end(child);
        finding
    }

    #[test]
    fn a_line_that_is_too_long_is_looked_at_once_and_not_to_its_end() {
        assert_eq!(deep(10), Finding { kinship: Kinship::Descendant, reads: 11 });
        let steps = u32::try_from(ANCESTRY_STEPS_MAX).unwrap();
        assert_eq!(deep(100), Finding { kinship: Kinship::Untold(Untold::Deep), reads: steps });
    }

    #[test]
    fn the_kernel_tells_the_parent_of_one_that_is_hidden_or_nothing() {
        let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
        assert!([None, parent].contains(&hidden_parent(getpid())), "another's parent");
    }

    #[test]
    fn only_what_we_lack_is_a_lack_of_ours() {
        assert!(is_lack(Errno::MFILE) && is_lack(Errno::NFILE) && is_lack(Errno::NOMEM));
        assert!(!is_lack(Errno::NOENT) && !is_lack(Errno::ACCESS) && !is_lack(Errno::SRCH));
        assert_eq!(Untold::of(Errno::SRCH), Untold::Ended);
        assert_eq!(Untold::of(Errno::MFILE), Untold::Unable(Errno::MFILE));
    }
}
