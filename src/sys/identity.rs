//! The identity that the file system sees of one thread: root works in a folder of somebody else's as that somebody.
//!
//! Invariant: it is this thread's alone, it ends when this goes, and with it nothing can be done that its owner could not do: root's
//! own groups are laid aside meanwhile. What can be read with it is what that somebody can read, whatever modes, lists and links
//! there are on the way.

#![expect(unsafe_code, reason = "only libc sets the identity of one thread for the file system")]

use std::io;
use std::marker::PhantomData;

/// While it is there, this thread opens, makes and moves files as somebody else, without root's privileges.
#[derive(Debug)]
pub struct Borrowed {
    user: libc::uid_t,
    group: libc::gid_t,
    /// The others it was in.
    groups: Vec<libc::gid_t>,
    /// It is a thread's own.
    _of_thread: PhantomData<*const ()>,
}

// === impl Borrowed ===

impl Borrowed {
    /// For who is root.
    pub fn of(user: u32, group: u32) -> io::Result<Borrowed> {
        Borrowed::in_groups(user, group, &[])
    }

    /// The same as a member of other groups as well.
    pub fn in_groups(user: u32, group: u32, others: &[u32]) -> io::Result<Borrowed> {
        let groups = rustix::process::getgroups()?.into_iter().map(|group| group.as_raw()).collect();
        set_groups(others)?;
        // The group first: whose it is then shows in both.
        let borrowed = Borrowed { groups, group: set_group(group), user: set_user(user), _of_thread: PhantomData };
        // Neither tells whether it was done, but both tell what there was before, and nothing is set to what nobody is.
        if set_user(libc::uid_t::MAX) != user || set_group(libc::gid_t::MAX) != group {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        Ok(borrowed)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        set_user(self.user);
        set_group(self.group);
        // Root may: it did before.
        let _ = set_groups(&self.groups);
    }
}

/// The groups of this thread alone: the C library would change those of all of them.
fn set_groups(groups: &[libc::gid_t]) -> io::Result<()> {
    // SAFETY: the kernel reads so many numbers from where they are, and touches nothing else.
    let done = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives the one before.
fn set_user(user: libc::uid_t) -> libc::uid_t {
    // SAFETY: it takes a number and touches no memory. What it gives is the user before, which is no error.
    unsafe { libc::setfsuid(user) }.cast_unsigned()
}

fn set_group(group: libc::gid_t) -> libc::gid_t {
    // SAFETY: as above.
    unsafe { libc::setfsgid(group) }.cast_unsigned()
}
