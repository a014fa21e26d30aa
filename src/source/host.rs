//! This machine, read from `/proc` and `/sys`: processors, memory, disks, network, pressure, temperatures, processes.
//!
//! Invariant: a part that is missing or strange (containers, old kernels) costs its own series only; the source fails
//! when nothing could be read. Rates are made here, because the kernel counts since boot. Of processes only names are
//! told, and only while somebody watches.

pub mod cpu;
mod disk;
mod frequency;
mod machine;
mod meter;
mod network;
mod out;
mod pressure;
pub mod processes;
mod reading;
mod space;
mod temperature;

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::asking::Rhythm;
use super::{Line, Reading, Update};
use crate::base::{Wall, limits};
use crate::event::{Event, SourceIncomplete};
use crate::machine::breaker::{self, Breaker};
use crate::model::Dataset;
use crate::sys::clock;
use machine::Machine;
use reading::Digest;

pub use machine::Roots;

/// Name of this source.
pub const NAME: &str = "host";

/// Until the second reading, which gives the first processor shares: a dozen ticks of a 100 Hz counter.
const WARM_UP: Duration = Duration::from_millis(150);

/// What cannot be read, or panics, is looked at less often, but soon enough for a machine that recovers.
const PATIENCE: breaker::Config =
    breaker::Config { failures_max: 3, pause_first: Duration::from_secs(2), pause_max: Duration::from_secs(30) };

/// Series whose labels name what comes and goes: without a bound, months of it would fill a tenant.
const CHANGING: [&str; 19] = [
    "host_disk_read_bytes_per_second",
    "host_disk_write_bytes_per_second",
    "host_disk_reads_per_second",
    "host_disk_writes_per_second",
    "host_disk_read_latency_seconds",
    "host_disk_write_latency_seconds",
    "host_disk_busy_percent",
    "host_filesystem_total_bytes",
    "host_filesystem_used_bytes",
    "host_filesystem_used_percent",
    "host_network_receive_bytes_per_second",
    "host_network_receive_packets_per_second",
    "host_network_receive_errors_per_second",
    "host_network_receive_drops_per_second",
    "host_network_transmit_bytes_per_second",
    "host_network_transmit_packets_per_second",
    "host_network_transmit_errors_per_second",
    "host_network_transmit_drops_per_second",
    "host_temperature_celsius",
];

/// Samples the machine that `roots` tell of until nobody listens to `updates` any more; its processes while `watched`.
pub async fn run(
    roots: Roots,
    rhythm: watch::Receiver<Option<Rhythm>>,
    watched: watch::Receiver<bool>,
    updates: mpsc::Sender<Update>,
) {
    let breaker = Some(Breaker::new(PATIENCE));
    super::ask(NAME.into(), rhythm, breaker, reading_thread(roots, watched), updates).await;
}

/// The rhythm of this source: rates need a second reading soon.
pub fn rhythm(interval: Duration, deadline: Duration) -> Rhythm {
    Rhythm { interval, warm_up: Some(WARM_UP).filter(|warm_up| *warm_up < interval), deadline }
}

/// Tells a dataset which series of this source come and go.
pub fn bound(data: &mut Dataset) {
    CHANGING.into_iter().for_each(|name| data.bound(name, limits::HOST_CHANGING_SERIES_MAX));
    processes::SERIES.into_iter().for_each(|name| data.bound(name, limits::HOST_PROCESS_SERIES_MAX));
}

fn reading_thread(roots: Roots, watched: watch::Receiver<bool>) -> std::io::Result<Line> {
    super::reading_thread(NAME, move || {
        let (mut machine, mut digest) = (Machine::new(roots.clone()), Digest::new());
        let mut complaints: Vec<String> = Vec::new();
        let watched = watched.clone();
        move |at: Wall| -> Result<Reading, String> {
            let now = clock::mono();
            let watched = *watched.borrow();
            let outcome = digest.take(machine.read(now, watched), at, now);
            if digest.complaints() != complaints {
                complaints = digest.complaints().to_vec();
                // When everything is missing the source fails, and that is told elsewhere.
                if outcome.is_ok() {
                    SourceIncomplete { source: NAME, missing: &complaints.join("; ") }.emit();
                }
            }
            outcome.map(Reading::from)
        }
    })
}
