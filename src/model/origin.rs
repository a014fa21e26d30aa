//! Sources of people's own, as they are configured: plain data between the configuration and what runs them.
//!
//! Invariant: names are bounded and none of the program's own; every span lies within what its kind allows.

mod prometheus;
mod sql;

use std::path::PathBuf;
use std::time::Duration;

use super::{Secret, Unit};

pub use prometheus::{Credentials, FromFile, Prometheus, Query, Tls};
pub use sql::{Columns, Database, Encryption, Password, Place, Postgres, Sql, SqlQuery, SqlValue};

/// Names of sources that are always there; nobody's own may be called so.
pub const TAKEN: [&str; 5] = ["host", "push", "synthetic", "synthetic-faults", "unblink"];
/// What the source and the series of a chart begin with; nobody's own source or series can be called so.
pub const CHART: &str = "chart:";
/// What the series of those begin with.
pub const TAKEN_SERIES: [&str; 4] = ["host", "synthetic", "unblink", "demo"];

/// One source of a person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// As boards call it; also the name of its log.
    pub name: String,
    /// What its series' names begin with.
    pub series: String,
    /// Of values that tell no unit of their own.
    pub unit: Unit,
    /// Between two looks.
    pub interval: Duration,
    /// The source whose data is shown in its place while it fails.
    pub standby: Option<String>,
    pub from: From,
}

/// Where its data comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Command(Command),
    File(File),
    Prometheus(Prometheus),
    Sql(Sql),
}

/// A program that is run and whose output is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub argv: Vec<String>,
    /// How long one run may take.
    pub timeout: Duration,
    pub output: Output,
    /// Added to the few variables every command gets.
    pub env: Vec<(String, Secret)>,
    /// Where it runs.
    pub directory: PathBuf,
}

/// How a command's output is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Output {
    /// What its first line looks like.
    #[default]
    Auto,
    /// One number.
    Number,
    /// `name value` on each line, with labels in braces where there are any.
    Pairs,
    /// One JSON object on each line.
    Ndjson,
    /// A check for Nagios: words, a bar, performance data; the exit status is the state.
    Nagios,
}

/// A file that grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    pub lines: Lines,
    /// Whether what stands in the file at the start is read too.
    pub from_start: bool,
    /// Fields of a line with a meaning of their own.
    pub fields: Fields,
}

/// How the lines of a file are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// As words: entries of a log and nothing else.
    #[default]
    Words,
    /// Each as one JSON object.
    Json,
    /// By the named groups of this expression.
    Regex(String),
}

/// What the fields of a line are, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// How much the line matters.
    pub level: String,
    /// When it was written.
    pub time: String,
    /// What it says to a person.
    pub message: String,
    /// Fields that tell series apart.
    pub labels: Vec<String>,
    /// Fields that become series; all numbers where the list is empty.
    pub values: Vec<String>,
}

// === impl Origin ===

impl Origin {
    /// Whether there is anything to ask by itself: a database may be there for charts alone.
    pub fn asks(&self) -> bool {
        !matches!(&self.from, From::Sql(sql) if sql.queries.is_empty())
    }

    /// A command that prints many numbers is not asked oftener where nothing is said.
    pub const COMMAND_INTERVAL_DEFAULT: Duration = Duration::from_secs(10);
    pub const FILE_INTERVAL_DEFAULT: Duration = Duration::from_secs(1);
    /// What Prometheus is mostly told to scrape in; asking oftener shows the same values again.
    pub const PROMETHEUS_INTERVAL_DEFAULT: Duration = Duration::from_secs(15);
    /// A query may read a whole table; a file of this machine is as busy with it as a server.
    pub const SQL_INTERVAL_DEFAULT: Duration = Duration::from_secs(15);
    /// Starting a program costs some milliseconds each time.
    pub const INTERVAL_MIN: Duration = Duration::from_millis(200);
    /// Slower than this is no live chart.
    pub const INTERVAL_MAX: Duration = Duration::from_secs(3600);
    pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
    /// Shorter than this fails on a busy machine for no fault of the command.
    pub const TIMEOUT_MIN: Duration = Duration::from_millis(100);
}

// === impl Output ===

impl Output {
    pub const ALL: [(&'static str, Output); 5] = [
        ("auto", Output::Auto),
        ("number", Output::Number),
        ("pairs", Output::Pairs),
        ("ndjson", Output::Ndjson),
        ("nagios", Output::Nagios),
    ];
}

// === impl Fields ===

impl Default for Fields {
    fn default() -> Fields {
        let name = str::to_owned;
        Fields {
            level: name("level"),
            time: name("time"),
            message: name("message"),
            labels: Vec::new(),
            values: Vec::new(),
        }
    }
}
