//! The clock of the library that writes the page. Where the processor has a counter that it can use, that is calibrated when the
//! library is first used, which keeps a processor busy for some milliseconds, and 200 at most (`MAXIMUM_CAL_TIME_NS` of quanta 0.12,
//! its clock): on root's own thread nobody could be shown anything meanwhile.
//!
//! Invariant: it is calibrated once in a process, by whoever needs it first; who needs it meanwhile waits.

use std::sync::atomic::{AtomicBool, Ordering};

use metrics_exporter_prometheus::PrometheusBuilder;

static IS_DONE: AtomicBool = AtomicBool::new(false);

/// Calibrates it, which takes as long as is said above: to be called on a thread that has nothing else to do.
pub fn calibrate() {
    drop(PrometheusBuilder::new().build_recorder());
    IS_DONE.store(true, Ordering::Release);
}

pub(super) fn is_done() -> bool {
    IS_DONE.load(Ordering::Acquire)
}
