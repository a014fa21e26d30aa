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
    b"\xc2\xad",
    b"\xe2\xa0\x80",
    b"\xee\x80\x80",
    b"\xef\xb7\x90",
    b"\xcd\xb8",
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
    for inner in [
        "",
        "\x1b[m",
        "\x1b[3d\x1b[5Gx",
        "\x1b[5G\x1b[3dx\x1b[K",
        "\x1b[0m",
        "\x1b[Hx",
        "\x1b[1;40Hx",
        "\x1b[3;5H\x1b[2dxy\x1b[K",
        "\x1b[H\x1b[40X",
    ] {
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
    assert_eq!(fault(b"\x1b[5Gx"), Some(Fault::Position), "nobody knows in which row");
    assert_eq!(fault(b"\x1b[5G\x1b[K"), Some(Fault::Position));
    assert_eq!(fault(b"\x1b[5G\x1b[X"), Some(Fault::Position));
    assert_eq!(fault(&[b"\x1b[Hx", [b'x'; 70_000].as_slice()].concat()), Some(Fault::Position));
    assert_eq!(fault(&[b"\x1b[1;39Hx", [b'x'; 65_535].as_slice()].concat()), Some(Fault::Position));
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
fn marks_never_pile_up() {
    let marks = |count: usize| format!("\x1b[Hx{}", "\u{336}".repeat(count));
    let most = limits::CLUSTER_CODE_POINTS_MAX - 1;
    assert_eq!(fault(marks(most).as_bytes()), None);
    assert_eq!(fault(marks(most + 1).as_bytes()), Some(Fault::Cluster));
    assert_eq!(fault(marks(40_000).as_bytes()), Some(Fault::Cluster));
    assert_eq!(fault("\x1b[H──\u{336}".as_bytes()), None);
    for bare in
        ["\x1b[H\u{336}", "\u{336}", "\x1b[Hx\x1b[m\u{336}", "\x1b[Hx\x1b[2G\u{336}", "\x1b[Hx\u{336}\x1b[m\u{336}"]
    {
        assert_eq!(fault(bare.as_bytes()), Some(Fault::Cluster), "{bare:?}");
    }
}

#[test]
fn after_text_of_doubtful_width_the_position_is_lost() {
    for cluster in ["x\u{336}", "☀", "😀", "🇩🇪", "क\u{94d}ष"] {
        let after = |rest: &str| fault(format!("\x1b[2;2H{cluster}{rest}").as_bytes());
        assert_eq!(after(""), None, "{cluster:?}");
        assert_eq!(after("\x1b[2;4Hxy"), None, "{cluster:?}");
        assert_eq!(after("中"), Some(Fault::Cluster), "{cluster:?}");
        for rest in ["\x1b[5Gx", "\x1b[2dx", "\x1b[mx", "\x1b[K", "\x1b[X"] {
            assert_eq!(after(rest), Some(Fault::Position), "{cluster:?} {rest:?}");
        }
    }
    assert_eq!(fault("\x1b[1;39H☀".as_bytes()), None);
    assert_eq!(fault("\x1b[1;40H☀".as_bytes()), Some(Fault::Position), "some would wrap it");
    assert_eq!(fault("\x1b[1;39Hx☀".as_bytes()), Some(Fault::Position));
    assert_eq!(fault("\x1b[1;40Hx\u{336}".as_bytes()), Some(Fault::Position));
    assert_eq!(fault("\x1b[1;39Hx\u{903}".as_bytes()), None, "one grapheme of two columns");
}

#[test]
fn what_a_label_takes_out_is_refused() {
    for c in char::MIN..=char::MAX {
        // Which marks which letters carry is a matter of taste; how many they carry is not.
        let is_mark = label::shown(c).is_some_and(|shown| shown.columns == 0);
        for text in [c.to_string(), format!("x{c}")].into_iter().take(if is_mark { 1 } else { 2 }) {
            if fault(format!("\x1b[H{text}").as_bytes()).is_none() {
                assert_eq!(Label::new(&text).removed.count, 0, "{text:?} passes the grammar and is no label");
            }
        }
    }
}

/// Keyframe and delta of rows that each text fills, at both edges too.
fn assert_shown(texts: &[String]) {
    let size = Size::clamped(12, u16::try_from(3 * texts.len()).expect("a few texts"));
    let (blank, mut grid) = (Grid::new(size), Grid::new(size));
    for (y, text) in (0..).step_by(3).zip(texts) {
        let label = Label::plain(text);
        grid.canvas().label(0, y, &label, Style::new());
        grid.canvas().label(9, y + 1, &label, Style::new().bold());
        grid.canvas().label(10, y + 2, &label, Style::new());
    }
    let mut encoder = Encoder::new(Encoding::default());
    let (mut keyframe, mut delta) = (Vec::new(), Vec::new());
    encoder.keyframe(&grid, &mut keyframe);
    let differs = encoder.delta(&blank, &grid, &mut delta);
    for bytes in [&keyframe, &delta].into_iter().take(if differs { 2 } else { 1 }) {
        assert_eq!(check(bytes, size), Ok(()), "{texts:?}: {:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn every_code_point_that_a_label_keeps_passes() {
    let doubtful = |c: &char| label::shown(*c).is_some_and(|shown| !shown.certain);
    let texts: Vec<String> = (char::MIN..=char::MAX).filter(doubtful).map(|c| format!("x{c}{c}")).collect();
    assert!(texts.len() > 10_000);
    texts.chunks(100).for_each(assert_shown);
}

/// Code points that join others, and those they join.
const JOINING: &str = "[ax中\u{300}\u{336}\u{903}\u{93e}\u{915}\u{94d}\u{937}\u{d4e}\u{111c2}\u{1b44}\u{1f1e9}\u{1f1ea}\u{1f44d}\u{1f3fd}☀\
    1\u{20e3}\u{e01}\u{e49}\u{e33}\u{1112}\u{119e}\u{11ab}\u{ac00}\u{11a8}█⠿▲é]{1,14}";

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
    assert_eq!(violation.to_string(), "at byte 13: a code point that no label holds");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cluster_that_a_label_holds_passes(text in JOINING, any in "\\PC{1,12}") {
        assert_shown(&[text, any]);
    }

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

#[test]
fn drawings_are_boxes_blocks_and_dots() {
    let leads = [0x20, 0x80, 0xa2, 0xc2, 0xe1, 0xe2, 0xe3, 0xf0];
    for (lead, high, low) in leads
        .into_iter()
        .flat_map(|lead| (0..=255).map(move |high| (lead, high)))
        .flat_map(|(lead, high)| (0..=255).map(move |low| (lead, high, low)))
    {
        let bytes = [lead, high, low];
        let text = std::str::from_utf8(&bytes).ok();
        let is_one =
            |text: &str| matches!(text.chars().next(), Some('\u{2500}'..='\u{259f}' | '\u{2801}'..='\u{28ff}'));
        assert_eq!(is_drawing(bytes), text.is_some_and(is_one), "{bytes:x?}");
    }
}
