//! Any bytes as lines that a program pushes: samples, or rejected lines with safe words.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("push", data);
});
