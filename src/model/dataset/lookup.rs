//! Series by keys that somebody else holds: for whoever brings many samples of series that are known already.
//!
//! Invariant: what is taken, and what is refused, is the same as with [`Dataset::insert`].

use std::ops::Bound;

use super::{Change, Dataset, Point, Rejected, SeriesKey};
use crate::model::{Kind, Unit};

impl Dataset {
    /// Takes one sample of a series there is; none where there is no such series, which `insert` then makes.
    pub fn insert_known(
        &mut self,
        key: &SeriesKey,
        (kind, unit): (Kind, Unit),
        point: Point,
    ) -> Option<Result<(), Rejected>> {
        let family = self.families.get_mut(&key.name)?;
        let window = family.of.get_mut(key)?;
        if window.kind != kind || window.unit != unit {
            return Some(Err(Rejected::Changed));
        }
        if let Err(why) = window.push(point, self.allowance) {
            return Some(Err(why));
        }
        self.newest = self.newest.max(Some(point.at));
        self.revision += 1;
        family.revision = self.revision;
        let number = window.number;
        self.note(Change::Point(number, point));
        Some(Ok(()))
    }

    /// Takes many samples of a series there is, oldest first; those that [`Dataset::insert_known`] would refuse are left out.
    pub fn extend_known(&mut self, key: &SeriesKey, (kind, unit): (Kind, Unit), points: &[Point]) {
        let Some(family) = self.families.get_mut(&key.name) else { return };
        let Some(window) = family.of.get_mut(key).filter(|window| window.kind == kind && window.unit == unit) else {
            return;
        };
        for point in points {
            if window.push(*point, self.allowance).is_ok() {
                self.newest = self.newest.max(Some(point.at));
                self.revision += 1;
                family.revision = self.revision;
                self.journal.iter_mut().for_each(|journal| journal.push(Change::Point(window.number, *point)));
            }
        }
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
        family.revision = self.revision;
        // Names that come and go leave nothing behind.
        if family.of.is_empty() {
            self.families.remove(&key.name);
        }
    }
}
