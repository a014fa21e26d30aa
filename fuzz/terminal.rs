//! A terminal emulator with room around the view: whatever a frame does beyond painting its view is seen there.
//!
//! Invariant: it knows nothing of the grammar. It reads the bytes once as text and once as vt100 does.

use std::num::NonZeroU16;

use unblink::base::{Size, limits};

const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
const ERASE_TO_END: &str = "\u{1b}[K";
/// Columns and rows around the view, to its right and below.
const MARGIN: u16 = 8;
/// Stands in every cell before the frame.
const UNTOUCHED: &str = "#";

/// What a frame for a view of this size does that it must not.
pub fn harm(frame: &[u8], size: Size) -> Option<String> {
    let Ok(text) = std::str::from_utf8(frame) else { return Some("malformed UTF-8".to_owned()) };
    let Some(inner) = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) else {
        return Some("not one synchronized update".to_owned());
    };
    unknown_sequence(inner).or_else(|| beyond_the_view(inner, size))
}

/// Anything but text and CSI sequences that address, erase or colour.
fn unknown_sequence(text: &str) -> Option<String> {
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
        let Some(end) = rest.find(|c: char| !matches!(c, '0'..='9' | ';')) else {
            return Some("an unfinished sequence".to_owned());
        };
        if !rest[end..].starts_with(['G', 'H', 'K', 'X', 'd', 'm']) {
            return Some(format!("CSI {}", &rest[..rest.len().min(end + 4)].escape_debug()));
        }
        chars = rest[end + 1..].chars();
    }
    None
}

fn beyond_the_view(text: &str, size: Size) -> Option<String> {
    let (cols, rows) = (size.cols() + MARGIN, size.rows() + MARGIN);
    let nonzero = |value| NonZeroU16::new(value).expect("invariant: a margin is more than nothing");
    let mut terminal = vt100::Parser::new(nonzero(rows), nonzero(cols), 0);
    let row = UNTOUCHED.repeat(cols.into());
    for y in 1..=rows {
        terminal.process(format!("\u{1b}[{y}H{row}").as_bytes());
    }
    // Nobody knows where the cursor stands when a frame comes: here outside the view.
    terminal.process(format!("\u{1b}[{rows};{}H", cols - 1).as_bytes());
    for (index, part) in text.split(ERASE_TO_END).enumerate() {
        if index > 0 {
            // On a terminal of the view's size this ends at the view's edge.
            let (y, x) = terminal.screen().cursor_position();
            if y >= size.rows() || x >= size.cols() {
                return Some(format!("erasing from column {x} of row {y}"));
            }
            terminal.process(format!("\u{1b}[{}X", size.cols() - x).as_bytes());
        }
        terminal.process(part.as_bytes());
    }
    let screen = terminal.screen();
    for (x, y) in (0..rows).flat_map(|y| (0..cols).map(move |x| (x, y))) {
        let cell = screen.cell(y, x).expect("invariant: on screen");
        if (x >= size.cols() || y >= size.rows()) && cell.contents() != UNTOUCHED {
            return Some(format!("{:?} at column {x} of row {y}", cell.contents()));
        }
        if cell.contents().chars().count() > limits::CLUSTER_CODE_POINTS_MAX {
            return Some(format!("the pile {:?}", cell.contents()));
        }
    }
    let is_styled = screen.bold() || screen.dim() || screen.italic() || screen.underline() || screen.inverse();
    let is_coloured = [screen.fgcolor(), screen.bgcolor()] != [vt100::Color::Default; 2];
    (is_styled || is_coloured).then(|| "a style left behind".to_owned())
}
