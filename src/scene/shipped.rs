//! The boards that come with the program; written as people write theirs.

use super::board::Board;
use super::file;

/// Names and texts, in the order they are offered in.
const FILES: &[(&str, &str)] = &[
    ("host", include_str!("shipped/host.toml")),
    ("demo", include_str!("shipped/demo.toml")),
    ("unblink", include_str!("shipped/unblink.toml")),
];

/// All of them.
pub fn all() -> Vec<Board> {
    let read = |(name, text): &(&str, &str)| {
        file::read(name, name, text.as_bytes()).expect("invariant: the boards shipped are sound")
    };
    FILES.iter().map(read).collect()
}
