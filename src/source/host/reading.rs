//! From the texts of `/proc` and `/sys` to samples, without any I/O.
//!
//! Invariant: a text that is strange costs its own series only, and is named.

use super::cpu::{Counters, Rates};
use super::disk::Disks;
use super::frequency::{self, Frequencies};
use super::network::Network;
use super::out::Out;
use super::pressure;
use super::processes::{Measures, Process, Processes};
use super::space::{self, Spaces};
use super::temperature::{self, Temperatures};
use crate::base::{Mono, Wall};
use crate::model::{Sample, Unit};

/// What was read, file by file; an error is in a person's words.
#[derive(Clone, Debug)]
pub struct Texts {
    pub stat: Result<String, String>,
    pub meminfo: Result<String, String>,
    pub loadavg: Result<String, String>,
    pub uptime: Result<String, String>,
    pub hostname: Option<String>,
    pub kernel: Option<String>,
    pub more: More,
}

/// A file that not every machine has.
pub type Part = Option<Result<String, String>>;

/// What many containers and some kernels do not have.
#[derive(Clone, Debug, Default)]
pub struct More {
    pub diskstats: Part,
    pub net_dev: Part,
    pub snmp: Part,
    pub netstat: Part,
    /// One for each of [`pressure::RESOURCES`].
    pub pressure: [Part; 3],
    /// None where it was not looked for this time: what was known stands.
    pub slow: Option<Slow>,
    pub processes: Looked,
}

/// What changes slowly or costs much to ask for.
#[derive(Clone, Debug, Default)]
pub struct Slow {
    pub frequencies: Frequencies,
    pub spaces: Spaces,
    pub temperatures: Temperatures,
    /// What is wrong with any of it.
    pub complaints: Vec<String>,
}

/// Whether processes were looked at.
#[derive(Clone, Debug, Default)]
pub enum Looked {
    /// Nobody wants to know.
    #[default]
    Unwatched,
    /// Not this time: what was known stands.
    Before,
    At(Vec<Process>, Measures),
}

/// Remembers what rates need from one reading to the next.
#[derive(Clone, Debug)]
pub struct Digest {
    rates: Rates,
    disks: Disks,
    network: Network,
    slow: Slow,
    processes: Processes,
    complaints: Vec<String>,
    /// Samples of the reading before.
    count: usize,
}

/// Bytes of memory and swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    available: u64,
    swap_total: u64,
    swap_used: u64,
}

/// Tells names only.
const INFO: &str = "host_info";
// === impl Digest ===

impl Digest {
    pub fn new() -> Digest {
        Digest {
            rates: Rates::default(),
            disks: Disks::new(),
            network: Network::new(),
            slow: Slow::default(),
            processes: Processes::default(),
            complaints: Vec::new(),
            count: 0,
        }
    }

    /// All samples the texts give; an error when they give none, with what was wrong with each. Samples are of `at`;
    /// `now` is the same moment by the clock that rates are made by.
    pub fn take(&mut self, texts: Texts, at: Wall, now: Mono) -> Result<Vec<Sample>, String> {
        let mut out = Out::new(at, self.count + 8);
        let parts = [
            text(&texts.stat).and_then(|text| self.cpu(text, &mut out)),
            text(&texts.loadavg).and_then(|text| load(text, &mut out)),
            text(&texts.meminfo).and_then(|text| memory(text, &mut out)),
            text(&texts.uptime).and_then(|text| uptime(text, &mut out)),
        ];
        let nothing = parts.iter().all(Result::is_err);
        self.complaints = parts.into_iter().filter_map(Result::err).collect();
        info(&texts, &mut out);
        self.more(texts.more, now, &mut out);
        // Names alone tell nothing of a machine.
        if nothing && out.samples.iter().all(|sample| sample.key.name == INFO) {
            return Err(self.complaints.join("; "));
        }
        self.count = out.samples.len();
        Ok(out.samples)
    }

    /// What was wrong with single files at the last reading.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn cpu(&mut self, text: &str, out: &mut Out) -> Result<(), String> {
        let counters = Counters::parse(text).ok_or_else(|| strange("stat"))?;
        let shares = self.rates.take(&counters);
        let whole = [
            ("host_cpu_percent", shares.whole),
            ("host_cpu_iowait_percent", shares.iowait),
            ("host_cpu_steal_percent", shares.steal),
        ];
        for (name, share) in whole {
            share.into_iter().for_each(|share| out.add(name, Unit::Percent, share));
        }
        for (number, share) in shares.cores {
            out.add_of("host_cpu_percent", ("cpu", &number.to_string()), Unit::Percent, share);
        }
        Ok(())
    }

    /// What is not there is no matter; what is there and strange is told.
    fn more(&mut self, more: More, now: Mono, out: &mut Out) {
        let (disks, network) = (&mut self.disks, &mut self.network);
        let mut parts = vec![
            part(&more.diskstats, "diskstats", |text| disks.take(text, now, out)),
            part(&more.net_dev, "net/dev", |text| network.interfaces(text, now, out)),
            part(&more.snmp, "net/snmp", |text| network.tcp(text, now, out)),
            part(&more.netstat, "net/netstat", |text| network.tcp_more(text, now, out)),
        ];
        for (resource, text) in pressure::RESOURCES.into_iter().zip(&more.pressure) {
            parts.push(part(text, &format!("pressure/{resource}"), |text| pressure::take(resource, text, out)));
        }
        if let Some(slow) = more.slow {
            self.slow = slow;
        }
        frequency::tell(&self.slow.frequencies, out);
        space::tell(&self.slow.spaces, out);
        temperature::tell(&self.slow.temperatures, out);
        match more.processes {
            Looked::Unwatched => self.processes.forget(),
            Looked::Before => {}
            Looked::At(processes, measures) => self.processes.take(&processes, measures, now),
        }
        self.processes.tell(out);
        self.complaints.extend(parts.into_iter().filter_map(Result::err));
        self.complaints.extend(self.slow.complaints.iter().cloned());
    }
}

fn part(read: &Part, file: &str, take: impl FnOnce(&str) -> Option<()>) -> Result<(), String> {
    match read {
        None => Ok(()),
        Some(Err(why)) => Err(why.clone()),
        Some(Ok(text)) => take(text).ok_or_else(|| strange(file)),
    }
}

fn text(read: &Result<String, String>) -> Result<&str, String> {
    read.as_deref().map_err(Clone::clone)
}

fn strange(file: &str) -> String {
    format!("/proc/{file} does not look as expected")
}

fn load(text: &str, out: &mut Out) -> Result<(), String> {
    let mut numbers = text.split_ascii_whitespace().map_while(number);
    for name in ["host_load1", "host_load5", "host_load15"] {
        out.add(name, Unit::None, numbers.next().ok_or_else(|| strange("loadavg"))?);
    }
    Ok(())
}

/// What counts and measures is finite and not below zero.
fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
}

#[expect(clippy::cast_precision_loss, reason = "memory below 2^53 bytes is exact, above it a byte does not matter")]
fn memory(text: &str, out: &mut Out) -> Result<(), String> {
    let memory = Memory::parse(text).ok_or_else(|| strange("meminfo"))?;
    out.add("host_memory_total_bytes", Unit::Bytes, memory.total as f64);
    out.add("host_memory_available_bytes", Unit::Bytes, memory.available as f64);
    out.add("host_memory_used_bytes", Unit::Bytes, memory.total.saturating_sub(memory.available) as f64);
    out.add("host_swap_total_bytes", Unit::Bytes, memory.swap_total as f64);
    out.add("host_swap_used_bytes", Unit::Bytes, memory.swap_used as f64);
    Ok(())
}

fn uptime(text: &str, out: &mut Out) -> Result<(), String> {
    let seconds = text.split_ascii_whitespace().next().and_then(number).ok_or_else(|| strange("uptime"))?;
    out.add("host_uptime_seconds", Unit::Seconds, seconds);
    Ok(())
}

/// The names of machine and kernel, as labels of a constant.
fn info(texts: &Texts, out: &mut Out) {
    let mut labels = Vec::new();
    for (name, text) in [("hostname", &texts.hostname), ("kernel", &texts.kernel)] {
        if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            labels.push((name.to_owned(), text.to_owned()));
        }
    }
    if !labels.is_empty() {
        out.add_labelled(INFO, labels, Unit::None, 1.0);
    }
}

// === impl Memory ===

impl Memory {
    /// Containers leave out much of it; without the total and what is free it is none.
    fn parse(meminfo: &str) -> Option<Memory> {
        let bytes = |name: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
        };
        let part = |name: &str| bytes(name).unwrap_or(0);
        let (total, free) = (bytes("MemTotal")?, bytes("MemFree")?);
        // Kernels before 3.14 and some containers do not estimate what is available.
        let estimate =
            || ["Buffers", "Cached", "SReclaimable"].map(part).iter().fold(free, |sum, part| sum.saturating_add(*part));
        let (swap_total, swap_free) = (part("SwapTotal"), part("SwapFree"));
        Some(Memory {
            total,
            available: bytes("MemAvailable").unwrap_or_else(estimate).min(total),
            swap_total,
            swap_used: swap_total.saturating_sub(swap_free),
        })
    }
}

#[cfg(test)]
mod tests;
