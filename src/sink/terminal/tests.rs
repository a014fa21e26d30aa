//! Terminals on real ptys: given back from every state they can be in.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use rustix::termios::{Action, LocalModes, tcflow, tcgetattr};

use super::*;
use crate::sys::pty::Pty;

/// A deadline that has passed.
const PASSED: Mono = Mono(0);

fn terminal(pty: &Pty) -> Terminal {
    Terminal::on(Tty::open(&pty.path().unwrap()).unwrap()).unwrap()
}

fn is_raw(fd: impl AsFd) -> bool {
    !tcgetattr(fd).unwrap().local_modes.contains(LocalModes::ICANON)
}

/// Everything the terminal end has written so far.
fn output(pty: &Pty) -> Vec<u8> {
    crate::sys::fd::set_nonblocking(pty).unwrap();
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count) = { pty }.read(&mut buffer) {
        if count == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

/// Writes until the terminal takes no more.
fn stall(terminal: &Terminal) {
    while terminal.try_write(&[b'x'; 1024]).unwrap() > 0 {}
}

#[tokio::test]
async fn a_terminal_is_given_back_as_it_was() {
    let pty = Pty::open(80, 24).unwrap();
    let ours = pty.terminal().unwrap();
    let before = format!("{:?}", tcgetattr(&ours).unwrap());
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    assert!(is_raw(&ours));
    drop(terminal);
    assert_eq!(format!("{:?}", tcgetattr(&ours).unwrap()), before);
    assert_eq!(output(&pty), GIVE_BACK);
}

#[tokio::test]
async fn a_terminal_that_was_not_taken_is_left_alone() {
    let pty = Pty::open(80, 24).unwrap();
    drop(terminal(&pty));
    assert_eq!(output(&pty), b"");
}

#[tokio::test]
async fn a_panic_gives_the_terminal_back() {
    let pty = Pty::open(80, 24).unwrap();
    let ours = pty.terminal().unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _held = terminal;
        panic!("on purpose");
    }));
    assert!(result.is_err());
    assert!(!is_raw(&ours));
    assert_eq!(output(&pty), GIVE_BACK);
}

#[tokio::test]
async fn a_terminal_whose_reader_sleeps_is_given_back_all_the_same() {
    let pty = Pty::open(80, 24).unwrap();
    let ours = pty.terminal().unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    stall(&terminal);
    assert!(!write_before(terminal.tty.get_ref(), GIVE_BACK, PASSED), "it takes nothing, and is not waited for");
    terminal.restore();
    assert!(!is_raw(&ours));
    assert!(output(&pty).ends_with(GIVE_BACK), "what was stalled made way");
}

#[tokio::test]
async fn a_terminal_stopped_by_control_s_is_given_back_all_the_same() {
    let pty = Pty::open(80, 24).unwrap();
    let ours = pty.terminal().unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    tcflow(&ours, Action::OOff).unwrap();
    assert_eq!(terminal.try_write(b"stopped").unwrap(), 0, "the terminal is stopped");
    terminal.restore();
    assert!(output(&pty).ends_with(GIVE_BACK));
    assert!(!is_raw(&ours));
}

#[tokio::test]
async fn a_terminal_that_is_gone_reads_as_its_end_and_is_not_waited_for() {
    let pty = Pty::open(80, 24).unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    drop(pty);
    let read = terminal.read(&mut [0; 16]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert!(write_before(terminal.tty.get_ref(), GIVE_BACK, PASSED), "there is nothing left to wait for");
    terminal.restore();
}

#[tokio::test]
async fn taking_it_again_keeps_what_it_was_before_the_first_time() {
    let pty = Pty::open(80, 24).unwrap();
    let ours = pty.terminal().unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    terminal.take().unwrap();
    terminal.restore();
    assert!(!is_raw(&ours));
}

#[tokio::test]
async fn what_is_typed_is_read_byte_by_byte() {
    let pty = Pty::open(80, 24).unwrap();
    let mut terminal = terminal(&pty);
    terminal.take().unwrap();
    { &pty }.write_all(b"q\x03").unwrap();
    let mut buffer = [0; 16];
    let count = terminal.read(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"q\x03");
}
