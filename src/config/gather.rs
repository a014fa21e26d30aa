//! Reads what is configured, once: the file (capped), the environment, the flags.

mod others;
mod start;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::secrets::{self, Secrets};
use super::tenants::by_tenant;
use super::{Places, Settings, TENANT_DEFAULT, admin, schema, terminal, understand};
use crate::base::{Diagnostic, limits};
use crate::notation::{Document, harmless, nearest};
use crate::scene::Boards;
use crate::sys::confined;
use crate::wire::feed::{ConfigFile, FileKind};

pub use start::Start;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `--config`; none for the file of the mode, which may be missing.
    pub config: Option<PathBuf>,
    /// Flags that go before everything else.
    pub flags: Vec<Override>,
}

/// One setting said outside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// As the person wrote it: `--socket`.
    pub flag: &'static str,
    pub section: &'static str,
    pub key: &'static str,
    pub value: String,
}

/// Everything configured: the bytes for workers and what they mean for root.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// As people wrote them: no variable of the environment is replaced in them.
    pub files: Vec<ConfigFile>,
    pub settings: Settings,
    pub boards: Boards,
    /// Of the other tenants, by name.
    pub others: BTreeMap<String, Loaded>,
}

/// What every variable of ours begins with.
const PREFIX: &str = "UNBLINK_";
/// Variables that are no settings: which file to read, and what a build was made of.
const VARIABLES_BESIDE: [&str; 3] = ["UNBLINK_CONFIG", "UNBLINK_BUILD_ID", confined::VARIABLE];
/// Strange variables told of at once.
const STRANGE_MAX: usize = 16;

/// Entries of a folder of boards that are looked at; there are a thousand boards at most.
const ENTRIES_MAX: usize = 16 * 1024;

/// Lies beside `unblink.toml`.
const BOARDS_FOLDER: &str = "boards.d";
/// The same for charts and the templates they name.
const CHARTS_FOLDER: &str = "charts.d";

/// Lies beside it too, and holds a folder for each tenant.
const TENANTS_FOLDER: &str = "tenants";
/// A tenant's sources, in its folder.
const SOURCES_FILE: &str = "sources.toml";

const FLAG: &str = "flag ";
const ENVIRONMENT: &str = "environment ";
/// What `unblink.toml` says about one tenant.
pub(super) const TERMS: &str = "terms of tenant ";

/// Whether a file is made of a flag, of an environment variable or of what another file says, and is never kept.
pub fn is_override(name: &str) -> bool {
    name.starts_with(FLAG) || name.starts_with(ENVIRONMENT) || is_terms(name)
}

/// What such a file is made of, as a person wrote it: `--log`, `UNBLINK_LOG_LEVEL`.
pub fn source_of(name: &str) -> String {
    name.trim_start_matches(FLAG).trim_start_matches(ENVIRONMENT).to_owned()
}

/// Whether a file tells a tenant what `unblink.toml` says about it.
pub fn is_terms(name: &str) -> bool {
    name.starts_with(TERMS)
}

/// Where configuration comes from, so that it can be read again and again.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The file; whether it has to be there.
    main: PathBuf,
    is_asked_for: bool,
    is_usual: bool,
    /// Flags and the environment: they do not change while the program runs.
    overrides: Vec<ConfigFile>,
}

/// What lay there, not looked into.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Of the tenant `default`.
    pub files: Vec<ConfigFile>,
    /// Of the other tenants, by name.
    pub others: BTreeMap<String, Vec<ConfigFile>>,
    /// Where those lie.
    folders: BTreeMap<String, PathBuf>,
    /// About what could not be read, by tenant; of what belongs to none, under [`NOBODY`].
    pub complaints: BTreeMap<String, Vec<Diagnostic>>,
    /// About what cannot be read at the moment and was before, which serves meanwhile.
    pub gone: Vec<Diagnostic>,
}

/// Stands where a complaint concerns no tenant, only those who administer all of them.
pub const NOBODY: &str = "";

// === impl Inputs ===

impl Inputs {
    /// `env` is asked for `UNBLINK_*` names.
    pub fn new(asked: &Asked, env: impl Fn(&str) -> Option<String>, places: &Places) -> Inputs {
        let named = asked.config.clone().or_else(|| env("UNBLINK_CONFIG").map(PathBuf::from));
        let said = schema::KEYS.iter().filter_map(|key| {
            let variable = variable(key);
            let value = env(&variable)?;
            Some(one_line(format!("{ENVIRONMENT}{variable}"), key.section, key.name, &value))
        });
        let flags = asked.flags.iter();
        let flags = flags.map(|flag| one_line(format!("{FLAG}{}", flag.flag), flag.section, flag.key, &flag.value));
        Inputs {
            is_asked_for: named.is_some(),
            is_usual: named.as_ref().is_none_or(|named| *named == places.config),
            main: named.unwrap_or_else(|| places.config.clone()),
            overrides: said.chain(flags).collect(),
        }
    }

    /// The file `unblink.toml`, or whatever it is called.
    pub fn main(&self) -> &Path {
        &self.main
    }

    /// The file, where it is not the one of the mode.
    pub fn unusual(&self) -> Option<&Path> {
        (!self.is_usual).then_some(&self.main)
    }

    /// The folders of boards and of charts beside it.
    pub fn folders(&self) -> [PathBuf; 2] {
        folders_in(self.main.parent().unwrap_or(Path::new("")))
    }

    /// The folder of the other tenants beside it.
    pub fn tenants(&self) -> PathBuf {
        self.main.parent().unwrap_or(Path::new("")).join(TENANTS_FOLDER)
    }

    /// What flags and the environment say.
    pub fn overrides(&self) -> &[ConfigFile] {
        &self.overrides
    }

    /// Reads everything once, capped. Fails where the main file cannot be read, without which the rest means nothing.
    pub fn gather(&self) -> Result<Gathered, Diagnostic> {
        let main = read_file(&self.main, FileKind::Settings)?;
        // No configuration at all is useful.
        if main.is_none() && self.is_asked_for {
            let remedy = "check the path, or leave it out for the defaults";
            return Err(whole_file(&self.main, "the file does not exist".to_owned(), remedy));
        }
        let mut files: Vec<ConfigFile> = main.into_iter().chain(self.overrides.iter().cloned()).collect();
        let mut complaints = Vec::new();
        shown_files(&self.folders(), &mut files, &mut complaints);
        let mut gathered = Gathered { files, ..Gathered::default() };
        gathered.complain(TENANT_DEFAULT, complaints);
        others::read(&self.tenants(), &mut gathered);
        Ok(gathered)
    }
}

/// The folders of boards and of charts of a tenant.
pub fn folders_in(folder: &Path) -> [PathBuf; 2] {
    [BOARDS_FOLDER, CHARTS_FOLDER].map(|name| folder.join(name))
}

/// The files of both.
fn shown_files([boards, charts]: &[PathBuf; 2], files: &mut Vec<ConfigFile>, complaints: &mut Vec<Diagnostic>) {
    board_files(boards, FileKind::Board, files, complaints);
    board_files(charts, FileKind::Chart, files, complaints);
}

/// Reads and parses everything; `env` is asked for `UNBLINK_*` names.
pub fn load(asked: &Asked, env: impl Fn(&str) -> Option<String>, places: &Places) -> Result<Loaded, Vec<Diagnostic>> {
    let mut gathered = Inputs::new(asked, &env, places).gather().map_err(|complaint| vec![complaint])?;
    let (main, complaints) = whole(gathered.files.clone(), &env);
    gathered.complain(TENANT_DEFAULT, complaints);
    let Some(mut main) = main else { return Err(gathered.all_complaints()) };
    gathered.settle(&main.settings);
    for (name, files) in by_tenant(&[], &gathered.others, &main.settings) {
        if name != TENANT_DEFAULT {
            let (loaded, complaints) = whole(files, &env);
            gathered.complain(&name, complaints);
            main.others.extend(loaded.map(|loaded| (name, loaded)));
        }
    }
    let complaints = gathered.all_complaints();
    if complaints.is_empty() {
        let elsewhere = unknown_boards_elsewhere(&main);
        return if elsewhere.is_empty() { Ok(main) } else { Err(elsewhere) };
    }
    Err(complaints)
}

/// One tenant's files, read and parsed with everything that is wrong, wherever it stands.
fn whole(files: Vec<ConfigFile>, env: impl Fn(&str) -> Option<String>) -> (Option<Loaded>, Vec<Diagnostic>) {
    let whole = secrets::with_those_named(&files, &env);
    match understand(&whole) {
        Ok((settings, boards)) => {
            let mut missing = missing_among(&whole);
            missing.extend(admin::troubles(&whole, settings.admin_port.as_ref(), env, admin::Reader::Anybody));
            (Some(Loaded { files, settings, boards, others: BTreeMap::new() }), missing)
        }
        Err(found) => (None, found),
    }
}

/// Boards of other tenants that a device is to show and that are not there.
fn unknown_boards_elsewhere(main: &Loaded) -> Vec<Diagnostic> {
    let settings = main.files.iter().filter(|file| file.kind == FileKind::Settings);
    let documents = settings.filter_map(|file| Document::new(&file.name, &file.bytes).ok());
    let boards = |tenant: &str| main.others.get(tenant).map(|loaded| &loaded.boards);
    documents.flat_map(|document| terminal::unknown_boards_elsewhere(&document, &boards)).collect()
}

// === impl Loaded ===

impl Loaded {
    /// The names of all files of all tenants, without what only one file says to another.
    pub fn names(&self) -> Vec<&str> {
        let files = self.files.iter().chain(self.others.values().flat_map(|loaded| &loaded.files));
        files.map(|file| file.name.as_str()).filter(|name| !is_terms(name)).collect()
    }
}

/// Whether a file is one of those that `load` reads as boards and charts.
pub fn is_board(path: &Path) -> bool {
    lies_in(path, BOARDS_FOLDER) || lies_in(path, CHARTS_FOLDER)
}

fn lies_in(path: &Path, folder: &str) -> bool {
    let absolute = std::path::absolute(path);
    absolute.is_ok_and(|path| path.parent().and_then(Path::file_name).is_some_and(|name| name == folder))
}

/// Reads and parses one board or chart alone, whatever lies beside it but for the templates that charts name.
pub fn load_board(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let is_chart = lies_in(path, CHARTS_FOLDER);
    if is_chart && !has_extension(path, "toml") {
        let remedy = "check the chart that names it, which says what its parameters are";
        return Err(vec![whole_file(path, "this is a template and no chart".to_owned(), remedy)]);
    }
    let kind = if is_chart { FileKind::Chart } else { FileKind::Board };
    let file = read_file(path, kind).map_err(|complaint| vec![complaint])?;
    let file = file.ok_or_else(|| vec![whole_file(path, "the file does not exist".to_owned(), "check the path")])?;
    let mut files = vec![file];
    if is_chart {
        let mut complaints = Vec::new();
        let mut beside = Vec::new();
        board_files(path.parent().unwrap_or(Path::new("")), kind, &mut beside, &mut complaints);
        files.extend(beside.into_iter().filter(|file| !super::is_chart(file)));
    }
    let (settings, boards) = understand(&files)?;
    Ok(Loaded { files, settings, boards, others: BTreeMap::new() })
}

/// Complaints about files that sources name and that are not there, where all else is right.
pub fn missing_files(files: &[ConfigFile]) -> Vec<Diagnostic> {
    missing_among(&secrets::for_worker(files))
}

fn missing_among(files: &[ConfigFile]) -> Vec<Diagnostic> {
    let secrets = Secrets::of(files);
    let settings = files.iter().filter(|file| file.kind == FileKind::Settings);
    let documents = settings.filter_map(|file| Document::new(&file.name, &file.bytes).ok());
    documents.flat_map(|document| secrets::missing_files(&document, &secrets)).collect()
}

/// Whether a file is named so, and not what an editor leaves beside one it writes, which begins with a dot or ends
/// otherwise.
fn has_extension(path: &Path, extension: &str) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_hidden && path.extension().is_some_and(|known| known == extension)
}

/// The boards or charts of this folder, in the order of their names, after the files there are. There may be none.
fn board_files(folder: &Path, kind: FileKind, files: &mut Vec<ConfigFile>, complaints: &mut Vec<Diagnostic>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        Err(error) => {
            let message = format!("cannot list: {error}");
            return complaints.push(whole_file(folder, message, "make it readable for the daemon's user"));
        }
    };
    let is_board =
        |path: &PathBuf| has_extension(path, "toml") || kind == FileKind::Chart && has_extension(path, "tmpl");
    let paths = entries.take(ENTRIES_MAX).filter_map(|entry| Some(entry.ok()?.path())).filter(is_board);
    let mut paths: Vec<PathBuf> = paths.collect();
    paths.sort();
    let boards = files.iter().filter(|file| matches!(file.kind, FileKind::Board | FileKind::Chart)).count();
    let boards_max =
        limits::BOARDS_MAX.saturating_sub(boards).min(limits::CONFIG_FILES_MAX.saturating_sub(files.len()));
    if paths.len() > boards_max {
        let what = if kind == FileKind::Chart { "charts" } else { "boards" };
        let message = format!("there are {} {what}, at most {boards_max} are allowed", paths.len());
        complaints.push(whole_file(folder, message, "move some of them elsewhere"));
        paths.truncate(boards_max);
    }
    let mut bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    for path in paths {
        match read_file(&path, kind) {
            Ok(Some(file)) if bytes + file.bytes.len() > limits::CONFIG_BYTES_MAX => {
                let message = format!("with this file the boards are longer than {} bytes", limits::CONFIG_BYTES_MAX);
                return complaints.push(whole_file(&path, message, "move some of them elsewhere"));
            }
            Ok(file) => {
                bytes += file.as_ref().map_or(0, |file| file.bytes.len());
                files.extend(file);
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
}

/// Variables of the environment that look like settings of ours and are none: mistyped, most likely. They are no
/// reason not to start, since anybody may set them.
pub fn strange_variables(names: impl IntoIterator<Item = String>) -> Vec<Diagnostic> {
    let known: Vec<String> = schema::KEYS.iter().map(variable).chain(VARIABLES_BESIDE.map(str::to_owned)).collect();
    let mut strange: Vec<String> =
        names.into_iter().filter(|name| name.starts_with(PREFIX) && !known.contains(name)).collect();
    strange.sort();
    strange.truncate(STRANGE_MAX);
    let complain = |name: String| {
        let word = name.strip_prefix(PREFIX).unwrap_or(&name).to_lowercase();
        let words: Vec<String> = known.iter().map(|name| name[PREFIX.len()..].to_lowercase()).collect();
        let remedy = match nearest(&word, words.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {PREFIX}{}?", near.to_uppercase()),
            None => format!("the variables known are: {}", known.join(", ")),
        };
        let file = harmless(&format!("{ENVIRONMENT}{name}"));
        let message = "no setting has this name, so it does nothing".to_owned();
        Diagnostic { file, line: 0, column: 0, message, remedy, excerpt: String::new() }
    };
    strange.into_iter().map(complain).collect()
}

fn variable(key: &schema::Key) -> String {
    format!("{PREFIX}{}_{}", key.section, key.name).to_uppercase()
}

fn one_line(name: String, section: &str, key: &str, value: &str) -> ConfigFile {
    let value = toml::Value::from(value);
    ConfigFile { kind: FileKind::Settings, name, bytes: format!("[{section}]\n{key} = {value}\n").into_bytes() }
}

/// One regular file of bounded length; none when there is no such file.
fn read_file(path: &Path, kind: FileKind) -> Result<Option<ConfigFile>, Diagnostic> {
    // Without waiting: a pipe in the file's place must not hold up the start.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(whole_file(path, format!("cannot open: {error}"), "make it readable for the daemon's user"));
        }
    };
    let cannot_read = |error| whole_file(path, format!("cannot read: {error}"), "");
    let facts = file.metadata().map_err(cannot_read)?;
    if !facts.is_file() {
        return Err(whole_file(path, "this is not a regular file".to_owned(), "name a file"));
    }
    if leads_astray(path, &file, facts.mode()) {
        let message = "this leads out of its folder to a file that not everybody may read".to_owned();
        return Err(whole_file(path, message, "put a copy in its place: lines that are wrong are shown to others"));
    }
    let mut bytes = Vec::new();
    let cap = limits::CONFIG_FILE_BYTES_MAX;
    file.take(cap as u64 + 1).read_to_end(&mut bytes).map_err(cannot_read)?;
    if bytes.len() > cap {
        return Err(whole_file(path, format!("the file is longer than {cap} bytes"), "is it the right file?"));
    }
    Ok(Some(ConfigFile { kind, name: path.display().to_string(), bytes }))
}

/// Whether uid 0 would read for others what it alone may read, such as `/etc/shadow`: complaints show lines of a file.
fn leads_astray(path: &Path, file: &File, mode: u32) -> bool {
    if mode & 0o004 != 0 || !rustix::process::geteuid().is_root() {
        return false;
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let folder = folder.map(|folder| match folder.parent() {
        Some(above) if folder.ends_with(BOARDS_FOLDER) || folder.ends_with(CHARTS_FOLDER) => above.to_owned(),
        _ => folder,
    });
    let is = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    !matches!((folder, is), (Some(folder), Ok(is)) if is.starts_with(&folder))
}

pub(super) fn whole_file(path: &Path, message: String, remedy: &str) -> Diagnostic {
    let file = harmless(&path.display().to_string());
    Diagnostic { file, line: 0, column: 0, message, remedy: remedy.to_owned(), excerpt: String::new() }
}
