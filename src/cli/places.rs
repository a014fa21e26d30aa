//! Where a verb looks for configuration and for a daemon's sockets.

use std::path::PathBuf;

use super::args;
use crate::base::Diagnostic;
use crate::client::Attempt;
use crate::config::{self, Asked, DirectoryError, Inputs, Mode, Places, Settings, SocketSettings, Surroundings};
use crate::sys::socket::ConnectError;

/// Sockets worth trying, and those that must not be.
#[derive(Debug, Default)]
pub struct Sockets {
    pub paths: Vec<PathBuf>,
    pub refused: Vec<Attempt>,
}

/// Which of a daemon's two sockets is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Attach,
    Admin,
}

/// One variable of the environment.
pub fn environment(name: &str) -> Option<String> {
    config::environment(name)
}

/// What is wrong with the environment, without being a reason not to start.
pub fn strange_variables() -> Vec<Diagnostic> {
    config::strange_variables(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))
}

/// The places of this user.
pub fn own() -> Places {
    Places::of(&surroundings())
}

/// The places of the system, whoever runs the daemon.
pub fn of_the_system() -> Places {
    Places::system(&surroundings())
}

/// Sockets to try, in this order: the flag or else the environment alone; else this user's daemon, then the system's.
pub fn sockets(door: Door, flag: Option<PathBuf>) -> Sockets {
    if let Some(path) = flag.or_else(|| environment(door.variable()).map(PathBuf::from)) {
        return Sockets { paths: vec![path], refused: Vec::new() };
    }
    let surroundings = surroundings();
    let mut sockets = Sockets::default();
    let system = Places::system(&surroundings);
    if surroundings.uid != 0 {
        let user = Places::user(&surroundings);
        match configured(door, &user) {
            Some(path) => sockets.paths.push(path),
            None => sockets.offer(door.default(&user).clone(), surroundings.uid),
        }
    }
    sockets.paths.push(configured(door, &system).unwrap_or_else(|| door.default(&system).clone()));
    sockets
}

/// Of a daemon that may not run: its configuration and where all else of it is.
#[derive(Clone, Debug)]
pub struct Whose {
    pub inputs: Inputs,
    pub places: Places,
    /// A further one, which has its sockets by its unit, whatever is configured.
    instance: Option<String>,
}

impl Whose {
    /// The further daemon of that name, or whose configuration this is; else the daemon of this user.
    pub fn of(asked: &args::Whose) -> Whose {
        let config = asked.instance.as_deref().map(Places::instance_config).or_else(|| asked.config.clone());
        let named = config.clone().or_else(|| environment("UNBLINK_CONFIG").map(PathBuf::from));
        let named = named.and_then(|path| Places::instance_of(&std::path::absolute(path).ok()?));
        let places = named.as_deref().map_or_else(own, Places::instance);
        let inputs = Inputs::new(&Asked { config, flags: Vec::new() }, environment, &places);
        Whose { inputs, places, instance: named }
    }

    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Where it answers whoever operates it.
    pub fn admin_socket(&self, flag: Option<PathBuf>) -> PathBuf {
        let gathered = || self.inputs.gather().ok().filter(|_| self.instance.is_none());
        let configured = || config::what_is_right(&gathered()?.files).admin.socket;
        flag.or_else(configured).unwrap_or_else(|| self.places.admin.clone())
    }
}

fn surroundings() -> Surroundings {
    Surroundings::here(environment)
}

/// What the configuration of these places says, as far as it is right: a mistake in it is the daemon's trouble, which
/// goes on without, and not the viewer's.
fn configured(door: Door, places: &Places) -> Option<PathBuf> {
    let gathered = Inputs::new(&Asked::default(), |_| None, places).gather().ok()?;
    door.settings(&config::what_is_right(&gathered.files)).socket.clone()
}

// === impl Door ===

impl Door {
    /// The flag that names its socket.
    pub fn flag(self) -> &'static str {
        match self {
            Door::Attach => "--socket",
            Door::Admin => "--admin-socket",
        }
    }

    /// The group whose members may use a system daemon's.
    pub fn group(self) -> &'static str {
        match self {
            Door::Attach => "unblink",
            Door::Admin => "unblink-admin",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Door::Attach => "UNBLINK_ATTACH_SOCKET",
            Door::Admin => "UNBLINK_ADMIN_SOCKET",
        }
    }

    fn default(self, places: &Places) -> &PathBuf {
        match self {
            Door::Attach => &places.attach,
            Door::Admin => &places.admin,
        }
    }

    fn settings(self, settings: &Settings) -> &SocketSettings {
        match self {
            Door::Attach => &settings.attach,
            Door::Admin => &settings.admin,
        }
    }
}

// === impl Sockets ===

impl Sockets {
    /// Takes a user's default socket unless somebody else could have put it there.
    fn offer(&mut self, path: PathBuf, uid: u32) {
        match config::vet_directory(&path, Mode::User, uid) {
            // Missing altogether: trying it says so.
            Ok(()) | Err(DirectoryError::Make { .. }) => self.paths.push(path),
            Err(error) => {
                let error = ConnectError::Other(std::io::Error::other(error.to_string()));
                self.refused.push(Attempt { path, error });
            }
        }
    }
}
