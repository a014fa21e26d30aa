//! The boards that come with the program; written as people write theirs.

use std::sync::OnceLock;

use super::board::Board;
use super::file;
use crate::model::fault::{Holder, Lie, Mode};

/// Names and texts, in the order they are offered in.
const FILES: &[(&str, &str)] = &[
    ("host", include_str!("shipped/host.toml")),
    ("demo", include_str!("shipped/demo.toml")),
    ("unblink", include_str!("shipped/unblink.toml")),
];

/// The board of faults on purpose, for workers that obey them.
pub const FAULTS: &str = "faults";
/// Which of its panels is hit: the first.
pub const FAULTS_TARGET: usize = 0;

/// It is written like the others, but for the keys, which stand in one table.
pub fn faults() -> Board {
    let held = |mode: &Mode| match mode.holder() {
        Holder::Panel => "panel",
        Holder::Task => "task",
        Holder::Worker => "worker",
    };
    let modes = Mode::ALL.iter().map(|mode| format!("**{}** {} [{}]", mode.key(), mode.name(), held(mode)));
    let lies = Lie::ALL.iter().map(|lie| format!("**{}** {}", lie.key(), lie.name()));
    let modes: Vec<String> = modes.map(|line| line.replace('"', "'")).collect();
    let lies: Vec<String> = lies.collect();
    let keys = format!("{}\n\nThe source on the right: {}", modes.join(", "), lies.join(", "));
    let text = include_str!("shipped/faults.toml").replace("@KEYS@", &keys);
    file::read(FAULTS, FAULTS, text.as_bytes()).expect("invariant: the boards shipped are sound")
}

/// All of them, read once: a worker that waits for its tenant has done so before it has one.
pub fn all() -> Vec<Board> {
    static ALL: OnceLock<Vec<Board>> = OnceLock::new();
    let read = |(name, text): &(&str, &str)| {
        file::read(name, name, text.as_bytes()).expect("invariant: the boards shipped are sound")
    };
    ALL.get_or_init(|| FILES.iter().map(read).collect()).clone()
}
