//! Which series a chart is about.
//!
//! Invariant: series come in the order people count in, at most [`limits::SELECTED_MAX`] of them.

use crate::base::limits;
use crate::label::Label;
use crate::model::{Dataset, SeriesKey, Window};

/// All series of a name that carry certain labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    pub series: String,
    /// Labels a series must have, with these values.
    pub with: Vec<(String, String)>,
    /// The label that tells them apart; series without it are left out.
    pub by: Option<String>,
}

/// One series that was selected.
#[derive(Clone, Debug)]
pub struct Selected<'a> {
    pub name: Label,
    pub key: &'a SeriesKey,
    pub window: &'a Window,
}

// === impl Select ===

impl Select {
    pub fn plain(series: &str) -> Select {
        Select { series: series.to_owned(), ..Select::default() }
    }

    /// The series there are, natural numbers in order.
    pub fn all<'a>(&'a self, data: &'a Dataset) -> Vec<Selected<'a>> {
        let mut found: Vec<(Option<u64>, &str, Selected<'a>)> = data
            .named(&self.series)
            .filter(|(key, _)| self.with.iter().all(|(name, value)| key.label(name) == Some(value)))
            .filter_map(|(key, window)| {
                let text = match &self.by {
                    Some(by) => key.label(by)?,
                    None => key.labels.first().map_or(key.name.as_str(), |(_, value)| value.as_str()),
                };
                Some((text.parse().ok(), text, Selected { name: Label::plain(text), key, window }))
            })
            .take(limits::SELECTED_MAX)
            .collect();
        // Numbers before words.
        found.sort_by_key(|(number, text, _)| (number.is_none(), *number, *text));
        found.into_iter().map(|(_, _, selected)| selected).collect()
    }

    /// The one series meant; the first where there are several.
    pub fn first<'a>(&'a self, data: &'a Dataset) -> Option<Selected<'a>> {
        self.all(data).into_iter().next()
    }
}
