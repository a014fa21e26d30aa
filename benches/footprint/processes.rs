//! What processes used, as the kernel counts it.

use std::time::Duration;

use unblink::base::Mono;
use unblink::sys::clock;

/// Processor time used so far by some processes.
pub struct Usage {
    at: Mono,
    used: Duration,
}

// === impl Usage ===

impl Usage {
    pub fn of(pids: &[u32]) -> Usage {
        let used = pids.iter().map(|pid| cpu_time(*pid)).sum();
        Usage { at: clock::mono(), used }
    }

    /// Share of one core from this reading to a later one.
    pub fn cpu_percent_until(&self, later: &Usage) -> f64 {
        let used = later.used.saturating_sub(self.used);
        100.0 * used.as_secs_f64() / later.at.since(self.at).as_secs_f64()
    }

    /// Memory of all of them together: shared pages are split between those who map them.
    pub fn pss_mb(pids: &[u32]) -> f64 {
        let kilobytes: u64 = pids.iter().map(|pid| pss_kb(*pid)).sum();
        kilobytes as f64 / 1024.0
    }
}

/// Of all threads that live: `schedstat` counts nanoseconds, `stat` only hundredths of a second.
fn cpu_time(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let of_thread = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(path.join("schedstat")).expect("a kernel with scheduler statistics");
        let nanos =
            text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).expect("a number of nanoseconds");
        Duration::from_nanos(nanos)
    };
    threads.map(|thread| of_thread(thread.expect("the process lives").path())).sum()
}

fn pss_kb(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process lives and is ours");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("the kernel knows PSS");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse().ok()).expect("a number of kilobytes")
}
