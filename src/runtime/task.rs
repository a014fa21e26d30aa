//! Spawning. A task or thread has a name, a span and a row in the table; a panic ends it alone and is told to whoever
//! waits for it.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use tracing::Instrument;

use super::registry::{Kind, Registration, register};
use crate::base::limits;

/// A spawned task. Dropping this lets it run on; [`Task::abort`] ends it.
#[derive(Debug)]
pub struct Task<T> {
    name: String,
    handle: JoinHandle<Result<T, Ended>>,
}

/// A spawned thread. Dropping this lets it run on.
#[derive(Debug)]
pub struct Thread<T> {
    name: String,
    handle: std::thread::JoinHandle<Result<T, Ended>>,
}

/// Why a task or thread has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("{name} panicked: {message}")]
    Panicked { name: String, message: String },
    #[error("{name} was aborted")]
    Aborted { name: String },
}

/// Catches a panic of the future and notes it in the row before the row goes.
struct Tracked<F> {
    future: Pin<Box<F>>,
    row: Registration,
}

/// Runs `future` beside the caller, on the current runtime.
pub fn spawn<F>(name: &str, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let span = tracing::info_span!("task", name);
    let tracked = Tracked { future: Box::pin(future), row: register(name.to_owned(), Kind::Task) };
    let named = name.to_owned();
    let whole = async move {
        tracked.await.map_err(|message| {
            tracing::error!(task = %named, panic = %message, "a task panicked");
            Ended::Panicked { name: named, message }
        })
    };
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
    let handle = tokio::spawn(whole.instrument(span));
    Task { name: name.to_owned(), handle }
}

/// Runs `run` on a thread of its own. The kernel shows the first 15 bytes of the name.
pub fn spawn_thread<T, F>(name: &str, run: F) -> io::Result<Thread<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    spawn_thread_with_stack(name, limits::THREAD_STACK_BYTES, run)
}

/// The same with a stack of the caller's choice, which has its reason in `base::limits`.
pub fn spawn_thread_with_stack<T, F>(name: &str, stack_bytes: usize, run: F) -> io::Result<Thread<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let mut row = register(name.to_owned(), Kind::Thread);
    let named = name.to_owned();
    let whole = move || {
        let _span = tracing::info_span!("thread", name = %named).entered();
        let result = catch_unwind(AssertUnwindSafe(run));
        result.map_err(|payload| {
            let message = message_of(payload);
            row.ended(&format!("panicked: {message}"));
            tracing::error!(thread = %named, panic = %message, "a thread panicked");
            Ended::Panicked { name: named.clone(), message }
        })
    };
    let handle = std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(whole)?;
    Ok(Thread { name: name.to_owned(), handle })
}

// === impl Task ===

impl<T> Task<T> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends it at its next await; waiting for it then says `Aborted`.
    pub fn abort(&self) {
        self.handle.abort();
    }

    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = std::task::ready!(Pin::new(&mut self.handle).poll(context));
        Poll::Ready(match ended {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(Ended::Aborted { name: self.name.clone() }),
            Err(error) => Err(Ended::Panicked { name: self.name.clone(), message: message_of(error.into_panic()) }),
        })
    }
}

// === impl Thread ===

impl<T> Thread<T> {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Waits for its end. Blocks: not for the runtime's thread.
    pub fn join(self) -> Result<T, Ended> {
        match self.handle.join() {
            Ok(result) => result,
            Err(payload) => Err(Ended::Panicked { name: self.name, message: message_of(payload) }),
        }
    }
}

// === impl Tracked ===

impl<F: Future> Future for Tracked<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The future is never polled again after a panic, so whatever it left torn is only dropped.
        match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => {
                let message = message_of(payload);
                self.row.ended(&format!("panicked: {message}"));
                Poll::Ready(Err(message))
            }
        }
    }
}

/// What a panic said. A payload whose own drop panics is leaked rather than let loose a second time.
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let text = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_owned()
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}

#[cfg(test)]
mod tests;
