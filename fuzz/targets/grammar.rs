//! Any bytes as a frame: what the grammar lets through must be harmless.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("grammar", data);
});
