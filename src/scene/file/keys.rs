//! All keys of a board file, with what they hold and what they are for.

use super::shape::{Field, Shape};
use crate::base::limits;
use crate::model::log::Severity;
use crate::model::spec::Theme;
use crate::notation::words;
use crate::scene::query::{Function, Join};

const PRIORITY: Shape = Shape::Whole(0..=9);
const VALUE: Shape = Shape::Number(f64::MIN..=f64::MAX);
const LEVELS: Shape = Shape::Word(&["good", "high", "critical"]);

/// The kinds of charts and their keys.
pub const CHARTS: &[(&str, &[Field])] = &[
    ("line", LINE),
    ("gauges", GAUGES),
    ("facts", FACTS),
    ("text", TEXT),
    ("bars", BARS),
    ("sparklines", SPARKLINES),
    ("stat", STAT),
    ("histogram", HISTOGRAM),
    ("heatmap", HEATMAP),
    ("states", STATES),
    ("table", TABLE),
    ("progress", PROGRESS),
    ("log", LOG),
    ("animation", ANIMATION),
];

/// Names of all kinds of charts.
pub const CHART_NAMES: &[&str] = &[
    "line",
    "gauges",
    "facts",
    "text",
    "bars",
    "sparklines",
    "stat",
    "histogram",
    "heatmap",
    "states",
    "table",
    "progress",
    "log",
    "animation",
];

const FUNCTIONS: [&str; Function::ALL.len()] = words(&Function::ALL);
const JOINS: [&str; Join::ALL.len()] = words(&Join::ALL);

pub const BOARD: &[Field] = &[
    Field::new("title", Shape::Text, "what the board is about, in a few words"),
    Field::new(
        "refresh_hz",
        Shape::Number(0.1..=limits::REFRESH_HZ_MAX),
        "most pictures a second; 4 where nothing is said",
    ),
    Field::new("theme", Shape::Word(Theme::NAMES), "its colours; dark where nothing is said"),
    Field::new("panel", Shape::Named, "the panels, each in a table [panel.NAME]").required(),
    Field::new("layout", Shape::Layout, "who stands where; without it panels share the screen evenly"),
    Field::new(
        "tab",
        Shape::Tables(TAB),
        "instead of `layout`: layouts that are seen one at a time, each in a table [[tab]]",
    ),
];

/// Keys every panel has.
pub const PANEL: &[Field] = &[
    Field::new("chart", Shape::Word(CHART_NAMES), "the kind of chart").required(),
    Field::new("title", Shape::Text, "stands on the panel's border; its name where nothing is said"),
    Field::new("source", Shape::Text, "the source of its data, whose health is shown on the panel"),
    Field::new("min", Shape::Cells, "columns and rows below which the panel is left out"),
    Field::new("priority", PRIORITY, "on a small screen the lowest go first"),
    Field::new("fallback", Shape::Text, "said in place of the chart while it cannot be drawn"),
];

const ROW: Field = Field::new("row", Shape::Layout, "parts side by side");
const COLUMN: Field = Field::new("column", Shape::Layout, "parts above each other");
const PANEL_HERE: Field = Field::new("panel", Shape::Text, "the panel that stands here");
pub const LAYOUT: &[Field] = &[
    ROW,
    COLUMN,
    PANEL_HERE,
    Field::new("ratio", Shape::Whole(1..=1000), "its share of the room; 1 where nothing is said"),
];
/// One tab: what a layout holds, under a name.
const TAB: &[Field] = &[Field::new("name", Shape::Text, "what the tab is called").required(), ROW, COLUMN, PANEL_HERE];

const SERIES: Field = Field::new("series", Shape::Text, "name of the series");
const WHERE: Field = Field::new(
    "where",
    Shape::Pairs,
    "labels the series must have: { name = \"value\" }; `*` stands for anything, a `!` before it for anything else",
);
const BY: Field = Field::new("by", Shape::Text, "the label that tells the series apart");
const FN: Field = Field::new("fn", Shape::Word(&FUNCTIONS), "what is made of each series over time");
const OVER: Field = Field::new("over", Shape::Span, "how far back `fn` looks; \"1m\" where nothing is said");
const JOIN: Field =
    Field::new("join", Shape::Word(&JOINS), "how series become one: all of them, or those with the same label `by`");
const TOPK: Field =
    Field::new("topk", Shape::Whole(1..=limits::SELECTED_MAX as i64), "only so many, the largest of the moment");
const UNIT: Field =
    Field::new("unit", Shape::Unit, "what the values count, such as \"percent\", \"bytes\" or \"orders/s\"");
const DECIMALS: Field = Field::new("decimals", Shape::Whole(0..=6), "decimals of bare numbers");
const NAME: Field = Field::new("name", Shape::Text, "what it is called on the screen");
const LEVELS_AT: Field =
    Field::new("thresholds", Shape::Tables(THRESHOLD), "levels by value: [{ at = 80, level = \"high\" }]");

pub const THRESHOLD: &[Field] = &[
    Field::new("at", VALUE, "the level holds from this value on").required(),
    Field::new("level", LEVELS, "good, high or critical").required(),
    NAME,
];

const LINE: &[Field] = &[
    Field::new("lines", Shape::Tables(ONE_LINE), "the lines: [{ name = \"all\", series = \"x\" }]").required(),
    UNIT,
    DECIMALS,
    Field::new("fill", Shape::Word(&["none", "first", "all", "stacked"]), "where the space under lines is filled"),
    Field::new("include", Shape::Numbers, "values the axis always shows"),
    Field::new("include_series", Shape::Text, "a series whose newest value the axis always shows"),
    LEVELS_AT,
    Field::new(
        "annotations",
        Shape::Tables(ANNOTATION),
        "moments marked on the chart: [{ stream = \"app\", level = \"error\" }, { at = \"2026-11-25T18:00:00Z\", name = \"release 4\" }]",
    ),
];
pub const ANNOTATION: &[Field] = &[
    Field::new("stream", Shape::Text, "name of a log whose entries are marked"),
    Field::new(
        "level",
        Shape::Word(&Severity::WORDS),
        "entries of this level or a worse one; warn where nothing is said",
    ),
    Field::new("at", Shape::Moment, "instead of `stream`: one moment, such as \"2026-11-25T18:00:00Z\""),
    Field::new("name", Shape::Text, "stands beside the mark; of an entry its first line where nothing is said"),
];
pub const ONE_LINE: &[Field] = &[
    NAME,
    SERIES,
    WHERE,
    FN,
    OVER,
    JOIN,
    TOPK,
    Field::new(
        "largest",
        Shape::Text,
        "instead of `series`: the largest of all series of this name that have the label `by`",
    ),
    BY,
];

const GAUGES: &[Field] = &[Field::new("gauges", Shape::Tables(ONE_GAUGE), "the gauges").required()];
pub const ONE_GAUGE: &[Field] = &[
    NAME,
    Field::new("each", Shape::Text, "one gauge for each series of this name; its values are percentages"),
    BY,
    Field::new("part", Shape::Text, "the series that is shown as a share"),
    Field::new("whole", Shape::Text, "the series it is a share of"),
    Field::new("none", Shape::Text, "what is said where the whole is 0"),
];

const FACTS: &[Field] = &[Field::new("rows", Shape::Tables(ONE_FACT), "the rows").required()];
pub const ONE_FACT: &[Field] = &[
    NAME.required(),
    Field::new("value", Shape::Text, "the newest value of this series"),
    WHERE,
    Field::new("label", Shape::Text, "the value of this label of the newest series `of`"),
    Field::new("of", Shape::Text, "the series whose label is meant"),
    Field::new("count", Shape::Text, "how many series of this name have the label `by`"),
    BY,
    Field::new("age", Shape::Flag, "how old the source's data is"),
];

const TEXT: &[Field] = &[
    Field::new("text", Shape::Text, "the text; **bold**, *italic*, `code`, {warn}warning{/}").required(),
    Field::new("align", Shape::Word(&["left", "centre", "right"]), "left where nothing is said"),
];

const BARS: &[Field] = &[
    SERIES.required(),
    WHERE,
    BY,
    FN,
    OVER,
    JOIN,
    TOPK,
    UNIT,
    Field::new("group_by", Shape::Text, "a second label: bars of equal value of it stand together"),
    Field::new("direction", Shape::Word(&["horizontal", "vertical"]), "which way the bars go"),
    LEVELS_AT,
];

const SPARKLINES: &[Field] = &[Field::new("rows", Shape::Tables(ONE_SPARK), "the rows").required()];
pub const ONE_SPARK: &[Field] = &[NAME, SERIES.required(), WHERE, BY, FN, OVER, JOIN, TOPK, UNIT];

const STAT: &[Field] = &[
    SERIES.required(),
    WHERE,
    FN,
    OVER,
    JOIN,
    UNIT,
    DECIMALS,
    Field::new("delta", Shape::Span, "how far back the value lies that the difference counts from"),
    Field::new("better", Shape::Word(&["up", "down"]), "which way of the difference is the better one"),
    LEVELS_AT,
    Field::new("sparkline", Shape::Flag, "whether the past is drawn below; yes where nothing is said"),
];

const HISTOGRAM: &[Field] = &[SERIES.required(), WHERE, FN, OVER, JOIN, UNIT];
const HEATMAP: &[Field] = &[
    SERIES.required(),
    WHERE,
    BY,
    FN,
    OVER,
    JOIN,
    TOPK,
    UNIT,
    Field::new("include", Shape::Numbers, "values the colours always span"),
];

const STATES: &[Field] = &[
    SERIES.required(),
    WHERE,
    BY,
    FN,
    OVER,
    JOIN,
    TOPK,
    Field::new(
        "states",
        Shape::Tables(ONE_STATE),
        "what the values mean: [{ value = 0, name = \"up\", level = \"good\" }]",
    )
    .required(),
];
pub const ONE_STATE: &[Field] = &[
    Field::new("value", VALUE, "the value").required(),
    NAME.required(),
    Field::new("level", LEVELS, "how bad it is"),
];

const TABLE: &[Field] = &[
    BY.required(),
    Field::new("name", Shape::Text, "title of the first column, which names the rows"),
    Field::new("columns", Shape::Tables(ONE_COLUMN), "the columns of numbers").required(),
    Field::new("sort", Shape::Text, "title of the column the rows are sorted by"),
    Field::new("descending", Shape::Flag, "the largest first"),
    Field::new("current", Shape::Flag, "whether rows of what is not reported any more are left out"),
];
pub const ONE_COLUMN: &[Field] = &[
    Field::new("title", Shape::Text, "stands above the column").required(),
    SERIES.required(),
    WHERE,
    FN,
    OVER,
    JOIN,
    UNIT,
    LEVELS_AT,
    Field::new(
        "full_at",
        Shape::Number(f64::MIN_POSITIVE..=f64::MAX),
        "a bar stands behind the numbers, full at this value",
    ),
];

const PROGRESS: &[Field] = &[
    BY.required(),
    Field::new("done", Shape::Text, "the series that says how much is done").required(),
    Field::new("total", Shape::Text, "the series that says how much there is to do"),
    UNIT,
];

const LOG: &[Field] = &[
    Field::new("stream", Shape::Text, "name of the log").required(),
    Field::new("wrap", Shape::Flag, "whether long lines go on in the next row"),
];

const ANIMATION: &[Field] = &[
    Field::new("animation", Shape::Word(&["snow", "fountain", "rain"]), "what moves").required(),
    Field::new("seed", Shape::Whole(0..=i64::MAX), "another seed, another picture"),
    Field::new("frames_hz", Shape::Number(0.1..=limits::REFRESH_HZ_MAX), "pictures a second; 20 where nothing is said"),
];

/// The keys of a kind of chart.
pub fn of_chart(name: &str) -> &'static [Field] {
    CHARTS.iter().find(|(chart, _)| *chart == name).map_or(&[], |(_, fields)| *fields)
}

/// What a key that another one needs is for.
pub fn about(name: &str) -> &'static str {
    let fields = [ONE_LINE, ONE_GAUGE, ONE_FACT, ANNOTATION].into_iter().flatten();
    fields.into_iter().find(|field| field.name == name).map_or("", |field| field.about)
}

const _: () = assert!(CHARTS.len() == CHART_NAMES.len());
