//! The form of pprof: `profile.proto` (google/pprof), of which only what profiles of processor time and of memory need is
//! named here.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use prost::encoding::{self, WireType};

use crate::base::limits;
use crate::model::Profile;
use crate::model::profile::{Collector, Kind};

#[derive(Clone, PartialEq, Message)]
pub struct Proto {
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    pub string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    pub period: i64,
    /// In the table of strings, too.
    #[prost(int64, repeated, tag = "13")]
    pub comment: Vec<i64>,
    #[prost(int64, tag = "14")]
    pub default_sample_type: i64,
}

/// Both are places in the table of strings.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct ValueType {
    #[prost(int64, tag = "1")]
    pub kind: i64,
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub struct Sample {
    /// The innermost first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub struct Location {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Line {
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Function {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(int64, tag = "2")]
    pub name: i64,
    #[prost(int64, tag = "3")]
    pub system_name: i64,
}

/// The table of strings while it grows; the empty one is its first.
struct Strings {
    all: Vec<String>,
    places: BTreeMap<String, i64>,
}

const NANOS: i64 = 1_000_000_000;

/// Parts of it by their numbers.
const SAMPLES: u32 = 2;
const LOCATIONS: u32 = 4;
const FUNCTIONS: u32 = 5;
const STRINGS: u32 = 6;
/// A place among the names of all processes.
const PLACE_BYTES: usize = 3;
/// What a sample has besides its places: two values, and what says how long all of it is.
const SAMPLE_BYTES: usize = 40;
/// Of a function, or a location.
const FUNCTION_BYTES: usize = 40;
/// Other parts are fewer.
const FEW: usize = 16;

const NO_PROFILE: &str = "it is no profile";
const TOO_LARGE: &str = "it is larger than any that is written here";

/// Gzipped, as everybody keeps it. The notes are a comment, which `go tool pprof -comments` shows.
pub fn report(profile: &Profile, notes: &str, taken_at_ms: i64) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let written = gzip.write_all(&proto(profile, notes, taken_at_ms).encode_to_vec());
    written.and_then(|()| gzip.finish()).expect("invariant: memory takes all")
}

/// What [`report`] wrote. Whatever else it may be, it takes bounded memory.
pub fn read(bytes: &[u8]) -> Result<(Profile, String), &'static str> {
    let mut raw = Vec::new();
    let unpacked = GzDecoder::new(bytes).take(limits::CAPTURE_UNPACKED_BYTES_MAX + 1).read_to_end(&mut raw);
    unpacked.map_err(|_| "it is not packed as it should be")?;
    if raw.len() as u64 > limits::CAPTURE_UNPACKED_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    look_through(&raw)?;
    let proto = Proto::decode(raw.as_slice()).map_err(|_| NO_PROFILE)?;
    let functions: BTreeMap<u64, i64> = proto.function.iter().map(|function| (function.id, function.name)).collect();
    let name_of = |location: &Location| {
        let name = functions.get(&location.line.first()?.function_id)?;
        proto.string_table.get(usize::try_from(*name).ok()?).map(String::as_str)
    };
    let names: BTreeMap<u64, &str> =
        proto.location.iter().filter_map(|location| Some((location.id, name_of(location)?))).collect();
    let calls = |sample: &Sample| -> Vec<&str> {
        sample.location_id.iter().rev().filter_map(|id| names.get(id).copied()).collect()
    };
    // Each process had its room.
    let processes: BTreeSet<&str> = proto.sample.iter().filter_map(|sample| calls(sample).first().copied()).collect();
    let hz = u32::try_from(NANOS / proto.period.max(1)).unwrap_or(1);
    let span_ms = u64::try_from(proto.duration_nanos / 1_000_000).unwrap_or(0);
    let mut collector = Collector::with_room(processes.len(), hz, span_ms);
    for sample in &proto.sample {
        let count = sample.value.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0);
        collector.add(calls(sample).into_iter(), count);
    }
    let text = |place: &i64| proto.string_table.get(usize::try_from(*place).ok()?).map(String::as_str);
    let notes: Vec<&str> = proto.comment.iter().filter_map(text).collect();
    Ok((collector.finish(), notes.join("; ")))
}

/// Whether it has no more parts than [`report`] writes, and none that is longer: a part of two bytes takes fifty once it is
/// decoded.
fn look_through(mut raw: &[u8]) -> Result<(), &'static str> {
    let mut counts = [0_usize; 16];
    let mut sample_bytes = 0;
    while !raw.is_empty() {
        let (tag, kind) = encoding::decode_key(&mut raw).map_err(|_| NO_PROFILE)?;
        let place = usize::try_from(tag).ok().filter(|tag| *tag < counts.len()).ok_or(TOO_LARGE)?;
        counts[place] += 1;
        let length = match kind {
            WireType::LengthDelimited => encoding::decode_varint(&mut raw).ok().and_then(|it| usize::try_from(it).ok()),
            WireType::Varint => encoding::decode_varint(&mut raw).ok().map(|_| 0),
            _ => None,
        };
        let (_, rest) = length.and_then(|length| raw.split_at_checked(length)).ok_or(NO_PROFILE)?;
        let length = raw.len() - rest.len();
        raw = rest;
        let (most, longest) = match tag {
            SAMPLES => {
                sample_bytes += length;
                (limits::PROFILE_STACKS_MAX, limits::PROFILE_DEPTH_MAX * PLACE_BYTES + SAMPLE_BYTES)
            }
            LOCATIONS | FUNCTIONS => (limits::PROFILE_NAMES_MAX, FUNCTION_BYTES),
            // Those of the kinds, and of notes, besides names.
            STRINGS => (limits::PROFILE_NAMES_MAX + FEW, 2 * limits::COMPLAINT_BYTES_MAX),
            _ => (FEW, FUNCTION_BYTES),
        };
        if counts[place] > most * limits::CAPTURE_PARTS_MAX || length > longest {
            return Err(TOO_LARGE);
        }
    }
    let room = limits::PROFILE_FRAMES_MAX * PLACE_BYTES + limits::PROFILE_STACKS_MAX * SAMPLE_BYTES;
    if sample_bytes > room * limits::CAPTURE_PARTS_MAX { Err(TOO_LARGE) } else { Ok(()) }
}

fn proto(profile: &Profile, notes: &str, taken_at_ms: i64) -> Proto {
    let mut strings = Strings { all: vec![String::new()], places: BTreeMap::from([(String::new(), 0)]) };
    let mut kind = |kind: &str, unit: &str| ValueType { kind: strings.place(kind), unit: strings.place(unit) };
    // As Go's own profiles have them.
    let (sample_type, period_type, period) = match profile.kind {
        Kind::Time => {
            let cpu = kind("cpu", "nanoseconds");
            ([kind("samples", "count"), cpu], cpu, NANOS / i64::from(profile.hz.max(1)))
        }
        Kind::Memory { every } => {
            let kinds = [kind("inuse_objects", "count"), kind("inuse_space", "bytes")];
            (kinds, kind("space", "bytes"), whole(every))
        }
    };
    // A function has one location: its name is all that is known of a call.
    let number = |place: usize| u64::try_from(place + 1).expect("invariant: names are few");
    let places = 0..profile.names.len();
    let location =
        places.clone().map(|place| Location { id: number(place), line: vec![Line { function_id: number(place) }] });
    let function = places.map(|place| {
        let name = strings.place(&profile.names[place]);
        Function { id: number(place), name, system_name: name }
    });
    let sample = profile.stacks.iter().map(|stack| {
        let count = whole(stack.count);
        let weight = match profile.kind {
            Kind::Time => count.saturating_mul(period),
            Kind::Memory { .. } => whole(stack.bytes),
        };
        let location_id = stack.frames.iter().rev().map(|frame| u64::from(*frame) + 1).collect();
        Sample { location_id, value: vec![count, weight] }
    });
    let (location, function, sample): (Vec<_>, Vec<_>, Vec<_>) =
        (location.collect(), function.collect(), sample.collect());
    Proto {
        default_sample_type: sample_type[1].kind,
        sample_type: sample_type.to_vec(),
        sample,
        location,
        function,
        time_nanos: taken_at_ms.saturating_mul(1_000_000),
        duration_nanos: i64::try_from(profile.span_ms).unwrap_or(i64::MAX).saturating_mul(1_000_000),
        period_type: Some(period_type),
        period,
        comment: (!notes.is_empty()).then(|| strings.place(notes)).into_iter().collect(),
        string_table: strings.all,
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

// === impl Strings ===

impl Strings {
    fn place(&mut self, text: &str) -> i64 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = i64::try_from(self.all.len()).expect("invariant: strings are few");
        self.all.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }
}
