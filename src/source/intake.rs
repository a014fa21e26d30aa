//! What one source of a person's own may bring: which of its values become samples.
//!
//! Invariant: never more than `limits::SOURCE_SERIES_MAX` series of one source, and no sample from the future or from
//! long ago. What is left out is counted, and said in one sentence.

use std::collections::HashSet;
use std::time::Duration;

use super::format::{Told, Value};
use crate::base::{Wall, limits};
use crate::model::{Sample, SeriesKey, Unit};

/// One source's bounds, and the series it has.
#[derive(Clone, Debug)]
pub struct Intake {
    unit: Unit,
    interval: Duration,
    known: HashSet<SeriesKey, rustc_hash::FxBuildHasher>,
}

/// What was left out of one turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Values of series beyond those there may be.
    series: usize,
    /// Values beyond those of one turn.
    samples: usize,
    early: usize,
    late: usize,
    numbers: usize,
    strange: usize,
    strange_first: Option<String>,
    /// Bytes of a file that came faster than they are read.
    pub skipped_bytes: u64,
}

// === impl Intake ===

impl Intake {
    pub fn new(unit: Unit, interval: Duration) -> Intake {
        Intake { unit, interval, known: HashSet::default() }
    }

    pub fn interval_ms(&self) -> i64 {
        i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX / 4)
    }

    /// Forgets the series of which nothing is told any more: they came and went, and leave their places to others.
    pub fn forget_absent(&mut self, told: &Told) {
        let mut known = HashSet::default();
        for value in &told.values {
            known.extend(self.known.take(&value.key));
        }
        self.known = known;
    }

    /// The samples of a turn, those without a time as of `now`. Several of one series with the same time are one: the
    /// last.
    pub fn take(&mut self, told: Told, now: Wall, left_out: &mut LeftOut) -> Vec<Sample> {
        left_out.samples += told.beyond;
        left_out.strange += told.strange;
        if left_out.strange_first.is_none() {
            left_out.strange_first = told.strange_first;
        }
        let mut samples = Vec::with_capacity(told.values.len());
        for value in told.values {
            samples.extend(self.one(value, now, left_out));
        }
        // A series keeps its points in the order of their times, and takes none that comes late.
        samples.sort_by_key(|sample: &Sample| sample.at);
        samples
    }

    fn one(&mut self, value: Value, now: Wall, left_out: &mut LeftOut) -> Option<Sample> {
        let Value { key, kind, unit, at, value } = value;
        if !value.is_finite() {
            left_out.numbers += 1;
            return None;
        }
        let at = at.unwrap_or(now);
        if at > now + self.interval {
            left_out.early += 1;
            return None;
        }
        if at < now - limits::SAMPLE_AGE_MAX {
            left_out.late += 1;
            return None;
        }
        if !self.known.contains(&key) {
            if self.known.len() == limits::SOURCE_SERIES_MAX {
                left_out.series += 1;
                return None;
            }
            self.known.insert(key.clone());
        }
        // A clock a little ahead of ours: what it tells is what there is now.
        Some(Sample { key, kind, unit: unit.unwrap_or(self.unit), at: at.min(now), value })
    }
}

// === impl LeftOut ===

impl LeftOut {
    /// How many values were left out.
    pub fn count(&self) -> u64 {
        let all = self.series + self.samples + self.early + self.late + self.numbers + self.strange;
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// The most important of it, as one sentence; none where nothing was left out.
    pub fn words(&self) -> Option<String> {
        let series_max = limits::SOURCE_SERIES_MAX;
        let samples_max = limits::SOURCE_SAMPLES_MAX;
        Some(match self {
            LeftOut { series: count @ 1.., .. } => {
                format!("more than {series_max} series: {count} values not taken")
            }
            LeftOut { samples: count @ 1.., .. } => {
                format!("more than {samples_max} values at once: {count} not taken")
            }
            LeftOut { skipped_bytes: bytes @ 1.., .. } => {
                format!("grows too fast: {} skipped", Unit::Bytes.format(*bytes as f64))
            }
            LeftOut { early: count @ 1.., .. } => format!("{count} values from the future not taken"),
            LeftOut { late: count @ 1.., .. } => format!("{count} values older than a day not taken"),
            LeftOut { numbers: count @ 1.., .. } => format!("{count} values are no finite numbers"),
            LeftOut { strange: 1, strange_first: Some(first), .. } => first.clone(),
            LeftOut { strange: count @ 2.., strange_first: Some(first), .. } => {
                format!("{count} lines not understood; the first: {first}")
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    const NOW: Wall = Wall(1_789_000_000_000);

    fn value(name: &str, at: Option<Wall>, value: f64) -> Value {
        Value { key: SeriesKey::plain(name), kind: Kind::Gauge, unit: None, at, value }
    }

    fn take(intake: &mut Intake, values: Vec<Value>) -> (Vec<Sample>, Option<String>) {
        let mut left_out = LeftOut::default();
        let samples = intake.take(Told { values, ..Told::default() }, NOW, &mut left_out);
        (samples, left_out.words())
    }

    fn intake() -> Intake {
        Intake::new(Unit::Percent, Duration::from_secs(10))
    }

    #[test]
    fn a_flood_of_series_is_cut_and_those_known_live_on() {
        let mut intake = intake();
        let many = |count: usize| (0..count).map(|number| value(&format!("x{number}"), None, 1.0)).collect();
        assert_eq!(take(&mut intake, many(256)).1, None);
        let (samples, words) = take(&mut intake, many(1_000));
        assert_eq!(samples.len(), limits::SOURCE_SERIES_MAX);
        assert_eq!(words.as_deref(), Some("more than 256 series: 744 values not taken"));
        assert_eq!(take(&mut intake, many(256)).0.len(), 256, "they are still taken");
    }

    #[test]
    fn times_are_bounded_on_both_sides_and_never_ahead() {
        let second = Duration::from_secs(1);
        let (samples, words) = take(&mut intake(), vec![value("x", Some(NOW + second), 1.0), value("x", None, 2.0)]);
        assert!(samples.iter().all(|sample| sample.at == NOW), "a clock ahead must not set ours back: {samples:?}");
        assert_eq!(words, None);
        let (samples, words) = take(&mut intake(), vec![value("x", Some(NOW + 11 * second), 1.0)]);
        assert_eq!((samples.len(), words.as_deref()), (0, Some("1 values from the future not taken")));
        let (samples, words) = take(&mut intake(), vec![value("x", Some(Wall(0)), 1.0)]);
        assert_eq!((samples.len(), words.as_deref()), (0, Some("1 values older than a day not taken")));
        let (samples, _) = take(&mut intake(), vec![value("x", Some(NOW), 2.0), value("x", Some(NOW - second), 1.0)]);
        let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
        assert_eq!(values, [1.0, 2.0], "in the order of their times");
    }

    #[test]
    fn what_is_no_number_is_said_and_units_are_the_sources_where_none_is_told() {
        let (samples, words) = take(&mut intake(), vec![value("x", None, f64::NAN), value("y", None, 1.0)]);
        assert_eq!((samples.len(), samples[0].unit), (1, Unit::Percent));
        assert_eq!(words.as_deref(), Some("1 values are no finite numbers"));
    }
}
