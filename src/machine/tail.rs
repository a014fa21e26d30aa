//! What to read of a file that grows, is cut, rotated, replaced or goes.
//!
//! Invariant: what was read is not read again, and a file that took the place of another is read from its start after
//! the old one to its end. One turn reads at most its cap; what lies beyond is skipped, said, and never a part of a line
//! that began before it.

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
}

/// What the path leads to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub identity: Identity,
    pub bytes: u64,
}

/// A stretch of the open file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    pub from: u64,
    pub bytes: u64,
    /// Left out before it.
    pub skipped: u64,
}

/// What to do in one turn, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Todo {
    /// Of the file that is open. A line begun before it is over if anything was skipped or `restarted` is set.
    pub read: Option<Stretch>,
    /// The open file was cut: it is read from its start.
    pub restarted: bool,
    /// The open file is done with.
    pub close: bool,
    /// Open what the path leads to, and call [`Tail::opened`].
    pub open: bool,
}

/// Where a file is read.
#[derive(Clone, Debug)]
pub struct Tail {
    turn_bytes_max: u64,
    /// Whether the first file there is is read from its start; every later one is.
    from_start: bool,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    identity: Identity,
    /// Read up to here.
    at: u64,
}

// === impl Tail ===

impl Tail {
    pub fn new(turn_bytes_max: u64, from_start: bool) -> Tail {
        Tail { turn_bytes_max, from_start, open: None }
    }

    /// One look: how long the open file is now (none where none is open) and what the path leads to (none where to
    /// nothing).
    pub fn look(&mut self, open_bytes: Option<u64>, path: Option<Found>) -> Todo {
        let mut todo = Todo::default();
        if let (Some(open), Some(bytes)) = (&mut self.open, open_bytes) {
            if bytes < open.at {
                todo.restarted = true;
                open.at = 0;
            }
            todo.read = stretch(&mut open.at, bytes, self.turn_bytes_max);
            let identity = open.identity;
            if path.is_some_and(|found| found.identity != identity) {
                todo.close = true;
                self.open = None;
            }
        }
        if path.is_none() {
            // What comes in its place is all new.
            self.from_start = true;
        }
        todo.open = self.open.is_none() && path.is_some();
        todo
    }

    /// The path was opened: what is read of it in this turn, of what the turn has left.
    pub fn opened(&mut self, found: Found, left_bytes: u64) -> Option<Stretch> {
        let mut at = if self.from_start { 0 } else { found.bytes };
        self.from_start = true;
        let read = stretch(&mut at, found.bytes, left_bytes.min(self.turn_bytes_max));
        self.open = Some(Open { identity: found.identity, at });
        read
    }

    /// Less was there than was thought, or it could not be read: it is looked at again from here.
    pub fn read_up_to(&mut self, at: u64) {
        if let Some(open) = &mut self.open {
            open.at = at;
        }
    }

    /// Nothing is open any more: the file there was is lost.
    pub fn lost(&mut self) {
        self.open = None;
    }
}

/// The newest part of what is new, and moves `at` to the end.
fn stretch(at: &mut u64, end: u64, bytes_max: u64) -> Option<Stretch> {
    let new = end.checked_sub(*at).filter(|new| *new > 0)?;
    let bytes = new.min(bytes_max);
    let read = Stretch { from: end - bytes, bytes, skipped: new - bytes };
    *at = end;
    Some(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u64 = 100;

    fn file(inode: u64, bytes: u64) -> Option<Found> {
        Some(Found { identity: Identity { device: 1, inode }, bytes })
    }

    fn read(from: u64, bytes: u64) -> Option<Stretch> {
        Some(Stretch { from, bytes, skipped: 0 })
    }

    /// A tail that has file 1 open with so many bytes read.
    fn tail_at(bytes: u64) -> Tail {
        let mut tail = Tail::new(MAX, false);
        assert!(tail.look(None, file(1, bytes)).open);
        assert_eq!(tail.opened(file(1, bytes).expect("some"), MAX), None, "what stood there is not news");
        tail
    }

    #[test]
    fn what_grows_is_read_once() {
        let mut tail = tail_at(10);
        assert_eq!(tail.look(Some(10), file(1, 10)), Todo::default());
        assert_eq!(tail.look(Some(25), file(1, 25)).read, read(10, 15));
        assert_eq!(tail.look(Some(25), file(1, 25)), Todo::default());
        let mut tail = Tail::new(MAX, true);
        tail.look(None, file(1, 10));
        assert_eq!(tail.opened(file(1, 10).expect("some"), MAX), read(0, 10), "asked for from its start");
    }

    #[test]
    fn a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_start() {
        let mut tail = tail_at(10);
        let todo = tail.look(Some(30), file(2, 7));
        assert_eq!(todo, Todo { read: read(10, 20), close: true, open: true, ..Todo::default() });
        assert_eq!(tail.opened(file(2, 7).expect("some"), MAX - 20), read(0, 7));
    }

    #[test]
    fn a_file_that_was_moved_away_is_read_until_another_takes_its_place() {
        let mut tail = tail_at(10);
        assert_eq!(tail.look(Some(12), None), Todo { read: read(10, 2), ..Todo::default() });
        assert_eq!(tail.look(Some(15), None), Todo { read: read(12, 3), ..Todo::default() });
        let todo = tail.look(Some(15), file(1, 15));
        assert_eq!(todo, Todo::default(), "it came back");
        assert!(tail.look(Some(15), file(3, 0)).open);
    }

    #[test]
    fn a_file_that_was_cut_starts_over() {
        let mut tail = tail_at(50);
        assert_eq!(tail.look(Some(8), file(1, 8)), Todo { read: read(0, 8), restarted: true, ..Todo::default() });
        assert_eq!(tail.look(Some(0), file(1, 0)), Todo { restarted: true, ..Todo::default() });
        assert_eq!(tail.look(Some(3), file(1, 3)).read, read(0, 3));
    }

    #[test]
    fn a_file_that_was_missing_at_the_start_is_all_new() {
        let mut tail = Tail::new(MAX, false);
        assert_eq!(tail.look(None, None), Todo::default());
        assert!(tail.look(None, file(1, 9)).open);
        assert_eq!(tail.opened(file(1, 9).expect("some"), MAX), read(0, 9));
    }

    #[test]
    fn a_flood_is_skipped_but_for_its_newest_part() {
        let mut tail = tail_at(0);
        assert_eq!(tail.look(Some(1_000), file(1, 1_000)).read, Some(Stretch { from: 900, bytes: 100, skipped: 900 }));
        assert_eq!(tail.look(Some(1_001), file(1, 1_001)).read, read(1_000, 1));
    }

    #[test]
    fn what_could_not_be_read_is_looked_at_again() {
        let mut tail = tail_at(10);
        assert_eq!(tail.look(Some(30), file(1, 30)).read, read(10, 20));
        tail.read_up_to(15);
        assert_eq!(tail.look(Some(30), file(1, 30)).read, read(15, 15));
    }

    proptest! {
        /// Whatever happens to files: everything of a file that only grows is read or skipped once, in order.
        #[test]
        fn every_byte_is_read_or_skipped_once(steps in prop::collection::vec((0_u64..400, any::<bool>()), 1..60)) {
            let mut tail = tail_at(0);
            let (mut inode, mut bytes, mut seen) = (1, 0_u64, 0_u64);
            for (grown, rotated) in steps {
                bytes += grown;
                let path = if rotated { file(inode + 1, 5) } else { file(inode, bytes) };
                let todo = tail.look(Some(bytes), path);
                if let Some(Stretch { from, bytes: read, skipped }) = todo.read {
                    prop_assert!(read <= MAX);
                    prop_assert_eq!(from, seen + skipped);
                    seen = from + read;
                }
                prop_assert_eq!(seen, bytes);
                prop_assert_eq!((todo.close, todo.open), (rotated, rotated));
                if rotated {
                    prop_assert_eq!(tail.opened(path.expect("some"), MAX), read(0, 5));
                    (inode, bytes, seen) = (inode + 1, 5, 5);
                }
            }
        }
    }
}
