//! From series to the points a chart shows.
//!
//! Invariant: nothing after the right edge is shown; a counter is shown as its rate, and its reset is no rate.

use std::iter::Peekable;

use super::board::Shown;
use crate::base::Wall;
use crate::model::series::Point;
use crate::model::{Dataset, Kind, SeriesKey, Window};

/// Points of one line in the order of time, from one before `from`, up to `to`.
pub fn points<'a>(
    data: &'a Dataset,
    shown: &'a Shown,
    from: Wall,
    to: Wall,
) -> Box<dyn Iterator<Item = (Wall, f64)> + 'a> {
    match shown {
        Shown::Series(key) => match data.window(key) {
            Some(window) => Box::new(values(window, from, to)),
            None => Box::new(std::iter::empty()),
        },
        Shown::Largest { name, label } => {
            let heads: Vec<_> =
                labelled(data, name, label).map(|(_, window)| values(window, from, to).peekable()).collect();
            if heads.len() < 2 { Box::new(std::iter::empty()) } else { Box::new(Largest { heads }) }
        }
    }
}

/// Series of a name that have a label, in the order of their labels.
pub fn labelled<'a>(
    data: &'a Dataset,
    name: &'a str,
    label: &'a str,
) -> impl Iterator<Item = (&'a SeriesKey, &'a Window)> + 'a {
    data.named(name).filter(move |(key, _)| key.label(label).is_some())
}

/// The newest value of a series not after `at`.
pub fn value(data: &Dataset, key: &SeriesKey, at: Wall) -> Option<f64> {
    data.window(key).and_then(|window| window_value(window, at))
}

pub fn window_value(window: &Window, at: Wall) -> Option<f64> {
    match window.kind {
        Kind::Gauge => window.at(at).map(|point| point.value),
        Kind::Counter => {
            let last = window.at(at)?;
            let before = window.at(Wall(last.at.0.saturating_sub(1)))?;
            rate(before, last)
        }
    }
}

fn values(window: &Window, from: Wall, to: Wall) -> impl Iterator<Item = (Wall, f64)> + '_ {
    let before = window.at(Wall(from.0.saturating_sub(1)));
    let mut last: Option<Point> = None;
    before.into_iter().chain(window.between(from, to)).filter_map(move |point| {
        let value = match window.kind {
            Kind::Gauge => Some(point.value),
            Kind::Counter => last.and_then(|last| rate(last, point)),
        };
        last = Some(point);
        value.map(|value| (point.at, value))
    })
}

/// Growth a second between two points of a counter; none when it was reset in between.
fn rate(from: Point, to: Point) -> Option<f64> {
    let growth = to.value - from.value;
    let seconds = to.at.since(from.at).as_secs_f64();
    (growth >= 0.0 && seconds > 0.0).then(|| growth / seconds)
}

/// The largest value of several series at each moment one of them has a point.
struct Largest<I: Iterator<Item = (Wall, f64)>> {
    heads: Vec<Peekable<I>>,
}

impl<I: Iterator<Item = (Wall, f64)>> Iterator for Largest<I> {
    type Item = (Wall, f64);

    fn next(&mut self) -> Option<(Wall, f64)> {
        let at = self.heads.iter_mut().filter_map(|head| head.peek().map(|(at, _)| *at)).min()?;
        let values = self.heads.iter_mut().filter_map(|head| head.next_if(|(then, _)| *then == at));
        values.map(|(_, value)| value).reduce(f64::max).map(|value| (at, value))
    }
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

    fn collect(data: &Dataset, shown: Shown, from: i64, to: i64) -> Vec<(i64, f64)> {
        points(data, &shown, Wall(from), Wall(to)).map(|(at, value)| (at.0, value)).collect()
    }

    #[test]
    fn one_point_before_the_span_comes_along_and_none_after_it() {
        let data = dataset(Kind::Gauge, &[("", &[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)])]);
        let shown = Shown::Series(SeriesKey::plain("s"));
        assert_eq!(collect(&data, shown, 3, 3), [(2, 2.0), (3, 3.0)]);
    }

    #[test]
    fn a_counter_is_shown_as_its_rate_and_a_reset_is_left_out() {
        let points = [(0, 10.0), (1_000, 30.0), (3_000, 50.0), (4_000, 5.0), (5_000, 6.0)];
        let data = dataset(Kind::Counter, &[("", &points)]);
        let shown = Shown::Series(SeriesKey::plain("s"));
        assert_eq!(collect(&data, shown, 0, 9_000), [(1_000, 20.0), (3_000, 10.0), (5_000, 1.0)]);
        assert_eq!(value(&data, &SeriesKey::plain("s"), Wall(3_500)), Some(10.0));
        assert_eq!(value(&data, &SeriesKey::plain("s"), Wall(4_000)), None, "a reset is no rate");
    }

    #[test]
    fn the_largest_is_taken_moment_by_moment() {
        let data = dataset(
            Kind::Gauge,
            &[("", &[(1, 99.0)]), ("a", &[(1, 1.0), (2, 5.0), (4, 1.0)]), ("b", &[(1, 3.0), (2, 2.0), (3, 7.0)])],
        );
        let largest = || Shown::Largest { name: "s".to_owned(), label: "n".to_owned() };
        assert_eq!(collect(&data, largest(), 0, 9), [(1, 3.0), (2, 5.0), (3, 7.0), (4, 1.0)]);
        let single = dataset(Kind::Gauge, &[("a", &[(1, 1.0)])]);
        assert_eq!(collect(&single, largest(), 0, 9), [], "of one series the largest says nothing new");
    }
}
