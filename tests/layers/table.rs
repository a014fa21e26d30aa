//! The layers: which module of `src/` stands where, and what the pure ones may use.
//!
//! A module imports only modules of a strictly lower rank. `ARCHITECTURE.md` says why.

/// Every top-level module with its rank.
pub const LAYERS: &[(&str, u8)] = &[
    ("base", 0),
    ("label", 1),
    ("notation", 1),
    ("model", 2),
    ("frame", 2),
    ("widget", 3),
    ("encode", 3),
    ("report", 3),
    ("template", 3),
    ("scene", 4),
    ("machine", 5),
    ("sys", 6),
    ("runtime", 7),
    ("wire", 7),
    ("event", 7),
    ("config", 8),
    ("source", 8),
    ("sink", 8),
    ("observe", 8),
    ("render", 9),
    ("fanout", 9),
    ("admin", 9),
    ("worker", 10),
    ("root", 10),
    ("client", 10),
    ("cli", 11),
    ("main", 12),
];

/// The first rank that may touch the world. Below it: no I/O, no clock, no randomness, no async.
pub const IMPURE_RANK: u8 = 6;

/// Crates the pure layers may use; all of them compute and do nothing else.
pub const PURE_CRATES: &[&str] = &[
    "alloc",
    "bytes",
    "core",
    "flate2",
    "gotmpl",
    "inferno",
    "jiff",
    "prost",
    "rustc_hash",
    "serde",
    "serde_json",
    "sha2",
    "smol_str",
    "std",
    "thiserror",
    "toml",
    "unicode_normalization",
    "unicode_segmentation",
    "unicode_width",
    "zeroize",
];

/// What even these crates may not be used for in a pure layer.
pub const IMPURE_PATHS: &[&[&str]] = &[
    &["jiff", "Timestamp", "now"],
    &["jiff", "Zoned", "now"],
    &["jiff", "tz", "TimeZone", "system"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "hash", "RandomState"],
    &["std", "io", "stderr"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "net"],
    &["std", "os"],
    &["std", "process"],
    &["std", "sync", "mpsc"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
];

pub fn rank(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}
