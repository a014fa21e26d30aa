//! What each fuzz target does with its bytes, shared by `fuzz/targets/` and the short run in `tests/fuzz_short.rs`.
//!
//! Invariant: a body returns for any bytes whatever, or panics with what does not hold. It depends on nothing but them.

mod terminal;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use unblink::base::{Size, Wall, limits};
use unblink::encode::grammar;
use unblink::label::{Action, Label};
use unblink::model::origin::SqlValue;
use unblink::model::param::{ParamFacts, Values};
use unblink::model::{Dataset, ParamKind};
use unblink::source::push::Intake;
use unblink::template::{Dialect, Template};
use unblink::wire::{attach, feed, framing};

/// One body: whether the bytes were good for more than a refusal.
pub type Body = fn(&[u8]) -> bool;

/// Every target by its name.
pub const BODIES: &[(&str, Body)] = &[
    ("attach_to_client", attach_to_client),
    ("attach_to_root", attach_to_root),
    ("feed_to_root", feed_to_root),
    ("feed_to_worker", feed_to_worker),
    ("grammar", grammar),
    ("label", label),
    ("push", push),
    ("template", template),
];

/// Gives `data` to the target of that name; true when the bytes got past its first checks.
pub fn run(name: &str, data: &[u8]) -> bool {
    let (_, body) = BODIES.iter().find(|(known, _)| *known == name).expect("invariant: every target is in the list");
    body(data)
}

fn feed_to_worker(data: &[u8]) -> bool {
    let mut is_valid = false;
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = feed::ToWorker::decode(&message) {
            is_valid = true;
            let encoded = message.encode();
            let again = feed::ToWorker::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
    is_valid
}

fn feed_to_root(data: &[u8]) -> bool {
    let mut is_valid = false;
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = feed::ToRoot::decode(&message) {
            is_valid = true;
            let encoded = message.encode();
            let again = feed::ToRoot::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
            if let feed::ToRoot::Frame(frame) = message {
                assert!(frame.bytes.len() <= limits::FRAME_BYTES_MAX);
                grammar(frame.bytes);
            }
        }
    }
    is_valid
}

fn attach_to_root(data: &[u8]) -> bool {
    let mut is_valid = false;
    for message in messages(data, limits::ATTACH_MESSAGE_BYTES_MAX) {
        if let Ok(message) = attach::ToRoot::decode(&message) {
            is_valid = true;
            let encoded = message.encode();
            let again = attach::ToRoot::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
    is_valid
}

fn attach_to_client(data: &[u8]) -> bool {
    let mut is_valid = false;
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = attach::ToClient::decode(&message) {
            is_valid = true;
            let encoded = message.encode().slice(framing::PREFIX_BYTES..);
            let again = attach::ToClient::decode(&encoded);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
    is_valid
}

/// The bytes as one message, and the messages of the same bytes as a stream.
fn messages(data: &[u8], max: usize) -> Vec<bytes::Bytes> {
    let mut messages = vec![bytes::Bytes::copy_from_slice(data)];
    let mut stream = data;
    loop {
        let read = pin!(framing::read(&mut stream, max)).poll(&mut Context::from_waker(Waker::noop()));
        match read {
            Poll::Ready(Ok(message)) => {
                assert!(message.len() <= max);
                messages.push(message);
            }
            Poll::Ready(Err(_)) => return messages,
            Poll::Pending => panic!("a slice never blocks"),
        }
    }
}

/// Sizes of views: a usual one, that of the seeds, whose frames reach its edges, the smallest, and one with positions of
/// four digits.
const SIZES: [(u16, u16); 4] = [(80, 24), (40, 6), (1, 1), (limits::COLS_MAX, 2)];

/// The grammar against a terminal. True for a frame that some view may be sent.
fn grammar(data: &[u8]) -> bool {
    SIZES.map(|(cols, rows)| Size::clamped(cols, rows)).into_iter().fold(false, |passes, size| {
        if grammar::check(data, size).is_err() {
            return passes;
        }
        assert_eq!(terminal::harm(data, size), None, "the grammar let it through for {size}");
        true
    })
}

/// True for text of which something is taken out and something is left.
fn label(data: &[u8]) -> bool {
    let verdict = Label::decode(data);
    let label = &verdict.label;
    let text = label.as_str();
    assert!(text.len() <= limits::LABEL_BYTES_MAX);
    assert!(text.chars().all(|c| !c.is_control() && (c == ' ' || !c.is_whitespace())), "{text:?}");
    assert!(verdict.removed.code_points.len() <= verdict.removed.count.min(limits::REMOVED_LISTED_MAX));
    assert_eq!(verdict.action == Action::Blocked, text.is_empty() && !data.is_empty());

    let again = Label::new(text);
    assert_eq!((&again.label, again.action), (label, Action::Allowed), "a label of a label is another");

    let mut columns = 0;
    for cluster in label.clusters() {
        assert!((1..=2).contains(&cluster.columns), "{cluster:?}");
        assert!(cluster.text.chars().count() <= limits::CLUSTER_CODE_POINTS_MAX, "{cluster:?}");
        columns += cluster.columns;
    }
    assert_eq!(label.columns(), columns, "{text:?}");
    let room = columns / 2;
    assert!(label.clip(room).columns() <= room, "{text:?}");
    verdict.action == Action::Sanitized
}

/// True for lines of which one is taken.
fn push(data: &[u8]) -> bool {
    let (mut intake, mut known) = (Intake::default(), Dataset::default());
    let now = Wall(1_789_000_000_000);
    let taken = intake.take(data, now, &mut known);
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!((taken.accepted + taken.rejected) as usize, lines, "each line is answered for once");
    assert!(taken.faults.len() <= limits::PUSH_FAULTS_MAX);
    for (line, why) in &taken.faults {
        assert!(*line > 0 && why.len() <= limits::PUSH_WHY_BYTES_MAX);
        assert_eq!(Label::new(why).label.as_str(), why, "what is told of a line is safe");
    }
    assert!(known.series_count() == intake.series_count() && known.series_count() <= limits::PUSH_SERIES_MAX);
    assert!(known.newest().is_none_or(|newest| newest.0 <= now.0 + 100));
    taken.accepted > 0
}

/// Values of the parameters of a template, by what it asks of them: `free` where it may be anything.
fn values(template: &Template, free: &str) -> Values {
    let value = |one: &unblink::template::Use| match (&one.named, &one.judged) {
        (None, None) => SqlValue::Text(free.to_owned()),
        (Some(_), _) => SqlValue::Text("p95".to_owned()),
        (None, Some(_)) => SqlValue::Flag(true),
    };
    template.uses().iter().map(|one| (one.name.clone(), value(one))).collect()
}

/// True for a template that is sound where conditions ask for what is true or false, or for what a name may be.
fn template(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let template = match Template::read(&text) {
        Ok(template) => template,
        Err(all) => {
            assert!(!all.is_empty() && all.len() <= limits::DIAGNOSTICS_MAX + limits::TEMPLATE_BYTES_MAX);
            for one in all {
                assert!(one.span.start <= text.len() && text.is_char_boundary(one.span.start), "{one:?}");
                assert!(!one.message.chars().chain(one.remedy.chars()).any(char::is_control), "{one:?}");
            }
            return false;
        }
    };
    assert!(template.uses().len() <= limits::PARAMS_MAX);
    let declared = template.uses().iter().map(|one| ParamFacts {
        name: one.name.clone(),
        kind: if one.named.is_none() && one.judged.is_some() { ParamKind::Bool } else { ParamKind::Text },
        one_of: if one.named.is_some() { vec!["p95".to_owned(), "_x1".to_owned()] } else { Vec::new() },
        ..ParamFacts::default()
    });
    let declared: Vec<ParamFacts> = declared.collect();
    if !template.check(&declared).is_empty() {
        return false;
    }
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let statement = template.statement(&values(&template, "core"), dialect).expect("every text was looked at");
        let other = template.statement(&values(&template, "'; DROP {{.A}} --\u{1}"), dialect);
        assert_eq!(other.as_ref(), Ok(&statement), "a free value changes the statement");
        assert!(statement.sql.len() <= text.len(), "it grows");
        assert!(statement.params.len() <= limits::PARAMS_MAX);
    }
    true
}
