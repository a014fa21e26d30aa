//! From the texts of `/proc` to samples, without any I/O.

use procfs::{FromBufRead, FromRead, LoadAverage, Meminfo, Uptime};

use super::cpu::{Counters, Rates};
use crate::base::{Wall, limits};
use crate::model::{Kind, Sample, SeriesKey, Unit};

/// What was read, file by file; an error is in a person's words.
#[derive(Clone, Debug)]
pub struct Texts {
    pub stat: Result<String, String>,
    pub meminfo: Result<String, String>,
    pub loadavg: Result<String, String>,
    pub uptime: Result<String, String>,
    pub hostname: Option<String>,
    pub kernel: Option<String>,
}

/// Remembers what rates need from one reading to the next.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    rates: Rates,
    complaints: Vec<String>,
}

/// Bytes of memory and swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    available: u64,
    swap_total: u64,
    swap_used: u64,
}

/// What `procfs` insists on but containers leave out; the machine's own lines come after and win.
const MEMINFO_LINES: &str = "Buffers: 0 kB\nCached: 0 kB\nSwapCached: 0 kB\nActive: 0 kB\nInactive: 0 kB\n\
    SwapTotal: 0 kB\nSwapFree: 0 kB\nDirty: 0 kB\nWriteback: 0 kB\nMapped: 0 kB\nSlab: 0 kB\nCommitted_AS: 0 kB\n\
    VmallocTotal: 0 kB\nVmallocUsed: 0 kB\nVmallocChunk: 0 kB\n";
/// The only lines of `/proc/meminfo` that are read.
const MEMINFO_READ: [&str; 8] =
    ["MemTotal:", "MemFree:", "MemAvailable:", "Buffers:", "Cached:", "SReclaimable:", "SwapTotal:", "SwapFree:"];

// === impl Digest ===

impl Digest {
    /// All samples the texts give; an error when they give none, with what was wrong with each.
    pub fn take(&mut self, texts: &Texts, at: Wall) -> Result<Vec<Sample>, String> {
        let mut out = Out { at, samples: Vec::with_capacity(32) };
        let parts = [
            text(&texts.stat).and_then(|text| self.cpu(text, &mut out)),
            text(&texts.loadavg).and_then(|text| load(text, &mut out)),
            text(&texts.meminfo).and_then(|text| memory(text, &mut out)),
            text(&texts.uptime).and_then(|text| uptime(text, &mut out)),
        ];
        let nothing = parts.iter().all(Result::is_err);
        self.complaints = parts.into_iter().filter_map(Result::err).collect();
        if nothing {
            return Err(self.complaints.join("; "));
        }
        info(texts, &mut out);
        Ok(out.samples)
    }

    /// What was wrong with single files at the last reading.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn cpu(&mut self, text: &str, out: &mut Out) -> Result<(), String> {
        let counters = Counters::parse(text).ok_or_else(|| strange("stat"))?;
        let shares = self.rates.take(&counters);
        if let Some(share) = shares.whole {
            out.add("host_cpu_percent", Unit::Percent, share);
        }
        for (number, share) in shares.cores {
            let labels = vec![("cpu".to_owned(), number.to_string())];
            out.add_labelled("host_cpu_percent", labels, Unit::Percent, share);
        }
        Ok(())
    }
}

fn text(read: &Result<String, String>) -> Result<&str, String> {
    read.as_deref().map_err(Clone::clone)
}

/// The words of `procfs` are for its own authors.
fn strange(file: &str) -> String {
    format!("/proc/{file} does not look as expected")
}

fn load(text: &str, out: &mut Out) -> Result<(), String> {
    let load = LoadAverage::from_read(text.as_bytes()).map_err(|_| strange("loadavg"))?;
    out.add("host_load1", Unit::None, hundredths(load.one));
    out.add("host_load5", Unit::None, hundredths(load.five));
    out.add("host_load15", Unit::None, hundredths(load.fifteen));
    Ok(())
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
    let uptime = Uptime::from_read(text.as_bytes()).map_err(|_| strange("uptime"))?;
    out.add("host_uptime_seconds", Unit::Seconds, uptime.uptime);
    Ok(())
}

/// The names of machine and kernel, as labels of a constant.
fn info(texts: &Texts, out: &mut Out) {
    let mut labels = Vec::new();
    for (name, text) in [("hostname", &texts.hostname), ("kernel", &texts.kernel)] {
        if let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            labels.push((name.to_owned(), bounded(text)));
        }
    }
    if !labels.is_empty() {
        out.add_labelled("host_info", labels, Unit::None, 1.0);
    }
}

/// Cut at a character so that a series label may hold it.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(limits::SERIES_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// The kernel writes two decimals; a single-precision number drags a tail of others behind it.
fn hundredths(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

// === impl Memory ===

impl Memory {
    fn parse(meminfo: &str) -> Option<Memory> {
        let mut text = String::with_capacity(1024);
        text.push_str(MEMINFO_LINES);
        for line in meminfo.lines() {
            if MEMINFO_READ.iter().any(|name| line.starts_with(name)) {
                text.push_str(line);
                text.push('\n');
            }
        }
        let info = Meminfo::from_buf_read(text.as_bytes()).ok()?;
        // Kernels before 3.14 and some containers do not estimate what is available.
        let estimate = [info.buffers, info.cached, info.s_reclaimable.unwrap_or(0)]
            .iter()
            .fold(info.mem_free, |sum, part| sum.saturating_add(*part));
        Some(Memory {
            total: info.mem_total,
            available: info.mem_available.unwrap_or(estimate).min(info.mem_total),
            swap_total: info.swap_total,
            swap_used: info.swap_total.saturating_sub(info.swap_free),
        })
    }
}

/// Samples of one reading.
struct Out {
    at: Wall,
    samples: Vec<Sample>,
}

// === impl Out ===

impl Out {
    fn add(&mut self, name: &str, unit: Unit, value: f64) {
        self.add_labelled(name, Vec::new(), unit, value);
    }

    fn add_labelled(&mut self, name: &str, labels: Vec<(String, String)>, unit: Unit, value: f64) {
        let key = SeriesKey { name: name.to_owned(), labels };
        self.samples.push(Sample { key, kind: Kind::Gauge, unit, at: self.at, value });
    }
}

#[cfg(test)]
mod tests;
