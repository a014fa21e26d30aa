use proptest::prelude::*;

use super::*;
use crate::model::Unit;
use crate::model::window::Allowance;

fn window(kind: Kind, points: &[(i64, f64)], allowance: Allowance) -> Window {
    let mut window = Window::new(kind, Unit::None);
    for (at, value) in points {
        window.push(Point { at: Wall(*at), value: *value }, allowance).expect("invariant: the test's points rise");
    }
    window
}

fn over(function: &str, span_ms: u64) -> Over {
    let function = Function::ALL.into_iter().find(|(name, _)| *name == function).expect("there is such a function").1;
    Over { function, span: Duration::from_millis(span_ms) }
}

fn values(function: &str, window: &Window) -> Vec<(i64, f64)> {
    over(function, 20).values(window, Wall(0), Wall(99)).into_iter().map(|(at, value)| (at.0, value)).collect()
}

const POINTS: [(i64, f64); 5] = [(0, 1.0), (10, 5.0), (20, 2.0), (30, 2.0), (45, 8.0)];

#[test]
fn a_value_is_made_of_what_lies_in_the_span_before_it() {
    let window = window(Kind::Gauge, &POINTS, Allowance::FULL);
    assert_eq!(values("avg", &window), [(0, 1.0), (10, 3.0), (20, 3.5), (30, 2.0), (45, 5.0)]);
    assert_eq!(values("max", &window), [(0, 1.0), (10, 5.0), (20, 5.0), (30, 2.0), (45, 8.0)]);
    assert_eq!(values("min", &window), [(0, 1.0), (10, 1.0), (20, 2.0), (30, 2.0), (45, 2.0)]);
    assert_eq!(values("sum", &window), [(0, 1.0), (10, 6.0), (20, 7.0), (30, 4.0), (45, 10.0)]);
    assert_eq!(values("count", &window), [(0, 1.0), (10, 2.0), (20, 2.0), (30, 2.0), (45, 2.0)]);
    assert_eq!(values("delta", &window), [(0, 0.0), (10, 4.0), (20, -3.0), (30, 0.0), (45, 6.0)]);
    assert_eq!(values("p50", &window), [(0, 1.0), (10, 3.0), (20, 3.5), (30, 2.0), (45, 5.0)]);
    assert_eq!(values("last", &window), POINTS);
}

#[test]
fn growth_counts_resets_and_needs_something_to_grow_from() {
    let points = [(0, 100.0), (1_000, 110.0), (2_000, 4.0), (3_000, 6.0)];
    for kind in [Kind::Counter, Kind::Gauge] {
        let window = window(kind, &points, Allowance::FULL);
        let of = |function| over(function, 10_000).values(&window, Wall(1_000), Wall(9_000));
        let last = |function| of(function).last().map(|(at, value)| (at.0, *value));
        assert_eq!(last("increase"), Some((3_000, 16.0)), "ten, four since the reset, and two");
        assert_eq!(last("rate"), Some((3_000, 16.0 / 3.0)));
    }
    let alone = window(Kind::Gauge, &points[..1], Allowance::FULL);
    assert_eq!(over("rate", 10_000).values(&alone, Wall(0), Wall(9_000)), []);
}

#[test]
fn the_newest_value_stands_still_until_a_point_comes() {
    let window = window(Kind::Gauge, &POINTS, Allowance::FULL);
    let value = |at| over("avg", 20).value(&window, Wall(at)).map(|(at, value)| (at.0, value));
    assert_eq!((value(-1), value(45), value(9_999)), (None, Some((45, 5.0)), Some((45, 5.0))));
    assert_eq!(value(29), Some((20, 3.5)));
}

#[test]
fn quantiles_are_told_of_single_points_only() {
    let points: Vec<(i64, f64)> = (0..100).map(|index| (index * 1_000, index as f64)).collect();
    let window = window(Kind::Gauge, &points, Allowance { points: 40, buckets: 90 });
    let values = over("p50", 10_000).values(&window, Wall(0), Wall(99_000));
    assert_eq!(values.last(), Some(&(Wall(99_000), 94.5)));
    let first = values.first().expect("there are some").0.0;
    assert!((60_000..80_000).contains(&first), "from {first} on, where no bucket lies in the span");
    let averages = over("avg", 10_000).values(&window, Wall(0), Wall(99_000));
    assert!(averages.len() > values.len(), "an average knows of buckets too");
}

proptest! {
    /// Sliding along comes to the same as looking at each span by itself.
    #[test]
    fn sliding_is_the_same_as_looking_anew(
        steps in prop::collection::vec((1_i64..40, -9_i16..9), 1..60),
        span in 1_u64..100,
    ) {
        let mut at = 0;
        let points: Vec<(i64, f64)> = steps.iter().map(|(step, value)| { at += step; (at, f64::from(*value)) }).collect();
        let window = window(Kind::Gauge, &points, Allowance::FULL);
        for (function, alone) in [
            ("sum", (|values| values.iter().sum()) as fn(&[f64]) -> f64),
            ("max", |values| values.iter().copied().fold(f64::MIN, f64::max)),
            ("min", |values| values.iter().copied().fold(f64::MAX, f64::min)),
            ("delta", |values| values[values.len() - 1] - values[0]),
        ] {
            let slid = over(function, span).values(&window, Wall(0), Wall(i64::MAX));
            let expected: Vec<(Wall, f64)> = points
                .iter()
                .map(|(at, _)| {
                    let inside = points.iter().filter(|(then, _)| then <= at && *then > at - span as i64);
                    (Wall(*at), alone(&inside.map(|(_, value)| *value).collect::<Vec<_>>()))
                })
                .collect();
            prop_assert_eq!(slid, expected);
        }
    }
}
