//! `unblink restore`: what `unblink backup` wrote takes the place of what is there.
//!
//! Invariant: nothing is written before all of the archive was found to be as it was written, and nothing is replaced before all
//! of it lies on the same disk. What was there is moved aside, never removed; where anything fails it is moved back.

mod swap;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf, absolute};

use jiff::Timestamp;

use super::args::Restore;
use super::backup::archive::{self, Entry, MAIN, Origin};
use super::failure::Failure;
use super::{output, places};
use crate::admin::client::{self, AskError};
use crate::base::limits;
use crate::config::generations::Store;
use crate::config::{self, Asked, Inputs, Places};
use crate::notation::{counted, harmless};
use crate::runtime;
use crate::sys::clock;
use crate::sys::socket::ConnectError;
use crate::sys::undisturbed::Undisturbed;

use swap::Swap;

/// Why nothing was restored.
#[derive(Debug)]
struct Undone {
    error: io::Error,
    /// What could not be put back: where it lies, and where it lay.
    left: Vec<(PathBuf, PathBuf)>,
}

/// What lies beside the configuration's own file.
const FOLDERS: [&str; 3] = ["boards.d", "charts.d", "tenants"];

pub fn run(asked: &Restore) -> Result<(), Failure> {
    let shown = asked.file.display();
    let packed = read(&asked.file).map_err(|error| Failure::runtime(format!("cannot read {shown}: {error}")))?;
    let unpacked = archive::unpack(&packed).map_err(|damage| {
        Failure::runtime(format!(
            "{shown}: {damage}; nothing was restored: take another backup, or a fresh copy of this one"
        ))
    })?;
    let places = places::own();
    let inputs = Inputs::new(&Asked { config: asked.config.clone(), flags: Vec::new() }, places::environment, &places);
    nobody_runs(asked.admin_socket.clone(), &inputs, &places)?;
    let main = absolute(inputs.main()).map_err(Failure::runtime)?;
    let store = Store::new(&places.state, inputs.unusual());
    let now = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    // Half of it would be worse than none: whoever ends this meanwhile ends it afterwards.
    let undisturbed = Undisturbed::begin();
    let asides = replace(&unpacked.entries, &main, &store, &stamp).map_err(Failure::runtime)?;
    let generations = unpacked.entries.iter().filter(|entry| is_generation(entry)).count();
    let files = unpacked.entries.len() - generations;
    let kept: String = asides
        .iter()
        .map(|aside| format!("what was there before: {}\n", harmless(&aside.display().to_string())))
        .collect();
    let words = format!(
        "restored: {} of the configuration and {}, as of {}\n{kept}next: unblink check\n      then start the daemon\n",
        counted(files, "file"),
        counted(generations, "generation"),
        unpacked.made_at
    );
    let told = output::write(words.as_bytes());
    drop(undisturbed);
    told
}

fn is_generation(entry: &Entry) -> bool {
    matches!(Origin::of(&entry.path), Some((Origin::Generation, _)))
}

/// A regular file, and no more of it than there can be.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("this is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limits::BACKUP_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() > limits::BACKUP_BYTES_MAX {
        true => Err(io::Error::other("it is longer than a backup can be")),
        false => Ok(bytes),
    }
}

/// A daemon that runs numbers generations by itself, and would take half of a configuration for the whole.
fn nobody_runs(flag: Option<PathBuf>, inputs: &Inputs, places: &Places) -> Result<(), Failure> {
    let settings = inputs.gather().map(|gathered| config::what_is_right(&gathered.files)).unwrap_or_default();
    let socket = flag.or(settings.admin.socket).unwrap_or_else(|| places.admin.clone());
    let shown = socket.display();
    match runtime::block_on(client::get("/healthz", &socket)).map_err(Failure::runtime)? {
        Err(AskError::Connect(ConnectError::Absent | ConnectError::Stale)) => Ok(()),
        Err(AskError::Connect(error)) => Err(Failure::not_allowed(format!(
            "whether a daemon runs cannot be told ({shown}: {error}); nothing was restored: ask as its user, or as root"
        ))),
        Ok(_) | Err(_) => Err(Failure::runtime(format!(
            "a daemon answers at {shown}; nothing was restored: stop it first (`systemctl stop unblink.socket`), or go back \
             with `unblink rollback`"
        ))),
    }
}

/// Puts all of it in place. Gives the folders in which lies what was there.
fn replace(entries: &[Entry], main: &Path, store: &Store, stamp: &str) -> Result<Vec<PathBuf>, Undone> {
    let folder = main.parent().unwrap_or(Path::new("/"));
    let state = store.folder().parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    swap::create_private(state)?;
    let mut configuration = Swap::begin(folder, stamp)?;
    let mut generations = Swap::begin(state, stamp)?;
    if let Err(error) = exchange(entries, main, store, &mut configuration, &mut generations) {
        let left = [generations.undo(), configuration.undo()];
        return Err(Undone { error, left: left.into_iter().flatten().collect() });
    }
    let all = [configuration.finish(), generations.finish()];
    Ok(all.into_iter().flatten().collect())
}

/// All of it is written before anything is moved.
fn exchange(
    entries: &[Entry],
    main: &Path,
    store: &Store,
    configuration: &mut Swap,
    generations: &mut Swap,
) -> io::Result<()> {
    for entry in entries {
        match Origin::of(&entry.path) {
            Some((Origin::Configuration, within)) => {
                // It may have another name here.
                let own = main.file_name().filter(|_| within == MAIN).map(Path::new);
                configuration.stage(within, own.unwrap_or(Path::new(within)), entry.mode, &entry.bytes)?;
            }
            Some((Origin::Generation, within)) => {
                let within = format!("generations/{within}");
                generations.stage(&within, Path::new(&within), entry.mode, &entry.bytes)?;
            }
            None => return Err(io::Error::other(format!("{} has no place", entry.path))),
        }
    }
    configuration.settle()?;
    generations.settle()?;
    configuration.exchange(MAIN, main)?;
    for name in FOLDERS {
        configuration.exchange(name, Path::new(name))?;
    }
    generations.exchange("generations", store.folder())?;
    configuration.sync()?;
    generations.sync()
}

// === impl Undone ===

impl From<io::Error> for Undone {
    fn from(error: io::Error) -> Undone {
        Undone { error, left: Vec::new() }
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; nothing was restored, ", harmless(&self.error.to_string()))?;
        if self.left.is_empty() {
            return f.write_str("what was there is where it was");
        }
        f.write_str("but not all of what was there could be put back: ")?;
        for (at, (lies, lay)) in self.left.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let [lies, lay] = [lies, lay].map(|path| harmless(&path.display().to_string()));
            write!(f, "{comma}{lies} belongs at {lay}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
