//! Where samples come from. A source is asked in a fixed rhythm by a task and answers from a thread of its
//! own, because a read may hang.
//!
//! Invariant: at most one thread per source, whatever hangs; every answer, late or not, becomes one `Update`.
//! Sources know the model only: not who draws what they deliver, and not each other.

pub mod asking;
pub mod host;
pub mod own;
pub mod synthetic;

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::base::Wall;
use crate::model::Sample;
use crate::model::dataset::SourceHealth;
use crate::model::log::Entry;
use crate::runtime::{self, timer};
use crate::sys::clock;
use asking::{Asking, Rhythm};

/// What a source has to tell: samples, and how it fares.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Name of the source, as boards and the status know it.
    pub source: &'static str,
    /// Empty when only the health changed.
    pub samples: Vec<Sample>,
    /// New entries of logs, by the log's name.
    pub entries: Vec<(&'static str, Entry)>,
    pub health: SourceHealth,
}

/// What the reading thread brings back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub at: Wall,
    /// Samples, or why there are none in a person's words.
    pub outcome: Result<Vec<Sample>, String>,
}

/// The two ends by which a source's task talks to its thread.
#[derive(Debug)]
pub struct Line {
    /// Room for one: an ask goes out only after the answer to the one before.
    pub asks: std::sync::mpsc::SyncSender<()>,
    pub answers: mpsc::Receiver<Answer>,
}

/// Starts the thread that reads, named `source-NAME`; it ends when the line's `asks` is dropped.
pub fn reading_thread<R>(name: &'static str, mut read: R) -> io::Result<Line>
where
    R: FnMut(Wall) -> Result<Vec<Sample>, String> + Send + 'static,
{
    let (asks, asked) = std::sync::mpsc::sync_channel::<()>(1);
    let (answer, answers) = mpsc::channel(1);
    runtime::spawn_thread(&format!("source-{name}"), move || {
        while asked.recv().is_ok() {
            let at = clock::wall();
            let outcome = read(at);
            if answer.blocking_send(Answer { at, outcome }).is_err() {
                return;
            }
        }
    })?;
    Ok(Line { asks, answers })
}

/// Asks in the rhythm given, from the moment one is given, until nobody listens to `updates` any more.
pub async fn ask(
    name: &'static str,
    mut rhythm: watch::Receiver<Option<Rhythm>>,
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
                .send(Update { source: name, samples: Vec::new(), entries: Vec::new(), health: asking.health() })
                .await;
            return;
        }
    };
    loop {
        let wake_at = asking.wake_at();
        let (todo, samples) = tokio::select! {
            biased;
            answer = line.answers.recv() => match answer {
                Some(Answer { at, outcome }) => asking.answered(at, outcome),
                None => (asking.lost(clock::wall(), "its reading thread ended".to_owned()), Vec::new()),
            },
            Ok(()) = rhythm.changed() => {
                if let Some(rhythm) = *rhythm.borrow_and_update() {
                    asking.retune(rhythm, clock::mono());
                }
                continue;
            },
            () = timer::sleep_until(wake_at) => (asking.due(clock::mono(), clock::wall()), Vec::new()),
            () = updates.closed() => return,
        };
        if todo.ask && line.asks.try_send(()).is_err() {
            tracing::error!(source = name, "the reading thread takes no more asks");
        }
        if todo.report {
            let update = Update { source: name, samples, entries: Vec::new(), health: asking.health() };
            if updates.send(update).await.is_err() {
                return;
            }
        }
        if todo.over {
            return;
        }
    }
}

/// Whole milliseconds, as data keeps spans.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
