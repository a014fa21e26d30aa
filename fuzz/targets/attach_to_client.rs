//! Any bytes as what root sends a viewer's client.
#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("attach_to_client", data);
});
