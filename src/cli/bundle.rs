//! `unblink support-bundle`: one archive for whoever is to find out what is wrong, and a list of what is in it.
//!
//! Invariant: the configuration goes in without anything that may be a secret; what cannot be had is told in the list, and
//! the rest goes in all the same. The archive is for its owner alone, never takes the place of a file, and is bounded.

mod logs;
mod redact;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use tar::{Builder, EntryType, Header};

use super::args::{Doctor, SupportBundle};
use super::failure::Failure;
use super::{doctor, listing, output, places, version};
use crate::admin::client;
use crate::base::limits;
use crate::config::{self, Asked, Inputs};
use crate::label::Label;
use crate::runtime;
use crate::sys::clock;

/// What is asked of the daemon, and as what it goes in.
const PAGES: &[(&str, &str, &str)] = &[
    ("status.json", "/api/v1/status", "what `unblink status --json` says"),
    ("metrics.txt", "/metrics", "what Prometheus scrapes"),
    ("tasks.txt", "/debug/pprof/tasks?debug=2", "every task, thread and process, and what each thread is in"),
    ("captures.json", "/debug/pprof/captures?format=json", "profiles that the daemon keeps"),
    ("last-ten-minutes.svg", "/debug/pprof/flamegraph?last=600", "where the processor was in the last ten minutes"),
    ("heap.svg", "/debug/pprof/heap?format=flamegraph", "who holds memory"),
];

/// In the place of a complaint.
pub const UNQUOTED: &str = "it is wrong, or cannot be read; `unblink check` says where";

/// Why something is not in it, in a person's words.
type Lacking = String;

/// The archive while it is written.
struct Bundle {
    archive: Builder<GzEncoder<File>>,
    /// The folder that everything lies in.
    name: String,
    made: u64,
    contents: String,
}

pub fn run(asked: &SupportBundle) -> Result<(), Failure> {
    let now = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default();
    let name = format!("unblink-support-{}", now.strftime("%Y%m%d-%H%M%S"));
    let path = asked.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    let failed = |error: io::Error| Failure::runtime(format!("cannot write {}: {error}", path.display()));
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    let written = Bundle::new(file, name, now).fill(asked).map_err(failed);
    let contents = written.inspect_err(|_| {
        // Half of one is of no use; that it cannot be taken away is no news then.
        let _ = std::fs::remove_file(&path);
    })?;
    output::write(format!("{contents}\n{}\n", path.display()).as_bytes())
}

// === impl Bundle ===

impl Bundle {
    fn new(file: File, name: String, now: Timestamp) -> Bundle {
        let archive = Builder::new(GzEncoder::new(file, Compression::default()));
        let contents = format!("What is in it, made at {} by {}:\n", now.strftime("%FT%TZ"), version::LINE.trim());
        Bundle { archive, name, made: u64::try_from(now.as_second()).unwrap_or(0), contents }
    }

    /// Puts everything in. Gives the list of it.
    fn fill(mut self, asked: &SupportBundle) -> io::Result<String> {
        self.ask(asked.admin_socket.clone())?;
        let doctor = Doctor { config: asked.config.clone(), admin_socket: asked.admin_socket.clone(), json: false };
        let report = doctor::report(&doctor).map(String::into_bytes).map_err(|failure| failure.words());
        self.put("doctor.txt", "what `unblink doctor` finds", report)?;
        let places = places::own();
        let asked = Asked { config: asked.config.clone(), flags: Vec::new() };
        let inputs = Inputs::new(&asked, places::environment, &places);
        self.configuration(&inputs)?;
        let loaded = config::load(&asked, places::environment, &places).ok();
        let files = loaded.and_then(|loaded| loaded.settings.log.files).or_else(|| places.logs.clone());
        for (name, what, text) in logs::newest(files.as_deref()) {
            self.put(&name, &what, text)?;
        }
        let contents = self.contents.clone();
        self.add("contents.txt", contents.as_bytes())?;
        self.archive.into_inner()?.finish()?.flush()?;
        Ok(contents)
    }

    /// What the daemon says.
    fn ask(&mut self, socket: Option<PathBuf>) -> io::Result<()> {
        for (name, page, what) in PAGES {
            let answer = listing::first_answer(socket.clone(), |path| runtime::block_on(client::get(page, path)));
            let body = match answer {
                Ok((_, answer)) if answer.code == 200 => Ok(answer.body.to_vec()),
                Ok((_, answer)) => {
                    Err(format!("HTTP {}: {}", answer.code, Label::decode(answer.body.trim_ascii_end()).label))
                }
                Err(failure) => Err(failure.words()),
            };
            self.put(name, what, body)?;
        }
        Ok(())
    }

    /// Every file of it, without what may be a secret.
    fn configuration(&mut self, inputs: &Inputs) -> io::Result<()> {
        let gathered = match inputs.gather() {
            Ok(gathered) => gathered,
            // It may quote what is written there.
            Err(_) => return self.put("configuration", "all of it", Err(UNQUOTED.to_owned())),
        };
        let folder = inputs.main().parent().unwrap_or(Path::new(""));
        for file in gathered.files.iter().chain(gathered.others.values().flatten()) {
            let shown = Path::new(&file.name);
            let within = shown.strip_prefix(folder).unwrap_or(shown).display().to_string();
            let name = format!("configuration/{}", within.trim_start_matches('/').replace("..", "_"));
            self.put(&name, "without comments, and without what may be a secret", redact::file(file))?;
        }
        Ok(())
    }

    /// One file of it, or why it is not there.
    fn put(&mut self, name: &str, what: &str, content: Result<Vec<u8>, Lacking>) -> io::Result<()> {
        let told = match content {
            Ok(mut content) => {
                let is_cut = content.len() > limits::BUNDLE_MEMBER_BYTES_MAX;
                content.truncate(limits::BUNDLE_MEMBER_BYTES_MAX);
                self.add(name, &content)?;
                if is_cut { format!("{what} (its beginning)") } else { what.to_owned() }
            }
            Err(why) => format!("NOT THERE ({what}): {}", Label::plain(why.lines().next().unwrap_or(&why))),
        };
        self.contents.push_str(&format!("  {}  {told}\n", Label::plain(name)));
        Ok(())
    }

    fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.made);
        self.archive.append_data(&mut header, format!("{}/{name}", self.name), content)
    }
}
