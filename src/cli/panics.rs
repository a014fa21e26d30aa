//! A panic as one line, told once the terminal is a terminal again.
//!
//! Invariant: the hook never panics, never blocks and allocates nothing that it cannot do without. Whoever catches the
//! panic decides what it means; a panic that a ring of a worker holds is told there.

use std::fmt::Write;
use std::panic::PanicHookInfo;

use super::logging;
use crate::base::limits;
use crate::runtime::fault::{self, Text};

/// What is said of it, where it was, and which calls led there.
type Line = Text<{ limits::PANIC_TEXT_BYTES_MAX + 1024 }>;

/// Replaces std's report, which is many lines and would land in the middle of a chart.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        if fault::note(info) {
            return;
        }
        logging::say(line(info).as_str());
    }));
}

fn line(info: &PanicHookInfo<'_>) -> Line {
    let mut message = Text::<{ limits::PANIC_TEXT_BYTES_MAX }>::new();
    let mut line = Line::new();
    // Neither fails: what does not fit is left out.
    let _ = message.write_str(info.payload_as_str().unwrap_or("no message"));
    let _ = write!(line, "unblink: this is a bug, please report it: {} (", message.as_str());
    let _ = match info.location() {
        Some(place) => write!(line, "{place}) "),
        None => line.write_str("somewhere) "),
    };
    let _ = line.write_str(fault::told_of_unheld().as_str());
    line
}
