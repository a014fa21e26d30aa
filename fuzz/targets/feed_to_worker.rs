//! Any bytes as what root sends a worker.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("feed_to_worker", data);
});
