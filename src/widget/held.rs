//! Samples that hold: which bins of a time scale a sample speaks for.
//!
//! Invariant: a sample speaks for its own bin and for those after it until the next one comes, but no longer than a gap
//! lasts; a bin that no sample speaks for is a gap.

use std::ops::Range;

use super::TimeScale;
use crate::base::Wall;

/// Calls `put` with the bins of each sample: its own with `false`, and those it holds for with `true`. Samples come in
/// the order of time; one that is older than the one before is left out.
pub(super) fn hold<T: Copy>(
    scale: &TimeScale,
    samples: impl Iterator<Item = (Wall, T)>,
    gap_ms: u64,
    mut put: impl FnMut(Range<usize>, T, bool),
) {
    let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
    let (from, bins) = (scale.from(), scale.bins());
    // How many bins have begun at a moment.
    let begun = |at: Wall| match scale.bin(at) {
        Some(bin) => bin + 1,
        None if at < from => 0,
        None => bins,
    };
    // Never ends before it starts: two samples may share a bin.
    let held = |at: Wall, end: usize| {
        let start = begun(at);
        start..begun(Wall(at.0.saturating_add(gap_ms).saturating_sub(1))).min(end).max(start)
    };
    let mut before: Option<(Wall, T)> = None;
    for (at, value) in samples {
        if before.is_some_and(|(then, _)| at < then) {
            continue;
        }
        let bin = scale.bin(at);
        if let Some((then, value)) = before {
            put(held(then, bin.unwrap_or_else(|| begun(at))), value, true);
        }
        if let Some(bin) = bin {
            put(bin..bin + 1, value, false);
        }
        before = Some((at, value));
    }
    if let Some((then, value)) = before {
        put(held(then, bins), value, true);
    }
}
