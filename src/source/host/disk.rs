//! What disks do, from the counters of `/proc/diskstats`.
//!
//! Invariant: only whole devices are told of, each once: no partitions, and nothing that lies in memory or in a file.

use super::meter::{Counts, Meter};
use super::out::Out;
use crate::base::{Mono, limits};
use crate::model::Unit;

/// Turns counters into rates.
#[derive(Clone, Debug)]
pub struct Disks {
    meter: Meter<COUNTERS>,
}

/// Reads, sectors and milliseconds of them, the same of writes, milliseconds in which anything was under way.
const COUNTERS: usize = 7;
/// Where they stand after the name; see the kernel's Documentation/admin-guide/iostats.rst.
const FIELDS: [usize; COUNTERS] = [0, 2, 3, 4, 6, 7, 9];
/// The kernel prints milliseconds as 32 bits: they start over after 50 days.
const NARROW: [bool; COUNTERS] = [false, false, true, false, false, true, true];
/// Whatever the device says of its own.
const SECTOR_BYTES: f64 = 512.0;

/// In memory, in a file, or a tray that is mostly empty.
const LEFT_OUT: [&str; 5] = ["loop", "ram", "zram", "sr", "fd"];
/// Made of other devices: their work is counted there already.
const STACKED: [&str; 4] = ["dm-", "md", "bcache", "drbd"];

// === impl Disks ===

impl Disks {
    pub fn new() -> Disks {
        Disks { meter: Meter::new(NARROW) }
    }

    /// Puts what happened since the reading before; none when the text is no `/proc/diskstats`.
    pub fn take(&mut self, text: &str, now: Mono, out: &mut Out) -> Option<()> {
        let Some(growth) = self.meter.take(parse(text)?, now) else { return Some(()) };
        let per_second = |count: u64| count as f64 / growth.seconds;
        // Of all disks together; a sum of a hostile file's numbers need not fit.
        let mut all = [0_u64; COUNTERS];
        for (name, counts) in &growth.of {
            if !STACKED.iter().any(|stacked| name.starts_with(stacked)) {
                all = std::array::from_fn(|index| all[index].saturating_add(counts[index]));
            }
            let [reads, _, _, writes, _, _, busy_ms] = *counts;
            let labels = || vec![("disk".to_owned(), name.clone())];
            tell(*counts, growth.seconds, &labels, out);
            let mut add = |series: &str, unit: Unit, value: f64| out.add_labelled(series, labels(), unit, value);
            add("host_disk_reads_per_second", Unit::None, per_second(reads));
            add("host_disk_writes_per_second", Unit::None, per_second(writes));
            add("host_disk_busy_percent", Unit::Percent, (per_second(busy_ms) / 1_000.0 * 100.0).min(100.0));
        }
        if !growth.of.is_empty() {
            tell(all, growth.seconds, &Vec::new, out);
        }
        Some(())
    }
}

/// What is told of each disk, and of all of them.
fn tell(counts: [u64; COUNTERS], seconds: f64, labels: &dyn Fn() -> Vec<(String, String)>, out: &mut Out) {
    let [reads, read_sectors, read_ms, writes, written_sectors, write_ms, _] = counts;
    let bytes_per_second = |sectors: u64| sectors as f64 * SECTOR_BYTES / seconds;
    let mut add = |series: &str, unit: Unit, value: f64| out.add_labelled(series, labels(), unit, value);
    add("host_disk_read_bytes_per_second", Unit::BytesPerSecond, bytes_per_second(read_sectors));
    add("host_disk_write_bytes_per_second", Unit::BytesPerSecond, bytes_per_second(written_sectors));
    add("host_disk_read_latency_seconds", Unit::Seconds, mean_seconds(read_ms, reads));
    add("host_disk_write_latency_seconds", Unit::Seconds, mean_seconds(write_ms, writes));
}

/// The time one operation took; 0 where there was none, as iostat(1) has it.
fn mean_seconds(millis: u64, operations: u64) -> f64 {
    if operations == 0 { 0.0 } else { millis as f64 / operations as f64 / 1_000.0 }
}

/// Counters of the whole devices that have ever done anything.
fn parse(text: &str) -> Option<Counts<COUNTERS>> {
    let mut found: Vec<(&str, [u64; COUNTERS])> = Vec::new();
    let mut is_one = text.trim().is_empty();
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let Some(name) = fields.next() else { continue };
        let fields: Vec<&str> = fields.take(FIELDS[COUNTERS - 1] + 1).collect();
        let mut counts = [0; COUNTERS];
        let read = |(count, field): (&mut u64, usize)| {
            *count = fields.get(field)?.parse().ok()?;
            Some(())
        };
        if counts.iter_mut().zip(FIELDS).map(read).all(|read| read.is_some()) {
            is_one = true;
            found.push((name, counts));
        }
    }
    let names: std::collections::BTreeSet<&str> = found.iter().map(|(name, _)| *name).collect();
    let is_shown = |(name, counts): &(&str, [u64; COUNTERS])| {
        let left_out = LEFT_OUT.iter().any(|prefix| is_numbered(name, prefix));
        !left_out && counts.iter().any(|count| *count > 0) && !is_partition(name, |whole| names.contains(whole))
    };
    let shown = found.iter().filter(|one| is_shown(one)).take(limits::HOST_DISKS_MAX);
    is_one.then(|| shown.map(|(name, counts)| ((*name).to_owned(), *counts)).collect())
}

fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// Whether a device is a part of one that is listed too: `sda1` of `sda`, `nvme0n1p1` of `nvme0n1`.
fn is_partition(name: &str, is_listed: impl Fn(&str) -> bool) -> bool {
    let stem = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
    if stem.len() == name.len() {
        return false;
    }
    // A name that ends in a digit has a `p` between it and the number of its part.
    let ends_in_digit = |whole: &str| whole.ends_with(|last: char| last.is_ascii_digit());
    let whole = stem.strip_suffix('p').filter(|whole| ends_in_digit(whole)).unwrap_or(stem);
    is_listed(whole)
}

#[cfg(test)]
mod tests;
