//! The standard output: written whole, and a reader that went away is no error.

use std::io::{self, Write};

use super::failure::Failure;

/// Writes all of it.
pub fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::unread(),
        _ => Failure::runtime(format!("cannot write to the standard output: {error}")),
    })
}
