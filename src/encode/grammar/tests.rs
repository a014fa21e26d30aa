//! What passes and what does not.

use proptest::prelude::*;

use super::*;
use crate::encode::{Encoder, Encoding};
use crate::frame::{Color, Grid, Style};
use crate::label::Label;

fn size() -> Size {
    Size::clamped(40, 3)
}

fn framed(inner: &[u8]) -> Vec<u8> {
    [BEGIN, inner, END].concat()
}

fn fault(inner: &[u8]) -> Option<Fault> {
    check(&framed(inner), size()).err().map(|violation| violation.fault)
}

/// A frame with everything in it.
fn frame() -> Vec<u8> {
    let mut grid = Grid::new(size());
    let mut canvas = grid.canvas();
    canvas.label(0, 0, &Label::plain("cpu 中文 x\u{335} 😀 ──⣿⣿"), Style::new().fg(Color::rgb(1, 20, 255)).bold());
    canvas.label(3, 1, &Label::plain("é"), Style::new().bg(Color::rgb(9, 9, 9)).underline());
    canvas.label(39, 2, &Label::plain("z"), Style::new());
    let mut out = Vec::new();
    Encoder::new(Encoding::default()).keyframe(&grid, &mut out);
    out
}

/// None of these may stand anywhere in a frame.
const HOSTILE: &[&[u8]] = &[
    b"\x1b",
    b"\x1b\x1b[m",
    b"\x1b\\",
    b"\x1bc",
    b"\x1b(0",
    b"\x1b]0;title\x07",
    b"\x1b]52;c;aGk=\x1b\\",
    b"\x1bP$q\"p\x1b\\",
    b"\x1b_G\x1b\\",
    b"\x1b[?1049h",
    b"\x1b[?25l",
    b"\x1b[?2026h",
    b"\x1b[?2026l",
    b"\x1b[6n",
    b"\x1b[c",
    b"\x1b[2J",
    b"\x1b[1K",
    b"\x1b[3b",
    b"\x1b[2S",
    b"\x1b[1;2r",
    b"\x1b[5i",
    b"\x1b[s",
    b"\x1b[A",
    b"\x1b[L",
    b"\x1b[!p",
    b"\x1b[8;50;50t",
    b"\x1b[1;1;1H",
    b"\x1b[0;1H",
    b"\x1b[4;1H",
    b"\x1b[1;41H",
    b"\x1b[41G",
    b"\x1b[0G",
    b"\x1b[4d",
    b"\x1b[41X",
    b"\x1b[99999999999999999999H",
    b"\x1b[5m",
    b"\x1b[8m",
    b"\x1b[>4m",
    b"\x1b[38;2;1;1m",
    b"\x1b[38;2;256;1;1m",
    b"\x1b[38:2:1:1:1m",
    b"\x1b[38;5m",
    b"\x1b[;1m",
    b"\x1b[1 m",
    b"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m",
    b"\xc2\x9b31m",
    b"\xc2\x85",
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xe2\x80\x8b",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbf",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\x80",
    b"\xff",
    b"\x7f",
];

#[test]
fn what_the_encoder_writes_passes() {
    assert_eq!(check(&frame(), size()), Ok(()));
    for inner in ["", "\x1b[m", "\x1b[0m", "\x1b[Hx", "\x1b[1;40Hx", "\x1b[3;5H\x1b[2dxy\x1b[K", "\x1b[H\x1b[40X"] {
        assert_eq!(fault(inner.as_bytes()), None, "{inner:?}");
    }
}

#[test]
fn hostile_bytes_are_refused_wherever_they_stand() {
    let frame = frame();
    let controls = (0..0x20_u8).map(|byte| vec![byte]);
    for hostile in HOSTILE.iter().map(|bytes| bytes.to_vec()).chain(controls) {
        for at in 0..=frame.len() {
            let mutated = [&frame[..at], &hostile, &frame[at..]].concat();
            assert!(check(&mutated, size()).is_err(), "{:?} at {at}", hostile.escape_ascii().to_string());
        }
    }
}

#[test]
fn a_frame_without_its_brackets_is_refused() {
    let frame = frame();
    for cut in 0..frame.len() {
        assert!(check(&frame[..cut], size()).is_err(), "cut at {cut}");
        assert!(cut == 0 || check(&frame[cut..], size()).is_err(), "begun at {cut}");
    }
    assert_eq!(check(b"", size()), Err(Violation { at: 0, fault: Fault::Bracket }));
    assert_eq!(check(&frame.repeat(2), size()).map_err(|violation| violation.fault), Err(Fault::Sequence));
    assert!(check(b"\x1b[?2026h\x1b[?2026", size()).is_err());
}

#[test]
fn text_stays_within_its_row() {
    assert_eq!(fault(b"x"), Some(Fault::Position), "nobody knows where");
    assert_eq!(fault(b"\x1b[3dx"), Some(Fault::Position), "nobody knows in which column");
    assert_eq!(fault(b"\x1b[1;40Hxy"), Some(Fault::Position));
    assert_eq!(fault("\x1b[1;40H中".as_bytes()), Some(Fault::Position));
    assert_eq!(fault("\x1b[1;40H──".as_bytes()), Some(Fault::Position));
    assert_eq!(fault("\x1b[1;39H──".as_bytes()), None);
    assert_eq!(fault(b"\x1b[1;39Hxy\x1b[K"), Some(Fault::Position), "terminals differ in what that erases");
    assert_eq!(fault(b"\x1b[1;39Hxy\x1b[X"), Some(Fault::Position));
    assert_eq!(fault(b"\x1b[K"), Some(Fault::Position));
    assert_eq!(fault(b"\x1b[1;39H\x1b[2X"), None);
    assert_eq!(fault(b"\x1b[1;39H\x1b[3X"), Some(Fault::Parameter));
}

#[test]
fn a_style_left_open_is_refused() {
    assert_eq!(fault(b"\x1b[1m"), Some(Fault::Style));
    assert_eq!(fault(b"\x1b[0;38;5;1m"), Some(Fault::Style));
    assert_eq!(fault(b"\x1b[48;2;0;0;0m"), Some(Fault::Style));
    assert_eq!(fault(b"\x1b[1m\x1b[m"), None);
    assert_eq!(fault(b"\x1b[1;0m"), None);
}

#[test]
fn a_violation_says_where() {
    let violation = check(&framed(b"\x1b[Hab\x07"), size()).expect_err("a bell");
    assert_eq!(violation, Violation { at: BEGIN.len() + 5, fault: Fault::Control });
    assert_eq!(violation.to_string(), "at byte 13: a control character");
}

proptest! {
    #[test]
    fn changed_bytes_never_let_a_control_through(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..4),
    ) {
        let mut bytes = frame();
        for (at, byte, what) in changes {
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if check(&bytes, size()).is_ok() {
            let text = std::str::from_utf8(&bytes).expect("what passes is UTF-8");
            for (at, c) in text.char_indices().filter(|(_, c)| c.is_control()) {
                prop_assert_eq!(c, '\x1b');
                let rest = text[at..].strip_prefix("\x1b[").expect("only CSI");
                let end = rest.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')).expect("each sequence ends");
                prop_assert!(b"mHGdXKhl".contains(&rest.as_bytes()[end]));
            }
        }
    }
}
