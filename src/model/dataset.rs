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
    /// Why it failed, in a person's words; the first failure since the last success.
    Failed {
        since: Wall,
        why: String,
    },
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
    series: BTreeMap<SeriesKey, Window>,
    logs: BTreeMap<String, Stream>,
    sources: BTreeMap<String, SourceHealth>,
    revision: u64,
}

// === impl Dataset ===

impl Dataset {
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
        if let Some(window) = self.series.get_mut(key) {
            if window.kind != sample.kind || window.unit != sample.unit {
                return Err(Rejected::Changed);
            }
            window.push(point)?;
        } else {
            if self.series.len() >= limits::SERIES_MAX {
                return Err(Rejected::TooManySeries);
            }
            let mut window = Window::new(sample.kind, sample.unit);
            window.push(point)?;
            self.series.insert(sample.key, window);
        }
        self.revision += 1;
        Ok(())
    }

    /// The time of the newest point of all series.
    pub fn newest(&self) -> Option<Wall> {
        self.series.values().filter_map(Window::last).map(|point| point.at).max()
    }

    /// Drops what is known of times after `at`: the clock was set back, and what it called later never was. No source
    /// has delivered after it either, or one that falls silent now would count as live until then.
    pub fn forget_after(&mut self, at: Wall) {
        self.series.retain(|_, window| {
            window.forget_after(at);
            !window.is_empty()
        });
        for health in self.sources.values_mut() {
            health.last_good = health.last_good.map(|then| then.min(at));
        }
        self.revision += 1;
    }

    /// Takes one entry of a log; false where there are as many logs as there may be.
    pub fn append(&mut self, stream: &str, entry: Entry) -> bool {
        if !self.logs.contains_key(stream) && self.logs.len() >= limits::LOGS_MAX {
            return false;
        }
        self.logs.entry(stream.to_owned()).or_default().push(entry);
        self.revision += 1;
        true
    }

    pub fn log(&self, stream: &str) -> Option<&Stream> {
        self.logs.get(stream)
    }

    pub fn window(&self, key: &SeriesKey) -> Option<&Window> {
        self.series.get(key)
    }

    /// All series of one name in the order of their labels.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a SeriesKey, &'a Window)> + 'a {
        self.series.range(SeriesKey::plain(name)..).take_while(move |(key, _)| key.name == name)
    }

    pub fn set_source(&mut self, name: &str, health: SourceHealth) {
        if self.sources.get(name) != Some(&health) {
            self.sources.insert(name.to_owned(), health);
            self.revision += 1;
        }
    }

    pub fn source(&self, name: &str) -> Option<&SourceHealth> {
        self.sources.get(name)
    }

    /// Grows with every change; equal revisions mean equal contents.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn series_count(&self) -> usize {
        self.series.len()
    }
}
