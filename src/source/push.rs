//! The source `push`: samples that programs hand over, one JSON object on each line.
//!
//! Invariant: any bytes become samples or rejected lines, each with its reason; a chunk costs a bounded amount of work
//! and makes a bounded number of series. A pusher gets no series but those that are nobody else's. Pure: the time is
//! handed in.

mod known;
mod line;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{Wall, bounded, limits};
use crate::label::Label;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::origin::{CHART, TAKEN_SERIES};
use crate::model::series::{Point, Rejected};
use crate::model::{Dataset, Kind, Sample, SeriesKey, Unit};
use known::{Full, Known, Wanted};
use line::{Line, Pair};

/// As boards call it.
pub const NAME: &str = "push";

/// Everything that was pushed to one tenant, as far as it must be remembered.
#[derive(Debug, Default)]
pub struct Intake {
    /// What the series of configured sources begin with.
    taken: Vec<String>,
    known: Known,
    /// The last word of a unit and what it means: neighbours tend to have the same.
    unit: Option<(String, Unit)>,
    last_good: Option<Wall>,
    /// Lines that were not taken since the start, by why.
    rejected: BTreeMap<&'static str, u64>,
}

/// What came of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub accepted: u32,
    pub rejected: u32,
    /// The first of the rejected lines, counted from 1, and why in safe words.
    pub faults: Vec<(u32, String)>,
}

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Line(String),
    #[error("the line is longer than {} bytes", limits::SOURCE_LINE_BYTES_MAX)]
    LongLine,
    #[error("the chunk has more than {} lines", limits::PUSH_LINES_MAX)]
    ManyLines,
    #[error("the series has no name")]
    NoName,
    #[error("series of that name belong to another source")]
    Foreign,
    #[error("{0}")]
    Unit(String),
    #[error("its time lies ahead")]
    Early,
    #[error("its time is older than a day")]
    Old,
    #[error("more than a value a millisecond: give each line its time as `at`")]
    TooFast,
    #[error("there are {} pushed series, as many as there may be", limits::PUSH_SERIES_MAX)]
    ManySeries,
    #[error("{0}")]
    Store(#[from] Rejected),
}

/// A pusher's clock may be ahead by so much; what it tells then counts as now.
const AHEAD_MAX: Duration = Duration::from_secs(10);
/// Lines that tell no time and come within one millisecond are given those that follow, up to so many: a burst out of a
/// pipe is not lost. What lies ahead by no more does not mean that the clock was set back.
pub const SPREAD_MAX: Duration = Duration::from_millis(100);

// === impl Intake ===

impl Intake {
    /// What the series of configured sources begin with. Nobody may push those any more.
    pub fn set_taken(&mut self, taken: Vec<String>) {
        self.taken = taken;
        let taken = &self.taken;
        self.known.retain(|key| !is_taken(&key.name, taken));
    }

    /// Counts the series there are that are nobody else's as pushed, and the newest of them as the last time all was well;
    /// those beyond the cap go.
    pub fn adopt(&mut self, data: &mut Dataset) {
        let mut found: Vec<(SeriesKey, (Kind, Unit), Wall)> = data
            .after(None)
            .filter(|(key, _)| !is_taken(&key.name, &self.taken))
            .filter_map(|(key, window)| Some((key.clone(), (window.kind, window.unit), window.newest_at()?)))
            .collect();
        found.sort_by_key(|(_, _, newest)| std::cmp::Reverse(*newest));
        if let Some((_, _, newest)) = found.first() {
            self.last_good = Some(*newest);
            // Who pushes once an hour is not waited for before what there is is shown.
            data.set_source(NAME, self.health(*newest));
        }
        for (index, (key, sort, newest)) in found.into_iter().enumerate() {
            if index < limits::PUSH_SERIES_MAX {
                self.known.add(key, sort, newest);
            } else {
                data.remove(&key);
            }
        }
    }

    /// How it fares: it is never asked, so nothing can fail, and each panel says how old its data is.
    pub fn health(&self, now: Wall) -> SourceHealth {
        let last_good = self.last_good.map(|then| then.min(now));
        SourceHealth { state: SourceState::Good, last_good, interval_ms: 0 }
    }

    /// Lines that were not taken since the start, by a word for the reason: at most `limits::PUSH_REASONS_MAX` of them.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.rejected.iter().map(|(why, count)| (*why, *count))
    }

    /// Series that pushers made and that are remembered.
    pub fn series_count(&self) -> usize {
        self.known.len()
    }

    /// Takes a chunk of whole lines at `now`.
    pub fn take(&mut self, chunk: &[u8], now: Wall, data: &mut Dataset) -> Taken {
        let mut taken = Taken::default();
        let mut labels = Vec::new();
        let chunk = chunk.strip_suffix(b"\n").unwrap_or(chunk);
        for (index, line) in chunk.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let fault = if index >= limits::PUSH_LINES_MAX {
                Some(Fault::ManyLines)
            } else if line.len() > limits::SOURCE_LINE_BYTES_MAX {
                Some(Fault::LongLine)
            } else {
                self.one(line, &mut labels, now, data).err()
            };
            match fault {
                None => taken.accepted += 1,
                Some(fault) => {
                    *self.rejected.entry(fault.word()).or_default() += 1;
                    taken.reject(index, &fault);
                }
            }
        }
        if taken.accepted > 0 {
            self.last_good = Some(now);
        }
        taken
    }

    fn one<'a>(
        &mut self,
        line: &'a [u8],
        labels: &mut Vec<Pair<'a>>,
        now: Wall,
        data: &mut Dataset,
    ) -> Result<(), Fault> {
        let mut line = line::read(line, labels).map_err(Fault::Line)?;
        line.series = line::word(line.series);
        let unit = self.unit(&line)?;
        let wanted = Wanted { name: &line.series, labels };
        let Some((key, facts)) = self.known.get(&wanted) else {
            return self.new_series(&line, wanted, unit, now, data);
        };
        let place = data.place(key, facts.place.get());
        facts.place.set(place);
        let at = time(&line, || Some(data.at(place?)?.last()?.at), now)?;
        let sort = (line.kind.unwrap_or(facts.kind), unit.unwrap_or(facts.unit));
        match place.and_then(|place| data.insert_at(place, sort, Point { at, value: line.value })) {
            Some(outcome) => {
                outcome?;
                facts.told(now);
                Ok(())
            }
            // The data has let it go: it begins anew.
            None => self.new_series(&line, wanted, unit, now, data),
        }
    }

    /// A line of a series that is not known yet.
    fn new_series(
        &mut self,
        line: &Line<'_>,
        wanted: Wanted<'_>,
        unit: Option<Unit>,
        now: Wall,
        data: &mut Dataset,
    ) -> Result<(), Fault> {
        if wanted.name.is_empty() {
            return Err(Fault::NoName);
        }
        if is_taken(wanted.name, &self.taken) {
            return Err(Fault::Foreign);
        }
        let at = time(line, || None, now)?;
        if !line.value.is_finite() {
            return Err(Rejected::NotFinite.into());
        }
        let too_long = |text: &str| text.len() > limits::SERIES_TEXT_BYTES_MAX;
        if too_long(wanted.name) || wanted.labels.iter().any(|(name, value)| too_long(name) || too_long(value)) {
            return Err(Rejected::TooLong.into());
        }
        if self.known.get(&wanted).is_none()
            && let Some(silent) = self.known.room(now).map_err(|Full| Fault::ManySeries)?
        {
            data.remove(&silent);
        }
        let key = wanted.to_key();
        // Told of before the series was another source's for a while.
        let before = data.window(&key).map_or_else(Default::default, |window| (window.kind, window.unit));
        let (kind, unit) = (line.kind.unwrap_or(before.0), unit.unwrap_or(before.1));
        data.insert(Sample { key: key.clone(), kind, unit, at, value: line.value })?;
        self.known.add(key, (kind, unit), now);
        Ok(())
    }

    fn unit(&mut self, line: &Line<'_>) -> Result<Option<Unit>, Fault> {
        let Some(word) = &line.unit else { return Ok(None) };
        if let Some((known, unit)) = &self.unit
            && known == word
        {
            return Ok(Some(*unit));
        }
        let unit = word.parse::<Unit>().map_err(|error| Fault::Unit(error.to_string()))?;
        self.unit = Some((word.to_string(), unit));
        Ok(Some(unit))
    }
}

/// When a line's value was, given the newest of its series.
fn time(line: &Line<'_>, newest: impl FnOnce() -> Option<Wall>, now: Wall) -> Result<Wall, Fault> {
    let Some(at) = line.at else {
        let next = newest().map_or(now, |newest| now.max(Wall(newest.0.saturating_add(1))));
        return if next <= now + SPREAD_MAX { Ok(next) } else { Err(Fault::TooFast) };
    };
    if at > now + AHEAD_MAX {
        return Err(Fault::Early);
    }
    if at < now - limits::SAMPLE_AGE_MAX {
        return Err(Fault::Old);
    }
    // A clock a little ahead of ours: what it tells is what there is now.
    Ok(at.min(now))
}

/// Whether series of this name are another source's.
fn is_taken(name: &str, taken: &[String]) -> bool {
    let begins = |first: &str| name.strip_prefix(first).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    name.starts_with(CHART) || TAKEN_SERIES.iter().any(|first| begins(first)) || taken.iter().any(|first| begins(first))
}

// === impl Fault ===

impl Fault {
    /// What such lines are counted under: a promise to whoever reads the status.
    fn word(&self) -> &'static str {
        match self {
            Fault::Line(_) => "malformed",
            Fault::LongLine => "line-too-long",
            Fault::ManyLines => "too-many-lines",
            Fault::NoName => "no-name",
            Fault::Foreign => "foreign-series",
            Fault::Unit(_) => "unknown-unit",
            Fault::Early => "ahead-of-time",
            Fault::Old => "too-old",
            Fault::TooFast => "too-fast",
            Fault::ManySeries | Fault::Store(Rejected::TooManySeries) => "too-many-series",
            Fault::Store(Rejected::NotFinite) => "not-finite",
            Fault::Store(Rejected::NotNewer) => "not-newer",
            Fault::Store(Rejected::TooLong) => "text-too-long",
            Fault::Store(Rejected::Changed) => "kind-or-unit-changed",
        }
    }
}

// === impl Taken ===

impl Taken {
    fn reject(&mut self, index: usize, fault: &Fault) {
        self.rejected += 1;
        if self.faults.len() == limits::PUSH_FAULTS_MAX {
            return;
        }
        let words = fault.to_string();
        let words = Label::plain(bounded::beginning(&words, limits::PUSH_WHY_BYTES_MAX));
        let words = words.clip(limits::SOURCE_WORDS_COLUMNS_MAX).as_str().to_owned();
        let words = bounded::beginning(&words, limits::PUSH_WHY_BYTES_MAX).to_owned();
        self.faults.push((u32::try_from(index + 1).unwrap_or(u32::MAX), words));
    }
}

#[cfg(test)]
mod tests;
