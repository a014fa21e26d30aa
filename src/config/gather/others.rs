//! The files of tenants other than the default one: a folder for each, beside `unblink.toml`.
//!
//! Invariant: what is wrong with one tenant's files is no matter of another's, and all of them together are bounded.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{
    ENTRIES_MAX, Gathered, NOBODY, SOURCES_FILE, by_tenant, folders_in, missing_files, read_file, shown_files,
    whole_file,
};
use crate::base::{Diagnostic, limits};
use crate::config::admin::PortSettings;
use crate::config::{Settings, TENANT_DEFAULT, admin, parse, secrets, tenants};
use crate::wire::feed::{ConfigFile, FileKind};

/// The files in the folders of tenants. Which of them are tenants `unblink.toml` says, see [`Gathered::settle`].
pub fn read(folder: &Path, gathered: &mut Gathered) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        Err(error) => {
            let complaint =
                whole_file(folder, format!("cannot list: {error}"), "make it readable for the daemon's user");
            return gathered.complain(NOBODY, vec![complaint]);
        }
    };
    let folders = entries.take(ENTRIES_MAX).filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    let bytes_of = |files: &[ConfigFile]| files.iter().map(|file| file.bytes.len()).sum::<usize>();
    let (mut count, mut bytes) = (gathered.files.len(), bytes_of(&gathered.files));
    for folder in folders {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if !tenants::is_tenant_name(&name) || name == TENANT_DEFAULT {
            gathered.complain(NOBODY, vec![tenants::stray_folder(&folder, &name)]);
            continue;
        }
        let (mut files, mut complaints) = (Vec::new(), Vec::new());
        match read_file(&folder.join(SOURCES_FILE), FileKind::Settings) {
            Ok(file) => files.extend(file),
            Err(complaint) => complaints.push(complaint),
        }
        shown_files(&folders_in(&folder), &mut files, &mut complaints);
        let with_these = (count + files.len(), bytes + bytes_of(&files));
        if with_these.0 > limits::CONFIG_FILES_MAX || with_these.1 > limits::CONFIG_BYTES_MAX {
            let message = format!(
                "with this folder all tenants together have more than {} files or {} bytes",
                limits::CONFIG_FILES_MAX,
                limits::CONFIG_BYTES_MAX
            );
            gathered.complain(&name, vec![whole_file(&folder, message, "move some of them elsewhere")]);
            gathered.folders.insert(name.clone(), folder);
            gathered.others.insert(name, Vec::new());
            // Those after it may well fit.
            continue;
        }
        (count, bytes) = with_these;
        gathered.complain(&name, complaints);
        gathered.folders.insert(name.clone(), folder);
        gathered.others.insert(name, files);
    }
}

// === impl Gathered ===

impl Gathered {
    /// Notes what is wrong with files of a tenant.
    pub fn complain(&mut self, tenant: &str, complaints: Vec<Diagnostic>) {
        if !complaints.is_empty() {
            self.complaints.entry(tenant.to_owned()).or_default().extend(complaints);
        }
    }

    /// Of everybody, as an administrator sees them: those of the default tenant, which `unblink.toml` is of, go first.
    pub fn all_complaints(&self) -> Vec<Diagnostic> {
        let first = self.complaints.get(TENANT_DEFAULT);
        let others = self.complaints.iter().filter(|(name, _)| *name != TENANT_DEFAULT).map(|(_, list)| list);
        first.into_iter().chain(others).flatten().take(limits::DIAGNOSTICS_MAX).cloned().collect()
    }

    /// Settles it by the settings among the files, and looks for files that are named and not there, or that a
    /// start would refuse: all that can be complained of before a worker looks at it. The settings, where they are right. `port` is
    /// the one that is served already.
    pub fn settle_by_itself(&mut self, port: Option<&PortSettings>) -> Option<Settings> {
        let settings = parse(&secrets::for_worker(&self.files)).ok()?;
        self.settle(&settings);
        let found = admin::found(&self.files, settings.admin_port.as_ref(), port, secrets::environment);
        self.complain(TENANT_DEFAULT, found.wrong);
        self.gone = found.gone;
        for (name, files) in by_tenant(&self.files, &self.others, &settings) {
            // Where something else is wrong with them their worker says so.
            if name == TENANT_DEFAULT || parse(&secrets::for_worker(&files)).is_ok() {
                self.complain(&name, missing_files(&files));
            }
        }
        Some(settings)
    }

    /// Now that it is known who is a tenant: one without a folder has no files, and a folder that belongs to none is
    /// complained of and left alone.
    pub fn settle(&mut self, settings: &Settings) {
        let named = |name: &String| settings.tenants.contains_key(name);
        let mut strays = Vec::new();
        for (name, folder) in &self.folders {
            if !named(name) {
                strays.push(tenants::stray_folder(folder, name));
                self.complaints.remove(name);
            }
        }
        self.others.retain(|name, _| named(name));
        self.complain(NOBODY, strays);
        for name in settings.tenants.keys().filter(|name| *name != TENANT_DEFAULT) {
            self.others.entry(name.clone()).or_default();
        }
    }
}
