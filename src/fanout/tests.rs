//! Fan-out against sinks that take what we let them, and a client that believes only what it received.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Buf;

use super::*;
use crate::base::{Epoch, limits};
use crate::wire::attach::{self, ToClient};

mod law;

/// The far end of one viewer: how much it takes, and what it got.
#[derive(Debug, Default)]
struct Line {
    room: usize,
    received: Vec<u8>,
    writes: usize,
    asked_for_room: usize,
    broken: Option<io::ErrorKind>,
}

#[derive(Clone, Debug, Default)]
struct Scripted(Rc<RefCell<Line>>);

impl Sink for Scripted {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.0.borrow_mut();
        line.writes += 1;
        if let Some(kind) = line.broken {
            return Err(kind.into());
        }
        let count = bytes.len().min(line.room);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        line.room -= count;
        line.received.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn wait_for_room(&mut self) {
        self.0.borrow_mut().asked_for_room += 1;
    }
}

const PLENTY: usize = usize::MAX / 2;
const NOW: Mono = Mono(1);

impl Scripted {
    fn with_room(room: usize) -> Scripted {
        let sink = Scripted::default();
        sink.0.borrow_mut().room = room;
        sink
    }

    fn give(&self, room: usize) {
        self.0.borrow_mut().room = room;
    }

    /// All whole messages received so far, in words.
    fn said(&self) -> Vec<String> {
        let line = self.0.borrow();
        let mut rest = Bytes::copy_from_slice(&line.received);
        let mut said = Vec::new();
        while rest.len() >= 4 {
            let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            if rest.len() < 4 + length {
                break;
            }
            rest.advance(4);
            said.push(match ToClient::decode(&rest.split_to(length)).expect("a message in its place") {
                ToClient::Frame(bytes) => String::from_utf8(bytes.trim_ascii().to_vec()).unwrap(),
                other => format!("{other:?}").split(['(', ' ']).next().unwrap().to_owned(),
            });
        }
        said
    }
}

fn keyframe(fanout: &mut Fanout<Scripted>, view: u64, epoch: u64, version: u64) -> Result<(), Fault> {
    publish(fanout, view, epoch, version, 0)
}

/// The bytes say what they are: `K view epoch version` or `D view epoch version base`, padded by the version.
fn publish(fanout: &mut Fanout<Scripted>, view: u64, epoch: u64, version: u64, base: u64) -> Result<(), Fault> {
    let text = if base == 0 {
        format!("K {view} {epoch} {version}{:30}", "")
    } else {
        format!("D {view} {epoch} {version} {base}{:1$}", "", version as usize % 7)
    };
    let frame = feed::Frame {
        view: ViewId(view),
        epoch: Epoch(epoch),
        version: Version(version),
        base: Version(base),
        bytes: text.as_bytes(),
    };
    fanout.publish(&frame, NOW)
}

fn one_viewer(room: usize) -> (Fanout<Scripted>, Scripted) {
    let mut fanout = Fanout::new();
    fanout.open(ViewId(1));
    let sink = Scripted::with_room(room);
    fanout.join(SessionId(1), sink.clone(), ViewId(1), [], NOW);
    (fanout, sink)
}

/// Somebody who takes everything: without such a viewer there is no credit for another frame.
fn witness(fanout: &mut Fanout<Scripted>, view: u64) {
    fanout.join(SessionId(100 + view), Scripted::with_room(PLENTY), ViewId(view), [], NOW);
}

#[test]
fn every_version_is_one_write_and_nobody_is_woken() {
    let mut fanout = Fanout::new();
    fanout.open(ViewId(1));
    let sinks: Vec<Scripted> = (0..50).map(|_| Scripted::with_room(PLENTY)).collect();
    for (number, sink) in sinks.iter().enumerate() {
        fanout.join(SessionId(number as u64), sink.clone(), ViewId(1), [], NOW);
    }
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    for sink in &sinks {
        assert_eq!(sink.said(), [format!("K 1 1 1{:30}", "").trim_end(), "D 1 1 2 1"]);
        let line = sink.0.borrow();
        assert_eq!((line.writes, line.asked_for_room), (2, 0));
    }
}

#[test]
fn what_viewers_took_is_counted_in_frames_and_bytes() {
    let mut fanout = Fanout::new();
    fanout.open(ViewId(1));
    let (quick, slow) = (Scripted::with_room(PLENTY), Scripted::with_room(PLENTY));
    fanout.join(SessionId(1), quick.clone(), ViewId(1), [Notice::Pong(Bytes::from_static(b"pong"))], NOW);
    assert_eq!(fanout.sent(), Sent { frames: 0, bytes: 4 }, "words are no frames");
    fanout.join(SessionId(2), slow.clone(), ViewId(1), [], NOW);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    slow.give(3);
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    let received = |sink: &Scripted| sink.0.borrow().received.len() as u64;
    assert_eq!(fanout.sent(), Sent { frames: 3, bytes: received(&quick) + received(&slow) }, "the fourth is not whole");
    let later = NOW + Duration::from_secs(5);
    assert_eq!(fanout.stalled_for(Duration::from_secs(5), later), 1);
    assert_eq!(fanout.stalled_for(Duration::from_secs(6), later), 0);
    slow.give(PLENTY);
    fanout.writable(SessionId(2), later);
    assert_eq!(fanout.sent(), Sent { frames: 4, bytes: received(&quick) + received(&slow) });
    assert_eq!(fanout.stalled_for(Duration::ZERO, later), 0);
}

#[test]
fn a_stalled_viewer_is_left_alone_and_then_gets_what_it_missed() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    witness(&mut fanout, 1);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    sink.give(7);
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    let writes = sink.0.borrow().writes;
    for version in 3..6 {
        publish(&mut fanout, 1, 1, version, version - 1).unwrap();
    }
    assert_eq!(sink.0.borrow().writes, writes, "nobody writes to a viewer that has no room");
    assert_eq!(sink.0.borrow().asked_for_room, 1);
    assert_eq!(fanout.standing(SessionId(1)).unwrap(), Standing { lag_versions: 4, stalled_since: Some(NOW) });
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    assert_eq!(sink.said(), ["K 1 1 1", "D 1 1 2 1", "D 1 1 3 2", "D 1 1 4 3", "D 1 1 5 4"]);
    assert_eq!(fanout.standing(SessionId(1)).unwrap(), Standing { lag_versions: 0, stalled_since: None });
}

#[test]
fn a_viewer_that_fell_behind_the_keyframe_skips_to_it() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    witness(&mut fanout, 1);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    sink.give(0);
    for version in 2..9 {
        publish(&mut fanout, 1, 1, version, version - 1).unwrap();
    }
    keyframe(&mut fanout, 1, 1, 8).unwrap();
    publish(&mut fanout, 1, 1, 9, 8).unwrap();
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    assert_eq!(sink.said(), ["K 1 1 1", "K 1 1 8", "D 1 1 9 8"]);
}

#[test]
fn a_keyframe_for_the_version_on_screen_is_not_sent_again() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    keyframe(&mut fanout, 1, 1, 2).unwrap();
    publish(&mut fanout, 1, 1, 3, 2).unwrap();
    assert_eq!(sink.said(), ["K 1 1 1", "D 1 1 2 1", "D 1 1 3 2"]);
}

#[test]
fn a_frame_that_does_not_fit_is_a_fault_and_changes_nothing() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    assert!(matches!(publish(&mut fanout, 1, 1, 2, 1), Err(Fault::Gap { newest: None, .. })));
    keyframe(&mut fanout, 1, 1, 5).unwrap();
    assert_eq!(keyframe(&mut fanout, 1, 1, 0), Err(Fault::NoVersion));
    assert!(matches!(publish(&mut fanout, 1, 1, 7, 6), Err(Fault::Gap { .. })));
    assert!(matches!(publish(&mut fanout, 1, 1, 5, 5), Err(Fault::Stale { .. })));
    assert!(matches!(publish(&mut fanout, 1, 2, 6, 5), Err(Fault::Gap { .. })), "a delta across lives");
    assert!(matches!(keyframe(&mut fanout, 1, 1, 4), Err(Fault::Stale { .. })));
    assert!(matches!(publish(&mut fanout, 1, 1, 7, 5), Err(Fault::Skipped { .. })));
    publish(&mut fanout, 1, 1, 6, 5).unwrap();
    assert_eq!(sink.said(), ["K 1 1 5", "D 1 1 6 5"]);
}

#[test]
fn the_greatest_versions_are_versions_like_any_other() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    let last = u64::MAX;
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    keyframe(&mut fanout, 1, 1, last - 1).unwrap();
    publish(&mut fanout, 1, 1, last, last - 1).unwrap();
    assert!(matches!(publish(&mut fanout, 1, 1, last, last), Err(Fault::Stale { .. })));
    keyframe(&mut fanout, 1, 1, last).unwrap();
    assert_eq!(fanout.standing(SessionId(1)).unwrap(), Standing { lag_versions: 0, stalled_since: None });
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    fanout.repaint(SessionId(1), NOW);
    keyframe(&mut fanout, 1, last, last).unwrap();
    sink.give(0);
    assert!(matches!(publish(&mut fanout, 1, last, 1, last), Err(Fault::Stale { .. })));
    assert_eq!(fanout.newest(ViewId(1)), Some(Position { epoch: Epoch(last), version: Version(last) }));
}

#[test]
fn a_banner_that_lies_there_already_is_not_written_again() {
    let (mut fanout, first) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    let lay = |fanout: &mut Fanout<Scripted>| fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    lay(&mut fanout);
    let writes = first.0.borrow().writes;
    for number in 2..52 {
        let sink = Scripted::with_room(PLENTY);
        fanout.join(SessionId(number), sink.clone(), ViewId(1), [], NOW);
        lay(&mut fanout);
        assert_eq!(sink.said(), ["K 1 1 1", "O 1 1"]);
    }
    assert_eq!(first.0.borrow().writes, writes, "who has the banner is left alone when others come");
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    lay(&mut fanout);
    assert_eq!(first.said().last().unwrap(), "O 1 1", "a frame takes it away: it is laid anew");
}

#[test]
fn deltas_that_outgrow_their_keyframe_for_long_are_a_fault() {
    let (mut fanout, _sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    let big = vec![b'x'; limits::DELTA_SLACK_BYTES_MAX];
    let mut outcome = Ok(());
    for version in 2..10 {
        let frame = feed::Frame {
            view: ViewId(1),
            epoch: Epoch(1),
            version: Version(version),
            base: Version(version - 1),
            bytes: &big,
        };
        outcome = outcome.and(fanout.publish(&frame, NOW));
    }
    assert!(matches!(outcome, Err(Fault::Outgrown { .. })), "{outcome:?}");
    let (mut fanout, _sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    let whole = vec![b'x'; 8 * limits::DELTA_SLACK_BYTES_MAX];
    let (epoch, version, base) = (Epoch(1), Version(2), Version(1));
    let frame = feed::Frame { view: ViewId(1), epoch, version, base, bytes: &whole };
    assert!(matches!(fanout.publish(&frame, NOW), Err(Fault::Outgrown { .. })), "the first one counts too");
}

#[test]
fn more_deltas_than_whoever_comes_is_to_be_written_are_a_fault() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    let last = 1 + limits::DELTAS_MAX as u64;
    for version in 2..=last {
        publish(&mut fanout, 1, 1, version, version - 1).unwrap();
    }
    let outcome = publish(&mut fanout, 1, 1, last + 1, last);
    assert!(matches!(outcome, Err(Fault::Outgrown { count, .. }) if count == limits::DELTAS_MAX + 1), "{outcome:?}");
    keyframe(&mut fanout, 1, 1, last).unwrap();
    publish(&mut fanout, 1, 1, last + 1, last).unwrap();
    assert_eq!(sink.said().len(), 2 + limits::DELTAS_MAX);
}

#[test]
fn a_new_life_of_the_worker_starts_over_with_a_keyframe() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 9).unwrap();
    keyframe(&mut fanout, 1, 2, 1).unwrap();
    assert_eq!(sink.said(), ["K 1 1 9", "K 1 2 1"]);
    assert!(keyframe(&mut fanout, 1, 1, 10).is_err(), "the dead do not draw");
}

#[test]
fn notices_go_first_but_never_into_a_message() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    witness(&mut fanout, 1);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    sink.give(9);
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    publish(&mut fanout, 1, 1, 3, 2).unwrap();
    let spec = crate::model::ViewSpec::new("default", "host", crate::base::Size::FALLBACK);
    for _ in 0..3 {
        fanout.tell(SessionId(1), Notice::Spec(ToClient::Spec(spec.clone()).encode()), NOW);
    }
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    assert_eq!(sink.said(), ["K 1 1 1", "D 1 1 2 1", "Spec", "D 1 1 3 2"], "only the newest spec is said");
}

#[test]
fn a_viewer_that_asks_and_does_not_read_has_one_answer_waiting() {
    let (mut fanout, sink) = one_viewer(0);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    for _ in 0..1_000 {
        fanout.tell(SessionId(1), Notice::Pong(ToClient::Pong.encode()), NOW);
    }
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    assert_eq!(sink.said(), ["Pong", "K 1 1 1"]);
}

#[test]
fn a_farewell_is_the_last_word_and_then_the_viewer_is_gone() {
    let (mut fanout, sink) = one_viewer(3);
    let farewell = attach::Farewell { code: attach::FarewellCode::Stopping, text: "bye".to_owned() };
    fanout.tell(SessionId(1), Notice::Farewell(ToClient::Farewell(farewell).encode()), NOW);
    assert_eq!(fanout.next_gone(), None, "half a farewell is none");
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    assert_eq!(sink.said(), ["Farewell"]);
    assert_eq!(fanout.next_gone(), Some(Gone { session: SessionId(1), why: Parting::Told }));
    assert_eq!(fanout.next_gone(), None);
}

#[test]
fn a_broken_viewer_is_reported_once_and_the_others_see_their_frame() {
    let (mut fanout, first) = one_viewer(PLENTY);
    let second = Scripted::with_room(PLENTY);
    fanout.join(SessionId(2), second.clone(), ViewId(1), [], NOW);
    first.0.borrow_mut().broken = Some(io::ErrorKind::BrokenPipe);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    assert_eq!(second.said(), ["K 1 1 1", "D 1 1 2 1"]);
    let gone = Gone { session: SessionId(1), why: Parting::Lost(io::ErrorKind::BrokenPipe) };
    assert_eq!((fanout.next_gone(), fanout.next_gone()), (Some(gone), None));
    assert!(fanout.leave(SessionId(1)).is_some());
    assert!(fanout.leave(SessionId(1)).is_none());
    assert_eq!(fanout.viewer_count(ViewId(1)), 1);
}

#[test]
fn a_view_gets_its_credits_back_only_once_somebody_has_its_newest_frame() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    assert_eq!((fanout.next_credit(), fanout.next_credit()), (Some(ViewId(1)), None));
    sink.give(3);
    for version in [2, 3] {
        publish(&mut fanout, 1, 1, version, version - 1).unwrap();
        assert_eq!(fanout.next_credit(), None, "nobody could see another frame");
    }
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    let credits: Vec<ViewId> = std::iter::from_fn(|| fanout.next_credit()).collect();
    assert_eq!(credits, [ViewId(1); 2]);
}

#[test]
fn a_view_whose_newest_frame_nobody_took_is_held_once() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.next_credit();
    assert_eq!(fanout.next_hold(), None, "it was taken");
    sink.give(3);
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    assert_eq!((fanout.next_hold(), fanout.next_hold()), (Some(ViewId(1)), None));
    // That one was under way already.
    publish(&mut fanout, 1, 1, 3, 2).unwrap();
    assert_eq!(fanout.next_hold(), None, "it is held");
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    let credits: Vec<ViewId> = std::iter::from_fn(|| fanout.next_credit()).collect();
    assert_eq!(credits, [ViewId(1); 2], "what it used");
    sink.give(3);
    publish(&mut fanout, 1, 1, 4, 3).unwrap();
    assert_eq!(fanout.next_hold(), Some(ViewId(1)), "anew");
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    assert_eq!((fanout.next_credit(), fanout.next_credit()), (Some(ViewId(1)), None));
}

#[test]
fn what_was_to_be_given_back_is_void_for_a_new_life() {
    let (mut fanout, _sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.renew(ViewId(1));
    assert_eq!(fanout.next_credit(), None);
    let (mut fanout, sink) = one_viewer(PLENTY);
    sink.give(0);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.renew(ViewId(1));
    assert_eq!(fanout.next_hold(), None, "nor is it held");
}

#[test]
fn a_frame_without_credit_is_a_fault_and_changes_nothing() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    sink.give(0);
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    publish(&mut fanout, 1, 1, 3, 2).unwrap();
    assert_eq!(publish(&mut fanout, 1, 1, 4, 3), Err(Fault::NoCredit));
    assert_eq!(keyframe(&mut fanout, 1, 1, 4), Err(Fault::NoCredit));
    keyframe(&mut fanout, 1, 1, 3).expect("it rides on the delta's credit");
    assert_eq!(keyframe(&mut fanout, 1, 1, 3), Err(Fault::Replaced), "but once");
    fanout.next_credit();
    sink.give(PLENTY);
    fanout.writable(SessionId(1), NOW);
    let credits: Vec<ViewId> = std::iter::from_fn(|| fanout.next_credit()).collect();
    assert_eq!(credits, [ViewId(1); 2], "and gives none of its own");
    publish(&mut fanout, 1, 1, 4, 3).unwrap();
    sink.give(0);
    publish(&mut fanout, 1, 1, 5, 4).unwrap();
    publish(&mut fanout, 1, 1, 6, 5).unwrap();
    fanout.renew(ViewId(1));
    keyframe(&mut fanout, 1, 2, 1).expect("a new life has credits of its own");
    assert_eq!(sink.said(), ["K 1 1 1", "K 1 1 3", "D 1 1 4 3"]);
}

#[test]
fn a_banner_lies_over_the_last_frame_until_a_keyframe_takes_it_away() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 2"), NOW);
    let late = Scripted::with_room(PLENTY);
    fanout.join(SessionId(2), late.clone(), ViewId(1), [], NOW);
    assert_eq!(late.said(), ["K 1 1 1", "O 1 2"], "whoever comes now sees the last frame and the newest banner");
    keyframe(&mut fanout, 1, 2, 1).unwrap();
    publish(&mut fanout, 1, 2, 2, 1).unwrap();
    assert_eq!(sink.said(), ["K 1 1 1", "O 1 1", "O 1 2", "K 1 2 1", "D 1 2 2 1"]);
    assert_eq!(fanout.held(SessionId(1)).unwrap().overlay, 0);
}

#[test]
fn a_delta_never_goes_over_a_banner() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    // The worker was not dead but slow: its next frame is a delta.
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    assert_eq!(sink.said(), ["K 1 1 1", "O 1 1", "K 1 1 1", "D 1 1 2 1"]);
}

#[test]
fn a_banner_that_was_wrong_is_taken_away_without_a_new_frame() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    publish(&mut fanout, 1, 1, 2, 1).unwrap();
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    fanout.lift(ViewId(1), NOW);
    fanout.lift(ViewId(1), NOW);
    assert_eq!(sink.said(), ["K 1 1 1", "D 1 1 2 1", "O 1 1", "K 1 1 1", "D 1 1 2 1"]);
}

#[test]
fn a_view_nobody_drew_shows_roots_own_words_until_it_is_drawn() {
    let (mut fanout, sink) = one_viewer(PLENTY);
    fanout.lay_over(ViewId(1), attach::frame(b"O 1 1"), NOW);
    assert!(sink.said().is_empty(), "a banner alone would lie over what the terminal showed before");
    fanout.stand_in(ViewId(1), attach::frame(b"words"), NOW);
    assert_eq!(sink.said(), ["words", "O 1 1"]);
    assert_eq!(fanout.newest(ViewId(1)), None);
    keyframe(&mut fanout, 1, 1, 1).unwrap();
    fanout.stand_in(ViewId(1), attach::frame(b"words"), NOW);
    assert_eq!(sink.said(), ["words", "O 1 1", "K 1 1 1"]);
}
