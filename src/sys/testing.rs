//! What tests ask the kernel about this process.

use std::os::fd::AsRawFd;

/// For a test that becomes other users. It is named `as_root_...`: by that name `make test` leaves it out, and `make test-system` runs it.
pub fn need_root() {
    assert!(
        rustix::process::geteuid().is_root(),
        "it needs root: `make test-system` runs it, and `make test` leaves it out"
    );
}

/// Whether the kernel was asked to tell of room in this, of which it was asked to tell something.
pub fn is_told_of_room(watched: &impl AsRawFd) -> bool {
    let infos = std::fs::read_dir("/proc/self/fdinfo").expect("invariant: a Linux has /proc");
    // Other tests come and go: what cannot be read is none of ours.
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.ok()?.path()).ok());
    let masks: Vec<u32> = texts.filter_map(|text| events_of(&text, watched.as_raw_fd())).collect();
    // The runtime holds its epoll by several descriptors.
    assert!(!masks.is_empty(), "it is watched");
    let room = u32::try_from(libc::EPOLLOUT).expect("invariant: a flag is small");
    masks.iter().any(|mask| mask & room != 0)
}

/// What an epoll is asked to tell of a descriptor (proc_pid_fdinfo(5)).
fn events_of(text: &str, fd: i32) -> Option<u32> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
    lines.find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()?.parse() == Ok(fd)).then(|| u32::from_str_radix(words.nth(1)?, 16).ok())?
    })
}
