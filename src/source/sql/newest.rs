//! What was delivered already: the newest time of each series.
//!
//! Invariant: a query that looks back over minutes brings the same rows again and again; of those only what is newer
//! passes. Bounded, and nothing is kept of what is too old to be taken anyway.

use std::collections::HashMap;
use std::time::Duration;

use super::super::format::Told;
use crate::base::{Wall, limits};
use crate::model::SeriesKey;

#[derive(Debug)]
pub struct Newest {
    /// How far ahead of our clock a row may be.
    interval: Duration,
    known: HashMap<SeriesKey, Wall, rustc_hash::FxBuildHasher>,
}

// === impl Newest ===

impl Newest {
    pub fn new(interval: Duration) -> Newest {
        Newest { interval, known: HashMap::default() }
    }

    /// Takes out what was told before.
    pub fn filter(&mut self, told: &mut Told, now: Wall) {
        // None is older than what is refused for its age; none is ahead of a clock that was set back.
        let (oldest, latest) = (now - limits::SAMPLE_AGE_MAX, now + self.interval);
        self.known.retain(|_, at| *at >= oldest && *at <= latest);
        told.values.retain(|value| match (value.at, self.known.get(&value.key)) {
            (Some(at), Some(newest)) => at > *newest,
            _ => true,
        });
        for value in &told.values {
            // What is refused is not delivered.
            let Some(at) = value.at.filter(|at| *at <= latest && value.value.is_finite()) else { continue };
            match self.known.get_mut(&value.key) {
                Some(newest) => *newest = at.max(*newest),
                None => {
                    if self.known.len() == limits::SQL_NEWEST_MAX {
                        let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
                        oldest.and_then(|key| self.known.remove(&key));
                    }
                    self.known.insert(value.key.clone(), at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::source::format::Value;

    const NOW: Wall = Wall(1_789_000_000_000);

    fn passed(newest: &mut Newest, now: Wall, rows: &[(&str, i64)]) -> Vec<(String, i64)> {
        let value = |(name, at): &(&str, i64)| Value {
            key: SeriesKey::plain(name),
            kind: Kind::Gauge,
            unit: None,
            at: Some(Wall(NOW.0 + at)),
            value: 1.0,
        };
        let mut told = Told { values: rows.iter().map(value).collect(), ..Told::default() };
        newest.filter(&mut told, now);
        told.values.into_iter().map(|value| (value.key.name, value.at.unwrap().0 - NOW.0)).collect()
    }

    #[test]
    fn only_what_is_newer_passes_whatever_the_order() {
        let mut newest = Newest::new(Duration::from_secs(10));
        let first = [("a", -1_000), ("a", -3_000), ("b", -9_000)];
        assert_eq!(passed(&mut newest, NOW, &first).len(), 3);
        assert_eq!(passed(&mut newest, NOW, &first), []);
        let next = [("a", 0), ("a", -1_000), ("b", -8_000), ("b", -9_000)];
        assert_eq!(passed(&mut newest, NOW, &next), [("a".to_owned(), 0), ("b".to_owned(), -8_000)]);
    }

    #[test]
    fn a_row_from_the_future_blocks_nothing_and_neither_does_a_clock_that_was_set_back() {
        let mut newest = Newest::new(Duration::from_secs(10));
        passed(&mut newest, NOW, &[("a", 3_600_000)]);
        assert_eq!(passed(&mut newest, NOW, &[("a", 0)]).len(), 1);
        let back = NOW - Duration::from_secs(3600);
        assert_eq!(passed(&mut newest, back, &[("a", -3_600_000)]).len(), 1);
    }

    #[test]
    fn series_that_come_and_go_are_bounded() {
        let mut newest = Newest::new(Duration::from_secs(10));
        for number in 0..limits::SQL_NEWEST_MAX as i64 + 100 {
            passed(&mut newest, NOW, &[(&format!("x{number}"), number - 100_000)]);
        }
        assert_eq!(newest.known.len(), limits::SQL_NEWEST_MAX);
        assert!(!newest.known.contains_key(&SeriesKey::plain("x0")), "the oldest goes first");
    }
}
