//! From series to the points a chart shows.
//!
//! Invariant: nothing after the right edge is shown, and as a value nothing older than its source's other data; a
//! counter is shown as its rate, and its reset is no rate.

mod join;
mod rank;
mod span;

pub use join::Join;
pub use span::{Function, Over};

use super::board::Shown;
use crate::base::Wall;
use crate::model::{Dataset, Kind, SeriesKey, Tracked, Window};
use crate::widget::line::LineBuilder;

/// The moment that values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    pub at: Wall,
    /// What is older was not reported any more at that moment.
    pub since: Wall,
}

/// Adds one line to a chart: its points from one before the span, up to `to`.
pub fn trace(data: &Dataset, shown: &Shown, to: Wall, gap_ms: u64, builder: &mut LineBuilder) {
    let from = builder.scale().from();
    match shown {
        Shown::Series(key) => match data.window(key) {
            // The plain case apart: it walks the points where they lie.
            Some(window) if window.kind == Kind::Gauge && window.is_plain_since(from) => {
                builder.stretches(window.plain(from, to), gap_ms);
            }
            Some(window) => builder.told(gap_ms, |tell| window.each_value(from, to, tell)),
            None => builder.line(std::iter::empty(), gap_ms),
        },
        // Drawn one by one.
        Shown::Query(_) | Shown::Every(_) => {}
        Shown::Largest { name, label } => {
            builder.line(largest(data, name, label, from, to).into_iter(), gap_ms);
        }
    }
}

/// Series of a name that have a label, in the order of their labels.
pub fn labelled<'a>(
    data: &'a Dataset,
    name: &'a str,
    label: &'a str,
) -> impl Iterator<Item = (&'a SeriesKey, &'a Tracked)> + 'a {
    data.named(name).filter(move |(key, _)| key.label(label).is_some())
}

/// The value of a series; none of one that is gone.
pub fn value(data: &Dataset, key: &SeriesKey, when: When) -> Option<f64> {
    data.window(key).and_then(|window| window_value(window, when))
}

pub fn window_value(window: &Tracked, when: When) -> Option<f64> {
    reached(window, when)?;
    window.value_at(when.at)
}

/// When a series was told of last; none of one that is gone.
pub fn reached(window: &Tracked, when: When) -> Option<Wall> {
    window.time_at(when.at).filter(|at| *at >= when.since)
}

/// A series' values, one from before the span included.
pub fn points(window: &Window, from: Wall, to: Wall) -> Vec<(Wall, f64)> {
    let mut points = Vec::new();
    window.each_value(from, to, |at, value, _| points.push((at, value)));
    points
}

/// The largest value of several series at each moment one of them has a point; nothing of fewer than two series, of
/// which the largest would say nothing new.
fn largest(data: &Dataset, name: &str, label: &str, from: Wall, to: Wall) -> Vec<(Wall, f64)> {
    let mut merged: Vec<(Wall, f64)> = Vec::new();
    let mut next = Vec::new();
    let mut count = 0;
    for (_, window) in labelled(data, name, label) {
        count += 1;
        next.clear();
        let mut known = merged.iter().copied().peekable();
        let mut add = |at: Wall, value: f64| {
            while let Some(earlier) = known.next_if(|(then, _)| *then < at) {
                next.push(earlier);
            }
            match known.next_if(|(then, _)| *then == at) {
                Some((_, other)) => next.push((at, other.max(value))),
                None => next.push((at, value)),
            }
        };
        window.each_value(from, to, |at, value, _| add(at, value));
        next.extend(known);
        std::mem::swap(&mut merged, &mut next);
    }
    if count < 2 {
        merged.clear();
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Sample, Unit};

    fn dataset(kind: Kind, series: &[(&str, &[(i64, f64)])]) -> Dataset {
        let mut data = Dataset::default();
        for (label, points) in series {
            let labels = [("n", *label)];
            let key = SeriesKey::labelled("s", if label.is_empty() { &[] } else { &labels });
            for (at, value) in *points {
                let sample = Sample { key: key.clone(), kind, unit: Unit::None, at: Wall(*at), value: *value };
                data.insert(sample).expect("invariant: the test's samples are sound");
            }
        }
        data
    }

    fn plain(data: &Dataset, from: i64, to: i64) -> Vec<(i64, f64)> {
        let window = data.window(&SeriesKey::plain("s")).expect("invariant: the test has this series");
        points(window, Wall(from), Wall(to)).into_iter().map(|(at, value)| (at.0, value)).collect()
    }

    fn most(data: &Dataset) -> Vec<(i64, f64)> {
        largest(data, "s", "n", Wall(0), Wall(9)).into_iter().map(|(at, value)| (at.0, value)).collect()
    }

    #[test]
    fn one_point_before_the_span_comes_along_and_none_after_it() {
        let data = dataset(Kind::Gauge, &[("", &[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)])]);
        assert_eq!(plain(&data, 3, 3), [(2, 2.0), (3, 3.0)]);
    }

    #[test]
    fn a_counter_is_shown_as_its_rate_and_a_reset_is_left_out() {
        let points = [(0, 10.0), (1_000, 30.0), (3_000, 50.0), (4_000, 5.0), (5_000, 6.0)];
        let data = dataset(Kind::Counter, &[("", &points)]);
        assert_eq!(plain(&data, 0, 9_000), [(1_000, 20.0), (3_000, 10.0), (5_000, 1.0)]);
        let value = |at, since| value(&data, &SeriesKey::plain("s"), When { at: Wall(at), since: Wall(since) });
        assert_eq!(value(3_500, 3_000), Some(10.0));
        assert_eq!(value(3_500, 3_001), None, "what is gone has no value");
        assert_eq!(value(4_000, 0), None, "a reset is no rate");
    }

    #[test]
    fn the_largest_is_taken_moment_by_moment() {
        let data = dataset(
            Kind::Gauge,
            &[("", &[(1, 99.0)]), ("a", &[(1, 1.0), (2, 5.0), (4, 1.0)]), ("b", &[(1, 3.0), (2, 2.0), (3, 7.0)])],
        );
        assert_eq!(most(&data), [(1, 3.0), (2, 5.0), (3, 7.0), (4, 1.0)]);
        let single = dataset(Kind::Gauge, &[("a", &[(1, 1.0)])]);
        assert_eq!(most(&single), [], "of one series the largest says nothing new");
    }
}
