//! The series that pushers made, found by a key as it stands in a line.
//!
//! Invariant: never more than `limits::PUSH_SERIES_MAX`. A series that has been silent for longer than its points are
//! kept at one a second makes room for a new one; a flood of names makes room for nothing.

use std::borrow::Borrow;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::line::Pair;
use crate::base::{Wall, limits};
use crate::model::dataset::Place;
use crate::model::{Kind, SeriesKey, Unit};

/// All of one tenant.
#[derive(Debug, Default)]
pub struct Known {
    /// With the standard library's hashing, which nobody outside can steer.
    series: HashMap<Owned, Facts>,
    /// No series falls silent for long enough before then: asking earlier is of no use.
    full_until: Option<Wall>,
}

/// What is known of a series.
#[derive(Clone, Debug)]
pub struct Facts {
    pub kind: Kind,
    pub unit: Unit,
    /// Where it stood in the data when it was looked for last.
    pub place: Cell<Option<Place>>,
    /// When it was pushed last.
    heard: Cell<Wall>,
}

/// A key as it stands in a line: its labels are sorted by name.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub labels: &'a [Pair<'a>],
}

/// A series that is silent for so long makes room: its points are kept for about as long.
const SILENT_AFTER: Duration = Duration::from_secs(3600);

/// A key that the table holds.
#[derive(Debug)]
struct Owned(SeriesKey);

/// Both kinds of keys, to be compared with each other.
trait Key {
    fn name(&self) -> &str;
    fn count(&self) -> usize;
    fn label(&self, index: usize) -> (&str, &str);
}

// === impl Known ===

impl Known {
    pub fn get(&self, wanted: &Wanted<'_>) -> Option<(&SeriesKey, &Facts)> {
        let (key, facts) = self.series.get_key_value(wanted as &dyn Key)?;
        Some((&key.0, facts))
    }

    /// Whether one more fits at `now`; the one that makes room for it is returned.
    pub fn room(&mut self, now: Wall) -> Result<Option<SeriesKey>, Full> {
        if self.series.len() < limits::PUSH_SERIES_MAX {
            return Ok(None);
        }
        // Later than that it cannot be, unless the clock was set back since.
        if self.full_until.is_some_and(|until| now < until && until <= now + SILENT_AFTER) {
            return Err(Full);
        }
        for facts in self.series.values() {
            facts.heard.set(facts.heard.get().min(now));
        }
        let stalest = self.series.iter().min_by_key(|(_, facts)| facts.heard.get());
        let Some((key, facts)) = stalest else { return Err(Full) };
        let free_at = facts.heard.get() + SILENT_AFTER;
        if now < free_at {
            self.full_until = Some(free_at);
            return Err(Full);
        }
        let key = key.0.clone();
        self.series.remove(&Owned(key.clone()) as &dyn Key);
        Ok(Some(key))
    }

    pub fn add(&mut self, key: SeriesKey, (kind, unit): (Kind, Unit), now: Wall) {
        let facts = Facts { kind, unit, place: Cell::new(None), heard: Cell::new(now) };
        self.series.insert(Owned(key), facts);
    }

    /// Forgets the series of which that is not true.
    pub fn retain(&mut self, mut wanted: impl FnMut(&SeriesKey) -> bool) {
        self.series.retain(|key, _| wanted(&key.0));
        self.full_until = None;
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }
}

/// There are as many series as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

// === impl Facts ===

impl Facts {
    /// It was pushed at `now`.
    pub fn told(&self, now: Wall) {
        self.heard.set(now);
    }
}

// === impl Wanted ===

impl Wanted<'_> {
    pub fn to_key(self) -> SeriesKey {
        let labels = self.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        SeriesKey { name: self.name.to_owned(), labels: labels.collect() }
    }
}

// === impl Key ===

impl Key for Owned {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn count(&self) -> usize {
        self.0.labels.len()
    }

    fn label(&self, index: usize) -> (&str, &str) {
        let (name, value) = &self.0.labels[index];
        (name, value)
    }
}

impl Key for Wanted<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn count(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: usize) -> (&str, &str) {
        let (name, value) = &self.labels[index];
        (name, value)
    }
}

impl PartialEq for dyn Key + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
            && self.count() == other.count()
            && (0..self.count()).all(|index| self.label(index) == other.label(index))
    }
}

impl Eq for dyn Key + '_ {}

impl Hash for dyn Key + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        for index in 0..self.count() {
            self.label(index).hash(state);
        }
    }
}

impl PartialEq for Owned {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Owned {}

impl Hash for Owned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self as &dyn Key).hash(state);
    }
}

impl<'a> Borrow<dyn Key + 'a> for Owned {
    fn borrow(&self) -> &(dyn Key + 'a) {
        self
    }
}
