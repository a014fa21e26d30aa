//! What the fan-out asks the allocator for on its steady path: nothing for a viewer.
//!
//! Invariant: counted on one thread, so that nothing else that runs counts.

#[path = "../benches/fanout/steady.rs"]
mod steady;

use steady::Crowd;

/// How often memory was asked for while so many viewers got this many frames.
fn asked(viewers: u64, frames: u64) -> u64 {
    let mut crowd = Crowd::new(viewers);
    // Tables and lists have their size.
    (0..64).for_each(|_| crowd.frame());
    allocation_counter::measure(|| (0..frames).for_each(|_| crowd.frame())).count_total
}

#[test]
fn a_frame_asks_for_as_much_memory_for_a_thousand_viewers_as_for_one() {
    let one = asked(1, 1_000);
    assert_eq!(asked(1_000, 1_000), one);
    assert!((1..=6_000).contains(&one), "{one} for a thousand frames: a few of each, whoever watches");
}
