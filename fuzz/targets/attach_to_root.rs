//! Any bytes as what a viewer's client sends root.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("attach_to_root", data);
});
