//! All keys of a chart file, with what they hold and what they are for.

use crate::model::ParamKind;
use crate::scene::file::keys::THRESHOLD;
use crate::scene::file::shape::{Field, Shape};

pub const KINDS: &[&str] = &["line", "bars", "stat"];
const VALUE: Shape = Shape::Number(f64::MIN..=f64::MAX);

pub const CHART: &[Field] = &[
    Field::new("title", Shape::Text, "what the chart is about; its name where nothing is said"),
    Field::new("x_axis", Shape::Word(&["timestamp", "time"]), "what goes across: time, which is all there is"),
    Field::new(
        "y_axis",
        Shape::Unit,
        "what the values count: a unit as in boards, or \"milliseconds\", \"microseconds\" and \"nanoseconds\"",
    ),
    Field::new("kind", Shape::Word(KINDS), "line where nothing is said"),
    Field::new("source", Shape::Text, "whose database is asked; the only one there is where nothing is said"),
    Field::new("interval", Shape::Span, "how often it is asked while somebody watches; as its source says otherwise"),
    Field::new("fill", Shape::Word(&["none", "first", "all", "stacked"]), "where the space under lines is filled"),
    Field::new(
        "thresholds",
        Shape::Tables(THRESHOLD),
        "levels by value, in the unit of `y_axis`: [{ at = 80, level = \"high\" }]",
    ),
    Field::new("uuid", Shape::Text, "its identity; made of its name where nothing is said"),
    Field::new("query", Shape::Table(QUERY), "what the database is asked").required(),
    Field::new("params", Shape::Each(PARAM), "its parameters, each in a table [params.NAME]"),
];

pub const QUERY: &[Field] = &[
    Field::new("sql", Shape::Text, "one statement that reads; {{.App}} is a parameter, which is bound"),
    Field::new("sql_file", Shape::Text, "instead of `sql`: the file beside this one that holds it, such as \"x.tmpl\""),
    Field::new("time", Shape::Text, "the column that holds the time; time, at, timestamp, ts or bucket otherwise"),
    Field::new("labels", Shape::Texts, "columns that tell lines apart; those with words where nothing is said"),
    Field::new("values", Shape::Texts, "columns of numbers; those with numbers where nothing is said"),
];

pub const PARAM: &[Field] = &[
    Field::new("title", Shape::Text, "what it is, for people"),
    Field::new("type", Shape::Word(ParamKind::WORDS), "text where nothing else tells"),
    Field::new("default", Shape::Scalar, "what counts where a viewer says nothing; without it the viewer has to"),
    Field::new("one_of", Shape::Scalars, "all values there are; conditions and names in SQL ask for them"),
    Field::new("min", VALUE, "the least number"),
    Field::new("max", VALUE, "the greatest number"),
    Field::new("max_length", Shape::Whole(1..=256), "the longest text, in bytes"),
];
