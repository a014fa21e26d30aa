//! The real program on real terminals, sockets and processes: what a person at a screen would see.
//!
//! Invariant: every test lives in a folder of its own, waits for what it wants to see rather than for time to pass,
//! and leaves no process behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

#[path = "e2e/asking.rs"]
mod asking;
#[path = "e2e/backup.rs"]
mod backup;
#[path = "e2e/bundle.rs"]
mod bundle;
#[path = "e2e/captures.rs"]
mod captures;
#[path = "e2e/chaos.rs"]
mod chaos;
#[path = "e2e/daemon.rs"]
mod daemon;
#[path = "e2e/home.rs"]
mod home;
#[path = "e2e/process.rs"]
mod process;
#[path = "e2e/terminal.rs"]
mod terminal;
#[path = "e2e/text.rs"]
mod text;

#[path = "e2e/attaching.rs"]
mod attaching;
#[cfg(feature = "sql")]
#[path = "e2e/charts.rs"]
mod charts;
#[path = "e2e/demo.rs"]
mod demo;
#[path = "e2e/descendants.rs"]
mod descendants;
#[path = "e2e/destinations.rs"]
mod destinations;
#[path = "e2e/devices.rs"]
mod devices;
#[path = "e2e/doctor.rs"]
mod doctor;
#[path = "e2e/draining.rs"]
mod draining;
#[path = "e2e/faults.rs"]
mod faults;
#[path = "e2e/harness.rs"]
mod harness;
#[path = "e2e/heap.rs"]
mod heap;
#[path = "e2e/heirs.rs"]
mod heirs;
#[path = "e2e/holdings.rs"]
mod holdings;
#[path = "e2e/inline.rs"]
mod inline;
#[path = "e2e/leftovers.rs"]
mod leftovers;
#[path = "e2e/limits.rs"]
mod limits;
#[path = "e2e/logging.rs"]
mod logging;
#[path = "e2e/losses.rs"]
mod losses;
#[path = "e2e/metrics.rs"]
mod metrics;
#[path = "e2e/pointing.rs"]
mod pointing;
#[path = "e2e/port.rs"]
mod port;
#[path = "e2e/profile.rs"]
mod profile;
#[path = "e2e/prometheus.rs"]
mod prometheus;
#[path = "e2e/pushing.rs"]
mod pushing;
#[path = "e2e/reloading.rs"]
mod reloading;
#[path = "e2e/remains.rs"]
mod remains;
#[path = "e2e/returning.rs"]
mod returning;
#[path = "e2e/sizes.rs"]
mod sizes;
#[path = "e2e/sockets.rs"]
mod sockets;
#[path = "e2e/sources.rs"]
mod sources;
#[path = "e2e/spare.rs"]
mod spare;
#[path = "e2e/tenants.rs"]
mod tenants;
#[path = "e2e/tree.rs"]
mod tree;

use std::time::Duration;

/// How long anything is waited for before a test gives up: far more than it takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
