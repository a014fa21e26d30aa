//! Every decision the program makes over time, as pure steps: `step(now, event) -> actions`.
//!
//! Invariant: no I/O, no clock, no randomness; what a step needs is handed in, so months can be tried in a moment.

pub mod backfill;
pub mod backoff;
pub mod breaker;
pub mod confinement;
pub mod cutter;
pub mod device;
pub mod heartbeat;
pub mod incarnation;
pub mod input;
pub mod ledger;
pub mod liveness;
pub mod pace;
pub mod quarantine;
pub mod quota;
pub mod reconnect;
pub mod recycle;
pub mod reload;
pub mod resize;
pub mod service;
pub mod session;
pub mod standby;
pub mod supervise;
pub mod tail;
pub mod window;
