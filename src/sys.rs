//! The edge to the kernel: clocks, randomness, processes, terminals, sockets, signals.
//!
//! Invariant: the only place with `unsafe`, the only one that reads a clock or draws random numbers. It knows
//! nothing of charts, sessions or protocols and decides nothing: it does what it is asked and says what came of it.

pub mod activity;
pub mod clock;
pub mod command;
pub mod fd;
pub mod frames;
pub mod host;
pub mod keeper;
pub mod marker;
pub mod memory_file;
pub mod process;
pub mod pty;
pub mod random;
pub mod signal;
pub mod socket;
pub mod symbols;
pub mod tty;
pub mod usage;
pub mod watch;
