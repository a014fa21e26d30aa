//! Spawning. A task or thread has a name, a span and a row in the tree; a panic ends it alone and is told to whoever
//! waits for it.

use std::any::Any;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use tracing::Instrument;

use super::registry::{self, Kind, NodeId, Registration, register, register_under};
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

/// Catches a panic of the future. While it is polled its row is the current one.
struct Tracked<F> {
    future: Pin<Box<F>>,
    node: NodeId,
    /// None where somebody else keeps the row.
    _row: Option<Registration>,
}

/// Tells of an end once, also where the task is dropped half way.
struct Teller<T, G: FnOnce(Result<T, Ended>)> {
    name: String,
    told: Option<G>,
    _of: PhantomData<fn(T)>,
}

/// Runs `future` beside the caller, on the current runtime, under the row that is current.
pub fn spawn<F>(name: &str, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_tracked(name, Tracked::new(register(name.to_owned(), Kind::Task), future))
}

/// The same under a row of the caller's choice.
pub fn spawn_under<F>(parent: NodeId, name: &str, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_tracked(name, Tracked::new(register_under(Some(parent), name, Kind::Task), future))
}

/// Runs what all else is for, a process's loop, among the tasks: what wakes it is then what wakes any task, while a runtime asks
/// the kernel what else there is before it polls what it was told to wait for. It has no row: it is the process. To be waited
/// for to its end, which is that of the runtime; it is the caller that panics where it does.
pub async fn as_task<F>(future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
    let task = tokio::spawn(future);
    match task.await {
        Ok(output) => output,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Runs `future` within the caller's task. A panic is its end, which the hook has told of; none of it is polled again.
pub async fn hold<F: Future>(future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(payload) => {
            let _ = message_of(payload);
            Poll::Ready(None)
        }
    })
    .await
}

/// One life of something that has a row already. `told` is called once nothing of the future is left, wherever that is
/// dropped: it must not wait.
pub(super) fn spawn_life<F, G>(node: NodeId, name: &str, future: F, told: G) -> Task<()>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    G: FnOnce(Result<F::Output, Ended>) + Send + 'static,
{
    let teller = Teller { name: name.to_owned(), told: Some(told), _of: PhantomData };
    let life = Tracked { future: Box::pin(future), node, _row: None };
    let named = name.to_owned();
    let whole = async move {
        // Dropped last.
        let teller = teller;
        let ended = outcome(named, life).await;
        teller.tell(ended);
        Ok(())
    };
    spawn_instrumented(name, whole)
}

fn spawn_tracked<F>(name: &str, tracked: Tracked<F>) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_instrumented(name, outcome(name.to_owned(), tracked))
}

/// What came of it. What a panic said and where it was the hook has told, but for one that was resumed, which passes by it.
async fn outcome<F: Future>(name: String, tracked: Tracked<F>) -> Result<F::Output, Ended> {
    tracked.await.map_err(|message| {
        tracing::error!(task = %name, "a task panicked");
        Ended::Panicked { name, message }
    })
}

fn spawn_instrumented<T, F>(name: &str, whole: F) -> Task<T>
where
    F: Future<Output = Result<T, Ended>> + Send + 'static,
    T: Send + 'static,
{
    let span = tracing::info_span!("task", name);
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
    let handle = tokio::spawn(whole.instrument(span));
    Task { name: name.to_owned(), handle }
}

/// Runs `run` on a thread of its own, under the row that is current. The kernel shows the first 15 bytes of the name.
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
    let row = register(name.to_owned(), Kind::Thread);
    let node = row.id();
    spawn_thread_tracked(name, stack_bytes, node, move || {
        let _row = row;
        run()
    })
}

/// One life of something that has a row already; `told` is called as its last deed.
pub(super) fn spawn_thread_life<T, F, G>(node: NodeId, name: &str, run: F, told: G) -> io::Result<()>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    G: FnOnce(Result<T, Ended>) + Send + 'static,
{
    let named = name.to_owned();
    let whole = move || told(caught(&named, run));
    spawn_thread_tracked(name, limits::THREAD_STACK_BYTES, node, whole).map(drop)
}

fn spawn_thread_tracked<T, F>(name: &str, stack_bytes: usize, node: NodeId, run: F) -> io::Result<Thread<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let named = name.to_owned();
    let whole = move || {
        let _span = tracing::info_span!("thread", name = %named).entered();
        let _entered = registry::enter(node);
        caught(&named, run)
    };
    let handle = std::thread::Builder::new().name(name.to_owned()).stack_size(stack_bytes).spawn(whole)?;
    Ok(Thread { name: name.to_owned(), handle })
}

fn caught<T>(name: &str, run: impl FnOnce() -> T) -> Result<T, Ended> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let message = message_of(payload);
        tracing::error!(thread = %name, "a thread panicked");
        Ended::Panicked { name: name.to_owned(), message }
    })
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

impl<F: Future> Tracked<F> {
    fn new(row: Registration, future: F) -> Tracked<F> {
        Tracked { future: Box::pin(future), node: row.id(), _row: Some(row) }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let _entered = registry::enter(self.node);
        // The future is never polled again after a panic, so whatever it left torn is only dropped.
        match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(message_of(payload))),
        }
    }
}

// === impl Teller ===

impl<T, G: FnOnce(Result<T, Ended>)> Teller<T, G> {
    fn tell(mut self, ended: Result<T, Ended>) {
        if let Some(told) = self.told.take() {
            told(ended);
        }
    }
}

impl<T, G: FnOnce(Result<T, Ended>)> Drop for Teller<T, G> {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            told(Err(Ended::Aborted { name: std::mem::take(&mut self.name) }));
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
