//! The project's own sources, read from the disk and parsed once.
//!
//! Invariant: nothing under `target/` or a hidden folder is read, and paths are relative to the
//! package with `/` between their parts. What the sources mean is decided by the rules.

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust source file.
pub struct SourceFile {
    /// Relative to the package, for example `src/frame/grid.rs`.
    pub path: String,
    pub text: String,
    pub ast: syn::File,
}

// === impl SourceFile ===

impl SourceFile {
    /// A file that need not exist: the rules' own tests plant violations this way.
    pub fn parse(path: &str, text: &str) -> SourceFile {
        let ast = syn::parse_file(text).unwrap_or_else(|error| {
            let start = error.span().start();
            panic!("{path}:{}:{}: not Rust: {error}", start.line, start.column + 1)
        });
        SourceFile { path: path.to_owned(), text: text.to_owned(), ast }
    }

    /// The module path within its crate: empty for a crate's root.
    pub fn module(&self) -> Vec<String> {
        let Some(inner) = self.path.strip_prefix("src/") else { return Vec::new() };
        let inner = inner.strip_suffix(".rs").expect("only .rs files are read");
        match inner {
            "lib" | "main" => Vec::new(),
            _ => inner.split('/').map(str::to_owned).collect(),
        }
    }

    /// Whether the whole file is test code: outside `src/`, or a `tests` module.
    pub fn is_test(&self) -> bool {
        !self.path.starts_with("src/") || self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }
}

/// Where the package stands.
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` whose names end in one of `endings`, sorted; none when it does not exist.
pub fn below(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    collect(&package().join(folder), endings, &mut found);
    found.sort();
    found
}

/// Every Rust source below the folders.
pub fn rust(folders: &[&str]) -> Vec<SourceFile> {
    let paths: Vec<String> = folders.iter().flat_map(|folder| below(folder, &[".rs"])).collect();
    assert!(!paths.is_empty(), "no sources under {folders:?}: the rule would pass by checking nothing");
    paths.iter().map(|path| SourceFile::parse(path, &text(path))).collect()
}

/// The text of one file of the package.
pub fn text(path: &str) -> String {
    fs::read_to_string(package().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path: PathBuf = entry.expect("a folder of the package can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("names in the package are UTF-8");
        if path.is_dir() {
            if name != "target" && (!name.starts_with('.') || name == ".ci" || name == ".cargo") {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let relative = path.strip_prefix(package()).expect("the walk started inside the package");
            found.push(relative.to_str().expect("names in the package are UTF-8").to_owned());
        }
    }
}
