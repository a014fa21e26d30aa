//! Shares of processor time from the counters of `/proc/stat`.
//!
//! Invariant: a share lies in 0..=100 and spans exactly the time between two readings of the same counters. A
//! counter that went back, or a core not seen before, gives a new baseline instead of a number.

use std::collections::BTreeMap;

use procfs::{CpuTime, ExplicitSystemInfo, FromBufReadSI, KernelStats};

use crate::base::limits;

/// Ticks spent since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    pub busy: u64,
    pub idle: u64,
}

/// One reading: the whole machine, and each core that is online by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub whole: Ticks,
    pub cores: BTreeMap<u16, Ticks>,
}

/// Busy shares in percent since the reading before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    pub whole: Option<f64>,
    pub cores: Vec<(u16, f64)>,
}

/// Turns counters into shares.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    whole: Option<Ticks>,
    cores: BTreeMap<u16, Ticks>,
}

/// `procfs` wants every line a full kernel has; only the processor lines count here, so containers that leave
/// the others out are fine. It also drops the numbers of the cores, which matter once one is offline.
const OTHER_LINES: &str = "ctxt 0\nbtime 0\nprocesses 0\n";

// === impl Counters ===

impl Counters {
    /// Reads the text of `/proc/stat`; nothing when it is not one.
    pub fn parse(stat: &str) -> Option<Counters> {
        let mut text = String::with_capacity(2048);
        let mut numbers = Vec::new();
        for line in stat.lines().filter(|line| line.starts_with("cpu")) {
            let name = line.split_ascii_whitespace().next().unwrap_or_default();
            if name != "cpu" {
                let Ok(number) = name["cpu".len()..].parse::<u16>() else { continue };
                if numbers.len() == limits::CORES_MAX {
                    continue;
                }
                numbers.push(number);
            }
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(OTHER_LINES);
        let stats = KernelStats::from_buf_read(text.as_bytes(), &SYSTEM).ok()?;
        let cores = numbers.into_iter().zip(&stats.cpu_time).map(|(number, time)| (number, Ticks::of(time))).collect();
        Some(Counters { whole: Ticks::of(&stats.total), cores })
    }
}

/// Only ticks are taken from `procfs`, and a tick needs no system to be counted.
const SYSTEM: ExplicitSystemInfo =
    ExplicitSystemInfo { boot_time_secs: 0, ticks_per_second: 100, page_size: 4096, is_little_endian: true };

// === impl Ticks ===

impl Ticks {
    /// Guest time is part of user time already; waiting for I/O is idling.
    fn of(time: &CpuTime) -> Ticks {
        let optional = |ticks: Option<u64>| ticks.unwrap_or(0);
        let busy =
            [time.user, time.nice, time.system, optional(time.irq), optional(time.softirq), optional(time.steal)];
        let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
        Ticks { busy: sum(&busy), idle: sum(&[time.idle, optional(time.iowait)]) }
    }

    /// Moves the baseline and says how busy the time since was. No tick passed: the baseline stays, so that the
    /// next reading spans more.
    fn advance(baseline: &mut Ticks, now: Ticks) -> Option<f64> {
        let before = *baseline;
        let total = |ticks: Ticks| ticks.busy.saturating_add(ticks.idle);
        if total(now) == total(before) {
            return None;
        }
        *baseline = now;
        if total(now) < total(before) {
            return None;
        }
        // Idle and waiting time are known to go back a little on their own: that is no time passed, not a reset.
        let busy = now.busy.saturating_sub(before.busy);
        let idle = now.idle.saturating_sub(before.idle);
        let passed = busy.saturating_add(idle);
        (passed > 0).then(|| percent(busy, passed))
    }
}

// === impl Rates ===

impl Rates {
    /// Takes a reading; shares are since the one before.
    pub fn take(&mut self, now: &Counters) -> Shares {
        let whole = match &mut self.whole {
            Some(baseline) => Ticks::advance(baseline, now.whole),
            None => {
                self.whole = Some(now.whole);
                None
            }
        };
        self.cores.retain(|number, _| now.cores.contains_key(number));
        let mut cores = Vec::with_capacity(now.cores.len());
        for (&number, &ticks) in &now.cores {
            match self.cores.get_mut(&number) {
                Some(baseline) => cores.extend(Ticks::advance(baseline, ticks).map(|share| (number, share))),
                None => drop(self.cores.insert(number, ticks)),
            }
        }
        Shares { whole, cores }
    }
}

#[expect(clippy::cast_precision_loss, reason = "differences of tick counters stay far below 2^52")]
fn percent(part: u64, whole: u64) -> f64 {
    (100.0 * part as f64 / whole as f64).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests;
