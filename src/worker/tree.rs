//! What of a worker runs, for root's status.

use crate::base::limits;
use crate::runtime;
use crate::sys::clock;
use crate::wire::feed::TreeRow;

/// As many rows as a status may have: the first ones, which are the worker's own parts.
pub fn rows() -> Vec<TreeRow> {
    let now = clock::mono();
    let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let row = |(depth, row): (usize, runtime::Row)| TreeRow {
        depth: u8::try_from(depth).unwrap_or(u8::MAX),
        name: row.name,
        kind: row.kind.word().to_owned(),
        state: row.state,
        uptime_ms: row.since.map(|since| ms(now.since(since))),
        restarts: row.restarts,
        last_fault: row.last_fault.unwrap_or_default(),
        next_retry_ms: row.next_retry.map(|at| ms(at.since(now))),
    };
    runtime::tree().into_iter().take(limits::TREE_ROWS_MAX).map(row).collect()
}
