//! Samples of one reading.
//!
//! Invariant: every text in a key fits a series, and a value that is no number is left out.

use crate::base::{Wall, limits};
use crate::model::{Kind, Sample, SeriesKey, Unit};

/// Where the parts of a reading put what they found.
#[derive(Debug)]
pub struct Out {
    at: Wall,
    pub samples: Vec<Sample>,
}

// === impl Out ===

impl Out {
    pub fn new(at: Wall, expected: usize) -> Out {
        Out { at, samples: Vec::with_capacity(expected) }
    }

    /// What concerns the whole machine.
    pub fn add(&mut self, name: &str, unit: Unit, value: f64) {
        self.add_labelled(name, Vec::new(), unit, value);
    }

    /// What concerns one of several things, which `label` names.
    pub fn add_of(&mut self, name: &str, (label, thing): (&str, &str), unit: Unit, value: f64) {
        self.add_labelled(name, vec![(label.to_owned(), thing.to_owned())], unit, value);
    }

    pub fn add_labelled(&mut self, name: &str, mut labels: Vec<(String, String)>, unit: Unit, value: f64) {
        if !value.is_finite() {
            return;
        }
        for (_, text) in &mut labels {
            bound(text);
        }
        let key = SeriesKey { name: name.to_owned(), labels };
        self.samples.push(Sample { key, kind: Kind::Gauge, unit, at: self.at, value });
    }
}

/// Cuts at a character so that a series label may hold the text.
pub fn bound(text: &mut String) {
    let mut end = text.len().min(limits::SERIES_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}
