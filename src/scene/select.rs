//! Which series a chart is about, and what it makes of them: the query of a panel.
//!
//! Invariant: series come in the order people count in, at most [`limits::SELECTED_MAX`] of them; where only the largest
//! are wanted, the largest come first.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::query::{self, Join, Over, When};
use crate::base::{Wall, limits};
use crate::label::Label;
use crate::model::{Dataset, SeriesKey, Tracked};

/// All series of a name that carry certain labels, and what is made of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    pub series: String,
    /// Labels a series must have, with these values.
    pub with: Vec<(String, Pattern)>,
    /// The label that tells them apart; series without it are left out.
    pub by: Option<String>,
    /// What is made of each over time; its newest value where nothing is said.
    pub over: Option<Over>,
    /// How those that `by` does not tell apart become one.
    pub join: Option<Join>,
    /// Only so many, those with the largest newest values.
    pub topk: Option<usize>,
}

/// What a label's value must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Begins with this, has the next ones in their order, and ends with the last one; one part alone is all of it.
    parts: Vec<String>,
    /// Anything but that, or no such label.
    negated: bool,
}

/// One course that was selected: a series, or several as one.
#[derive(Clone, Debug)]
pub struct Selected<'a> {
    pub name: Label,
    pub key: &'a SeriesKey,
    window: &'a Tracked,
    /// Those that became one with it; nearly always there are none.
    others: Vec<&'a Tracked>,
    over: Option<Over>,
    join: Option<Join>,
}

/// In the order people count in.
pub fn in_order(selected: &mut [Selected<'_>]) {
    selected.sort_by(|left, right| order(&left.name, &right.name));
}

/// The order people count in: numbers before words.
pub fn order(left: &Label, right: &Label) -> Ordering {
    let (left, right) = (left.as_str(), right.as_str());
    let key = |name: &str| name.parse::<u64>().map_or((true, 0), |number| (false, number));
    key(left).cmp(&key(right)).then_with(|| left.cmp(right))
}

/// What is made of a series; none of what is gone.
fn value(window: &Tracked, over: Option<Over>, when: When) -> Option<f64> {
    match over {
        None => query::window_value(window, when),
        Some(over) => over.value(window, when.at).filter(|(at, _)| *at >= when.since).map(|(_, value)| value),
    }
}

// === impl Select ===

impl Select {
    pub fn plain(series: &str) -> Select {
        Select { series: series.to_owned(), ..Select::default() }
    }

    /// The same of each value of a label.
    pub fn each(series: &str, by: &str) -> Select {
        Select { by: Some(by.to_owned()), ..Select::plain(series) }
    }

    /// Whether it is about one series as it is.
    pub fn is_plain(&self) -> bool {
        *self == Select { series: self.series.clone(), with: self.with.clone(), ..Select::default() }
            && self.with.iter().all(|(_, pattern)| pattern.exact().is_some())
    }

    /// What there is, natural numbers in order; the largest first where only those are wanted.
    pub fn all<'a>(&'a self, data: &'a Dataset, when: When) -> Vec<Selected<'a>> {
        let mut found = self.found(data);
        if let Some(topk) = self.topk {
            let mut ranked: Vec<(f64, Selected<'a>)> =
                found.into_iter().filter_map(|one| Some((one.value(when)?, one))).collect();
            ranked.sort_by(|(left, _), (right, _)| right.total_cmp(left));
            ranked.truncate(topk);
            found = ranked.into_iter().map(|(_, one)| one).collect();
        }
        found
    }

    /// What tells the series apart that it looks at, as it is called, and the value of each, whatever becomes of them; in no
    /// order that means anything.
    pub fn values<'a>(&'a self, data: &'a Dataset, when: When) -> impl Iterator<Item = (&'a str, Option<f64>)> {
        let found = self.matching(data).take(limits::SELECTED_MAX);
        found.map(move |(text, _, window)| (text, value(window, self.over, when)))
    }

    /// The same without what it is called, where it looks at all series of its name.
    pub fn whole_values(&self, data: &Dataset, when: When) -> impl Iterator<Item = Option<f64>> {
        data.named(&self.series).take(limits::SELECTED_MAX).map(move |(_, window)| value(window, self.over, when))
    }

    /// The one meant; the first where there are several.
    pub fn first<'a>(&'a self, data: &'a Dataset, when: When) -> Option<Selected<'a>> {
        self.all(data, when).into_iter().next()
    }

    /// The series that it looks at, whatever becomes of them.
    pub fn windows<'a>(&'a self, data: &'a Dataset) -> impl Iterator<Item = &'a Tracked> {
        self.matching(data).map(|(_, _, window)| window)
    }

    /// Everything it tells apart, natural numbers in order.
    fn found<'a>(&'a self, data: &'a Dataset) -> Vec<Selected<'a>> {
        let one = |text: &str, key: &'a SeriesKey, window: &'a Tracked| Selected {
            name: Label::plain(text),
            key,
            window,
            others: Vec::new(),
            over: self.over,
            join: self.join,
        };
        let mut found: Vec<Selected<'a>> = Vec::with_capacity(self.room(data));
        // Of what is joined, where it stands in the list.
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (text, key, window) in self.matching(data).take(limits::SELECTED_MAX) {
            // All are one where nothing tells them apart.
            let text = if self.join.is_some() && self.by.is_none() { self.series.as_str() } else { text };
            if self.join.is_some() {
                if let Some(place) = places.get(text) {
                    found[*place].others.push(window);
                    continue;
                }
                places.insert(text, found.len());
            }
            found.push(one(text, key, window));
        }
        in_order(&mut found);
        found
    }

    /// Whether each series that it looks at is one of those that it finds.
    pub fn is_each(&self) -> bool {
        self.join.is_none() && self.topk.is_none()
    }

    /// How many there may be; where labels leave out most of many, as many are not made room for.
    fn room(&self, data: &Dataset) -> usize {
        let count = data.count_named(&self.series).min(limits::SELECTED_MAX);
        if self.with.is_empty() && self.join.is_none() { count } else { 0 }
    }

    /// Series with what tells them apart.
    fn matching<'a>(&'a self, data: &'a Dataset) -> impl Iterator<Item = (&'a str, &'a SeriesKey, &'a Tracked)> {
        data.named(&self.series)
            .filter(|(key, _)| self.with.iter().all(|(name, pattern)| pattern.fits(key.label(name))))
            .filter_map(|(key, window)| {
                let text = match &self.by {
                    Some(by) => key.label(by)?,
                    None => key.labels.first().map_or(key.name.as_str(), |(_, value)| value.as_str()),
                };
                Some((text, key, window))
            })
    }
}

// === impl Pattern ===

impl Pattern {
    /// As a person writes it: `web-*` for all that begin so, `!` before what it must not be, and `\` before a `*`, a `!`
    /// or a `\` that is meant.
    pub fn of(text: &str) -> Pattern {
        let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let mut parts = vec![String::new()];
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            let meant = match char {
                '\\' => chars.next().unwrap_or('\\'),
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                char => char,
            };
            parts.iter_mut().last().into_iter().for_each(|part| part.push(meant));
        }
        Pattern { parts, negated }
    }

    /// The one value that fits, where there is only one.
    pub fn exact(&self) -> Option<&str> {
        if let ([only], false) = (&self.parts[..], self.negated) { Some(only) } else { None }
    }

    pub fn fits(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.matches(value)) != self.negated
    }

    fn matches(&self, value: &str) -> bool {
        let [first, middle @ .., last] = &self.parts[..] else {
            return self.parts.first().is_some_and(|part| part == value);
        };
        let Some(mut rest) = value.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        for part in middle {
            // The earliest place leaves most room for the others.
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

// === impl Selected ===

impl Selected<'_> {
    /// Its value; none of what is gone.
    pub fn value(&self, when: When) -> Option<f64> {
        let value = |window: &Tracked| value(window, self.over, when);
        match self.join {
            None => value(self.window),
            Some(join) => join.of(&mut self.windows().filter_map(value).collect::<Vec<f64>>()),
        }
    }

    /// Its values, one from before the span included. Those of several series hold for `gap_ms`.
    pub fn points(&self, from: Wall, to: Wall, gap_ms: u64) -> Vec<(Wall, f64)> {
        let points = |window: &Tracked| match self.over {
            None => query::points(window, from, to),
            Some(over) => over.values(window, from, to),
        };
        match self.join {
            None => points(self.window),
            Some(join) => {
                let courses: Vec<_> = self.windows().map(points).collect();
                join.courses(&courses, from, to, self.gap_ms(from, gap_ms))
            }
        }
    }

    /// The value that stood at a moment.
    pub fn value_then(&self, at: Wall, gap_ms: u64) -> Option<f64> {
        match (self.join, self.over) {
            (None, None) => self.window.value_at(at),
            _ => self.points(at, at, gap_ms).last().map(|(_, value)| *value),
        }
    }

    /// How far apart values may be that belong together: `gap_ms`, and more where the past is kept in buckets.
    pub fn gap_ms(&self, from: Wall, gap_ms: u64) -> u64 {
        self.windows().map(|window| window.step_ms(from)).max().unwrap_or(0).max(gap_ms)
    }

    /// The one series that it is, as it is.
    pub fn window(&self) -> &Tracked {
        self.window
    }

    fn windows(&self) -> impl Iterator<Item = &Tracked> {
        std::iter::once(self.window).chain(self.others.iter().copied())
    }

    /// When the first point after a moment came.
    pub fn next_after(&self, at: Wall, to: Wall) -> Option<Wall> {
        let after = Wall(at.0.saturating_add(1));
        self.windows().filter_map(|window| window.between(after, to).next()).map(|point| point.at).min()
    }
}

#[cfg(test)]
mod tests;
