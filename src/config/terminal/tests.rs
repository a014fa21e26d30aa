use std::path::Path;

use super::*;
use crate::config::parse;
use crate::wire::feed::{ConfigFile, FileKind};

fn file(text: &str) -> [ConfigFile; 1] {
    [ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.as_bytes().to_vec() }]
}

fn terminals(text: &str) -> Vec<TerminalSettings> {
    parse(&file(text)).expect("this is right").terminals
}

fn check(text: &str, expected: &str) {
    let complaints = parse(&file(text)).expect_err("this is wrong");
    let shown: String = complaints.iter().map(|complaint| format!("{complaint}\n")).collect();
    assert_eq!(shown.trim_end(), expected.trim_end(), "for {text:?}");
}

#[test]
fn a_device_alone_is_enough_and_its_keyboard_does_not_count() {
    let [one] = terminals("[[terminal]]\ndevice = \"/dev/tty8\"\n").try_into().unwrap();
    assert_eq!(one, TerminalSettings { device: "/dev/tty8".into(), ..TerminalSettings::default() });
    assert!(!one.input);
    assert_eq!(terminals("").len(), 0);
}

#[test]
fn every_key_is_taken_and_the_order_kept() {
    let all = terminals(
        "[[terminal]]\ndevice = '/dev/tty8'\nboard = 'host'\ncolor = '256'\nglyphs = 'ascii'\ninput = true\nterm = 'vt220'\n\
         [[terminal]]\ndevice = '/dev/ttyS0'\ncolor = 'auto'\nglyphs = 'auto'\ninput = false\n",
    );
    let first = TerminalSettings {
        device: "/dev/tty8".into(),
        board: Some("host".to_owned()),
        color: Some(Palette::Indexed),
        glyphs: Some(GlyphSet::Ascii),
        input: true,
        term: Some("vt220".to_owned()),
    };
    assert_eq!(all[0], first);
    assert_eq!((all[1].device.as_path(), all[1].color, all[1].glyphs), (Path::new("/dev/ttyS0"), None, None));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    check(
        "[[terminal]]\ndevice = \"tty8\"\nbord = \"host\"\ncolor = \"266\"\ninput = \"yes\"\n\n[[terminal]]\nboard = 3\n",
        r#"unblink.toml:2:10: terminal.device: the path is not absolute
    device = "tty8"
             ^
    write it as "/dev/tty8"
unblink.toml:3:1: there is no key "bord" in [[terminal]]
    bord = "host"
    ^
    did you mean `board`?
unblink.toml:4:9: terminal.color: "266" names no colours
    color = "266"
            ^
    did you mean `256`?
unblink.toml:5:9: terminal.input: a text stands where true or false belongs
    input = "yes"
            ^
    write true, without quotes, to let its keyboard count
unblink.toml:7:1: this [[terminal]] names no device
    [[terminal]]
    ^
    add device = "/dev/tty8"
unblink.toml:8:9: terminal.board: a number stands where a text belongs
    board = 3
            ^
    write it as "host""#,
    );
}

#[test]
fn a_device_named_twice_is_refused_where_it_is_named_again() {
    check(
        "[[terminal]]\ndevice = \"/dev/tty8\"\n[[terminal]]\ndevice = \"/dev/tty8\"\n",
        "unblink.toml:4:10: terminal.device: /dev/tty8 shows something already\n    device = \"/dev/tty8\"\n             ^\n    name each device once; one board may be on many devices",
    );
}

#[test]
fn a_single_section_is_told_how_to_be_a_list() {
    for text in ["[terminal]\ndevice = '/dev/tty8'\n", "terminal = 3\n", "terminal = [3]\n"] {
        let complaints = parse(&file(text)).expect_err("this is wrong");
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].remedy.contains("[[terminal]]"), "{complaints:?}");
    }
}

#[test]
fn what_no_device_or_terminal_is_called_is_refused() {
    for (text, expected) in [
        ("device = '/dev/tty\\u0007'".replace('\'', "\""), "cannot name a device"),
        (format!("device = '/{}'", "x".repeat(limits::DEVICE_BYTES_MAX)), "cannot name a device"),
        ("device = '/dev/x'\nterm = 'dumb'".to_owned(), "cannot place its cursor"),
        ("device = '/dev/x'\nterm = 'a b'".to_owned(), "no name of a terminal"),
        ("device = '/dev/x'\nboard = ''".to_owned(), "no name of a board"),
        ("device = '/dev/x'\nglyphs = 'dots'".to_owned(), "names no glyphs"),
    ] {
        let complaints = parse(&file(&format!("[[terminal]]\n{text}\n"))).expect_err("this is wrong");
        assert!(complaints[0].message.contains(expected), "{text}: {complaints:?}");
    }
}

#[test]
fn a_board_that_is_on_no_list_is_refused_where_it_is_named() {
    let said = |text: &str| match crate::config::understand(&file(text)) {
        Ok(_) => String::new(),
        Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
    };
    for board in ["host", "default/host"] {
        assert_eq!(said(&format!("[[terminal]]\ndevice = '/dev/tty8'\nboard = '{board}'\n")), "");
    }
    assert_eq!(
        said("[[terminal]]\ndevice = '/dev/tty8'\nboard = 'hots'\n"),
        "unblink.toml:3:9: terminal.board: there is no board \"hots\"\n    board = 'hots'\n            ^\n    did you mean `host`?"
    );
    assert!(said("[[terminal]]\ndevice = '/dev/tty8'\nboard = 'other/host'\n").contains("there is no tenant"));
}

#[test]
fn there_are_only_so_many() {
    let many = |count: usize| -> String {
        (0..count).map(|number| format!("[[terminal]]\ndevice = '/dev/tty{number}'\n")).collect()
    };
    assert_eq!(terminals(&many(limits::TERMINALS_MAX)).len(), limits::TERMINALS_MAX);
    let complaints = parse(&file(&many(limits::TERMINALS_MAX + 5))).expect_err("these are too many");
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].message.contains("more than"), "{complaints:?}");
}
