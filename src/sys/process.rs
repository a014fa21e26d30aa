//! Starting a worker from our own executable, and learning of its death.
//!
//! Invariant: a worker holds nothing of its parent's but stdin, stdout, stderr, the feed, what workers leave to each
//! other, the page on which it notes what it does, and a few variables of the environment. It dies with the thread that
//! started it, gets no signals of the parent's terminal, has no capabilities and can gain none. It keeps its parent's
//! user and groups: what that user may read, it may read.
//!
//! The kernel ties the death signal to the starting *thread*: spawn from the main thread only.
#![expect(unsafe_code, reason = "what runs between fork and exec is up to us")]

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getrlimit, pidfd_open, pidfd_send_signal,
    prlimit, setrlimit, waitid,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::fd::{FEED_FD, HISTORY_FD, MARKER_FD, watch};
use super::{confined, host, sweep};

/// What a worker learns of its parent's environment: how to log, what time it is here, how to allocate, what opens the
/// sandbox and, for a build that counts what tests reach, where to count. Secrets in the rest are none of its business.
const ENVIRONMENT_KEPT: [&str; 7] =
    ["LLVM_PROFILE_FILE", "NO_COLOR", "PATH", "RUST_BACKTRACE", "TZ", confined::VARIABLE, "_RJEM_MALLOC_CONF"];
/// Capabilities a kernel may know of: a set of them is 64 bits.
const CAPABILITIES_MAX: libc::c_ulong = 64;

/// Where a worker's log lines go.
#[derive(Debug)]
pub enum WorkerLog {
    /// To the parent's stderr.
    Inherit,
    /// Nowhere: the parent's stderr is the screen that charts are drawn on.
    Discard,
    /// To this file.
    File(OwnedFd),
}

/// A running child, or one that has ended and was not yet waited for.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
    /// The same, registered with the runtime by the first wait.
    watched: Option<AsyncFd<OwnedFd>>,
    exit: Option<Exit>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// Somebody else reaped it.
    Unknown,
}

/// Starts `unblink worker ARGS...` with `feed` as its descriptor 3, what workers leave to each other as 4, and the page
/// on which it notes what it does as 5. A spare one has no 4, and is handed that over its feed once it is needed.
///
/// # Errors
/// When there is no memory, no process id, or the kernel is older than Linux 5.11.
pub fn spawn_worker<A: AsRef<OsStr>>(
    args: &[A],
    feed: OwnedFd,
    history: Option<BorrowedFd<'_>>,
    marker: BorrowedFd<'_>,
    log: WorkerLog,
) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    // A name of its own: `ps` and logs tell the processes apart.
    command.arg0("unblink").arg("worker").args(args);
    let kept = ENVIRONMENT_KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    // In the root folder it keeps no file system busy.
    command.env_clear().envs(kept).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(match log {
        WorkerLog::Inherit => Stdio::inherit(),
        WorkerLog::Discard => Stdio::null(),
        WorkerLog::File(file) => Stdio::from(file),
    });
    // While these descriptors are taken here, the pipe on which std learns of a failed exec lies elsewhere, and the
    // child can put its own there without cutting it.
    let reserved = reserve_up_to(MARKER_FD)?;
    let parent = host::pid();
    // None lies where another one belongs.
    let beyond = |fd: BorrowedFd<'_>| rustix::io::fcntl_dupfd_cloexec(fd, MARKER_FD + 1);
    let (feed, history, marker) = (beyond(feed.as_fd())?, history.map(beyond).transpose()?, beyond(marker)?);
    let history_place = history.as_ref().map(|history| (history.as_raw_fd(), HISTORY_FD));
    let places = [Some((feed.as_raw_fd(), FEED_FD)), history_place, Some((marker.as_raw_fd(), MARKER_FD))];
    // SAFETY: the closure only makes system calls and touches no memory but its captured numbers, so it is sound in the
    // forked child of a process with threads.
    unsafe { command.pre_exec(move || confine(places, parent)) };
    let starting = sweep::starting();
    let mut child = command.spawn()?;
    starting.started(child.id());
    drop((reserved, feed, history, marker));
    Child::of(child.id()).inspect_err(|_| {
        // Nobody could learn of its death: better none at all.
        let _ = child.kill();
        let _ = child.wait();
        sweep::ended(child.id());
    })
}

/// Runs in the child between fork and exec; system calls only.
fn confine(places: [Option<(RawFd, RawFd)>; 3], parent: u32) -> io::Result<()> {
    // A session of its own: Ctrl-C and hang-ups of the parent's terminal are not for the worker.
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above; then nobody would tell us any more.
    let now = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    if u32::try_from(now) != Ok(parent) {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe));
    }
    // SAFETY: prctl with plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // Secrets of sources lie in its memory; what it starts inherits this. No core fits into one byte, and where cores go to a
    // program (`core_pattern` with a pipe) the kernel makes none for this very limit, while it does for none at all.
    forbid_cores()?;
    renounce_capabilities()?;
    for (fd, place) in places.into_iter().flatten() {
        // SAFETY: the parent keeps `fd` open until exec, and `place` is a reserve that nothing owns in this process.
        check(unsafe { libc::dup2(fd, place) })?;
    }
    close_at_exec(MARKER_FD + 1)
}

/// No core is made of this process and of what it starts. Fit to run between fork and exec.
pub(super) fn forbid_cores() -> io::Result<()> {
    let at_most = |bytes| setrlimit(Resource::Core, Rlimit { current: Some(bytes), maximum: Some(bytes) });
    match at_most(1) {
        // Somebody allows none at all, and nobody else may raise that. A program that takes cores would still get one; that a
        // worker cannot be dumped (`forbid_looking_in`) keeps it from that.
        Err(Errno::PERM) => Ok(at_most(0)?),
        set => Ok(set?),
    }
}

/// Lets nothing from descriptor `first` on through to the next program. Fit to run between fork and exec.
pub(super) fn close_at_exec(first: RawFd) -> io::Result<()> {
    // Closed at exec rather than now: std still needs its pipe to report that exec failed.
    let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_uint;
    // SAFETY: only sets close-on-exec flags.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first as libc::c_uint, libc::c_uint::MAX, flags) };
    if closed == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes sure that exec grants no capability, not even to uid 0, which would get all that are left here.
fn renounce_capabilities() -> io::Result<()> {
    let clear_all = libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong;
    // SAFETY: prctl with plain numbers.
    check(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear_all, 0, 0, 0) })?;
    for capability in 0..CAPABILITIES_MAX {
        // SAFETY: as above. It says no for capabilities the kernel does not know.
        if unsafe { libc::prctl(libc::PR_CAPBSET_READ, capability, 0, 0, 0) } != 1 {
            continue;
        }
        // SAFETY: as above.
        match check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }) {
            // Who may not drop them is no privileged user, and gets none at exec; or it is uid 0 of a container that
            // took this right from it, and then the container's bounds are all there is.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => return Ok(()),
            dropped => dropped?,
        }
    }
    Ok(())
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Keeps others of the same user from looking into this process, and its memory out of dumps: secrets of sources lie
/// there. To be called anew by each program, since a new one starts without.
pub fn forbid_looking_in() -> io::Result<()> {
    // SAFETY: prctl with plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })
}

/// Limits our child `pid`, and what it starts from now on, in the memory that each of them may write to; never to more than
/// what this process is limited to. It can be changed again: only what is in force is set, not how far that may be raised.
pub fn limit_data(pid: u32, bytes: Option<u64>) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let own = getrlimit(Resource::Data);
    let current = lesser(bytes, own.current);
    prlimit(Some(pid), Resource::Data, Rlimit { current, maximum: own.maximum })?;
    Ok(())
}

/// Of two limits, either of which may be none.
fn lesser(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    [one, other].into_iter().flatten().min()
}

/// Opens files until every descriptor up to `highest` is in use.
fn reserve_up_to(highest: RawFd) -> io::Result<Vec<File>> {
    let mut reserved = Vec::new();
    loop {
        let file = File::open("/dev/null")?;
        if file.as_raw_fd() > highest {
            return Ok(reserved);
        }
        reserved.push(file);
    }
}

// === impl Child ===

impl Child {
    /// Takes charge of our own child `pid`, which nobody else may wait for.
    fn of(pid: u32) -> io::Result<Child> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("invariant: a process id is positive");
        let pidfd = pidfd_open(raw, PidfdFlags::empty())?;
        Ok(Child { pid, pidfd, watched: None, exit: None })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it now. Fine when it is dead already.
    pub fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How it ended, without waiting; none while it runs. Reaps it.
    pub fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        if self.exit.is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            self.exit = match waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
                Ok(None) => None,
                Ok(Some(status)) => Some(match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Exit::Code(code),
                    (None, Some(signal)) => Exit::Signal(signal),
                    (None, None) => Exit::Unknown,
                }),
                Err(Errno::CHILD) => Some(Exit::Unknown),
                Err(error) => return Err(error.into()),
            };
            if self.exit.is_some() {
                sweep::ended(self.pid);
            }
        }
        Ok(self.exit)
    }

    /// Waits for its end and reaps it. Safe to drop and call again.
    pub async fn wait(&mut self) -> io::Result<Exit> {
        loop {
            if let Some(exit) = self.try_wait()? {
                return Ok(exit);
            }
            // A pidfd becomes readable once its process has ended.
            if self.watched.is_none() {
                self.watched = Some(watch(self.pidfd.try_clone()?, Interest::READABLE)?);
            }
            let Some(watched) = &self.watched else { continue };
            let mut guard = watched.readable().await?;
            guard.clear_ready();
        }
    }
}

impl Drop for Child {
    /// A child that nobody watches any more is killed.
    fn drop(&mut self) {
        if !matches!(self.try_wait(), Ok(Some(_))) {
            // It dies with us in any case; whether this arrives changes nothing we could still do.
            let _ = self.kill();
            sweep::ended(self.pid);
        }
    }
}

// === impl Exit ===

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exited with code {code}"),
            Exit::Signal(signal) => match signal_hook::low_level::signal_name(*signal) {
                Some(name) => write!(f, "was killed by signal {signal} ({name})"),
                None => write!(f, "was killed by signal {signal}"),
            },
            Exit::Unknown => write!(f, "ended"),
        }
    }
}

#[cfg(test)]
mod tests;
