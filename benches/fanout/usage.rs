//! What processes used, as the kernel counts it, and on what they ran.

use std::process::Command;

/// Nanoseconds of processor time so far, of all threads that live: `stat` counts only hundredths of a second.
pub fn cpu_ns(pids: &[u32]) -> u64 {
    let of_process = |pid: &u32| -> u64 {
        // One that has just ended counts no more.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
        let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        };
        threads.filter_map(of_thread).sum()
    };
    pids.iter().map(of_process).sum()
}

/// Memory of all of them together, in kilobytes: shared pages are split between those who map them.
pub fn pss_kb(pids: &[u32]) -> u64 {
    let of_process = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    pids.iter().filter_map(of_process).sum()
}

/// The kernel's load of the last minute.
pub fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// The commit that is checked out, with a word where files differ from it; nothing outside a checkout.
pub fn commit() -> Option<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let told =
        Command::new("git").args(["-C", folder, "describe", "--always", "--dirty", "--exclude=*"]).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    told.status.success().then(|| text.trim().to_owned())
}

/// The machine in a few words: its processor, how many cores, its kernel.
pub fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names: Vec<&str> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let name = names.first().and_then(|line| line.split(':').nth(1)).unwrap_or("an unknown processor").trim();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} cores of {name}, Linux {}", names.len(), kernel.trim())
}
