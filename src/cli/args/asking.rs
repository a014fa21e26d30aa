//! What is typed behind the verbs that ask a daemon over its admin socket.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::base::limits;
use crate::report::Format;

#[derive(Debug, Args)]
pub struct Asking {
    /// Write JSON
    #[arg(long)]
    pub json: bool,
    /// The daemon's admin socket [default: yours, then the system's]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// The generation, as `unblink status` and the log number them [default: the one before]
    #[arg(value_name = "GENERATION")]
    pub generation: Option<u64>,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, Args)]
pub struct Recycle {
    /// Whose worker [default: that of the tenant `default`]
    #[arg(value_name = "TENANT")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub asking: Asking,
}

#[derive(Debug, Args)]
pub struct Profile {
    /// How long [default: 30; with --heap what is held now, rather than what grows meanwhile]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::CAPTURE_SECONDS_MAX)))]
    pub seconds: Option<u32>,
    /// Rather who holds memory
    #[arg(long, conflicts_with_all = ["last", "hz", "base"])]
    pub heap: bool,
    /// Rather what the flight recorder found in the last N seconds, up to 600
    #[arg(long, value_name = "N", conflicts_with_all = ["seconds", "hz"], value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::RECORDED_SECONDS_MAX)))]
    pub last: Option<u32>,
    /// Samples a second of processor time; no more than 250 come
    #[arg(long, value_name = "N", default_value_t = 99, value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::CAPTURE_HZ_MAX)))]
    pub hz: u32,
    /// `all`, `root`, or the worker of a tenant
    #[arg(long, value_name = "WHOM", default_value = "all")]
    pub target: String,
    /// `flamegraph` (SVG), `pprof` (for `go tool pprof`), `folded` or `callgrind`
    #[arg(long, value_name = "FORMAT", default_value = "flamegraph", value_parser = crate::cli::profile::format)]
    pub format: Format,
    /// Only stacks one of whose functions has this in its name
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Hold it against a capture that the daemon keeps, by its name
    #[arg(long, value_name = "NAME")]
    pub base: Option<String>,
    /// Put the innermost calls together, whoever called them
    #[arg(long)]
    pub reverse: bool,
    /// Let it hang from above
    #[arg(long)]
    pub inverted: bool,
    /// Where to; `-` is the standard output [default: unblink-WHOM-TIME.EXTENSION here]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The daemon's admin socket [default: yours, then the system's]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SupportBundle {
    /// Where to; it is not there yet [default: unblink-support-TIME.tar.gz here]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The configuration file [default: where the daemon looks for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The daemon's admin socket [default: yours, then the system's]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
}
