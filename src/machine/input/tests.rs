//! Keys and gestures from bytes, whole, split and hostile.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Decoder, SEQUENCE_BYTES_MAX};
use crate::model::{Act, Gesture, Input, Key};

/// The inputs of `bytes` in one piece, without a flush.
fn inputs(bytes: &[u8]) -> Vec<Input> {
    let mut inputs = Vec::new();
    Decoder::default().push(bytes, &mut inputs);
    inputs
}

fn key(char: char) -> Input {
    Input::Key(Key::Char(char))
}

/// The keys of `bytes` and then of a plain `q`: shows whether a sequence was swallowed whole.
fn check(bytes: &[u8], expect: &[Key]) {
    check_all(bytes, &expect.iter().map(|key| Input::Key(*key)).collect::<Vec<_>>());
}

/// The same of keys and gestures.
fn check_all(bytes: &[u8], expect: &[Input]) {
    let mut expect = expect.to_vec();
    expect.push(key('q'));
    let mut decoder = Decoder::default();
    let mut got = Vec::new();
    decoder.push(bytes, &mut got);
    decoder.push(b"q", &mut got);
    assert_eq!(got, expect, "for {:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn printable_characters_are_keys() {
    check(b"a Z?~", &[Key::Char('a'), Key::Char(' '), Key::Char('Z'), Key::Char('?'), Key::Char('~')]);
    check("é中😀".as_bytes(), &[Key::Char('é'), Key::Char('中'), Key::Char('😀')]);
}

#[test]
fn control_bytes_are_named_keys_or_letters_with_ctrl() {
    check(b"\t\r\n\x7f\x08", &[Key::Tab, Key::Enter, Key::Enter, Key::Backspace, Key::Backspace]);
    check(b"\x03\x1a", &[Key::Ctrl('c'), Key::Ctrl('z')]);
    check(b"\x00\x1c\x1d\x1e\x1f", &[]);
}

#[test]
fn cursor_keys_of_xterm_linux_and_rxvt() {
    let arrows = [Key::Up, Key::Down, Key::Right, Key::Left];
    check(b"\x1b[A\x1b[B\x1b[C\x1b[D", &arrows);
    check(b"\x1bOA\x1bOB\x1bOC\x1bOD", &arrows);
    check(b"\x1b[a\x1b[b\x1b[c\x1b[d", &arrows);
    check(b"\x1bOa\x1bOb\x1bOc\x1bOd", &arrows);
    check(b"\x1b[1;5A\x1b[1;2B\x1b[1;6C\x1bO5D", &arrows);
    check(b"\x1b[H\x1bOH\x1b[1~\x1b[7~\x1b[7$\x1b[7^\x1b[7@", &[Key::Home; 7]);
    check(b"\x1b[F\x1bOF\x1b[4~\x1b[8~", &[Key::End; 4]);
    check(b"\x1b[5~\x1b[5;5~\x1b[6~", &[Key::PageUp, Key::PageUp, Key::PageDown]);
    check(b"\x1b[Z", &[Key::BackTab]);
    check(
        b"\x1bOM\x1bOk\x1bOm\x1bOp\x1bOy",
        &[Key::Enter, Key::Char('+'), Key::Char('-'), Key::Char('0'), Key::Char('9')],
    );
}

#[test]
fn unknown_sequences_are_swallowed_whole() {
    for sequence in [
        &b"\x1b[2~"[..],   // Insert
        b"\x1b[15;2~",     // Shift-F5
        b"\x1bOP",         // F1
        b"\x1b[[A",        // F1 of the Linux console
        b"\x1b[I",         // focus gained
        b"\x1b[?62;22c",   // device attributes
        b"\x1b[?2026;2$y", // mode report
        b"\x1b[<0;35;12M", // a press: no gesture before its release
        b"\x1b[M qq",      // the same as of old
        b"\x1b[<0;35M",    // mouse reports that are none
        b"\x1b[<0;35;12;1M",
        b"\x1b[<;;M",
        b"\x1b[<0;99999;12M",
        b"\x1b[27;5;9~",                     // modified other key
        b"\x1b[113;5u",                      // kitty
        b"\x1b[24;80R",                      // cursor report
        b"\x1b[1;2;3;4;5;6;7;8;9A",          // longer than any key
        b"\x1b]11;rgb:0000/0000/0000\x1b\\", // colour report
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1bP1+r524742=38\x1b\\", // terminfo report
        b"\x1b_Gi=31;OK\x1b\\",     // kitty graphics
        b"\xff\xfe\x80\xc0",        // never UTF-8
        b"\xc2\x9b",                // CSI as a character
    ] {
        check(sequence, &[]);
    }
}

#[test]
fn alt_does_nothing() {
    check(b"\x1ba\x1bq\x1b\x7f\x1b\t", &[]);
    check("\x1bé\x1b中".as_bytes(), &[]);
    check(b"\x1b[1;3A\x1b[1;4B\x1b[1;9C", &[]);
    check(b"\x1b\x1b[A\x1b\x1bOA", &[]);
}

#[test]
fn a_paste_does_nothing() {
    check(b"\x1b[200~qqq\x1b[A\x03\r\x1b[201~", &[]);
    check(b"\x1b[200~\x1b[200~q\x1b[201~", &[]);
}

#[test]
fn a_paste_without_an_end_does_not_hold_the_keyboard_for_ever() {
    let mut decoder = Decoder::default();
    let mut got = Vec::new();
    decoder.push(b"\x1b[200~half a paste\x1b", &mut got);
    assert!(decoder.patience().is_some());
    assert_eq!(decoder.flush(), None);
    decoder.push(b"q", &mut got);
    assert_eq!(got, [key('q')]);
}

#[test]
fn a_lone_escape_is_a_key_once_nothing_follows() {
    for bytes in [&b"\x1b"[..], b"\x1b\x1b"] {
        let mut decoder = Decoder::default();
        let mut got = Vec::new();
        decoder.push(bytes, &mut got);
        assert_eq!(got, []);
        assert!(decoder.patience().is_some(), "an escape must be waited for");
        assert_eq!(decoder.flush(), Some(Key::Escape));
        assert_eq!(decoder.patience(), None);
        assert_eq!(decoder.flush(), None);
    }
}

#[test]
fn an_unfinished_sequence_is_nothing_once_nothing_follows() {
    for bytes in [&b"\x1b["[..], b"\x1bO", b"\x1b[1;", b"\x1b]11;", b"\x1b[M", b"\xe4\xb8", b"\x1b[["] {
        let mut decoder = Decoder::default();
        let mut got = Vec::new();
        decoder.push(bytes, &mut got);
        assert!(decoder.patience().is_some());
        assert_eq!(decoder.flush(), None);
        decoder.push(b"q", &mut got);
        assert_eq!(got, [key('q')], "after {bytes:?}");
    }
}

#[test]
fn a_torn_sequence_does_not_eat_the_next_key() {
    check(b"\x1b[1\x03", &[Key::Ctrl('c')]);
    check(b"\x1b[1\x1b[A", &[Key::Up]);
    check(b"\x1bO\x1b[A", &[Key::Up]);
    check(b"\x1b]11\x1b[A", &[Key::Up]);
    check(b"\xe4\xb8\x1b[A", &[Key::Up]);
    check(b"\xe4a", &[Key::Char('a')]);
}

#[test]
fn an_endless_sequence_ends() {
    let mut bytes = b"\x1b]".to_vec();
    bytes.resize(usize::from(SEQUENCE_BYTES_MAX) + 3, b'x');
    check(&bytes, &[]);
    let mut bytes = b"\x1b[".to_vec();
    bytes.resize(usize::from(SEQUENCE_BYTES_MAX) + 3, b'1');
    check(&bytes, &[]);
}

#[test]
fn a_mouse_is_understood_in_the_reports_of_now_and_of_old() {
    let at = |x, y, act| Input::Mouse(Gesture { x, y, act });
    check_all(b"\x1b[<0;35;12M\x1b[<0;35;12m", &[at(34, 11, Act::Click)]);
    check_all(b"\x1b[<65;1000;500M", &[at(999, 499, Act::WheelDown)]);
    check_all(b"\x1b[<0;5;2M\x1b[<32;9;2M\x1b[<0;9;2m", &[at(4, 1, Act::Drag { columns: 4 })]);
    check_all(b"\x1b[M !!\x1b[M#!!", &[at(0, 0, Act::Click)]);
    check_all(b"\x1b[M`\xf0\x22", &[at(207, 1, Act::WheelUp)]);
    check_all(b"\x1b[M\x00\x00\x00", &[]);
}

#[test]
fn keys_between_reports_are_keys() {
    let click = Input::Mouse(Gesture { x: 2, y: 2, act: Act::Click });
    check_all(b"\x1b[<0;3;3Mx\x1b[<0;3;3m", &[key('x'), click]);
}

/// Bytes in which sequences are likely: random bytes alone hardly ever make one.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => any::<u8>().prop_map(|byte| vec![byte]),
        3 => prop::sample::select(b"\x1b[]O;~$MPAZq0123456789\\\x07".to_vec()).prop_map(|byte| vec![byte]),
        1 => Just(b"\x1b[200~".to_vec()),
        1 => Just(b"\x1b[201~".to_vec()),
        1 => Just(b"\x1b[1;5A".to_vec()),
        1 => Just(b"\x1b[<0;7;7M".to_vec()),
        1 => Just(b"\x1b[<0;7;7m".to_vec()),
        1 => Just(b"\x1b[M".to_vec()),
        1 => Just("中".as_bytes().to_vec()),
    ];
    vec(piece, 0..64).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn inputs_do_not_depend_on_how_reads_were_cut(bytes in likely_bytes(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len() + 1);
        let mut decoder = Decoder::default();
        let mut got = Vec::new();
        decoder.push(&bytes[..cut], &mut got);
        decoder.push(&bytes[cut..], &mut got);
        prop_assert_eq!(got, inputs(&bytes));
    }

    #[test]
    fn no_bytes_make_more_inputs_than_bytes_or_a_control_character(bytes in likely_bytes()) {
        let got = inputs(&bytes);
        prop_assert!(got.len() <= bytes.len());
        for input in got {
            match input {
                Input::Key(Key::Char(char)) => prop_assert!(!char.is_control()),
                Input::Key(Key::Ctrl(char)) => prop_assert!(char.is_ascii_lowercase()),
                _ => {}
            }
        }
    }

    #[test]
    fn after_a_flush_the_next_key_counts(bytes in likely_bytes()) {
        let mut decoder = Decoder::default();
        decoder.push(&bytes, &mut Vec::new());
        decoder.flush();
        prop_assert_eq!(decoder.patience(), None);
        let mut got = Vec::new();
        decoder.push(b"q\x1b[A", &mut got);
        prop_assert_eq!(got, [key('q'), Input::Key(Key::Up)]);
    }

    #[test]
    fn nothing_pending_means_ground(bytes in likely_bytes()) {
        let mut decoder = Decoder::default();
        decoder.push(&bytes, &mut Vec::new());
        if decoder.patience().is_none() {
            let mut got = Vec::new();
            decoder.push(b"q", &mut got);
            prop_assert_eq!(got, [key('q')]);
        }
    }
}
