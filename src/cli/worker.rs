//! `unblink worker`, the hidden verb: started by root, never by hand.

use super::args::Worker;
use super::failure::Failure;
use crate::runtime::{log, profiling};
use crate::worker::{Options, process};

pub fn run(worker: &Worker) -> Result<(), Failure> {
    // Old files are taken away by root alone.
    let files = worker.log_files.clone().map(|folder| log::Files { folder, keep: None });
    log::start(log::Plan {
        level: worker.log.filter(),
        stderr: worker.log_stderr.0,
        files,
        journal: worker.log_journal,
    });
    if worker.record {
        profiling::start();
    }
    let options = Options { faults: worker.faults, ..Options::default() };
    process::main(options, worker.spare, worker.joins).map_err(Failure::runtime)
}
