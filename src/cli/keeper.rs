//! `unblink keeper`, the hidden verb: started by a worker for each run of a command, never by hand.

use super::args::Keeper;
use super::failure::Failure;
use crate::sys::keeper;

/// As `top` shows it; the kernel keeps 15 bytes.
const NAME: &str = "unblink-keeper";

pub fn run(asked: &Keeper) -> Result<(), Failure> {
    // A name is not worth a failure.
    let _ = std::fs::write("/proc/self/comm", NAME);
    keeper::keep(&asked.directory, &asked.argv).map_err(Failure::runtime)
}
