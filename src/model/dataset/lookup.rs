//! Series by keys that somebody else holds: for whoever brings many samples of series that are known already.
//!
//! Invariant: what is taken, and what is refused, is the same as with [`Dataset::insert`].

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
