//! `unblink restore`: what `unblink backup` wrote takes the place of what is there.
//!
//! Invariant: nothing is written before all of the archive was found to be as it was written, and nothing is replaced before all
//! of it lies on the same disk. What was there is moved aside, never removed; where anything fails it is moved back. No daemon runs
//! on the state folder meanwhile, and none begins to.

mod swap;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf, absolute};

use jiff::Timestamp;

use super::args::Restore;
use super::backup::archive::{self, Entry, MAIN, Origin, Unpacked, Whose};
use super::backup::counted_histories;
use super::failure::Failure;
use super::reader::Reader;
use super::{output, places};
use crate::admin::client::{self, AskError};
use crate::base::limits;
use crate::config::Mode;
use crate::config::generations::{self, Store};
use crate::notation::{counted, harmless};
use crate::runtime;
use crate::sys::folder_lock::{Held, HoldError};
use crate::sys::socket::ConnectError;
use crate::sys::undisturbed::Undisturbed;
use crate::sys::{clock, host};
use crate::wire::copied::{self, Unfit};

use swap::{Given, Swap};

/// Where all of it goes.
#[derive(Clone, Debug)]
struct Places {
    /// The configuration's own file.
    main: PathBuf,
    generations: PathBuf,
    histories: PathBuf,
    /// Who is to read the configuration, where that is somebody else.
    reader: Option<Reader>,
}

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
    let mut unpacked = archive::unpack(&packed).map_err(|damage| refused(&asked.file, damage))?;
    let whose = places::Whose::of(&asked.whose);
    let places::Whose { inputs, places: own, .. } = &whose;
    let mut notes = fit_histories(&mut unpacked.entries).map_err(|damage| refused(&asked.file, damage))?;
    let stop = stopped_by(&whose);
    nobody_answers(&whose.admin_socket(asked.admin_socket.clone()), &stop)?;
    let places = Places {
        main: absolute(inputs.main()).map_err(Failure::runtime)?,
        generations: Store::new(&own.state, inputs.unusual()).folder().to_owned(),
        histories: generations::folder(&own.state, "histories", inputs.unusual()),
        reader: Reader::of_daemon(own).filter(|_| rustix::process::geteuid().is_root()),
    };
    // From here on none begins, either.
    let _alone = alone(&own.state, &stop)?;
    let now = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    // Half of it would be worse than none: whoever ends this meanwhile ends it afterwards.
    let undisturbed = Undisturbed::begin();
    let asides = replace(&unpacked, &places, &stamp).map_err(Failure::runtime)?;
    for aside in asides {
        notes.push_str(&format!("what was there before: {}\n", harmless(&aside.display().to_string())));
    }
    notes.push_str(&places.closed_files(&unpacked.entries));
    let count = |of: Origin| unpacked.entries.iter().filter(|entry| origin(entry) == Some(of)).count();
    let words = format!(
        "restored: {} of the configuration, {} and {}, as of {}\n{notes}next: unblink check\n      then start the daemon\n",
        counted(count(Origin::Configuration), "file"),
        counted(count(Origin::Generation), "generation"),
        counted_histories(count(Origin::History)),
        unpacked.made_at
    );
    let told = output::write(words.as_bytes());
    drop(undisturbed);
    told
}

fn refused(file: &Path, damage: impl fmt::Display) -> Failure {
    let shown = file.display();
    let remedy = "take another backup, or a fresh copy of this one";
    Failure::runtime(format!("{shown}: {damage}; nothing was restored: {remedy}"))
}

fn origin(entry: &Entry) -> Option<Origin> {
    Origin::of(&entry.path).map(|(origin, _)| origin)
}

/// Takes out histories that this program cannot read, and says so of each. One that is none is damage.
fn fit_histories(entries: &mut Vec<Entry>) -> Result<String, String> {
    let (mut notes, mut damage) = (String::new(), None);
    entries.retain(|entry| {
        let Some((Origin::History, tenant)) = Origin::of(&entry.path) else { return true };
        match copied::read(entry.bytes.as_slice(), |_, _| Ok(())) {
            Ok(()) => true,
            Err(version @ Unfit::Version(_)) => {
                notes.push_str(&format!("no history of {tenant}: {version}; its charts begin empty\n"));
                false
            }
            Err(unfit) => {
                damage = damage.take().or(Some(format!("{}: {unfit}", harmless(&entry.path))));
                true
            }
        }
    });
    damage.map_or(Ok(notes), Err)
}

/// The command that stops it where it is a service.
fn stopped_by(whose: &places::Whose) -> String {
    let instance = whose.instance().map(|name| format!("@{name}")).unwrap_or_default();
    let user = if whose.places.mode == Mode::User { "--user " } else { "" };
    format!("as a service: `systemctl {user}stop unblink{instance}.socket`")
}

/// Holds the state folder, as each daemon does while it runs.
fn alone(state: &Path, stop: &str) -> Result<Held, Failure> {
    let shown = state.display();
    swap::create_private(state).map_err(Failure::runtime)?;
    Held::alone(state, limits::STATE_LET_GO_DEADLINE).map_err(|error| match error {
        HoldError::Busy => Failure::runtime(format!(
            "a daemon runs, or another restore, with the state folder {shown}; nothing was restored: stop it first \
             ({stop})"
        )),
        HoldError::Io(error) => Failure::runtime(format!(
            "cannot hold {shown}: {error}; nothing was restored: restore as whose that folder is, or as root"
        )),
    })
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
fn nobody_answers(socket: &Path, stop: &str) -> Result<(), Failure> {
    let shown = socket.display();
    match runtime::block_on(client::get("/healthz", socket)).map_err(Failure::runtime)? {
        Err(AskError::Connect(ConnectError::Absent | ConnectError::Stale)) => Ok(()),
        Err(AskError::Connect(error)) => Err(Failure::not_allowed(format!(
            "whether a daemon runs cannot be told ({shown}: {error}); nothing was restored: ask as its user, or as root"
        ))),
        Ok(_) | Err(_) => Err(Failure::runtime(format!(
            "a daemon answers at {shown}; nothing was restored: stop it first ({stop}), or go back \
             with `unblink rollback`"
        ))),
    }
}

/// Puts all of it in place. Gives the folders in which lies what was there.
fn replace(unpacked: &Unpacked, places: &Places, stamp: &str) -> Result<Vec<PathBuf>, Undone> {
    let folder = places.folder();
    let state = places.generations.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    swap::create_private(state)?;
    let folders = unpacked.folders.iter().map(|kept| (PathBuf::from(&kept.path), given(kept.mode, &kept.whose)));
    let mut configuration = Swap::begin(folder, stamp, places.reader.clone())?.with_folders(folders.collect());
    let mut kept = Swap::begin(state, stamp, None)?.closed();
    if let Err(error) = exchange(&unpacked.entries, places, &mut configuration, &mut kept) {
        let left = [kept.undo(), configuration.undo()];
        return Err(Undone { error, left: left.into_iter().flatten().collect() });
    }
    let all = [configuration.finish(), kept.finish()];
    Ok(all.into_iter().flatten().collect())
}

/// By the names that this machine knows.
fn given(mode: u32, whose: &Whose) -> Given {
    let (user, group) = (whose.user.as_deref(), whose.group.as_deref());
    Given { mode, user: user.and_then(host::user_id), group: group.and_then(host::group_id) }
}

/// All of it is written before anything is moved.
fn exchange(entries: &[Entry], places: &Places, configuration: &mut Swap, kept: &mut Swap) -> io::Result<()> {
    for entry in entries {
        let given = given(entry.mode, &entry.whose);
        match Origin::of(&entry.path) {
            Some((Origin::Configuration, within)) => {
                configuration.stage(within, &places.called(within), &given, &entry.bytes)?;
            }
            Some((Origin::Generation | Origin::History, _)) => {
                kept.stage(&entry.path, Path::new(&entry.path), &given, &entry.bytes)?;
            }
            None => return Err(io::Error::other(format!("{} has no place", entry.path))),
        }
    }
    configuration.settle()?;
    kept.settle()?;
    configuration.exchange(MAIN, &places.main)?;
    for name in FOLDERS {
        configuration.exchange(name, Path::new(name))?;
    }
    kept.exchange("generations", &places.generations)?;
    // One that was restored before and that no daemon has taken yet is another configuration's.
    kept.exchange("histories", &places.histories)?;
    configuration.sync()?;
    kept.sync()
}

// === impl Places ===

impl Places {
    fn folder(&self) -> &Path {
        self.main.parent().unwrap_or(Path::new("/"))
    }

    /// The path in the folder of a file of the configuration: the main one may have another name here.
    fn called(&self, within: &str) -> PathBuf {
        let own = self.main.file_name().filter(|_| within == MAIN).map(Path::new);
        own.unwrap_or(Path::new(within)).to_owned()
    }

    /// A line of the first file of the configuration that the daemon's user may not read, if there is one.
    fn closed_files(&self, entries: &[Entry]) -> String {
        let within = entries.iter().filter_map(|entry| match Origin::of(&entry.path)? {
            (Origin::Configuration, within) => Some(self.folder().join(self.called(within)).display().to_string()),
            _ => None,
        });
        let files: Vec<String> = within.collect();
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        let closed = self.reader.as_ref().and_then(|reader| reader.kept_from(&names));
        closed.map_or_else(String::new, |closed| harmless(&format!("{}: {}", closed.found, closed.remedy)) + "\n")
    }
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
