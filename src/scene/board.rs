//! What a board is: panels and their places.
//!
//! Invariant: every panel stands in the layout of one tab exactly once, in reading order; a board has at least one tab,
//! and one panel.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::asks::Asks;
use super::chart::{
    Animation, Annotation, Bars, Fill, Heatmap, Histogram, Log, Progress, Spark, Stat, States, Table, Threshold, Words,
};
use super::select::Select;
use crate::label::Label;
use crate::model::origin::Origin;
use crate::model::spec::Theme;
use crate::model::{BoardFacts, Catalogue, SeriesKey, Unit, ViewSpec};

/// A layout of panels under a name.
#[derive(Clone, Debug)]
pub struct Board {
    pub name: String,
    pub title: String,
    /// Most pictures a second.
    pub refresh_hz: f64,
    /// For viewers who chose none.
    pub theme: Theme,
    /// One, without a title, on a board that knows no tabs.
    pub tabs: Vec<Tab>,
    /// In reading order, tab by tab.
    pub panels: Vec<PanelSpec>,
    /// Of a chart, which asks a database by itself.
    pub asks: Option<Box<Asks>>,
}

/// Panels that are seen together.
#[derive(Clone, Debug)]
pub struct Tab {
    pub title: Label,
    pub layout: Node,
    /// Which of the board's panels stand on it.
    pub panels: Range<usize>,
}

/// All boards of one tenant, in the order Tab goes through them.
#[derive(Clone, Debug, Default)]
pub struct Boards {
    boards: Vec<Board>,
}

/// How an area is shared.
#[derive(Clone, Debug)]
pub enum Node {
    /// Side by side.
    Row(Vec<Share>),
    /// Above each other.
    Column(Vec<Share>),
    /// The panel with this index.
    Panel(usize),
}

/// A part of a row or column.
#[derive(Clone, Debug)]
pub struct Share {
    pub ratio: u16,
    pub node: Node,
}

/// One panel.
#[derive(Clone, Debug)]
pub struct PanelSpec {
    pub title: Label,
    /// The source its data comes from: its health is said on the panel.
    pub source: String,
    /// Smallest size in cells at which it is worth its place.
    pub min: (u16, u16),
    /// On a small screen the panels with the lowest priority go first.
    pub priority: u8,
    /// Said in place of a picture that cannot be drawn; the program's own words where nothing is said.
    pub fallback: Option<Label>,
    pub chart: Chart,
}

/// What a panel shows.
#[derive(Clone, Debug)]
pub enum Chart {
    Line {
        unit: Unit,
        /// Decimals of bare numbers in the legend.
        decimals: u8,
        lines: Vec<LineSource>,
        fill: Fill,
        /// Values the axis always shows.
        include: Vec<f64>,
        /// A series whose newest value the axis also shows: the total of which the lines are parts.
        include_series: Option<SeriesKey>,
        thresholds: Vec<Threshold>,
        annotations: Vec<Annotation>,
    },
    Gauges(Vec<GaugeSource>),
    Text(Vec<TextRow>),
    Words(Words),
    Bars(Bars),
    Sparklines(Vec<Spark>),
    Stat(Stat),
    Histogram(Histogram),
    Heatmap(Heatmap),
    States(States),
    Animation(Animation),
    Table(Table),
    Progress(Progress),
    Log(Log),
}

/// One line of a line chart.
#[derive(Clone, Debug)]
pub struct LineSource {
    pub name: Label,
    pub shown: Shown,
}

/// Which series a line is made of.
#[derive(Clone, Debug)]
pub enum Shown {
    Series(SeriesKey),
    /// The largest of all series of this name that have this label; none of fewer than two.
    Largest {
        name: String,
        label: String,
    },
    /// What a query finds: a line for each value of its label, or one.
    Query(Select),
    /// A line for each series that a query finds, under the values of all its labels.
    Every(Select),
}

/// One gauge, or several that are alike.
#[derive(Clone, Debug)]
pub enum GaugeSource {
    /// One gauge for each series of this name that has this label; the values are percentages.
    Each { name: String, label: String },
    /// One value as a share of another.
    Share { name: Label, part: SeriesKey, whole: SeriesKey, none: Label },
}

/// One row of a text panel.
#[derive(Clone, Debug)]
pub enum TextRow {
    /// The newest value of a series.
    Value { key: Label, series: SeriesKey },
    /// A label of the newest series of a name.
    Fact { key: Label, name: String, label: String },
    /// How many series of a name have a label.
    Count { key: Label, name: String, label: String },
    /// How old the source's data is.
    Age { key: Label },
}

// === impl Chart ===

impl Chart {
    /// Whether it shows anything that a source delivers.
    pub fn needs_data(&self) -> bool {
        !matches!(self, Chart::Words(_) | Chart::Animation(_))
    }
}

// === impl Board ===

impl Board {
    /// The number of the tab that a spec asks for: the last one where there are fewer by now.
    pub fn tab_index(&self, asked: u16) -> usize {
        usize::from(asked).min(self.tabs.len().saturating_sub(1))
    }

    pub fn tab(&self, asked: u16) -> &Tab {
        self.tabs.get(self.tab_index(asked)).expect("invariant: a board has at least one tab")
    }

    /// Whether a panel of a tab shows something of a series of this name.
    pub fn shows_series(&self, tab: u16, series: &str) -> bool {
        let panels = self.panels.get(self.tab(tab).panels.clone()).unwrap_or_default();
        panels.iter().any(|panel| super::panel::reads(&panel.chart, series))
    }

    /// The panel that has the focus: the nearest one on the tab shown.
    pub fn focus(&self, spec: &ViewSpec) -> usize {
        let Range { start, end } = self.tab(spec.tab).panels;
        usize::from(spec.focus).clamp(start, end.saturating_sub(1).max(start))
    }
}

// === impl Boards ===

impl Boards {
    pub fn new(boards: Vec<Board>) -> Boards {
        Boards { boards }
    }

    /// The boards every tenant has.
    pub fn shipped() -> Boards {
        Boards::with_shipped(Vec::new())
    }

    /// A tenant's own boards first, then the shipped ones, except those whose name it took for its own.
    pub fn with_shipped(mut own: Vec<Board>) -> Boards {
        let taken: Vec<String> = own.iter().map(|board| board.name.clone()).collect();
        own.extend(super::shipped::all().into_iter().filter(|board| !taken.contains(&board.name)));
        Boards::new(own)
    }

    /// The same with the board of faults on purpose, unless somebody has one of that name.
    pub fn with_faults(mut self) -> Boards {
        let board = super::shipped::faults();
        if self.get(&board.name).is_none() {
            self.boards.push(board);
        }
        self
    }

    pub fn get(&self, name: &str) -> Option<&Board> {
        self.boards.iter().find(|board| board.name == name)
    }

    /// The board that a spec asks for, with the parameters it asks for.
    pub fn of(&self, spec: &ViewSpec) -> Option<Cow<'_, Board>> {
        let board = self.get(&spec.board)?;
        Some(match &board.asks {
            Some(asks) => Cow::Owned(asks.board(board, &spec.params)),
            None => Cow::Borrowed(board),
        })
    }

    /// What a chart has a database asked with these parameters; none of what is no chart, or misses parameters.
    pub fn origin(&self, board: &str, params: &BTreeMap<String, String>, sources: &[Origin]) -> Option<Origin> {
        let board = self.get(board)?;
        board.asks.as_ref()?.origin(board, params, sources)
    }

    /// In the order Tab goes through them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.boards.iter().map(|board| board.name.as_str())
    }

    pub fn catalogue(&self) -> Catalogue {
        let facts = |board: &Board| BoardFacts {
            name: board.name.clone(),
            title: board.title.clone(),
            panels: u16::try_from(board.panels.len()).unwrap_or(u16::MAX),
            theme: board.theme,
            params: board.asks.as_ref().map(|asks| asks.params.clone()).unwrap_or_default(),
            uuid: board.asks.as_ref().map(|asks| asks.uuid),
        };
        Catalogue { boards: self.boards.iter().map(facts).collect() }
    }
}
