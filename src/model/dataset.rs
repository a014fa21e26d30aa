//! Everything one tenant's worker knows: bounded windows of series, and the health of their sources.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Unit;
use super::fault::Class;
use super::log::{Entry, Stream};
use super::series::{Kind, Point, Rejected, Sample, SeriesKey};
use super::window::{Allowance, Kept, Window};
use crate::base::{Wall, limits};

mod lookup;
mod sorted;
#[cfg(test)]
mod tests;
mod tracked;

pub use lookup::Place;
use sorted::Sorted;
pub use tracked::Tracked;

/// How a source fares. A source that fails keeps its data; the screen says how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Asked, nothing heard yet.
    Waiting,
    Good,
    /// Delivers, but not everything: what is missing, in a person's words.
    Partial(String),
    /// Why it failed, in a person's words; the first failure since the last success.
    Failed {
        since: Wall,
        why: String,
        class: Class,
        /// When it is asked again, where that is not its next beat.
        next_try: Option<Wall>,
    },
    /// It failed, and what another source delivers is told in its place.
    Standby {
        by: String,
        since: Wall,
    },
    /// There is none here, and why, in a person's words.
    Absent(String),
}

/// One source as the scene sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceHealth {
    pub state: SourceState,
    /// When it last delivered.
    pub last_good: Option<Wall>,
    /// How often it is asked, in milliseconds; data older than two intervals is stale. 0 for one that is not asked: each
    /// panel goes by the pace of its own series then.
    pub interval_ms: u64,
}

/// All series of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// By the name that their series share.
    families: Sorted<String, Family>,
    /// Names of series that come and go, and how many of each may be kept.
    bounds: BTreeMap<String, usize>,
    series_count: usize,
    /// In which a name went with its last series.
    emptied: u64,
    /// Another one whenever a series comes or goes, and places with it.
    shape: u64,
    /// Windows that began so far.
    windows_begun: u32,
    /// No series makes room for another one before then.
    full_until: Option<Wall>,
    /// What each of them may keep; it only ever shrinks.
    allowance: Allowance,
    /// The time of the newest point of all series.
    newest: Option<Wall>,
    logs: BTreeMap<String, Dated<Stream>>,
    sources: BTreeMap<String, Dated<SourceHealth>>,
    revision: u64,
    /// What was taken since somebody looked; none where nobody does.
    journal: Option<Vec<Change>>,
}

/// Series of one name.
#[derive(Clone, Debug, Default)]
struct Family {
    /// Of the last change of one of them.
    revision: u64,
    /// In which one of them came or went last.
    shape: u64,
    of: Sorted<SeriesKey, Tracked>,
}

/// One change of the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A point was taken into the window with this number.
    Point(u32, Point),
    /// What was known of times after this was dropped.
    ForgetAfter(Wall),
}

/// Bytes taken, by what takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Points kept one by one.
    pub points: usize,
    /// Points kept in buckets.
    pub past: usize,
    /// Names and labels of series, and what is kept of each beside its points.
    pub names: usize,
    pub logs: usize,
}

/// Something that a picture can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic<'a> {
    /// All series of this name.
    Series(&'a str),
    Log(&'a str),
    /// How a source fares.
    Source(&'a str),
}

/// Something, and the revision of its last change.
#[derive(Clone, Debug, Default)]
struct Dated<T> {
    revision: u64,
    of: T,
}

// === impl Dataset ===

impl Dataset {
    /// Series of this name come and go, as processes and containers do: at most so many are kept, and the one that has
    /// been silent for longest makes room for a new one.
    pub fn bound(&mut self, name: &str, series_max: usize) {
        self.bounds.insert(name.to_owned(), series_max);
        // As many may be there already, left by somebody who knew no bound.
        let count = self.families.get(name).map_or(0, |family| family.of.len());
        for _ in series_max..count {
            let family = self.families.get(name).into_iter().flat_map(|family| family.of.iter());
            let stalest = family.min_by_key(|(_, window)| window.newest_at()).map(|(key, _)| key.clone());
            stalest.into_iter().for_each(|key| self.remove(&key));
        }
    }

    /// Notes all changes of series from now on, for [`Dataset::changes`].
    pub fn keep_journal(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// What changed since the last time, into `into`, which is empty.
    pub fn changes(&mut self, into: &mut Vec<Change>) {
        self.journal.iter_mut().for_each(|journal| std::mem::swap(journal, into));
    }

    fn note(&mut self, change: Change) {
        self.journal.iter_mut().for_each(|journal| journal.push(change));
    }

    /// Takes one sample, or says why not; nothing else is touched then.
    pub fn insert(&mut self, sample: Sample) -> Result<(), Rejected> {
        let key = &sample.key;
        if !key.is_within_limits() {
            return Err(Rejected::TooLong);
        }
        let point = Point { at: sample.at, value: sample.value };
        if let Some(outcome) = self.insert_known(key, (sample.kind, sample.unit), point) {
            return outcome;
        }
        let mut window = Window::new(sample.kind, sample.unit);
        window.push(point, self.allowance)?;
        let number = self.begin(sample.key, window, point.at)?;
        self.newest = self.newest.max(Some(point.at));
        self.revision += 1;
        self.note(Change::Point(number, point));
        Ok(())
    }

    /// Takes a window that somebody else kept, in the place of the one there is. False where there is no room for it.
    pub fn restore(&mut self, key: SeriesKey, kind: Kind, unit: Unit, kept: Kept) -> bool {
        let window = Window::restored(kind, unit, kept, self.allowance).filter(|_| key.is_within_limits());
        let Some(window) = window else { return false };
        let Some(newest) = window.newest_at() else { return false };
        if let Some(family) = self.families.get_mut(&key.name)
            && family.of.remove(&key).is_some()
        {
            (self.series_count, self.shape) = (self.series_count - 1, self.shape + 1);
        }
        let is_taken = self.begin(key, window, newest).is_ok();
        self.newest = self.newest.max(Some(newest).filter(|_| is_taken));
        self.revision += 1;
        is_taken
    }

    /// Of as many series as there may be, drops the one that has been silent for longest, if it was for long: what a
    /// source told of once and tells of no more.
    fn let_go_silent(&mut self, at: Wall) -> Result<(), Rejected> {
        // Nobody can have been silent for long enough before then: asking earlier is of no use.
        if self.full_until.is_some_and(|until| at < until) {
            return Err(Rejected::TooManySeries);
        }
        let all = self.families.values().flat_map(|family| family.of.iter());
        let stalest = all.min_by_key(|(_, window)| window.newest_at());
        let stalest = stalest.and_then(|(key, window)| Some((key.clone(), window.newest_at()?)));
        let Some((key, newest)) = stalest else { return Err(Rejected::TooManySeries) };
        self.full_until = Some(newest + limits::SERIES_SILENT_AFTER);
        if at < newest + limits::SERIES_SILENT_AFTER {
            return Err(Rejected::TooManySeries);
        }
        self.full_until = None;
        self.remove(&key);
        Ok(())
    }

    /// Takes a series that was not there; its number.
    fn begin(&mut self, key: SeriesKey, mut window: Window, at: Wall) -> Result<u32, Rejected> {
        let bound = self.bounds.get(&key.name);
        let full =
            self.families.get_mut(&key.name).filter(|family| bound.is_some_and(|bound| family.of.len() >= *bound));
        if let Some(family) = full {
            make_room(family, at)?;
            self.series_count -= 1;
        } else if self.series_count >= limits::SERIES_MAX {
            self.let_go_silent(at)?;
        }
        self.windows_begun = self.windows_begun.wrapping_add(1);
        let number = self.windows_begun;
        window.number = number;
        let family = self.families.get_or_default(&key.name);
        (family.revision, family.shape) = (self.revision + 1, self.revision + 1);
        family.of.insert(key, Tracked::new(window));
        (self.series_count, self.shape) = (self.series_count + 1, self.shape + 1);
        // With more series than ever each may keep less.
        let share = Allowance::share(self.series_count);
        if share.bytes() < self.allowance.bytes() {
            self.allowance = share;
            for family in self.families.values_mut() {
                // What went into buckets is drawn otherwise.
                family.revision = self.revision + 1;
                family.of.values_mut().for_each(|window| window.trim(share));
            }
        }
        Ok(number)
    }

    /// What all of it takes of the memory a tenant may have.
    pub fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for (key, window) in self.families.values().flat_map(|family| family.of.iter()) {
            let (points, past) = window.bytes();
            memory.points += points;
            memory.past += past;
            memory.names += size_of::<Tracked>() + size_of::<Window>() + key.bytes();
        }
        memory.logs = self.logs.iter().map(|(name, log)| name.len() + log.of.bytes()).sum();
        memory
    }

    /// The time of the newest point of all series.
    pub fn newest(&self) -> Option<Wall> {
        self.newest
    }

    /// Drops what is known of times after `at`: the clock was set back, and what it called later never was. No source
    /// has delivered after it either, or one that falls silent now would count as live until then.
    pub fn forget_after(&mut self, at: Wall) {
        self.full_until = None;
        self.note(Change::ForgetAfter(at));
        self.revision += 1;
        for family in self.families.values_mut() {
            (family.revision, family.shape) = (self.revision, self.revision);
            family.of.retain(|window| {
                window.forget_after(at);
                !window.is_empty()
            });
        }
        let names = self.families.len();
        self.families.retain(|family| !family.of.is_empty());
        self.emptied = if self.families.len() < names { self.revision } else { self.emptied };
        self.shape += 1;
        self.series_count = self.windows().count();
        self.newest = self.windows().filter_map(Window::newest_at).max();
        for source in self.sources.values_mut() {
            source.revision = self.revision;
            source.of.last_good = source.of.last_good.map(|then| then.min(at));
        }
    }

    /// Takes one entry of a log; false where there are as many logs as there may be.
    pub fn append(&mut self, stream: &str, entry: Entry) -> bool {
        if !self.logs.contains_key(stream) && self.logs.len() >= limits::LOGS_MAX {
            return false;
        }
        self.revision += 1;
        let log = self.logs.entry(stream.to_owned()).or_default();
        log.revision = self.revision;
        log.of.push(entry);
        true
    }

    pub fn log(&self, stream: &str) -> Option<&Stream> {
        self.logs.get(stream).map(|log| &log.of)
    }

    pub fn window(&self, key: &SeriesKey) -> Option<&Tracked> {
        self.at(self.place(key, None)?)
    }

    /// All series of one name in the order of their labels.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a SeriesKey, &'a Tracked)> + use<'a> {
        self.families.get(name).into_iter().flat_map(|family| family.of.iter())
    }

    /// All series after this one, in the order of their keys; all of them after none.
    pub fn after<'a>(&'a self, key: Option<&'a SeriesKey>) -> impl Iterator<Item = (&'a SeriesKey, &'a Tracked)> {
        let name = key.map(|key| key.name.as_str());
        self.families.from(name.map_or(Bound::Unbounded, Bound::Included)).flat_map(move |(of, family)| {
            let after = key.filter(|key| key.name == *of);
            family.of.from(after.map_or(Bound::Unbounded, Bound::Excluded))
        })
    }

    /// All logs by their names.
    pub fn logs(&self) -> impl Iterator<Item = (&str, &Stream)> {
        self.logs.iter().map(|(name, log)| (name.as_str(), &log.of))
    }

    pub fn set_source(&mut self, name: &str, health: SourceHealth) {
        if self.source(name) != Some(&health) {
            self.revision += 1;
            self.sources.insert(name.to_owned(), Dated { revision: self.revision, of: health });
        }
    }

    /// All sources by their names.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &SourceHealth)> {
        self.sources.iter().map(|(name, source)| (name.as_str(), &source.of))
    }

    pub fn source(&self, name: &str) -> Option<&SourceHealth> {
        self.sources.get(name).map(|source| &source.of)
    }

    /// Grows with every change; equal revisions mean equal contents.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision in which something changed last; of a name that has no series that in which any name lost its last one.
    pub fn revision_of(&self, topic: Topic<'_>) -> u64 {
        match topic {
            Topic::Series(name) => self.families.get(name).map_or(self.emptied, |family| family.revision),
            Topic::Log(name) => self.logs.get(name).map_or(0, |log| log.revision),
            Topic::Source(name) => self.sources.get(name).map_or(0, |source| source.revision),
        }
    }

    /// The revision in which a series of this name came or went last; 0 of a name that nobody has told of.
    pub fn shape_of(&self, name: &str) -> u64 {
        self.families.get(name).map_or(0, |family| family.shape)
    }

    pub fn series_count(&self) -> usize {
        self.series_count
    }

    fn windows(&self) -> impl Iterator<Item = &Window> {
        self.families.values().flat_map(|family| family.of.values()).map(|series| &**series)
    }
}

/// Drops the series that has been silent for longest; none of those that are told of at this very moment.
fn make_room(family: &mut Family, at: Wall) -> Result<(), Rejected> {
    let stalest = family.of.iter().min_by_key(|(_, series)| series.newest_at());
    let stalest = stalest.filter(|(_, series)| series.newest_at() < Some(at));
    let key = stalest.map(|(key, _)| key.clone()).ok_or(Rejected::TooManySeries)?;
    family.of.remove(&key);
    Ok(())
}
