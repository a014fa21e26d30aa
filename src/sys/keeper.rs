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
use std::io::{self, Write};
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
        let living = descendants(getpid());
        if living.is_empty() && !children_left {
            return;
        }
        let ends: Vec<_> = living.iter().filter_map(|process| process.kill()).collect();
        let mut watched: Vec<PollFd<'_>> = ends.iter().map(|end| PollFd::new(end, PollFlags::IN)).collect();
        let _ = poll(&mut watched, Some(&AGAIN));
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

/// A process as it was when it was seen. The start tells it from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    pid: Pid,
    parent: i32,
    started: u64,
}

/// Those below `ancestor` that have not ended.
fn descendants(ancestor: Pid) -> Vec<Seen> {
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
    /// None when there is no such process, or it has ended and was not reaped yet.
    fn look(pid: Pid) -> Option<Seen> {
        let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        let (state, parent, started) = read_stat(&stat)?;
        (!matches!(state, b'Z' | b'X')).then_some(Seen { pid, parent, started })
    }

    /// Kills it, unless its number is another's by now; what becomes readable when it has ended.
    fn kill(&self) -> Option<std::os::fd::OwnedFd> {
        let pidfd = pidfd_open(self.pid, PidfdFlags::empty()).ok()?;
        // The same process before and after the descriptor was made: it is the one the descriptor stands for. Its
        // parent may be another: orphans move.
        if Seen::look(self.pid)?.started != self.started {
            return None;
        }
        pidfd_send_signal(&pidfd, Signal::KILL).ok()?;
        Some(pidfd)
    }
}

/// State, parent and start of `/proc/PID/stat` (proc_pid_stat(5)); the name before them may hold anything.
fn read_stat(stat: &[u8]) -> Option<(u8, i32, u64)> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some((state, parent, started))
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
        assert_eq!(read_stat(stat), Some((b'R', 1, 4242)), "the start is the twenty-second field");
        let own = Seen::look(getpid()).expect("this process runs");
        assert_eq!(own.parent, getppid().map_or(0, |pid| pid.as_raw_nonzero().get()));
        assert_eq!(Seen::look(getpid()), Some(own));
        for strange in [&b""[..], b"1 (x", b"1 (x) S", b"1 (x) S y 1", b"1 (\xff) S 1 2"] {
            assert_eq!(read_stat(strange), None, "{strange:?}");
        }
    }

    #[test]
    fn a_child_is_found_and_killed_and_none_of_another_number() {
        let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        let seen = descendants(getpid()).into_iter().find(|process| process.pid == pid).expect("it is found");
        assert!(Seen { started: seen.started + 1, ..seen }.kill().is_none(), "that one ended long ago");
        assert!(child.try_wait().unwrap().is_none());
        assert!(seen.kill().is_some());
        assert!(!child.wait().unwrap().success());
        assert!(seen.kill().is_none());
    }
}
