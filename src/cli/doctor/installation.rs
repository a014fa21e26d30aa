//! The configuration, the daemon and its sockets, the rights of this user, and the devices that are drawn on.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags, access};
use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::admin::client;
use crate::admin::status::Status;
use crate::base::{BUILD_ID, limits};
use crate::cli::failure::Failure;
use crate::cli::places::{self, Door, Sockets};
use crate::cli::reader::DAEMON_USER;
use crate::config::{self, Asked, Loaded, Mode, Places, Principal, Settings, TenantSettings, TerminalSettings};
use crate::notation::counted;
use crate::runtime;
use crate::sys::host;

/// Viewers worth having room for.
const VIEWERS_WANTED: u64 = 512;

/// What is configured, or nothing where that is wrong.
pub fn configuration(config: Option<PathBuf>) -> (Loaded, Vec<Finding>) {
    let name = super::CONFIGURATION;
    let places = places::own();
    let mut findings = Vec::new();
    let loaded = match config::load(&Asked { config, flags: Vec::new() }, places::environment, &places) {
        Ok(loaded) => {
            let names = loaded.names();
            findings.push(if names.is_empty() {
                Finding::ok(name, format!("none at {}, the defaults serve", places.config.display()))
            } else {
                Finding::ok(name, names.join(", "))
            });
            loaded
        }
        Err(complaints) => {
            let (first, more) = (complaints.first().map(ToString::to_string), complaints.len().saturating_sub(1));
            let first = first.unwrap_or_default();
            let first = first.lines().next().unwrap_or_default();
            let found = if more == 0 { first.to_owned() } else { format!("{first} (and {more} more)") };
            findings.push(Finding::bad(name, found, "`unblink check` shows each with its line and remedy"));
            Loaded::default()
        }
    };
    for strange in places::strange_variables() {
        findings.push(Finding::warn(&strange.file, strange.message, strange.remedy));
    }
    (loaded, findings)
}

/// Whether a daemon answers, and how it fares.
pub fn daemon(flag: Option<PathBuf>) -> Result<Vec<Finding>, Failure> {
    let name = "daemon";
    let Sockets { paths, refused } = places::sockets(Door::Admin, flag);
    let mut why: Vec<String> =
        refused.into_iter().map(|attempt| format!("{}: {}", attempt.path.display(), attempt.error)).collect();
    for path in paths {
        let asked = runtime::block_on(client::get("/api/v1/status", &path)).map_err(Failure::runtime)?;
        match asked {
            Ok(answer) if answer.code == 200 => return Ok(fares(&path.display().to_string(), &answer.body)),
            Ok(answer) => why.push(format!("{}: HTTP {}", path.display(), answer.code)),
            Err(error) => why.push(format!("{}: {error}", path.display())),
        }
    }
    let remedy = "start one with `unblink serve`; where one runs that you may not ask, have yourself put into the group \
                  unblink-admin and log in again";
    Ok(vec![Finding::warn(name, format!("none answers: {}", why.join("; ")), remedy)])
}

fn fares(path: &str, body: &[u8]) -> Vec<Finding> {
    let name = "daemon";
    let Ok(status) = serde_json::from_slice::<Status>(body) else {
        let remedy = "give both one version: restart the daemon, or call the program it was started from";
        return vec![Finding::warn(name, format!("{path} answers, and is not understood"), remedy)];
    };
    let root = &status.root;
    let found = format!("process {} at {path}, {}", root.pid, counted(status.sessions.len(), "viewer"));
    let mut findings = vec![if root.build == BUILD_ID {
        Finding::ok(name, found)
    } else {
        let found = format!("{found}; it is build {}, this is {BUILD_ID}", root.build);
        Finding::warn(name, found, "restart the daemon to run the build that is installed")
    }];
    for worker in &status.workers {
        let name = format!("worker {}", worker.tenant);
        let fault = worker.last_fault.as_ref().map_or(String::new(), |fault| format!("; last fault: {fault}"));
        let found = format!("{}, {} restarts{fault}", worker.state, worker.restarts);
        findings.push(match worker.state.as_str() {
            "ready" | "starting" => Finding::ok(&name, found),
            _ => Finding::bad(&name, found, "`unblink status` and the daemon's log say more"),
        });
    }
    findings
}

/// Kernel, limits, groups and folders.
pub fn rights(settings: &Settings) -> Vec<Finding> {
    let places = places::own();
    let mut all = vec![kernel(), descriptors(), groups(&places)];
    let sockets = [(&settings.attach, &places.attach), (&settings.admin, &places.admin)];
    for (configured, usual) in sockets {
        let finding = match &configured.socket {
            Some(socket) => named_folder(socket),
            None => usual_folder(usual, &places),
        };
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

fn kernel() -> Finding {
    let release = host::kernel_release();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= (5, 11) {
        return Finding::ok("kernel", format!("Linux {release}"));
    }
    Finding::bad("kernel", format!("Linux {release}"), "workers need Linux 5.11 or newer")
}

fn descriptors() -> Finding {
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let reserved = limits::DESCRIPTORS_RESERVED as u64;
    let viewers = most.saturating_sub(reserved).min(limits::SESSIONS_MAX as u64);
    let found = format!("a daemon started here takes {viewers} viewers");
    if viewers >= VIEWERS_WANTED {
        return Finding::ok("open files", found);
    }
    let remedy = "raise the limit of open files: `ulimit -Hn`, or LimitNOFILE= of the service";
    Finding::warn("open files", found, remedy)
}

/// Those whose members may watch a system daemon.
fn groups(places: &Places) -> Finding {
    if places.mode == Mode::User {
        return Finding::ok("groups", "not needed: a daemon of your own is yours alone");
    }
    let missing: Vec<&str> = [Door::Attach.group(), Door::Admin.group()]
        .into_iter()
        .filter(|group| host::group_id(group).is_none())
        .collect();
    if missing.is_empty() {
        return Finding::ok("groups", "unblink and unblink-admin are there");
    }
    let remedy = format!(
        "to let others watch: groupadd --system {}, and restart the daemon",
        missing.join("; groupadd --system ")
    );
    Finding::warn("groups", format!("there is no group {}: only uid 0 may watch", missing.join(" and ")), remedy)
}

/// The folder of a socket that somebody named: it has to be there.
fn named_folder(socket: &Path) -> Finding {
    let name = "socket folder";
    let folder = socket.parent().unwrap_or(Path::new("/"));
    match access(folder, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(name, folder.display().to_string()),
        Err(error) => {
            let remedy = "make it, writable for the daemon's user, or name another socket in [attach] and [admin]";
            Finding::bad(name, format!("{}: {error}", folder.display()), remedy)
        }
    }
}

/// The folder of a socket where nothing is named: the daemon makes it, and wants it for itself.
fn usual_folder(socket: &Path, places: &Places) -> Finding {
    let name = "socket folder";
    let folder = socket.parent().unwrap_or(socket);
    if !folder.exists() {
        return Finding::ok(name, format!("{} is made when a daemon starts", folder.display()));
    }
    let vet = |uid| config::vet_directory(socket, places.mode, uid);
    // A system's daemon finds it made by uid 0, or made it itself as the user that it runs as.
    let is_systems = places.mode == Mode::System
        && [Some(0), host::user_id(DAEMON_USER)].into_iter().flatten().any(|owner| vet(owner).is_ok());
    match vet(host::uid()) {
        Err(error) if !is_systems => {
            Finding::bad(name, error.to_string(), "make it yours alone, or name other sockets in [attach] and [admin]")
        }
        _ => Finding::ok(name, folder.display().to_string()),
    }
}

/// People whom sections of tenants name, and whom this machine may not know.
pub fn people(settings: &Settings) -> Vec<Finding> {
    let judged = |(tenant, settings): (&String, &TenantSettings)| {
        let name = format!("tenant {tenant}");
        let unknown = |one: &Principal| match one {
            Principal::User(user) => host::user_id(user).is_none().then(|| user.clone()),
            Principal::Group(group) => host::group_id(group).is_none().then(|| format!("@{group}")),
            Principal::Everybody | Principal::Uid(_) | Principal::Gid(_) => None,
        };
        let mut unknown: Vec<String> = settings.viewers.iter().chain(&settings.pushers).filter_map(unknown).collect();
        unknown.dedup();
        if unknown.is_empty() {
            return Finding::ok(&name, "everybody it names is known");
        }
        let found = format!("this machine does not know {}, so nobody is meant", unknown.join(", "));
        Finding::warn(&name, found, "add the user or group to this machine, or name it by its number")
    };
    settings.tenants.iter().map(judged).collect()
}

/// Devices of `[[terminal]]`.
pub fn devices(terminals: &[TerminalSettings]) -> Vec<Finding> {
    let judged = |terminal: &TerminalSettings| {
        let (device, name) = (&terminal.device, format!("device {}", terminal.device.display()));
        match fs::metadata(device) {
            Err(error) => {
                Finding::bad(&name, format!("it is not there: {error}"), "plug it in, or take it out of [[terminal]]")
            }
            Ok(facts) if !facts.file_type().is_char_device() => {
                Finding::bad(&name, "it is no device", "name a terminal, such as /dev/tty8 or /dev/ttyS0")
            }
            Ok(_) => {
                let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed();
                match OpenOptions::new().read(true).write(true).custom_flags(flags).open(device) {
                    Ok(_) => Finding::ok(&name, "it can be opened"),
                    Err(error) => {
                        let remedy = "put the daemon's user into the group tty (or dialout); a virtual terminal the group \
                                      may only write to: give it mode 0660, or to `unblink attach --device`";
                        Finding::bad(&name, error.to_string(), remedy)
                    }
                }
            }
        }
    };
    terminals.iter().map(judged).collect()
}
