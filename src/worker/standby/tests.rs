//! A source fails while another one stands by for it.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::model::fault::Class;
use crate::model::log::{Entry, Severity};
use crate::model::origin::{Fields, File, From, Lines};
use crate::model::{Kind, Sample, SeriesKey, Unit};

fn origin(name: &str, standby: Option<&str>) -> Origin {
    let fields = Fields::default();
    Origin {
        name: name.to_owned(),
        series: format!("{name}_series"),
        unit: Unit::None,
        interval: Duration::from_secs(1),
        standby: standby.map(str::to_owned),
        from: From::File(File { path: PathBuf::from("/x"), lines: Lines::Words, from_start: false, fields }),
    }
}

fn pair() -> Vec<Origin> {
    vec![origin("first", Some("other")), origin("other", None)]
}

fn update(source: &'static str, at: i64, state: SourceState) -> Update {
    let good = matches!(state, SourceState::Good);
    let sample = |name: String| Sample {
        key: SeriesKey::labelled(&name, &[("a", "b")]),
        kind: Kind::Gauge,
        unit: Unit::Percent,
        at: Wall(at),
        value: 7.0,
    };
    let samples = [sample(format!("{source}_series_load")), sample("elsewhere".to_owned())];
    let entries = [(source.into(), Entry::new(Wall(at), Severity::Info, "words"))];
    Update {
        source: source.into(),
        samples: samples.into_iter().filter(|_| good).collect(),
        entries: entries.into_iter().filter(|_| good).collect(),
        left_out: 0,
        health: SourceHealth { state, last_good: good.then_some(Wall(at)), interval_ms: 1_000 },
    }
}

fn failed(class: Class, next_try: Option<Wall>) -> SourceState {
    SourceState::Failed { since: Wall(1), why: "why".to_owned(), class, next_try }
}

fn stands_in(at: i64) -> SourceState {
    SourceState::Standby { by: "other".to_owned(), since: Wall(at) }
}

#[test]
fn nothing_is_told_beside_while_the_first_delivers_or_has_failed_only_once() {
    let mut standbys = Standbys::new(&pair(), &Dataset::default());
    for state in [SourceState::Good, failed(Class::Error, None), SourceState::Waiting] {
        let mut first = update("first", 1, state);
        let before = first.clone();
        assert!(standbys.pass(&mut first, Wall(1)).is_empty());
        assert_eq!(first, before);
        let mut other = update("other", 1, SourceState::Good);
        assert!(standbys.pass(&mut other, Wall(1)).is_empty());
    }
}

#[test]
fn a_first_that_panics_hangs_or_is_left_alone_is_stood_in_for_under_its_names_until_it_recovers() {
    for state in [failed(Class::Panic, None), failed(Class::Timeout, None), failed(Class::Error, Some(Wall(99)))] {
        let mut standbys = Standbys::new(&pair(), &Dataset::default());
        standbys.pass(&mut update("other", 1, SourceState::Good), Wall(1));
        let mut first = update("first", 2, state.clone());
        assert!(standbys.pass(&mut first, Wall(2)).is_empty());
        assert_eq!((&first.health.state, first.health.last_good), (&stands_in(2), Some(Wall(1))));

        let mut other = update("other", 3, SourceState::Good);
        let before = other.clone();
        let [beside] = standbys.pass(&mut other, Wall(3)).try_into().expect("one is told beside");
        assert_eq!(other, before, "what it tells as itself stands");
        assert_eq!((&*beside.source, beside.health.state), ("first", stands_in(2)));
        assert_eq!(beside.health.last_good, Some(Wall(3)));
        let names: Vec<&str> = beside.samples.iter().map(|sample| sample.key.name.as_str()).collect();
        assert_eq!(names, ["first_series_load"]);
        assert_eq!(beside.samples[0].key.label("a"), Some("b"));
        assert!(beside.entries.len() == 1 && beside.entries[0].0 == "first");

        let mut first = update("first", 4, SourceState::Good);
        assert!(standbys.pass(&mut first, Wall(4)).is_empty());
        assert_eq!(first.health.state, SourceState::Good);
        assert!(standbys.pass(&mut update("other", 5, SourceState::Good), Wall(5)).is_empty());
    }
}

#[test]
fn a_standby_that_fails_itself_yields_and_the_first_is_told_as_failed() {
    let mut standbys = Standbys::new(&pair(), &Dataset::default());
    standbys.pass(&mut update("other", 1, SourceState::Good), Wall(1));
    let state = failed(Class::Panic, Some(Wall(9)));
    standbys.pass(&mut update("first", 2, state.clone()), Wall(2));
    let told = standbys.pass(&mut update("other", 3, failed(Class::Error, None)), Wall(3));
    let [told] = told.try_into().expect("it is told once");
    assert_eq!((&*told.source, &told.health.state, told.samples.len()), ("first", &state, 0));
    assert!(standbys.pass(&mut update("other", 4, failed(Class::Error, None)), Wall(4)).is_empty());
    // It comes back before the first does.
    assert_eq!(standbys.pass(&mut update("other", 5, SourceState::Good), Wall(5))[0].health.state, stands_in(5));
}

#[test]
fn what_was_known_before_a_new_configuration_counts() {
    let mut data = Dataset::default();
    data.set_source("first", update("first", 1, failed(Class::Timeout, None)).health);
    data.set_source("other", update("other", 1, SourceState::Good).health);
    let mut standbys = Standbys::new(&pair(), &data);
    let told = standbys.pass(&mut update("other", 2, SourceState::Good), Wall(2));
    assert_eq!(told.len(), 1, "a source that hangs says nothing more");
    // A source without one is left alone.
    let mut alone = Standbys::new(&[origin("first", None), origin("other", None)], &data);
    assert!(alone.pass(&mut update("other", 3, SourceState::Good), Wall(3)).is_empty());
}
