//! Viewers on terminals of their own, which are read by two threads: one for the viewer whose times are told, so that its pictures
//! do not wait until those of all others have been looked at.
//!
//! Invariant: a picture is judged when its frame ends, so none is missed however short it was there; what is noted of
//! them is bounded. A viewer that is held takes no byte.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;
use unblink::sys::pty::Pty;

use crate::board::{self, Look, TICK_MS};
use crate::process;

/// Everybody who watches one daemon.
pub struct Viewers {
    pub all: Vec<Viewer>,
    seen: Arc<Seen>,
    readers: Vec<runtime::Thread<()>>,
}

pub struct Viewer {
    pty: Pty,
    child: Mutex<Child>,
    /// Watches the tenant that has no faults.
    pub is_neighbour: bool,
}

struct Seen {
    screens: Vec<Mutex<Screen>>,
    changes: Mutex<u64>,
    changed: Condvar,
    ended: AtomicBool,
}

/// One viewer's screen, and what was on it.
pub struct Screen {
    parser: vt100::Parser,
    is_neighbour: bool,
    is_held: bool,
    /// The end of what came, in which a frame's end may be torn.
    carry: Vec<u8>,
    /// The first bytes since the last frame ended.
    head: Vec<u8>,
    last: Option<(Mono, u64)>,
    /// Since they were last forgotten.
    pub shots: VecDeque<Shot>,
    /// The newest that was neither sound nor under a banner.
    pub odd: String,
    gaps: VecDeque<Gap>,
}

/// One frame.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    pub at: Mono,
    pub look: Look,
    /// It is no change of the one before, as the first frame of a worker.
    pub is_whole: bool,
}

/// A screen stood still for longer than between two ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gap {
    /// When it went on.
    pub at: Mono,
    pub span: Duration,
    /// Ticks in between that were never shown.
    pub lost: u64,
}

const FRAME_END: &[u8] = b"\x1b[?2026l";
/// How a frame begins that stands on none before it.
const WHOLE_BEGIN: &[u8] = b"\x1b[?2026h\x1b[m";
/// Frames noted of one viewer between two looks.
const SHOTS_MAX: usize = 4000;
/// Gaps noted of one viewer.
const GAPS_MAX: usize = 4000;
/// What is longer than that is a gap: half a tick late.
const GAP: Duration = Duration::from_millis(TICK_MS * 3 / 2);
/// The reader looks up from what it waits for, to see who is held.
const LOOK_UP: Duration = Duration::from_millis(20);

fn at_least_one(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN)
}

fn cell(cell: &vt100::Cell) -> String {
    let text = cell.contents().trim();
    let front = (!text.is_empty() || cell.inverse()).then(|| (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic()));
    format!("{text}{front:?}{:?}{}{}\n", cell.bgcolor(), cell.underline(), cell.inverse())
}

// === impl Viewers ===

impl Viewers {
    /// Starts these programs, each on a terminal of this size.
    pub fn start(commands: Vec<(Command, (u16, u16), bool)>) -> Viewers {
        let mut all = Vec::new();
        let mut screens = Vec::new();
        for (mut command, (cols, rows), is_neighbour) in commands {
            let pty = Pty::open(cols, rows).unwrap();
            let child = Mutex::new(pty.spawn(&mut command).unwrap());
            all.push(Viewer { pty, child, is_neighbour });
            screens.push(Mutex::new(Screen::new(cols, rows, is_neighbour)));
        }
        let seen = Seen { screens, changes: Mutex::new(0), changed: Condvar::new(), ended: AtomicBool::new(false) };
        let seen = Arc::new(seen);
        let mut ptys: Vec<Pty> = all.iter().map(|one| one.pty.try_clone().unwrap()).collect();
        let rest = ptys.split_off(1);
        let readers = [(0, ptys), (1, rest)].into_iter().map(|(first, ptys)| {
            let fed = Arc::clone(&seen);
            runtime::spawn_thread("viewers", move || fed.read(first, ptys)).unwrap()
        });
        let readers = readers.collect();
        Viewers { all, seen, readers }
    }

    pub fn screen(&self, viewer: usize) -> MutexGuard<'_, Screen> {
        self.seen.screens[viewer].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that watch the tenant with faults, or the other one.
    pub fn of(&self, neighbour: bool) -> impl Iterator<Item = usize> + '_ {
        (0..self.all.len()).filter(move |viewer| self.all[*viewer].is_neighbour == neighbour)
    }

    /// Waits until `wanted` answers, and at most so long.
    pub fn wait<T>(&self, patience: Duration, mut wanted: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = clock::mono() + patience;
        loop {
            let before = *self.seen.changes.lock().unwrap();
            if let Some(found) = wanted() {
                return Some(found);
            }
            let changes = self.seen.changes.lock().unwrap();
            let left = deadline.since(clock::mono());
            if left.is_zero() {
                return None;
            }
            if *changes == before {
                // Not for longer, as what is wanted may be nothing that a frame tells of.
                drop(self.seen.changed.wait_timeout(changes, left.min(LOOK_UP)).unwrap());
            }
        }
    }

    /// Forgets the frames so far.
    pub fn forget(&self) {
        (0..self.all.len()).for_each(|viewer| self.screen(viewer).shots.clear());
    }

    /// The gaps of whoever watches the other tenant, that lie in a span at least in part.
    pub fn gaps(&self, from: Mono, to: Mono) -> Vec<(usize, Gap)> {
        let of = |viewer: usize| {
            let gaps = self.screen(viewer).gaps.clone();
            gaps.into_iter().map(move |gap| (viewer, gap))
        };
        let within = |(_, gap): &(usize, Gap)| gap.at >= from && gap.at.since(to) <= gap.span;
        self.of(true).flat_map(of).filter(within).collect()
    }

    pub fn hold(&self, viewer: usize, held: bool) {
        self.screen(viewer).is_held = held;
    }

    pub fn type_keys(&self, viewer: usize, keys: &str) {
        (&self.all[viewer].pty).write_all(keys.as_bytes()).unwrap();
    }

    pub fn resize(&self, viewer: usize, (cols, rows): (u16, u16)) {
        // The emulator first: what the program draws for the new size shall find room.
        self.screen(viewer).parser.screen_mut().set_size(at_least_one(rows), at_least_one(cols));
        self.all[viewer].pty.resize(cols, rows).unwrap();
    }

    pub fn signal(&self, viewer: usize, signal: Signal) {
        process::signal(&self.all[viewer].child.lock().unwrap(), signal);
    }
}

impl Drop for Viewers {
    fn drop(&mut self) {
        self.seen.ended.store(true, Ordering::Relaxed);
        for viewer in &self.all {
            let mut child = viewer.child.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }
}

// === impl Seen ===

impl Seen {
    /// Those from the number `first` on.
    fn read(&self, first: usize, mut ptys: Vec<Pty>) {
        let timeout = Timespec::try_from(LOOK_UP).expect("it is short");
        let mut open = vec![true; ptys.len()];
        let mut piece = vec![0; 64 * 1024];
        while !self.ended.load(Ordering::Relaxed) {
            let wanted = |viewer: &usize| open[*viewer] && !self.screen(first + *viewer).is_held;
            let read: Vec<usize> = (0..ptys.len()).filter(wanted).collect();
            let mut polled: Vec<PollFd<'_>> =
                read.iter().map(|viewer| PollFd::new(&ptys[*viewer], PollFlags::IN)).collect();
            if poll(&mut polled, Some(&timeout)).is_err() {
                continue;
            }
            let ready: Vec<usize> = (0..read.len()).filter(|one| !polled[*one].revents().is_empty()).collect();
            for viewer in ready.into_iter().map(|one| read[one]) {
                let count = (&mut &ptys[viewer]).read(&mut piece).unwrap_or(0);
                open[viewer] = count > 0;
                self.screen(first + viewer).take(&piece[..count], clock::mono());
                *self.changes.lock().unwrap() += 1;
                self.changed.notify_all();
            }
        }
        ptys.clear();
    }

    fn screen(&self, viewer: usize) -> MutexGuard<'_, Screen> {
        self.screens[viewer].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Screen ===

impl Screen {
    fn new(cols: u16, rows: u16, is_neighbour: bool) -> Screen {
        Screen {
            parser: vt100::Parser::new(at_least_one(rows), at_least_one(cols), 0),
            is_neighbour,
            is_held: false,
            carry: Vec::new(),
            head: Vec::new(),
            last: None,
            shots: VecDeque::new(),
            odd: String::new(),
            gaps: VecDeque::new(),
        }
    }

    fn take(&mut self, piece: &[u8], now: Mono) {
        let carried = self.carry.len();
        let mut all = std::mem::take(&mut self.carry);
        all.extend_from_slice(piece);
        // What was carried is on the screen already.
        let mut shown = carried;
        let mut from = 0;
        while let Some(at) = all[from..].windows(FRAME_END.len()).position(|window| window == FRAME_END) {
            from += at + FRAME_END.len();
            self.show(&all[shown..from]);
            shown = from;
            self.note(now);
        }
        self.show(&all[shown..]);
        let rest = &all[from..];
        self.carry = rest[rest.len().saturating_sub(FRAME_END.len() - 1)..].to_vec();
    }

    fn show(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.head.extend(bytes.iter().take(WHOLE_BEGIN.len().saturating_sub(self.head.len())));
    }

    fn note(&mut self, at: Mono) {
        let is_whole = self.head == WHOLE_BEGIN;
        self.head.clear();
        let text = self.text();
        let (look, tick) = board::judge(&text, self.is_neighbour);
        if let Some(tick) = tick {
            if let Some((then, before)) = self.last.filter(|(_, before)| tick > *before) {
                let gap = Gap { at, span: at.since(then), lost: tick - before - 1 };
                if self.gaps.len() == GAPS_MAX {
                    self.gaps.pop_front();
                }
                self.gaps.extend(Some(gap).filter(|gap| gap.lost > 0 || gap.span > GAP));
            }
            // A repaint may begin with a picture of before: what was shown was not lost.
            if self.last.is_none_or(|(_, before)| tick > before) {
                self.last = Some((at, tick));
            }
        }
        if !matches!(look, Look::Sound | Look::Banner) {
            self.odd = text;
        }
        if self.shots.len() == SHOTS_MAX {
            self.shots.pop_front();
        }
        self.shots.push_back(Shot { at, look, is_whole });
    }

    /// Cell by cell: the emulator's own text joins rows that it once wrapped in another size, and its rows take thrice as
    /// long, of a machine that is to draw meanwhile.
    pub fn text(&self) -> String {
        let screen = self.parser.screen();
        let (rows, cols) = screen.size();
        let (rows, cols) = (u16::from(rows), u16::from(cols));
        let mut text = String::with_capacity(usize::from(rows) * usize::from(cols) * 2);
        for row in 0..rows {
            for col in 0..cols {
                match screen.cell(row, col) {
                    Some(cell) if cell.is_wide_continuation() => {}
                    Some(cell) if cell.has_contents() => text.push_str(cell.contents()),
                    _ => text.push(' '),
                }
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text.pop();
        text
    }

    /// The tick it shows, and since when.
    pub fn tick(&self) -> Option<(Mono, u64)> {
        self.last
    }

    /// Each row as one sees it: every cell with its colours and attributes, but a blank one without a colour of text.
    pub fn rows(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let (rows, cols) = screen.size();
        let (rows, cols) = (u16::from(rows), u16::from(cols));
        (0..rows)
            .map(|row| (0..cols).map(|col| screen.cell(row, col).map(cell).unwrap_or_default()).collect())
            .collect()
    }

    /// The first good picture of a worker that was not there then. Its very first one may say that the source that lies
    /// told nothing good for long.
    pub fn next_worker(&self, since: Mono) -> Option<Shot> {
        let is_its = |shot: &Shot| shot.is_whole && matches!(shot.look, Look::Sound | Look::Complaining);
        let begun = self.first(since, is_its)?;
        self.first(begun.at, |shot| shot.look == Look::Sound)
    }

    /// Frames since they were forgotten that were after `since` and as wanted: the first.
    pub fn first(&self, since: Mono, wanted: impl Fn(&Shot) -> bool) -> Option<Shot> {
        self.shots.iter().find(|shot| shot.at >= since && wanted(shot)).copied()
    }
}
