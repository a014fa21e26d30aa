//! A text that nobody may see: a password, a token, a header that carries one.
//!
//! Invariant: it is shown by nothing that shows values, neither `Debug` nor a serializer, and its memory is zeroed when
//! it goes. Who needs the text asks for it by [`Secret::expose`], which is easy to find in the sources.

use std::fmt;

use zeroize::Zeroizing;

/// One secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// What stands where a secret stood.
const MASK: &str = "***";
/// Shorter ones are not looked for in other texts: they would be found in every second word, and so given away.
const HIDDEN_BYTES_MIN: usize = 4;

// === impl Secret ===

impl Secret {
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself: for the wire, never for a person.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A foreign text without this secret: a server may well repeat what it was sent.
    pub fn hide_in(&self, text: &str) -> String {
        if self.0.len() < HIDDEN_BYTES_MIN { text.to_owned() } else { text.replace(self.0.as_str(), MASK) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_shows_values_shows_it() {
        let secret = Secret::new("hunter2-hunter2");
        let shown = format!("{secret:?} {:#?} {:?}", Some(&secret), [(&secret, 1)]);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(secret.expose(), "hunter2-hunter2");
    }

    #[test]
    fn it_is_taken_out_of_what_others_say() {
        let secret = Secret::new("hunter2");
        assert_eq!(secret.hide_in("Bearer hunter2 is no good: hunter2"), "Bearer *** is no good: ***");
        assert_eq!(Secret::new("a").hide_in("a bad day"), "a bad day", "that would only tell where it stands");
    }
}
