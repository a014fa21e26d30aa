//! `unblink backup`: the configuration, the generations of it that are kept, and the histories of a daemon that runs, in one
//! archive.
//!
//! Invariant: the archive is there whole or not at all, for its owner alone, and takes the place of no file. What cannot be
//! read of the configuration is a reason not to make one: who finds out when it is needed has none. A damaged generation, which no
//! daemon would go back to either, is left out by name, and so is a history that cannot be had.

pub mod archive;
mod history;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::args::Backup;
use super::failure::Failure;
use super::{output, places, reader};
use crate::config::Inputs;
use crate::config::generations::{Damage, Store};
use crate::notation::{counted, harmless};
use crate::sys::{clock, host};
use crate::wire::feed::ConfigFile;

use archive::{Entry, Folder, MAIN, Origin, Whose};
use history::Wanted;

/// Rights of a file that nobody else has any business with.
const OWNERS_ALONE: u32 = 0o600;

pub fn run(asked: &Backup) -> Result<(), Failure> {
    let whose = places::Whose::of(&asked.whose);
    let socket = whose.admin_socket(asked.admin_socket.clone());
    let places::Whose { inputs, places, .. } = &whose;
    let mut entries = configuration(inputs)?;
    let files = entries.len();
    let above = inputs.main().parent().unwrap_or(Path::new(""));
    let folders = folders(&entries, above)?;
    let store = Store::new(&places.state, inputs.unusual());
    let mut left_out = unkept_rights(&entries, &folders, inputs.main());
    for number in store.numbers() {
        match store.file(number) {
            Ok((name, bytes)) => {
                entries.push(Entry { path: Origin::Generation.path(&name), ..own(OWNERS_ALONE, bytes) });
            }
            // It made room for a newer one just now.
            Err(Damage::Missing(_)) => {}
            Err(damage) => left_out.push_str(&format!("{}\n", harmless(&damage.to_string()))),
        }
    }
    let generations = entries.len() - files;
    if entries.is_empty() {
        let (main, folder) = (inputs.main().display(), store.folder().display());
        return Err(Failure::runtime(format!("there is nothing to keep: neither {main} nor generations in {folder}")));
    }
    let histories = history::of_daemon(&socket, Wanted { main: inputs.main(), state: &places.state });
    histories.left_out.iter().for_each(|line| left_out.push_str(&format!("{line}\n")));
    entries.extend(
        histories
            .copied
            .into_iter()
            .map(|(tenant, bytes)| Entry { path: Origin::History.path(&tenant), ..own(OWNERS_ALONE, bytes) }),
    );
    let now = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
    let packed = archive::pack(&entries, &folders, now).map_err(Failure::runtime)?;
    let path = &asked.file;
    put(path, &packed).map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))?;
    let lines: String =
        entries.iter().map(|entry| format!("  {}  {} bytes\n", harmless(&entry.path), entry.bytes.len())).collect();
    let words = format!(
        "{lines}{left_out}{} of the configuration, as it is, {} and {}; files that it names for secrets are not in it\n{}\n",
        counted(files, "file"),
        counted(generations, "generation"),
        counted_histories(entries.len() - files - generations),
        harmless(&path.display().to_string())
    );
    output::write(words.as_bytes())
}

/// So many of them, in words.
pub fn counted_histories(count: usize) -> String {
    if count == 0 { "no history".to_owned() } else { format!("the history of {}", counted(count, "tenant")) }
}

/// A file of the daemon's own: whose it is the folder says that it is put into.
fn own(mode: u32, bytes: Vec<u8>) -> Entry {
    Entry { path: String::new(), mode, whose: Whose::default(), bytes }
}

/// Every file that a daemon would read.
fn configuration(inputs: &Inputs) -> Result<Vec<Entry>, Failure> {
    let gathered = inputs.gather().map_err(|complaint| Failure::configuration(&[complaint]))?;
    let complaints = gathered.all_complaints();
    if !complaints.is_empty() {
        return Err(Failure::configuration(&complaints));
    }
    let main = inputs.main();
    let folder = main.parent().unwrap_or(Path::new(""));
    let all = gathered.files.iter().chain(gathered.others.values().flatten());
    let own = all.filter(|file| !inputs.overrides().iter().any(|other| other.name == file.name));
    own.map(|file| entry(file, main, folder)).collect()
}

fn entry(file: &ConfigFile, main: &Path, folder: &Path) -> Result<Entry, Failure> {
    let path = Path::new(&file.name);
    let within =
        if path == main { MAIN.to_owned() } else { path.strip_prefix(folder).unwrap_or(path).display().to_string() };
    let name = Origin::Configuration.path(&within);
    if Origin::of(&name).is_none() {
        return Err(Failure::runtime(format!("{}: a file of this name cannot be kept; rename it", path.display())));
    }
    let facts = fs::metadata(path).map_err(|error| Failure::runtime(format!("{}: {error}", path.display())))?;
    Ok(Entry { path: name, mode: facts.mode() & archive::MODE_BITS, whose: whose(&facts), bytes: file.bytes.clone() })
}

fn whose(facts: &fs::Metadata) -> Whose {
    Whose { user: host::user_name(facts.uid()), group: host::group_name(facts.gid()) }
}

/// Those in `above` that files of the configuration lie in.
fn folders(entries: &[Entry], above: &Path) -> Result<Vec<Folder>, Failure> {
    let within = entries.iter().filter_map(|entry| Some(Path::new(Origin::of(&entry.path)?.1)));
    let all: BTreeSet<&Path> = within.flat_map(|path| path.ancestors().skip(1)).collect();
    let named = all.into_iter().filter(|path| !path.as_os_str().is_empty());
    let folder = |within: &Path| {
        let path = above.join(within);
        let facts = fs::metadata(&path).map_err(|error| Failure::runtime(format!("{}: {error}", path.display())))?;
        let (path, mode) = (within.display().to_string(), facts.mode() & archive::MODE_BITS);
        Ok(Folder { path, mode, whose: whose(&facts) })
    };
    named.map(folder).collect()
}

/// What of the rights does not come back, a line for each file and folder.
fn unkept_rights(entries: &[Entry], folders: &[Folder], main: &Path) -> String {
    let above = main.parent().unwrap_or(Path::new(""));
    let files = entries.iter().filter_map(|entry| {
        let (_, within) = Origin::of(&entry.path)?;
        Some((if within == MAIN { main.to_owned() } else { above.join(within) }, &entry.whose))
    });
    let folders = folders.iter().map(|folder| (above.join(&folder.path), &folder.whose));
    let mut lines = String::new();
    for (path, whose) in files.chain(folders) {
        let shown = harmless(&path.display().to_string());
        if reader::has_list(&path) {
            lines.push_str(&format!("{shown}: its list of rights is not kept, only its mode; see `getfacl`\n"));
        }
        if whose.user.is_none() || whose.group.is_none() {
            lines.push_str(&format!(
                "{shown}: its user or group has no name in /etc/passwd or /etc/group, and is not kept\n"
            ));
        }
    }
    lines
}

/// Writes all of it, or leaves nothing.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished: PathBuf = folder.join(format!(".{}-{}.unfinished", name.to_string_lossy(), host::pid()));
    let create = || OpenOptions::new().write(true).create_new(true).mode(OWNERS_ALONE).open(&unfinished);
    let written = create().and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        match renameat_with(CWD, &unfinished, CWD, path, RenameFlags::NOREPLACE) {
            // A file system that knows of no such thing: what was there was looked for above.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(&unfinished, path),
            renamed => Ok(renamed?),
        }?;
        fs::File::open(folder)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
