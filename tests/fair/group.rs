//! A group of processes that the kernel holds back, whichever of the two kinds of hierarchy this machine has.

use std::fs;
use std::path::PathBuf;

/// Where one of either kind is mounted.
const UNIFIED: &str = "/sys/fs/cgroup";
const CPU: &str = "/sys/fs/cgroup/cpu";
/// The longest there is: who has used its share waits for nearly a second.
const PERIOD_US: u32 = 1_000_000;

/// Removed when dropped; who is in it goes to the top of the hierarchy, which holds nobody back.
pub struct Group {
    folder: PathBuf,
    parent: PathBuf,
    pid: u32,
}

impl Group {
    /// Puts a process into a group of its own that may take so many thousandths of one processor.
    pub fn hold(pid: u32, thousandths: u32) -> Group {
        let is_unified =
            fs::read_to_string(format!("{UNIFIED}/cgroup.controllers")).is_ok_and(|all| all.contains("cpu"));
        let parent = PathBuf::from(if is_unified { UNIFIED } else { CPU });
        let folder = parent.join(format!("unblink-fair-{pid}"));
        let needs = "a group with a limit of its own can be made by root, where a hierarchy with `cpu` is mounted";
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}: {needs}", folder.display()));
        let group = Group { folder, parent, pid };
        let quota_us = PERIOD_US / 1000 * thousandths;
        if is_unified {
            group.write("cpu.max", &format!("{quota_us} {PERIOD_US}"));
        } else {
            group.write("cpu.cfs_period_us", &PERIOD_US.to_string());
            group.write("cpu.cfs_quota_us", &quota_us.to_string());
        }
        group.write("cgroup.procs", &pid.to_string());
        group
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // One that has ended is in no group.
        let _ = fs::write(self.parent.join("cgroup.procs"), self.pid.to_string());
        let _ = fs::remove_dir(&self.folder);
    }
}
