//! From an answer to values: what the series are called, and which of them can be told apart.
//!
//! Invariant: pure. A name of a metric is no label here, so two that differ by it alone are one too many, and said.

use std::collections::HashSet;

use super::super::format::{Told, Value, push_word, words};
use super::answer::{Answer, Found};
use crate::base::{Wall, limits};
use crate::model::origin::Query;
use crate::model::{Kind, SeriesKey};

/// The label that a legend becomes.
pub const LEGEND: &str = "legend";

/// Takes out of all texts what nobody may see: a server may repeat what it was sent.
pub fn mask(answer: &mut Answer, hide: impl Fn(&str) -> String) {
    for found in &mut answer.series {
        for (name, value) in &mut found.labels {
            (*name, *value) = (hide(name), hide(value));
        }
        found.name = found.name.as_deref().map(&hide);
    }
}

/// Adds what one query brought.
pub fn tell(query: &Query, answer: Answer, told: &mut Told) {
    told.beyond += answer.beyond;
    let mut seen = HashSet::<SeriesKey, rustc_hash::FxBuildHasher>::default();
    for found in answer.series {
        if found.points.is_empty() {
            if found.is_histogram {
                told.strange(&query.name, "a histogram is no value; ask for histogram_quantile() or histogram_count()");
            }
            continue;
        }
        let key = match key(query, &found) {
            Ok(key) => key,
            Err(why) => {
                told.strange(&query.name, &why);
                continue;
            }
        };
        if !seen.insert(key.clone()) {
            told.strange(&query.name, "two series have the same labels; tell them apart by legend = \"{{__name__}}\"");
            continue;
        }
        for (at, value) in found.points {
            let at = Some(Wall((at * 1e3).round() as i64));
            told.values.push(Value { key: key.clone(), kind: Kind::Gauge, unit: query.unit, at, value });
        }
    }
}

fn key(query: &Query, found: &Found) -> Result<SeriesKey, String> {
    let mut labels = Vec::with_capacity(found.labels.len() + 1);
    for (name, value) in &found.labels {
        if name.len() > limits::SERIES_TEXT_BYTES_MAX || value.len() > limits::SERIES_TEXT_BYTES_MAX {
            return Err(format!("the label {} is too long; leave it out by sum without (...)", words(name)));
        }
        let mut word = String::new();
        push_word(&mut word, name);
        if query.legend.is_none() || word != LEGEND {
            labels.push((word, value.clone()));
        }
    }
    if let Some(pattern) = &query.legend {
        labels.push((LEGEND.to_owned(), legend(pattern, found)));
    }
    if labels.len() > limits::SERIES_LABELS_MAX {
        let max = limits::SERIES_LABELS_MAX;
        return Err(format!("a series has more than {max} labels; leave some out by sum by (...)"));
    }
    labels.sort();
    // Names that became one: the first stays.
    labels.dedup_by(|later, first| later.0 == first.0);
    Ok(SeriesKey { name: query.series.clone(), labels })
}

/// The pattern with labels in the place of `{{label}}`; nothing where there is no such label.
fn legend(pattern: &str, found: &Found) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, name, after)) = rest
        .split_once("{{")
        .and_then(|(before, rest)| rest.split_once("}}").map(|(name, after)| (before, name, after)))
    {
        text.push_str(before);
        match name.trim() {
            "__name__" => text.push_str(found.name.as_deref().unwrap_or_default()),
            name => {
                text.extend(found.labels.iter().filter(|(label, _)| label == name).map(|(_, value)| value.as_str()))
            }
        }
        rest = after;
    }
    text.push_str(rest);
    crate::base::bounded::beginning(&text, limits::SERIES_TEXT_BYTES_MAX).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(legend: Option<&str>) -> Query {
        Query {
            name: "it".to_owned(),
            series: "prom_it".to_owned(),
            query: "up".to_owned(),
            unit: None,
            legend: legend.map(str::to_owned),
        }
    }

    fn found(name: &str, labels: &[(&str, &str)]) -> Found {
        Found {
            labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            name: Some(name.to_owned()),
            points: vec![(1_789_000_000.123, 1.0)],
            is_histogram: false,
        }
    }

    #[test]
    fn what_a_server_repeats_of_a_secret_is_in_no_label() {
        let mut series = found("up_hunter2", &[("a", "Bearer hunter2"), ("hunter2_b", "x")]);
        series.points.push((1_789_000_001.0, 2.0));
        let mut answer = Answer { series: vec![series], ..Answer::default() };
        mask(&mut answer, |text| text.replace("hunter2", "***"));
        let mut told = Told::default();
        tell(&query(Some("{{__name__}} {{a}}")), answer, &mut told);
        let key = &told.values[0].key;
        assert!(!format!("{key:?}").contains("hunter2"), "{key:?}");
        assert_eq!(key.label(LEGEND), Some("up_*** Bearer ***"));
    }

    fn told(legend: Option<&str>, series: Vec<Found>) -> Told {
        let mut told = Told::default();
        tell(&query(legend), Answer { series, ..Answer::default() }, &mut told);
        told
    }

    #[test]
    fn labels_are_those_of_the_answer_and_a_legend_is_made_of_them() {
        let all =
            told(Some("{{job}} on {{ instance }}{{no}}!"), vec![found("up", &[("job", "api"), ("instance", "a:1")])]);
        let value = &all.values[0];
        let labels = [("instance", "a:1"), ("job", "api"), ("legend", "api on a:1!")];
        assert_eq!(value.key, SeriesKey::labelled("prom_it", &labels));
        assert_eq!(value.at, Some(Wall(1_789_000_000_123)));
    }

    #[test]
    fn series_that_differ_by_the_metric_alone_are_told_apart_by_a_legend_only() {
        let two = || vec![found("a", &[("job", "x")]), found("b", &[("job", "x")])];
        let one = told(None, two());
        assert_eq!((one.values.len(), one.strange), (1, 1));
        assert!(one.strange_first.is_some_and(|words| words.contains("{{__name__}}")));
        assert_eq!(told(Some("{{__name__}}"), two()).values.len(), 2);
    }

    #[test]
    fn what_no_series_can_hold_is_said() {
        let many: Vec<(String, String)> = (0..17).map(|number| (format!("l{number}"), String::new())).collect();
        let many = told(None, vec![Found { labels: many, ..found("up", &[]) }]);
        assert!(many.strange_first.is_some_and(|words| words.contains("more than 16 labels")));
        let long = told(None, vec![found("up", &[("path", &"x".repeat(129))])]);
        assert!(long.strange_first.is_some_and(|words| words.contains("the label path is too long")));
        let histogram = told(None, vec![Found { points: Vec::new(), is_histogram: true, ..found("up", &[]) }]);
        assert!(histogram.strange_first.is_some_and(|words| words.contains("histogram_quantile()")));
    }
}
