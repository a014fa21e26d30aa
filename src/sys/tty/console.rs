//! What only a Linux console (a virtual terminal, `/dev/tty8`) can be asked and told, and what a serial line can.
//!
//! Every question is an error on other terminals, which is how a console is told from them.
#![expect(unsafe_code, reason = "these ioctls are in no safe wrapper")]

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::Tty;

/// The characters a console's font can show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Font {
    /// Sorted.
    code_points: Vec<u16>,
}

/// How consoles are before anybody changes one, the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleDefaults {
    /// Minutes until an idle screen goes dark; 0 for never.
    pub blank_minutes: u32,
    pub utf8: bool,
}

// From <linux/kd.h>.
const KDGETMODE: libc::Ioctl = 0x4B3B;
const KD_GRAPHICS: libc::c_int = 1;
const KDGKBMODE: libc::Ioctl = 0x4B44;
const KDSKBMODE: libc::Ioctl = 0x4B45;
const GIO_UNIMAP: libc::Ioctl = 0x4B66;

/// Keys arrive in the 8-bit set of the keyboard's table.
const K_XLATE: libc::c_int = 1;
/// Keys arrive as UTF-8.
const K_UNICODE: libc::c_int = 3;

/// `struct unipair`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct UniPair {
    unicode: u16,
    font_position: u16,
}

/// `struct unimapdesc`.
#[repr(C)]
struct UniMap {
    count: u16,
    entries: *mut UniPair,
}

/// Entries asked for at first: the kernel's own font has fewer.
const ENTRIES_FIRST: u16 = 1024;

/// Asks for one number.
fn number(fd: BorrowedFd<'_>, request: libc::Ioctl) -> io::Result<libc::c_int> {
    let mut answer: libc::c_int = 0;
    // SAFETY: the descriptor is open for as long as it is borrowed, and every request used here writes one int (or,
    // for the keyboard's mode, one int too) to the address given, which is a live one of ours.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut answer) };
    if result == 0 { Ok(answer) } else { Err(io::Error::last_os_error()) }
}

/// The keyboard's mode; an error where there is no console.
pub(super) fn keyboard(fd: BorrowedFd<'_>) -> io::Result<i32> {
    number(fd, KDGKBMODE)
}

/// Has keys arrive as UTF-8, where they came in an 8-bit set. A keyboard in any other mode is somebody's own.
pub(super) fn keyboard_to_utf8(fd: BorrowedFd<'_>) -> io::Result<()> {
    if keyboard(fd)? == K_XLATE { set_keyboard(fd, K_UNICODE) } else { Ok(()) }
}

pub(super) fn set_keyboard(fd: BorrowedFd<'_>, mode: i32) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as it is borrowed; the mode is passed by value.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), KDSKBMODE, libc::c_long::from(mode)) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

// === impl Tty: consoles and serial lines ===

impl Tty {
    /// Whether it is a virtual terminal of this machine.
    pub fn is_console(&self) -> bool {
        number(self.borrowed(), KDGETMODE).is_ok()
    }

    /// Whether a display server has the console: what is written on it then shows nowhere.
    pub fn shows_graphics(&self) -> bool {
        number(self.borrowed(), KDGETMODE).is_ok_and(|mode| mode == KD_GRAPHICS)
    }

    /// The console's font.
    pub fn font(&self) -> io::Result<Font> {
        let mut room = ENTRIES_FIRST;
        loop {
            let mut pairs = vec![UniPair::default(); usize::from(room)];
            let mut map = UniMap { count: room, entries: pairs.as_mut_ptr() };
            // SAFETY: the descriptor is open; the kernel writes at most `count` entries to `entries`, where there is
            // room for so many in `pairs`, which outlives the call, and the number of entries there are to `count`.
            let result = unsafe { libc::ioctl(self.as_raw_fd(), GIO_UNIMAP, &raw mut map) };
            let count = map.count;
            if result == 0 {
                let pairs = pairs.get(..usize::from(count)).unwrap_or(&pairs);
                return Ok(Font::of(pairs.iter().map(|pair| pair.unicode)));
            }
            let error = io::Error::last_os_error();
            // Too little room: it says how much it takes.
            if error.raw_os_error() != Some(libc::ENOMEM) || count <= room {
                return Err(error);
            }
            room = count;
        }
    }

    /// Bytes written that have not left the machine; 0 where the terminal does not count them.
    pub fn output_waiting(&self) -> u32 {
        number(self.borrowed(), libc::TIOCOUTQ).ok().and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }
}

// === impl Font ===

impl Font {
    pub fn of(code_points: impl IntoIterator<Item = u16>) -> Font {
        let mut code_points: Vec<u16> = code_points.into_iter().collect();
        code_points.sort_unstable();
        code_points.dedup();
        Font { code_points }
    }

    /// Whether it has a shape for this character.
    pub fn has(&self, one: char) -> bool {
        u16::try_from(u32::from(one)).is_ok_and(|code_point| self.code_points.binary_search(&code_point).is_ok())
    }
}

// === impl ConsoleDefaults ===

impl ConsoleDefaults {
    /// What the kernel says now.
    pub fn read() -> ConsoleDefaults {
        let parameter = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let seconds: u32 = parameter("/sys/module/kernel/parameters/consoleblank").parse().unwrap_or(0);
        let utf8 = parameter("/sys/module/vt/parameters/default_utf8");
        ConsoleDefaults { blank_minutes: seconds.div_ceil(60), utf8: utf8 != "0" && utf8 != "N" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::pty::Pty;

    #[test]
    fn a_pseudo_terminal_is_no_console_and_counts_nothing() {
        let pty = Pty::open(80, 24).unwrap();
        let tty = Tty::open(&pty.path().unwrap()).unwrap();
        assert!(!tty.is_console() && !tty.shows_graphics());
        assert!(tty.font().is_err() && keyboard(tty.borrowed()).is_err());
        assert_eq!(tty.output_waiting(), 0);
    }

    #[test]
    fn a_font_knows_its_characters_and_no_others() {
        let font = Font::of([0x2588, 0x41, 0x41, 0x2591]);
        assert!(font.has('A') && font.has('█') && font.has('░'));
        assert!(!font.has('B') && !font.has('⠁') && !font.has('😀'));
        assert_eq!(font.code_points.len(), 3);
    }
}
