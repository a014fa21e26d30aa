//! The edge to the kernel: clocks, randomness, processes, terminals, sockets, signals.
//!
//! Invariant: the only place with `unsafe`, the only one that reads a clock or draws random numbers. It knows
//! nothing of charts, sessions or protocols and decides nothing: it does what it is asked and says what came of it.

pub mod activity;
pub mod ancestry;
pub mod cgroup;
pub mod clock;
pub mod command;
pub mod confined;
pub mod fd;
pub mod folder_lock;
pub mod frames;
pub mod handed;
mod handler;
pub mod handover;
pub mod heap;
pub mod host;
pub mod identity;
pub mod keeper;
pub mod kept;
pub mod lookout;
pub mod marker;
pub mod memory_file;
pub mod notify;
pub mod process;
pub mod profiler;
pub mod pty;
pub mod quiet;
pub mod random;
pub mod recorder;
pub mod scarce;
pub mod signal;
pub mod socket;
mod stack;
pub mod stacks;
pub mod sweep;
pub mod symbols;
#[cfg(test)]
pub mod testing;
pub mod tty;
pub mod undisturbed;
pub mod usage;
pub mod watch;
