//! Threads that make reports and read files for whoever asks.
//!
//! Invariant: there are a few at one time, whoever asks and goes away: one that was begun is not ended, and its place is free
//! when it is done rather than when nobody waits for it any more. The threads of all processes are asked by one at a time.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::words;
use crate::base::limits;
use crate::runtime;

/// A page that cannot be made: its code and a line that says why.
pub type Refused = (StatusCode, String);

/// How many there are at one time.
#[derive(Clone, Debug)]
pub struct Reports {
    places: Arc<Semaphore>,
    /// For who asks threads for their calls.
    asking: Arc<Semaphore>,
}

/// One place: for whoever asked, and for the threads that work for them.
#[derive(Clone, Debug)]
pub struct Place {
    _held: Arc<OwnedSemaphorePermit>,
}

// === impl Reports ===

impl Reports {
    pub fn new() -> Reports {
        Reports { places: Arc::new(Semaphore::new(limits::REPORTS_MAX)), asking: Arc::new(Semaphore::new(1)) }
    }

    pub fn place(&self) -> Result<Place, Refused> {
        take(&self.places, "too many reports are being made; try again in a few seconds")
    }

    pub fn asking(&self) -> Result<Place, Refused> {
        take(&self.asking, "the threads are being asked for somebody else; try again in a few seconds")
    }
}

impl Default for Reports {
    fn default() -> Reports {
        Reports::new()
    }
}

fn take(places: &Arc<Semaphore>, why: &str) -> Result<Place, Refused> {
    let permit = Arc::clone(places).try_acquire_owned();
    permit.map(|permit| Place { _held: Arc::new(permit) }).map_err(|_| (StatusCode::TOO_MANY_REQUESTS, why.to_owned()))
}

/// What `make` makes, on a thread of its own, which holds the place until it is done.
pub async fn on_thread<T: Send + 'static>(
    place: &Place,
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    let (done, made) = oneshot::channel();
    let place = place.clone();
    let work = move || {
        let report = make();
        // Whoever waits for it may ask for the next one.
        drop(place);
        drop(done.send(report));
    };
    runtime::spawn_thread("debug-page", work)
        .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("no thread can be started for it: {error}")))?;
    let why = "what was to answer it panicked, which the log tells of";
    made.await.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, why.to_owned()))
}

/// As it is answered.
pub fn refusal((code, why): Refused) -> Response<Full<Bytes>> {
    let mut response = words(code, &format!("{why}\n"));
    if code == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_goes_away_leaves_a_thread_that_holds_its_place() {
        let reports = Reports::new();
        let mut held = Vec::new();
        for _ in 0..limits::REPORTS_MAX {
            let (go_on, told) = std::sync::mpsc::channel::<()>();
            let (begin, begun) = oneshot::channel();
            let place = reports.place().unwrap();
            let make = move || {
                begin.send(()).unwrap();
                told.recv().is_err()
            };
            let asking = runtime::spawn("asking", async move { on_thread(&place, make).await });
            begun.await.unwrap();
            asking.abort();
            held.push((go_on, asking));
        }
        for (_, asking) in &mut held {
            assert!(asking.await.is_err(), "it waits still");
        }
        let refused = refusal(reports.place().unwrap_err());
        assert_eq!(
            (refused.status(), refused.headers().contains_key(RETRY_AFTER)),
            (StatusCode::TOO_MANY_REQUESTS, true)
        );
        drop(held);
        let all = u32::try_from(limits::REPORTS_MAX).unwrap();
        drop(reports.places.acquire_many(all).await.unwrap());
        let place = reports.place().unwrap();
        assert_eq!(on_thread(&place, || 7).await.unwrap(), 7);
        let asking = reports.asking().unwrap();
        assert!(reports.asking().is_err());
        drop(asking);
        assert!(reports.asking().is_ok());
    }
}
