//! Real pseudo terminals.

use std::os::fd::OwnedFd;

use rustix::fs::fcntl_getfl;
use rustix::termios::LocalModes;

use super::*;
use crate::sys::pty::Pty;

fn open(cols: u16, rows: u16) -> (Pty, OwnedFd, Tty) {
    let pty = Pty::open(cols, rows).unwrap();
    let terminal = pty.terminal().unwrap();
    let tty = Tty::open_behind(&terminal).unwrap();
    (pty, terminal, tty)
}

#[test]
fn our_non_blocking_is_not_the_callers() {
    let (_pty, terminal, tty) = open(80, 24);
    assert!(fcntl_getfl(&tty).unwrap().contains(OFlags::NONBLOCK));
    assert!(!fcntl_getfl(&terminal).unwrap().contains(OFlags::NONBLOCK), "the shell's terminal became non-blocking");
    let nothing = (&tty).read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn what_is_no_terminal_is_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(!is_terminal(&file));
    assert_eq!(Tty::open_behind(&file).unwrap_err().raw_os_error(), Some(libc::ENOTTY));
    assert_eq!(Tty::open("/dev/null").unwrap_err().raw_os_error(), Some(libc::ENOTTY));
}

#[test]
fn sizes_are_clamped_and_an_unknown_one_is_the_fallback() {
    let (pty, _terminal, tty) = open(0, 0);
    assert_eq!(tty.size().unwrap(), Size::FALLBACK);
    for (cols, rows) in [(1, 1), (120, 40), (u16::MAX, u16::MAX), (0, 7)] {
        pty.resize(cols, rows).unwrap();
        assert_eq!(tty.size().unwrap(), Size::clamped(cols, rows));
    }
}

#[test]
fn raw_mode_ends_with_its_guard_even_in_a_panic() {
    let (_pty, terminal, tty) = open(80, 24);
    let cooked = |fd: &OwnedFd| tcgetattr(fd).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON);
    assert!(cooked(&terminal));
    let panicked = std::panic::catch_unwind(|| {
        let _guard = tty.raw_mode().unwrap();
        assert!(!cooked(&terminal));
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.is_err());
    assert!(cooked(&terminal), "the terminal stayed raw");
}

#[test]
fn a_device_is_told_that_text_is_utf8_and_given_back_as_it_was() {
    let (_pty, terminal, tty) = open(80, 24);
    let mut before = tcgetattr(&terminal).unwrap();
    before.input_modes.remove(InputModes::IUTF8);
    tcsetattr(&terminal, OptionalActions::Now, &before).unwrap();
    let guard = tty.raw_device_mode().unwrap();
    let now = tcgetattr(&terminal).unwrap();
    assert!(now.input_modes.contains(InputModes::IUTF8));
    assert!(!now.local_modes.intersects(LocalModes::ECHO | LocalModes::ICANON));
    drop(guard);
    assert_eq!(tcgetattr(&terminal).unwrap().input_modes, before.input_modes);
    assert_eq!(tcgetattr(&terminal).unwrap().local_modes, before.local_modes);
}

/// Writes until the terminal takes no more.
fn fill(tty: &Tty) -> usize {
    let mut sent = 0;
    let mut tty = tty;
    loop {
        match tty.write(&[b'x'; 1024]) {
            Ok(count) => sent += count,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                return sent;
            }
        }
        assert!(sent < 1024 * 1024, "a terminal that nobody reads took a mebibyte");
    }
}

#[test]
fn a_full_terminal_takes_output_again_after_discarding() {
    let (_pty, _terminal, tty) = open(80, 24);
    assert!(fill(&tty) > 0);
    tty.discard_output().unwrap();
    assert!((&tty).write(b"x").is_ok());
}

#[test]
fn a_terminal_stopped_by_ctrl_s_is_freed() {
    let (pty, terminal, tty) = open(80, 24);
    (&pty).write_all(b"\x13\n").unwrap();
    // The kernel handles typed bytes in their order, some time later: once the line is there, Ctrl-S has worked.
    assert_eq!(rustix::io::read(&terminal, &mut [0_u8; 8]).unwrap(), 1);
    assert_eq!((&tty).write(b"x").unwrap_err().kind(), io::ErrorKind::WouldBlock, "Ctrl-S did not stop it");
    tty.unblock().unwrap();
    assert_eq!((&tty).write(b"x").unwrap(), 1);
}
