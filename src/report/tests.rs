use std::io::Read;

use flate2::read::GzDecoder;
use prost::Message;

use super::pprof::Proto;
use super::*;
use crate::base::limits;
use crate::model::profile::Collector;

fn profile() -> Profile {
    let mut collector = Collector::new(100, 2_000);
    for (calls, count) in [("root main draw", 3), ("root main encode", 1), ("worker main draw draw", 6)] {
        collector.add(calls.split(' '), count);
    }
    collector.finish()
}

fn text(format: Format, look: &Look) -> String {
    String::from_utf8(format.report(&profile(), look, 0).unwrap()).unwrap()
}

/// What is read of a report by whoever knows its form.
fn unpacked(report: &[u8]) -> Proto {
    let mut raw = Vec::new();
    GzDecoder::new(report).read_to_end(&mut raw).unwrap();
    Proto::decode(raw.as_slice()).unwrap()
}

#[test]
fn folded_stacks_are_a_line_each() {
    let text = text(Format::Folded, &Look::default());
    assert_eq!(text, "root;main;draw 3\nroot;main;encode 1\nworker;main;draw;draw 6\n");
}

#[test]
fn pprof_tells_the_same_counts_and_names() {
    let bytes = Format::Pprof.report(&profile(), &Look::default(), 1_700_000_000_123).unwrap();
    let proto = unpacked(&bytes);
    let string = |place: i64| proto.string_table[usize::try_from(place).unwrap()].as_str();
    let kinds: Vec<(&str, &str)> =
        proto.sample_type.iter().map(|kind| (string(kind.kind), string(kind.unit))).collect();
    assert_eq!(kinds, [("samples", "count"), ("cpu", "nanoseconds")]);
    assert_eq!(string(proto.default_sample_type), "cpu");
    assert_eq!(
        (proto.period, proto.duration_nanos, proto.time_nanos),
        (10_000_000, 2_000_000_000, 1_700_000_000_123_000_000)
    );
    let name = |id: &u64| {
        let location = proto.location.iter().find(|location| location.id == *id).unwrap();
        let function = proto.function.iter().find(|function| function.id == location.line[0].function_id).unwrap();
        string(function.name)
    };
    let samples: Vec<(Vec<&str>, &[i64])> = proto
        .sample
        .iter()
        .map(|sample| (sample.location_id.iter().map(name).collect(), sample.value.as_slice()))
        .collect();
    assert_eq!(samples[0], (vec!["draw", "main", "root"], [3, 30_000_000].as_slice()));
    assert_eq!(samples[2], (vec!["draw", "draw", "main", "worker"], [6, 60_000_000].as_slice()));
}

fn memory() -> Profile {
    let mut collector = Collector::of_memory(1 << 17, 0);
    for (calls, count, bytes) in [("root main draw", 3, 3_000), ("worker main keep", 1, 1_000)] {
        collector.hold(calls.split(' '), count, bytes);
    }
    collector.finish()
}

#[test]
fn memory_is_told_in_things_and_bytes_as_go_does() {
    let bytes = Format::Pprof.report(&memory(), &Look::default(), 0).unwrap();
    let proto = unpacked(&bytes);
    let string = |place: i64| proto.string_table[usize::try_from(place).unwrap()].as_str();
    let kinds: Vec<(&str, &str)> =
        proto.sample_type.iter().map(|kind| (string(kind.kind), string(kind.unit))).collect();
    assert_eq!(kinds, [("inuse_objects", "count"), ("inuse_space", "bytes")]);
    assert_eq!((string(proto.default_sample_type), proto.period), ("inuse_space", 1 << 17));
    let period = proto.period_type.unwrap();
    assert_eq!((string(period.kind), string(period.unit)), ("space", "bytes"));
    assert_eq!(proto.sample[0].value, [3, 3_000]);
    let text = |format: Format| String::from_utf8(format.report(&memory(), &Look::default(), 0).unwrap()).unwrap();
    assert_eq!(text(Format::Folded), "root;main;draw 3000\nworker;main;keep 1000\n");
    assert!(text(Format::Flamegraph).contains("keep (1,000 bytes, 25.00%)"));
    let callgrind = text(Format::Callgrind);
    assert!(callgrind.contains("events: Bytes\nsummary: 4000\n") && callgrind.contains("fn=draw\n0 3000\n"));
    let nothing = Collector::of_memory(1, 0).finish();
    assert!(matches!(Format::Pprof.report(&nothing, &Look::default(), 0), Err(ReportError::Nothing)));
}

#[test]
fn what_was_written_for_pprof_is_read_again_and_other_things_are_not() {
    let bytes = Format::Pprof.report(&profile(), &Look::default(), 0).unwrap();
    let (again, notes) = Format::read(&bytes).unwrap();
    assert_eq!(notes, "");
    assert_eq!(again.folded(), profile().folded());
    assert_eq!((again.hz, again.span_ms, again.is_sound()), (100, 2_000, true));
    for cut in 0..bytes.len() {
        assert!(Format::read(&bytes[..cut]).is_err());
    }
    let mut noise = Vec::new();
    let mut gzip = flate2::write::GzEncoder::new(&mut noise, flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &[0x12, 0x02, 0x0a, 0x09]).unwrap();
    gzip.finish().unwrap();
    assert_eq!(Format::read(&noise), Err("it is no profile"));
    let look = Look { notes: "missing: worker ops: it ended".to_owned(), ..Look::default() };
    let noted = Format::Pprof.report(&profile(), &look, 0).unwrap();
    assert_eq!(Format::read(&noted).unwrap(), (again, look.notes));
}

fn packed(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut gzip = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, raw).unwrap();
    gzip.finish().unwrap();
    bytes
}

#[test]
fn what_would_take_more_memory_than_any_that_is_written_is_not_decoded() {
    let too_large = Err("it is larger than any that is written here");
    // Samples, locations, functions and strings that are empty, numbers for comments, and a sample of very many calls.
    for part in [0x12, 0x22, 0x2a, 0x32, 0x68] {
        let raw = [part, 0].repeat(1 << 20);
        assert_eq!(Format::read(&packed(&raw)), too_large, "{part:#x}");
        assert_ne!(Format::read(&packed(&raw[..32])), too_large, "{part:#x}");
    }
    let calls = vec![1; 4 * limits::PROFILE_DEPTH_MAX];
    let sample = pprof::Sample { location_id: calls, value: vec![1, 1] };
    let proto = Proto { sample: vec![sample], ..Proto::default() };
    assert_eq!(Format::read(&packed(&proto.encode_to_vec())), too_large);
    // Many that are each as long as one may be.
    let sample = pprof::Sample { location_id: vec![1; limits::PROFILE_DEPTH_MAX], value: vec![1, 1] };
    let one = Proto { sample: vec![sample], ..Proto::default() }.encode_to_vec();
    assert!(Format::read(&packed(&one)).is_ok());
    let raw = one.repeat(28 * 1024 * 1024 / one.len());
    assert_eq!(Format::read(&packed(&raw)), too_large);
}

#[test]
fn the_fullest_one_that_is_written_is_read() {
    let mut collector = Collector::with_room(limits::CAPTURE_PARTS_MAX, 250, 120_000);
    for process in 0..limits::CAPTURE_PARTS_MAX {
        let process = format!("worker {process}");
        for stack in 0..limits::PROFILE_STACKS_MAX {
            let calls =
                (0..6).map(|call| format!("{process}, {}", (stack + 61 * call) % (limits::PROFILE_NAMES_MAX - 1)));
            let calls: Vec<String> = std::iter::once(process.clone()).chain(calls).collect();
            collector.add(calls.iter().map(String::as_str), u64::MAX >> 8);
        }
    }
    let full = collector.finish();
    assert_eq!((full.left_out, full.names.len()), (0, limits::CAPTURE_PARTS_MAX * limits::PROFILE_NAMES_MAX));
    let (again, _) = Format::read(&Format::Pprof.report(&full, &Look::default(), 0).unwrap()).unwrap();
    assert_eq!((again.stacks.len(), again.names.len()), (full.stacks.len(), full.names.len()));
}

#[test]
fn a_difference_is_told_at_the_rate_and_time_of_the_later_one() {
    let mut base = Collector::new(50, 1_000);
    for (calls, count) in [("root main draw", 3), ("root main gone", 2)] {
        base.add(calls.split(' '), count);
    }
    let base = base.finish();
    let look = Look { title: "a title".to_owned(), ..Look::default() };
    let text = |format: Format| {
        String::from_utf8(format.difference(&profile(), &base, &Gaps::new(), &look).unwrap().unwrap()).unwrap()
    };
    let expected = "root;main;draw 12 3\nroot;main;encode 0 1\nroot;main;gone 8 0\nworker;main;draw;draw 0 6\n";
    assert_eq!(text(Format::Folded), expected);
    let svg = text(Format::Flamegraph);
    assert!(
        svg.contains("draw (3 samples, 30.00%; -90.00%)") && svg.contains("draw (6 samples, 60.00%; +60.00%)"),
        "{svg}"
    );
    assert!(Format::Pprof.difference(&profile(), &base, &Gaps::new(), &look).is_none());
    let nothing = Format::Flamegraph.difference(&Profile::default(), &base, &Gaps::new(), &look);
    assert!(matches!(nothing, Some(Err(ReportError::Empty))));
    // One process was looked at for half of the time, another one not at all.
    let gaps = Gaps::from([("root".to_owned(), 1_000), ("worker".to_owned(), 2_000)]);
    let text = Format::Folded.difference(&profile(), &base, &gaps, &look).unwrap().unwrap();
    let expected = "root;main;draw 6 3\nroot;main;encode 0 1\nroot;main;gone 4 0\nworker;main;draw;draw 0 6\n";
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn callgrind_tells_own_costs_and_those_of_calls_once() {
    let text = text(Format::Callgrind, &Look::default());
    assert!(text.starts_with("# callgrind format\n"), "{text}");
    assert!(text.contains("summary: 10\n"), "{text}");
    assert!(text.contains("\nfn=draw\n0 9\n\nfn=encode\n0 1\n"), "{text}");
    assert!(text.contains("\nfn=main\n0 0\ncfn=draw\ncalls=9 0\n0 9\ncfn=encode\ncalls=1 0\n0 1\n"), "{text}");
}

#[test]
fn a_flame_graph_is_drawn_as_it_is_asked_for() {
    let straight = Look { title: "a <title>".to_owned(), notes: "a note".to_owned(), ..Look::default() };
    let svg = text(Format::Flamegraph, &straight);
    assert!(svg.contains("a &lt;title&gt;") && svg.contains("a note"), "{svg}");
    assert!(svg.contains("draw (6 samples, 60.00%)") && svg.contains("root (4 samples, 40.00%)"), "{svg}");
    let reversed = text(Format::Flamegraph, &Look { reverse: true, ..straight.clone() });
    assert!(reversed.contains("draw (9 samples, 90.00%)"), "{reversed}");
    let inverted = text(Format::Flamegraph, &Look { inverted: true, ..straight });
    assert_ne!(svg, inverted);
}

#[test]
fn nothing_is_said_in_words() {
    for format in Format::ALL {
        assert!(matches!(format.report(&Profile::default(), &Look::default(), 0), Err(ReportError::Empty)));
        assert_eq!(Format::named(format.word()), Some(format));
    }
    assert_eq!(Format::named("png"), None);
}
