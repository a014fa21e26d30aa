//! Unix sockets: who is at the other end, and holding a path that only one daemon may hold.
#![expect(unsafe_code, reason = "SO_PEERCRED and SO_PEERGROUPS fill buffers through pointers")]

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{clock, host};

/// Who connected, as the kernel vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// 0 when the peer lives in another process namespace.
    pub pid: i32,
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups, at most [`PEER_GROUPS_MAX`].
    pub groups: Vec<u32>,
}

/// Groups read of one peer; a user in more is treated as being in none: fewer rights, never more.
pub const PEER_GROUPS_MAX: usize = 1024;

/// Connections waiting to be accepted; more are refused by the kernel and try again. All viewers there may be can come at
/// once when a daemon is back, while it reads its configuration. The kernel has a bound of its own (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A listening socket at a path that nobody else holds. Non-blocking. A path of our own goes when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// None where somebody else holds the path, before us and after us.
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    /// Device and inode of our socket, so that we never remove a successor's.
    identity: (u64, u64),
    /// Locked as long as we live, however we end.
    lock: File,
}

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("another unblink{} already serves {path}; stop it first, or give this one a socket of its own", held_by(*.pid))]
    Taken { path: String, pid: Option<u32> },
    #[error("{path} is held by another program; stop it first, or give this daemon a socket of its own")]
    Foreign { path: String },
    #[error("{path} exists and is no socket; move it away first")]
    NotASocket { path: String },
    #[error("the path {path} is {got} bytes long, a socket's may have at most 107")]
    PathTooLong { path: String, got: usize },
    #[error("cannot {what} {path}: {source}")]
    Io { what: &'static str, path: String, source: io::Error },
}

/// Why nobody answers at a path.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("there is no such socket")]
    Absent,
    #[error("permission denied")]
    Denied,
    #[error("the socket is stale: its daemon is gone")]
    Stale,
    #[error("the path is longer than a socket's may be")]
    PathTooLong,
    #[error("{0}")]
    Other(io::Error),
}

/// How long a lock without a listener may be held by a daemon that starts, or by what a killed one was about to
/// become: a child that it forked keeps a duplicate of the lock until it runs exec or notices that it is alone.
const LAST_GASP: Duration = Duration::from_secs(2);
/// Time between two tries for such a lock.
const LOCK_RETRY: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// Length of a socket's path without its final NUL.
const PATH_BYTES_MAX: usize = 107;

/// Who is at the other end of a connected socket.
pub fn peer(fd: impl AsFd) -> io::Result<Peer> {
    let fd = fd.as_fd().as_raw_fd();
    let mut credentials = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointers describe `credentials` and `length`, which outlive the call.
    let got = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, (&raw mut credentials).cast(), &raw mut length)
    };
    if got == -1 {
        return Err(io::Error::last_os_error());
    }
    let mut groups = vec![0_u32; PEER_GROUPS_MAX];
    let mut length = size_of_val(groups.as_slice()) as libc::socklen_t;
    // SAFETY: the pointers describe `groups` and `length`, which outlive the call.
    let got = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERGROUPS, groups.as_mut_ptr().cast(), &raw mut length)
    };
    // A peer in more groups than fit is treated as being in none: fewer rights, never more.
    groups.truncate(if got == -1 { 0 } else { length as usize / size_of::<u32>() });
    Ok(Peer { pid: credentials.pid, uid: credentials.uid, gid: credentials.gid, groups })
}

/// Bounds what the kernel keeps for a reader that does not read (it doubles the figure for its own use).
pub fn set_send_buffer(fd: impl AsFd, bytes: usize) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_send_buffer_size(fd, bytes)?)
}

/// Connects, or says in words why not.
pub fn connect(path: &Path) -> Result<UnixStream, ConnectError> {
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Err(ConnectError::PathTooLong);
    }
    Ok(UnixStream::connect(path)?)
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> ConnectError {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ConnectError::Absent,
            io::ErrorKind::PermissionDenied => ConnectError::Denied,
            io::ErrorKind::ConnectionRefused => ConnectError::Stale,
            io::ErrorKind::InvalidInput => ConnectError::PathTooLong,
            _ => ConnectError::Other(error),
        }
    }
}

// === impl Listener ===

impl Listener {
    /// Takes `path` for this process: refuses where a daemon lives, takes over what a dead one left.
    ///
    /// Two daemons starting at once cannot both win: whoever holds the lock file beside the socket decides alone.
    pub fn bind(path: &Path, mode: u32) -> Result<Listener, BindError> {
        let shown = path.display().to_string();
        let failed = |what| {
            let path = shown.clone();
            move |source: io::Error| BindError::Io { what, path, source }
        };
        let length = path.as_os_str().len();
        if length > PATH_BYTES_MAX {
            return Err(BindError::PathTooLong { path: shown, got: length });
        }
        let lock = lock(path, &shown)?;
        clear_stale(path, &shown)?;
        let socket = rustix::net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .map_err(|error| failed("make a socket for")(error.into()))?;
        // The node takes the socket's own mode, less the umask: there is no moment in which it is open wider.
        let wanted = Mode::from_raw_mode(mode);
        rustix::fs::fchmod(&socket, wanted).map_err(|error| failed("set the mode of")(error.into()))?;
        let address = SocketAddrUnix::new(path).map_err(|error| failed("use")(error.into()))?;
        rustix::net::bind(&socket, &address).map_err(|error| failed("bind")(error.into()))?;
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed("set the mode of"))?;
        let facts = fs::symlink_metadata(path).map_err(failed("look at"))?;
        rustix::net::listen(&socket, BACKLOG).map_err(|error| failed("listen at")(error.into()))?;
        let identity = (facts.dev(), facts.ino());
        let own = Some(Own { identity, lock });
        Ok(Listener { socket: UnixListener::from(socket), path: path.to_owned(), own })
    }

    /// A socket that was handed to us, listening at a path that whoever did so looks after.
    pub fn handed(socket: UnixListener) -> io::Result<Listener> {
        let path = socket.local_addr()?.as_pathname().map(Path::to_owned);
        let path = path.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it listens at no path"))?;
        Ok(Listener { socket, path, own: None })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A handle for the runtime; the path stays ours as long as `self` lives.
    pub fn handle(&self) -> io::Result<UnixListener> {
        self.socket.try_clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Some(Own { identity, lock }) = &self.own else { return };
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|facts| (facts.dev(), facts.ino()) == *identity);
        if ours {
            // What is left here is stale, and the next daemon takes it over.
            let _ = fs::remove_file(&self.path);
        }
        // Closing alone would not do: a child that was forked this very moment holds a duplicate until it runs exec.
        let _ = flock(lock, FlockOperation::Unlock);
    }
}

/// Locks the file beside the socket. It stays when we end: removing it would let two daemons lock different files.
fn lock(path: &Path, shown: &str) -> Result<File, BindError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |what| {
        let path = PathBuf::from(&name).display().to_string();
        move |source: io::Error| BindError::Io { what, path, source }
    };
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).expect("invariant: open flags are small");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(&name)
        .map_err(failed("open"))?;
    let deadline = clock::mono() + LAST_GASP;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => return Err(failed("lock")(error.into())),
        }
        let nobody_answers = matches!(meet(path), Err(ConnectError::Stale | ConnectError::Absent));
        if !nobody_answers || clock::mono() >= deadline {
            return Err(BindError::Taken { path: shown.to_owned(), pid: read_pid(&mut file) });
        }
        // Nothing tells when a lock is free, but for a thread that waits and cannot be called off.
        poll(&mut [], Some(&LOCK_RETRY)).map_err(|error| failed("lock")(error.into()))?;
    }
    file.set_len(0).map_err(failed("write"))?;
    file.rewind().map_err(failed("write"))?;
    writeln!(file, "{}", host::pid()).map_err(failed("write"))?;
    Ok(file)
}

/// Connects to whoever listens. A process that is dead and still answers is what [`LAST_GASP`] tells of: its child holds
/// a duplicate of the listening socket too.
fn meet(path: &Path) -> Result<UnixStream, ConnectError> {
    let stream = connect(path)?;
    let listens = peer(&stream).ok().and_then(|peer| rustix::process::Pid::from_raw(peer.pid));
    let is_dead = |pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
    if listens.is_some_and(is_dead) { Err(ConnectError::Stale) } else { Ok(stream) }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Removes the socket of a dead daemon. The lock is ours: whoever answers now is none of us.
fn clear_stale(path: &Path, shown: &str) -> Result<(), BindError> {
    let failed = |what| move |source| BindError::Io { what, path: shown.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at")(error)),
        Ok(facts) if !facts.file_type().is_socket() => {
            return Err(BindError::NotASocket { path: shown.to_owned() });
        }
        Ok(_) => {}
    }
    match meet(path) {
        Err(ConnectError::Absent) => Ok(()),
        Err(ConnectError::Stale) => fs::remove_file(path).map_err(failed("remove the stale socket")),
        Ok(_) | Err(_) => Err(BindError::Foreign { path: shown.to_owned() }),
    }
}

fn held_by(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// A connected pair, both ends non-blocking; the second end is for a child.
pub fn pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    Ok((ours, OwnedFd::from(theirs)))
}

#[cfg(test)]
mod tests;
