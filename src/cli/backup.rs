//! `unblink backup`: the configuration and the generations of it that are kept, in one archive.
//!
//! Invariant: the archive is there whole or not at all, for its owner alone, and takes the place of no file. What cannot be
//! read of the configuration is a reason not to make one: who finds out when it is needed has none. A damaged generation, which no
//! daemon would go back to either, is left out by name.

pub mod archive;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::args::Backup;
use super::failure::Failure;
use super::{output, places};
use crate::config::generations::{Damage, Store};
use crate::config::{Asked, Inputs};
use crate::notation::{counted, harmless};
use crate::sys::{clock, host};
use crate::wire::feed::ConfigFile;

use archive::{Entry, MAIN, Origin};

/// Rights of a file that nobody else has any business with.
const OWNERS_ALONE: u32 = 0o600;

pub fn run(asked: &Backup) -> Result<(), Failure> {
    let places = places::own();
    let inputs = Inputs::new(&Asked { config: asked.config.clone(), flags: Vec::new() }, places::environment, &places);
    let mut entries = configuration(&inputs)?;
    let files = entries.len();
    let store = Store::new(&places.state, inputs.unusual());
    let mut left_out = String::new();
    for number in store.numbers() {
        match store.file(number) {
            Ok((name, bytes)) => {
                entries.push(Entry { path: Origin::Generation.path(&name), mode: OWNERS_ALONE, bytes });
            }
            // It made room for a newer one just now.
            Err(Damage::Missing(_)) => {}
            Err(damage) => left_out.push_str(&format!("{}\n", harmless(&damage.to_string()))),
        }
    }
    if entries.is_empty() {
        let (main, folder) = (inputs.main().display(), store.folder().display());
        return Err(Failure::runtime(format!("there is nothing to keep: neither {main} nor generations in {folder}")));
    }
    let generations = entries.len() - files;
    let now = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
    let packed = archive::pack(&entries, now).map_err(Failure::runtime)?;
    let path = &asked.file;
    put(path, &packed).map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))?;
    let lines: String =
        entries.iter().map(|entry| format!("  {}  {} bytes\n", harmless(&entry.path), entry.bytes.len())).collect();
    let words = format!(
        "{lines}{left_out}{} of the configuration, as it is, and {}; files that it names for secrets are not in it, nor is the \
         history\n{}\n",
        counted(files, "file"),
        counted(generations, "generation"),
        harmless(&path.display().to_string())
    );
    output::write(words.as_bytes())
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
    let mode = fs::metadata(path).map_err(|error| Failure::runtime(format!("{}: {error}", path.display())))?.mode();
    Ok(Entry { path: name, mode: mode & archive::MODE_BITS, bytes: file.bytes.clone() })
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
