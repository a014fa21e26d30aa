//! What a tenant's workers leave to each other, on root's side: a memory file that root holds and never looks into.
//!
//! Invariant: workers that die of it leave nothing: two in a row that die before they greet, or some more that die soon
//! after. The next one begins anew.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::event::{Event as _, HistoryLost};
use crate::sys::memory_file::MemoryFile;

/// Workers that may die before they greet until what they were left is to blame.
const DEATHS_MAX: u32 = 2;
/// Workers in a row that may die before they have worked for a while: of what they draw, perhaps, and of that they were
/// left the same. A person who kills some of them in a hurry shall not cost the charts their past.
const SHORT_LIVES_MAX: u32 = 8;

/// One tenant's.
#[derive(Debug)]
pub struct Legacy {
    tenant: String,
    file: Option<MemoryFile>,
    /// Workers that were handed it and have not greeted.
    ungreeted: u32,
    /// Workers that were handed it, since one worked for a while.
    short_lives: u32,
}

// === impl Legacy ===

impl Legacy {
    pub fn new(tenant: &str) -> Legacy {
        Legacy { tenant: tenant.to_owned(), file: None, ungreeted: 0, short_lives: 0 }
    }

    /// The same file, for the launcher of one that reads what another still writes.
    pub fn share(&self) -> io::Result<Legacy> {
        let file = self.file.as_ref().map(MemoryFile::try_clone).transpose()?;
        Ok(Legacy { file, ..Legacy::new(&self.tenant) })
    }

    /// For a worker that is about to start.
    pub fn hand_over(&mut self) -> io::Result<BorrowedFd<'_>> {
        let why = match (self.ungreeted, self.short_lives) {
            (DEATHS_MAX.., _) => Some("two workers died before they had read it"),
            (_, SHORT_LIVES_MAX..) => Some("worker after worker died soon"),
            _ => None,
        };
        if let (Some(why), Some(_)) = (why, &self.file) {
            HistoryLost { tenant: &self.tenant, why }.emit();
            (self.file, self.ungreeted, self.short_lives) = (None, 0, 0);
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => MemoryFile::new()?,
        };
        self.ungreeted += 1;
        self.short_lives += 1;
        let file: &MemoryFile = self.file.insert(file);
        Ok(file.as_fd())
    }

    /// The worker works with it, and has for a while.
    pub fn healthy(&mut self) {
        self.short_lives = 0;
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

    #[test]
    fn it_is_another_one_when_worker_after_worker_dies_soon() {
        let mut legacy = Legacy::new("default");
        let mut live = |is_long: bool| {
            let file = handed_over(&mut legacy);
            legacy.greeted();
            if is_long {
                legacy.healthy();
            }
            file
        };
        let first = live(false);
        for _ in 0..3 {
            (2..SHORT_LIVES_MAX).for_each(|_| assert_eq!(live(false), first));
            assert_eq!(live(true), first, "one that lived for a while is to be believed");
            assert_eq!(live(false), first);
        }
        (1..SHORT_LIVES_MAX).for_each(|_| assert_eq!(live(false), first));
        assert_ne!(live(false), first);
    }
}
