//! Pseudo terminals: a pair whose one end is a terminal like any other.
#![expect(unsafe_code, reason = "what runs between fork and exec is up to us")]

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The end on which a terminal emulator sits: what programs write to the terminal is read here.
#[derive(Debug)]
pub struct Pty {
    fd: OwnedFd,
}

// === impl Pty ===

impl Pty {
    /// A new pair, the other end of this size (unclamped: 0x0 is possible).
    pub fn open(cols: u16, rows: u16) -> io::Result<Pty> {
        let fd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&fd)?;
        unlockpt(&fd)?;
        let pty = Pty { fd };
        pty.resize(cols, rows)?;
        Ok(pty)
    }

    /// Opens the terminal end, blocking, not as the controlling terminal.
    pub fn terminal(&self) -> io::Result<OwnedFd> {
        Ok(ioctl_tiocgptpeer(&self.fd, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?)
    }

    /// The terminal end's path.
    pub fn path(&self) -> io::Result<String> {
        let name = ptsname(&self.fd, Vec::new())?;
        name.into_string().map_err(io::Error::other)
    }

    /// Changes the size; the foreground process group of the terminal gets WINCH.
    pub fn resize(&self, cols: u16, rows: u16) -> io::Result<()> {
        Ok(tcsetwinsize(&self.fd, Winsize { ws_col: cols, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 })?)
    }

    /// Another handle to the same end, for a reader of its own.
    pub fn try_clone(&self) -> io::Result<Pty> {
        Ok(Pty { fd: self.fd.try_clone()? })
    }

    /// Runs a command as the leader of a new session on this terminal: the three standard streams are the terminal.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let terminal = self.terminal()?;
        command.stdin(Stdio::from(terminal.try_clone()?)).stdout(Stdio::from(terminal.try_clone()?));
        command.stderr(Stdio::from(terminal));
        // SAFETY: two system calls and nothing else, so it is sound in the forked child of a process with threads;
        // descriptor 0 is the terminal by then.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                let stdin = BorrowedFd::borrow_raw(0);
                Ok(rustix::process::ioctl_tiocsctty(stdin)?)
            });
        }
        command.spawn()
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Pty {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl Read for &Pty {
    /// The end of the other side's last handle reads as the end of the stream.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match rustix::io::read(&self.fd, buffer) {
            Err(rustix::io::Errno::IO) => Ok(0),
            other => Ok(other?),
        }
    }
}

impl Write for &Pty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.fd, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
