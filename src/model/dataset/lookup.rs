//! Series by keys that somebody else holds: for whoever brings many samples of series that are known already.
//!
//! Invariant: what is taken, and what is refused, is the same as with [`Dataset::insert`].

use std::ops::Bound;

use super::{Allowance, Change, Dataset, Point, Rejected, SeriesKey, Tracked, Wall};
use crate::model::{Kind, Unit};

/// A series there is, and what changes with it.
struct Known<'a> {
    series: &'a mut Tracked,
    allowance: Allowance,
    /// The revision in which a series of its name changed last.
    changed: &'a mut u64,
    revision: &'a mut u64,
    newest: &'a mut Option<Wall>,
    journal: &'a mut Option<Vec<Change>>,
}

// === impl Known ===

impl Known<'_> {
    fn take(&mut self, point: Point) -> Result<(), Rejected> {
        self.series.push(point, self.allowance)?;
        *self.newest = (*self.newest).max(Some(point.at));
        *self.revision += 1;
        *self.changed = *self.revision;
        let number = self.series.number;
        self.journal.iter_mut().for_each(|journal| journal.push(Change::Point(number, point)));
        Ok(())
    }
}

// === impl Dataset ===

impl Dataset {
    /// Takes one sample of a series there is; none where there is no such series, which `insert` then makes.
    pub fn insert_known(&mut self, key: &SeriesKey, sort: (Kind, Unit), point: Point) -> Option<Result<(), Rejected>> {
        Some(self.known(key, sort)?.and_then(|mut known| known.take(point)))
    }

    /// Takes many samples of a series there is, oldest first; those that [`Dataset::insert_known`] would refuse are left out.
    pub fn extend_known(&mut self, key: &SeriesKey, sort: (Kind, Unit), points: &[Point]) {
        if let Some(Ok(mut known)) = self.known(key, sort) {
            for point in points {
                let _ = known.take(*point);
            }
        }
    }

    fn known(&mut self, key: &SeriesKey, (kind, unit): (Kind, Unit)) -> Option<Result<Known<'_>, Rejected>> {
        let family = self.families.get_mut(&key.name)?;
        let series = family.of.get_mut(key)?;
        if series.kind != kind || series.unit != unit {
            return Some(Err(Rejected::Changed));
        }
        Some(Ok(Known {
            series,
            allowance: self.allowance,
            changed: &mut family.revision,
            revision: &mut self.revision,
            newest: &mut self.newest,
            journal: &mut self.journal,
        }))
    }

    /// How many series there are of a name.
    pub fn count_named(&self, name: &str) -> usize {
        self.families.get(name).map_or(0, |family| family.of.len())
    }

    /// Lets go what a name stood for: all its series, and how many there might be.
    pub fn forget_named(&mut self, name: &str) {
        let keys: Vec<SeriesKey> = self.named(name).map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.remove(key));
        self.bounds.remove(name);
    }

    /// Names of series that begin so.
    pub fn names_from<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.families.range::<str, _>((Bound::Included(beginning), Bound::Unbounded));
        names.map(|(name, _)| name.as_str()).take_while(move |name| name.starts_with(beginning))
    }

    /// Nobody tells of a source any more.
    pub fn forget_source(&mut self, name: &str) {
        self.sources.remove(name);
        self.revision += 1;
    }

    /// Lets a series go, and its name with the last of that name.
    pub fn remove(&mut self, key: &SeriesKey) {
        let Some(family) = self.families.get_mut(&key.name) else { return };
        if family.of.remove(key).is_none() {
            return;
        }
        self.series_count -= 1;
        self.revision += 1;
        (family.revision, family.shape) = (self.revision, self.revision);
        // Names that come and go leave nothing behind.
        if family.of.is_empty() {
            self.families.remove(&key.name);
        }
    }
}
