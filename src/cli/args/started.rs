//! What stands behind the verbs that the daemon and its workers start, and nobody types.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::level;
use crate::config::Level;
use crate::runtime::log::Form;

#[derive(Debug, Args)]
pub struct Worker {
    /// The daemon's level
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "info", hide = true)]
    pub log: Level,
    /// How the daemon's standard error looks; none for nothing there
    #[arg(long, value_name = "FORM", value_parser = form, default_value = "human", hide = true)]
    pub log_stderr: LogStderr,
    /// Where the daemon's log files lie
    #[arg(long, value_name = "DIR", hide = true)]
    pub log_files: Option<PathBuf>,
    /// Log to journald too
    #[arg(long, hide = true)]
    pub log_journal: bool,
    /// Fail on purpose when told to
    #[arg(long, hide = true)]
    pub faults: bool,
    /// Keep a flight recorder
    #[arg(long, hide = true)]
    pub record: bool,
    /// Wait for the tenant to be
    #[arg(long, hide = true)]
    pub spare: bool,
    /// Join the control group whose door comes first
    #[arg(long, hide = true)]
    pub joins: bool,
    /// Given by the daemon
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// How a worker's standard error looks; none for nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogStderr(pub Option<Form>);

#[derive(Debug, Args)]
pub struct Keeper {
    /// Where the command runs
    #[arg(hide = true)]
    pub directory: PathBuf,
    /// The command
    #[arg(last = true, required = true, hide = true)]
    pub argv: Vec<OsString>,
}

fn form(text: &str) -> Result<LogStderr, String> {
    if text == "none" {
        return Ok(LogStderr(None));
    }
    let found = Form::ALL.into_iter().find(|form| form.word() == text);
    found.map(|form| LogStderr(Some(form))).ok_or_else(|| "no such form".to_owned())
}
