//! The keeper: a process of our own executable that stands between us and one run of a command, and ends with it
//! everything that it started.
//!
//! Invariant: whatever a run starts (its group, sessions of their own, orphans) is a descendant of its keeper, because
//! orphans fall to the keeper, which is a subreaper. The keeper kills all of them once the command has ended or whoever
//! started the keeper wants that or is gone, and ends when none is left. It keeps no output of its own open, so that the
//! pipes close with the last of them. It gains no privileges, nor does anything it starts.
#![expect(unsafe_code, reason = "what runs between fork and exec is up to us")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, getppid, kill_process_group, pidfd_open,
    pidfd_send_signal, set_child_subreaper, set_parent_process_death_signal, wait, waitid,
};

use super::process::{Exit, close_at_exec};

/// What the keeper says of the command's end, on its standard input, which is a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Ended(Exit),
    /// It could not be started, and why.
    Refused(String),
}

/// Until those that were killed are looked for again; it takes the kernel less to end them.
const AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
/// `/proc/PID/stat` has some three hundred bytes, and what is read of it ends within the first six hundred of any.
const STAT_BYTES_MAX: usize = 1024;
/// As many reports as one may read of a socket.
const REPORT_BYTES_MAX: usize = 512;
/// The kernel's own bound: whoever has it is killed first when memory runs out. The daemon shall not be.
const FIRST_TO_GO: &str = "1000";

/// Runs `argv` in `directory` and ends everything with it. What `unblink keeper` does.
pub fn keep(directory: &Path, argv: &[OsString]) -> io::Result<()> {
    // A session of its own: nobody's terminal, and no signals of it.
    let _ = rustix::process::setsid();
    rustix::thread::set_no_new_privs(true)?;
    set_child_subreaper(Some(getpid()))?;
    // A kernel without it has no such killer either.
    let _ = std::fs::write("/proc/self/oom_score_adj", FIRST_TO_GO);
    let mut asked = File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    let started = start(directory, argv);
    let silence = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&silence)?;
    rustix::stdio::dup2_stderr(&silence)?;
    let report = match started {
        Err(why) => Some(Report::Refused(why)),
        Ok(command) => {
            let report = watch(command, &asked)?;
            // All at once, before any of them can start another.
            let _ = kill_process_group(command, Signal::KILL);
            report
        }
    };
    if let Some(report) = report {
        // Nobody may listen any more.
        let _ = asked.write_all(report.line().as_bytes());
    }
    end_all();
    Ok(())
}

fn start(directory: &Path, argv: &[OsString]) -> Result<Pid, String> {
    let (program, args) = argv.split_first().ok_or("no command is named")?;
    std::env::set_current_dir(directory).map_err(|error| format!("cannot run in {}: {error}", directory.display()))?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).process_group(0);
    let keeper = getpid();
    // SAFETY: the closure makes system calls only and touches no memory but its captured number.
    unsafe { command.pre_exec(move || die_with(keeper)) };
    let child = command.spawn().map_err(|error| format!("cannot run {}: {error}", Path::new(program).display()))?;
    // Never waited for by std: the pid stays ours until `watch` reaps it.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| "the kernel gave it no process id".to_owned())
}

/// Runs in the child between fork and exec.
fn die_with(keeper: Pid) -> io::Result<()> {
    close_at_exec(3)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the line above; then nobody would tell us any more.
    if getppid() == Some(keeper) { Ok(()) } else { Err(io::Error::from(io::ErrorKind::BrokenPipe)) }
}

/// Waits until the command ends, and says how; or until the other end of `asked` is closed, and says nothing.
fn watch(command: Pid, asked: &File) -> io::Result<Option<Report>> {
    let pidfd = pidfd_open(command, PidfdFlags::empty())?;
    loop {
        let mut both = [PollFd::new(&pidfd, PollFlags::IN), PollFd::new(asked, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = waitid(WaitId::Pid(command), WaitIdOptions::EXITED | WaitIdOptions::NOHANG)? {
            return Ok(Some(Report::Ended(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => Exit::Unknown,
            })));
        }
        if !both[1].revents().is_empty() {
            return Ok(None);
        }
    }
}

/// Kills and reaps until there is nobody left. Some may take long: who waits for a disk does not die.
fn end_all() {
    loop {
        let children_left = reap();
        let below = all_below(getpid());
        if below.is_empty() && !children_left {
            return;
        }
        kill_all(&below).wait(&AGAIN);
    }
}

/// Reaps who has ended; whether there are children left.
fn reap() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// A process as it was when it was seen. The start tells it from a later one with the same number. Whether it lives is not
/// seen: the state is that of its first thread, and others may go on without that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) pid: Pid,
    pub(super) parent: i32,
    started: u64,
}

/// What came of killing some.
#[derive(Debug, Default)]
pub(super) struct Killing {
    /// Those that are below us still, whether they live or have ended.
    pub(super) below: Vec<Seen>,
    /// Whom a signal was sent to.
    pub(super) killed: Vec<Seen>,
    /// They become readable when those have ended.
    ends: Vec<OwnedFd>,
}

/// Kills those of our descendants, parents first, that are the ones that were seen. They were not seen at one moment, so a
/// number may have been given anew between parent and child, to somebody who has children of its own: with the process
/// held, it has to be a child of ours, or of one that was found to be below us. Others are for the next look.
pub(super) fn kill_all(those: &[Seen]) -> Killing {
    let own = getpid().as_raw_nonzero().get();
    let mut killing = Killing::default();
    for seen in those {
        let Ok(pidfd) = pidfd_open(seen.pid, PidfdFlags::empty()) else { continue };
        // The same process before and after the descriptor was made: it is the one the descriptor stands for.
        let Some(now) = Seen::look(seen.pid).filter(|now| now.is(seen)) else { continue };
        if now.parent != own && !killing.has(now.parent) {
            continue;
        }
        killing.below.push(now);
        if !has_ended(&pidfd) && pidfd_send_signal(&pidfd, Signal::KILL).is_ok() {
            killing.killed.push(now);
            killing.ends.push(pidfd);
        }
    }
    killing
}

/// Whether all threads of a process have ended.
pub(super) fn has_ended(pidfd: &OwnedFd) -> bool {
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&none)) {
            Ok(count) => return count > 0,
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// Those below `ancestor`, also such as have ended and were not reaped. Parents come before their children.
pub(super) fn all_below(ancestor: Pid) -> Vec<Seen> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let all: Vec<Seen> = numbers.filter_map(Pid::from_raw).filter_map(Seen::look).collect();
    let mut below = vec![ancestor.as_raw_nonzero().get()];
    let mut found: Vec<Seen> = Vec::new();
    while let Some(parent) = below.pop() {
        for process in all.iter().filter(|process| process.parent == parent) {
            if !found.contains(process) {
                found.push(*process);
                below.push(process.pid.as_raw_nonzero().get());
            }
        }
    }
    found
}

// === impl Seen ===

impl Seen {
    /// None when there is no such process.
    fn look(pid: Pid) -> Option<Seen> {
        let (parent, started) = stat(pid).ok()?;
        Some(Seen { pid, parent, started })
    }

    /// Whether it is the same process, whatever it does and whosever child it is by now.
    pub(super) fn is(&self, other: &Seen) -> bool {
        self.is_at(other.pid, other.started)
    }

    /// The same by number and start.
    pub(super) fn is_at(&self, pid: Pid, started: u64) -> bool {
        (self.pid, self.started) == (pid, started)
    }
}

// === impl Killing ===

impl Killing {
    /// Whether the process with this number is one of those below us.
    fn has(&self, number: i32) -> bool {
        let is_it = |seen: &&Seen| seen.pid.as_raw_nonzero().get() == number;
        let known = self.below.iter().find(is_it);
        known.is_some_and(|known| Seen::look(known.pid).is_some_and(|now| now.is(known)))
    }

    /// Until one of those that were killed has ended, or that long.
    pub(super) fn wait(&self, span: &Timespec) {
        let mut watched: Vec<PollFd<'_>> = self.ends.iter().map(|end| PollFd::new(end, PollFlags::IN)).collect();
        let _ = poll(&mut watched, Some(span));
    }
}

/// Parent and start of a process.
pub(super) fn stat(pid: Pid) -> Result<(i32, u64), Errno> {
    let mut line = [0; STAT_BYTES_MAX];
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    // The kernel makes the whole line at the first read.
    let read = File::open(path).and_then(|mut file| file.read(&mut line));
    let count = read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    read_stat(&line[..count]).ok_or(Errno::SRCH)
}

/// The same of what `/proc/PID/stat` has (proc_pid_stat(5)); the name before them may hold anything.
fn read_stat(stat: &[u8]) -> Option<(i32, u64)> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some((parent, started))
}

// === impl Report ===

impl Report {
    /// As it goes over the socket.
    fn line(&self) -> String {
        let mut line = match self {
            Report::Ended(Exit::Code(code)) => format!("code {code}"),
            Report::Ended(Exit::Signal(signal)) => format!("signal {signal}"),
            Report::Ended(Exit::Unknown) => "unknown".to_owned(),
            Report::Refused(why) => format!("refused {why}"),
        };
        line.truncate(line.floor_char_boundary(REPORT_BYTES_MAX));
        line
    }

    /// What the keeper wrote; none for anything else.
    pub fn read(line: &[u8]) -> Option<Report> {
        let line = std::str::from_utf8(line).ok()?;
        match line.split_once(' ') {
            Some(("code", code)) => Some(Report::Ended(Exit::Code(code.parse().ok()?))),
            Some(("signal", signal)) => Some(Report::Ended(Exit::Signal(signal.parse().ok()?))),
            Some(("refused", why)) => Some(Report::Refused(why.to_owned())),
            _ => (line == "unknown").then_some(Report::Ended(Exit::Unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back() {
        let refused = Report::Refused("cannot run x: No such file".to_owned());
        for report in
            [Report::Ended(Exit::Code(3)), Report::Ended(Exit::Signal(9)), Report::Ended(Exit::Unknown), refused]
        {
            assert_eq!(Report::read(report.line().as_bytes()), Some(report));
        }
        for strange in [&b""[..], b"code", b"code x", b"\xff", b"coda 3"] {
            assert_eq!(Report::read(strange), None);
        }
        assert!(Report::Refused("ä".repeat(1_000)).line().len() <= REPORT_BYTES_MAX);
    }

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_process_is_called() {
        let stat = b"77 (a) S 9 (b) R 1 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4242 23 24";
        assert_eq!(read_stat(stat), Some((1, 4242)), "the start is the twenty-second field");
        let own = Seen::look(getpid()).expect("this process runs");
        assert_eq!(own.parent, getppid().map_or(0, |pid| pid.as_raw_nonzero().get()));
        assert_eq!(Seen::look(getpid()), Some(own));
        for strange in [&b""[..], b"1 (x", b"1 (x) S", b"1 (x) S y 1", b"1 (\xff) S 1 2"] {
            assert_eq!(read_stat(strange), None, "{strange:?}");
        }
    }

    fn seen(pid: Pid) -> Seen {
        all_below(getpid()).into_iter().find(|process| process.pid == pid).expect("it is found")
    }

    #[test]
    fn a_child_is_found_and_killed_and_none_of_another_number() {
        let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let seen = seen(Pid::from_child(&child));
        let earlier = kill_all(&[Seen { started: seen.started + 1, ..seen }]);
        assert!(earlier.below.is_empty() && earlier.killed.is_empty(), "that one ended long ago");
        assert!(child.try_wait().unwrap().is_none());
        assert_eq!(kill_all(&[seen]).killed, [seen]);
        assert!(!child.wait().unwrap().success());
        assert!(kill_all(&[seen]).below.is_empty());
    }

    #[test]
    fn one_whose_parents_number_was_given_anew_meanwhile_is_left_alone() {
        let mut shell =
            Command::new("sh").args(["-c", "sleep 1000 & echo $!; wait"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(shell.stdout.take().unwrap()), &mut line).unwrap();
        let parent = seen(Pid::from_child(&shell));
        let child = seen(Pid::from_raw(line.trim().parse().unwrap()).unwrap());
        let _ended = Ended(pidfd_open(child.pid, PidfdFlags::empty()).unwrap());
        // As if the parent that was ours had ended, and the one with its number now were a stranger.
        let other = Seen { started: parent.started - 1, ..parent };
        assert!(kill_all(&[other, child]).killed.is_empty(), "a stranger's child was killed");
        assert!(shell.try_wait().unwrap().is_none());
        // Its child may have fallen to somebody else by then: orphans do not fall to this process.
        assert!(kill_all(&[parent, child]).killed.contains(&parent));
        shell.wait().unwrap();
    }

    /// Killed when this goes, so that a test that fails leaves nothing.
    struct Ended(OwnedFd);

    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = pidfd_send_signal(&self.0, Signal::KILL);
        }
    }

    extern "C" fn pause_for_ever(_: *mut libc::c_void) -> *mut libc::c_void {
        loop {
            // SAFETY: it only waits.
            unsafe { libc::pause() };
        }
    }

    #[test]
    fn one_whose_first_thread_has_ended_while_others_go_on_is_killed() {
        // SAFETY: the child does what is below, and returns to nothing of this process.
        let child = match unsafe { libc::fork() } {
            // SAFETY: it starts a thread that waits, ends its own first one, and touches nothing else.
            0 => unsafe {
                let mut thread = std::mem::zeroed();
                libc::pthread_create(&raw mut thread, std::ptr::null(), pause_for_ever, std::ptr::null_mut());
                libc::syscall(libc::SYS_exit, 0);
                std::process::abort()
            },
            child => Pid::from_raw(child).expect("a child"),
        };
        let _ended = Ended(pidfd_open(child, PidfdFlags::empty()).unwrap());
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero())).unwrap();
        while !stat().contains(") Z ") {
            std::thread::yield_now();
        }
        let pidfd = pidfd_open(child, PidfdFlags::empty()).unwrap();
        assert!(!has_ended(&pidfd));
        let killing = kill_all(&[seen(child)]);
        assert_eq!(killing.killed.len(), 1, "it goes on for ever");
        let status = waitid(WaitId::Pid(child), WaitIdOptions::EXITED).unwrap().expect("it has ended");
        assert_eq!(status.terminating_signal(), Some(Signal::KILL.as_raw()));
    }
}
