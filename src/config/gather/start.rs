//! What a daemon can start with: everything that is sound of what lies in the files.
//!
//! Invariant: wrong boards, and whatever is wrong with another tenant than the default one, are no reason not to start;
//! wrong settings in `unblink.toml` are.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Gathered, Inputs, by_tenant, is_board, is_terms, missing_files};
use crate::base::{Diagnostic, limits};
use crate::config::{Settings, TENANT_DEFAULT, admin, secrets, understand};
use crate::wire::feed::{ConfigFile, FileKind};

/// What a daemon can start with.
#[derive(Clone, Debug)]
pub struct Start {
    /// With every complaint there is; none where all is well.
    pub gathered: Gathered,
    pub settings: Settings,
    /// Those of them that reading finds by itself, each time.
    pub on_reading: Vec<Diagnostic>,
    /// What every tenant's worker can get, without what is wrong.
    pub sound: BTreeMap<String, Vec<ConfigFile>>,
}

// === impl Inputs ===

impl Inputs {
    /// Reads and parses everything for a start: only wrong settings are a reason not to, with every complaint there is.
    pub fn start(&self) -> Result<Start, Vec<Diagnostic>> {
        let mut gathered = self.gather().map_err(|complaint| vec![complaint])?;
        let mut as_read = gathered.clone();
        as_read.settle_by_itself(None);
        let on_reading = as_read.all_complaints();
        let mut complaints = gathered.complaints.remove(TENANT_DEFAULT).unwrap_or_default();
        let (main, settings) = sound_main(leave_out(gathered.files.clone(), &complaints), &mut complaints)?;
        gathered.settle(&settings);
        complaints.truncate(limits::DIAGNOSTICS_MAX);
        gathered.complain(TENANT_DEFAULT, complaints);
        let mut sound = by_tenant(&main, &gathered.others, &settings);
        for (name, files) in sound.iter_mut().filter(|(name, _)| *name != TENANT_DEFAULT) {
            let mut complaints = gathered.complaints.remove(name).unwrap_or_default();
            *files = sound_other(leave_out(std::mem::take(files), &complaints), &mut complaints);
            complaints.truncate(limits::DIAGNOSTICS_MAX);
            gathered.complain(name, complaints);
        }
        Ok(Start { gathered, settings, on_reading, sound })
    }
}

/// The default tenant's files without the boards that are wrong; every complaint where that is not enough.
fn sound_main(
    mut sound: Vec<ConfigFile>,
    complaints: &mut Vec<Diagnostic>,
) -> Result<(Vec<ConfigFile>, Settings), Vec<Diagnostic>> {
    loop {
        let found = match understand(&secrets::for_worker(&sound)) {
            Ok((settings, _)) => {
                let mut missing = missing_files(&sound);
                let port = settings.admin_port.as_ref();
                missing.extend(admin::troubles(&sound, port, secrets::environment, admin::Reader::Daemon));
                return if missing.is_empty() { Ok((sound, settings)) } else { Err(missing) };
            }
            Err(found) => found,
        };
        let before = boards(&sound);
        sound = leave_out(sound, &found);
        let is_of_settings = |complaint: &Diagnostic| {
            sound.iter().any(|file| file.kind == FileKind::Settings && file.name == complaint.file)
        };
        let is_hopeless = found.iter().any(is_of_settings) || boards(&sound) == before;
        complaints.extend(found);
        if is_hopeless {
            complaints.truncate(limits::DIAGNOSTICS_MAX);
            return Err(std::mem::take(complaints));
        }
    }
}

/// Another tenant's files without whatever is wrong: its boards, and where need be its sources.
fn sound_other(mut sound: Vec<ConfigFile>, complaints: &mut Vec<Diagnostic>) -> Vec<ConfigFile> {
    loop {
        let found = match understand(&secrets::for_worker(&sound)) {
            Ok(_) => {
                // A file that is not there makes a source fail, which its panels say.
                complaints.extend(missing_files(&sound));
                return sound;
            }
            Err(found) => found,
        };
        let before = (sound.len(), boards(&sound));
        sound = leave_out(sound, &found);
        let is_wrong = |file: &ConfigFile| found.iter().any(|complaint| complaint.file == file.name);
        sound.retain(|file| file.kind != FileKind::Settings || is_terms(&file.name) || !is_wrong(file));
        complaints.extend(found);
        if (sound.len(), boards(&sound)) == before {
            // Nobody knows what it is about: the boards that come with the program are right.
            sound.retain(|file| is_terms(&file.name));
            return sound;
        }
    }
}

fn boards(files: &[ConfigFile]) -> usize {
    files.iter().filter(|file| matches!(file.kind, FileKind::Board | FileKind::Chart)).count()
}

/// The files with nothing in the place of boards that something is wrong with.
fn leave_out(mut files: Vec<ConfigFile>, complaints: &[Diagnostic]) -> Vec<ConfigFile> {
    for complaint in complaints.iter().filter(|complaint| is_board(Path::new(&complaint.file))) {
        let left_out = ConfigFile { kind: FileKind::LeftOut, name: complaint.file.clone(), bytes: Vec::new() };
        match files.iter_mut().find(|file| file.name == complaint.file) {
            Some(file) => *file = left_out,
            None => files.push(left_out),
        }
    }
    files
}
