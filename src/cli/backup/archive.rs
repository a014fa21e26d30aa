//! The archive that `unblink backup` writes and `unblink restore` reads: a gzip of a tar, with a list of its files first.
//!
//! Invariant: what is read is what was written, every file of it, or nothing is: each file stands in the list with its length
//! and its SHA-256, and under a name that a file of the configuration or a generation can have. So no path leads anywhere else.
//! It guards against damage, not against people: whoever can write the archive can write its list.

use std::io::{self, Read};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use crate::base::{BUILD_ID, limits};
use crate::config::{self, generations};
use crate::notation::harmless;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    /// Its rights.
    pub mode: u32,
    /// Whose it was, by name: numbers are other people's on another machine.
    pub whose: Whose,
    pub bytes: Vec<u8>,
}

/// A user and a group; none where it had no name, or an earlier program wrote none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A folder of the configuration, by its path in that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    pub path: String,
    pub mode: u32,
    #[serde(default)]
    pub whose: Whose,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Configuration,
    Generation,
    History,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    pub made_at: String,
    /// What is known of the folders that files lie in.
    pub folders: Vec<Folder>,
    pub entries: Vec<Entry>,
}

/// Which file of it is not as it was written, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry}: {what}")]
pub struct Damage {
    pub entry: String,
    pub what: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    made_at: String,
    build: String,
    #[serde(default)]
    folders: Vec<Folder>,
    files: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    path: String,
    mode: u32,
    bytes: u64,
    sha256: String,
    #[serde(default)]
    whose: Whose,
}

/// What a list of any version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The configuration's own file, whatever it is called where it lies.
pub const MAIN: &str = "unblink.toml";
/// Rights that are kept: no set-user-ID.
pub const MODE_BITS: u32 = 0o777;
/// Changes with every incompatible change. Format 1 had neither histories nor owners nor folders, and is read as well.
const FORMAT: u32 = 2;
const FORMAT_OLDEST: u32 = 1;
/// The folder that everything lies in.
const FOLDER: &str = "unblink-backup/";
const MANIFEST: &str = "manifest.json";
const WHOLE: &str = "the archive";

// === impl Origin ===

impl Origin {
    /// Where it lies in the archive.
    pub fn path(self, within: &str) -> String {
        match self {
            Origin::Configuration => format!("configuration/{within}"),
            Origin::Generation => format!("generations/{within}"),
            Origin::History => format!("histories/{within}"),
        }
    }

    /// What lies there, and below which path; none where nothing of ours can.
    pub fn of(path: &str) -> Option<(Origin, &str)> {
        let (folder, within) = path.split_once('/')?;
        let parts: Vec<&str> = within.split('/').collect();
        let is_folder = |name: &str| matches!(name, "boards.d" | "charts.d");
        match (folder, parts.as_slice()) {
            ("configuration", [MAIN]) => {}
            ("configuration", [folder, name]) if is_folder(folder) && is_plain(name) => {}
            ("configuration", ["tenants", tenant, "sources.toml"]) if config::is_tenant_name(tenant) => {}
            ("configuration", ["tenants", tenant, folder, name])
                if config::is_tenant_name(tenant) && is_folder(folder) && is_plain(name) => {}
            ("generations", [name]) if generations::is_file_name(name) => return Some((Origin::Generation, within)),
            ("histories", [tenant]) if config::is_tenant_name(tenant) => return Some((Origin::History, within)),
            _ => return None,
        }
        Some((Origin::Configuration, within))
    }

    fn bytes_max(self) -> usize {
        match self {
            Origin::Configuration => limits::CONFIG_FILE_BYTES_MAX,
            Origin::Generation => limits::CONFIG_BYTES_MAX + limits::GENERATION_OVERHEAD_BYTES_MAX,
            Origin::History => usize::try_from(limits::HISTORY_COPIED_BYTES_MAX).unwrap_or(usize::MAX),
        }
    }
}

/// As a file is called that the daemon reads.
fn is_plain(name: &str) -> bool {
    let is_read = name.ends_with(".toml") || name.ends_with(".tmpl");
    is_read && !name.starts_with('.') && name.len() <= 255 && !name.chars().any(|c| c.is_control() || c == '\u{fffd}')
}

/// Whether a folder of the configuration can have this path in it.
fn is_folder(within: &str) -> bool {
    let parts: Vec<&str> = within.split('/').collect();
    match parts.as_slice() {
        ["boards.d" | "charts.d" | "tenants"] => true,
        ["tenants", tenant] | ["tenants", tenant, "boards.d" | "charts.d"] => config::is_tenant_name(tenant),
        _ => false,
    }
}

/// All of it, packed.
pub fn pack(entries: &[Entry], folders: &[Folder], now: Timestamp) -> io::Result<Vec<u8>> {
    let items = entries.iter().map(|Entry { path, mode, whose, bytes }| Item {
        path: path.clone(),
        mode: *mode,
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
        whose: whose.clone(),
    });
    let made_at = now.strftime("%FT%TZ").to_string();
    let (build, folders) = (BUILD_ID.to_owned(), folders.to_vec());
    let manifest = Manifest { format: FORMAT, made_at, build, folders, files: items.collect() };
    let manifest = serde_json::to_vec_pretty(&manifest).expect("invariant: a list of texts always serializes");
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |path: &str, mode: u32, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_mtime(u64::try_from(now.as_second()).unwrap_or(0));
        archive.append_data(&mut header, format!("{FOLDER}{path}"), bytes)
    };
    add(MANIFEST, MODE_BITS & 0o600, &manifest)?;
    for Entry { path, mode, bytes, .. } in entries {
        add(path, *mode, bytes)?;
    }
    archive.into_inner()?.finish()
}

/// All that was packed; else what is wrong first.
pub fn unpack(packed: &[u8]) -> Result<Unpacked, Damage> {
    let whole = |what: String| Damage { entry: WHOLE.to_owned(), what };
    let broken = |error: io::Error| whole(format!("it is damaged, or no backup: {}", harmless(&error.to_string())));
    // What unpacks to more than there can be is read no further than this.
    let unpacked = GzDecoder::new(packed).take(limits::BACKUP_BYTES_MAX as u64);
    let mut archive = Archive::new(unpacked);
    let mut files = archive.entries().map_err(broken)?;
    let mut next = |expected: &str, bytes_max: usize| {
        let mut file = files.next().ok_or_else(|| whole(format!("it ends before {expected}")))?.map_err(broken)?;
        let path = String::from_utf8(file.path_bytes().into_owned()).unwrap_or_default();
        let damage = |what: &str| Damage { entry: expected.to_owned(), what: what.to_owned() };
        if path.strip_prefix(FOLDER) != Some(expected) {
            return Err(damage("something else stands in its place"));
        }
        if file.header().entry_type() != EntryType::Regular {
            return Err(damage("it is no regular file"));
        }
        if file.size() > bytes_max as u64 {
            return Err(damage("it is longer than such a file may be"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| damage(&harmless(&error.to_string())))?;
        Ok(bytes)
    };
    let manifest = understood(&next(MANIFEST, limits::BACKUP_MANIFEST_BYTES_MAX)?)?;
    let folder = |folder: Folder| match is_folder(&folder.path) {
        true => Ok(Folder { mode: folder.mode & MODE_BITS, ..folder }),
        false => {
            Err(Damage { entry: harmless(&folder.path), what: "no folder of a backup can be called so".to_owned() })
        }
    };
    let folders = manifest.folders.into_iter().map(folder).collect::<Result<Vec<Folder>, Damage>>()?;
    let mut entries: Vec<Entry> = Vec::new();
    for Item { path, mode, bytes, sha256: expected, whose } in manifest.files {
        let damage = |what: &str| Damage { entry: harmless(&path), what: what.to_owned() };
        let (origin, _) = Origin::of(&path).ok_or_else(|| damage("no file of a backup can be called so"))?;
        if entries.iter().any(|entry| entry.path == path) {
            return Err(damage("it is there twice"));
        }
        let content = next(&path, origin.bytes_max())?;
        if content.len() as u64 != bytes || sha256(&content) != expected {
            return Err(damage("its length or its SHA-256 is another one than when it was written"));
        }
        entries.push(Entry { path, mode: mode & MODE_BITS, whose, bytes: content });
    }
    if files.next().is_some() {
        return Err(whole("it has more files than stand in its list".to_owned()));
    }
    // To the end, where the checksum over all of it stands.
    let mut decoder = archive.into_inner();
    let mut rest = Vec::new();
    decoder.read_to_end(&mut rest).map_err(broken)?;
    let is_at_end = decoder.limit() > 0 && decoder.into_inner().into_inner().is_empty();
    if !is_at_end || rest.iter().any(|byte| *byte != 0) {
        return Err(whole("something stands behind its end".to_owned()));
    }
    Ok(Unpacked { made_at: harmless(&manifest.made_at), folders, entries })
}

fn understood(bytes: &[u8]) -> Result<Manifest, Damage> {
    let damage = |what: String| Damage { entry: MANIFEST.to_owned(), what };
    let Version { format } =
        serde_json::from_slice(bytes).map_err(|_| damage("it is no list of a backup".to_owned()))?;
    if !(FORMAT_OLDEST..=FORMAT).contains(&format) {
        let what = format!(
            "it is of format {format}, and this program reads {FORMAT_OLDEST} to {FORMAT}: take the program that wrote it"
        );
        return Err(damage(what));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| damage(harmless(&error.to_string())))?;
    if manifest.files.len().max(manifest.folders.len()) > limits::BACKUP_FILES_MAX {
        return Err(damage(format!("it lists more than {} files", limits::BACKUP_FILES_MAX)));
    }
    Ok(manifest)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
