//! What is typed behind `unblink backup` and `unblink restore`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::config;

#[derive(Debug, Args)]
pub struct Backup {
    /// Where to; it is not there yet
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    #[command(flatten)]
    pub whose: Whose,
    /// Where the daemon answers that has the history [default: as configured]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// What `unblink backup` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    #[command(flatten)]
    pub whose: Whose,
    /// Where a daemon would answer, which must not run [default: as configured]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}

/// Of several daemons the one that is meant.
#[derive(Debug, Args)]
pub struct Whose {
    /// The configuration file that is kept, or that is replaced [default: where the daemon looks for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The further daemon of this name, `unblink@NAME`: its configuration, its socket and its state folder
    #[arg(long, value_name = "NAME", value_parser = instance, conflicts_with = "config")]
    pub instance: Option<String>,
}

fn instance(text: &str) -> Result<String, String> {
    match config::is_instance_name(text) {
        true => Ok(text.to_owned()),
        false => Err("write what stands behind the @ in the name of its unit".to_owned()),
    }
}
