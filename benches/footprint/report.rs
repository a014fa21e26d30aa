//! Figures beside their bounds, for people and for programs.

use std::fmt::Write;

use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Only told.
    None,
}

/// One thing measured.
pub struct Figure {
    what: &'static str,
    value: f64,
    unit: &'static str,
    bound: Bound,
}

/// All of one run.
pub struct Report {
    seconds: u64,
    runs: usize,
    figures: Vec<Figure>,
}

// === impl Figure ===

impl Figure {
    pub fn at_most(what: &'static str, value: f64, unit: &'static str, bound: f64) -> Figure {
        Figure { what, value, unit, bound: Bound::AtMost(bound) }
    }

    pub fn at_least(what: &'static str, value: f64, unit: &'static str, bound: f64) -> Figure {
        Figure { what, value, unit, bound: Bound::AtLeast(bound) }
    }

    pub fn told(what: &'static str, value: f64, unit: &'static str) -> Figure {
        Figure { what, value, unit, bound: Bound::None }
    }

    fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.value <= bound,
            Bound::AtLeast(bound) => self.value >= bound,
            Bound::None => true,
        }
    }
}

// === impl Report ===

impl Report {
    pub fn new(seconds: u64, runs: usize) -> Report {
        Report { seconds, runs, figures: Vec::new() }
    }

    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    pub fn holds(&self) -> bool {
        self.figures.iter().all(Figure::holds)
    }

    pub fn table(&self) -> String {
        let mut out = format!("over {} s each, {} starts\n", self.seconds, self.runs);
        for figure in &self.figures {
            let bound = match figure.bound {
                Bound::AtMost(bound) => format!("at most {bound}"),
                Bound::AtLeast(bound) => format!("at least {bound}"),
                Bound::None => String::new(),
            };
            let verdict = if figure.holds() { "" } else { "  TOO MUCH OR TOO LITTLE" };
            let Figure { what, value, unit, .. } = figure;
            writeln!(out, "{what:<36} {value:>9.3} {unit:<12} {bound:<14}{verdict}").expect("a string takes text");
        }
        out
    }

    pub fn json(&self) -> String {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|figure| {
                let (at_most, at_least) = match figure.bound {
                    Bound::AtMost(bound) => (Some(bound), None),
                    Bound::AtLeast(bound) => (None, Some(bound)),
                    Bound::None => (None, None),
                };
                json!({
                    "what": figure.what, "value": figure.value, "unit": figure.unit,
                    "at_most": at_most, "at_least": at_least, "holds": figure.holds(),
                })
            })
            .collect();
        let report = json!({ "seconds": self.seconds, "runs": self.runs, "figures": figures });
        format!("{report:#}\n")
    }
}
