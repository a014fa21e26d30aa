//! What a tenant's workers leave to each other, on root's side: a memory file that root holds and never looks into.
//!
//! Invariant: workers that die of it, two in a row before they greet, leave nothing: the next one begins anew.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::event::{Event as _, HistoryLost};
use crate::sys::memory_file::MemoryFile;

/// Workers that may die before they greet until what they were left is to blame.
const DEATHS_MAX: u32 = 2;

/// One tenant's.
#[derive(Debug)]
pub struct Legacy {
    tenant: String,
    file: Option<MemoryFile>,
    /// Workers that were handed it and have not greeted.
    ungreeted: u32,
}

// === impl Legacy ===

impl Legacy {
    pub fn new(tenant: &str) -> Legacy {
        Legacy { tenant: tenant.to_owned(), file: None, ungreeted: 0 }
    }

    /// For a worker that is about to start.
    pub fn hand_over(&mut self) -> io::Result<BorrowedFd<'_>> {
        if self.ungreeted >= DEATHS_MAX && self.file.take().is_some() {
            self.ungreeted = 0;
            HistoryLost { tenant: &self.tenant, why: "two workers died before they had read it" }.emit();
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => MemoryFile::new()?,
        };
        self.ungreeted += 1;
        let file: &MemoryFile = self.file.insert(file);
        Ok(file.as_fd())
    }

    /// The worker has read it.
    pub fn greeted(&mut self) {
        self.ungreeted = 0;
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::fstat;

    use super::*;

    fn handed_over(legacy: &mut Legacy) -> u64 {
        fstat(legacy.hand_over().expect("there is memory")).expect("it is open").st_ino
    }

    #[test]
    fn it_is_the_same_until_two_die_of_it_in_a_row() {
        let mut legacy = Legacy::new("default");
        let first = handed_over(&mut legacy);
        assert_eq!(handed_over(&mut legacy), first, "one may have died of anything");
        legacy.greeted();
        assert_eq!([handed_over(&mut legacy), handed_over(&mut legacy)], [first; 2]);
        let second = handed_over(&mut legacy);
        assert_ne!(second, first);
        legacy.greeted();
        assert_eq!(handed_over(&mut legacy), second);
    }
}
