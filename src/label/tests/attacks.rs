//! Texts made to act on a terminal, whole and in parts that a careless removal would join.

use super::{check, laws};
use crate::label::{Action, Label};

/// Parts that the property tests stick together in any order.
pub(super) const FRAGMENTS: &[&str] = &[
    "\u{1b}",
    "\u{1b}[",
    "\u{1b}]",
    "\u{1b}P",
    "\u{1b}X",
    "\u{1b}^",
    "\u{1b}_",
    "\u{1b}\\",
    "\u{1b}(",
    "\u{1b}%",
    "\u{1b}k",
    "\u{90}",
    "\u{98}",
    "\u{9b}",
    "\u{9c}",
    "\u{9d}",
    "\u{9e}",
    "\u{9f}",
    "\u{85}",
    "\u{8d}",
    "\u{18}",
    "\u{1a}",
    "\u{7}",
    "\u{7f}",
    "0m",
    "31m",
    "2J",
    "?1049h",
    "0;title",
    "52;c;aGk=",
    "8;;http://x",
    "$q",
    "[",
    "]",
    "\\",
    ";",
    "\u{301}",
    "\u{200d}",
    "中",
];

/// Each whole sequence stands between `a` and `b` and vanishes without a trace.
#[test]
fn whole_sequences_are_taken_out() {
    for sequence in [
        // CSI: colours, clearing, cursor, modes, scrolling regions, reports, repeat, window operations.
        "\u{1b}[m",
        "\u{1b}[31m",
        "\u{1b}[38;2;1;2;3m",
        "\u{1b}[38:2::1:2:3m",
        "\u{1b}[2J",
        "\u{1b}[3J",
        "\u{1b}[H",
        "\u{1b}[999;999H",
        "\u{1b}[?1049h",
        "\u{1b}[?25l",
        "\u{1b}[?2004h",
        "\u{1b}[?1003h",
        "\u{1b}[>4;2m",
        "\u{1b}[=1c",
        "\u{1b}[5n",
        "\u{1b}[6n",
        "\u{1b}[c",
        "\u{1b}[>c",
        "\u{1b}[21t",
        "\u{1b}[8;1;1t",
        "\u{1b}[1;5r",
        "\u{1b}[100000000b",
        "\u{1b}[!p",
        "\u{1b}[0 q",
        "\u{1b}[20h",
        "\u{1b}[1$r",
        "\u{1b}[31\n;1m",
        "\u{1b}[31\u{7f}m",
        "\u{9b}31m",
        "\u{9b}2J",
        "\u{9b}?1049h",
        // OSC: titles, hyperlinks, clipboard, colours, notifications, working folder, images.
        "\u{1b}]0;title\u{7}",
        "\u{1b}]0;title\u{1b}\\",
        "\u{1b}]0;title\u{9c}",
        "\u{1b}]2;\u{7}",
        "\u{1b}]52;c;aGVsbG8=\u{7}",
        "\u{1b}]8;;http://example.org\u{1b}\\",
        "\u{1b}]4;1;?\u{7}",
        "\u{1b}]104\u{7}",
        "\u{1b}]9;notify\u{7}",
        "\u{1b}]777;notify;t;b\u{7}",
        "\u{1b}]1337;File=inline=1:AAAA\u{7}",
        "\u{1b}]7;file:///etc\u{7}",
        "\u{1b}]50;#1\u{7}",
        "\u{9d}0;title\u{9c}",
        "\u{9d}0;title\u{7}",
        // DCS, SOS, PM, APC and the title of screen.
        "\u{1b}P$q\"p\u{1b}\\",
        "\u{1b}P+q544e\u{1b}\\",
        "\u{1b}Pq#0;2;0;0;0~\u{1b}\\",
        "\u{1b}Ptmux;\u{7}x\u{1b}\\",
        "\u{90}x\u{9c}",
        "\u{1b}Xstring\u{1b}\\",
        "\u{98}string\u{9c}",
        "\u{1b}^private\u{1b}\\",
        "\u{9e}private\u{9c}",
        "\u{1b}_Ga=T,f=24;AAAA\u{1b}\\",
        "\u{9f}Ga=q\u{9c}",
        "\u{1b}ktitle\u{1b}\\",
        // Text of any script inside a string belongs to it, newlines and other controls too.
        "\u{1b}]0;中文 😀\n\u{1}\u{7}",
        // Two and three bytes.
        "\u{1b}c",
        "\u{1b}7",
        "\u{1b}8",
        "\u{1b}=",
        "\u{1b}>",
        "\u{1b}D",
        "\u{1b}E",
        "\u{1b}M",
        "\u{1b}N",
        "\u{1b}O",
        "\u{1b}Z",
        "\u{1b}n",
        "\u{1b}(0",
        "\u{1b})B",
        "\u{1b}#8",
        "\u{1b}%G",
        "\u{1b} F",
        "\u{1b}$(C",
        "\u{1b}\\",
        // Cancelled in the midst.
        "\u{1b}[31\u{18}",
        "\u{1b}]0;x\u{18}",
        "\u{1b}Px\u{1a}",
        "\u{1b}\u{18}",
        // Controls that begin nothing.
        "\0",
        "\u{7}",
        "\u{8}",
        "\u{e}",
        "\u{f}",
        "\u{18}",
        "\u{1b}",
        "\u{1b}\u{1b}",
        "\u{7f}",
        "\u{80}",
        "\u{84}",
        "\u{8d}",
        "\u{8e}",
        "\u{8f}",
        "\u{99}",
        "\u{9a}",
        "\u{9c}",
    ] {
        // A lone ESC would take a letter along, as it does on a terminal.
        check(&format!("a{sequence}°"), "a°");
    }
}

#[test]
fn parts_left_over_build_no_new_sequence() {
    check("\u{1b}\u{1b}[0m[31mred", "[31mred");
    check("\u{1b}\u{9b}0m[31mred", "[31mred");
    check("\u{1b}\u{1b}]0;x\u{7}]0;evil\u{7}", "]0;evil");
    check("\u{1b}[\u{1b}[0m31mred", "31mred");
    check("\u{1b}\u{200b}[31mred", "[31mred");
    check("\u{1b}\u{0}[31mred", "red");
    check("\u{9b}\u{9b}0m31mred", "31mred");
    check("\u{1b}]0;a\u{1b}]0;b\u{7}c", "c");
    check("\u{1b}P\u{1b}[31mred", "red");
    check("\u{c2}\u{9b}31mred", "Âred");
    check("\u{1b}[31中", "中");
}

#[test]
fn an_unfinished_sequence_ends_with_the_text() {
    for sequence in [
        "\u{1b}[",
        "\u{1b}[31",
        "\u{1b}]0;title",
        "\u{1b}Pdata",
        "\u{1b}_data\u{1b}",
        "\u{9b}",
        "\u{9d}0;中文",
        "\u{1b}(",
        "\u{1b}",
    ] {
        check(&format!("kept{sequence}"), "kept");
        let verdict = Label::new(sequence);
        assert_eq!(verdict.action, Action::Blocked, "{sequence:?}");
    }
}

#[test]
fn bytes_of_eight_bit_controls_are_malformed_utf8() {
    for byte in 0x80..=0x9f_u8 {
        let verdict = Label::decode(&[b'a', byte, b'3', b'1', b'm']);
        assert_eq!(verdict.label.as_str(), "a\u{fffd}31m");
        laws("", &Label::decode(&[0xc2, byte, b'3', b'1', b'm']));
    }
}

#[test]
fn every_pair_and_triple_of_parts_keeps_the_laws() {
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            for third in FRAGMENTS {
                let text = [*first, *second, *third, "text"].concat();
                laws(&text, &Label::new(&text));
            }
        }
    }
}
