//! What the kernel says another process is doing: whether the thread that does its work could run, and did.
//!
//! Invariant: it never waits for a disk or for the process. Where the kernel says nothing of the process at all that is
//! told apart from a process that does nothing.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use super::cgroup;
use crate::machine::heartbeat::Activity;

/// Lines of `/proc` that are read here are shorter, the name of a program included.
const TEXT_BYTES_MAX: u64 = 4096;

/// Fields of `/proc/PID/stat` after the name, counted from 0: proc_pid_stat(5).
const STATE: usize = 0;
const UTIME: usize = 11;
const STIME: usize = 12;

/// Looks at process `pid`, which has to be our own child: nobody else may get its number meanwhile; and at the one of its
/// threads that does the work. None where `/proc` is closed to us, or there is no such thread.
pub fn read(pid: u32, thread: u32) -> Option<Activity> {
    let stat = text(&format!("/proc/{pid}/task/{thread}/stat"))?;
    let schedstat = text(&format!("/proc/{pid}/task/{thread}/schedstat")).unwrap_or_default();
    let group = text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let throttled = unified(&group).map(|path| cgroup::throttled_at(Path::new(&format!("/sys/fs/cgroup{path}"))));
    Some(Activity { throttled: throttled.unwrap_or_default(), ..understand(&stat, &schedstat) })
}

fn understand(stat: &str, schedstat: &str) -> Activity {
    // The name stands in brackets, and may hold brackets.
    let after_name = stat.rfind(')').map_or("", |at| stat.get(at + 1..).unwrap_or_default());
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    let state = fields.get(STATE).copied().unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    let coarse = Duration::from_millis((ticks(UTIME) + ticks(STIME)).saturating_mul(1000) / clock_ticks_per_second());
    // In nanoseconds; a kernel built without it tells nothing, or zeroes.
    let mut nanos = schedstat.split_ascii_whitespace().map(|field| Duration::from_nanos(field.parse().unwrap_or(0)));
    let ran = nanos.next().unwrap_or_default().max(coarse);
    let waited = nanos.next().unwrap_or_default();
    Activity {
        is_stopped: matches!(state, "T" | "t"),
        waits_for_disk: state == "D",
        is_runnable: state == "R",
        ran,
        waited,
        throttled: Duration::ZERO,
    }
}

/// The path of the group in the one hierarchy that newer machines have.
fn unified(group: &str) -> Option<&str> {
    group.lines().find_map(|line| line.strip_prefix("0::"))
}

fn text(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(TEXT_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Pid, Signal, WaitIdOptions, kill_process, waitid};

    use super::*;

    struct Killed(Child);

    impl Drop for Killed {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn start(program: &str, args: &[&str]) -> Killed {
        Killed(Command::new(program).args(args).stdout(Stdio::null()).spawn().unwrap())
    }

    #[test]
    fn one_that_loops_runs_and_one_that_was_stopped_does_not() {
        let looping = start("yes", &[]);
        let pid = looping.0.id();
        let look = |pid| read(pid, pid).unwrap();
        let mut activity = look(pid);
        while activity.ran < Duration::from_millis(20) {
            assert!(!activity.is_stopped);
            std::thread::yield_now();
            activity = look(pid);
        }
        kill_process(Pid::from_child(&looping.0), Signal::STOP).unwrap();
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(rustix::process::WaitId::Pid(Pid::from_child(&looping.0)), stopped).unwrap();
        let activity = look(pid);
        assert!(activity.is_stopped && !activity.is_runnable, "{activity:?}");
    }

    #[test]
    fn what_the_kernel_writes_is_understood_whatever_the_program_is_called() {
        let stat = "7 (a) R 9 (b) D 1 7 7 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 1 0 1 1 1";
        let activity = understand(stat, "1000000 2000000 3\n");
        let ms = Duration::from_millis;
        let expected = Activity {
            waits_for_disk: true,
            ran: ms(75 * 1000 / clock_ticks_per_second()),
            waited: ms(2),
            ..Activity::default()
        };
        assert_eq!(activity, expected);
        for strange in ["", ")", "1 (x", "1 (x) Z", "1 (x) T x y", "\u{0}"] {
            understand(strange, strange);
        }
        assert!(understand("1 (x) T", "").is_stopped);
        assert_eq!(read(u32::MAX, u32::MAX), None, "there is no such process");
    }

    #[test]
    fn only_the_one_hierarchy_is_looked_at() {
        assert_eq!(unified("12:cpu:/a\n0::/system.slice/unblink.service\n"), Some("/system.slice/unblink.service"));
        assert_eq!(unified("1:name=systemd:/a\n"), None);
    }
}
