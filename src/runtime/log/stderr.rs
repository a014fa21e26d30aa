//! The standard error as a destination.
//!
//! Invariant: this thread alone writes there while the process logs, but for what the kernel or a dying runtime says.

use std::io;

use super::queue::Destination;
use super::record::Record;
use super::text::{Form, Lines, line};

struct Stderr {
    form: Form,
    lines: Lines<io::Stderr>,
}

pub fn destination(form: Form) -> Box<dyn Destination> {
    Box::new(Stderr { form, lines: Lines::new(io::stderr()) })
}

// === impl Stderr ===

impl Destination for Stderr {
    fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.lines.put(&line(record, self.form))
    }
}
