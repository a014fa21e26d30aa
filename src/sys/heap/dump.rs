//! jemalloc's own form of what is held (`heap_v2`): a line with the calls, lines with how much of it.
//!
//! Invariant: any bytes become what is held, or an error; no more calls are kept of one way than `limits::HEAP_CALLS_MAX`, and
//! what is cut off is counted.

use rustc_hash::FxHashMap;

use crate::base::limits;

/// At one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// One byte in so many was noted.
    pub every: u64,
    pub ways: Vec<Way>,
    /// Ways that were not understood, or cut off.
    pub left_out: u64,
}

/// What is held by one way of calls. It was noted here and there, and this is what it stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Where each call returns to, the innermost first.
    pub calls: Vec<usize>,
    pub things: u64,
    pub bytes: u64,
}

const HEAD: &str = "heap_v2/";
/// Begins the line of a way.
const WAY: &str = "@";
/// Begins the line with what all threads hold by it.
const ALL: &str = "t*:";
/// Begins what is of no use here: where files lie in memory.
const TAIL: &str = "MAPPED_LIBRARIES:";

// === impl Held ===

impl Held {
    pub fn parse(text: &[u8]) -> Result<Held, &'static str> {
        let mut lines = text.split(|byte| *byte == b'\n').map(|line| str::from_utf8(line).unwrap_or_default().trim());
        let every = lines.next().and_then(|line| line.strip_prefix(HEAD)?.parse().ok());
        let every = every.filter(|every| (1..=limits::HEAP_EVERY_MAX).contains(every));
        let every = every.ok_or("it writes a form that is not known here")?;
        let mut held = Held { every, ..Held::default() };
        let mut calls = None;
        let mut is_whole = false;
        for line in lines {
            if line == TAIL {
                is_whole = true;
                break;
            }
            if let Some(rest) = line.strip_prefix(WAY) {
                held.left_out += u64::from(calls.is_some());
                calls = Some(addresses(rest));
            } else if let Some(counts) = line.strip_prefix(ALL)
                // Before the first way it tells of all of them together.
                && let Some(addresses) = calls.take()
            {
                match addresses.zip(numbers(counts)) {
                    Some((calls, (things, bytes))) => held.ways.extend(way(calls, things, bytes, every)),
                    None => held.left_out += 1,
                }
            }
        }
        // Also what was cut off behind it: one at least.
        held.left_out += u64::from(calls.is_some() || (!is_whole && text.len() >= limits::HEAP_DUMP_BYTES_MAX));
        Ok(held)
    }

    /// What more is held than before, and how many bytes fewer are held by other ways together.
    pub fn grown_since(self, before: Held) -> (Held, u64) {
        let Held { every, ways, left_out } = self;
        let mut earlier: FxHashMap<Vec<usize>, (u64, u64)> = FxHashMap::default();
        for way in before.ways {
            let held = earlier.entry(way.calls).or_default();
            *held = (held.0.saturating_add(way.things), held.1.saturating_add(way.bytes));
        }
        let mut given_back: u64 = 0;
        let mut grown = Vec::new();
        for way in ways {
            let (things, bytes) = earlier.remove(&way.calls).unwrap_or_default();
            given_back = given_back.saturating_add(bytes.saturating_sub(way.bytes));
            if way.bytes > bytes {
                let (things, bytes) = (way.things.saturating_sub(things), way.bytes - bytes);
                grown.push(Way { things, bytes, ..way });
            }
        }
        given_back = earlier.values().fold(given_back, |sum, (_, bytes)| sum.saturating_add(*bytes));
        (Held { every, ways: grown, left_out: left_out.max(before.left_out) }, given_back)
    }
}

/// Such as ` 0x55d0 0x55d1`.
fn addresses(text: &str) -> Option<Vec<usize>> {
    let address = |word: &str| usize::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    text.split_ascii_whitespace().take(limits::HEAP_CALLS_MAX).map(address).collect()
}

/// Such as ` 2: 1024 [0: 0]`: what was noted of what is held, and what we do not have it count.
fn numbers(text: &str) -> Option<(u64, u64)> {
    let (things, rest) = text.split_once(':')?;
    let (bytes, _) = rest.split_once('[')?;
    Some((things.trim().parse().ok()?, bytes.trim().parse().ok()?))
}

/// Large things are noted more often than small ones: jemalloc's manual has whoever reads its form divide by the chance that a
/// thing of the mean size was noted (`AdjustSamples` in jeprof), and tells numbers with which that comes out right
/// (`prof_do_unbias` in its prof_data.c).
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an estimate has no use for the last of 53 bits, and a number that is too large becomes the largest"
)]
fn way(calls: Vec<usize>, things: u64, bytes: u64, every: u64) -> Option<Way> {
    if things == 0 || bytes == 0 {
        return None;
    }
    let chance = -(-(bytes as f64 / things as f64 / every as f64)).exp_m1();
    let whole = |number: u64| ((number as f64 / chance).round() as u64).min(limits::HEAP_BYTES_MAX);
    Some(Way { calls, things: whole(things).min(whole(bytes)), bytes: whole(bytes) })
}

#[cfg(test)]
mod tests;
