//! What a person configures: `unblink.toml`, overrides from the environment and from flags, and where files lie.
//!
//! Everything configured travels as a list of [`ConfigFile`]s in rising precedence (the file, then the
//! environment, then flags; an override is a file of one line), so that root reads once and hands the very
//! same bytes to its workers.
//!
//! Invariant: [`parse`] is a pure function of those bytes and reports everything that is wrong at once.
//! It must not read files, look at the environment or apply anything.

pub mod admin;
mod charts;
mod gather;
pub mod generations;
mod logging;
mod places;
mod schema;
mod secrets;
mod sources;
mod tenants;
mod terminal;
pub mod watch;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use charts::is_chart;
pub use gather::{
    Asked, Gathered, Inputs, Loaded, NOBODY, Override, Start, is_board, load, load_board, missing_files,
    strange_variables,
};
pub use logging::{Format, Journal, Level, LogSettings, overruled_level};
pub use places::{DirectoryError, Mode, Places, Surroundings, is_instance_name, prepare_directory, vet_directory};
pub use secrets::{environment, for_worker};
pub use tenants::{Principal, TenantSettings, by_tenant, is_about_tenants, is_tenant_name};
pub use terminal::TerminalSettings;

use schema::Scope;
use secrets::Secrets;

use crate::base::{Diagnostic, limits};
use crate::model::origin::Origin;
use crate::notation::Document;
use crate::scene::{self, Boards};
use crate::wire::feed::{ConfigFile, FileKind};

/// The tenant there is where nothing else is configured.
pub const TENANT_DEFAULT: &str = "default";

/// Everything configured, with defaults filled in where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub attach: SocketSettings,
    pub admin: SocketSettings,
    /// The admin API over TCP; none for no port at all.
    pub admin_port: Option<admin::PortSettings>,
    pub metrics: MetricsSettings,
    pub host: HostSettings,
    pub log: LogSettings,
    pub faults: FaultSettings,
    pub profile: ProfileSettings,
    pub workers: WorkerSettings,
    /// Devices the daemon draws on by itself, in the order of the file.
    pub terminals: Vec<TerminalSettings>,
    /// Sources of a person's own.
    pub sources: Vec<Origin>,
    /// By name; the tenant `default` is there whether it is named or not.
    pub tenants: BTreeMap<String, TenantSettings>,
}

/// One listening socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketSettings {
    /// None for the place that fits the mode, see [`Places`].
    pub socket: Option<PathBuf>,
}

/// Where metrics are served beside the admin socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Over TCP; none for no port at all.
    pub listen: Option<SocketAddr>,
}

/// How this machine is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// Time between two readings.
    pub interval: Duration,
    /// Time one reading may take; never longer than the interval.
    pub deadline: Duration,
}

/// Whether workers fail on purpose when a key of the board `faults` says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSettings {
    pub enabled: bool,
}

/// How the daemon looks at itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileSettings {
    /// Whether the flight recorder runs in root and in each worker.
    pub recorder: bool,
}

impl Default for ProfileSettings {
    /// It costs less than can be told from noise, and who needs it needs what was before.
    fn default() -> ProfileSettings {
        ProfileSettings { recorder: true }
    }
}

/// How long the processes that draw may live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerSettings {
    /// The age at which a fresh one takes the place of a worker; none for never.
    pub recycle_after: Option<Duration>,
}

impl WorkerSettings {
    /// A worker that is replaced sooner keeps nobody's memory small.
    pub const AGE_MIN: Duration = Duration::from_secs(60);
    /// Longer is never.
    pub const AGE_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
}

/// Parses all files, the later overriding the earlier, or returns every complaint about any of them.
///
/// At most `limits::DIAGNOSTICS_MAX` complaints are returned.
pub fn parse(files: &[ConfigFile]) -> Result<Settings, Vec<Diagnostic>> {
    let (settings, complaints) = read(files, Secrets::of(files));
    if complaints.is_empty() { Ok(settings) } else { Err(complaints) }
}

/// What is right of the settings, whatever is wrong beside it: enough to find a daemon that goes on with earlier ones.
/// Variables that sources name are set in the daemon's environment, and need not be here.
pub fn what_is_right(files: &[ConfigFile]) -> Settings {
    read(files, Secrets::blind()).0
}

fn read(files: &[ConfigFile], secrets: Secrets) -> (Settings, Vec<Diagnostic>) {
    let mut draft = schema::Draft::new(secrets);
    let mut complaints = Vec::new();
    let is_of_tenant = files.iter().any(|file| gather::is_terms(&file.name));
    for file in files.iter().filter(|file| file.kind == FileKind::Settings) {
        match Document::new(&file.name, &file.bytes) {
            Ok(document) => {
                // An override has one line, which the person never wrote as such.
                let is_override = gather::is_override(&file.name);
                let document = if is_override { document.without_places() } else { document };
                let scope = if is_of_tenant && !is_override { Scope::Tenant } else { Scope::Daemon };
                schema::read(&document, scope, &mut draft, &mut complaints);
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    let settings = draft.finish(&mut complaints);
    // What only shows when all is read goes to its place too.
    let place = |name: &str| files.iter().position(|file| file.name == name);
    complaints.sort_by_key(|complaint| (place(&complaint.file), complaint.line, complaint.column));
    complaints.truncate(limits::DIAGNOSTICS_MAX);
    (settings, complaints)
}

/// Everything these files say, or every complaint about any of them.
pub fn understand(files: &[ConfigFile]) -> Result<(Settings, Boards), Vec<Diagnostic>> {
    match (parse(files), boards(files)) {
        (Ok(settings), Ok(boards)) => {
            // A board that is looked at alone may name any source.
            let is_whole = files.iter().any(|file| file.kind == FileKind::Settings);
            let left_out = files.iter().filter(|file| file.kind == FileKind::LeftOut);
            let left_out: Vec<&str> = left_out.map(|file| board_name(&file.name)).collect();
            let unknown = files.iter().filter_map(|file| {
                let document = Document::new(&file.name, &file.bytes).ok()?;
                Some(match file.kind {
                    FileKind::Settings => {
                        let mut wrong = terminal::unknown_boards(&document, &boards, &left_out, &settings.tenants);
                        wrong.extend(sources::wrong_standbys(&document, &settings.sources));
                        wrong
                    }
                    FileKind::Chart if is_whole && is_chart(file) => {
                        charts::unknown_sources(file, &boards, &settings.sources)
                    }
                    FileKind::Board if is_whole => sources::unknown_sources(&document, &settings.sources),
                    FileKind::Board | FileKind::Chart | FileKind::LeftOut | FileKind::Secret => Vec::new(),
                })
            });
            let unknown: Vec<Diagnostic> = unknown.flatten().collect();
            if unknown.is_empty() { Ok((settings, boards)) } else { Err(unknown) }
        }
        (settings, boards) => {
            let mut complaints: Vec<Diagnostic> =
                [settings.err(), boards.err()].into_iter().flatten().flatten().collect();
            complaints.truncate(limits::DIAGNOSTICS_MAX);
            Err(complaints)
        }
    }
}

/// The name of the board in a file of this path.
pub fn board_name(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// The boards and charts in these files and those that come with the program, or every complaint about any of them.
///
/// A board of a person's own goes before a shipped one, and takes the place of the one it shares its name with.
pub fn boards(files: &[ConfigFile]) -> Result<Boards, Vec<Diagnostic>> {
    let mut boards = Vec::new();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.kind == FileKind::Board) {
        match scene::file::read(board_name(&file.name), &file.name, &file.bytes) {
            Ok(board) => boards.push(board),
            Err(found) => complaints.extend(found),
        }
    }
    let charts = charts::read(files, &boards, &mut complaints);
    boards.extend(charts);
    if complaints.is_empty() {
        return Ok(Boards::with_shipped(boards));
    }
    complaints.truncate(limits::DIAGNOSTICS_MAX);
    Err(complaints)
}

// === impl HostSettings ===

impl HostSettings {
    /// Once a second: what a person takes for live, and 0.1 ms of work.
    pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(1);
    /// Faster than this shows scheduling, not load (the kernel counts CPU time in ticks of 10 ms).
    pub const INTERVAL_MIN: Duration = Duration::from_millis(100);
    /// Slower than this is no live chart.
    pub const INTERVAL_MAX: Duration = Duration::from_secs(3600);
    /// A reading takes well under a millisecond; half a second means that something is wrong.
    pub const DEADLINE_DEFAULT: Duration = Duration::from_millis(500);
    /// Shorter than this fails on a busy machine for no fault of the source.
    pub const DEADLINE_MIN: Duration = Duration::from_millis(10);
}

impl Default for HostSettings {
    fn default() -> HostSettings {
        HostSettings { interval: Self::INTERVAL_DEFAULT, deadline: Self::DEADLINE_DEFAULT }
    }
}
