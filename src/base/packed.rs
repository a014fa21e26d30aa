//! Lists whose items have one width, written as plain bytes: reading a million of them back costs little more than a copy.
//!
//! Numbers are little-endian, and nothing is between them.
//!
//! Invariant: what is longer than its cap, or ends within an item, is no list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

/// An item that always takes as many bytes.
pub trait Packed {
    const BYTES: usize;

    /// Appends so many.
    fn put(&self, out: &mut Vec<u8>);

    /// What so many say.
    fn take(bytes: &mut Bytes<'_>) -> Self;
}

/// The rest of what is read; zeroes once nothing is left.
#[derive(Debug)]
pub struct Bytes<'a>(&'a [u8]);

/// For `#[serde(serialize_with = "packed::write")]`.
pub fn write<T: Packed, S: Serializer>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::with_capacity(items.len() * T::BYTES);
    items.iter().for_each(|item| item.put(&mut bytes));
    debug_assert_eq!(bytes.len(), items.len() * T::BYTES, "invariant: each item takes its width");
    serializer.serialize_bytes(&bytes)
}

/// At most `MAX` items, for `#[serde(deserialize_with = "packed::list::<_, _, MAX>")]`.
pub fn list<'de, D: Deserializer<'de>, T: Packed, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_bytes(List::<T, MAX>(PhantomData))
}

struct List<T, const MAX: usize>(PhantomData<T>);

// === impl Bytes ===

impl Bytes<'_> {
    #[inline]
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let Some((next, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *next
    }

    #[inline]
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.next())
    }

    #[inline]
    pub fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.next())
    }

    #[inline]
    pub fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.next())
    }
}

// === impl List ===

impl<T: Packed, const MAX: usize> Visitor<'_> for List<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} items of {} bytes each", T::BYTES)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
        if bytes.len() > MAX * T::BYTES || !bytes.len().is_multiple_of(T::BYTES) {
            return Err(E::invalid_length(bytes.len(), &self));
        }
        let take = |item| {
            let mut bytes = Bytes(item);
            let taken = T::take(&mut bytes);
            debug_assert!(bytes.0.is_empty(), "invariant: each item takes its width");
            taken
        };
        Ok(bytes.chunks_exact(T::BYTES).map(take).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Item(u32, i64, f64);

    impl Packed for Item {
        const BYTES: usize = 20;

        fn put(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0.to_le_bytes());
            out.extend_from_slice(&self.1.to_le_bytes());
            out.extend_from_slice(&self.2.to_le_bytes());
        }

        fn take(bytes: &mut Bytes<'_>) -> Item {
            Item(bytes.u32(), bytes.i64(), bytes.f64())
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Items(#[serde(serialize_with = "write", deserialize_with = "list::<_, _, 3>")] Vec<Item>);

    fn read(bytes: &[u8]) -> Option<Items> {
        postcard::from_bytes(bytes).ok()
    }

    #[test]
    fn what_is_written_is_read_and_takes_its_width() {
        let item = Item(7, i64::MIN, -0.5);
        for count in 0..=3 {
            let items = Items(vec![item; count]);
            let bytes = postcard::to_stdvec(&items).expect("plain data");
            assert_eq!(bytes.len(), 1 + count * Item::BYTES);
            assert_eq!(read(&bytes), Some(items));
        }
    }

    #[test]
    fn what_is_too_long_or_ends_within_an_item_is_no_list() {
        let bytes = |length: u8| -> Vec<u8> { [length].into_iter().chain((0..length).map(|_| 1)).collect() };
        assert!(read(&bytes(60)).is_some());
        assert_eq!(read(&bytes(80)), None, "four of three");
        assert_eq!(read(&bytes(59)), None);
        assert_eq!(read(&bytes(60)[..60]), None, "less than was said");
    }
}
