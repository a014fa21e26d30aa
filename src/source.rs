//! Where samples come from. A source is asked in a fixed rhythm by a task and answers from a thread of its
//! own, because a read may hang.
//!
//! Invariant: at most one thread per source, whatever hangs; every answer, late or not, becomes one `Update`.
//! Sources know the model only: not who draws what they deliver, and not each other.

pub mod asking;
pub mod command;
pub mod file;
pub mod format;
pub mod host;
pub mod intake;
pub mod keep;
pub mod lying;
pub mod own;
pub mod prometheus;
pub mod push;
mod reach;
#[cfg(feature = "sql")]
pub mod sql;
pub mod synthetic;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::base::{Mono, Wall, limits};
use crate::event::{Event, SourcePaused};
use crate::machine::breaker::{self, Breaker};
use crate::model::Sample;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::{Afresh, Class, Ring};
use crate::model::log::Entry;
use crate::runtime::context::Context;
use crate::runtime::fault::{self, Caught};
use crate::runtime::{self, timer};
use crate::sys::{clock, confined, random};
use asking::{Asking, Rhythm};

/// What a source has to tell: samples, and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Name of the source, as boards and the status know it.
    pub source: Name,
    /// Empty when only the health changed.
    pub samples: Vec<Sample>,
    /// New entries of logs, by the log's name.
    pub entries: Vec<(Name, Entry)>,
    /// Values that the source itself did not take.
    pub left_out: u64,
    pub health: SourceHealth,
}

/// The name of a source or of a log: the program's own, or one somebody configured.
pub type Name = Cow<'static, str>;

/// What one look of a source brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub samples: Vec<Sample>,
    pub entries: Vec<(Name, Entry)>,
    /// Values that were not taken.
    pub left_out: u64,
    /// What of it was not taken or not understood, in a person's words.
    pub missing: Option<String>,
}

/// What the reading thread brings back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub at: Wall,
    /// What there is, or why there is nothing.
    pub outcome: Result<Reading, Failure>,
}

/// Why a look brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub class: Class,
    /// In a person's words.
    pub why: String,
}

/// The two ends by which a source's task talks to its thread.
#[derive(Debug)]
pub struct Line {
    /// Room for one: an ask goes out only after the answer to the one before.
    pub asks: std::sync::mpsc::SyncSender<()>,
    pub answers: mpsc::Receiver<Answer>,
}

/// Starts the thread that reads, named `source-NAME`; it ends when the line's `asks` is dropped. `make` is called there
/// before the first look, and before the next one after a panic: what a reader kept may be torn then.
pub fn reading_thread<M, R>(name: &str, mut make: M) -> io::Result<Line>
where
    M: FnMut() -> R + Send + 'static,
    R: FnMut(Wall) -> Result<Reading, String>,
{
    let (asks, asked) = std::sync::mpsc::sync_channel::<()>(1);
    let (answer, answers) = mpsc::channel(1);
    let named = name.to_owned();
    runtime::spawn_thread(&format!("source-{name}"), move || {
        let mut reader = None;
        while asked.recv().is_ok() {
            let outcome = look(&named, &mut reader, &mut make);
            // A look may take its time: what it brought is as old as its end.
            if answer.blocking_send(Answer { at: clock::wall(), outcome }).is_err() {
                return;
            }
        }
    })?;
    Ok(Line { asks, answers })
}

/// One look, whose panic costs nothing but itself and the reader.
fn look<R>(name: &str, reader: &mut Option<R>, make: &mut impl FnMut() -> R) -> Result<Reading, Failure>
where
    R: FnMut(Wall) -> Result<Reading, String>,
{
    let looked = fault::contain(Context::source(name), || {
        let read = reader.get_or_insert_with(make);
        read(clock::wall())
    });
    match looked {
        Ok(outcome) => outcome.map_err(Failure::from),
        Err(caught) => {
            if Class::PoisonedClient.policy().afresh == Afresh::Reader {
                let torn = reader.take();
                // Told already where that panics too.
                let _ = fault::contain(Context::source(name), || drop(torn));
            }
            Err(Failure::panicked(caught))
        }
    }
}

/// The same for what is asked over a network: with a runtime of the thread's own, so that what waits in it holds up
/// nothing else.
pub fn reading_on_runtime<M, R>(name: &str, mut make: M) -> io::Result<Line>
where
    M: FnMut() -> R + Send + 'static,
    R: FnMut(&Runtime, Wall) -> Result<Reading, String>,
{
    reading_thread(name, move || {
        let mut read = make();
        let mut own = None;
        move |now| {
            let runtime: &Runtime = match &own {
                Some(runtime) => runtime,
                None => own.insert(runtime::build().map_err(|error| format!("cannot be asked: {error}"))?),
            };
            read(runtime, now)
        }
    })
}

/// Asks in the rhythm given, from the moment one is given, until nobody listens to `updates` any more. With a breaker,
/// one that fails again and again is asked less often.
pub async fn ask(
    name: Name,
    mut rhythm: watch::Receiver<Option<Rhythm>>,
    mut breaker: Option<Breaker>,
    line: io::Result<Line>,
    updates: mpsc::Sender<Update>,
) {
    let Ok(first) = rhythm.wait_for(Option::is_some).await.map(|rhythm| *rhythm) else { return };
    let mut asking = Asking::new(first.expect("invariant: waited for"), clock::mono());
    let mut line = match line {
        Ok(line) => line,
        Err(error) => {
            asking.lost(clock::wall(), format!("its reading thread cannot be started: {error}"));
            // Nobody listening is the end too.
            let _ = updates
                .send(Update {
                    source: name,
                    samples: Vec::new(),
                    entries: Vec::new(),
                    left_out: 0,
                    health: asking.health(),
                })
                .await;
            return;
        }
    };
    loop {
        let wake_at = asking.wake_at();
        let before = asking.health();
        let (mut todo, reading) = tokio::select! {
            biased;
            answer = line.answers.recv() => match answer {
                Some(Answer { at, outcome }) => {
                    let until = judge(&name, breaker.as_mut(), outcome.as_ref().err());
                    let answered = asking.answered(at, outcome);
                    asking.rests(until.map(|until| clock::wall() + until.since(clock::mono())));
                    answered
                }
                None => (asking.lost(clock::wall(), "its reading thread ended".to_owned()), Reading::default()),
            },
            Ok(()) = rhythm.changed() => {
                if let Some(rhythm) = *rhythm.borrow_and_update() {
                    asking.retune(rhythm, clock::mono());
                }
                continue;
            },
            () = timer::sleep_until(wake_at) => {
                let todo = asking.due(clock::mono(), clock::wall());
                if todo.report {
                    fault::count(Ring::Source, Class::Timeout);
                }
                (todo, Reading::default())
            }
            () = updates.closed() => return,
        };
        if todo.ask && breaker.as_mut().is_some_and(|breaker| !breaker.admit(clock::mono())) {
            asking.left_out();
            todo.ask = false;
        }
        if todo.ask && line.asks.try_send(()).is_err() {
            tracing::error!(source = &*name, "the reading thread takes no more asks");
        }
        if todo.report {
            let Reading { mut samples, entries, left_out, .. } = reading;
            let health = asking.health();
            // Many are handed over in parts, so that drawing waits for none of them; how it went comes with the last.
            while samples.len() > limits::SOURCE_SAMPLES_MAX {
                let rest = samples.split_off(limits::SOURCE_SAMPLES_MAX);
                let samples = std::mem::replace(&mut samples, rest);
                let part =
                    Update { source: name.clone(), samples, entries: Vec::new(), left_out: 0, health: before.clone() };
                if updates.send(part).await.is_err() {
                    return;
                }
            }
            runtime::say_state(&format!("source-{name}"), &state_of(&health));
            if updates.send(Update { source: name.clone(), samples, entries, left_out, health }).await.is_err() {
                return;
            }
        }
        if todo.over {
            return;
        }
    }
}

/// Tells the breaker how it went; an operator hears when a pause begins. Until when it lasts.
fn judge(name: &str, breaker: Option<&mut Breaker>, failure: Option<&Failure>) -> Option<Mono> {
    // A panic was counted where it was held.
    if failure.is_some_and(|failure| failure.class == Class::Error) {
        fault::count(Ring::Source, Class::Error);
    }
    let breaker = breaker?;
    if failure.is_none() {
        breaker.succeeded();
    } else if failure.is_some_and(|failure| failure.class.policy().counts)
        && let Some(pause) = breaker.failed(clock::mono(), random::u64())
    {
        SourcePaused { source: name, pause_ms: millis(pause) }.emit();
    }
    match breaker.state() {
        breaker::State::Open { until } => Some(until),
        breaker::State::Closed { .. } | breaker::State::HalfOpen => None,
    }
}

/// How a source fares, as the table of what runs has it.
fn state_of(health: &SourceHealth) -> String {
    match &health.state {
        SourceState::Waiting => "waiting".to_owned(),
        SourceState::Good => "running".to_owned(),
        SourceState::Partial(missing) => format!("delivers a part only: {missing}"),
        SourceState::Failed { why, .. } => format!("failed: {why}"),
        SourceState::Absent(why) => format!("absent: {why}"),
        SourceState::Standby { by, .. } => format!("{by} stands in"),
    }
}

/// Whole milliseconds, as data keeps spans.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

// === impl Failure ===

impl Failure {
    /// What is known of it goes by its trace.
    pub fn panicked(Caught { trace }: Caught) -> Failure {
        Failure { class: Class::Panic, why: format!("panicked, trace {trace}") }
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure { class: Class::Error, why: confined::explained(why, "") }
    }
}

// === impl Reading ===

impl From<Vec<Sample>> for Reading {
    fn from(samples: Vec<Sample>) -> Reading {
        Reading { samples, ..Reading::default() }
    }
}

#[cfg(test)]
mod tests;
