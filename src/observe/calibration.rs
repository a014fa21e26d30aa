//! The clock of the library that writes the page. On most machines it is calibrated when it is first needed, which keeps a
//! processor busy for between five and two hundred milliseconds: for as long nobody could be shown anything.
//!
//! Invariant: it is calibrated once in a process, by whoever needs it first; who needs it meanwhile waits.

use std::sync::atomic::{AtomicBool, Ordering};

use metrics_exporter_prometheus::PrometheusBuilder;

static IS_DONE: AtomicBool = AtomicBool::new(false);

/// Calibrates it, on a thread that nobody waits for.
pub fn calibrate() {
    drop(PrometheusBuilder::new().build_recorder());
    IS_DONE.store(true, Ordering::Release);
}

pub(super) fn is_done() -> bool {
    IS_DONE.load(Ordering::Acquire)
}
