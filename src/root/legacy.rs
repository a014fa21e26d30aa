//! What a tenant's workers leave to each other, on root's side: a memory file that root holds and never looks into.
//!
//! Invariant: workers that die of it leave nothing: two in a row that die before they greet, or soon after for want of
//! memory, of which it takes a part; or some more that die soon after of anything. The next one begins anew.

use std::io;

use crate::event::{Event as _, HistoryLost};
use crate::root::service::Store;
use crate::sys::memory_file::MemoryFile;

/// Workers that may die before they greet until what they were left is to blame.
const DEATHS_MAX: u32 = 2;
/// Workers in a row that may die before they have worked for a while: of what they draw, perhaps, and of that they were
/// left the same. A person who kills some of them in a hurry shall not cost the charts their past.
const SHORT_LIVES_MAX: u32 = 8;

/// Workers in a row that may run out of their tenant's memory before they have worked for a while.
const SHORTAGES_MAX: u32 = 2;

/// One tenant's.
#[derive(Debug)]
pub struct Legacy {
    tenant: String,
    file: Option<MemoryFile>,
    /// Workers that were handed it and have not greeted.
    ungreeted: u32,
    /// Workers that were handed it, since one worked for a while.
    short_lives: u32,
    /// Of those, the last ones, that ran out of their tenant's memory, which it is a part of.
    shortages: u32,
    /// Where it outlives this process, if anywhere.
    store: Store,
}

// === impl Legacy ===

impl Legacy {
    pub fn new(tenant: &str) -> Legacy {
        let (ungreeted, short_lives, shortages) = (0, 0, 0);
        Legacy { tenant: tenant.to_owned(), file: None, ungreeted, short_lives, shortages, store: Store::default() }
    }

    /// Begins with what came back from there, and keeps there what it makes.
    pub fn keep_in(&mut self, store: Store) {
        self.store = store;
    }

    /// The same file, for the launcher of one that reads what another still writes.
    pub fn share(&self) -> io::Result<Legacy> {
        let file = self.file.as_ref().map(MemoryFile::try_clone).transpose()?;
        Ok(Legacy { file, store: self.store.clone(), ..Legacy::new(&self.tenant) })
    }

    /// The file as it is now, for whoever copies it.
    pub fn file(&self) -> Option<MemoryFile> {
        self.file.as_ref()?.try_clone().ok()
    }

    /// For a worker that is about to start: with an opening of its own, whose flags are none of the next one's business.
    /// Where it cannot be started, nobody has died of it: [`Legacy::handed_over`] says that one was.
    pub fn hand_over(&mut self) -> io::Result<MemoryFile> {
        let why = match (self.ungreeted, self.shortages, self.short_lives) {
            (DEATHS_MAX.., _, _) => Some("two workers died before they had read it"),
            (_, SHORTAGES_MAX.., _) => Some("two workers in a row ran out of memory, of which it takes a part"),
            (_, _, SHORT_LIVES_MAX..) => Some("worker after worker died soon"),
            _ => None,
        };
        if let (Some(why), Some(_)) = (why, &self.file) {
            HistoryLost { tenant: &self.tenant, why }.emit();
            (self.file, self.ungreeted, self.short_lives, self.shortages) = (None, 0, 0, 0);
        }
        let file = match self.file.take().or_else(|| self.store.take_back(&self.tenant)) {
            Some(file) => file,
            None => {
                let file = MemoryFile::new()?;
                self.store.keep(&self.tenant, &file);
                file
            }
        };
        self.file.insert(file).reopen()
    }

    /// A worker was started with it.
    pub fn handed_over(&mut self) {
        self.ungreeted += 1;
        self.short_lives += 1;
    }

    /// The worker works with it, and has for a while.
    pub fn healthy(&mut self) {
        (self.short_lives, self.shortages) = (0, 0);
    }

    /// The worker ended, perhaps for want of memory that what it leaves is a part of.
    pub fn ended(&mut self, of_shortage: bool) {
        self.shortages = if of_shortage { self.shortages + 1 } else { 0 };
    }

    /// The worker has read it.
    pub fn greeted(&mut self) {
        self.ungreeted = 0;
        self.store.read(&self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, fstat};

    use super::*;

    fn offered(legacy: &mut Legacy) -> u64 {
        fstat(legacy.hand_over().expect("there is memory").as_fd()).expect("it is open").st_ino
    }

    fn handed_over(legacy: &mut Legacy) -> u64 {
        let file = offered(legacy);
        legacy.handed_over();
        file
    }

    #[test]
    fn workers_that_could_not_be_started_have_not_died_of_it() {
        let mut legacy = Legacy::new("default");
        let first = handed_over(&mut legacy);
        (0..2 * SHORT_LIVES_MAX).for_each(|_| assert_eq!(offered(&mut legacy), first));
        assert_eq!(handed_over(&mut legacy), first);
        assert_ne!(offered(&mut legacy), first, "two that were started have");
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
    fn what_a_worker_does_to_its_opening_is_not_the_next_ones() {
        let mut legacy = Legacy::new("default");
        let first = legacy.hand_over().expect("there is memory");
        fcntl_setfl(first.as_fd(), OFlags::RDWR | OFlags::APPEND).expect("it is open");
        let second = legacy.hand_over().expect("there is memory");
        assert!(!fcntl_getfl(second.as_fd()).expect("it is open").contains(OFlags::APPEND));
        second.write_at(b"x", 7).expect("it is written where it is asked to be");
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

    #[test]
    fn it_is_another_one_when_two_in_a_row_run_out_of_the_memory_that_it_is_a_part_of() {
        let mut legacy = Legacy::new("default");
        let mut live = |is_long: bool, of_shortage: bool| {
            let file = handed_over(&mut legacy);
            legacy.greeted();
            if is_long {
                legacy.healthy();
            }
            legacy.ended(of_shortage);
            file
        };
        let first = live(false, true);
        assert_eq!(live(false, false), first, "one may have run out of anything");
        assert_eq!([live(false, true), live(true, true)], [first; 2], "with a healthy one between them");
        assert_eq!(live(false, true), first);
        assert_ne!(live(false, true), first);
    }
}
