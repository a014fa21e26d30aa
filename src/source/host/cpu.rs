//! Shares of processor time from the counters of `/proc/stat`.
//!
//! Invariant: a share lies in 0..=100 and spans exactly the time between two readings of the same counters. A
//! counter that went back, or a core not seen before, gives a new baseline instead of a number.

use std::collections::BTreeMap;

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
    /// Ticks of the whole machine that were idle with something waiting for a disk; old kernels do not tell.
    pub iowait: Option<u64>,
    /// Ticks that the machine below gave to others.
    pub steal: Option<u64>,
    pub cores: BTreeMap<u16, Ticks>,
}

/// Busy shares in percent since the reading before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares {
    pub whole: Option<f64>,
    /// Of the whole machine.
    pub iowait: Option<f64>,
    pub steal: Option<f64>,
    pub cores: Vec<(u16, f64)>,
}

/// Turns counters into shares.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    whole: Option<Ticks>,
    iowait: Option<u64>,
    steal: Option<u64>,
    cores: BTreeMap<u16, Ticks>,
}

// === impl Counters ===

impl Counters {
    /// Reads the text of `/proc/stat`; nothing when it is not one. A core whose line is strange is left out.
    pub fn parse(stat: &str) -> Option<Counters> {
        let mut whole = None;
        let mut cores = BTreeMap::new();
        // The lines of processors come first, and the others are long.
        for line in stat.lines().take_while(|line| line.starts_with("cpu")) {
            let Some((name, times)) = line.split_once(' ') else { continue };
            if name == "cpu" {
                whole = Some(Times::parse(times)?);
            } else if cores.len() < limits::CORES_MAX
                && let Ok(number) = name["cpu".len()..].parse::<u16>()
            {
                cores.extend(Times::parse(times).map(|times| (number, times.ticks())));
            }
        }
        let whole = whole?;
        Some(Counters { whole: whole.ticks(), iowait: whole.optional(IOWAIT), steal: whole.optional(STEAL), cores })
    }
}

/// The numbers of one line: user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)). What follows is part
/// of user time already.
struct Times {
    ticks: [u64; TIMES],
    /// Old kernels tell of fewer.
    told: usize,
}

const TIMES: usize = 8;
const IDLE: usize = 3;
const IOWAIT: usize = 4;
const STEAL: usize = 7;

// === impl Times ===

impl Times {
    fn parse(text: &str) -> Option<Times> {
        let mut times = Times { ticks: [0; TIMES], told: 0 };
        for (ticks, number) in times.ticks.iter_mut().zip(text.split_ascii_whitespace()) {
            *ticks = number.parse().ok()?;
            times.told += 1;
        }
        (times.told > IDLE).then_some(times)
    }

    fn optional(&self, index: usize) -> Option<u64> {
        self.ticks.get(index).copied().filter(|_| index < self.told)
    }

    /// Waiting for a disk is idling.
    fn ticks(&self) -> Ticks {
        let mut ticks = Ticks::default();
        for (index, count) in self.ticks.iter().enumerate() {
            let sum = if matches!(index, IDLE | IOWAIT) { &mut ticks.idle } else { &mut ticks.busy };
            *sum = sum.saturating_add(*count);
        }
        ticks
    }
}

// === impl Ticks ===

impl Ticks {
    /// Moves the baseline and says how many ticks passed since, busy ones and all. No tick passed: the baseline stays,
    /// so that the next reading spans more.
    fn advance(baseline: &mut Ticks, now: Ticks) -> Option<(u64, u64)> {
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
        (passed > 0).then_some((busy, passed))
    }
}

// === impl Rates ===

impl Rates {
    /// Takes a reading; shares are since the one before.
    pub fn take(&mut self, now: &Counters) -> Shares {
        let baseline = self.whole;
        let passed = Ticks::advance(self.whole.get_or_insert(now.whole), now.whole);
        let (iowait, steal) = (self.iowait, self.steal);
        if self.whole != baseline {
            (self.iowait, self.steal) = (now.iowait, now.steal);
        }
        // These too go back a little now and then.
        let part = |before: Option<u64>, now: Option<u64>| {
            let (_, passed) = passed?;
            Some(percent(now?.saturating_sub(before?), passed))
        };
        self.cores.retain(|number, _| now.cores.contains_key(number));
        let mut cores = Vec::with_capacity(now.cores.len());
        for (&number, &ticks) in &now.cores {
            match self.cores.get_mut(&number) {
                Some(baseline) => {
                    let passed = Ticks::advance(baseline, ticks);
                    cores.extend(passed.map(|(busy, passed)| (number, percent(busy, passed))));
                }
                None => drop(self.cores.insert(number, ticks)),
            }
        }
        let whole = passed.map(|(busy, passed)| percent(busy, passed));
        Shares { whole, iowait: part(iowait, now.iowait), steal: part(steal, now.steal), cores }
    }
}

#[expect(clippy::cast_precision_loss, reason = "differences of tick counters stay far below 2^52")]
fn percent(part: u64, whole: u64) -> f64 {
    (100.0 * part as f64 / whole as f64).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests;
