//! The newest of what the daemon logged.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::base::limits;

/// Files of this many days.
const FILES: usize = 2;
const JOURNAL_LINES: &str = "5000";

/// What of it is there: names, what they are, and the text or why there is none.
pub fn newest(folder: Option<&Path>) -> Vec<(String, String, Result<Vec<u8>, String>)> {
    let mut found = Vec::new();
    if let Some(folder) = folder {
        let (files, why) = match files(folder) {
            Ok(files) => (files, "there are no files in it yet".to_owned()),
            Err(error) => (Vec::new(), error.to_string()),
        };
        if files.is_empty() {
            let what = format!("the log in {}", folder.display());
            found.push(("log".to_owned(), what, Err(why)));
        }
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((format!("log/{name}"), "the end of a day's log".to_owned(), end(&path)));
        }
    }
    found.push(("log/journal.txt".to_owned(), format!("the last {JOURNAL_LINES} lines of the journal"), journal()));
    found
}

/// The newest ones; their names have the day.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("unblink.") && name.ends_with(".log") && path.is_file()
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_ours).collect();
    files.sort();
    Ok(files.split_off(files.len().saturating_sub(FILES)))
}

fn end(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let mut file = File::open(path)?;
        let room = limits::BUNDLE_MEMBER_BYTES_MAX as u64;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(room)))?;
        let mut text = Vec::new();
        file.take(room).read_to_end(&mut text)?;
        Ok(text)
    };
    read().map_err(|error: std::io::Error| error.to_string())
}

/// Of the service, whichever of its units; and of what ran in this user's session.
fn journal() -> Result<Vec<u8>, String> {
    let mut command = Command::new("journalctl");
    command.args([
        "--no-pager",
        "--quiet",
        "--output=short-iso-precise",
        "--lines",
        JOURNAL_LINES,
        "SYSLOG_IDENTIFIER=unblink",
    ]);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("journalctl: {error}"))?;
    match (output.status.success(), output.stdout.is_empty()) {
        (true, false) => Ok(output.stdout),
        (true, true) => Err("the journal has nothing of it".to_owned()),
        (false, _) => Err(format!("journalctl: {}", String::from_utf8_lossy(&output.stderr))),
    }
}
