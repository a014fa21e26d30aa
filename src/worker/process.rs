//! A worker as a process of its own: the feed at descriptor 3, root at its other end, and what workers leave to each
//! other at descriptor 4, the page on which it notes what it does at descriptor 5.
//!
//! Invariant: the process ends when the feed does, and at the first panic that no ring of it holds: root has the last
//! frames, and a fresh worker is a millisecond away, while a process that lost a thread is in a state nobody tested.

use std::io;

use super::{Options, WorkerError, run};
use crate::base::limits;
use crate::runtime::{self, fault, log};
use crate::scene::Boards;
use crate::sys::memory_file::MemoryFile;
use crate::sys::quiet::QuietSocket;
use crate::sys::{cgroup, fd, handover, host, marker, process};

/// As the kernel shows it beside the other threads.
const THREAD: &str = "drawing";

/// How the process is called. The kernel keeps 15 bytes.
const NAME: &str = "unblink-worker";
const NAME_SPARE: &str = "unblink-spare";

/// Serves root until it closes the feed; what `unblink worker` does. A spare one does all that comes before it belongs to
/// somebody, and waits for that. One that `joins` is handed the door of its tenant's control group first.
pub fn main(options: Options, is_spare: bool, joins: bool) -> Result<(), WorkerError> {
    host::call_process(if is_spare { NAME_SPARE } else { NAME });
    process::forbid_looking_in().map_err(WorkerError::SetUp)?;
    abort_on_panic();
    let feed = fd::take_feed().map_err(WorkerError::SetUp)?;
    let history = if is_spare { None } else { Some(fd::take_history().map_err(WorkerError::SetUp)?) };
    let page = fd::take_marker().map_err(WorkerError::SetUp)?;
    let serve = move || {
        // This thread is the one that is asked for its calls when the worker hangs.
        marker::install(page).map_err(WorkerError::SetUp)?;
        let (history, door) = match history {
            Some(history) if !joins => (history, None),
            history => {
                // Kept for whoever asks next: they are the same for every tenant.
                drop(Boards::shipped());
                let given = handover::take(&feed).map_err(WorkerError::SetUp)?;
                let Some((first, second)) = given else { return Ok(()) };
                host::call_process(NAME);
                match history {
                    Some(history) => (history, Some(first)),
                    None => (MemoryFile::of(first).map_err(WorkerError::SetUp)?, second),
                }
            }
        };
        if let Some(Err(error)) = door.map(cgroup::join) {
            tracing::warn!(%error, "cannot join the tenant's control group; its limits do not hold for this worker");
        }
        let options = Options { history: Some(history), ..options };
        runtime::block_on(async move {
            let feed = QuietSocket::new(feed).map_err(WorkerError::SetUp)?;
            runtime::as_task(run(feed, options)).await
        })
        .map_err(WorkerError::SetUp)?
    };
    // On a thread of its own: the main thread's stack is as large as whoever started the daemon said.
    let thread = runtime::spawn_thread_with_stack(THREAD, limits::DRAWING_STACK_BYTES, serve);
    let ended = thread.map_err(WorkerError::SetUp)?.join();
    ended.unwrap_or_else(|ended| Err(WorkerError::SetUp(io::Error::other(ended))))
}

/// Panics, of any thread, are told as before and then end the process, but for those that are held.
fn abort_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if fault::note(info) {
            return;
        }
        marker::blame();
        // Whoever tells it takes the calls with it.
        let circumstances = fault::circumstances(info);
        told(info);
        log::last_words(circumstances.as_str());
        std::process::abort();
    }));
}

#[cfg(test)]
mod tests;
