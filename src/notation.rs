//! What people write and the places in it: TOML with lines and columns, durations, quantities, "did you mean".
//!
//! Invariant: a complaint names its place, and nothing quoted in it moves a terminal's cursor. This must not know what
//! is configured: `config` and `scene` read settings and boards with it.

mod document;
mod duration;
mod number;
mod quantity;
mod suggest;
mod words;

pub use document::{Document, harmless};
pub use duration::{DurationError, parse_duration};
pub use quantity::{QuantityError, parse_quantity};
pub use suggest::nearest;
pub use words::words;

/// So many of something: `1 worker`, `2 workers`.
pub fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// What to write instead of a word nobody knows: the nearest of those known, or all of them.
pub fn remedy_for(word: &str, known: &[&str], what: &str) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the {what} known here are: {}", known.join(", ")),
    }
}
