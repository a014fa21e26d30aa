//! A panic as one line, told once the terminal is a terminal again.
//!
//! Invariant: the hook never panics and never blocks. Whoever catches the panic decides what it means.

use std::panic::PanicHookInfo;

use crate::runtime::log;
use crate::sink::hold;

/// Longest message told; a panic may carry anything.
const MESSAGE_CHARS_MAX: usize = 500;

/// Replaces std's report, which is many lines and would land in the middle of a chart.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let line = line(info);
        if !log::say(&line) {
            hold::say(&line);
        }
    }));
}

fn line(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    // Whatever it carries must not act on the terminal it is told on.
    let message: String =
        message.chars().take(MESSAGE_CHARS_MAX).map(|char| if char.is_control() { ' ' } else { char }).collect();
    let place = info.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    format!("unblink: this is a bug, please report it: {message} ({place})")
}
