//! What each fuzz target does with its bytes, shared by `fuzz/targets/` and the short run in `tests/fuzz_short.rs`.
//!
//! Invariant: a body returns for any bytes whatever, or panics with what does not hold. It depends on nothing but them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use unblink::base::{Size, limits};
use unblink::encode::grammar;
use unblink::label::{Action, Label};
use unblink::wire::{attach, feed, framing};

/// One body.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const BODIES: &[(&str, Body)] = &[
    ("attach_to_client", attach_to_client),
    ("attach_to_root", attach_to_root),
    ("feed_to_root", feed_to_root),
    ("feed_to_worker", feed_to_worker),
    ("grammar", grammar),
    ("label", label),
];

/// Gives `data` to the target of that name.
pub fn run(name: &str, data: &[u8]) {
    let (_, body) = BODIES.iter().find(|(known, _)| *known == name).expect("invariant: every target is in the list");
    body(data);
}

fn feed_to_worker(data: &[u8]) {
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = feed::ToWorker::decode(&message) {
            let encoded = message.encode();
            let again = feed::ToWorker::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
}

fn feed_to_root(data: &[u8]) {
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = feed::ToRoot::decode(&message) {
            let encoded = message.encode();
            let again = feed::ToRoot::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
            if let feed::ToRoot::Frame(frame) = message {
                assert!(frame.bytes.len() <= limits::FRAME_BYTES_MAX);
                grammar(frame.bytes);
            }
        }
    }
}

fn attach_to_root(data: &[u8]) {
    for message in messages(data, limits::ATTACH_MESSAGE_BYTES_MAX) {
        if let Ok(message) = attach::ToRoot::decode(&message) {
            let encoded = message.encode();
            let again = attach::ToRoot::decode(&encoded[framing::PREFIX_BYTES..]);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
}

fn attach_to_client(data: &[u8]) {
    for message in messages(data, limits::FEED_MESSAGE_BYTES_MAX) {
        if let Ok(message) = attach::ToClient::decode(&message) {
            let encoded = message.encode().slice(framing::PREFIX_BYTES..);
            let again = attach::ToClient::decode(&encoded);
            assert_eq!(again.as_ref(), Ok(&message), "said again it means something else");
        }
    }
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

/// The grammar against a second, plainer reading of what a terminal may be sent.
fn grammar(data: &[u8]) {
    for size in [Size::FALLBACK, Size::clamped(1, 1), Size::clamped(limits::COLS_MAX, limits::ROWS_MAX)] {
        if grammar::check(data, size).is_ok() {
            assert_eq!(harm(data), None, "the grammar let it through");
        }
    }
}

/// What of `data` could do more to a terminal than paint: anything but UTF-8 text and CSI sequences that address,
/// erase, colour or switch synchronized output.
fn harm(data: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(data) else { return Some("malformed UTF-8".to_owned()) };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            if c.is_control() {
                return Some(format!("the control {c:?}"));
            }
            continue;
        }
        if chars.next() != Some('[') {
            return Some("an escape that is no CSI".to_owned());
        }
        let rest = chars.as_str();
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | ';' | '?'));
        let Some((end, last)) = end.and_then(|at| Some((at, rest[at..].chars().next()?))) else {
            return Some("an unfinished sequence".to_owned());
        };
        let parameters = &rest[..end];
        let harmless = match last {
            'h' | 'l' => parameters == "?2026",
            'A' | 'B' | 'C' | 'D' | 'G' | 'H' | 'J' | 'K' | 'X' | 'd' | 'm' => !parameters.contains('?'),
            _ => false,
        };
        if !harmless {
            return Some(format!("CSI {parameters} {last}"));
        }
        chars = rest[end + last.len_utf8()..].chars();
    }
    None
}

fn label(data: &[u8]) {
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
}
