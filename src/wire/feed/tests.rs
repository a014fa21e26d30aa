//! Every message there and back, and workers that mean harm.

use proptest::prelude::*;

use super::super::samples;
use super::*;
use crate::base::Size;
use crate::model::param::Uuid;
use crate::model::spec::Theme;
use crate::model::{BoardFacts, ParamFacts, ParamKind};

fn hello() -> impl Strategy<Value = Hello> {
    (any::<u16>(), ".{0,20}", any::<u64>(), "[a-z]{0,20}").prop_map(|(version, build, epoch, tenant)| Hello {
        version,
        build,
        epoch: Epoch(epoch),
        tenant,
    })
}

fn file() -> impl Strategy<Value = ConfigFile> {
    ("[a-z/.]{0,20}", prop::collection::vec(any::<u8>(), 0..50)).prop_map(|(name, bytes)| ConfigFile {
        kind: FileKind::Board,
        name,
        bytes,
    })
}

fn vitals() -> impl Strategy<Value = Vitals> {
    (any::<[u64; 5]>(), any::<[u32; 4]>(), any::<Option<u64>>()).prop_map(|(longs, shorts, resident_bytes)| Vitals {
        uptime_ms: longs[0],
        cpu_us: longs[1],
        resident_bytes,
        tasks: shorts[0],
        viewers: shorts[1],
        viewers_stalled: shorts[2],
        views: shorts[3],
        frames_sent: longs[2],
        bytes_sent: longs[3],
        worker_restarts: longs[4],
        ..Vitals::default()
    })
}

fn to_worker() -> impl Strategy<Value = ToWorker> {
    let spec = samples::spec;
    prop_oneof![
        hello().prop_map(ToWorker::Hello),
        (any::<u64>(), prop::collection::vec(file(), 0..5))
            .prop_map(|(generation, files)| ToWorker::Prepare { generation, files }),
        any::<u64>().prop_map(|generation| ToWorker::Commit { generation }),
        (any::<u64>(), spec()).prop_map(|(view, spec)| ToWorker::Subscribe { view: ViewId(view), spec }),
        any::<u64>().prop_map(|view| ToWorker::Unsubscribe { view: ViewId(view) }),
        any::<u64>().prop_map(|view| ToWorker::Credit { view: ViewId(view) }),
        any::<u64>().prop_map(|view| ToWorker::Hold { view: ViewId(view) }),
        (any::<u64>(), spec(), samples::input()).prop_map(|(session, spec, input)| ToWorker::Input {
            session: SessionId(session),
            spec,
            input
        }),
        (any::<u64>(), prop::option::of(vitals())).prop_map(|(nonce, vitals)| ToWorker::Ping { nonce, vitals }),
        ("[a-z0-9]{0,20}", any::<u32>()).prop_map(|(board, viewers)| ToWorker::Viewers { board, viewers }),
        (any::<[u64; 2]>(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(numbers, lines)| ToWorker::Push {
            pusher: SessionId(numbers[0]),
            number: numbers[1],
            lines,
        }),
        prop::collection::vec(resting(), 0..5).prop_map(ToWorker::LeaveAlone),
        prop::collection::vec((prop::option::of("[a-z0-9]{0,20}"), ".{0,40}"), 0..5).prop_map(|lines| {
            ToWorker::Complaints(lines.into_iter().map(|(board, text)| Complaint { board, text }).collect())
        }),
    ]
}

fn resting() -> impl Strategy<Value = Resting> {
    let panel = ("[a-z0-9]{0,20}", any::<u16>()).prop_map(|(board, panel)| Step::Panel { board, panel });
    let step = prop_oneof![panel, "[a-z0-9]{0,20}".prop_map(Step::Source)];
    (step, any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>())
        .prop_map(|(step, deaths, ago_ms, for_ms, trace)| Resting { ago_ms, step, deaths, for_ms, trace: Trace(trace) })
}

fn complaint() -> impl Strategy<Value = Diagnostic> {
    (".{0,20}", any::<u32>(), any::<u32>(), ".{0,40}", ".{0,40}", ".{0,40}").prop_map(
        |(file, line, column, message, remedy, excerpt)| Diagnostic { file, line, column, message, remedy, excerpt },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let param = ("[a-z]{1,9}", any::<Option<i32>>(), prop::collection::vec(".{0,9}", 0..4), any::<[u8; 16]>());
    let param = param.prop_map(|(name, min, one_of, bytes)| {
        let min = min.map(f64::from);
        let kind = if min.is_some() { ParamKind::Float } else { ParamKind::Text };
        (ParamFacts { name, min, one_of, kind, ..ParamFacts::default() }, Uuid(bytes))
    });
    let board = ("[a-z]{1,20}", ".{0,40}", any::<u16>(), prop::collection::vec(param, 0..4)).prop_map(
        |(name, title, panels, params)| {
            let uuid = params.first().map(|(_, uuid)| *uuid);
            let params = params.into_iter().map(|(param, _)| param).collect();
            BoardFacts { name, title, panels, theme: Theme::Light, params, uuid }
        },
    );
    prop_oneof![
        prop::collection::vec(board, 0..5).prop_map(|boards| Outcome::Accepted(Catalogue { boards })),
        prop::collection::vec(complaint(), 0..5).prop_map(Outcome::Refused),
    ]
}

fn status() -> impl Strategy<Value = WorkerStatus> {
    let words = (".{0,20}", ".{0,8}", ".{0,20}", ".{0,20}");
    let row = (words, any::<(u8, u64)>(), any::<[Option<u64>; 2]>()).prop_map(
        |((name, kind, state, last_fault), (depth, restarts), [uptime_ms, next_retry_ms])| TreeRow {
            depth,
            name,
            kind,
            state,
            uptime_ms,
            restarts,
            last_fault,
            next_retry_ms,
        },
    );
    let counted =
        || prop::collection::vec((".{0,20}", any::<u64>()).prop_map(|(name, count)| CountRow { name, count }), 0..3);
    let item =
        (".{0,20}", any::<[u64; 2]>()).prop_map(|(name, [bytes, bytes_max])| MemoryRow { name, bytes, bytes_max });
    let rows = (counted(), counted(), prop::collection::vec(item, 0..3), prop::collection::vec(row, 0..5));
    (any::<u32>(), any::<[u64; 4]>(), rows).prop_map(|(series, counts, (rejected, push_rejected, memory, tree))| {
        WorkerStatus {
            series,
            frames_drawn: counts[0],
            frames_skipped: counts[1],
            frames_late: counts[0] ^ counts[1],
            frames_limited: counts[1],
            limited: vec![CountRow { name: "host".to_owned(), count: counts[0] }],
            samples: counts[2],
            samples_rejected: counts[3],
            rejected,
            faults: push_rejected.clone(),
            push_rejected,
            memory,
            tree,
            sources: vec![SourceRow {
                name: "s".repeat(counts[0] as usize % 9),
                state: "good".to_owned(),
                age_ms: Some(counts[1]).filter(|age| age % 2 == 0),
                interval_ms: counts[2],
            }],
            figures: Box::new(Figures {
                panels_fallen: series,
                source_pauses: counts[3],
                log_dropped: [counts[2], 0, counts[3]],
                log_errors: [0, counts[1], counts[0]],
                resident_bytes: Some(counts[0]),
                ..Figures::default()
            }),
        }
    })
}

fn pushed() -> impl Strategy<Value = Pushed> {
    let fault = (any::<u32>(), ".{0,60}").prop_map(|(line, why)| Fault { line, why });
    let faults = prop::collection::vec(fault, 0..=limits::PUSH_FAULTS_MAX);
    (any::<[u64; 2]>(), any::<[u32; 2]>(), faults).prop_map(|(numbers, counts, faults)| Pushed {
        pusher: SessionId(numbers[0]),
        number: numbers[1],
        accepted: counts[0],
        rejected: counts[1],
        faults,
    })
}

fn to_root() -> impl Strategy<Value = ToRoot<'static>> {
    let frame = (any::<[u64; 4]>(), prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(numbers, bytes)| {
        ToRoot::Frame(Frame {
            view: ViewId(numbers[0]),
            epoch: Epoch(numbers[1]),
            version: Version(numbers[2]),
            base: Version(numbers[3]),
            bytes: bytes.leak(),
        })
    });
    prop_oneof![
        hello().prop_map(ToRoot::Hello),
        (any::<u64>(), outcome()).prop_map(|(generation, outcome)| ToRoot::Prepared { generation, outcome }),
        (any::<u64>(), samples::spec()).prop_map(|(session, spec)| ToRoot::Spec { session: SessionId(session), spec }),
        frame,
        any::<u64>().prop_map(|nonce| ToRoot::Pong { nonce }),
        status().prop_map(ToRoot::Status),
        pushed().prop_map(ToRoot::Pushed),
    ]
}

#[test]
fn a_chunk_or_an_answer_beyond_its_cap_is_refused() {
    let push = |bytes: usize| ToWorker::Push { pusher: SessionId(1), number: 1, lines: vec![b'x'; bytes] };
    assert!(ToWorker::decode(&unframed(&push(limits::PUSH_CHUNK_BYTES_MAX).encode())).is_ok());
    let refused = ToWorker::decode(&unframed(&push(limits::PUSH_CHUNK_BYTES_MAX + 1).encode()));
    assert!(matches!(refused, Err(DecodeError::Cap(_))), "{refused:?}");
    let pushed = |faults: usize, why: &str| {
        let fault = Fault { line: 1, why: why.to_owned() };
        let faults = vec![fault; faults];
        ToRoot::Pushed(Pushed { pusher: SessionId(1), number: 1, accepted: 0, rejected: 9, faults })
    };
    assert!(ToRoot::decode(&unframed(&pushed(limits::PUSH_FAULTS_MAX, "no").encode())).is_ok());
    assert!(ToRoot::decode(&unframed(&pushed(limits::PUSH_FAULTS_MAX + 1, "no").encode())).is_err());
    let long = unframed(&pushed(1, &"x".repeat(10_000)).encode());
    let Ok(ToRoot::Pushed(cut)) = ToRoot::decode(&long) else { panic!("words are cut, not refused") };
    assert_eq!(cut.faults[0].why.len(), limits::PUSH_WHY_BYTES_MAX);
}

fn unframed(message: &Bytes) -> Bytes {
    message.slice(framing::PREFIX_BYTES..)
}

proptest! {
    #[test]
    fn what_root_says_is_understood(message in to_worker()) {
        prop_assert_eq!(ToWorker::decode(&unframed(&message.encode())), Ok(message));
    }

    #[test]
    fn what_a_worker_says_is_understood(message in to_root()) {
        let wire = unframed(&message.encode());
        prop_assert_eq!(ToRoot::decode(&wire), Ok(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), index in 0_u8..8) {
        let mut bytes = bytes;
        let _ = ToRoot::decode(&bytes);
        let _ = ToWorker::decode(&bytes);
        bytes.insert(0, index);
        let _ = ToRoot::decode(&bytes);
        let _ = ToWorker::decode(&bytes);
    }

    #[test]
    fn a_cut_or_extended_message_is_an_error(message in to_root(), cut in any::<prop::sample::Index>()) {
        let wire = unframed(&message.encode());
        let cut = cut.index(wire.len());
        prop_assert!(ToRoot::decode(&wire[..cut]).is_err());
        let longer = [&wire[..], &[0]].concat();
        prop_assert_eq!(ToRoot::decode(&longer), Err(DecodeError::Trailing(1)));
    }
}

#[test]
fn the_frame_is_where_the_cap_of_long_messages_expects_it() {
    let frame = Frame { view: ViewId(1), epoch: Epoch(1), version: Version(1), base: Version::NONE, bytes: b"x" };
    assert_eq!(ToRoot::Frame(frame).encode()[framing::PREFIX_BYTES], FRAME_INDEX);
    assert_eq!(answer(&ToRoot::Pong { nonce: 7 }.encode()[framing::PREFIX_BYTES..]), Some(7));
    assert_eq!(answer(&ToRoot::Status(WorkerStatus::default()).encode()[framing::PREFIX_BYTES..]), None);
    assert_eq!(answer(&[PONG_INDEX]), None, "it is cut");
}

#[test]
fn only_frames_may_be_long() {
    let bytes = vec![b'x'; limits::FRAME_BYTES_MAX];
    let frame = Frame { view: ViewId(1), epoch: Epoch(1), version: Version(1), base: Version::NONE, bytes: &bytes };
    let wire = ToRoot::Frame(frame).encode();
    assert!(wire.len() - framing::PREFIX_BYTES <= limits::FEED_MESSAGE_BYTES_MAX);
    ToRoot::decode(&unframed(&wire)).unwrap();

    // A list of so many empty texts would take a hundred times its length in memory.
    let mut hostile = vec![5, 0, 0, 0, 0, 0];
    hostile.resize(limits::FEED_CONTROL_BYTES_MAX + 1, 0xff);
    assert!(matches!(ToRoot::decode(&hostile), Err(DecodeError::Cap(_))));
}

#[test]
fn lists_are_capped_while_they_are_read() {
    let row = TreeRow::default();
    let status = |rows| ToRoot::Status(WorkerStatus { tree: vec![row.clone(); rows], ..WorkerStatus::default() });
    ToRoot::decode(&unframed(&status(limits::TREE_ROWS_MAX).encode())).unwrap();
    assert!(ToRoot::decode(&unframed(&status(limits::TREE_ROWS_MAX + 1).encode())).is_err());

    let board = BoardFacts {
        name: String::new(),
        title: String::new(),
        panels: 1,
        theme: Theme::Dark,
        params: Vec::new(),
        uuid: None,
    };
    let catalogue = |boards| ToRoot::Prepared {
        generation: 1,
        outcome: Outcome::Accepted(Catalogue { boards: vec![board.clone(); boards] }),
    };
    ToRoot::decode(&unframed(&catalogue(limits::BOARDS_MAX).encode())).unwrap();
    assert!(ToRoot::decode(&unframed(&catalogue(limits::BOARDS_MAX + 1).encode())).is_err());

    let complaint = Diagnostic {
        file: String::new(),
        line: 0,
        column: 0,
        message: String::new(),
        remedy: String::new(),
        excerpt: String::new(),
    };
    let refused =
        |complaints| ToRoot::Prepared { generation: 1, outcome: Outcome::Refused(vec![complaint.clone(); complaints]) };
    ToRoot::decode(&unframed(&refused(limits::DIAGNOSTICS_MAX).encode())).unwrap();
    assert!(ToRoot::decode(&unframed(&refused(limits::DIAGNOSTICS_MAX + 1).encode())).is_err());
}

#[test]
fn an_announced_length_alone_reserves_nothing() {
    // `Prepared`, generation 0, `Accepted`, then 2^32 - 1 boards of which none follows.
    let hostile = [1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert!(matches!(ToRoot::decode(&hostile), Err(DecodeError::Malformed(_))));
}

#[test]
fn a_spec_that_breaks_a_cap_is_refused_in_both_directions() {
    let mut spec = ViewSpec::new("default", "host", Size::FALLBACK);
    spec.offset_ms = u64::MAX;
    let up = ToRoot::Spec { session: SessionId(1), spec: spec.clone() };
    assert!(matches!(ToRoot::decode(&unframed(&up.encode())), Err(DecodeError::Cap(_))));
    let down = ToWorker::Subscribe { view: ViewId(1), spec: spec.clone() };
    assert!(matches!(ToWorker::decode(&unframed(&down.encode())), Err(DecodeError::Cap(_))));

    spec.offset_ms = 0;
    spec.params = (0..=limits::PARAMS_MAX).map(|index| (index.to_string(), String::new())).collect();
    let up = ToRoot::Spec { session: SessionId(1), spec };
    assert!(ToRoot::decode(&unframed(&up.encode())).is_err());
}

#[test]
fn words_for_people_are_cut_rather_than_refused() {
    let long = "ä".repeat(limits::COMPLAINT_BYTES_MAX);
    let complaint = Diagnostic {
        file: long.clone(),
        line: 1,
        column: 1,
        message: long.clone(),
        remedy: long.clone(),
        excerpt: long,
    };
    let message = ToRoot::Prepared { generation: 1, outcome: Outcome::Refused(vec![complaint]) };
    let wire = unframed(&message.encode());
    let Ok(ToRoot::Prepared { outcome: Outcome::Refused(complaints), .. }) = ToRoot::decode(&wire) else {
        panic!("refused");
    };
    assert_eq!(complaints[0].message.len(), limits::COMPLAINT_BYTES_MAX);
}
