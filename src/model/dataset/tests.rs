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
    assert_eq!(revisions(&data), [6, 6, 4, 6], "what is gone has changed by going");
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
    assert_eq!(data.window(&SeriesKey::plain("old")).map(|series| series.len()), Some(2));
    assert_eq!(data.series_count(), 1, "a series without points is none");
    let last_good = |name| data.source(name).and_then(|health| health.last_good);
    assert_eq!((last_good("late"), last_good("early")), (Some(Wall(20)), Some(Wall(5))));
    data.insert(sample(SeriesKey::plain("old"), 21, 1.0)).expect("time goes on from there");
}

#[test]
fn of_series_that_come_and_go_the_one_silent_for_longest_makes_room() {
    let mut data = Dataset::default();
    data.bound("job", 3);
    let job = |name: &str| SeriesKey::labelled("job", &[("name", name)]);
    for (name, at) in [("a", 1), ("b", 2), ("c", 3), ("a", 4)] {
        data.insert(sample(job(name), at, 1.0)).expect("there is room");
    }
    let refused = sample(job("d"), 5, f64::NAN);
    assert_eq!(data.insert(refused), Err(Rejected::NotFinite));
    assert_eq!(data.series_count(), 3, "what is not taken drives nobody out");
    data.insert(sample(job("d"), 5, 1.0)).expect("b makes room");
    let names = |data: &Dataset| -> Vec<String> {
        data.named("job").filter_map(|(key, _)| key.label("name").map(str::to_owned)).collect()
    };
    assert_eq!((names(&data), data.series_count()), (vec!["a".to_owned(), "c".to_owned(), "d".to_owned()], 3));
    // At one moment no more may be told of than are kept.
    for name in ["a", "c", "d"] {
        data.insert(sample(job(name), 6, 1.0)).expect("it is kept");
    }
    assert_eq!(data.insert(sample(job("e"), 6, 1.0)), Err(Rejected::TooManySeries));
    data.insert(sample(SeriesKey::plain("other"), 6, 1.0)).expect("other names are not bounded");
    data.forget_after(Wall(0));
    assert_eq!(data.series_count(), 0);
    for at in 1..=1_000 {
        data.insert(sample(job(&format!("x{at}")), at, 1.0)).expect("the bound holds on");
    }
    assert_eq!((names(&data).len(), data.series_count()), (3, 3));
}

#[test]
fn series_that_come_and_go_are_taken_in_a_full_dataset_too() {
    let mut data = Dataset::default();
    data.bound("job", 2);
    let job = |number: i64| SeriesKey::labelled("job", &[("name", &number.to_string())]);
    for number in 1..=2 {
        data.insert(sample(job(number), number, 0.0)).expect("there is room");
    }
    for index in 2..limits::SERIES_MAX {
        data.insert(sample(SeriesKey::plain(&format!("series_{index}")), 1, 0.0)).expect("below the cap");
    }
    data.insert(sample(job(3), 3, 0.0)).expect("it takes the place of another job");
    assert_eq!(data.insert(sample(SeriesKey::plain("more"), 3, 0.0)), Err(Rejected::TooManySeries));
    assert_eq!(data.series_count(), limits::SERIES_MAX);
}

#[test]
fn with_many_series_each_keeps_less_and_all_keep_within_the_budget() {
    let mut data = Dataset::default();
    let put = |data: &mut Dataset, series: usize, at: i64| {
        let key = SeriesKey::plain(&format!("series_{series}"));
        data.insert(sample(key, at * 60_000, at as f64)).expect("it is sound");
    };
    for series in 0..4 {
        (0..30_000).for_each(|at| put(&mut data, series, at));
    }
    let before = data.memory();
    assert!(before.points >= 4 * limits::POINTS_MAX * size_of::<Point>() && before.past > 0, "{before:?}");
    for series in 4..limits::SERIES_MAX {
        put(&mut data, series, 40_000);
    }
    let after = data.memory();
    let share = Allowance::share(limits::SERIES_MAX);
    assert!(after.points + after.past < limits::SERIES_MAX * share.bytes(), "{after:?}");
    let first = data.window(&SeriesKey::plain("series_0")).expect("it is kept");
    assert_eq!(first.len(), share.points, "the newest of its points");
    assert_eq!(first.newest_at(), Some(Wall(29_999 * 60_000)));
    assert!(after.names > limits::SERIES_MAX * size_of::<Window>(), "{after:?}");
}

#[test]
fn a_log_keeps_within_its_memory_and_its_newest_entry_always() {
    use crate::model::log::Severity;
    let mut data = Dataset::default();
    let long = vec!["x".repeat(limits::LABEL_BYTES_MAX); limits::LOG_ENTRY_LINES_MAX].join("\n");
    for at in 0..10 {
        data.append("app", Entry::new(Wall(at), Severity::Info, &long));
        let log = data.log("app").expect("it is there");
        assert_eq!(log.newest(), Some(Wall(at)));
        assert!(log.bytes() <= limits::LOG_BYTES_MAX && data.memory().logs >= log.bytes());
    }
    for at in 10..20_000 {
        data.append("app", Entry::new(Wall(at), Severity::Info, "short"));
    }
    let log = data.log("app").expect("it is there");
    assert_eq!(log.until(Wall(99_999)).len(), limits::LOG_ENTRIES_MAX);
    let counted: usize = log.until(Wall(99_999)).map(|entry| entry.lines[0].as_str().len()).sum();
    assert!(log.bytes() > counted && log.bytes() < limits::LOG_BYTES_MAX / 2, "{}", log.bytes());
}

#[test]
fn where_there_are_as_many_as_may_be_one_that_is_told_of_no_more_makes_room() {
    let mut data = Dataset::default();
    let silent_ms = limits::SERIES_SILENT_AFTER.as_millis() as i64;
    for index in 0..limits::SERIES_MAX {
        data.insert(sample(SeriesKey::plain(&format!("old_{index}")), index as i64, 0.0)).expect("below the cap");
    }
    let new = |at| sample(SeriesKey::plain("new"), at, 0.0);
    assert_eq!(data.insert(new(silent_ms - 1)), Err(Rejected::TooManySeries));
    assert_eq!(data.insert(new(silent_ms)), Ok(()), "the first one was silent for long enough");
    assert!(data.window(&SeriesKey::plain("old_0")).is_none() && data.window(&SeriesKey::plain("old_1")).is_some());
    assert_eq!(data.series_count(), limits::SERIES_MAX);
    let newer = sample(SeriesKey::plain("newer"), silent_ms, 0.0);
    assert_eq!(data.insert(newer.clone()), Err(Rejected::TooManySeries), "the next one was not");
    // Times that never were count for nothing.
    data.forget_after(Wall(10));
    assert_eq!(data.insert(newer), Ok(()));
}

#[test]
fn the_shape_of_a_name_changes_with_its_series_and_not_with_their_values() {
    let key = |label: &str| SeriesKey::labelled("a", &[("l", label)]);
    let put = |data: &mut Dataset, label: &str, at: i64| {
        let sample = Sample { key: key(label), kind: Kind::Gauge, unit: Unit::None, at: Wall(at), value: 1.0 };
        data.insert(sample).expect("the test's samples are sound");
    };
    let mut data = Dataset::default();
    assert_eq!(data.shape_of("a"), 0);
    type Change<'a> = (&'a str, bool, &'a dyn Fn(&mut Dataset));
    let changes: [Change<'_>; 7] = [
        ("a first one", true, &|data| put(data, "1", 10)),
        ("a value", false, &|data| put(data, "1", 11)),
        ("one more", true, &|data| put(data, "2", 12)),
        ("a value of that", false, &|data| put(data, "2", 13)),
        ("one is let go", true, &|data| data.remove(&key("1"))),
        ("one makes room", true, &|data| {
            data.bound("a", 1);
            put(data, "3", 14);
        }),
        ("the clock is set back", true, &|data| data.forget_after(Wall(11))),
    ];
    for (what, changes, change) in changes {
        let before = data.shape_of("a");
        change(&mut data);
        assert_eq!(data.shape_of("a") != before, changes, "{what}");
    }
}

#[test]
fn a_place_holds_until_a_series_comes_or_goes() {
    let key = |name: &str| SeriesKey::labelled(name, &[("l", "x")]);
    let put =
        |data: &mut Dataset, name: &str, at: i64| data.insert(sample(key(name), at, at as f64)).expect("it is sound");
    let mut data = Dataset::default();
    put(&mut data, "b", 1);
    assert_eq!(data.place(&key("a"), None), None);
    let place = data.place(&key("b"), None).expect("it is there");
    let point = |at: i64| Point { at: Wall(at), value: 2.0 };
    assert_eq!(data.insert_at(place, (Kind::Gauge, Unit::None), point(2)), Some(Ok(())));
    assert_eq!(data.insert_at(place, (Kind::Gauge, Unit::None), point(2)), Some(Err(Rejected::NotNewer)));
    assert_eq!(data.insert_at(place, (Kind::Counter, Unit::None), point(3)), Some(Err(Rejected::Changed)));
    assert_eq!(data.at(place).and_then(|series| series.newest_at()), Some(Wall(2)));
    assert_eq!(data.place(&key("b"), Some(place)), Some(place));
    // Another one stands where it stood.
    put(&mut data, "a", 3);
    assert!(data.at(place).is_none());
    assert_eq!(data.insert_at(place, (Kind::Gauge, Unit::None), point(4)), None);
    let moved = data.place(&key("b"), Some(place)).expect("it is still there");
    assert_eq!(data.at(moved).and_then(|series| series.newest_at()), Some(Wall(2)));
    for change in [&|data: &mut Dataset| data.remove(&key("a")), &|data: &mut Dataset| data.forget_after(Wall(1))]
        as [&dyn Fn(&mut Dataset); 2]
    {
        let place = data.place(&key("b"), None).expect("it is still there");
        change(&mut data);
        assert!(data.at(place).is_none());
    }
}

#[test]
fn a_name_that_lost_its_last_series_has_changed() {
    let mut data = Dataset::default();
    let before = data.revision_of(Topic::Series("a"));
    data.insert(sample(SeriesKey::plain("a"), 1, 1.0)).expect("it is sound");
    let told = data.revision_of(Topic::Series("a"));
    data.remove(&SeriesKey::plain("a"));
    let gone = data.revision_of(Topic::Series("a"));
    assert!(before < told && told < gone, "{before} {told} {gone}");
}
