//! What the allocator is asked for where that would matter: by the fan-out on its steady path nothing for a viewer, by the hook
//! of a panic nothing at all.
//!
//! Invariant: counted on one thread, so that nothing else that runs counts.

#[path = "../benches/fanout/steady.rs"]
mod steady;

use std::cell::Cell;

use steady::Crowd;
use unblink::runtime::context::Context;
use unblink::runtime::fault;

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

thread_local! {
    /// How often memory was asked for while a panic of this thread was noted.
    static ASKED: Cell<Option<u64>> = const { Cell::new(None) };
}

#[test]
fn a_panic_is_noted_without_asking_for_memory() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let mut is_held = false;
        let asked = allocation_counter::measure(|| is_held = fault::note(info)).count_total;
        ASKED.set(Some(asked));
        if !is_held {
            before(info);
        }
    }));
    let text = "x".repeat(10_000);
    let held = fault::contain(Context::source("host"), || panic!("on purpose: {text}"));
    assert!(held.is_err());
    assert_eq!(ASKED.get(), Some(0));
    // What would be counted if it did.
    let asked = allocation_counter::measure(|| drop(std::hint::black_box(text.clone()))).count_total;
    assert_eq!(asked, 1);
}
