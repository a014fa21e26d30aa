use super::*;

fn point(at: i64, value: f64) -> Point {
    Point { at: Wall(at), value }
}

fn window(points: &[(i64, f64)]) -> Window {
    let mut window = Window::default();
    for (at, value) in points {
        window.push(point(*at, *value)).expect("invariant: the test's points rise");
    }
    window
}

#[test]
fn what_is_not_a_number_is_refused() {
    let mut window = Window::default();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(window.push(point(1, value)), Err(Rejected::NotFinite));
    }
    assert!(window.is_empty());
}

#[test]
fn time_only_goes_forward() {
    let mut window = window(&[(5, 1.0)]);
    assert_eq!(window.push(point(5, 2.0)), Err(Rejected::NotNewer));
    assert_eq!(window.push(point(4, 2.0)), Err(Rejected::NotNewer));
    assert_eq!(window.last(), Some(point(5, 1.0)));
}

#[test]
fn a_full_window_lets_the_oldest_point_go() {
    let mut window = Window::default();
    let count = limits::POINTS_MAX as i64 + 10;
    for at in 0..count {
        window.push(point(at, at as f64)).expect("invariant: the times rise");
    }
    assert_eq!(window.len(), limits::POINTS_MAX);
    assert_eq!(window.first(), Some(point(10, 10.0)));
    assert_eq!(window.last(), Some(point(count - 1, (count - 1) as f64)));
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
fn at_finds_the_newest_point_not_after() {
    let window = window(&[(1, 1.0), (3, 3.0)]);
    assert_eq!(window.at(Wall(0)), None);
    assert_eq!(window.at(Wall(1)), Some(point(1, 1.0)));
    assert_eq!(window.at(Wall(2)), Some(point(1, 1.0)));
    assert_eq!(window.at(Wall(99)), Some(point(3, 3.0)));
}

#[test]
fn labels_are_sorted_so_that_equal_series_have_equal_keys() {
    let key = SeriesKey::labelled("a", &[("z", "1"), ("b", "2")]);
    assert_eq!(key, SeriesKey::labelled("a", &[("b", "2"), ("z", "1")]));
    assert_eq!(key.label("z"), Some("1"));
    assert_eq!(key.label("y"), None);
}
