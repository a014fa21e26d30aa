//! Runs a command once, under a keeper, and brings back what it printed and how it ended.
//!
//! Invariant: a run takes no longer than its timeout and keeps no more than its caps, whatever the command does. Blocks:
//! for threads of their own only. When it returns, everything the command started is dead or being killed; what is still
//! being killed is a [`Leftover`], to be waited for before the next run.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::keeper::Report;
use super::{clock, socket};
use crate::base::Mono;

/// What to run, and within which bounds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Our own executable, which has the verb `keeper`.
    pub keeper: PathBuf,
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// All it finds in its environment.
    pub env: Vec<(OsString, OsString)>,
    pub directory: PathBuf,
    pub timeout: Duration,
    /// Kept of its standard output; more ends it.
    pub output_bytes_max: usize,
    /// Kept of its standard error; more is read and dropped.
    pub errors_bytes_max: usize,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, or it could not start.
    Reported(Report),
    TimedOut,
    /// It printed more than it may.
    Flooded,
    /// Whoever asked wants it no more.
    Stopped,
    /// The keeper went without a word.
    Lost,
}

/// One run.
#[derive(Debug)]
pub struct Outcome {
    pub end: End,
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
    /// What is left to be killed, when that takes long.
    pub leftover: Option<Leftover>,
}

/// A keeper that still kills what a run started.
#[derive(Debug)]
pub struct Leftover(Child);

/// A keeper's last work is waited for so long at once.
const PATIENCE: Duration = Duration::from_secs(1);
const CHUNK_BYTES: usize = 16 * 1024;

/// Variables of ours that a command may know of.
const ENVIRONMENT_KEPT: [&str; 2] = ["PATH", "TZ"];
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// What every command finds in its environment: where programs are, what time it is here, and that numbers have points
/// and texts are UTF-8.
pub fn environment() -> Vec<(OsString, OsString)> {
    let kept = ENVIRONMENT_KEPT.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)));
    let mut all: Vec<(OsString, OsString)> = kept.collect();
    if all.iter().all(|(name, _)| name != "PATH") {
        all.push(("PATH".into(), PATH_DEFAULT.into()));
    }
    all.push(("LC_ALL".into(), "C.UTF-8".into()));
    all
}

/// Runs it to its end, or until `stop` is closed at its other end.
pub fn run(plan: &Plan, stop: BorrowedFd<'_>) -> io::Result<Outcome> {
    let deadline = clock::mono() + plan.timeout;
    let (ours, theirs) = socket::pair()?;
    let mut command = Command::new(&plan.keeper);
    command.arg0("unblink").arg("keeper").arg(&plan.directory).arg("--").args(&plan.argv);
    command.env_clear().envs(plan.env.iter().map(|(name, value)| (name, value)));
    command.current_dir("/").stdin(Stdio::from(theirs));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // The command holds our ends of nothing.
    drop(command);
    let pipes = (child.stdout.take(), child.stderr.take());
    let (Some(stdout), Some(stderr)) = pipes else { return Err(io::Error::other("there are no pipes to it")) };
    let listening = Listening { plan, deadline, stop, stdout, stderr, report: ours.into() };
    let (end, output, errors) = listening.hear_out()?;
    // With `report` our end is closed: the keeper ends what there still is.
    let leftover = Leftover(child).wait_until(clock::mono() + PATIENCE);
    Ok(Outcome { end, output, errors, leftover })
}

/// What is read of one run.
struct Listening<'a> {
    plan: &'a Plan,
    deadline: Mono,
    stop: BorrowedFd<'a>,
    stdout: ChildStdout,
    stderr: ChildStderr,
    report: OwnedFd,
}

/// What came of one reading.
enum Heard {
    /// Nothing more for now.
    Pause,
    End,
}

// === impl Listening ===

impl Listening<'_> {
    fn hear_out(self) -> io::Result<(End, Vec<u8>, Vec<u8>)> {
        let Listening { plan, deadline, stop, stdout, stderr, report } = self;
        for fd in [stdout.as_fd(), stderr.as_fd(), report.as_fd()] {
            fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
        }
        let (mut output, mut errors, mut said) = (Vec::new(), Vec::new(), Vec::new());
        let (mut output_open, mut errors_open, mut report_open) = (true, true, true);
        let end = loop {
            if !(output_open || errors_open || report_open) {
                break None;
            }
            let left = deadline.since(clock::mono());
            if left.is_zero() {
                // A report without the end of the pipes: what holds them does not die.
                break Some(End::TimedOut).filter(|_| said.is_empty());
            }
            let none = PollFlags::empty();
            let when = |open| if open { PollFlags::IN } else { none };
            // A closed descriptor that is polled for nothing still reports its end, at once and for ever.
            let mut all = vec![PollFd::from_borrowed_fd(stop, PollFlags::IN)];
            let mut watch = |fd, open| {
                if open {
                    all.push(PollFd::from_borrowed_fd(fd, when(open)));
                }
            };
            watch(stdout.as_fd(), output_open);
            watch(stderr.as_fd(), errors_open);
            watch(report.as_fd(), report_open);
            match poll(&mut all, Some(&Timespec::try_from(left).unwrap_or_default())) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !all[0].revents().is_empty() {
                break Some(End::Stopped);
            }
            if output_open {
                output_open = matches!(hear(stdout.as_fd(), &mut output, plan.output_bytes_max + 1)?, Heard::Pause);
                if output.len() > plan.output_bytes_max {
                    break Some(End::Flooded);
                }
            }
            if errors_open {
                errors_open = matches!(hear(stderr.as_fd(), &mut errors, plan.errors_bytes_max)?, Heard::Pause);
            }
            if report_open {
                report_open = matches!(hear(report.as_fd(), &mut said, CHUNK_BYTES)?, Heard::Pause);
            }
        };
        let end = end.unwrap_or_else(|| Report::read(&said).map_or(End::Lost, End::Reported));
        Ok((end, output, errors))
    }
}

/// One reading, so that one that never pauses keeps nobody else waiting. What is beyond `max` is dropped.
fn hear(fd: BorrowedFd<'_>, into: &mut Vec<u8>, max: usize) -> io::Result<Heard> {
    let mut chunk = [0; CHUNK_BYTES];
    match rustix::io::read(fd, &mut chunk) {
        Ok(0) => Ok(Heard::End),
        Ok(count) => {
            let room = max.saturating_sub(into.len());
            into.extend_from_slice(&chunk[..count.min(room)]);
            Ok(Heard::Pause)
        }
        Err(Errno::AGAIN | Errno::INTR) => Ok(Heard::Pause),
        Err(Errno::CONNRESET) => Ok(Heard::End),
        Err(error) => Err(error.into()),
    }
}

// === impl Leftover ===

impl Leftover {
    /// Waits for its end, however long that takes.
    pub fn wait(mut self) {
        // Nobody else waits for our child, so this cannot fail.
        let _ = self.0.wait();
    }

    fn wait_until(mut self, deadline: Mono) -> Option<Leftover> {
        let pidfd = pidfd_open(Pid::from_child(&self.0), PidfdFlags::empty());
        if let Ok(pidfd) = &pidfd {
            let left = || Timespec::try_from(deadline.since(clock::mono())).unwrap_or_default();
            // A sample of the flight recorder is no reason to give up.
            while poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&left())) == Err(Errno::INTR) {}
        }
        match self.0.try_wait() {
            Ok(None) => Some(self),
            _ => None,
        }
    }
}

/// What `Plan::keeper` is in a process of our own executable.
pub fn own_executable() -> &'static Path {
    Path::new("/proc/self/exe")
}
