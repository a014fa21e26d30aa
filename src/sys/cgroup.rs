//! Control groups of version 2: dividing the one that was handed to this process, and limiting, counting and ending what is
//! in its parts.
//!
//! Invariant: nothing is made or changed but below a group in which this process was alone and which nobody keeps for
//! himself. What the kernel's files say is taken as text that may be anything. Who is in which part is decided elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::getxattr;
use rustix::io::Errno;

use super::host;
use crate::base::limits;
use crate::machine::confinement::{Counts, Limits, Powers, Resource};

/// A group that is ours to divide.
#[derive(Debug)]
pub struct Tree {
    at: PathBuf,
    powers: Powers,
}

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    at: PathBuf,
    powers: Powers,
}

/// Why no group can be divided.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("this machine shows no control groups of version 2")]
    Absent,
    #[error("the daemon has no control group of its own")]
    Shared,
    #[error("systemd keeps the daemon's control group for itself: the unit needs Delegate=cpu memory pids")]
    NotDelegated,
    #[error("the daemon may not divide its control group: {0}")]
    Closed(#[from] io::Error),
}

/// Where this process itself goes: a group that has parts with controllers may hold no process.
const SUPERVISOR: &str = "supervisor";
/// What a tenant's part begins with. No file of the kernel's has a dash before its first dot.
const TENANT: &str = "tenant-";
/// What systemd notes at the group of a unit, and at one that it leaves to the unit.
const MANAGED: [&str; 2] = ["user.invocation_id", "trusted.invocation_id"];
const DELEGATED: [&str; 2] = ["user.delegate", "trusted.delegate"];

/// Where the group of this process lies in the file system, by `/proc/self/mountinfo` and `/proc/self/cgroup`.
fn place(mounts: &str, own: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    // One outside of what this process may see.
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        after.split(' ').next().filter(|kind| *kind == "cgroup2")?;
        let mut fields = before.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        let below = if root == "/" { path } else { path.strip_prefix(root)? };
        Some(Path::new(at).join(below.trim_start_matches('/')))
    })
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(limits::GROUP_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a value as one, as the kernel wants it. It shall not take memory back before it answers, where it knows how.
fn put(path: &Path, value: &str) -> io::Result<()> {
    let flags = libc::O_NONBLOCK;
    OpenOptions::new().write(true).truncate(true).custom_flags(flags).open(path)?.write_all(value.as_bytes())
}

/// A figure of a file with a name and a figure on each line.
fn figure(text: &str, name: &str) -> u64 {
    let rest = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    text.lines().find_map(rest).unwrap_or(0)
}

fn understand(memory_events: &str, cpu_stat: &str) -> Counts {
    Counts {
        exhausted: figure(memory_events, "oom"),
        killed: figure(memory_events, "oom_kill"),
        throttled_times: figure(cpu_stat, "nr_throttled"),
        throttled: throttled(cpu_stat),
    }
}

/// How long a group was held back, by its file `cpu.stat`, for what it used itself: what those above it were is not in it.
fn throttled(cpu_stat: &str) -> Duration {
    Duration::from_micros(figure(cpu_stat, "throttled_usec"))
}

/// The same of the group at that place and of all above it, as far as they are shown: whoever is in it stood still for each.
pub(super) fn throttled_at(place: &Path) -> Duration {
    let stats = place.ancestors().map_while(|at| text(&at.join("cpu.stat")).ok());
    stats.fold(Duration::ZERO, |sum, stat| sum.saturating_add(throttled(&stat)))
}

/// As the kernel reads it.
fn or_max(most: Option<u64>) -> String {
    most.map_or_else(|| "max".to_owned(), |most| most.to_string())
}

fn has_any(path: &Path, names: &[&str]) -> bool {
    // A value that is longer than this is one all the same.
    names.iter().any(|name| matches!(getxattr(path, *name, &mut [0_u8; 64]), Ok(_) | Err(Errno::RANGE)))
}

// === impl Tree ===

impl Tree {
    /// Takes over the group that this process is in: from now on it is in a part of it, and so is what it starts.
    /// Takes some milliseconds.
    pub fn take_over() -> Result<Tree, Unusable> {
        let read = |path: &str| text(Path::new(path)).unwrap_or_default();
        let at = place(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup")).ok_or(Unusable::Absent)?;
        Tree::at(at, host::pid())
    }

    /// The same of the group that lies there, by the process `own` that is in it.
    pub fn at(at: PathBuf, own: u32) -> Result<Tree, Unusable> {
        // The topmost of a machine has no such file; it is nobody's.
        let kind = text(&at.join("cgroup.type")).map_err(|_| Unusable::Shared)?;
        let inside = text(&at.join("cgroup.procs"))?;
        if kind.trim() != "domain" || inside.lines().any(|line| line.trim().parse() != Ok(own)) {
            return Err(Unusable::Shared);
        }
        if has_any(&at, &MANAGED) && !has_any(&at, &DELEGATED) {
            return Err(Unusable::NotDelegated);
        }
        let leaf = at.join(SUPERVISOR);
        made(&leaf)?;
        if let Err(error) = put(&leaf.join("cgroup.procs"), &own.to_string()) {
            // Empty, and of no use.
            let _ = fs::remove_dir(&leaf);
            return Err(error.into());
        }
        let enable = |controller: &str| put(&at.join("cgroup.subtree_control"), &format!("+{controller}")).is_ok();
        let powers = Powers { cpu: enable("cpu"), memory: enable("memory"), pids: enable("pids") };
        Ok(Tree { at, powers })
    }

    /// What its parts can be limited in.
    pub fn powers(&self) -> Powers {
        self.powers
    }

    /// The part of a tenant, made where there is none; one that an earlier daemon left is as good.
    pub fn tenant(&self, name: &str) -> io::Result<Group> {
        if name.is_empty() || name.contains(['/', '.', '\0']) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let at = self.at.join(format!("{TENANT}{name}"));
        made(&at)?;
        Ok(Group { at, powers: self.powers })
    }

    /// The tenants that have a part.
    pub fn tenants(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.at).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.strip_prefix(TENANT).map(str::to_owned)).collect()
    }
}

fn made(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

// === impl Group ===

impl Group {
    /// A descriptor by which whoever has it can join, with [`join`].
    pub fn door(&self) -> io::Result<OwnedFd> {
        Ok(OpenOptions::new().write(true).open(self.at.join("cgroup.procs"))?.into())
    }

    /// In force at once, for all that is in it, but for how much memory: [`Group::limit_memory`]. What it may not be limited in
    /// is left alone. What could not be set, and why; all else is.
    pub fn limit(&self, limits: &Limits) -> Vec<(Resource, io::Error)> {
        let period = u64::try_from(limits::CPU_PERIOD.as_micros()).unwrap_or(u64::MAX);
        let quota = limits.cpu_millis.map(|millis| millis.saturating_mul(period) / 1000);
        let Powers { cpu, memory, pids } = self.powers;
        let all = [
            (cpu, Resource::Cpu, "cpu.max", format!("{} {period}", or_max(quota))),
            // All or none: half of a tenant's processes are of no use to it.
            (memory, Resource::Memory, "memory.oom.group", "1".to_owned()),
            (pids, Resource::Pids, "pids.max", or_max(limits.pids)),
        ];
        let may = all.into_iter().filter(|(may, ..)| *may);
        may.filter_map(|(_, resource, name, value)| Some((resource, put(&self.at.join(name), &value).err()?))).collect()
    }

    /// How much memory it may take from now on. Where it takes more already, a kernel before 6.16 gives no answer before it has
    /// the rest back, which may be seconds.
    pub fn limit_memory(&self, most: Option<u64>) -> io::Result<()> {
        if self.powers.memory { put(&self.at.join("memory.max"), &or_max(most)) } else { Ok(()) }
    }

    /// Whether it takes more memory than that, or an eighth less: it may take more before a limit is written.
    pub fn exceeds(&self, most: Option<u64>) -> bool {
        let taken = text(&self.at.join("memory.current")).unwrap_or_default();
        let is_over = |(most, taken): (u64, u64)| self.powers.memory && taken > most - most / 8;
        most.zip(taken.trim().parse().ok()).is_some_and(is_over)
    }

    pub fn counts(&self) -> Counts {
        let read = |name: &str| text(&self.at.join(name)).unwrap_or_default();
        understand(&read("memory.events"), &read("cpu.stat"))
    }

    /// How long whoever is in it was held back so far, also by what limits the daemon as a whole.
    pub fn throttled(&self) -> Duration {
        throttled_at(&self.at)
    }

    /// Whether a process is in it.
    pub fn holds(&self, pid: u32) -> bool {
        let inside = text(&self.at.join("cgroup.procs")).unwrap_or_default();
        inside.lines().any(|line| line.trim().parse() == Ok(pid))
    }

    /// Ends all that is in it, at once.
    pub fn kill(&self) -> io::Result<()> {
        put(&self.at.join("cgroup.kill"), "1")
    }

    /// Whether it is gone: one in which something still runs stays.
    pub fn remove(&self) -> bool {
        match fs::remove_dir(&self.at) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// Whether this process is in a tenant's part, and that may take no more than so much memory. A limit further up is shared
/// with others.
pub fn limits_memory() -> bool {
    let read = |path: &str| text(Path::new(path)).unwrap_or_default();
    place(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup")).is_some_and(|at| limits_memory_at(&at))
}

fn limits_memory_at(at: &Path) -> bool {
    let name = at.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(TENANT))
        && text(&at.join("memory.max")).is_ok_and(|most| most.trim() != "max")
}

/// Has this process, all of it, join the group whose door this is. Takes some milliseconds.
pub fn join(door: OwnedFd) -> io::Result<()> {
    File::from(door).write_all(b"0")
}

#[cfg(test)]
mod tests;
