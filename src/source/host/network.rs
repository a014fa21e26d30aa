//! What goes over the network, from the counters of `/proc/net`.
//!
//! Invariant: what goes round within the machine is not counted as the machine's traffic.

use super::meter::{Counts, Meter};
use super::out::{self, Out};
use crate::base::{Mono, limits};
use crate::model::Unit;

/// Turns counters into rates.
#[derive(Clone, Debug)]
pub struct Network {
    interfaces: Meter<COUNTERS>,
    retransmits: Meter<1>,
    listen_drops: Meter<1>,
}

/// Bytes, packets, errors and drops, received and sent.
const COUNTERS: usize = 8;
/// Where they stand after the name of the interface.
const FIELDS: [usize; COUNTERS] = [0, 1, 2, 3, 8, 9, 10, 11];
const SERIES: [(&str, Unit); COUNTERS] = [
    ("host_network_receive_bytes_per_second", Unit::BytesPerSecond),
    ("host_network_receive_packets_per_second", Unit::None),
    ("host_network_receive_errors_per_second", Unit::None),
    ("host_network_receive_drops_per_second", Unit::None),
    ("host_network_transmit_bytes_per_second", Unit::BytesPerSecond),
    ("host_network_transmit_packets_per_second", Unit::None),
    ("host_network_transmit_errors_per_second", Unit::None),
    ("host_network_transmit_drops_per_second", Unit::None),
];
const RECEIVED_BYTES: usize = 0;
const SENT_BYTES: usize = 4;

/// Interfaces whose traffic goes over another one too, or never leaves the machine. Names are all `/proc` tells.
const VIRTUAL: [&str; 20] = [
    "veth", "docker", "br-", "br", "virbr", "vnet", "tap", "tun", "wg", "bond", "team", "dummy", "ifb", "cni", "cali",
    "flannel", "cilium", "lxc", "lxd", "podman",
];

// === impl Network ===

impl Network {
    pub fn new() -> Network {
        let (interfaces, single) = (Meter::new([false; COUNTERS]), Meter::new([false]));
        Network { interfaces, retransmits: single.clone(), listen_drops: single }
    }

    /// Puts what went over interfaces since the reading before; none when the text is no `/proc/net/dev`.
    pub fn interfaces(&mut self, text: &str, now: Mono, out: &mut Out) -> Option<()> {
        let Some(growth) = self.interfaces.take(parse(text)?, now) else { return Some(()) };
        let (mut received, mut sent) = (0.0, 0.0);
        for (name, counts) in &growth.of {
            let rates = counts.map(|count| count as f64 / growth.seconds);
            if !is_virtual(name) {
                received += rates[RECEIVED_BYTES];
                sent += rates[SENT_BYTES];
            }
            for ((series, unit), rate) in SERIES.into_iter().zip(rates) {
                out.add_of(series, ("interface", name), unit, rate);
            }
        }
        if !growth.of.is_empty() {
            out.add(SERIES[RECEIVED_BYTES].0, Unit::BytesPerSecond, received);
            out.add(SERIES[SENT_BYTES].0, Unit::BytesPerSecond, sent);
        }
        Some(())
    }

    /// Puts what `/proc/net/snmp` says of TCP; none when the text says nothing of it.
    pub fn tcp(&mut self, snmp: &str, now: Mono, out: &mut Out) -> Option<()> {
        let established = field(snmp, "Tcp:", "CurrEstab")?;
        out.add("host_tcp_established", Unit::None, established as f64);
        let retransmits = field(snmp, "Tcp:", "RetransSegs")?;
        rate(&mut self.retransmits, retransmits, now, "host_tcp_retransmits_per_second", out);
        Some(())
    }

    /// Puts what `/proc/net/netstat` adds to it.
    pub fn tcp_more(&mut self, netstat: &str, now: Mono, out: &mut Out) -> Option<()> {
        let drops = field(netstat, "TcpExt:", "ListenDrops")?;
        rate(&mut self.listen_drops, drops, now, "host_tcp_listen_drops_per_second", out);
        Some(())
    }
}

fn rate(meter: &mut Meter<1>, count: u64, now: Mono, series: &str, out: &mut Out) {
    if let Some(growth) = meter.take(Counts::from([(String::new(), [count])]), now) {
        growth.of.values().for_each(|[grown]| out.add(series, Unit::None, *grown as f64 / growth.seconds));
    }
}

/// Counters of the interfaces that have ever carried anything; those that lead outside first, where there are many.
fn parse(text: &str) -> Option<Counts<COUNTERS>> {
    let mut found: Vec<(String, [u64; COUNTERS])> = Vec::new();
    let mut is_one = false;
    for line in text.lines() {
        // No number holds a colon, but the name of an alias does.
        let Some((name, numbers)) = line.rsplit_once(':') else { continue };
        let fields: Vec<&str> = numbers.split_ascii_whitespace().take(FIELDS[COUNTERS - 1] + 1).collect();
        let mut counts = [0; COUNTERS];
        let read = |(count, field): (&mut u64, usize)| {
            *count = fields.get(field)?.parse().ok()?;
            Some(())
        };
        if !counts.iter_mut().zip(FIELDS).map(read).all(|read| read.is_some()) {
            continue;
        }
        is_one = true;
        let mut name = name.trim().to_owned();
        out::bound(&mut name);
        if name != "lo" && !name.is_empty() && counts.iter().any(|count| *count > 0) {
            found.push((name, counts));
        }
    }
    found.sort_by_key(|(name, _)| is_virtual(name));
    is_one.then(|| found.into_iter().take(limits::HOST_INTERFACES_MAX).collect())
}

/// `br0` is a bridge, `brother` is not; a dot separates a network from the one it is a part of.
fn is_virtual(name: &str) -> bool {
    let is_one_of = |prefix: &&str| {
        let rest = name.strip_prefix(*prefix);
        rest.is_some_and(|rest| *prefix != "br" || rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    name.contains('.') || VIRTUAL.iter().any(is_one_of)
}

/// A number out of two lines of a protocol: its names, then its values.
fn field(text: &str, protocol: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(protocol));
    let place = lines.next()?.split_ascii_whitespace().position(|other| other == name)?;
    lines.next()?.split_ascii_whitespace().nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests;
