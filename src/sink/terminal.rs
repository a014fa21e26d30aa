//! The terminal a viewer sits at: taken over for charts, given back as it was found.
//!
//! Invariant: [`Terminal::restore`] runs once and in bounded time, whether the viewer quits, a signal comes, the
//! program panics or the terminal takes no bytes any more. Writes never block; a reader that is slow is the caller's
//! to handle. It does not know what the bytes mean.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::hold::{self, Hold};
use crate::base::{Mono, Size};
use crate::sys::clock;
use crate::sys::fd::watch;
use crate::sys::tty::{RawMode, Tty};

/// Ends whatever a torn write left open, then: the alternate screen, no scroll region, cursor addresses that count
/// from the screen's corner, no insert mode, no wrapping at the edge, plain characters, no cursor, an empty screen.
pub const TAKE: &[u8] = b"\x1b\\\x1b[?1049h\x1b[r\x1b[?6l\x1b[4l\x1b[?7l\x1b(B\x0f\x1b[0m\x1b[?25l\x1b[2J\x1b[H";
/// [`TAKE`] on the screen it is on, with what stands there.
pub const RETAKE: &[u8] = b"\x1b\\\x1b[r\x1b[?6l\x1b[4l\x1b[?7l\x1b(B\x0f\x1b[0m\x1b[?25l";
/// Ends whatever a torn write left open and a frame held back, then empties the screen (a terminal without a second
/// screen would keep the charts) and undoes what [`TAKE`] did.
pub const GIVE_BACK: &[u8] = b"\x1b\\\x1b[?2026l\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l";

/// [`GIVE_BACK`] for a picture among other lines: it stays, and the cursor stands below it. Beyond the last row means
/// the last one to every terminal.
pub const GIVE_BACK_INLINE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[9999;1H\r\n";

/// Asks for reports of buttons, of motion while one is held, and for those in SGR's form, which have no largest screen
/// (xterm's ctlseqs, 1002 and 1006). A terminal that knows them not passes over them.
const MOUSE: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b\\\x1b[?1006l\x1b[?1002l";

/// How long a terminal that takes no bytes is waited for before what it has not taken is thrown away.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two looks at whether a line has sent everything; no event tells.
const LOOK: Duration = Duration::from_millis(10);

/// A viewer's terminal. Dropping it gives it back.
#[derive(Debug)]
pub struct Terminal {
    tty: AsyncFd<Tty>,
    taken: Option<Taken>,
    /// None for the terminal of a viewer, who has set it up and whom this process talks to.
    device: Option<Manners>,
    give_back: &'static [u8],
    mouse: bool,
}

/// What a device is told beyond what every terminal is.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    pub take: Bytes,
    pub give_back: Bytes,
}

/// What has to be undone.
#[derive(Debug)]
struct Taken {
    raw: RawMode,
    /// Last, so that what was kept comes out on the terminal as it was. A device is not where our own words go.
    _hold: Option<Hold>,
}

/// Why charts cannot be shown here.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error("the output is no terminal; run this in one, or print one picture with `unblink snapshot BOARD`")]
    NoTerminal,
    #[error("cannot open the terminal: {0}")]
    Open(#[source] io::Error),
    #[error("cannot set the terminal up: {0}")]
    Set(#[source] io::Error),
}

// === impl Terminal ===

impl Terminal {
    /// Opens the terminal behind the standard output afresh, as it is. Needs a running runtime.
    pub fn open() -> Result<Terminal, TerminalError> {
        let tty = Tty::open_behind(io::stdout()).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOTTY) => TerminalError::NoTerminal,
            _ => TerminalError::Open(error),
        })?;
        Terminal::on(tty)
    }

    /// A terminal that is open already.
    pub fn on(tty: Tty) -> Result<Terminal, TerminalError> {
        let tty = watch(tty, Interest::READABLE | Interest::WRITABLE).map_err(TerminalError::Open)?;
        Ok(Terminal { tty, taken: None, device: None, give_back: GIVE_BACK, mouse: false })
    }

    /// A device that is open already and that nobody sits at.
    pub fn on_device(tty: Tty, manners: Manners) -> Result<Terminal, TerminalError> {
        let mut terminal = Terminal::on(tty)?;
        terminal.device = Some(manners);
        Ok(terminal)
    }

    /// What is on it stays when it is given back, see [`GIVE_BACK_INLINE`].
    pub fn keep_picture(&mut self) {
        self.give_back = GIVE_BACK_INLINE;
    }

    /// It is asked to report its mouse when it is taken over, and to stop when it is given back. Whether that is new.
    pub fn listen_to_mouse(&mut self) -> bool {
        !std::mem::replace(&mut self.mouse, true)
    }

    /// What to write for taking it over, given what every terminal is told.
    pub fn opening(&self, every: &'static [u8]) -> Bytes {
        let mouse: &[u8] = if self.mouse { MOUSE } else { b"" };
        match &self.device {
            Some(manners) => [every, &manners.take, mouse].concat().into(),
            None if self.mouse => [every, mouse].concat().into(),
            None => Bytes::from_static(every),
        }
    }

    /// Makes it raw and keeps others quiet; write [`TAKE`] next. Again after somebody else used the terminal.
    pub fn take(&mut self) -> Result<(), TerminalError> {
        if let Some(taken) = &self.taken {
            return taken.raw.apply().map_err(TerminalError::Set);
        }
        let tty = self.tty.get_ref();
        let taken = match self.device {
            None => Taken { raw: tty.raw_mode().map_err(TerminalError::Set)?, _hold: Some(hold::hold()) },
            Some(_) => Taken { raw: tty.raw_device_mode().map_err(TerminalError::Set)?, _hold: None },
        };
        self.taken = Some(taken);
        Ok(())
    }

    pub fn is_taken(&self) -> bool {
        self.taken.is_some()
    }

    /// Its size now; the fallback when it cannot be asked.
    pub fn size(&self) -> Size {
        self.tty.get_ref().size().unwrap_or(Size::FALLBACK)
    }

    /// Reads what was typed; waits for it. Zero bytes mean that the terminal is gone. Safe to drop and call again.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut guard = self.tty.readable().await?;
            match guard.try_io(|tty| retry(|| tty.get_ref().read(buffer))) {
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// Writes what the terminal takes now, zero bytes when it takes none.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match retry(|| self.tty.get_ref().write(bytes)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// Writes some of `bytes`; waits until the terminal takes any. Safe to drop and call again.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let mut guard = self.tty.writable().await?;
            match guard.try_io(|tty| retry(|| tty.get_ref().write(bytes))) {
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// Gives the terminal back; in `PATIENCE` thrice at most. Does nothing when it was not taken.
    pub fn restore(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        let tty = self.tty.get_ref();
        // A shell that put us into the background has set the terminal up for itself.
        if tty.is_background() {
            std::mem::forget(taken.raw);
            return;
        }
        // Before all else: reports that nobody reads would be typed into a shell.
        let mouse: &[u8] = if self.mouse { MOUSE_OFF } else { b"" };
        let manners: &[u8] = self.device.as_ref().map_or(b"", |manners| &manners.give_back);
        let words = [mouse, self.give_back, manners].concat();
        let mut whole = write_before(tty, &words, clock::mono() + PATIENCE);
        if !whole {
            // Stalled or stopped by Ctrl-S. What it has not taken by now is a picture nobody needs any more.
            let _ = tty.discard_output();
            let _ = tty.unblock();
            whole = write_before(tty, &words, clock::mono() + PATIENCE);
        }
        if !whole || !sent_before(tty, clock::mono() + PATIENCE) {
            // Closing a serial line waits half a minute for bytes that are left.
            let _ = tty.discard_output();
        }
        // Errors here mean that the terminal is gone; then there is nothing to give back.
        drop(taken);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Writes all of `bytes` unless the deadline comes first or the terminal is gone.
fn write_before(tty: &Tty, mut bytes: &[u8], deadline: Mono) -> bool {
    let mut writer = tty;
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return false,
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = deadline.since(clock::mono());
                if left.is_zero() || !wait_writable(tty, left) {
                    return false;
                }
            }
            // Gone: no use in trying again either.
            Err(_) => return true,
        }
    }
    true
}

/// Whether all that was written left the machine before the deadline. Only serial lines let one wait.
fn sent_before(tty: &Tty, deadline: Mono) -> bool {
    while tty.output_waiting() > 0 {
        if clock::mono() >= deadline {
            return false;
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        let _ = poll(&mut [], Some(&timeout));
    }
    true
}

fn wait_writable(tty: &Tty, span: Duration) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(tty.as_fd(), PollFlags::OUT)];
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(span.subsec_nanos()) };
    match poll(&mut fds, Some(&timeout)) {
        Ok(ready) => ready > 0,
        Err(rustix::io::Errno::INTR) => true,
        Err(_) => false,
    }
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests;
