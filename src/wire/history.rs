//! What a worker writes down of its data for the next one: numbered records with checksums, one after another.
//!
//! Each record is a little-endian `u32` length, a CRC-32 over the segment's number, the record's number and the body, and
//! the body, which is postcard. Zeroes are the end. A segment begins with a record `Begin`.
//!
//! Invariant: whatever the bytes, what is read was written as it is, in its place of this very segment, or is none.

use serde::{Deserialize, Serialize};

use crate::base::packed::{self, Packed};
use crate::base::{Wall, bounded, limits};
use crate::model::SeriesKey;
use crate::model::series::Kind;
use crate::model::window::{KEPT_BYTES_MAX, Kept};

/// Changes with every incompatible change of this file, and of what `Kept` holds. A head and `Begin` stay readable by every
/// version, which tells by them what another one left.
pub const VERSION: u16 = 2;
/// Length and checksum.
pub const HEAD_BYTES: usize = 8;

// The fullest window is one record, and so are as many samples as there may be.
const _: () = assert!(KEPT_BYTES_MAX + 2 * limits::SERIES_KEY_BYTES_MAX < limits::HISTORY_RECORD_BYTES_MAX);
const _: () = assert!(limits::HISTORY_SAMPLES_MAX * Noted::BYTES + HEAD_BYTES < limits::HISTORY_RECORD_BYTES_MAX);

/// One thing that the next worker should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// The first one: what follows has this number, greater than that of the segment before it.
    Begin { version: u16, segment: u64 },
    /// From here on a number stands for this series.
    Series(Series),
    /// Samples that were taken.
    Samples(
        #[serde(
            serialize_with = "packed::write",
            deserialize_with = "packed::list::<_, _, { limits::HISTORY_SAMPLES_MAX }>"
        )]
        Vec<Noted>,
    ),
    /// All that is kept of a series at this moment.
    Window { series: Series, kept: Kept },
    /// An entry of a log.
    Entry(Said),
    /// The same, copied when the segment began: the one before may have it too.
    CopiedEntry(Said),
    /// What is known of times after this never was.
    ForgetAfter(Wall),
    /// What was known when the segment began stands in it by now: those before it are needed no more.
    Whole,
}

/// Which series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub number: u32,
    pub key: SeriesKey,
    pub kind: Kind,
    /// As `Unit` is written.
    pub unit: String,
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noted {
    pub series: u32,
    pub at: Wall,
    pub value: f64,
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub stream: String,
    pub at: Wall,
    /// Its place in `Severity::ALL`.
    pub severity: u8,
    pub source: String,
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::LOG_ENTRY_LINES_MAX }>")]
    pub lines: Vec<String>,
    pub lines_cut: u64,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub segment: u64,
    /// Of the record in it, from 0.
    pub number: u64,
}

impl Packed for Noted {
    const BYTES: usize = 20;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.series.to_le_bytes());
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.value.to_le_bytes());
    }

    #[inline]
    fn take(bytes: &mut packed::Bytes<'_>) -> Noted {
        Noted { series: bytes.u32(), at: Wall(bytes.i64()), value: bytes.f64() }
    }
}

/// Appends one record.
pub fn put(out: &mut Vec<u8>, place: Place, record: &Record) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    let written = postcard::to_extend(record, std::mem::take(out));
    *out = written.expect("invariant: records always serialize");
    let body = start + HEAD_BYTES;
    let length = u32::try_from(out.len() - body).expect("invariant: a record is far below 4 GiB");
    let sum = checksum(place, &out[body..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..body].copy_from_slice(&sum.to_le_bytes());
}

/// The length of the body that follows this head; none at the end, or where it cannot be one.
pub fn length(head: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(head.get(..4)?.try_into().ok()?) as usize;
    (1..=limits::HISTORY_RECORD_BYTES_MAX).contains(&length).then_some(length)
}

/// Whether this head and body were written in this place.
pub fn is_whole(head: &[u8], body: &[u8], place: Place) -> bool {
    let sum = head.get(4..HEAD_BYTES).and_then(|sum| sum.try_into().ok()).map(u32::from_le_bytes);
    sum == Some(checksum(place, body))
}

/// The record of this head and body.
pub fn read(head: &[u8], body: &[u8], place: Place) -> Option<Record> {
    if !is_whole(head, body, place) {
        return None;
    }
    let (record, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(record)
}

fn checksum(place: Place, body: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&place.segment.to_le_bytes());
    sum.update(&place.number.to_le_bytes());
    sum.update(body);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Place = Place { segment: 3, number: 7 };

    fn records() -> Vec<Record> {
        let key = SeriesKey::labelled("requests_total", &[("job", "web")]);
        let series = Series { number: 5, key, kind: Kind::Counter, unit: "requests".to_owned() };
        let said = Said {
            stream: "app".to_owned(),
            at: Wall(-5),
            severity: 4,
            source: String::new(),
            lines: vec!["one".to_owned(), "zwei".to_owned()],
            lines_cut: 1,
        };
        vec![
            Record::Begin { version: VERSION, segment: 3 },
            Record::Series(series.clone()),
            Record::Samples(vec![Noted { series: 5, at: Wall(1_700_000_000_000), value: 42.5 }]),
            Record::Window { series, kept: Kept::default() },
            Record::Entry(said.clone()),
            Record::CopiedEntry(said),
            Record::ForgetAfter(Wall(9)),
            Record::Whole,
        ]
    }

    fn read_one(bytes: &[u8], place: Place) -> Option<Record> {
        let length = length(bytes)?;
        read(bytes, bytes.get(HEAD_BYTES..HEAD_BYTES + length)?, place)
    }

    #[test]
    fn a_record_reads_back_in_its_place_and_nowhere_else() {
        for record in records() {
            let mut bytes = Vec::new();
            put(&mut bytes, HERE, &record);
            assert_eq!(read_one(&bytes, HERE), Some(record));
            assert_eq!(read_one(&bytes, Place { number: 8, ..HERE }), None);
            assert_eq!(read_one(&bytes, Place { segment: 2, ..HERE }), None);
        }
        assert_eq!(length(&[0; HEAD_BYTES]), None, "zeroes are the end");
        assert_eq!(length(&[0xff; HEAD_BYTES]), None);
    }

    #[test]
    fn a_bit_that_is_flipped_is_noticed_wherever_it_is() {
        for record in records() {
            let mut bytes = Vec::new();
            put(&mut bytes, HERE, &record);
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read_one(&bytes, HERE), None, "bit {bit} of {record:?}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_one(&bytes, HERE);
            // The same with a checksum that fits.
            let mut sealed = u32::try_from(bytes.len()).expect("short").to_le_bytes().to_vec();
            sealed.extend(checksum(HERE, &bytes).to_le_bytes());
            sealed.extend(&bytes);
            let _ = read_one(&sealed, HERE);
        }
    }
}
