//! Everything one tenant's worker knows: bounded windows of series, and the health of their sources.

use std::collections::BTreeMap;

use super::log::{Entry, Stream};
use super::series::{Point, Rejected, Sample, SeriesKey, Window};
use crate::base::{Wall, limits};

#[cfg(test)]
mod tests;

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
    /// How often it is asked, in milliseconds; data older than two intervals is stale.
    pub interval_ms: u64,
}

/// All series of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// By the name that their series share.
    families: BTreeMap<String, Dated<BTreeMap<SeriesKey, Window>>>,
    /// Names of series that come and go, and how many of each may be kept.
    bounds: BTreeMap<String, usize>,
    series_count: usize,
    /// The time of the newest point of all series.
    newest: Option<Wall>,
    logs: BTreeMap<String, Dated<Stream>>,
    sources: BTreeMap<String, Dated<SourceHealth>>,
    revision: u64,
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
    }

    /// Takes one sample, or says why not; nothing else is touched then.
    pub fn insert(&mut self, sample: Sample) -> Result<(), Rejected> {
        let key = &sample.key;
        let too_long = |text: &str| text.len() > limits::SERIES_TEXT_BYTES_MAX;
        if too_long(&key.name)
            || key.labels.len() > limits::SERIES_LABELS_MAX
            || key.labels.iter().any(|(name, value)| too_long(name) || too_long(value))
        {
            return Err(Rejected::TooLong);
        }
        let point = Point { at: sample.at, value: sample.value };
        let mut family = self.families.get_mut(&key.name);
        if let Some(window) = family.as_mut().and_then(|family| family.of.get_mut(key)) {
            if window.kind != sample.kind || window.unit != sample.unit {
                return Err(Rejected::Changed);
            }
            window.push(point)?;
        } else {
            let mut window = Window::new(sample.kind, sample.unit);
            window.push(point)?;
            let bound = self.bounds.get(&key.name);
            if let Some(family) = family.filter(|family| bound.is_some_and(|bound| family.of.len() >= *bound)) {
                make_room(&mut family.of, point.at)?;
                self.series_count -= 1;
            } else if self.series_count >= limits::SERIES_MAX {
                return Err(Rejected::TooManySeries);
            }
            let name = key.name.clone();
            family = Some(self.families.entry(name).or_default());
            family.as_mut().map(|family| family.of.insert(sample.key, window));
            self.series_count += 1;
        }
        self.newest = self.newest.max(Some(point.at));
        self.revision += 1;
        if let Some(family) = family {
            family.revision = self.revision;
        }
        Ok(())
    }

    /// The time of the newest point of all series.
    pub fn newest(&self) -> Option<Wall> {
        self.newest
    }

    /// Drops what is known of times after `at`: the clock was set back, and what it called later never was. No source
    /// has delivered after it either, or one that falls silent now would count as live until then.
    pub fn forget_after(&mut self, at: Wall) {
        self.revision += 1;
        for family in self.families.values_mut() {
            family.revision = self.revision;
            family.of.retain(|_, window| {
                window.forget_after(at);
                !window.is_empty()
            });
        }
        self.families.retain(|_, family| !family.of.is_empty());
        self.series_count = self.windows().count();
        self.newest = self.windows().filter_map(Window::last).map(|point| point.at).max();
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

    pub fn window(&self, key: &SeriesKey) -> Option<&Window> {
        self.families.get(&key.name)?.of.get(key)
    }

    /// All series of one name in the order of their labels.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a SeriesKey, &'a Window)> + use<'a> {
        self.families.get(name).into_iter().flat_map(|family| &family.of)
    }

    pub fn set_source(&mut self, name: &str, health: SourceHealth) {
        if self.source(name) != Some(&health) {
            self.revision += 1;
            self.sources.insert(name.to_owned(), Dated { revision: self.revision, of: health });
        }
    }

    pub fn source(&self, name: &str) -> Option<&SourceHealth> {
        self.sources.get(name).map(|source| &source.of)
    }

    /// Grows with every change; equal revisions mean equal contents.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision in which something changed last; 0 of what nobody has told of.
    pub fn revision_of(&self, topic: Topic<'_>) -> u64 {
        match topic {
            Topic::Series(name) => self.families.get(name).map_or(0, |family| family.revision),
            Topic::Log(name) => self.logs.get(name).map_or(0, |log| log.revision),
            Topic::Source(name) => self.sources.get(name).map_or(0, |source| source.revision),
        }
    }

    pub fn series_count(&self) -> usize {
        self.series_count
    }

    fn windows(&self) -> impl Iterator<Item = &Window> {
        self.families.values().flat_map(|family| family.of.values())
    }
}

/// Drops the series that has been silent for longest; none of those that are told of at this very moment.
fn make_room(family: &mut BTreeMap<SeriesKey, Window>, at: Wall) -> Result<(), Rejected> {
    let newest = |window: &Window| window.last().map(|point| point.at);
    let stalest =
        family.iter().min_by_key(|(_, window)| newest(window)).filter(|(_, window)| newest(window) < Some(at));
    let key = stalest.map(|(key, _)| key.clone()).ok_or(Rejected::TooManySeries)?;
    family.remove(&key);
    Ok(())
}
