//! Bars: values side by side, across or upright, alone or in groups.
//!
//! Invariant: all bars of a plan start from one zero and share one axis; what is not zero shows at least its smallest
//! part; what does not fit is counted.

mod paint;
#[cfg(test)]
mod tests;

use super::value_axis::Extent;
use super::{Level, Levels, ValueAxis};
use crate::label::Label;
use crate::model::Unit;

pub use paint::paint;

/// Which way bars grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// To the right, a row each.
    #[default]
    Across,
    /// Upwards, side by side.
    Upright,
}

/// Everything a painter needs to know of bars.
#[derive(Clone, Debug, PartialEq)]
pub struct BarsPlan {
    pub direction: Direction,
    pub axis: ValueAxis,
    /// Where zero lies on the axis; the end next to it when it is not on the axis.
    pub zero: f32,
    pub groups: Vec<Group>,
    /// Columns of the widest label of an axis.
    pub tick_columns: u16,
}

/// Bars that belong together; most groups have one.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: Label,
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Which of the chart's series this is; decides its colour.
    pub series: usize,
    /// Its end on the axis; none without a value.
    pub at: Option<f32>,
    pub value: Label,
    /// Takes the place of the series' colour.
    pub level: Option<Level>,
}

/// Ticks an axis has at most; painters leave out those without room. An odd number, so that half of them fit well.
const TICKS_MAX: u16 = 5;

// === impl BarsPlan ===

impl BarsPlan {
    /// Groups by name with a value for each series. The axis also shows zero and the values in `include`; levels, if
    /// given, decide the colours.
    pub fn new(
        direction: Direction,
        groups: &[(Label, Vec<Option<f64>>)],
        unit: Unit,
        include: &[f64],
        levels: Option<Levels>,
    ) -> BarsPlan {
        let known = |value: &Option<f64>| value.filter(|value| value.is_finite());
        let mut extent = Extent::default();
        for value in groups.iter().flat_map(|(_, values)| values).filter_map(known) {
            extent.take(value);
        }
        let include: Vec<f64> = include.iter().copied().filter(|value| value.is_finite()).chain([0.0]).collect();
        let axis = ValueAxis::new(extent, &include, unit, TICKS_MAX);
        let bar = |(series, value): (usize, &Option<f64>)| {
            let value = known(value);
            Bar {
                series,
                at: value.map(|value| axis.at(value)),
                value: Label::plain(&unit.format(value.unwrap_or(f64::NAN))),
                level: levels.zip(value).map(|(levels, value)| levels.of(value)),
            }
        };
        let groups = groups
            .iter()
            .map(|(name, values)| Group { name: name.clone(), bars: values.iter().enumerate().map(bar).collect() });
        BarsPlan {
            direction,
            zero: axis.at(0.0),
            groups: groups.collect(),
            tick_columns: axis.ticks.iter().map(|tick| tick.label.columns()).max().unwrap_or(0),
            axis,
        }
    }

    /// One bar for each name.
    pub fn single(
        direction: Direction,
        bars: &[(Label, Option<f64>)],
        unit: Unit,
        include: &[f64],
        levels: Option<Levels>,
    ) -> BarsPlan {
        let groups: Vec<_> = bars.iter().map(|(name, value)| (name.clone(), vec![*value])).collect();
        BarsPlan::new(direction, &groups, unit, include, levels)
    }

    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.bars.iter().all(|bar| bar.at.is_none()))
    }

    /// Bars of the largest group.
    fn bars_per_group(&self) -> u16 {
        let most = self.groups.iter().map(|group| group.bars.len()).max().unwrap_or(0);
        u16::try_from(most).unwrap_or(u16::MAX).max(1)
    }

    fn widest(&self, columns: impl Fn(&Group) -> u16) -> u16 {
        self.groups.iter().map(columns).max().unwrap_or(0)
    }
}
