//! The worker: one tenant's sources, series, boards and views. It hears what root wants over the feed and answers
//! with specs, frames and its own state.
//!
//! Invariant: one loop owns everything; the tasks beside it only carry messages, through queues with caps. What root
//! must hear soon (pongs, answers, specs) never waits behind frames. It ends when the feed does.

mod agreement;
mod carry;
mod charts;
mod history;
mod mishaps;
pub mod origins;
pub mod process;
mod pushes;
mod quotas;
mod resting;
mod standby;
mod state;
mod telling;
mod tree;
mod views;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{mpsc, watch};

use crate::base::{BUILD_ID, Mono, Wall, limits};
use crate::event::{Event as _, HistoryForeign, HistoryReplayed};
use crate::machine::supervise::{Shutdown, Spec};
use crate::model::Dataset;
use crate::runtime::profiling::{Profiled, Profiling};
use crate::runtime::supervisor::{Fault, Line, Supervisor};
use crate::runtime::{self, timer};
use crate::source::host::Roots;
use crate::source::{Update, host, keep, lying, own, synthetic};
use crate::sys::memory_file::MemoryFile;
use crate::sys::{clock, command};
use crate::wire::feed::{self, Hello, ToRoot, ToWorker};
use crate::wire::framing::{self, FramingError};
use carry::Frames;
use history::{History, Replayed, is_foreign};
use state::State;

pub use state::Controls;

/// How a worker is run.
#[derive(Debug)]
pub struct Options {
    /// Where this machine tells of itself.
    pub machine: Roots,
    /// The executable that keeps commands: our own, or in a test the program.
    pub keeper: PathBuf,
    /// What earlier workers left, and this one leaves to the next; none where nobody keeps it.
    pub history: Option<MemoryFile>,
    /// What people's clocks say; a test hands in its own.
    pub wall: fn() -> Wall,
    /// Faults on purpose are obeyed.
    pub faults: bool,
}

/// Why a worker ended before its feed did.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("root did not say hello within {} s", limits::HELLO_DEADLINE.as_secs())]
    Silent,
    #[error(
        "root speaks version {got} of the feed, this worker version {}; both must be one executable",
        feed::VERSION
    )]
    Version { got: u16 },
    #[error("root is build {root}, this worker build {}; both must be one executable", BUILD_ID)]
    Build { root: String },
    #[error("root sent {what} out of order: {why}")]
    Order { what: &'static str, why: String },
    #[error("what root sent is no feed message: {0}")]
    Decode(#[from] feed::DecodeError),
    #[error("cannot read the feed: {0}")]
    Read(#[source] FramingError),
    #[error("cannot write the feed: {0}")]
    Write(#[source] io::Error),
    #[error("the worker cannot be set up: {0}")]
    SetUp(#[source] io::Error),
    #[error("the sources of the worker fail again and again: it {0}")]
    GaveUp(Fault),
}

/// Messages from root that wait for the loop; the socket holds the rest.
const INPUT_QUEUED_MAX: usize = 64;
/// Answers that wait for the socket; the loop takes nothing from root while they are so many.
const ANSWERS_QUEUED_MAX: usize = 64;
/// Frames that wait for the socket; nothing is drawn while they are so many, so that what is sent is fresh. As many as are
/// written together, where they are of a usual length.
const FRAMES_QUEUED_MAX: usize = 64;
/// The same in bytes, where pictures are large: one is drawn as long as there are fewer.
const FRAMES_QUEUED_BYTES_MAX: usize = 1024 * 1024;
/// What sources deliver between two turns of the loop.
const UPDATES_QUEUED_MAX: usize = 8;
/// A frame, and a keyframe that takes the place of the deltas before it.
const MESSAGES_PER_DRAWING: usize = 2;
/// While one view is drawn after the other, what was drawn goes to root as often as this. The first goes at once: several that
/// are written together cost less, but most viewers may wait for that one, and it does not wait for the others.
const FRAMES_TOGETHER: Duration = Duration::from_millis(1);
/// Root hears of the worker's state with a pong, which is a wake-up less on both sides. It asks once a second, and up to five
/// times where somebody watches: of those with the first that comes so long after the last time.
const STATUS_REST: Duration = Duration::from_millis(900);
/// And by itself where it does not ask.
const STATUS_INTERVAL: Duration = Duration::from_millis(1_500);

const _: () = assert!(FRAMES_QUEUED_MAX >= MESSAGES_PER_DRAWING);

/// The loop's ends of its queues.
struct Queues {
    input: mpsc::Receiver<Result<ToWorker, WorkerError>>,
    updates: mpsc::Receiver<Update>,
    profiles: mpsc::Receiver<Profiled>,
    answers: mpsc::Sender<Bytes>,
    frames: Frames,
}

/// Serves root over `stream` until it closes the feed.
pub async fn run<S>(stream: S, options: Options) -> Result<(), WorkerError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (updates_in, updates) = mpsc::channel(UPDATES_QUEUED_MAX);
    let (host, rhythm) = watch::channel(None);
    let (processes, processes_watched) = watch::channel(false);
    let (synthetic, watched) = watch::channel(false);
    let (own, reports) = watch::channel(None);
    let (sources, wanted) = watch::channel(Vec::new());
    let top = Supervisor::new(origins::PLAN);
    keep(&top, host::NAME, &updates_in, move |updates| {
        host::run(options.machine.clone(), rhythm.clone(), processes_watched.clone(), updates)
    });
    keep(&top, synthetic::NAME, &updates_in, move |updates| synthetic::run(watched.clone(), updates));
    keep(&top, own::NAME, &updates_in, move |updates| own::run(reports.clone(), updates));
    let (lying, asked) = watch::channel(None);
    let faults = options.faults.then(|| {
        let (faults, lie) = watch::channel(None);
        keep(&top, lying::NAME, &updates_in, move |updates| lying::run(lie.clone(), asked.clone(), updates));
        faults
    });
    let keeper = options.keeper;
    top.child(Spec::supervisor("sources").stopped(Shutdown::Brutal), move |_| {
        origins::run(wanted.clone(), keeper.clone(), updates_in.clone())
    });
    let controls = Controls { host, processes, sources, synthetic, own, lying, faults };
    let served = serve(stream, Sources { updates, controls }, options.history, options.wall);
    tokio::select! {
        served = served => served,
        // It is never told to stop, so it gave up. The next worker may fare better.
        kept = top.run(Line::unheard()) => Err(WorkerError::GaveUp(kept.err().unwrap_or_else(|| "ended".into()))),
    }
}

/// A source of the program's own, started afresh when its task panics, and when it ends otherwise.
fn keep<F>(
    top: &Supervisor,
    name: &'static str,
    updates: &mpsc::Sender<Update>,
    start: impl Fn(mpsc::Sender<Update>) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let (updates, start) = (updates.clone(), Arc::new(start));
    top.child(Spec::permanent(format!("source-{name}")), move |_| {
        let (told, start) = (updates.clone(), Arc::clone(&start));
        let kept = keep::keep(name.into(), updates.clone(), move || start(told.clone()));
        async move {
            kept.await;
            Ok(())
        }
    });
}

/// The worker's ends of what its sources hold the others of.
#[derive(Debug)]
pub struct Sources {
    pub updates: mpsc::Receiver<Update>,
    pub controls: Controls,
}

/// [`run`] with sources of the caller's.
pub async fn serve<S>(
    stream: S,
    sources: Sources,
    history: Option<MemoryFile>,
    wall: fn() -> Wall,
) -> Result<(), WorkerError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reading, mut writing) = tokio::io::split(stream);
    let mut reading = BufReader::new(reading);
    // Before anything is said: whoever dies of it has not greeted.
    let mut data = bare();
    let history = history.map(|file| take_over(file, &mut data));
    let Some(hello) = greet(&mut reading, &mut writing).await? else { return Ok(()) };

    let (input_in, input) = mpsc::channel(INPUT_QUEUED_MAX);
    let (answers, answers_out) = mpsc::channel(ANSWERS_QUEUED_MAX);
    let (frames, frames_out) = Frames::new(FRAMES_QUEUED_MAX, FRAMES_QUEUED_BYTES_MAX);
    let reader = runtime::spawn("feed-reader", carry::read(reading, input_in));
    let writer = runtime::spawn("feed-writer", carry::write(writing, answers_out, frames_out));
    let (profiling, profiles) = Profiling::new();
    let state = State::new(&hello, sources.controls, data, history, profiling);
    let ended = turn(state, Queues { input, updates: sources.updates, profiles, answers, frames }, wall).await;
    reader.abort();
    match ended {
        // The loop saw the writer go: the writer knows why.
        Ok(Over::Unwritable) => writer.await.unwrap_or(Ok(())).map_err(WorkerError::Write),
        ended => {
            writer.abort();
            ended.map(|_| ())
        }
    }
}

/// Data of which nothing is known yet.
fn bare() -> Dataset {
    let mut data = Dataset::default();
    host::bound(&mut data);
    lying::bound(&mut data);
    data
}

/// Reads what an earlier worker left into `data`.
fn take_over(file: MemoryFile, data: &mut Dataset) -> History {
    let begun = clock::mono();
    if is_foreign(&file) {
        HistoryForeign.emit();
    }
    let (history, Replayed { series, points, entries }) = History::open(file, data);
    let took_ms = u64::try_from(clock::mono().since(begun).as_millis()).unwrap_or(u64::MAX);
    if series > 0 || entries > 0 {
        HistoryReplayed { series, points, entries, took_ms }.emit();
    }
    history
}

/// How the loop ended when nothing was wrong with what it heard.
enum Over {
    /// Root closed the feed.
    Closed,
    /// Root takes nothing any more.
    Unwritable,
}

/// Both sides say who they are; none when root left before it said a word.
async fn greet(
    reading: &mut (impl AsyncRead + Unpin),
    writing: &mut (impl AsyncWrite + Unpin),
) -> Result<Option<Hello>, WorkerError> {
    let first =
        match timer::timeout(limits::HELLO_DEADLINE, framing::read(reading, limits::FEED_MESSAGE_BYTES_MAX)).await {
            Err(_) => return Err(WorkerError::Silent),
            Ok(Err(FramingError::Closed)) => return Ok(None),
            Ok(read) => read.map_err(WorkerError::Read)?,
        };
    let ToWorker::Hello(hello) = ToWorker::decode(&first)? else {
        return Err(WorkerError::Order { what: "a message", why: "it has not said hello".to_owned() });
    };
    // Said in any case: root should be able to name the other build too.
    let own = Hello { version: feed::VERSION, build: BUILD_ID.to_owned(), ..hello.clone() };
    framing::write(writing, &ToRoot::Hello(own).encode()).await.map_err(WorkerError::Write)?;
    if hello.version != feed::VERSION {
        return Err(WorkerError::Version { got: hello.version });
    }
    if hello.build != BUILD_ID {
        return Err(WorkerError::Build { root: hello.build });
    }
    Ok(Some(hello))
}

/// The loop. What root says goes first, then data, then by turns drawing, one view at a time, and what was pushed, one
/// chunk at a time: neither waits for all of the other, and a ping waits for a millisecond of pictures that are written together
/// ([`FRAMES_TOGETHER`]) and one more at most.
async fn turn(mut state: State, mut queues: Queues, wall: fn() -> Wall) -> Result<Over, WorkerError> {
    let (mut told_at, mut asked) = (None::<Mono>, false);
    let (mut drew, mut let_go_at) = (false, None::<Mono>);
    loop {
        let now = clock::mono();
        let rest = if std::mem::take(&mut asked) { STATUS_REST } else { STATUS_INTERVAL };
        if state.status_changed() && told_at.is_none_or(|at| now >= at + rest) {
            // No room is no matter: the next status says more.
            if let Ok(permit) = queues.answers.try_reserve() {
                permit.send(ToRoot::Status(state.take_status(wall())).encode());
            }
            told_at = Some(now);
        }
        let due_at = told_at.filter(|_| state.status_changed()).map(|at| at + STATUS_INTERVAL);
        let wake_at = [due_at, state.wake_at()].into_iter().flatten().min();
        tokio::select! {
            biased;
            heard = hear(&queues.answers, &mut queues.input) => {
                let Some((permit, message)) = heard else { return Ok(Over::Unwritable) };
                let Some(message) = message else { return Ok(Over::Closed) };
                let message = message?;
                asked = matches!(message, ToWorker::Ping { .. });
                if let Some(answer) = state.message(message, clock::mono(), wall())? {
                    permit.send(answer.encode());
                }
            }
            Some(update) = queues.updates.recv() => state.update(update, clock::mono(), wall()),
            Some(profiled) = queues.profiles.recv() => state.was_profiled(profiled),
            permit = queues.answers.reserve(), if state.has_profile() => {
                let Ok(permit) = permit else { return Ok(Over::Unwritable) };
                if let Some(profile) = state.take_profile() {
                    permit.send(profile.encode());
                }
            }
            permit = queues.answers.reserve(), if drew && state.has_pushes() => {
                let Ok(permit) = permit else { return Ok(Over::Unwritable) };
                permit.send(state.take_push(clock::mono(), wall()).encode());
                drew = false;
            }
            room = queues.frames.room(MESSAGES_PER_DRAWING), if state.wants_to_draw() => {
                let Some(mut room) = room else { return Ok(Over::Unwritable) };
                let now = clock::mono();
                let messages = state.draw_next(now, wall());
                let mut sent = false;
                for message in messages {
                    room.put(message);
                    sent = true;
                }
                drew = true;
                let is_time = let_go_at.is_none_or(|at| now.since(at) >= FRAMES_TOGETHER);
                if sent && is_time && state.wants_to_draw() {
                    let_go_at = Some(now);
                    // Whoever writes has its turn.
                    tokio::task::yield_now().await;
                }
            }
            permit = queues.answers.reserve(), if state.has_pushes() => {
                let Ok(permit) = permit else { return Ok(Over::Unwritable) };
                permit.send(state.take_push(clock::mono(), wall()).encode());
            }
            () = timer::sleep_until_some(wake_at) => state.woken(clock::mono()),
        }
    }
}

/// Takes a message only when there is room for its answer. None when nobody takes answers any more.
async fn hear<'a>(
    answers: &'a mpsc::Sender<Bytes>,
    input: &mut mpsc::Receiver<Result<ToWorker, WorkerError>>,
) -> Option<(mpsc::Permit<'a, Bytes>, Option<Result<ToWorker, WorkerError>>)> {
    let permit = answers.reserve().await.ok()?;
    Some((permit, input.recv().await))
}

// === impl Options ===

impl Default for Options {
    fn default() -> Options {
        let keeper = command::own_executable().to_owned();
        Options { machine: Roots::default(), keeper, history: None, wall: clock::wall, faults: false }
    }
}

#[cfg(test)]
mod tests;
