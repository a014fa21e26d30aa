//! A terminal: opened afresh, sized, made raw and given back as it was.
//!
//! Invariant: the open description is our own. `O_NONBLOCK` belongs to it, and setting that on the caller's would
//! make the shell's terminal non-blocking too.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::getpgrp;
use rustix::termios::{
    Action, InputModes, OptionalActions, QueueSelector, Termios, isatty, tcflow, tcflush, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr,
};

mod console;

pub use console::{ConsoleDefaults, Font};

use crate::base::Size;

/// A terminal on an open description of our own, non-blocking.
#[derive(Debug)]
pub struct Tty {
    fd: OwnedFd,
}

/// A terminal in raw mode; as it was before once this is dropped.
#[derive(Debug)]
pub struct RawMode {
    fd: OwnedFd,
    before: Termios,
    /// Typed and shown text is UTF-8, which a device has to be told; the keyboard's mode before, on a console.
    device: Option<Option<i32>>,
}

/// Whether this descriptor is a terminal.
pub fn is_terminal(fd: impl AsFd) -> bool {
    isatty(fd)
}

// === impl Tty ===

impl Tty {
    /// Opens the terminal behind `fd` (stdout, stdin) afresh.
    ///
    /// # Errors
    /// `ENOTTY` when `fd` is no terminal; what the kernel says when it may not be opened.
    pub fn open_behind(fd: impl AsFd) -> io::Result<Tty> {
        let fd = fd.as_fd();
        if !isatty(fd) {
            return Err(rustix::io::Errno::NOTTY.into());
        }
        // The link leads to the device itself, whatever its name is in this mount namespace.
        match Tty::open(&format!("/proc/self/fd/{}", fd.as_raw_fd())) {
            // After `su` the device belongs to somebody else, but our controlling terminal is ours to open.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && tcgetpgrp(fd).is_ok() => {
                Tty::open("/dev/tty").map_err(|_| error)
            }
            opened => opened,
        }
    }

    /// Opens a terminal device by its path, without making it our controlling terminal.
    pub fn open(path: &str) -> io::Result<Tty> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty())?;
        if isatty(&fd) { Ok(Tty { fd }) } else { Err(rustix::io::Errno::NOTTY.into()) }
    }

    /// Its size, clamped; the fallback where the terminal does not know (0x0 over some SSH sessions).
    pub fn size(&self) -> io::Result<Size> {
        let size = tcgetwinsize(&self.fd)?;
        if size.ws_col == 0 && size.ws_row == 0 {
            return Ok(Size::FALLBACK);
        }
        Ok(Size::clamped(size.ws_col, size.ws_row))
    }

    /// Keys arrive one by one and unechoed from now on, Ctrl-C is a key like any other.
    pub fn raw_mode(&self) -> io::Result<RawMode> {
        self.raw(None)
    }

    /// The same for a device that nobody has set up for us: it is told that text is UTF-8.
    pub fn raw_device_mode(&self) -> io::Result<RawMode> {
        self.raw(Some(console::keyboard(self.borrowed()).ok()))
    }

    fn raw(&self, device: Option<Option<i32>>) -> io::Result<RawMode> {
        let before = tcgetattr(&self.fd)?;
        let guard = RawMode { fd: self.fd.try_clone()?, before, device };
        guard.apply()?;
        Ok(guard)
    }

    /// Whether it is the controlling terminal of this process: a shell sits behind it, or our own log.
    pub fn is_ours(&self) -> bool {
        tcgetpgrp(&self.fd).is_ok()
    }

    fn borrowed(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Whether it is our controlling terminal and a shell put us behind something else: setting it up would stop us.
    pub fn is_background(&self) -> bool {
        tcgetpgrp(&self.fd).is_ok_and(|foreground| foreground != getpgrp())
    }

    /// Throws away what was written and has not been taken by the terminal.
    pub fn discard_output(&self) -> io::Result<()> {
        Ok(tcflush(&self.fd, QueueSelector::OFlush)?)
    }

    /// Lets output flow again after Ctrl-S. Starting alone does not free a terminal that the keyboard stopped;
    /// stopping it ourselves first does.
    pub fn unblock(&self) -> io::Result<()> {
        tcflow(&self.fd, Action::OOff)?;
        Ok(tcflow(&self.fd, Action::OOn)?)
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Tty {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl Read for &Tty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.fd, buffer)?)
    }
}

impl Write for &Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.fd, bytes)?)
    }

    /// Nothing is kept back here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// === impl RawMode ===

impl RawMode {
    /// Makes the terminal raw, also again after somebody else set it up.
    pub fn apply(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        if let Some(keyboard) = self.device {
            raw.input_modes |= InputModes::IUTF8;
            if keyboard.is_some() {
                // Not allowed to everybody, and of no weight where nobody types.
                let _ = console::keyboard_to_utf8(self.fd.as_fd());
            }
        }
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &raw)?)
    }

    /// Gives the terminal back as it was. Also done on drop; here a failure can be told.
    pub fn restore(&self) -> io::Result<()> {
        if let Some(Some(keyboard)) = self.device {
            let _ = console::set_keyboard(self.fd.as_fd(), keyboard);
        }
        // Not after a drain: a stalled terminal would hold us up for ever.
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &self.before)?)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // The terminal is gone when this fails; there is nobody left to tell.
        let _ = self.restore();
    }
}

#[cfg(test)]
mod tests;
