//! A terminal with a person at it: a pseudo terminal, an emulator behind it, and a program on it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use rustix::termios::{LocalModes, OutputModes, Termios, tcgetattr};
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;
use unblink::sys::pty::Pty;

use crate::process::{self, Watched};
use crate::{PATIENCE, home::Home};

/// A program on a terminal. Killed when dropped.
pub struct Terminal {
    name: String,
    pty: Pty,
    /// Held so that the terminal's settings outlive the program.
    device: OwnedFd,
    before: Termios,
    child: Child,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// What came out of the program, as the emulator shows it.
pub struct Seen {
    parser: vt100::Parser<Oddities>,
    /// Bytes so far.
    pub bytes: u64,
    /// The screen after each frame, however short it was there.
    pictures: VecDeque<String>,
    /// The emulator takes no bytes: a stopped viewer.
    paused: bool,
    /// When the program ended.
    ended: Option<Mono>,
}

/// What an emulator makes nothing of, or what charts have no business to send.
#[derive(Default)]
struct Oddities(Vec<String>);

/// What ends a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";
/// Pictures remembered of one terminal.
const PICTURES_MAX: usize = 2000;
/// How long a program's last words take to come through the terminal.
const LAST_WORDS: Duration = Duration::from_secs(3);

fn at_least_one(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN)
}

// === impl Terminal ===

impl Terminal {
    /// The program with these arguments on a terminal of this size.
    pub fn run(home: &Home, args: &[&str], (cols, rows): (u16, u16)) -> Terminal {
        Terminal::spawn(&args.join(" "), &mut home.command(args), (cols, rows))
    }

    pub fn spawn(name: &str, command: &mut Command, (cols, rows): (u16, u16)) -> Terminal {
        let pty = Pty::open(cols, rows).unwrap();
        let device = pty.terminal().unwrap();
        let before = tcgetattr(&device).unwrap();
        let seen = Seen {
            parser: vt100::Parser::new_with_callbacks(at_least_one(rows), at_least_one(cols), 0, Oddities::default()),
            bytes: 0,
            pictures: VecDeque::new(),
            paused: false,
            ended: None,
        };
        let shared = Arc::new(Shared { seen: Mutex::new(seen), changed: Condvar::new() });
        let (reader, fed) = (pty.try_clone().unwrap(), Arc::clone(&shared));
        runtime::spawn_thread("terminal", move || fed.feed(&reader)).unwrap();
        let child = pty.spawn(command).unwrap();
        let (watched, told) = (Watched::open(child.id()), Arc::clone(&shared));
        runtime::spawn_thread("end of a program", move || {
            if let Some(watched) = watched {
                watched.wait_for_ever();
            }
            told.seen.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(clock::mono());
            told.changed.notify_all();
        })
        .unwrap();
        Terminal { name: name.to_owned(), pty, device, before, child, shared }
    }

    /// A screen of the machine with nobody at it: what sits on it does nothing. When it goes, the screen goes.
    pub fn screen(size: (u16, u16)) -> Terminal {
        Terminal::spawn("a screen", Command::new("sleep").arg("infinity"), size)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where others find this terminal.
    pub fn device(&self) -> String {
        self.pty.path().unwrap()
    }

    /// Waits until the screen is as wanted, and answers with its text.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&Seen) -> bool) -> String {
        let deadline = clock::mono() + PATIENCE;
        let mut seen = self.seen();
        while !wanted(&seen) {
            let deadline = seen.ended.map_or(deadline, |ended| deadline.min(ended + LAST_WORDS));
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "waited in vain for {what} in `{}`; the screen:\n{}", self.name, seen.text());
            seen = self.shared.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        seen.text()
    }

    /// Waits until `text` is on the screen.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?}"), |seen| seen.text().contains(text))
    }

    /// Waits until `text` is off the screen.
    pub fn wait_without(&self, text: &str) -> String {
        self.wait_until(&format!("a screen without {text:?}"), |seen| !seen.text().contains(text))
    }

    /// Waits until something else than now is shown.
    pub fn wait_for_change(&self) -> String {
        let now = self.text();
        self.wait_until("another picture", |seen| seen.text() != now)
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.seen().text()
    }

    /// A check that failed while it held this spoils nothing: dropping the terminal still has to work.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn type_keys(&self, keys: &str) {
        (&self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// The person drags the window's corner.
    pub fn resize(&self, cols: u16, rows: u16) {
        // The emulator first: what the program draws for the new size shall find room.
        self.seen().parser.screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.pty.resize(cols, rows).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(&self.child, signal);
    }

    /// Waits until the program stands still.
    pub fn wait_stopped(&self) {
        process::wait_stopped(&self.child, &format!("`{}`", self.name));
    }

    /// Nothing the program writes is taken any more, as on a line that is held.
    pub fn pause(&self) {
        self.seen().paused = true;
    }

    pub fn go_on(&self) {
        self.seen().paused = false;
        self.shared.changed.notify_all();
    }

    /// Waits for the program's end.
    pub fn wait_end(&mut self) -> ExitStatus {
        let what = format!("`{}`, whose screen is:\n{}", self.name, self.text());
        process::wait_end(&mut self.child, &what)
    }

    /// Fails unless the terminal is as it was before the program: cooked, first screen, cursor and colours plain.
    pub fn assert_given_back(&self) {
        self.wait_until("the first screen and a cursor on it", |seen| !seen.alternate() && !seen.cursor_hidden());
        let now = tcgetattr(&self.device).unwrap();
        assert_eq!(now.local_modes, self.before.local_modes, "`{}` left the terminal raw", self.name);
        assert_eq!(now.input_modes, self.before.input_modes, "`{}` left the terminal raw", self.name);
        assert_eq!(now.output_modes, self.before.output_modes, "`{}` left the terminal raw", self.name);
        assert!(now.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        assert!(now.output_modes.contains(OutputModes::OPOST));
        let seen = self.seen();
        let screen = seen.parser.screen();
        assert_eq!((screen.fgcolor(), screen.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        assert!(!screen.bold() && !screen.inverse() && !screen.dim(), "`{}` left attributes behind", self.name);
        let mouse = screen.mouse_protocol_mode();
        assert_eq!(mouse, vt100::MouseProtocolMode::None, "`{}` left the mouse on", self.name);
    }

    /// Fails if the emulator saw what no chart sends.
    pub fn assert_no_garbage(&self) {
        let seen = self.seen();
        let odd = &seen.parser.callbacks().0;
        assert!(odd.is_empty(), "`{}` sent {odd:?}", self.name);
        let text = seen.text();
        assert!(!text.contains('\u{fffd}'), "`{}` shows torn characters:\n{text}", self.name);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.go_on();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// === impl Shared ===

impl Shared {
    /// Takes bytes as long as there are any, unless the person holds the terminal.
    fn feed(&self, mut reader: &Pty) {
        let mut piece = [0; 16 * 1024];
        loop {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            while seen.paused {
                seen = self.changed.wait(seen).unwrap_or_else(PoisonError::into_inner);
            }
            drop(seen);
            let count = reader.read(&mut piece).unwrap_or(0);
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.bytes += count as u64;
            seen.process(&piece[..count]);
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }
}

// === impl Seen ===

impl Seen {
    /// Shows the bytes and remembers every picture on the way. A frame's end that is torn over two reads shows with
    /// the next one.
    fn process(&mut self, mut bytes: &[u8]) {
        while let Some(at) = bytes.windows(FRAME_END.len()).position(|window| window == FRAME_END) {
            let (frame, rest) = bytes.split_at(at + FRAME_END.len());
            self.parser.process(frame);
            if self.pictures.len() == PICTURES_MAX {
                self.pictures.pop_front();
            }
            self.pictures.push_back(self.text());
            bytes = rest;
        }
        self.parser.process(bytes);
    }

    /// Whether any picture so far was as wanted.
    pub fn ever(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.first(wanted).is_some()
    }

    /// The first picture so far that was as wanted.
    pub fn first(&self, wanted: impl Fn(&str) -> bool) -> Option<&str> {
        self.pictures.iter().find(|picture| wanted(picture)).map(|picture| &**picture)
    }

    /// Forgets the pictures so far.
    pub fn forget(&mut self) {
        self.pictures.clear();
    }

    /// Frames shown and not forgotten.
    pub fn frames(&self) -> usize {
        self.pictures.len()
    }

    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// Whether the terminal was asked to report its mouse.
    pub fn hears_mouse(&self) -> bool {
        self.parser.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    pub fn cursor_hidden(&self) -> bool {
        self.parser.screen().hide_cursor()
    }

    /// One row's text, as wide as the screen.
    pub fn row(&self, row: u16) -> String {
        let (_, cols) = self.parser.screen().size();
        self.parser.screen().rows(0, cols.into()).nth(row.into()).unwrap_or_default()
    }

    /// Whether any cell has a colour of its own.
    pub fn coloured(&self) -> bool {
        let screen = self.parser.screen();
        let (rows, cols) = screen.size();
        (0..u16::from(rows)).any(|row| {
            (0..u16::from(cols)).any(|col| {
                screen.cell(row, col).is_some_and(|cell| {
                    cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default
                })
            })
        })
    }
}

// === impl Oddities ===

impl vt100::Callbacks for Oddities {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a bell".to_owned());
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("a title {:?}", String::from_utf8_lossy(title)));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
        self.0.push("something for the clipboard".to_owned());
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, odd: char) {
        self.0.push(format!("the character {odd:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, odd: u8) {
        // Shift In: plain characters, part of taking a terminal over.
        if odd != 0x0f {
            self.0.push(format!("the control {odd:#04x}"));
        }
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, first: Option<u8>, second: Option<u8>, last: u8) {
        // ST ends a torn sequence, `ESC ( B` chooses plain characters.
        if !matches!((first, second, last), (None, None, b'\\') | (Some(b'('), None, b'B')) {
            self.0.push(format!("the escape {first:?} {second:?} {:?}", char::from(last)));
        }
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        // Synchronized output; no wrapping; addresses from the corner; no insert mode.
        let known = match (first, last) {
            (Some(b'?'), 'h' | 'l') => matches!(params, [[2026]] | [[7]] | [[6]]),
            (None, 'l') => matches!(params, [[4]]),
            _ => false,
        };
        if !known {
            self.0.push(format!("the sequence {first:?} {second:?} {params:?} {last:?}"));
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("the command {params:?}"));
    }
}
