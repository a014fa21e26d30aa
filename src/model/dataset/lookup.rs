//! Series by keys and places that somebody else holds: for whoever brings many samples of series that are known already.
//!
//! Invariant: what is taken, and what is refused, is the same as with [`Dataset::insert`].

use std::ops::Bound;

use super::{Allowance, Change, Dataset, Point, Rejected, SeriesKey, Tracked, Wall};
use crate::model::{Kind, Unit};

/// Where a series stands, for as long as none comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    family: usize,
    series: usize,
    shape: u64,
}

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
    /// Where a series stands, which is looked for where it is not known from before.
    pub fn place(&self, key: &SeriesKey, before: Option<Place>) -> Option<Place> {
        if before.is_some_and(|before| before.shape == self.shape) {
            debug_assert_eq!(before, self.place(key, None), "invariant: places are asked for of one dataset only");
            return before;
        }
        let family = self.families.find(&key.name)?;
        // All of a family have one name.
        let series = self.families.at(family)?.of.find_by(|known| known.labels.cmp(&key.labels))?;
        Some(Place { family, series, shape: self.shape })
    }

    /// The series at a place; none where one came or went since.
    pub fn at(&self, place: Place) -> Option<&Tracked> {
        self.families.at(place.family).filter(|_| place.shape == self.shape)?.of.at(place.series)
    }

    /// Takes one sample of a series there is; none where there is no such series, which `insert` then makes.
    pub fn insert_known(&mut self, key: &SeriesKey, sort: (Kind, Unit), point: Point) -> Option<Result<(), Rejected>> {
        self.insert_at(self.place(key, None)?, sort, point)
    }

    /// The same of the series at a place; none where one came or went since.
    pub fn insert_at(&mut self, place: Place, sort: (Kind, Unit), point: Point) -> Option<Result<(), Rejected>> {
        Some(self.known(place, sort)?.and_then(|mut known| known.take(point)))
    }

    /// Takes many samples of a series there is, oldest first; those that [`Dataset::insert_known`] would refuse are left out.
    pub fn extend_known(&mut self, key: &SeriesKey, sort: (Kind, Unit), points: &[Point]) {
        if let Some(Ok(mut known)) = self.place(key, None).and_then(|place| self.known(place, sort)) {
            for point in points {
                let _ = known.take(*point);
            }
        }
    }

    fn known(&mut self, place: Place, (kind, unit): (Kind, Unit)) -> Option<Result<Known<'_>, Rejected>> {
        let family = self.families.at_mut(place.family).filter(|_| place.shape == self.shape)?;
        let series = family.of.at_mut(place.series)?;
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
        self.families
            .from(Bound::Included(beginning))
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(beginning))
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
        (self.series_count, self.shape) = (self.series_count - 1, self.shape + 1);
        self.revision += 1;
        (family.revision, family.shape) = (self.revision, self.revision);
        // Names that come and go leave nothing behind.
        if family.of.is_empty() {
            self.families.remove(&key.name);
            self.emptied = self.revision;
        }
    }
}
