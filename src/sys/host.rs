//! Facts about this machine and this user that never change while the process runs, and its name, which may; and how
//! full its file systems are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::statvfs;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{getegid, geteuid, getpid};
use rustix::system::uname;

/// The files of users and groups are not read beyond this.
const NAMES_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The machine's name as the kernel has it.
pub fn hostname() -> String {
    uname().nodename().to_string_lossy().into_owned()
}

/// The kernel's release, such as `6.1.0-13-amd64`.
pub fn kernel_release() -> String {
    uname().release().to_string_lossy().into_owned()
}

/// Calls this process so in every list of processes; the kernel keeps 15 bytes. A name is not worth a failure.
pub fn call_process(name: &str) {
    // Started as /proc/self/exe, it would be called `exe`.
    let _ = std::fs::write("/proc/self/comm", name);
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

/// A group's number, where this machine has such a group.
pub fn group_id(name: &str) -> Option<u32> {
    number_in("/etc/group", name)
}

/// A user's number, where this machine has such a user. Those of a directory elsewhere are not looked for.
pub fn user_id(name: &str) -> Option<u32> {
    number_in("/etc/passwd", name)
}

/// What a user of this number is called here.
pub fn user_name(uid: u32) -> Option<String> {
    name_in("/etc/passwd", uid)
}

/// What a group of this number is called here.
pub fn group_name(gid: u32) -> Option<String> {
    name_in("/etc/group", gid)
}

/// The name in the line whose third field is this number.
fn name_in(path: &str, number: u32) -> Option<String> {
    let (text, number) = (names(path).ok()?, number.to_string());
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(number.as_str()))?;
    line.split(':').next().map(str::to_owned)
}

/// The numbers of a user's groups, as this machine has them.
pub fn groups_of(user: &str) -> Vec<u32> {
    let Ok(groups) = names("/etc/group") else { return Vec::new() };
    let own = names("/etc/passwd").ok().and_then(|users| field(&users, user, 3)?.parse().ok());
    let lists = |line: &&str| line.split(':').nth(3).is_some_and(|list| list.split(',').any(|name| name == user));
    let others = groups.lines().filter(lists).filter_map(|line| line.split(':').nth(2)?.parse().ok());
    own.into_iter().chain(others).collect()
}

/// The third field of the line that begins with a name.
fn number_in(path: &str, name: &str) -> Option<u32> {
    field(&names(path).ok()?, name, 2)?.parse().ok()
}

/// A file of users or groups.
fn names(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(NAMES_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A field of the line that begins with a name.
fn field<'a>(text: &'a str, name: &str, number: usize) -> Option<&'a str> {
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(number)
}

/// Bytes of a file system, and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    pub total: u64,
    /// Not used by anything, what is kept for root included.
    pub free: u64,
    /// What is left of that for others.
    pub available: u64,
    /// How many more files fit; none where it has no such bound.
    pub files_available: Option<u64>,
}

/// Asks the file system in which a path lies. One that lies on a server may never answer.
pub fn file_system(path: &Path) -> io::Result<FileSystem> {
    let found = statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Ok(FileSystem {
        total: bytes(found.f_blocks),
        free: bytes(found.f_bfree),
        available: bytes(found.f_bavail),
        files_available: (found.f_files > 0).then_some(found.f_favail),
    })
}

/// How the kernel counts processor time and memory in `/proc`: ticks in a second, bytes in a page.
pub fn measures() -> (u64, u64) {
    (clock_ticks_per_second(), u64::try_from(page_size()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_system_holds_what_is_free_in_it() {
        let found = super::file_system("/".as_ref()).expect("every machine has a root");
        assert!(found.total > 0 && found.available <= found.free && found.free <= found.total, "{found:?}");
        assert!(super::file_system("/nowhere at all".as_ref()).is_err());
        let (ticks, page) = super::measures();
        assert!(ticks >= 100 && page >= 4096);
    }

    #[test]
    fn the_machine_has_a_name_and_a_kernel() {
        assert!(!super::hostname().is_empty());
        assert!(super::kernel_release().contains('.'));
        assert_eq!(super::pid(), std::process::id());
        assert_eq!((super::group_id("root"), super::group_id("no such group")), (Some(0), None));
        assert_eq!((super::user_id("root"), super::user_id("no such user")), (Some(0), None));
        assert!(super::groups_of("root").contains(&0) && super::groups_of("no such user").is_empty());
        assert_eq!((super::user_name(0).as_deref(), super::group_name(0).as_deref()), (Some("root"), Some("root")));
        assert_eq!((super::user_name(u32::MAX - 7), super::group_name(u32::MAX - 7)), (None, None));
    }
}
