//! The runtime: spawning tasks and threads under a name, supervisors, timers, and the tree of all that runs.
//!
//! Invariant: nothing runs without a name and a row in the tree. Knows no charts and decides no restarts.

pub mod context;
pub mod credentials;
pub mod fault;
pub mod log;
pub mod mishap;
pub mod profiling;
pub mod registry;
pub mod supervisor;
mod task;
pub mod timer;

use std::future::Future;
use std::io;

pub use registry::{Kind, NodeId, Registration, Row, register, register_under, running, say_state, tree};
pub use task::{Ended, Task, Thread, as_task, hold, spawn, spawn_thread, spawn_thread_with_stack, spawn_under};

/// The runtime of every process here: one thread, which is the main thread, so that no lock is needed.
pub fn build() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(build()?.block_on(future))
}
