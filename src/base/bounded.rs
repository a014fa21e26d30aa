//! Deserializing what an untrusted process sent: collections and texts that refuse to grow over a cap.
//!
//! Invariant: the cap holds while a value is read, not after. Checking afterwards would be too late: the shortest
//! entry of a list takes one byte on the wire and a hundred in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Room made at once for a list whose length was only announced.
const ROOM_AT_ONCE: usize = 64;

/// A list of at most `MAX` texts of at most `BYTES` bytes each.
pub fn texts<'de, D, const MAX: usize, const BYTES: usize>(deserializer: D) -> Result<Vec<String>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(list::<D, Capped<BYTES>, MAX>(deserializer)?.into_iter().map(|text| text.0).collect())
}

/// A list of at most `MAX` items, for `#[serde(deserialize_with = "bounded::list::<_, _, MAX>")]`.
pub fn list<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(List::<T, MAX>(PhantomData))
}

/// A text of at most `MAX` bytes.
pub fn text<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text::<MAX>)
}

/// The first `MAX` bytes of a text meant for people: better cut than lost.
pub fn cut<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Cut::<MAX>)
}

/// The longest beginning of `text` that has at most `max` bytes and ends between two characters.
pub fn beginning(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A map of at most `MAX` entries whose names and values have at most `BYTES` bytes each.
pub fn texts_by_name<'de, D, const MAX: usize, const BYTES: usize>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(TextsByName::<MAX, BYTES>)
}

struct List<T, const MAX: usize>(PhantomData<T>);

struct Text<const MAX: usize>;

struct Cut<const MAX: usize>;

struct TextsByName<const MAX: usize, const BYTES: usize>;

/// A text that caps itself, for map keys and values.
struct Capped<const MAX: usize>(String);

impl<'de, const MAX: usize> Deserialize<'de> for Capped<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::<D, MAX>(deserializer).map(Capped)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for List<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0).min(ROOM_AT_ONCE));
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::custom(format_args!("more than {MAX} items")));
            }
            list.push(item);
        }
        Ok(list)
    }
}

impl<const MAX: usize> Visitor<'_> for Text<MAX> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {MAX} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if text.len() > MAX {
            return Err(E::custom(format_args!("a text of {} bytes where at most {MAX} are allowed", text.len())));
        }
        Ok(text.to_owned())
    }
}

impl<const MAX: usize> Visitor<'_> for Cut<MAX> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(beginning(text, MAX).to_owned())
    }
}

impl<'de, const MAX: usize, const BYTES: usize> Visitor<'de> for TextsByName<MAX, BYTES> {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} texts by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry::<Capped<BYTES>, Capped<BYTES>>()? {
            if map.len() == MAX {
                return Err(A::Error::custom(format_args!("more than {MAX} entries")));
            }
            map.insert(name.0, value.0);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "list::<_, _, 3>")]
        items: Vec<u8>,
        #[serde(default, deserialize_with = "text::<_, 4>")]
        name: String,
        #[serde(default, deserialize_with = "texts_by_name::<_, 2, 3>")]
        params: BTreeMap<String, String>,
        #[serde(default, deserialize_with = "cut::<_, 4>")]
        words: String,
        #[serde(default, deserialize_with = "texts::<_, 2, 3>")]
        names: Vec<String>,
    }

    fn check(json: &str, accepted: bool) {
        let read = serde_json::from_str::<Sample>(json);
        assert_eq!(read.is_ok(), accepted, "{json}: {read:?}");
    }

    #[test]
    fn what_fits_is_taken_and_one_more_is_not() {
        check("{}", true);
        check(r#"{"items":[1,2,3]}"#, true);
        check(r#"{"items":[1,2,3,4]}"#, false);
        check(r#"{"name":"abcd"}"#, true);
        check(r#"{"name":"abcde"}"#, false);
        check(r#"{"name":"\u00e4\u00e4"}"#, true);
        check(r#"{"name":"\u00e4\u00e4\u00e4"}"#, false);
        check(r#"{"params":{"a":"b","c":"d"}}"#, true);
        check(r#"{"params":{"a":"b","c":"d","e":"f"}}"#, false);
        check(r#"{"params":{"abcd":"b"}}"#, false);
        check(r#"{"params":{"a":"bcde"}}"#, false);
        check(r#"{"names":["abc","d"]}"#, true);
        check(r#"{"names":["abcd"]}"#, false);
        check(r#"{"names":["a","b","c"]}"#, false);
    }

    #[test]
    fn a_text_for_people_is_cut_between_characters() {
        let read: Sample = serde_json::from_str(r#"{"words":"abcdef"}"#).unwrap();
        assert_eq!(read.words, "abcd");
        let read: Sample = serde_json::from_str(r#"{"words":"abc\u00e4"}"#).unwrap();
        assert_eq!(read.words, "abc");
    }
}
