//! The log: one event goes to all of its destinations, which are the standard error, files and journald.
//!
//! Invariant: whoever logs never waits and never fails. An event is noted once and put into a bounded queue for each
//! destination, which a thread of its own empties; what it cannot get rid of is dropped beyond a cap and counted, and
//! the count is told once there is room again. No destination waits for another one. What reaches them is printable.

mod files;
mod journal;
mod layer;
mod queue;
mod record;
mod said;
mod stderr;
mod text;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;

use crate::base::limits;
use crate::sys::{clock, fd};
use layer::Fanout;
use queue::{Destination, Queue};

pub use text::Form;

/// Where log messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Stderr,
    Files,
    Journal,
}

/// What is logged, and where it goes. At least one destination is meant to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub level: LevelFilter,
    /// How it looks on the standard error; none for nothing there.
    pub stderr: Option<Form>,
    pub files: Option<Files>,
    pub journal: bool,
}

/// Files that roll at midnight UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub folder: PathBuf,
    /// As many are left, the newest; none where somebody else takes the old ones away.
    pub keep: Option<usize>,
}

/// Messages that did not get to one destination, and writes that failed, since this process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    pub dropped: u64,
    pub errors: u64,
}

/// Time the last messages have to come out at the end of the process.
const FLUSH_DEADLINE: Duration = Duration::from_millis(500);

/// The same in a panic hook: until the process is gone its screens stand still.
const LAST_WORDS_DEADLINE: Duration = Duration::from_millis(20);

/// What became of a line that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// Too much waits already, or the way is blocked, perhaps by the very thread that speaks.
    Lost,
    /// Nothing is logged.
    NoLog,
}

static STARTED: OnceLock<(Plan, Vec<Arc<Queue>>)> = OnceLock::new();
/// As it is now.
static LEVEL: Mutex<LevelFilter> = Mutex::new(LevelFilter::OFF);
static SET_LEVEL: OnceLock<Box<dyn Fn(LevelFilter) + Send + Sync>> = OnceLock::new();

/// Logs to the standard error alone, as text, for the whole process. Later calls change nothing.
pub fn to_stderr(level: LevelFilter) {
    start(Plan { level, stderr: Some(Form::Human { colour: false }), files: None, journal: false });
}

/// Logs as planned, for the whole process. Later calls change nothing.
pub fn start(plan: Plan) {
    let level = plan.level;
    let mut is_first = false;
    let (_, queues) = STARTED.get_or_init(|| {
        is_first = true;
        let queues = plan.queues();
        (plan, queues)
    });
    // Where no thread could be started, whoever has something to say has to say it without.
    if !is_first || queues.is_empty() {
        return;
    }
    note_level(level);
    let (threshold, handle) = reload::Layer::new(level);
    // It fails once the subscriber is gone, which never happens.
    let _ = SET_LEVEL.set(Box::new(move |level| drop(handle.reload(level))));
    let subscriber = tracing_subscriber::registry().with(threshold).with(Fanout::over(queues.clone()));
    // A subscriber that is there already, as in tests, stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Why journald cannot be logged to, where that is so. Waits for nothing.
pub fn journal_missing() -> Option<String> {
    journal::missing()
}

/// Whether the standard error of this process is journald's, as the service manager says.
pub fn stderr_is_journal() -> bool {
    systemd_journal_logger::connected_to_journal()
}

/// As this process was told to log; none where it does not.
pub fn plan() -> Option<&'static Plan> {
    STARTED.get().map(|(plan, _)| plan)
}

/// From now on events of at least this level are logged. Does nothing where nothing is.
pub fn set_level(level: LevelFilter) {
    if let Some(set) = SET_LEVEL.get() {
        note_level(level);
        set(level);
    }
}

/// Events of at least this level are logged just now; none where nothing is.
pub fn level() -> Option<LevelFilter> {
    SET_LEVEL.get().map(|_| *LEVEL.lock().unwrap_or_else(PoisonError::into_inner))
}

fn note_level(level: LevelFilter) {
    *LEVEL.lock().unwrap_or_else(PoisonError::into_inner) = level;
}

/// What was lost on the way to each destination, in the order of [`To::ALL`].
pub fn losses() -> [Losses; limits::LOG_DESTINATIONS] {
    let queues = queues();
    To::ALL.map(|to| queues.iter().find(|queue| queue.to() == to).map_or(Losses::default(), |queue| queue.losses()))
}

/// Says a line that is no event among those that are; a panic hook may. Unless it is taken it is on the caller.
pub fn say(line: &str) -> Outcome {
    match each(|queue| queue.say(line)) {
        Some(true) => Outcome::Taken,
        Some(false) => Outcome::Lost,
        None => Outcome::NoLog,
    }
}

/// For a panic hook that ends the process: says a line and waits until it is out, but hardly. Where that cannot be
/// known, the standard error gets it past the log, if it takes it at once: twice is better than never.
pub fn last_words(line: &str) {
    let is_said = say(line) == Outcome::Taken;
    if !(flush_within(LAST_WORDS_DEADLINE) && is_said) {
        fd::say_now(line);
    }
}

/// Waits until all is out, but not for long: nobody may be reading. For the end of a process.
pub fn flush() {
    flush_within(FLUSH_DEADLINE);
}

fn flush_within(deadline: Duration) -> bool {
    let begun = clock::mono();
    each(|queue| queue.flush(deadline.saturating_sub(clock::mono().since(begun)))).unwrap_or(true)
}

/// Has all of them do something, whatever became of the one before, and returns how it went at the standard error, or
/// without that at any; none where there are none.
fn each(act: impl Fn(&Queue) -> bool) -> Option<bool> {
    let (mut decisive, mut any) = (None, None);
    for queue in queues() {
        let went = act(queue);
        any = Some(any.unwrap_or(false) | went);
        if queue.to() == To::Stderr {
            decisive = Some(went);
        }
    }
    decisive.or(any)
}

fn queues() -> &'static [Arc<Queue>] {
    STARTED.get().map_or(&[], |(_, queues)| queues)
}

// === impl To ===

impl To {
    pub const ALL: [To; limits::LOG_DESTINATIONS] = [To::Stderr, To::Files, To::Journal];

    pub fn word(self) -> &'static str {
        match self {
            To::Stderr => "stderr",
            To::Files => "files",
            To::Journal => "journal",
        }
    }

    /// Of its thread.
    fn thread(self) -> &'static str {
        match self {
            To::Stderr => "log-stderr",
            To::Files => "log-files",
            To::Journal => "log-journal",
        }
    }
}

// === impl Plan ===

impl Plan {
    /// Flags of the hidden verb, by which a worker's log goes where this one's does, from the start.
    pub fn arguments(&self) -> Vec<String> {
        let mut all = vec!["--log-stderr".to_owned(), self.stderr.map_or("none", Form::word).to_owned()];
        if let Some(files) = &self.files {
            all.extend(["--log-files".to_owned(), files.folder.display().to_string()]);
        }
        all.extend(self.journal.then(|| "--log-journal".to_owned()));
        all
    }

    fn queues(&self) -> Vec<Arc<Queue>> {
        let mut queues = Vec::new();
        if let Some(form) = self.stderr {
            queues.push(Queue::start(To::Stderr, move || -> Box<dyn Destination> { stderr::destination(form) }));
        }
        if let Some(files) = self.files.clone() {
            let make = move || -> Box<dyn Destination> { Box::new(files::Rolling::new(files.clone())) };
            queues.push(Queue::start(To::Files, make));
        }
        if self.journal {
            queues.push(Queue::start(To::Journal, || -> Box<dyn Destination> { Box::<journal::Journal>::default() }));
        }
        let queues: Vec<Arc<Queue>> = queues.into_iter().filter_map(Result::ok).collect();
        queues.iter().for_each(|queue| queue.stand_beside(&queues));
        queues
    }
}
