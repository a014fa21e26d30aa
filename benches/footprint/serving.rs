//! A daemon of a bench's own, in a folder that goes with it, and where a bench leaves its results.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use unblink::runtime;

/// What the daemon logs once its worker can draw.
const READY: &str = "worker draws";

/// A daemon that serves what lies in `folder`, once its worker draws.
pub fn start(folder: &Path) -> Child {
    let config = folder.join("unblink.toml");
    fs::write(&config, "").expect("the folder takes files");
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
    command.arg("serve").arg("--config").arg(&config);
    command.arg("--socket").arg(folder.join("attach.sock"));
    command.arg("--admin-socket").arg(folder.join("admin.sock"));
    command.args(["--log", "info"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env("XDG_STATE_HOME", folder).env("XDG_RUNTIME_DIR", folder).env("STATE_DIRECTORY", folder);
    let mut root = command.spawn().expect("the daemon starts");
    let mut log = BufReader::new(root.stderr.take().expect("it is piped")).lines();
    let told: Vec<String> = log.by_ref().map_while(Result::ok).take_while(|line| !line.contains(READY)).collect();
    assert!(!workers(&root).is_empty(), "it has no worker and says {told:#?}");
    // Later lines are nobody's; a full pipe would stop the daemon.
    runtime::spawn_thread("log", move || log.map_while(Result::ok).for_each(drop)).expect("a thread");
    root
}

/// Its workers, the oldest first; a spare one comes within a second or two.
pub fn workers(root: &Child) -> Vec<u32> {
    let pid = root.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Leaves a report there, where one is wanted.
pub fn keep(report: &str, path: Option<&PathBuf>) {
    let Some(path) = path else { return };
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, report));
    written.expect("the report can be written");
}
