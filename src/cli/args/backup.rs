//! What is typed behind `unblink backup` and `unblink restore`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

#[derive(Debug, Args)]
pub struct Backup {
    /// Where to; it is not there yet
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The configuration file [default: where the daemon looks for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Where the daemon answers that has the history [default: as configured]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// What `unblink backup` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The configuration file that takes the place of what is there [default: where the daemon looks for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Where a daemon would answer, which must not run [default: as configured]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}
