//! Any bytes as what a worker, which is not trusted, sends root.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("feed_to_root", data);
});
