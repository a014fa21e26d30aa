use super::*;
use crate::model::{Kind, Unit};

fn sample(key: SeriesKey, at: i64, value: f64) -> Sample {
    Sample { key, kind: Kind::Gauge, unit: Unit::None, at: Wall(at), value }
}

#[test]
fn every_change_moves_the_revision_and_nothing_else_does() {
    let mut data = Dataset::default();
    data.insert(sample(SeriesKey::plain("a"), 1, 1.0)).expect("invariant: a plain sample is taken");
    assert_eq!(data.revision(), 1);
    assert_eq!(data.insert(sample(SeriesKey::plain("a"), 1, 1.0)), Err(Rejected::NotNewer));
    assert_eq!(data.revision(), 1);
    let health = SourceHealth { state: SourceState::Good, last_good: Some(Wall(1)), interval_ms: 1_000 };
    data.set_source("s", health.clone());
    data.set_source("s", health.clone());
    assert_eq!(data.revision(), 2);
    assert_eq!(data.source("s"), Some(&health));
    assert_eq!(data.source("t"), None);
}

#[test]
fn a_change_moves_the_revision_of_what_it_concerns_and_of_nothing_else() {
    let mut data = Dataset::default();
    let topics = [Topic::Series("a"), Topic::Series("b"), Topic::Log("a"), Topic::Source("a")];
    let revisions = |data: &Dataset| topics.map(|topic| data.revision_of(topic));
    assert_eq!(revisions(&data), [0; 4]);
    data.insert(sample(SeriesKey::plain("a"), 1, 1.0)).expect("it is sound");
    assert_eq!(revisions(&data), [1, 0, 0, 0]);
    data.insert(sample(SeriesKey::labelled("a", &[("l", "x")]), 1, 1.0)).expect("it is sound");
    assert_eq!(revisions(&data), [2, 0, 0, 0]);
    data.insert(sample(SeriesKey::plain("b"), 5, 1.0)).expect("it is sound");
    assert!(data.append("a", Entry::new(Wall(1), crate::model::log::Severity::Info, "x")));
    data.set_source("a", SourceHealth { state: SourceState::Good, last_good: Some(Wall(9)), interval_ms: 1 });
    assert_eq!(revisions(&data), [2, 3, 4, 5]);
    data.forget_after(Wall(3));
    assert_eq!(revisions(&data), [6, 0, 4, 6], "what is gone is as if it had never been");
    assert_eq!((data.series_count(), data.named("a").count()), (2, 2));
}

#[test]
fn the_number_of_series_is_bounded() {
    let mut data = Dataset::default();
    for index in 0..limits::SERIES_MAX {
        let key = SeriesKey::plain(&format!("series_{index}"));
        data.insert(sample(key, 1, 0.0)).expect("invariant: below the cap");
    }
    assert_eq!(data.insert(sample(SeriesKey::plain("more"), 1, 0.0)), Err(Rejected::TooManySeries));
    assert_eq!(data.series_count(), limits::SERIES_MAX);
    let known = sample(SeriesKey::plain("series_0"), 2, 0.0);
    assert_eq!(data.insert(known), Ok(()), "a series that is there goes on");
}

#[test]
fn long_names_and_many_labels_are_refused_before_anything_is_kept() {
    let mut data = Dataset::default();
    let long = "x".repeat(limits::SERIES_TEXT_BYTES_MAX + 1);
    let many: Vec<(String, String)> =
        (0..=limits::SERIES_LABELS_MAX).map(|index| (format!("l{index}"), String::new())).collect();
    let keys = [
        SeriesKey::plain(&long),
        SeriesKey::labelled("a", &[(&long, "")]),
        SeriesKey::labelled("a", &[("l", &long)]),
        SeriesKey { name: "a".to_owned(), labels: many },
    ];
    for key in keys {
        assert_eq!(data.insert(sample(key, 1, 0.0)), Err(Rejected::TooLong));
    }
    assert_eq!(data.series_count(), 0);
    assert_eq!(data.revision(), 0);
}

#[test]
fn a_rejected_first_sample_leaves_no_empty_series() {
    let mut data = Dataset::default();
    assert_eq!(data.insert(sample(SeriesKey::plain("a"), 1, f64::NAN)), Err(Rejected::NotFinite));
    assert_eq!(data.series_count(), 0);
}

#[test]
fn a_series_does_not_change_its_meaning() {
    let mut data = Dataset::default();
    data.insert(sample(SeriesKey::plain("a"), 1, 1.0)).expect("invariant: a plain sample is taken");
    let mut other = sample(SeriesKey::plain("a"), 2, 1.0);
    other.unit = Unit::Bytes;
    assert_eq!(data.insert(other.clone()), Err(Rejected::Changed));
    other.unit = Unit::None;
    other.kind = Kind::Counter;
    assert_eq!(data.insert(other), Err(Rejected::Changed));
}

#[test]
fn all_series_of_a_name_are_found_and_no_neighbours() {
    let mut data = Dataset::default();
    for (name, cpu) in [("cpu", ""), ("cpu", "0"), ("cpu", "1"), ("cpu2", "0"), ("cpa", "0")] {
        let labels = [("cpu", cpu)];
        let labels = if cpu.is_empty() { &[][..] } else { &labels[..] };
        data.insert(sample(SeriesKey::labelled(name, labels), 1, 1.0)).expect("invariant: a plain sample is taken");
    }
    let found: Vec<_> = data.named("cpu").map(|(key, _)| key.label("cpu").unwrap_or("-")).collect();
    assert_eq!(found, ["-", "0", "1"]);
    assert_eq!(data.named("cpux").count(), 0);
}

#[test]
fn what_lies_after_a_moment_is_forgotten_and_the_rest_is_kept() {
    let mut data = Dataset::default();
    for (name, at) in [("old", 10), ("old", 20), ("old", 30), ("future", 30)] {
        data.insert(sample(SeriesKey::plain(name), at, 1.0)).expect("invariant: a plain sample is taken");
    }
    for (name, at) in [("late", 30), ("early", 5)] {
        let health = SourceHealth { state: SourceState::Good, last_good: Some(Wall(at)), interval_ms: 1 };
        data.set_source(name, health);
    }
    assert_eq!(data.newest(), Some(Wall(30)));
    let revision = data.revision();
    data.forget_after(Wall(20));
    assert!(data.revision() > revision);
    assert_eq!(data.newest(), Some(Wall(20)));
    assert_eq!(data.window(&SeriesKey::plain("old")).map(Window::len), Some(2));
    assert_eq!(data.series_count(), 1, "a series without points is none");
    let last_good = |name| data.source(name).and_then(|health| health.last_good);
    assert_eq!((last_good("late"), last_good("early")), (Some(Wall(20)), Some(Wall(5))));
    data.insert(sample(SeriesKey::plain("old"), 21, 1.0)).expect("time goes on from there");
}
