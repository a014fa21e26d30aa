//! The busiest processes, by name: those of one name count together.
//!
//! Invariant: nothing is looked at but the name the kernel keeps, never arguments or environments; at most
//! [`limits::HOST_PROCESS_NAMES_MAX`] names are told of at a time.

use std::collections::BTreeMap;

use super::out::{self, Out};
use crate::base::{Mono, limits};
use crate::model::Unit;

/// Series of these names, told only while somebody watches one of them.
pub const SERIES: [&str; 3] = [CPU, RESIDENT, COUNT];
const CPU: &str = "host_process_cpu_percent";
const RESIDENT: &str = "host_process_resident_bytes";
const COUNT: &str = "host_process_count";

/// How the kernel counts: ticks of processor time in a second, bytes in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    pub ticks_per_second: u64,
    pub page_bytes: u64,
}

/// One process at one moment, as `/proc/PID/stat` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub name: String,
    /// Processor time since it started.
    pub ticks: u64,
    /// When it started, in ticks since boot: tells it from another one of the same number.
    pub started: u64,
    pub resident_pages: u64,
}

/// All processes of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub name: String,
    pub cpu_percent: f64,
    pub resident_bytes: f64,
    pub count: u32,
}

/// Remembers the processes of the reading before.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    before: Option<Before>,
    told: Vec<Named>,
}

#[derive(Clone, Debug)]
struct Before {
    at: Mono,
    /// Start and processor time by number.
    ticks: BTreeMap<u32, (u64, u64)>,
    /// The youngest process started then.
    newest_start: u64,
}

/// Of the kernel's own threads (`PF_KTHREAD` in the kernel's include/linux/sched.h).
const KERNEL_THREAD: u64 = 0x0020_0000;

// === impl Process ===

impl Process {
    /// Reads `/proc/PID/stat` (proc_pid_stat(5)); none when the bytes are not one.
    pub fn parse(stat: &[u8]) -> Option<Process> {
        // A name may hold blanks and brackets, whatever follows it does not.
        let open = stat.iter().position(|byte| *byte == b'(')?;
        let close = stat.iter().rposition(|byte| *byte == b')').filter(|close| *close > open)?;
        let pid = std::str::from_utf8(&stat[..open]).ok()?.trim().parse().ok()?;
        let rest = std::str::from_utf8(&stat[close + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().take(22).collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let (flags, user, system) = (number(6)?, number(11)?, number(12)?);
        let (started, resident_pages) = (number(19)?, number(21)?);
        let mut name = String::from_utf8_lossy(&stat[open + 1..close]).into_owned();
        if flags & KERNEL_THREAD != 0
            && let Some(slash) = name.find('/').filter(|slash| *slash > 0)
        {
            // `kworker/3:1-events` is another one every few seconds: what counts is `kworker`.
            name.truncate(slash);
        }
        out::bound(&mut name);
        Some(Process { pid, name, ticks: user.saturating_add(system), started, resident_pages })
    }
}

// === impl Processes ===

impl Processes {
    /// Nobody watches: what was busy is no matter any more.
    pub fn forget(&mut self) {
        *self = Processes::default();
    }

    /// Takes a reading of all processes; the first one is a baseline only.
    pub fn take(&mut self, processes: &[Process], measures: Measures, at: Mono) {
        let ticks = processes.iter().map(|one| (one.pid, (one.started, one.ticks))).collect();
        let newest_start = processes.iter().map(|one| one.started).max().unwrap_or(0);
        let before = self.before.replace(Before { at, ticks, newest_start });
        let Some(before) = before else { return };
        let seconds = at.since(before.at).as_secs_f64();
        if seconds <= 0.0 {
            self.before = Some(before);
            return;
        }
        let mut names: BTreeMap<&str, (u64, u64, u32)> = BTreeMap::new();
        for one in processes {
            let (ticks, pages, count) = names.entry(&one.name).or_default();
            *ticks = ticks.saturating_add(before.spent(one));
            *pages = pages.saturating_add(one.resident_pages);
            *count += 1;
        }
        let to_percent = 100.0 / (measures.ticks_per_second.max(1) as f64 * seconds);
        let mut named: Vec<Named> = names
            .into_iter()
            .map(|(name, (ticks, pages, count))| Named {
                name: name.to_owned(),
                cpu_percent: ticks as f64 * to_percent,
                resident_bytes: pages as f64 * measures.page_bytes as f64,
                count,
            })
            .collect();
        let by_cpu_then_memory = |one: &Named, other: &Named| {
            (other.cpu_percent.total_cmp(&one.cpu_percent)).then(other.resident_bytes.total_cmp(&one.resident_bytes))
        };
        named.sort_by(by_cpu_then_memory);
        named.truncate(limits::HOST_PROCESS_NAMES_MAX);
        self.told = named;
    }

    /// Puts the busiest of the last reading.
    pub fn tell(&self, out: &mut Out) {
        for one in &self.told {
            let mut add = |series: &str, unit: Unit, value: f64| out.add_of(series, ("name", &one.name), unit, value);
            add(CPU, Unit::Percent, one.cpu_percent);
            add(RESIDENT, Unit::Bytes, one.resident_bytes);
            add(COUNT, Unit::None, f64::from(one.count));
        }
    }
}

// === impl Before ===

impl Before {
    /// Processor time a process took since then. One that started since took all of its own; of one that was only not
    /// looked at, nobody knows.
    fn spent(&self, process: &Process) -> u64 {
        match self.ticks.get(&process.pid) {
            Some((started, ticks)) if *started == process.started => process.ticks.saturating_sub(*ticks),
            _ if process.started >= self.newest_start => process.ticks,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
