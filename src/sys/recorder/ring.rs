//! What the flight recorder holds: of each of the last minutes a tree of the calls that were found, and how often.
//!
//! Invariant: of a fixed size and all zeroes at first, so that it takes no memory before it is used. Adding a sample takes
//! no memory, no lock and a bounded time, as a signal handler has to; what finds no room is counted. A minute in which
//! nothing ran costs nothing.

use crate::base::limits::{
    RECORDER_BYTES_MAX, RECORDER_CALLS_MAX, RECORDER_DEPTH_MAX, RECORDER_MINUTES, RECORDER_THREADS_MAX,
};

/// A thread's name as the kernel keeps it.
pub type ThreadName = [u8; 16];

/// One way of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub thread: ThreadName,
    /// Where each returns to, the outermost first.
    pub calls: Vec<usize>,
    pub count: u64,
}

/// A few minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub ways: Vec<Way>,
    /// Samples that found no room.
    pub left_out: u64,
}

pub struct Ring {
    minutes: [Minute; RECORDER_MINUTES],
    /// The one that has begun.
    current: usize,
    /// Of its calls, by their hash: the place and one more, 0 for none.
    places: [u16; PLACES],
}

struct Minute {
    /// And one more; 0 for one that never was.
    number: u64,
    threads: [ThreadName; RECORDER_THREADS_MAX],
    threads_count: usize,
    calls: [Call; RECORDER_CALLS_MAX],
    calls_count: usize,
    left_out: u64,
}

#[derive(Clone, Copy)]
struct Call {
    returns_to: usize,
    /// The place of the call that made it, or of its thread behind those of all calls.
    within: u32,
    /// How often it was the innermost.
    count: u32,
}

/// Twice as many, so that one is found soon.
const PLACES: usize = 2 * RECORDER_CALLS_MAX;

const _: () = assert!(size_of::<Ring>() <= RECORDER_BYTES_MAX);
const _: () = assert!(PLACES.is_power_of_two() && RECORDER_CALLS_MAX < u16::MAX as usize);

// === impl Ring ===

impl Ring {
    pub const EMPTY: Ring =
        Ring { minutes: [const { Minute::EMPTY }; RECORDER_MINUTES], current: 0, places: [0; PLACES] };

    /// One sample of that minute: where the calls return to, the innermost first.
    pub fn add(&mut self, minute: u64, thread: &ThreadName, calls: &[usize]) {
        if self.minutes[self.current].number != minute + 1 {
            self.current = (self.current + 1) % RECORDER_MINUTES;
            self.minutes[self.current].begin(minute);
            self.places.fill(0);
        }
        if self.try_add(thread, calls).is_none() {
            self.lose();
        }
    }

    /// A sample of the minute that has begun could not be taken.
    pub fn lose(&mut self) {
        self.minutes[self.current].left_out += 1;
    }

    fn try_add(&mut self, thread: &ThreadName, calls: &[usize]) -> Option<()> {
        let minute = &mut self.minutes[self.current];
        let mut within = RECORDER_CALLS_MAX + minute.thread(thread)?;
        // Where there are none to be found that is told as one nobody knows.
        let calls = if calls.is_empty() { &[0] } else { calls };
        for call in calls.iter().take(RECORDER_DEPTH_MAX).rev() {
            within = minute.call(&mut self.places, *call, within)?;
        }
        minute.calls[within].count += 1;
        Some(())
    }

    /// What was found from that minute on.
    pub fn since(&self, first: u64) -> Found {
        let mut found = Found::default();
        for minute in self.minutes.iter().filter(|minute| minute.number > first) {
            found.left_out += minute.left_out;
            let innermost = minute.calls[..minute.calls_count].iter().filter(|call| call.count > 0);
            found.ways.extend(innermost.map(|call| minute.way(call)));
        }
        found
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ring")
    }
}

// === impl Minute ===

impl Minute {
    const EMPTY: Minute = Minute {
        number: 0,
        threads: [[0; 16]; RECORDER_THREADS_MAX],
        threads_count: 0,
        calls: [Call { returns_to: 0, within: 0, count: 0 }; RECORDER_CALLS_MAX],
        calls_count: 0,
        left_out: 0,
    };

    fn begin(&mut self, number: u64) {
        (self.number, self.threads_count, self.calls_count, self.left_out) = (number + 1, 0, 0, 0);
    }

    fn thread(&mut self, name: &ThreadName) -> Option<usize> {
        let known = self.threads[..self.threads_count].iter().position(|known| known == name);
        known.or_else(|| {
            *self.threads.get_mut(self.threads_count)? = *name;
            self.threads_count += 1;
            Some(self.threads_count - 1)
        })
    }

    /// The place of this call within that one.
    fn call(&mut self, places: &mut [u16; PLACES], returns_to: usize, within: usize) -> Option<usize> {
        let mixed = (returns_to as u64 ^ (within as u64).rotate_left(48)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut at = (mixed >> 32) as usize % PLACES;
        while let Some(place) = usize::from(places[at]).checked_sub(1) {
            let known = &self.calls[place];
            if known.returns_to == returns_to && known.within as usize == within {
                return Some(place);
            }
            at = (at + 1) % PLACES;
        }
        let place = self.calls_count;
        *self.calls.get_mut(place)? = Call { returns_to, within: within as u32, count: 0 };
        self.calls_count += 1;
        places[at] = place as u16 + 1;
        Some(place)
    }

    fn way(&self, innermost: &Call) -> Way {
        let mut calls = vec![innermost.returns_to];
        let mut within = innermost.within as usize;
        while let Some(call) = self.calls.get(within) {
            calls.push(call.returns_to);
            within = call.within as usize;
        }
        calls.reverse();
        let thread = self.threads.get(within - RECORDER_CALLS_MAX).copied().unwrap_or_default();
        Way { thread, calls, count: innermost.count.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: ThreadName = *b"main\0\0\0\0\0\0\0\0\0\0\0\0";
    const OTHER: ThreadName = *b"other\0\0\0\0\0\0\0\0\0\0\0";

    fn empty() -> Box<Ring> {
        Box::new(Ring::EMPTY)
    }

    fn way(thread: ThreadName, calls: &[usize], count: u64) -> Way {
        Way { thread, calls: calls.to_vec(), count }
    }

    #[test]
    fn equal_ways_are_one_and_others_are_told_apart() {
        let mut ring = empty();
        for calls in [&[3, 2, 1][..], &[2, 1], &[3, 2, 1], &[3, 1]] {
            ring.add(7, &MAIN, calls);
        }
        ring.add(7, &OTHER, &[3, 2, 1]);
        ring.add(7, &OTHER, &[]);
        let mut ways = ring.since(7).ways;
        ways.sort_by_key(|way| (way.thread, way.calls.clone()));
        let expected = [
            way(MAIN, &[1, 2], 1),
            way(MAIN, &[1, 2, 3], 2),
            way(MAIN, &[1, 3], 1),
            way(OTHER, &[0], 1),
            way(OTHER, &[1, 2, 3], 1),
        ];
        assert_eq!(ways, expected);
    }

    #[test]
    fn the_last_minutes_are_there_and_no_others() {
        let mut ring = empty();
        for minute in 0..100 {
            ring.add(minute, &MAIN, &[minute as usize]);
        }
        // Nothing ran in between.
        ring.add(1_000, &MAIN, &[1_000]);
        let of = |first| {
            let mut calls: Vec<usize> = ring.since(first).ways.iter().map(|way| way.calls[0]).collect();
            calls.sort_unstable();
            calls
        };
        assert_eq!(of(0), (90..100).chain([1_000]).collect::<Vec<_>>());
        assert_eq!(of(99), [99, 1_000]);
        assert_eq!(of(100), [1_000]);
        assert_eq!(of(1_001), [0; 0]);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_the_next_minute_has_room_again() {
        let mut ring = empty();
        let (all, depth) = (RECORDER_CALLS_MAX + 5, RECORDER_DEPTH_MAX);
        for call in 0..all {
            ring.add(1, &MAIN, &[call]);
        }
        for number in 0..RECORDER_THREADS_MAX as u8 {
            ring.add(1, &[number + 1; 16], &[1]);
        }
        let found = ring.since(1);
        assert_eq!(found.ways.len(), RECORDER_CALLS_MAX);
        assert_eq!(found.left_out, 5 + RECORDER_THREADS_MAX as u64);
        let deep: Vec<usize> = (0..2 * depth).collect();
        ring.add(2, &MAIN, &deep);
        let found = ring.since(2);
        assert_eq!((found.left_out, found.ways.len()), (0, 1));
        assert_eq!(found.ways[0].calls, (0..depth).rev().collect::<Vec<_>>(), "the innermost are kept");
    }
}
