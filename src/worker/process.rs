//! A worker as a process of its own: the feed at descriptor 3, root at its other end, and what workers leave to each
//! other at descriptor 4, the page on which it notes what it does at descriptor 5.
//!
//! Invariant: the process ends when the feed does, and at the first panic: root has the last frames, and a fresh
//! worker is a millisecond away, while a process that lost a thread is in a state nobody tested.

use super::{Options, WorkerError, run};
use crate::runtime::{self, log};
use crate::sys::{fd, marker, process};

/// Serves root until it closes the feed; what `unblink worker` does.
pub fn main(options: Options) -> Result<(), WorkerError> {
    process::forbid_looking_in().map_err(WorkerError::SetUp)?;
    abort_on_panic();
    let feed = fd::take_feed().map_err(WorkerError::SetUp)?;
    let history = Some(fd::take_history().map_err(WorkerError::SetUp)?);
    // The main thread is the one that draws: it is asked for its calls when it hangs.
    marker::install(fd::take_marker().map_err(WorkerError::SetUp)?).map_err(WorkerError::SetUp)?;
    let options = Options { history, ..options };
    runtime::block_on(async move {
        let feed = tokio::net::UnixStream::from_std(feed).map_err(WorkerError::SetUp)?;
        run(feed, options).await
    })
    .map_err(WorkerError::SetUp)?
}

/// Panics, of any thread, are told as before and then end the process.
fn abort_on_panic() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        marker::blame();
        told(info);
        log::flush();
        std::process::abort();
    }));
}

#[cfg(test)]
mod tests;
