use super::*;
use crate::model::{Kind, Sample, Unit};
use crate::scene::query::Function;

fn dataset(series: &[(&[(&str, &str)], f64)]) -> Dataset {
    let mut data = Dataset::default();
    for (labels, value) in series {
        for at in [0, 1_000] {
            let (kind, value) = (Kind::Gauge, value + at as f64 / 1_000.0);
            let key = SeriesKey::labelled("s", labels);
            data.insert(Sample { key, kind, unit: Unit::None, at: Wall(at), value }).expect("it is sound");
        }
    }
    data
}

fn shops() -> Dataset {
    dataset(&[
        (&[("job", "web-1"), ("zone", "a")], 10.0),
        (&[("job", "web-1"), ("zone", "b")], 20.0),
        (&[("job", "web-2"), ("zone", "a")], 50.0),
        (&[("job", "db"), ("zone", "b")], 5.0),
        (&[("zone", "b")], 1_000.0),
    ])
}

const WHEN: When = When { at: Wall(1_500), since: Wall(0) };

fn found(select: &Select, data: &Dataset) -> Vec<(String, Option<f64>)> {
    select.all(data, WHEN).iter().map(|one| (one.name.to_string(), one.value(WHEN))).collect()
}

fn named(pairs: &[(&str, f64)]) -> Vec<(String, Option<f64>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect()
}

fn with(name: &str, pattern: &str) -> Vec<(String, Pattern)> {
    vec![(name.to_owned(), Pattern::of(pattern))]
}

#[test]
fn a_pattern_fits_what_a_person_means_by_it() {
    let fits = |pattern: &str, value: &str| Pattern::of(pattern).fits(Some(value));
    assert!(fits("web", "web") && !fits("web", "web-1") && !fits("", "web") && fits("", ""));
    assert!(fits("web-*", "web-1") && fits("web-*", "web-") && !fits("web-*", "a web-1"));
    assert!(fits("*-1", "web-1") && fits("*e*-*1", "web-1") && !fits("*b*e*", "web-1"));
    assert!(fits("a*a", "aa") && !fits("a*a", "a"), "what begins is not what ends");
    assert!(fits("!web", "db") && !fits("!web", "web") && !fits("!w*", "web"));
    assert!(fits(r"\*", "*") && !fits(r"\*", "x") && fits(r"\!x", "!x") && fits(r"\\", r"\") && fits(r"a\", r"a\"));
    assert!(!Pattern::of("*").fits(None) && Pattern::of("!web").fits(None), "no label is not web");
    assert_eq!(
        (Pattern::of("web").exact(), Pattern::of("w*").exact(), Pattern::of("!w").exact()),
        (Some("web"), None, None)
    );
}

#[test]
fn labels_choose_series_and_a_label_tells_them_apart() {
    let data = shops();
    let select = Select { with: with("zone", "a"), ..Select::each("s", "job") };
    assert_eq!(found(&select, &data), named(&[("web-1", 11.0), ("web-2", 51.0)]));
    let select = Select { with: with("job", "!web-*"), ..Select::plain("s") };
    assert_eq!(found(&select, &data), named(&[("b", 1_001.0), ("db", 6.0)]));
}

#[test]
fn what_is_not_told_apart_is_joined() {
    let data = shops();
    let select = Select { join: Some(Join::Sum), ..Select::each("s", "job") };
    assert_eq!(found(&select, &data), named(&[("db", 6.0), ("web-1", 32.0), ("web-2", 51.0)]));
    let all = Select { join: Some(Join::Max), ..Select::plain("s") };
    assert_eq!(found(&all, &data), named(&[("s", 1_001.0)]));
    let web = &select.all(&data, WHEN)[1];
    assert_eq!(web.points(Wall(0), Wall(2_000), 3_000), [(Wall(0), 30.0), (Wall(1_000), 32.0)]);
    assert_eq!(web.value_then(Wall(500), 3_000), Some(30.0));
    let gone = When { at: Wall(9_000), since: Wall(8_000) };
    assert_eq!(web.value(gone), None, "what is gone is not summed up either");
}

#[test]
fn of_all_only_the_largest_are_kept_and_those_that_are_gone_are_none() {
    let data = shops();
    let select = Select { topk: Some(2), join: Some(Join::Sum), ..Select::each("s", "job") };
    assert_eq!(found(&select, &data), named(&[("web-2", 51.0), ("web-1", 32.0)]));
    let gone = When { at: Wall(9_000), since: Wall(8_000) };
    assert!(select.all(&data, gone).is_empty());
}

#[test]
fn a_function_is_applied_to_each_series_before_they_are_joined() {
    let data = shops();
    let over = Some(Over { function: Function::Increase, span: Over::SPAN_DEFAULT });
    let select = Select { over, join: Some(Join::Sum), ..Select::plain("s") };
    assert_eq!(found(&select, &data), named(&[("s", 5.0)]), "each of the five grew by one");
    let alone = Select { over, ..Select::each("s", "job") };
    assert_eq!(alone.all(&data, WHEN)[0].points(Wall(0), Wall(2_000), 3_000).last(), Some(&(Wall(1_000), 1.0)));
}

#[test]
fn values_of_what_it_looks_at_are_those_of_what_it_finds_where_each_is_one() {
    let data = shops();
    let select = Select { with: vec![("job".to_owned(), Pattern::of("web-*"))], ..Select::each("s", "job") };
    let mut told: Vec<_> = select.values(&data, WHEN).collect();
    let mut all: Vec<_> = select.all(&data, WHEN).iter().map(|one| (one.name.to_string(), one.value(WHEN))).collect();
    told.sort_by(|left, right| left.partial_cmp(right).expect("numbers"));
    all.sort_by(|left, right| left.partial_cmp(right).expect("numbers"));
    assert_eq!(told, all.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>());
    assert!(!told.is_empty() && select.is_each());
    assert!(!Select { topk: Some(9), ..select.clone() }.is_each());
    assert!(!Select { join: Some(Join::Sum), ..select }.is_each());
}
