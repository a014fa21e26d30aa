//! Everything an operator may want to know of, one type per observable thing. A part says what happened by making the
//! value and calling `emit`; the sentence, the level, the fields and the counting stand here and nowhere else.
//!
//! Levels go by what the operator should do: error means somebody has to act, warn means it healed by itself but look
//! into it if it comes again, info is the course of life, debug is for finding faults.

mod configuration;
mod confinement;
mod daemon;
mod device;
mod feed;
mod picture;
mod port;
mod push;
mod service;
mod session;
mod source;

use std::sync::atomic::{AtomicU64, Ordering};

pub use configuration::{
    ConfigurationAccepted, ConfigurationDeferred, ConfigurationRefused, ConfigurationUnchanged, ConfigurationUnwatched,
    GenerationDamaged, GenerationUnkept, PrincipalUnknown, RestartWanted,
};
pub use confinement::{GroupsUnused, GroupsUsed, LimitTight, LimitUnheld, LimitsChanged};
pub use daemon::{
    By, CaptureStored, CaptureUnstored, DaemonStarted, DaemonStopped, DaemonStopping, DescendantRefused, GroupMissing,
    KinshipUntold, LeftoversEnded, LeftoversStay, MetricsServed, ProfileCaptured, SessionsLimited, SignalIgnored,
};
pub use device::{DeviceGone, DeviceOpened, DeviceReleased};
pub use feed::{
    FeedViolation, FrameRefused, HistoryBroken, HistoryForeign, HistoryLost, HistoryReplayed, StepFatal, WorkerAnswers,
    WorkerDied, WorkerHung, WorkerKept, WorkerLate, WorkerReady, WorkerRecycled, WorkerSilent, WorkerStack,
    WorkerStarted,
};
pub use picture::StylesUsedUp;
pub use port::{ChangeAsked, CredentialsGone, CredentialsOpenToAll, CredentialsUnread, PortServed, StrangerRefused};
pub use push::{ChunksLost, LinesRejected, PusherClosed, PusherOpened};
pub use service::{
    HandedRefused, HistoriesReturned, HistoryPutOff, HistoryRestored, HistoryTried, HistoryUnkept, HistoryUnrestored,
    ManagerUntold, WatchdogShort,
};
pub use session::{
    FrameDropped, InputDropped, RepaintAllPutOff, RepaintPutOff, SessionClosed, SessionOpened, SessionRefused,
    SessionStalled,
};
pub use source::{
    PastFetched, SampleRejected, SecretOpenToAll, SourceFailed, SourceIncomplete, SourcePaused, SourceRecovered,
    StandbyTakesOver, StandbyYields, ValuesLeftOut,
};

/// Something that happened.
pub trait Event {
    /// Logs it and counts it.
    fn emit(self);
}

/// How often something happened since the process started.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

// === impl Counter ===

impl Counter {
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// All counters of this process, in pairs where things begin and end.
#[derive(Debug, Default)]
pub struct Counters {
    pub workers_started: Counter,
    pub workers_died: Counter,
    pub workers_recycled: Counter,
    pub workers_kept: Counter,
    pub workers_late: Counter,
    pub workers_silent: Counter,
    pub workers_hung: Counter,
    pub steps_fatal: Counter,
    pub workers_answering: Counter,
    pub feed_violations: Counter,
    pub frames_refused: Counter,
    pub sessions_opened: Counter,
    pub sessions_closed: Counter,
    pub sessions_refused: Counter,
    pub sessions_stalled: Counter,
    pub descendants_refused: Counter,
    pub kinships_untold: Counter,
    pub leftovers_ended: Counter,
    pub profiles_captured: Counter,
    pub devices_opened: Counter,
    pub devices_gone: Counter,
    pub frames_dropped: Counter,
    pub inputs_dropped: Counter,
    pub repaints_put_off: Counter,
    pub pushers_opened: Counter,
    pub pushers_closed: Counter,
    pub chunks_lost: Counter,
    pub source_failures: Counter,
    pub source_pauses: Counter,
    pub source_recoveries: Counter,
    pub standbys_shown: Counter,
    pub standbys_yielded: Counter,
    pub samples_rejected: Counter,
    pub values_left_out: Counter,
    pub histories_replayed: Counter,
    pub histories_broken: Counter,
    pub histories_lost: Counter,
    pub configurations_accepted: Counter,
    pub configurations_refused: Counter,
}

/// The counters that every `emit` adds to.
pub static COUNTERS: Counters = Counters {
    workers_started: Counter::new(),
    workers_died: Counter::new(),
    workers_recycled: Counter::new(),
    workers_kept: Counter::new(),
    workers_late: Counter::new(),
    workers_silent: Counter::new(),
    workers_hung: Counter::new(),
    steps_fatal: Counter::new(),
    workers_answering: Counter::new(),
    feed_violations: Counter::new(),
    frames_refused: Counter::new(),
    sessions_opened: Counter::new(),
    sessions_closed: Counter::new(),
    sessions_refused: Counter::new(),
    sessions_stalled: Counter::new(),
    descendants_refused: Counter::new(),
    kinships_untold: Counter::new(),
    leftovers_ended: Counter::new(),
    profiles_captured: Counter::new(),
    devices_opened: Counter::new(),
    devices_gone: Counter::new(),
    frames_dropped: Counter::new(),
    inputs_dropped: Counter::new(),
    repaints_put_off: Counter::new(),
    pushers_opened: Counter::new(),
    pushers_closed: Counter::new(),
    chunks_lost: Counter::new(),
    source_failures: Counter::new(),
    source_pauses: Counter::new(),
    source_recoveries: Counter::new(),
    standbys_shown: Counter::new(),
    standbys_yielded: Counter::new(),
    samples_rejected: Counter::new(),
    values_left_out: Counter::new(),
    histories_replayed: Counter::new(),
    histories_broken: Counter::new(),
    histories_lost: Counter::new(),
    configurations_accepted: Counter::new(),
    configurations_refused: Counter::new(),
};
