//! Waiting for time to pass. A test that pauses tokio's clock drives every wait here, and `sys::clock::mono` with it.

use std::future::Future;
use std::time::Duration;

use crate::base::Mono;
use crate::sys::clock;

/// The time was up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time was up")]
pub struct Elapsed;

/// Waits that long.
pub async fn sleep(span: Duration) {
    #[expect(clippy::disallowed_methods, reason = "this is where waiting is done")]
    tokio::time::sleep(span).await;
}

/// Waits until then; not at all when it has passed.
pub async fn sleep_until(at: Mono) {
    tokio::time::sleep_until(clock::instant(at)).await;
}

/// Waits until then, or for ever when there is no such time.
pub async fn sleep_until_some(at: Option<Mono>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Gives `future` that long, then drops it.
pub async fn timeout<F: Future>(span: Duration, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(span, future).await.map_err(|_| Elapsed)
}
