//! Units as words: in boards, in samples, on the wire.
//!
//! Invariant: the word of a unit reads back as that unit; a word is looked at only up to its longest length.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::custom::Scaling;
use super::{Custom, Suffix, Unit};
use crate::base::bounded;
use crate::base::limits::UNIT_SUFFIX_BYTES_MAX;
use crate::label::Label;

/// Why a word is no unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    #[error("`{word}` is no unit of values here: give them in {base} and write `{base}`; they are scaled when shown")]
    Scaled { word: String, base: &'static str },
    #[error("`{word}` is no unit: a word with a colon begins with `si:` (1.2 kW) or `plain:` (1200 rpm)")]
    Prefix { word: String },
    #[error(
        "`{word}` is no unit: write one of {WORDS_SHOWN}, or a suffix of your own of at most {UNIT_SUFFIX_BYTES_MAX} \
         bytes without blanks, such as orders, orders/s, si:W or plain:rpm"
    )]
    Unknown { word: String },
}

/// Every unit with a word of its own; upper or lower case.
const WORDS: [(&str, Unit); 10] = [
    ("none", Unit::None),
    ("percent", Unit::Percent),
    ("bytes", Unit::Bytes),
    ("bytes/s", Unit::BytesPerSecond),
    ("bytes-si", Unit::BytesSi),
    ("bytes-si/s", Unit::BytesSiPerSecond),
    ("bits/s", Unit::BitsPerSecond),
    ("seconds", Unit::Seconds),
    ("hertz", Unit::Hertz),
    ("celsius", Unit::Celsius),
];
const WORDS_SHOWN: &str = "none, percent, bytes, bytes/s, bytes-si, bytes-si/s, bits/s, seconds, hertz, celsius";

/// What else people write for them, exactly so.
const ALIASES: [(&str, Unit); 13] = [
    ("%", Unit::Percent),
    ("B", Unit::Bytes),
    ("byte", Unit::Bytes),
    ("B/s", Unit::BytesPerSecond),
    ("byte/s", Unit::BytesPerSecond),
    ("bytes-per-second", Unit::BytesPerSecond),
    ("bit/s", Unit::BitsPerSecond),
    ("bps", Unit::BitsPerSecond),
    ("bits-per-second", Unit::BitsPerSecond),
    ("s", Unit::Seconds),
    ("second", Unit::Seconds),
    ("Hz", Unit::Hertz),
    ("°C", Unit::Celsius),
];

/// Values come in base units: these would be scaled twice.
const SCALED: [(&str, &str); 21] = [
    ("ns", "seconds"),
    ("us", "seconds"),
    ("µs", "seconds"),
    ("ms", "seconds"),
    ("min", "seconds"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("milliseconds", "seconds"),
    ("kb", "bytes"),
    ("mb", "bytes"),
    ("gb", "bytes"),
    ("tb", "bytes"),
    ("kib", "bytes"),
    ("mib", "bytes"),
    ("gib", "bytes"),
    ("tib", "bytes"),
    ("kbit/s", "bits/s"),
    ("mbit/s", "bits/s"),
    ("gbit/s", "bits/s"),
    ("khz", "hertz"),
];

/// Longest part of a word that a complaint repeats, in bytes.
const WORD_SHOWN_BYTES_MAX: usize = 32;

// === impl Unit ===

impl FromStr for Unit {
    type Err = UnitError;

    /// Reads `bytes`, `bytes-si`, `bits/s`, `percent` and so on; `orders` and `orders/s` (1.2k orders/s), `/s` (1.2k/s),
    /// `si:W` (1.2 kW) and `plain:rpm` (1200 rpm).
    fn from_str(text: &str) -> Result<Unit, UnitError> {
        let word = || Label::plain(bounded::beginning(text, WORD_SHOWN_BYTES_MAX)).as_str().to_owned();
        if let Some((_, unit)) = WORDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) {
            return Ok(unit);
        }
        if let Some((_, unit)) = ALIASES.into_iter().find(|(known, _)| *known == text) {
            return Ok(unit);
        }
        if let Some((_, base)) = SCALED.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) {
            return Err(UnitError::Scaled { word: word(), base });
        }
        let (scaling, rest) = match text.split_once(':') {
            None => (Scaling::Count, text),
            Some(("si", rest)) => (Scaling::Symbol, rest),
            Some(("plain", rest)) => (Scaling::Plain, rest),
            Some(_) => return Err(UnitError::Prefix { word: word() }),
        };
        let (rest, per_second) = match rest.strip_suffix("/s") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let nothing = rest.is_empty() && !(per_second && scaling == Scaling::Count);
        match Suffix::new(rest).filter(|_| !nothing) {
            Some(suffix) => Ok(Unit::Custom(Custom { suffix, per_second, scaling })),
            None => Err(UnitError::Unknown { word: word() }),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unit::Custom(own) = self else {
            let word = WORDS.into_iter().find(|(_, unit)| unit == self).map_or("none", |(word, _)| word);
            return f.pad(word);
        };
        f.write_str(match own.scaling {
            Scaling::Count => "",
            Scaling::Symbol => "si:",
            Scaling::Plain => "plain:",
        })?;
        f.write_str(own.suffix())?;
        f.write_str(if own.per_second { "/s" } else { "" })
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unit, D::Error> {
        deserializer.deserialize_str(Word)
    }
}

struct Word;

impl Visitor<'_> for Word {
    type Value = Unit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a unit such as `bytes` or `orders/s`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Unit, E> {
        text.parse().map_err(E::custom)
    }
}
