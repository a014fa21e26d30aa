//! What happens to sources and their samples.

use std::path::Path;

use tracing::{debug, info, warn};

use super::{COUNTERS, Event};

/// A source failed for the first time since it last delivered.
#[derive(Debug)]
pub struct SourceFailed<'a> {
    pub source: &'a str,
    pub why: &'a str,
}

/// A source delivers, but not everything; told when what is missing changes.
#[derive(Debug)]
pub struct SourceIncomplete<'a> {
    pub source: &'a str,
    /// Empty when everything is there again.
    pub missing: &'a str,
}

/// A source that failed again and again is left alone for a while.
#[derive(Debug)]
pub struct SourcePaused<'a> {
    pub source: &'a str,
    pub pause_ms: u64,
}

/// Values of a source that were not even offered: too many series, strange lines, times far off.
#[derive(Debug)]
pub struct ValuesLeftOut<'a> {
    pub source: &'a str,
    pub count: u64,
    /// The most important reason.
    pub why: &'a str,
}

/// A source delivers again.
#[derive(Debug)]
pub struct SourceRecovered<'a> {
    pub source: &'a str,
    pub after_ms: u64,
}

/// A sample was not taken.
#[derive(Debug)]
pub struct SampleRejected<'a> {
    pub source: &'a str,
    pub series: &'a str,
    pub why: &'a str,
}

/// What a source was before it was asked, or while it was away.
#[derive(Debug)]
pub struct PastFetched<'a> {
    pub source: &'a str,
    pub samples: usize,
    pub span_s: u64,
}

/// A secret lies in a file that everybody on this machine may read; told once.
#[derive(Debug)]
pub struct SecretOpenToAll<'a> {
    pub source: &'a str,
    /// The key that names it.
    pub key: &'a str,
    pub path: &'a Path,
}

/// A source failed, and another one is shown in its place.
#[derive(Debug)]
pub struct StandbyTakesOver<'a> {
    pub first: &'a str,
    pub standby: &'a str,
}

/// The standby is shown no more.
#[derive(Debug)]
pub struct StandbyYields<'a> {
    pub first: &'a str,
    pub standby: &'a str,
}

impl Event for StandbyTakesOver<'_> {
    fn emit(self) {
        COUNTERS.standbys_shown.add(1);
        warn!(source = self.first, standby = self.standby, "source failed; its charts show the one that stands by");
    }
}

impl Event for StandbyYields<'_> {
    fn emit(self) {
        COUNTERS.standbys_yielded.add(1);
        info!(source = self.first, standby = self.standby, "the standby is shown no more");
    }
}

impl Event for PastFetched<'_> {
    fn emit(self) {
        debug!(source = self.source, samples = self.samples, span_s = self.span_s, "past fetched");
    }
}

impl Event for SecretOpenToAll<'_> {
    fn emit(self) {
        let path = self.path.display();
        warn!(source = self.source, key = self.key, %path, "everybody may read a secret; chmod o-r its file");
    }
}

impl Event for SourceFailed<'_> {
    fn emit(self) {
        COUNTERS.source_failures.add(1);
        warn!(source = self.source, why = self.why, "source failed; its charts show the last good data and its age");
    }
}

impl Event for SourceIncomplete<'_> {
    fn emit(self) {
        if self.missing.is_empty() {
            info!(source = self.source, "source delivers everything again");
        } else {
            warn!(source = self.source, missing = self.missing, "source delivers a part only");
        }
    }
}

impl Event for SourcePaused<'_> {
    fn emit(self) {
        COUNTERS.source_pauses.add(1);
        warn!(source = self.source, pause_ms = self.pause_ms, "source keeps failing; it is tried again after a pause");
    }
}

impl Event for ValuesLeftOut<'_> {
    fn emit(self) {
        COUNTERS.values_left_out.add(self.count);
        debug!(source = self.source, count = self.count, why = self.why, "values left out");
    }
}

impl Event for SourceRecovered<'_> {
    fn emit(self) {
        COUNTERS.source_recoveries.add(1);
        info!(source = self.source, after_ms = self.after_ms, "source delivers again");
    }
}

impl Event for SampleRejected<'_> {
    fn emit(self) {
        COUNTERS.samples_rejected.add(1);
        debug!(source = self.source, series = self.series, why = self.why, "sample rejected");
    }
}
