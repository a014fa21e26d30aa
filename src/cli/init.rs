//! `unblink init`: a configuration to begin with, in files that explain themselves.
//!
//! Invariant: nothing that is there is changed: either all files are new, or none is written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::Init;
use super::failure::Failure;
use super::{output, places};

/// Paths within the folder, and what is written there.
const FILES: [(&str, &str); 3] = [
    ("unblink.toml", include_str!("init/unblink.toml")),
    ("boards.d/example.toml", include_str!("init/example.toml")),
    // It wants a database: so called, nothing reads it.
    ("charts.d/latency.toml.example", include_str!("init/latency.toml")),
];

pub fn run(init: &Init) -> Result<(), Failure> {
    let own = places::own().config;
    let folder = match &init.folder {
        Some(folder) => folder.clone(),
        None => own.parent().map(Path::to_path_buf).unwrap_or_default(),
    };
    let paths: Vec<PathBuf> = FILES.iter().map(|(name, _)| folder.join(name)).collect();
    let there: Vec<String> = paths
        .iter()
        // A link that leads nowhere is there too.
        .filter(|path| fs::symlink_metadata(path).is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        return Err(Failure::runtime(format!(
            "there is {} already, nothing was written; name another folder: unblink init DIR",
            there.join(" and ")
        )));
    }
    for (path, (_, text)) in paths.iter().zip(FILES) {
        write(path, text).map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))?;
    }
    let is_own = paths.first() == Some(&own);
    let named = if is_own { String::new() } else { format!(" --config {}", paths[0].display()) };
    let lines: String = paths.iter().map(|path| format!("wrote {}\n", path.display())).collect();
    let next = format!("next: unblink snapshot example{named}\n      unblink serve{named}\n");
    output::write((lines + &next).as_bytes())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
