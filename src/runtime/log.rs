//! Log lines on stderr: one a line, coloured on a terminal unless `NO_COLOR` is set.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

/// Environment variable that sets the level where `--log` does not.
pub const LEVEL_VARIABLE: &str = "UNBLINK_LOG";

/// A level nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no log level; levels are error, warn, info, debug, trace and off")]
pub struct NoSuchLevel(pub String);

/// A level by its name.
pub fn level(name: &str) -> Result<LevelFilter, NoSuchLevel> {
    Ok(match name {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        "off" => LevelFilter::OFF,
        _ => return Err(NoSuchLevel(name.to_owned())),
    })
}

/// Sends log lines of at least this level to stderr, for the whole process. Later calls change nothing.
pub fn to_stderr(level: LevelFilter) {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .with_max_level(level)
        .finish();
    // A subscriber that is there already, as in tests, stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
