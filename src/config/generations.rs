//! Configurations that were accepted, kept in the state folder so that there is something to go back to.
//!
//! Invariant: one is there whole or not at all, and one whose bytes are not those that were written is never
//! believed. What is kept is bounded in number and in bytes; the newest is never the one to go. Flags and the
//! environment belong to a process and are not kept.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::gather::is_override;
use crate::base::{Wall, limits};
use crate::machine::reload::Cause;
use crate::sys::kept::{Kept, ReadError};
use crate::wire::feed::ConfigFile;

/// A checksum over files, names and bytes: equal files have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum([u8; 32]);

/// One accepted configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    pub number: u64,
    pub accepted_at: Wall,
    pub cause: Cause,
    /// What lay in the files then; something else than `files` after a rollback.
    pub lay_there: Checksum,
    /// Of the tenant `default`.
    pub files: Vec<ConfigFile>,
    /// Of the other tenants, by name.
    pub others: BTreeMap<String, Vec<ConfigFile>>,
}

/// As it was written before there were tenants.
#[derive(Deserialize)]
struct Alone {
    number: u64,
    accepted_at: Wall,
    cause: Cause,
    lay_there: Checksum,
    files: Vec<ConfigFile>,
}

/// The folder they are kept in.
#[derive(Clone, Debug)]
pub struct Store {
    kept: Kept,
}

/// Why one of them cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("there is no generation {0}")]
    Missing(u64),
    #[error("{path}: {what}; it is left out, remove it")]
    Damaged { path: String, what: String },
}

/// How every file begins; its checksum follows in hexadecimal.
const HEAD: &str = "unblink generation 2 ";
const HEAD_ALONE: &str = "unblink generation 1 ";
const PREFIX: &str = "generation-";
/// A thousand changes a second for longer than anybody waits.
const NUMBER_MAX: u64 = 1_000_000_000_000;

// === impl Checksum ===

impl Checksum {
    /// Over what a person wrote; flags and the environment do not count.
    pub fn of(files: &[ConfigFile]) -> Checksum {
        let own: Vec<&ConfigFile> = files.iter().filter(|file| !is_override(&file.name)).collect();
        Checksum::over(&postcard::to_stdvec(&own).expect("invariant: files always serialize"))
    }

    /// The same with the files of other tenants. Where there are none it is as it was before there could be any.
    pub fn of_all(files: &[ConfigFile], others: &BTreeMap<String, Vec<ConfigFile>>) -> Checksum {
        let own = Checksum::of(files);
        if others.is_empty() {
            return own;
        }
        let others: Vec<(&String, Checksum)> = others.iter().map(|(name, files)| (name, Checksum::of(files))).collect();
        Checksum::over(&postcard::to_stdvec(&(own, others)).expect("invariant: checksums always serialize"))
    }

    /// Over these bytes.
    pub fn over(bytes: &[u8]) -> Checksum {
        Checksum(Sha256::digest(bytes).into())
    }

    fn hexadecimal(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

// === impl Store ===

impl Store {
    /// Below the state folder; a configuration that lies elsewhere than usual has a folder of its own, so that nobody
    /// ever goes back to another one's. Nothing is made before something is kept.
    pub fn new(state: &Path, unusual: Option<&Path>) -> Store {
        Store { kept: Kept::new(folder(state, "generations", unusual)) }
    }

    pub fn folder(&self) -> &Path {
        self.kept.folder()
    }

    /// The numbers of all that are kept, rising. None where there is no folder.
    pub fn numbers(&self) -> Vec<u64> {
        let number = |entry: DirEntry| number_of(entry.file_name().to_str()?);
        let mut numbers: Vec<u64> = self.kept.entries().filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// One of them, checked.
    pub fn read(&self, number: u64) -> Result<Generation, Damage> {
        self.checked(number).map(|(generation, _)| generation)
    }

    /// The name and the bytes of its file, checked.
    pub fn file(&self, number: u64) -> Result<(String, Vec<u8>), Damage> {
        self.checked(number).map(|(_, bytes)| (name(number), bytes))
    }

    fn checked(&self, number: u64) -> Result<(Generation, Vec<u8>), Damage> {
        let path = self.path(number);
        let damaged = |what: String| Damage::Damaged { path: path.display().to_string(), what };
        let most = limits::CONFIG_BYTES_MAX + limits::GENERATION_OVERHEAD_BYTES_MAX;
        let bytes = self.kept.read(&name(number), most as u64).map_err(|error| match error {
            ReadError::Missing => Damage::Missing(number),
            ReadError::Damaged(what) => damaged(what),
        })?;
        let generation = decode(&bytes).map_err(|what| damaged(what.to_owned()))?;
        if generation.number != number {
            return Err(damaged(format!("it is generation {}", generation.number)));
        }
        Ok((generation, bytes))
    }

    /// The newest that is whole and that `is_fit`; those that are damaged are told of.
    pub fn newest(
        &self,
        mut tell: impl FnMut(Damage),
        mut is_fit: impl FnMut(&Generation) -> bool,
    ) -> Option<Generation> {
        self.numbers().into_iter().rev().find_map(|number| match self.read(number) {
            Ok(generation) => Some(generation).filter(&mut is_fit),
            Err(damage) => {
                tell(damage);
                None
            }
        })
    }

    /// Writes one, whole or not at all, and lets the oldest go that are too many.
    pub fn keep(&self, generation: &Generation) -> io::Result<()> {
        let own = |files: &[ConfigFile]| files.iter().filter(|file| !is_override(&file.name)).cloned().collect();
        let others = generation.others.iter().map(|(name, files)| (name.clone(), own(files)));
        let own = Generation { files: own(&generation.files), others: others.collect(), ..generation.clone() };
        self.kept.write(&name(generation.number), &encode(&own))?;
        self.prune(generation.number)
    }

    fn prune(&self, newest: u64) -> io::Result<()> {
        let (mut count, mut bytes) = (0, 0);
        for number in self.numbers().into_iter().rev() {
            let path = self.path(number);
            count += 1;
            bytes += fs::symlink_metadata(&path)?.len();
            let is_too_much = count > limits::GENERATIONS_MAX || bytes > limits::GENERATIONS_BYTES_MAX;
            if is_too_much && number != newest {
                self.kept.remove(&name(number))?;
            }
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.kept.path(&name(number))
    }
}

/// Where a daemon keeps what is called so of what outlives it: below the state folder, and apart from what another one keeps whose
/// configuration lies elsewhere.
pub fn folder(state: &Path, what: &str, unusual: Option<&Path>) -> PathBuf {
    let whose = unusual.map(|main| std::path::absolute(main).unwrap_or_else(|_| main.to_owned()));
    let checksum = |main: PathBuf| Checksum::over(main.as_os_str().as_encoded_bytes()).hexadecimal();
    state.join(whose.map_or_else(|| what.to_owned(), |main| format!("{what}-{}", &checksum(main)[..16])))
}

/// So that a list of them is in their order.
fn name(number: u64) -> String {
    format!("{PREFIX}{number:08}")
}

/// The number in a name; none in one that is not written as we write it, which is somebody else's.
fn number_of(text: &str) -> Option<u64> {
    let number = text.strip_prefix(PREFIX)?.parse().ok()?;
    (number <= NUMBER_MAX && name(number) == text).then_some(number)
}

/// Whether a file of a generation can be called so.
pub fn is_file_name(text: &str) -> bool {
    number_of(text).is_some()
}

fn encode(generation: &Generation) -> Vec<u8> {
    let body = postcard::to_stdvec(generation).expect("invariant: a generation always serializes");
    let mut bytes = format!("{HEAD}{}\n", Checksum::over(&body).hexadecimal()).into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

fn decode(bytes: &[u8]) -> Result<Generation, &'static str> {
    let (rest, is_alone) = match (bytes.strip_prefix(HEAD.as_bytes()), bytes.strip_prefix(HEAD_ALONE.as_bytes())) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err("this is no generation, or one of another version"),
    };
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or("it is cut short")?;
    let (checksum, body) = (&rest[..end], &rest[end + 1..]);
    if checksum != Checksum::over(body).hexadecimal().as_bytes() {
        return Err("its checksum is wrong");
    }
    if is_alone { understood::<Alone>(body).map(Generation::from) } else { understood(body) }
}

fn understood<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, &'static str> {
    let (one, left) = postcard::take_from_bytes(body).map_err(|_| "it is not understood")?;
    if left.is_empty() { Ok(one) } else { Err("it is not understood") }
}

// === impl Generation ===

impl From<Alone> for Generation {
    fn from(alone: Alone) -> Generation {
        let Alone { number, accepted_at, cause, lay_there, files } = alone;
        Generation { number, accepted_at, cause, lay_there, files, others: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests;
