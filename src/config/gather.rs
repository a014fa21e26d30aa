//! Reads what is configured, once: the file (capped), the environment, the flags.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Places, Settings, parse, schema};
use crate::base::{Diagnostic, limits};
use crate::wire::feed::ConfigFile;

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
    pub files: Vec<ConfigFile>,
    pub settings: Settings,
}

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
        Some(path) => files.push(read_file(path).map_err(|complaint| vec![complaint])?.ok_or_else(|| {
            vec![whole_file(
                path,
                "the file does not exist".to_owned(),
                "check the path, or leave it out for the defaults",
            )]
        })?),
        // No configuration at all is useful.
        None => files.extend(read_file(&places.config).map_err(|complaint| vec![complaint])?),
    }
    for key in schema::KEYS {
        let variable = format!("UNBLINK_{}_{}", key.section, key.name).to_uppercase();
        if let Some(value) = env(&variable) {
            files.push(one_line(format!("{ENVIRONMENT}{variable}"), key.section, key.name, &value));
        }
    }
    for flag in &asked.flags {
        files.push(one_line(format!("{FLAG}{}", flag.flag), flag.section, flag.key, &flag.value));
    }
    let settings = parse(&files)?;
    Ok(Loaded { files, settings })
}

fn one_line(name: String, section: &str, key: &str, value: &str) -> ConfigFile {
    let value = toml::Value::from(value);
    ConfigFile { name, bytes: format!("[{section}]\n{key} = {value}\n").into_bytes() }
}

/// One regular file of bounded length; none when there is no such file.
fn read_file(path: &Path) -> Result<Option<ConfigFile>, Diagnostic> {
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
    Ok(Some(ConfigFile { name: path.display().to_string(), bytes }))
}

fn whole_file(path: &Path, message: String, remedy: &str) -> Diagnostic {
    let file = super::document::harmless(&path.display().to_string());
    Diagnostic { file, line: 0, column: 0, message, remedy: remedy.to_owned(), excerpt: String::new() }
}
