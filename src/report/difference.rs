//! How two profiles differ: for each stack what it took before and what it takes now, in the form that differential flame
//! graphs are made of.
//!
//! Invariant: the earlier one is scaled to the time and the rate of the later one, process by process as far as each was
//! looked at, so that equal work is no difference. A stack that is in neither is in no line.

use std::collections::BTreeMap;

use crate::model::Profile;

/// By the outermost call, which is the process, how many milliseconds it was not looked at.
pub type Gaps = BTreeMap<String, u64>;

/// A line for each stack: its calls, the scaled count of `base`, the count of `profile`, which has those gaps.
pub fn lines(profile: &Profile, base: &Profile, gaps: &Gaps) -> Vec<String> {
    let other = chances(base, base.gap_ms).max(1);
    let scaled = |line: &str, count: u64| {
        let process = line.split(';').next().unwrap_or_default();
        let own = chances(profile, gaps.get(process).copied().unwrap_or(profile.gap_ms));
        u128::from(count).saturating_mul(own).saturating_add(other / 2) / other
    };
    let mut stacks: BTreeMap<String, (u128, u64)> = BTreeMap::new();
    for (line, count) in base.folded() {
        let scaled = scaled(&line, count);
        stacks.entry(line).or_default().0 = scaled;
    }
    for (line, count) in profile.folded() {
        stacks.entry(line).or_default().1 = count;
    }
    stacks.into_iter().map(|(line, (before, now))| format!("{line} {before} {now}")).collect()
}

/// How many samples one busy processor would have given.
fn chances(profile: &Profile, gap_ms: u64) -> u128 {
    u128::from(profile.span_ms.saturating_sub(gap_ms)) * u128::from(profile.hz)
}
