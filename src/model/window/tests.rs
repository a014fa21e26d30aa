use proptest::prelude::*;

use super::*;

const FEW: Allowance = Allowance { points: 4, buckets: 3 };

fn point(at: i64, value: f64) -> Point {
    Point { at: Wall(at), value }
}

fn window(points: &[(i64, f64)]) -> Window {
    kept(Kind::Gauge, points, Allowance::FULL)
}

fn kept(kind: Kind, points: &[(i64, f64)], allowance: Allowance) -> Window {
    let mut window = Window::new(kind, Unit::None);
    for (at, value) in points {
        window.push(point(*at, *value), allowance).expect("invariant: the test's points rise");
    }
    window
}

fn values(window: &Window, from: i64, to: i64) -> Vec<(i64, f64)> {
    let mut values = Vec::new();
    window.each_value(Wall(from), Wall(to), |at, value, _| values.push((at.0, value)));
    values
}

#[test]
fn what_is_not_a_number_is_refused() {
    let mut window = Window::default();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(window.push(point(1, value), Allowance::FULL), Err(Rejected::NotFinite));
    }
    assert!(window.is_empty());
}

#[test]
fn time_only_goes_forward() {
    let mut window = window(&[(5, 1.0)]);
    assert_eq!(window.push(point(5, 2.0), Allowance::FULL), Err(Rejected::NotNewer));
    assert_eq!(window.push(point(4, 2.0), Allowance::FULL), Err(Rejected::NotNewer));
    assert_eq!(window.last(), Some(point(5, 1.0)));
}

#[test]
fn between_takes_both_ends_and_survives_a_reversed_span() {
    let window = window(&[(1, 1.0), (3, 3.0), (5, 5.0), (7, 7.0)]);
    let times = |from, to| window.between(Wall(from), Wall(to)).map(|point| point.at.0).collect::<Vec<_>>();
    assert_eq!(times(3, 5), [3, 5]);
    assert_eq!(times(2, 6), [3, 5]);
    assert_eq!(times(8, 9), [] as [i64; 0]);
    assert_eq!(times(6, 2), [] as [i64; 0]);
    assert_eq!(times(i64::MIN, i64::MAX), [1, 3, 5, 7]);
}

#[test]
fn the_pace_is_that_of_the_newest_points_by_a_moment() {
    let window = window(&[1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 65].map(|at| (at, 1.0)));
    let paces = [(0, None), (1, None), (2, None), (3, Some(2)), (7, Some(2)), (45, Some(44 / 8)), (54, Some(44 / 8))];
    for (at, pace_ms) in paces.into_iter().chain([(55, Some(52 / 8)), (i64::MAX, Some(59 / 8))]) {
        assert_eq!(window.pace_ms(Wall(at)), pace_ms, "{at}");
    }
}

#[test]
fn at_finds_the_newest_point_not_after() {
    let window = window(&[(1, 1.0), (3, 3.0)]);
    assert_eq!(window.at(Wall(0)), None);
    assert_eq!(window.at(Wall(1)), Some(point(1, 1.0)));
    assert_eq!(window.at(Wall(2)), Some(point(1, 1.0)));
    assert_eq!(window.at(Wall(99)), Some(point(3, 3.0)));
}

#[test]
fn a_point_that_makes_room_goes_into_the_past_and_a_spike_is_kept() {
    let mut points: Vec<(i64, f64)> = (0..600).map(|second| (second * 1_000, 1.0)).collect();
    points[77].1 = 99.0;
    points[83].1 = -99.0;
    let window = kept(Kind::Gauge, &points, Allowance { points: 60, buckets: 100 });
    assert_eq!((window.len(), window.oldest_at(), window.newest_at()), (60, Some(Wall(0)), Some(Wall(599_000))));
    let all = values(&window, 0, 600_000);
    assert!(all.contains(&(77_000, 99.0)) && all.contains(&(83_000, -99.0)), "{all:?}");
    assert!(all.len() < 300, "{} of six hundred points", all.len());
    assert!(all.is_sorted_by(|left, right| left.0 < right.0), "{all:?}");
    // As far as one would see it in points of its own.
    assert_eq!(window.value_at(Wall(77_500)), Some(99.0));
    assert_eq!(window.value_at(Wall(82_999)), Some(1.0));
    assert_eq!(window.time_at(Wall(-1)), None);
}

#[test]
fn what_is_older_than_the_last_tier_goes_for_good() {
    // Two buckets of each tier, and four points.
    let window = kept(
        Kind::Gauge,
        &(0..10_000).map(|minute| (minute * 60_000, minute as f64)).collect::<Vec<_>>(),
        Allowance { points: 4, buckets: 2 },
    );
    let oldest = window.oldest_at().map(|at| at.0 / 60_000);
    assert_eq!(oldest, Some(9_930), "two of half an hour, two of two minutes, two of one point, and four points");
    assert_eq!(window.len(), 4);
}

#[test]
fn a_pause_ends_a_bucket() {
    let points: Vec<(i64, f64)> =
        [0, 1, 2, 8, 9, 20, 30, 40, 50].map(|second| (second * 1_000, second as f64)).to_vec();
    let window = kept(Kind::Gauge, &points, Allowance { points: 2, buckets: 9 });
    let mut joined = Vec::new();
    window.each_value(Wall(0), Wall(99_000), |at, _, inside| joined.push((at.0 / 1_000, inside)));
    let expected = [(0, false), (2, true), (8, false), (9, true), (20, false), (30, false), (40, false), (50, false)];
    assert_eq!(joined, expected);
}

#[test]
fn a_counter_is_its_rate_and_its_growth_survives_resets_and_the_way_into_the_past() {
    let points = [(0, 10.0), (1_000, 30.0), (3_000, 50.0), (4_000, 5.0), (5_000, 6.0)];
    let expected = [(1_000, 20.0), (3_000, 10.0), (5_000, 1.0)];
    let whole = kept(Kind::Counter, &points, Allowance::FULL);
    assert_eq!(values(&whole, 0, 9_000), expected);
    assert_eq!(whole.value_at(Wall(3_500)), Some(10.0));
    assert_eq!((whole.value_at(Wall(0)), whole.value_at(Wall(4_000))), (None, None), "a reset is no rate");
    let growth = |window: &Window| -> (f64, f64) {
        let pieces = window.pieces(Wall(0), Wall(9_000));
        pieces.iter().fold((0.0, 0.0), |sum, piece| (sum.0 + piece.sum, sum.1 + piece.weight))
    };
    assert_eq!(growth(&whole), (46.0, 5.0), "twenty, twenty, five since the reset, one");
    let past = kept(Kind::Counter, &points, Allowance { points: 1, buckets: 9 });
    assert_eq!(growth(&past), (46.0, 5.0));
    assert_eq!(values(&past, 0, 9_000).last(), Some(&(5_000, 1.0)));
}

#[test]
fn what_is_forgotten_leaves_no_trace_in_the_past() {
    let points: Vec<(i64, f64)> = (0..100).map(|second| (second * 1_000, second as f64)).collect();
    let mut window = kept(Kind::Counter, &points, FEW);
    window.forget_after(Wall(97_500));
    assert_eq!(window.newest_at(), Some(Wall(97_000)));
    window.forget_after(Wall(50_500));
    assert!(window.newest_at().is_none_or(|newest| newest <= Wall(50_500)), "{window:?}");
    assert!(window.last().is_none());
    window.push(point(60_000, 1.0), FEW).expect("it follows");
    window.push(point(61_000, 2.0), FEW).expect("it follows");
    assert_eq!(values(&window, 60_000, 99_000), [(61_000, 1.0)], "and it has grown from nothing that was forgotten");
    window.forget_after(Wall(-1));
    assert!(window.is_empty());
}

#[test]
fn a_share_is_even_and_all_shares_together_keep_within_the_budget() {
    for series in [1, 2, 511, 512, 513, 1_000, 2_048, limits::SERIES_MAX] {
        let share = Allowance::share(series);
        assert!(share.bytes() * series <= limits::STORE_BYTES_MAX, "{series}: {share:?}");
        assert!(share.points > 600 && share.buckets > 200, "{series}: {share:?}");
    }
    assert_eq!(Allowance::share(512), Allowance::FULL);
}

#[test]
fn a_window_takes_no_more_memory_than_it_is_allowed_and_gives_it_back() {
    let mut window = Window::default();
    for at in 0..20_000 {
        window.push(point(at * 60_000, 0.0), Allowance::FULL).expect("times rise");
    }
    let taken = window.bytes().0 + window.bytes().1;
    assert!(taken <= Allowance::FULL.bytes(), "{taken}");
    let less = Allowance { points: 100, buckets: 50 };
    window.trim(less);
    let taken = window.bytes().0 + window.bytes().1;
    assert!(taken <= less.bytes(), "{taken} of {}", less.bytes());
    assert_eq!(window.newest_at(), Some(Wall(19_999 * 60_000)));
}

proptest! {
    /// Whatever a gauge went through, its extremes, its last value and its sum are the same as those of all its points.
    #[test]
    fn nothing_outstanding_is_lost(
        steps in prop::collection::vec((1_i64..200_000, -1e6_f64..1e6), 1..400),
        points in 1_usize..20,
    ) {
        let mut at = 0;
        let all: Vec<(i64, f64)> = steps.into_iter().map(|(step, value)| { at += step; (at, value) }).collect();
        let window = kept(Kind::Gauge, &all, Allowance { points, buckets: 1_000 });
        let seen = values(&window, i64::MIN, i64::MAX);
        prop_assert!(seen.is_sorted_by(|left, right| left.0 < right.0));
        prop_assert!(seen.iter().all(|seen| all.contains(seen)), "only what was told is shown");
        let low = |values: &[(i64, f64)]| values.iter().map(|(_, value)| *value).fold(f64::MAX, f64::min);
        let high = |values: &[(i64, f64)]| values.iter().map(|(_, value)| *value).fold(f64::MIN, f64::max);
        prop_assert_eq!((low(&seen), high(&seen), seen.last()), (low(&all), high(&all), all.last()));
        let pieces = window.pieces(Wall(i64::MIN), Wall(i64::MAX));
        let count: f64 = pieces.iter().map(|piece| piece.weight).sum();
        prop_assert_eq!(count, all.len() as f64);
        for (at, _) in &all {
            prop_assert!(window.time_at(Wall(*at)).is_some_and(|then| then <= Wall(*at)));
        }
    }
}

proptest! {
    #[test]
    fn plain_points_are_those_of_the_span_and_the_one_before_it(
        points in 0..60_usize,
        allowed in 1..20_usize,
        from in -5..140_i64,
        span in -3..90_i64,
    ) {
        // More than are allowed: the memory they lie in goes round.
        let points: Vec<(i64, f64)> = (0..points as i64).map(|index| (2 * index, index as f64)).collect();
        let window = kept(Kind::Gauge, &points, Allowance { points: allowed, buckets: 4 });
        let left: Vec<i64> = points.iter().map(|(at, _)| *at).skip(points.len().saturating_sub(allowed)).collect();
        let before = left.iter().copied().rfind(|at| *at < from);
        let within = left.iter().copied().filter(|at| (from..=from + span).contains(at));
        let expected: Vec<i64> = before.into_iter().chain(within).collect();
        let plain: Vec<i64> = window.plain(Wall(from), Wall(from + span)).concat().iter().map(|point| point.at.0).collect();
        prop_assert_eq!(plain, expected);
    }
}
