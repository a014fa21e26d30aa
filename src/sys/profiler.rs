//! Samples of where this process spends the processor, by SIGPROF and frame pointers.
//!
//! Invariant: one at a time; the signal comes only while it runs, and has its default meaning for whatever is started
//! otherwise, or that of the flight recorder, which is suspended meanwhile. A file has a name only while it runs. Names are found on the caller's thread, after the
//! samples were taken, which may take a second: never on a thread that somebody waits for.
//!
//! What a sample shows begins with the caller of the function that ran: the function itself has no frame behind it yet.
//! The kernel counts in ticks (`CONFIG_HZ`), so that no more than 250 samples a second come, whatever is asked for.

#![expect(unsafe_code, reason = "the default action of a signal is set through libc")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs};

use pprof::{ProfilerGuard, ProfilerGuardBuilder, UnresolvedReport};

use super::recorder;
use super::symbols::Names;
use crate::base::limits;
use crate::model::Profile;
use crate::model::profile::Collector;

/// Why there is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfilerError {
    /// Also after one that could not end for want of a file: pprof does not begin again then.
    #[error("another profile of this process is being taken, or the last one could not be ended for want of a file")]
    Running,
    #[error("samples cannot be taken: {0}")]
    Failed(String),
    /// Whoever wanted it has gone.
    #[error("it was called off")]
    CalledOff,
}

/// Held while one begins and while one ends: in between the signal has one meaning or the other.
static CHANGING: Mutex<()> = Mutex::new(());

/// Takes samples for `span`, or until `called_off` is told or dropped. Blocks.
pub fn capture(hz: u32, span: Duration, called_off: &Receiver<()>) -> Result<Profile, ProfilerError> {
    let hz = hz.clamp(1, limits::CAPTURE_HZ_MAX);
    let failed = |error: pprof::Error| match error {
        pprof::Error::Running => ProfilerError::Running,
        error => ProfilerError::Failed(error.to_string()),
    };
    let frequency = i32::try_from(hz).expect("invariant: it is clamped");
    // It needs the same signal.
    let _suspended = recorder::suspend();
    let guard = begin(frequency).map_err(failed)?;
    let is_over = called_off.recv_timeout(span) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
    let found = if is_over { guard.report().build_unresolved().map_err(failed) } else { Err(ProfilerError::CalledOff) };
    end(guard);
    let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Ok(named(&found?, Collector::new(hz, span_ms)))
}

fn begin(hz: i32) -> pprof::Result<ProfilerGuard<'static>> {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || ProfilerGuardBuilder::default().frequency(hz).build();
    // The file has lost its name, by which it is opened for a report; whenever one ends there is a new one.
    drop(build()?);
    build()
}

fn end(guard: ProfilerGuard<'static>) {
    let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    leaving_no_file(|| drop(guard));
    // It is ignored by now, which programs that are started would inherit. One that was still under way went with that.
    // SAFETY: the timer is off and no other one begins meanwhile, so that no signal comes; nothing of ours handles it.
    unsafe { libc::signal(libc::SIGPROF, libc::SIG_DFL) };
}

/// pprof keeps a file for samples that find no room, by a name in the folder for temporary files, until the process ends.
/// It needs the name only while samples are taken.
fn leaving_no_file<T>(act: impl FnOnce() -> T) -> T {
    let before = open_files();
    let outcome = act();
    let folder = env::temp_dir();
    let is_its = |path: &&PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        path.parent() == Some(&folder) && name.is_some_and(|name| name.starts_with(".tmp")) && path.is_file()
    };
    for path in open_files().difference(&before).filter(is_its) {
        // It stays then, empty.
        let _ = fs::remove_file(path);
    }
    outcome
}

/// What this process has open, by name.
fn open_files() -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(Path::new("/proc/self/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
}

fn named(found: &UnresolvedReport, mut collector: Collector) -> Profile {
    let mut names = Names::open();
    for (stack, count) in &found.data {
        let thread = stack.thread_name.get(..stack.thread_name_length).unwrap_or_default();
        let calls = stack.frames.iter().rev().map(|frame| frame.ip);
        names.tell(thread, calls, u64::try_from(*count).unwrap_or(0), &mut collector);
    }
    collector.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::sys::clock;

    #[inline(never)]
    fn busy_until_told(told: &Receiver<()>) -> u64 {
        let mut sum = 0_u64;
        while told.try_recv() == Err(mpsc::TryRecvError::Empty) {
            sum = std::hint::black_box((0..10_000_u64).fold(sum, |sum, number| sum.rotate_left(1) ^ number));
        }
        sum
    }

    /// One test, since there is one profiler in a process.
    #[test]
    fn what_is_busy_is_found_under_its_thread_once_at_a_time_and_until_it_is_called_off() {
        let _alone = recorder::tests::alone();
        let (stop, told) = mpsc::channel();
        let busy =
            std::thread::Builder::new().name("busy-one".to_owned()).spawn(move || busy_until_told(&told)).unwrap();
        let (_keep, not) = mpsc::channel();
        let profile = capture(200, Duration::from_millis(500), &not).unwrap();
        assert!(profile.is_sound() && (profile.hz, profile.span_ms) == (200, 500));
        let left = open_files().into_iter().filter(|path| {
            path.parent() == Some(&env::temp_dir()) && path.to_string_lossy().contains("/.tmp") && path.is_file()
        });
        assert_eq!(left.collect::<Vec<_>>(), Vec::<PathBuf>::new(), "a file has a name still");
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
        let bit = 1_u64 << (libc::SIGPROF - 1);
        assert_eq!(
            u64::from_str_radix(ignored, 16).unwrap() & bit,
            0,
            "programs that are started would ignore SIGPROF"
        );
        let folded = profile.folded();
        let own: u64 = folded.iter().filter(|(line, _)| line.starts_with("busy-one;")).map(|(_, count)| count).sum();
        let named: u64 =
            folded.iter().filter(|(line, _)| line.contains("busy_until_told")).map(|(_, count)| count).sum();
        assert!(own > 0 && named * 10 > own * 9, "{folded:?}");

        let (call_off, called_off) = mpsc::channel();
        let other = std::thread::Builder::new().spawn(move || {
            loop {
                match capture(99, Duration::from_secs(3600), &called_off) {
                    // The tries below.
                    Err(ProfilerError::Running) => {}
                    ended => break ended,
                }
            }
        });
        let deadline = clock::mono() + Duration::from_secs(60);
        loop {
            match capture(99, Duration::from_millis(1), &not) {
                Err(ProfilerError::Running) => break,
                _ => assert!(clock::mono() < deadline, "two at one time"),
            }
        }
        drop(call_off);
        assert_eq!(other.unwrap().join().unwrap(), Err(ProfilerError::CalledOff));
        stop.send(()).unwrap();
        busy.join().unwrap();
    }
}
