//! While a terminal shows charts, nothing else may write on it: what the program wants to say on its standard error
//! is kept until the terminal is given back.
//!
//! Invariant: bounded, never blocks, never panics; it is called from a panic hook.

use std::io::{self, Write};
use std::sync::Mutex;

use crate::base::limits;

/// Keeps the standard error silent; what was kept comes out on drop.
#[derive(Debug)]
pub struct Hold {
    _private: (),
}

#[derive(Debug)]
struct Kept {
    /// Terminals held right now.
    holds: u32,
    lines: Vec<String>,
    dropped: u64,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { holds: 0, lines: Vec::new(), dropped: 0 });

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
    if let Ok(mut kept) = KEPT.try_lock()
        && kept.holds > 0
    {
        if kept.lines.len() < limits::KEPT_LINES_MAX {
            kept.lines.push(line.to_owned());
        } else {
            kept.dropped += 1;
        }
        return;
    }
    write(line);
}

fn write(line: &str) {
    // Nobody is left to tell when the standard error is gone.
    let _ = writeln!(io::stderr(), "{line}");
}

impl Drop for Hold {
    fn drop(&mut self) {
        let Ok(mut kept) = KEPT.lock() else { return };
        kept.holds = kept.holds.saturating_sub(1);
        if kept.holds > 0 {
            return;
        }
        for line in kept.lines.drain(..) {
            write(&line);
        }
        if kept.dropped > 0 {
            write(&format!("unblink: {} more lines were not kept", kept.dropped));
            kept.dropped = 0;
        }
    }
}
