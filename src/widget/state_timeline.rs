//! State timelines: what state each of some things was in, over time.
//!
//! Invariant: the worst state of a bin is shown, however short it was; time of which nothing is known stays empty. Where
//! colours are few each state has a pattern or a letter of its own.

use jiff::tz::TimeZone;

use super::held::hold;
use super::{Level, Tick, TimeScale};
use crate::base::{Rect, Wall};
use crate::label::Label;

mod paint;
#[cfg(test)]
mod tests;

pub use paint::paint;

/// What a state looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Level(Level),
    /// The colour of the series with this number: for states of which none is better than another.
    Series(usize),
}

/// A state that things may be in.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub name: Label,
    pub ink: Ink,
}

/// Where the parts of a timeline go, decided before the plan: it says how many bins there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns for the names of things, the space after them included; 0 when they are left out.
    pub gutter: u16,
    pub plot: Rect,
    /// The row of time labels, if there is room.
    pub times: Option<u16>,
    /// The row that tells which state is which, if there is room.
    pub legend: Option<u16>,
}

/// Gathers the things of one timeline.
#[derive(Debug)]
pub struct TimelineBuilder {
    scale: TimeScale,
    states: Vec<State>,
    lanes: Vec<Lane>,
}

/// Everything a painter needs to know of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelinePlan {
    pub states: Vec<State>,
    /// From the top.
    pub lanes: Vec<Lane>,
    pub times: Vec<Tick>,
}

/// One thing and its states, left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    pub name: Label,
    pub runs: Vec<Run>,
}

/// A time without a change, on an axis from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    pub from: f32,
    pub to: f32,
    /// Which of the plan's states this is.
    pub state: usize,
}

/// Rows from which time labels pay, and those of states.
const ROWS_FOR_TIMES: u16 = 4;
const ROWS_FOR_LEGEND: u16 = 5;
/// Columns from which a row of labels below the plot pays.
const COLUMNS_FOR_BELOW: u16 = 12;
/// Names take no more than one part of so many of the width.
const GUTTER_PARTS: u16 = 3;
/// Columns from which a part of a name says something.
const GUTTER_MIN: u16 = 4;

// === impl State ===

impl State {
    pub fn new(name: &str, ink: Ink) -> State {
        State { name: Label::plain(name), ink }
    }

    fn level(&self) -> Level {
        match self.ink {
            Ink::Level(level) => level,
            Ink::Series(_) => Level::Good,
        }
    }
}

// === impl Layout ===

impl Layout {
    /// Small timelines lose the legend first, then the labels of time, the names then; the plot comes last.
    pub fn new<'a>(width: u16, height: u16, names: impl Iterator<Item = &'a Label>) -> Layout {
        let widest = names.map(Label::columns).max().unwrap_or(0);
        let most = width / GUTTER_PARTS;
        let gutter = if widest == 0 || most < GUTTER_MIN { 0 } else { widest.saturating_add(1).min(most) };
        let plot_width = width - gutter;
        let fits = |rows: u16| height >= rows && plot_width >= COLUMNS_FOR_BELOW;
        let legend = fits(ROWS_FOR_LEGEND).then(|| height - 1);
        let below = u16::from(legend.is_some());
        let times = fits(ROWS_FOR_TIMES).then(|| height - 1 - below);
        let plot = Rect::new(gutter, 0, plot_width, height - below - u16::from(times.is_some()));
        Layout { gutter, plot, times, legend }
    }

    /// A bin for each column of the plot.
    pub fn bins(&self) -> u16 {
        self.plot.width
    }
}

// === impl TimelineBuilder ===

impl TimelineBuilder {
    pub fn new(scale: TimeScale, states: Vec<State>) -> TimelineBuilder {
        TimelineBuilder { scale, states, lanes: Vec::new() }
    }

    /// Adds the next thing: when it was seen in which state, in the order of time. A state holds until the next one, but
    /// no longer than `gap_ms`; a state that is not among the builder's ends the one before.
    pub fn lane(&mut self, name: Label, seen: impl Iterator<Item = (Wall, Option<usize>)>, gap_ms: u64) {
        let states = &self.states;
        let known = |state: Option<usize>| state.filter(|state| *state < states.len());
        let mut bins: Vec<Option<usize>> = vec![None; self.scale.bins()];
        hold(&self.scale, seen, gap_ms, |range, state, _| {
            let Some(state) = known(state) else { return };
            for slot in &mut bins[range] {
                // Of equal ones the newest.
                let is_worse = |before: usize| states[state].level() >= states[before].level();
                if slot.is_none_or(is_worse) {
                    *slot = Some(state);
                }
            }
        });
        let count = bins.len() as f32;
        let mut runs = Vec::new();
        let mut start = 0;
        for same in bins.chunk_by(PartialEq::eq) {
            let end = start + same.len();
            if let Some(state) = same[0] {
                runs.push(Run { from: start as f32 / count, to: end as f32 / count, state });
            }
            start = end;
        }
        self.lanes.push(Lane { name, runs });
    }

    pub fn finish(self, zone: &TimeZone, layout: &Layout) -> TimelinePlan {
        let times = self.scale.ticks(zone, if layout.times.is_some() { layout.plot.width } else { 0 });
        TimelinePlan { states: self.states, lanes: self.lanes, times }
    }
}

// === impl TimelinePlan ===

impl TimelinePlan {
    /// Whether no state of anything is known in this span.
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.runs.is_empty())
    }
}
