//! Facts about this machine and this user that never change while the process runs, and its name, which may.

use rustix::process::{getegid, geteuid, getpid};
use rustix::system::uname;

/// The machine's name as the kernel has it.
pub fn hostname() -> String {
    uname().nodename().to_string_lossy().into_owned()
}

/// The kernel's release, such as `6.1.0-13-amd64`.
pub fn kernel_release() -> String {
    uname().release().to_string_lossy().into_owned()
}

/// The effective user.
pub fn uid() -> u32 {
    geteuid().as_raw()
}

/// The effective group.
pub fn gid() -> u32 {
    getegid().as_raw()
}

/// This process.
pub fn pid() -> u32 {
    u32::try_from(getpid().as_raw_nonzero().get()).expect("invariant: a process id is positive")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_machine_has_a_name_and_a_kernel() {
        assert!(!super::hostname().is_empty());
        assert!(super::kernel_release().contains('.'));
        assert_eq!(super::pid(), std::process::id());
    }
}
