//! Which columns of a table there is room for, and where they stand.
//!
//! Invariant: columns never overlap and never reach past the width; at least one is shown where there is a cell.

use super::{PlannedColumn, TablePlan, Width};

/// A column that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Which of the plan's columns this is.
    pub index: usize,
    pub x: u16,
    pub width: u16,
}

/// Columns between two columns.
const GAP: u16 = 2;
/// A column that shares the rest is not made narrower than this, unless its texts are.
const RATIO_MIN: u16 = 8;

/// Places the columns, from left to right.
pub(super) fn place(plan: &TablePlan, width: u16) -> Vec<Slot> {
    let columns = &plan.columns;
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    while shown.len() > 1 && needed(columns, &shown) > u32::from(width) {
        // The last of those with the lowest priority; `min_by_key` takes the first, so look from the right.
        let Some(least) = (0..shown.len()).rev().min_by_key(|at| columns[shown[*at]].column.priority) else { break };
        shown.remove(least);
    }
    let mut widths: Vec<u16> = shown.iter().map(|index| least(&columns[*index]).min(width)).collect();
    let mut free = u16::try_from(u32::from(width).saturating_sub(needed(columns, &shown))).unwrap_or(0);
    free = widen(columns, &shown, &mut widths, free);
    share(columns, &shown, &mut widths, free);
    let mut x = 0;
    let slot = |(index, width)| {
        let slot = Slot { index, x, width };
        x += width + GAP;
        slot
    };
    shown.into_iter().zip(widths).map(slot).collect()
}

fn least(column: &PlannedColumn) -> u16 {
    match column.column.width {
        Width::Fixed(columns) => columns,
        Width::Min(columns) => columns.max(column.numbers),
        Width::Ratio(_) => RATIO_MIN.min(column.widest).max(column.numbers),
    }
}

fn needed(columns: &[PlannedColumn], shown: &[usize]) -> u32 {
    let gaps = u32::from(GAP) * shown.len().saturating_sub(1) as u32;
    shown.iter().map(|index| u32::from(least(&columns[*index]))).sum::<u32>() + gaps
}

/// Gives columns the room their texts ask for; those that ask for little get it all before others get much. Returns
/// what is left.
fn widen(columns: &[PlannedColumn], shown: &[usize], widths: &mut [u16], free: u16) -> u16 {
    let mut wants: Vec<(u16, usize)> = shown
        .iter()
        .enumerate()
        .filter(|(_, index)| matches!(columns[**index].column.width, Width::Min(_)))
        .map(|(at, index)| (columns[*index].widest.saturating_sub(widths[at]), at))
        .collect();
    wants.sort_unstable();
    let mut free = free;
    let count = wants.len();
    for (done, (want, at)) in wants.into_iter().enumerate() {
        let given = want.min(free / (count - done) as u16);
        widths[at] += given;
        free -= given;
    }
    free
}

/// Shares the rest among the columns that ask for parts of it.
fn share(columns: &[PlannedColumn], shown: &[usize], widths: &mut [u16], free: u16) {
    let parts = |index: usize| match columns[index].column.width {
        Width::Ratio(parts) => u32::from(parts),
        _ => 0,
    };
    let mut parts_left: u32 = shown.iter().map(|index| parts(*index)).sum();
    let mut free = u32::from(free);
    for (at, index) in shown.iter().enumerate() {
        let own = parts(*index);
        if own > 0 {
            let given = free * own / parts_left;
            widths[at] += given as u16;
            free -= given;
            parts_left -= own;
        }
    }
}
