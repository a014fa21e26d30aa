//! Reads what is configured, once: the file (capped), the environment, the flags.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::secrets::{self, Secrets};
use super::{Places, Settings, schema, understand};
use crate::base::{Diagnostic, limits};
use crate::notation::{Document, harmless, nearest};
use crate::scene::Boards;
use crate::wire::feed::{ConfigFile, FileKind};

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
    /// What variables stand for that the files name, for workers and for nothing that is kept: see
    /// [`gather_secrets`](super::gather_secrets).
    pub secrets: Option<ConfigFile>,
    pub settings: Settings,
    pub boards: Boards,
}

/// What every variable of ours begins with.
const PREFIX: &str = "UNBLINK_";
/// Variables that are no settings: which file to read, and what a build was made of.
const VARIABLES_BESIDE: [&str; 2] = ["UNBLINK_CONFIG", "UNBLINK_BUILD_ID"];
/// Strange variables told of at once.
const STRANGE_MAX: usize = 16;

/// Lies beside `unblink.toml`.
const BOARDS_FOLDER: &str = "boards.d";

const FLAG: &str = "flag ";
const ENVIRONMENT: &str = "environment ";

/// Whether a file is one line made of a flag or of an environment variable.
pub fn is_override(name: &str) -> bool {
    name.starts_with(FLAG) || name.starts_with(ENVIRONMENT)
}

/// Reads and parses everything; `env` is asked for `UNBLINK_*` names.
pub fn load(asked: &Asked, env: impl Fn(&str) -> Option<String>, places: &Places) -> Result<Loaded, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let named = asked.config.clone().or_else(|| env("UNBLINK_CONFIG").map(PathBuf::from));
    match &named {
        Some(path) => {
            files.push(read_file(path, FileKind::Settings).map_err(|complaint| vec![complaint])?.ok_or_else(|| {
                vec![whole_file(
                    path,
                    "the file does not exist".to_owned(),
                    "check the path, or leave it out for the defaults",
                )]
            })?)
        }
        // No configuration at all is useful.
        None => files.extend(read_file(&places.config, FileKind::Settings).map_err(|complaint| vec![complaint])?),
    }
    for key in schema::KEYS {
        let variable = variable(key);
        if let Some(value) = env(&variable) {
            files.push(one_line(format!("{ENVIRONMENT}{variable}"), key.section, key.name, &value));
        }
    }
    for flag in &asked.flags {
        files.push(one_line(format!("{FLAG}{}", flag.flag), flag.section, flag.key, &flag.value));
    }
    let mut complaints = Vec::new();
    let main = named.as_ref().unwrap_or(&places.config);
    files.extend(board_files(main, &mut complaints));
    // Everything that is wrong, wherever it stands.
    let secrets = secrets::gather(&files, env);
    match understand(files.iter().chain(&secrets).cloned().collect::<Vec<_>>().as_slice()) {
        Ok((settings, boards)) if complaints.is_empty() => {
            let missing = missing_files(&files, &secrets);
            if missing.is_empty() { Ok(Loaded { files, secrets, settings, boards }) } else { Err(missing) }
        }
        Ok(_) => Err(complaints),
        Err(found) => {
            complaints.extend(found);
            complaints.truncate(limits::DIAGNOSTICS_MAX);
            Err(complaints)
        }
    }
}

/// Whether a file is one of those that `load` reads as boards.
pub fn is_board(path: &Path) -> bool {
    let absolute = std::path::absolute(path);
    absolute.is_ok_and(|path| path.parent().and_then(Path::file_name).is_some_and(|folder| folder == BOARDS_FOLDER))
}

/// Reads and parses one board alone, whatever lies beside it.
pub fn load_board(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let file = read_file(path, FileKind::Board).map_err(|complaint| vec![complaint])?;
    let file = file.ok_or_else(|| vec![whole_file(path, "the file does not exist".to_owned(), "check the path")])?;
    let files = vec![file];
    let (settings, boards) = understand(&files)?;
    Ok(Loaded { files, secrets: None, settings, boards })
}

/// What the file of these places says of a daemon, for somebody who looks for it from outside: variables that its
/// sources name are set in the daemon's environment, not here. None where there is no such file or it is wrong.
pub fn load_from_outside(places: &Places) -> Option<Settings> {
    let files = [read_file(&places.config, FileKind::Settings).ok()??];
    super::parse_with(&files, Secrets::blind()).ok()
}

/// Complaints about files that sources name and that are not there.
fn missing_files(files: &[ConfigFile], secrets: &Option<ConfigFile>) -> Vec<Diagnostic> {
    let secrets = Secrets::of(secrets.as_slice());
    let settings = files.iter().filter(|file| file.kind == FileKind::Settings);
    let documents = settings.filter_map(|file| Document::new(&file.name, &file.bytes).ok());
    documents.flat_map(|document| secrets::missing_files(&document, &secrets)).collect()
}

/// The boards beside a configuration file, in the order of their names. There may be none.
fn board_files(main: &Path, complaints: &mut Vec<Diagnostic>) -> Vec<ConfigFile> {
    let folder = main.parent().unwrap_or(Path::new("")).join(BOARDS_FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let message = format!("cannot list: {error}");
            complaints.push(whole_file(&folder, message, "make it readable for the daemon's user"));
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // What an editor leaves beside a file it writes begins with a dot, or ends otherwise.
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && !is_hidden(path));
    paths.sort();
    if paths.len() > limits::BOARDS_MAX {
        let message = format!("there are {} boards, at most {} are allowed", paths.len(), limits::BOARDS_MAX);
        complaints.push(whole_file(&folder, message, "move some of them elsewhere"));
        paths.truncate(limits::BOARDS_MAX);
    }
    let mut files = Vec::new();
    for path in paths {
        match read_file(&path, FileKind::Board) {
            Ok(file) => files.extend(file),
            Err(complaint) => complaints.push(complaint),
        }
    }
    files
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
    if !file.metadata().map_err(cannot_read)?.is_file() {
        return Err(whole_file(path, "this is not a regular file".to_owned(), "name a file"));
    }
    let mut bytes = Vec::new();
    let cap = limits::CONFIG_FILE_BYTES_MAX;
    file.take(cap as u64 + 1).read_to_end(&mut bytes).map_err(cannot_read)?;
    if bytes.len() > cap {
        return Err(whole_file(path, format!("the file is longer than {cap} bytes"), "is it the right file?"));
    }
    Ok(Some(ConfigFile { kind, name: path.display().to_string(), bytes }))
}

fn whole_file(path: &Path, message: String, remedy: &str) -> Diagnostic {
    let file = harmless(&path.display().to_string());
    Diagnostic { file, line: 0, column: 0, message, remedy: remedy.to_owned(), excerpt: String::new() }
}
