//! This machine: processors, load, memory, swap, uptime and name, read from `/proc`.
//!
//! Invariant: a part of `/proc` that is missing or strange (containers, old kernels) costs its own series only;
//! the source fails when nothing could be read. Rates are made here, because `/proc/stat` counts since boot.

pub mod cpu;
pub mod reading;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::asking::Rhythm;
use super::{Line, Update};
use crate::base::Wall;
use crate::event::{Event, SourceIncomplete};
use crate::model::Sample;
use reading::{Digest, Texts};

/// Name of this source.
pub const NAME: &str = "host";

/// Until the second reading, which gives the first processor shares: a dozen ticks of a 100 Hz counter.
const WARM_UP: Duration = Duration::from_millis(150);
/// `/proc/stat` of the largest machines has some hundred KiB; what is longer is not read to its end.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The name of the machine and its kernel are read again after this many readings.
const NAMES_EVERY: u32 = 60;

/// Samples the machine that `proc` tells of, usually `/proc`, until nobody listens to `updates` any more.
pub async fn run(proc: PathBuf, rhythm: watch::Receiver<Option<Rhythm>>, updates: mpsc::Sender<Update>) {
    super::ask(NAME, rhythm, reading_thread(proc), updates).await;
}

/// The rhythm of this source: rates need a second reading soon.
pub fn rhythm(interval: Duration, deadline: Duration) -> Rhythm {
    Rhythm { interval, warm_up: Some(WARM_UP).filter(|warm_up| *warm_up < interval), deadline }
}

fn reading_thread(proc: PathBuf) -> std::io::Result<Line> {
    let mut digest = Digest::default();
    let mut names = None;
    let mut count = 0_u32;
    let mut complaints: Vec<String> = Vec::new();
    super::reading_thread(NAME, move |at: Wall| -> Result<Vec<Sample>, String> {
        if count.is_multiple_of(NAMES_EVERY) {
            names = None;
        }
        count = count.wrapping_add(1);
        let names = names
            .get_or_insert_with(|| (read(&proc, "sys/kernel/hostname").ok(), read(&proc, "sys/kernel/osrelease").ok()));
        let texts = Texts {
            stat: read(&proc, "stat"),
            meminfo: read(&proc, "meminfo"),
            loadavg: read(&proc, "loadavg"),
            uptime: read(&proc, "uptime"),
            hostname: names.0.clone(),
            kernel: names.1.clone(),
        };
        let outcome = digest.take(&texts, at);
        if digest.complaints() != complaints {
            complaints = digest.complaints().to_vec();
            // When everything is missing the source fails, and that is told elsewhere.
            if outcome.is_ok() {
                SourceIncomplete { source: NAME, missing: &complaints.join("; ") }.emit();
            }
        }
        outcome
    })
}

/// One file as text; an error names the path.
fn read(proc: &Path, name: &str) -> Result<String, String> {
    use std::io::Read;

    let path = proc.join(name);
    let failed = |error| format!("cannot read {}: {error}", path.display());
    let file = std::fs::File::open(&path).map_err(failed)?;
    let mut bytes = Vec::with_capacity(4096);
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
