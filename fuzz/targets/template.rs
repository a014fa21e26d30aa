//! Any bytes as a template: a statement of bounded length, in which no value ever stands, or complaints.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("template", data);
});
