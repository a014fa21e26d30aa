//! `unblink worker`, the hidden verb: started by root, never by hand.

use super::args::Worker;
use super::failure::Failure;
use crate::runtime::log;
use crate::worker::{Options, process};

/// As `top` shows it; the kernel keeps 15 bytes.
const NAME: &str = "unblink-worker";

pub fn run(worker: &Worker) -> Result<(), Failure> {
    // Started as /proc/self/exe, it would be called `exe` in every list of processes. A name is not worth a failure.
    let _ = std::fs::write("/proc/self/comm", NAME);
    log::to_stderr(worker.log.filter());
    process::main(Options { faults: worker.faults, ..Options::default() }).map_err(Failure::runtime)
}
