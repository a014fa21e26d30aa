//! While a terminal shows charts, nothing else may write on it: what the program wants to say on its standard error
//! is kept until the terminal is given back.
//!
//! Invariant: bounded, never blocks, never panics; it is called from a panic hook.

use std::io::{self, Write};
use std::sync::Mutex;

use crate::base::limits;
use crate::sys::fd;

/// Keeps the standard error silent; what was kept comes out on drop.
#[derive(Debug)]
pub struct Hold {
    _private: (),
}

/// What is held back.
#[derive(Debug)]
struct Kept {
    /// Terminals held right now.
    holds: u32,
    lines: Vec<String>,
    dropped: u64,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept::NOTHING);

/// Starts to keep lines.
pub fn hold() -> Hold {
    if let Ok(mut kept) = KEPT.lock() {
        kept.holds += 1;
    }
    Hold { _private: () }
}

/// Writes a line to the standard error, or keeps it while a terminal is held.
pub fn say(line: &str) {
    // Busy means that another thread says something at this very moment: then both speak at once.
    let kept = KEPT.try_lock().is_ok_and(|mut kept| kept.keep(line));
    if !kept {
        write(line);
    }
}

/// The same where the way to the standard error may be blocked: what it does not take at once is lost.
pub fn say_now(line: &str) {
    if !KEPT.try_lock().is_ok_and(|mut kept| kept.keep(line)) {
        fd::say_now(line);
    }
}

fn write(line: &str) {
    // Nobody is left to tell when the standard error is gone.
    let _ = writeln!(io::stderr(), "{line}");
}

// === impl Hold ===

impl Drop for Hold {
    fn drop(&mut self) {
        if let Ok(mut kept) = KEPT.lock() {
            kept.release().iter().for_each(|line| write(line));
        }
    }
}

// === impl Kept ===

impl Kept {
    const NOTHING: Kept = Kept { holds: 0, lines: Vec::new(), dropped: 0 };

    /// Whether the line was taken care of, if only by counting it.
    fn keep(&mut self, line: &str) -> bool {
        if self.holds == 0 {
            return false;
        }
        if self.lines.len() < limits::KEPT_LINES_MAX {
            self.lines.push(line.to_owned());
        } else {
            self.dropped += 1;
        }
        true
    }

    /// One hold less; after the last one what was kept may be said.
    fn release(&mut self) -> Vec<String> {
        self.holds = self.holds.saturating_sub(1);
        if self.holds > 0 {
            return Vec::new();
        }
        let mut lines = std::mem::take(&mut self.lines);
        if self.dropped > 0 {
            lines.push(format!("unblink: {} more lines were not kept", std::mem::take(&mut self.dropped)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_until_the_last_hold_goes() {
        let mut kept = Kept::NOTHING;
        assert!(!kept.keep("nobody holds"));
        kept.holds = 2;
        assert!(kept.keep("one") && kept.keep("two"));
        assert_eq!(kept.release(), Vec::<String>::new());
        assert_eq!(kept.release(), ["one", "two"]);
        assert!(!kept.keep("nobody holds any more"));
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut kept = Kept { holds: 1, ..Kept::NOTHING };
        for _ in 0..limits::KEPT_LINES_MAX + 5 {
            assert!(kept.keep("again"));
        }
        let lines = kept.release();
        assert_eq!(lines.len(), limits::KEPT_LINES_MAX + 1);
        assert!(lines.last().is_some_and(|line| line.contains("5 more lines")), "{lines:?}");
    }
}
