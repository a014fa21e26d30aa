//! The fuzz targets on mutated valid messages and on plain noise: the same cases on every run, in seconds.
//!
//! A failure names its case; the long, coverage-guided runs are in `fuzz/README.md`.

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "fuzz_short/mutate.rs"]
mod mutate;
#[path = "fuzz_short/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::Random;

/// Cases of each target, unless `UNBLINK_FUZZ_CASES` says otherwise: `make stress` asks for more.
const CASES: u64 = 20_000;
/// Where the deterministic sequence of cases starts.
const SEED: u64 = 0x756e_626c_696e_6b00;

/// Gives one case to a target, true when it was valid; a panic tells the bytes that brought it about.
fn try_case(target: &str, what: &str, data: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| bodies::run(target, data))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        panic!("{target}, {what}: {said}\nthe bytes: {}", data.escape_ascii());
    })
}

fn cases() -> u64 {
    std::env::var("UNBLINK_FUZZ_CASES").map_or(CASES, |said| said.parse().expect("UNBLINK_FUZZ_CASES is a number"))
}

fn fuzz(target: &str) {
    let seeds = seeds::of(target);
    assert!(!seeds.is_empty(), "{target} has no valid messages to start from");
    for (index, seed) in seeds.iter().enumerate() {
        try_case(target, &format!("seed {index}"), seed);
        // Every place where a peer can die.
        for end in 0..seed.len().min(512) {
            try_case(target, &format!("seed {index} torn at {end}"), &seed[..end]);
        }
    }
    let cases = cases();
    let mut valid = 0;
    for case in 0..cases {
        let mut random = Random::new(SEED ^ case);
        let data =
            if random.below(16) == 0 { mutate::noise(&mut random) } else { mutate::mutated(&mut random, &seeds) };
        valid += u64::from(try_case(target, &format!("case {case}"), &data));
    }
    // What the run is worth: it gets past the first check, and not always.
    assert!((cases / 20..cases * 19 / 20).contains(&valid), "{target}: {valid} of {cases} cases are valid");
}

#[test]
fn any_bytes_to_a_worker_are_a_message_or_an_error() {
    fuzz("feed_to_worker");
}

#[test]
fn any_bytes_from_a_worker_are_a_message_or_an_error() {
    fuzz("feed_to_root");
}

#[test]
fn any_bytes_from_a_client_are_a_message_or_an_error() {
    fuzz("attach_to_root");
}

#[test]
fn any_bytes_to_a_client_are_a_message_or_an_error() {
    fuzz("attach_to_client");
}

#[test]
fn a_frame_that_passes_the_grammar_is_harmless() {
    fuzz("grammar");
}

#[test]
fn any_bytes_make_a_harmless_label() {
    fuzz("label");
}

#[test]
fn any_bytes_pushed_are_samples_or_rejected_lines() {
    fuzz("push");
}

#[test]
fn any_bytes_are_a_template_that_binds_all_values_or_complaints() {
    fuzz("template");
}

#[test]
fn every_target_is_run_here_and_has_its_file() {
    let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/targets"))
        .expect("the folder is there")
        .map(|entry| entry.expect("the entry is readable").path())
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let bodies: Vec<&str> = bodies::BODIES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, bodies);
    let manifest = include_str!("../fuzz/Cargo.toml");
    for name in bodies {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
    }
}
