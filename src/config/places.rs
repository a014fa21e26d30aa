//! Where files and sockets lie: for the system when root runs the daemon, else for one user.
//!
//! Invariant: a folder that holds a user's sockets belongs to that user and is closed to everybody else,
//! or it is not used.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// For whom a daemon runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Started by uid 0: everybody in the group `unblink` may watch.
    System,
    /// Started by a user: nobody else may watch.
    User,
}

/// What decides about places, read once by the caller.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub uid: u32,
    pub home: Option<PathBuf>,
    pub config_home: Option<PathBuf>,
    pub runtime_dir: Option<PathBuf>,
    pub state_home: Option<PathBuf>,
    /// Set by systemd.
    pub state_directory: Option<PathBuf>,
    /// The same, where the unit has a folder for logs.
    pub logs_directory: Option<PathBuf>,
}

/// Where things lie by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub mode: Mode,
    pub config: PathBuf,
    pub attach: PathBuf,
    pub admin: PathBuf,
    pub state: PathBuf,
    /// Where log files go unless the configuration names another folder; none for no files.
    pub logs: Option<PathBuf>,
}

/// Where the units look for the configurations of further daemons, each in a folder of its name.
const INSTANCES: &str = "/etc/unblink/instances";

/// Why a folder for sockets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("cannot make the folder {path} for the sockets: {error}")]
    Make { path: PathBuf, error: io::Error },
    #[error("{path} is not a folder; remove it or set XDG_RUNTIME_DIR")]
    NotAFolder { path: PathBuf },
    #[error("the folder {path} belongs to uid {owner}, not to you; set XDG_RUNTIME_DIR to a folder of your own")]
    Foreign { path: PathBuf, owner: u32 },
    #[error("the folder {path} is open to others (mode {mode:03o}); run: chmod 700 {path}")]
    Open { path: PathBuf, mode: u32 },
}

// === impl Surroundings ===

impl Surroundings {
    /// This process's own; `env` is asked for the usual variables.
    pub fn here(env: impl Fn(&str) -> Option<String>) -> Surroundings {
        let folder = |name: &str| env(name).map(PathBuf::from);
        Surroundings {
            uid: rustix::process::geteuid().as_raw(),
            home: folder("HOME"),
            config_home: folder("XDG_CONFIG_HOME"),
            runtime_dir: folder("XDG_RUNTIME_DIR"),
            state_home: folder("XDG_STATE_HOME"),
            state_directory: folder("STATE_DIRECTORY"),
            // Of several, the first.
            logs_directory: env("LOGS_DIRECTORY").and_then(|all| Some(all.split(':').next()?.into())),
        }
    }
}

// === impl Places ===

impl Places {
    /// The places of a daemon started here.
    pub fn of(surroundings: &Surroundings) -> Places {
        if surroundings.uid == 0 { Places::system(surroundings) } else { Places::user(surroundings) }
    }

    pub fn system(surroundings: &Surroundings) -> Places {
        let state = absolute(&surroundings.state_directory).unwrap_or_else(|| "/var/lib/unblink".into());
        Places {
            mode: Mode::System,
            config: "/etc/unblink/unblink.toml".into(),
            attach: "/run/unblink/attach.sock".into(),
            admin: "/run/unblink/admin.sock".into(),
            state,
            logs: absolute(&surroundings.logs_directory),
        }
    }

    /// Of the further daemon of this name, as `unblink@.service` says it. Its configuration is none of the usual ones to it.
    pub fn instance(name: &str) -> Places {
        let run = PathBuf::from(format!("/run/unblink-{name}"));
        Places {
            attach: run.join("attach.sock"),
            admin: run.join("admin.sock"),
            state: format!("/var/lib/unblink-{name}").into(),
            ..Places::system(&Surroundings::default())
        }
    }

    /// The configuration of that one.
    pub fn instance_config(name: &str) -> PathBuf {
        Path::new(INSTANCES).join(name).join("unblink.toml")
    }

    /// Whose configuration lies there, where it is a further daemon's.
    pub fn instance_of(config: &Path) -> Option<String> {
        let name = config.parent()?.file_name()?.to_str().filter(|name| is_instance_name(name))?;
        (Places::instance_config(name) == config).then(|| name.to_owned())
    }

    pub fn user(surroundings: &Surroundings) -> Places {
        let home = absolute(&surroundings.home).unwrap_or_else(|| "/".into());
        let config_home = absolute(&surroundings.config_home).unwrap_or_else(|| home.join(".config"));
        let state_home = absolute(&surroundings.state_home).unwrap_or_else(|| home.join(".local/state"));
        let runtime = match absolute(&surroundings.runtime_dir) {
            Some(folder) => folder.join("unblink"),
            // Without a session of the login manager: ours alone, and checked before it is used.
            None => PathBuf::from(format!("/tmp/unblink-{}", surroundings.uid)),
        };
        Places {
            mode: Mode::User,
            config: config_home.join("unblink/unblink.toml"),
            attach: runtime.join("attach.sock"),
            admin: runtime.join("admin.sock"),
            state: absolute(&surroundings.state_directory).unwrap_or_else(|| state_home.join("unblink")),
            logs: absolute(&surroundings.logs_directory),
        }
    }
}

/// As systemd allows it behind the `@` of a unit.
pub fn is_instance_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'\\');
    !name.is_empty() && !name.starts_with('.') && name.len() <= 200 && name.bytes().all(fits)
}

/// Makes the folder of a default socket if need be, and checks it as [`vet_directory`] does.
pub fn prepare_directory(socket: &Path, mode: Mode, uid: u32) -> Result<(), DirectoryError> {
    let Some(folder) = socket.parent() else { return Ok(()) };
    let bits = if mode == Mode::System { 0o755 } else { 0o700 };
    match DirBuilder::new().mode(bits).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(DirectoryError::Make { path: folder.to_owned(), error }),
    }
    vet_directory(socket, mode, uid)
}

/// Checks that nobody else could have put the socket there: in user mode the folder is ours and closed.
pub fn vet_directory(socket: &Path, mode: Mode, uid: u32) -> Result<(), DirectoryError> {
    let Some(folder) = socket.parent() else { return Ok(()) };
    let path = folder.to_owned();
    let facts = match std::fs::symlink_metadata(folder) {
        Ok(facts) => facts,
        Err(error) => return Err(DirectoryError::Make { path, error }),
    };
    if !facts.is_dir() {
        return Err(DirectoryError::NotAFolder { path });
    }
    if facts.uid() != uid {
        return Err(DirectoryError::Foreign { path, owner: facts.uid() });
    }
    if mode == Mode::User && facts.mode() & 0o077 != 0 {
        return Err(DirectoryError::Open { path, mode: facts.mode() & 0o777 });
    }
    Ok(())
}

/// A relative folder in the environment is ignored, as the XDG specification asks.
fn absolute(folder: &Option<PathBuf>) -> Option<PathBuf> {
    folder.clone().filter(|folder| folder.is_absolute())
}
