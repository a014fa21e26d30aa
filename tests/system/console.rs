//! A real Linux console: a guest is booted in qemu, the daemon draws on its `/dev/tty8`, and what stands there is read
//! back through `/dev/vcs8` and `/dev/vcsu8`. A second device of the guest is a serial line that takes no bytes.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, mknodat};
use rustix::pipe::fcntl_setpipe_size;

/// Of the console.
const COLUMNS: usize = 80;
/// All that stands beside ASCII on a board drawn in blocks. The kernel's own font has a shape for each.
const DRAWN: &str = "─│┌┐└┘█▀▄▌░■●►◄▲↓↑·";
/// Closing the stalled line takes the kernel 30 s by itself.
const STOPPED_IN_S_MAX: u64 = 15;

/// What the guest reported.
struct Report(String);

// === impl Report ===

impl Report {
    fn value(&self, name: &str) -> &str {
        let found = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in the report:\n{}", self.0))
    }

    fn part(&self, name: &str) -> &str {
        let (begin, end) = (format!("BEGIN {name}\n"), format!("\nEND {name}\n"));
        let part = self.0.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
        part.unwrap_or_else(|| panic!("no {name} in the report:\n{}", self.0)).0.trim_end()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let digits: Vec<u8> = self.part(name).bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        digits.chunks(2).map(|digits| pair(digits).expect("two digits are a byte")).collect()
    }
}

/// A pipe that is full and that nobody reads; full as long as the file is held.
fn stalled(path: &Path) -> File {
    mknodat(CWD, path, FileType::Fifo, 0o600.into(), 0).expect("a fresh folder");
    // Both ends in one: it stays open, and opening does not wait for the other end.
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("a flag");
    let mut pipe = OpenOptions::new().read(true).write(true).custom_flags(nonblock).open(path).expect("our own pipe");
    let room = fcntl_setpipe_size(&pipe, 4096).expect("a pipe has a size");
    pipe.write_all(&vec![b'.'; room]).expect("there is room for so much");
    assert!(pipe.write(b".").is_err(), "the pipe takes more than it holds");
    pipe
}

fn boot() -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (report, line) = (folder.path().join("report"), folder.path().join("stalled"));
    let _stalled = stalled(&line);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/lab/console.sh");
    let mut command = Command::new(script);
    let output = command.arg(env!("CARGO_BIN_EXE_unblink")).args([&report, &line]).output().expect("a script of ours");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(&report).expect("the script made it");
    let report = Report(String::from_utf8_lossy(&bytes).replace('\r', ""));
    assert_eq!(report.value("done"), "yes");
    report
}

#[test]
fn a_console_shows_the_board_and_nothing_else_and_is_given_back() {
    let report = boot();
    let log = report.part("log");
    assert_eq!(report.value("shown"), "yes", "nothing is shown; the log:\n{log}");
    assert!(log.contains("a console, 80x25, 16 colours, blocks"), "{log}");

    let characters = report.bytes("characters");
    let cells = characters.chunks(4).map(|cell| u32::from_le_bytes(cell.try_into().expect("four bytes a cell")));
    let cells: Vec<char> = cells.map(|cell| char::from_u32(cell).expect("a character")).collect();
    let screen: String = cells.chunks(COLUMNS).flat_map(|row| row.iter().chain(&['\n'])).collect();
    for words in ["CPU", "memory", "load", "kernel", "default/host"] {
        assert!(screen.contains(words), "no {words:?} on the console:\n{screen}");
    }
    let odd: Vec<char> =
        cells.iter().copied().filter(|cell| !matches!(cell, ' '..='~') && !DRAWN.contains(*cell)).collect();
    assert!(odd.is_empty(), "{odd:?} on the console:\n{screen}");
    for garbage in ["[9;", "[13]", "[14;", "[?", "2026", "[0m", "unblink:"] {
        assert!(!screen.contains(garbage), "{garbage:?} on the console:\n{screen}");
    }
    // The corner of the first panel, below the tabs, as the font's own picture of it, and as a character.
    assert_eq!((report.bytes("shapes")[COLUMNS], cells[COLUMNS]), (0xda, '┌'), "{screen}");

    let status = report.part("status");
    let listed = status.lines().any(|line| line.contains(" tty ") && line.ends_with("/dev/tty8"));
    assert!(listed, "the console is not listed:\n{status}");

    // Seconds until an idle console goes dark.
    let blank = ["blank_before", "blank_during", "blank_after"].map(|name| report.value(name));
    assert_eq!(blank, ["600", "0", "600"], "the console goes dark under the board, or never again");
    let during = report.part("settings_during");
    assert!(["-icanon", "-echo ", " iutf8"].iter().all(|setting| during.contains(setting)), "{during}");
    assert_eq!(report.part("settings_after"), report.part("settings_before"));
    assert_eq!(report.part("words_after").trim(), "", "the board is left on the console");

    let viewer = report.part("viewer_log");
    assert_eq!((report.value("viewer_shown"), report.value("viewer_status")), ("yes", "0"), "{viewer}");
    assert_eq!(report.part("viewer_words_after").trim(), "", "the viewer's board is left on its console");
    assert_eq!(report.part("viewer_settings_after"), report.part("viewer_settings_before"));
    assert!(viewer.contains("terminal given back"), "{viewer}");

    assert_eq!(report.value("status"), "0", "{log}");
    let stopped_in_s: u64 = report.value("stopped_in_s").parse().expect("a number");
    assert!(stopped_in_s <= STOPPED_IN_S_MAX, "a stalled line held the end up for {stopped_in_s} s:\n{log}");
    for device in ["/dev/tty8", "/dev/ttyS2"] {
        let released = |line: &str| line.contains("terminal given back") && line.contains(device);
        assert!(log.lines().any(released), "{device} was not given back in time:\n{log}");
    }
}
