//! Panics that are held: the work that panicked is given up, everything else goes on.
//!
//! Invariant: each panic is told once (of a log's destination that panics all the time one a minute), in the log, with its place, the calls it came through and what was worked on; what
//! it says reaches nothing but the log. The part that runs within the panic hook allocates nothing, waits for no lock and
//! cannot panic: it writes into a place of fixed size that its thread has ready. A payload whose own drop panics is held
//! as well. What is held must leave nothing torn behind: callers hand in work over data that it cannot change.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write as _};
use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{self, Poll};

use super::context::{self, Context};
use super::log;
use crate::base::{Trace, limits};
use crate::model::fault::{Class, Ring};
use crate::sys::frames;

/// A panic that was held and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    pub trace: Trace,
}

/// Text of fixed size: what does not fit is left out. Control characters become blanks, so that whatever is told acts on
/// no terminal.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

/// What the hook notes.
struct Record {
    filled: bool,
    text: Text<{ limits::PANIC_TEXT_BYTES_MAX }>,
    place: Text<PLACE_BYTES_MAX>,
    frames: [usize; limits::PANIC_FRAMES_MAX],
    frames_count: usize,
}

/// A future whose panics are held, also those of its drop. It is never polled again after one.
pub struct Contained<F> {
    context: Context,
    future: Option<Pin<Box<F>>>,
}

/// This thread holds panics while it lives.
struct Holding;

/// Room for the path of a source file and a line.
const PLACE_BYTES_MAX: usize = 160;
/// The hook's own calls, and those of std that lead to it.
const FRAMES_OF_HOOK: usize = 4;
/// Room for the build, and for as many addresses as there are calls.
const WAY_BYTES_MAX: usize = 64 + 19 * limits::PANIC_FRAMES_MAX;

thread_local! {
    static HOLDING: Cell<u32> = const { Cell::new(0) };
    static RECORD: RefCell<Record> = const { RefCell::new(Record::EMPTY) };
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Panics that nobody held.
static UNHELD: AtomicU64 = AtomicU64::new(0);

static COUNTS: [[AtomicU64; Class::ALL.len()]; Ring::ALL.len()] =
    [const { [const { AtomicU64::new(0) }; Class::ALL.len()] }; Ring::ALL.len()];

/// Runs work that may panic; whoever hands it in says what it is.
pub fn contain<T>(context: Context, run: impl FnOnce() -> T) -> Result<T, Caught> {
    contain_seldom(context, run, || true)
}

/// The same of work that may panic again and again: it is counted, and told where `is_told` says so by then.
pub fn contain_seldom<T>(
    context: Context,
    run: impl FnOnce() -> T,
    is_told: impl FnOnce() -> bool,
) -> Result<T, Caught> {
    let _entered = context::enter(context);
    let _holding = Holding::begin();
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| tell(&context, payload, is_told()))
}

/// For a panic hook: notes a panic. False of one that nobody holds, of which nobody else will tell.
pub fn note(info: &PanicHookInfo<'_>) -> bool {
    let is_held = HOLDING.try_with(Cell::get).is_ok_and(|depth| depth > 0);
    let is_again = IN_HOOK.try_with(|busy| busy.replace(true)).unwrap_or(true);
    if is_again {
        return is_held;
    }
    let _ = RECORD.try_with(|record| match record.try_borrow_mut() {
        Ok(mut record) if !record.filled => record.fill(info),
        // One panic while another is under way: this process is about to end, and nobody will come to tell of the first.
        Ok(record) if is_held => last_words(&record),
        _ => {}
    });
    let _ = IN_HOOK.try_with(|busy| busy.set(false));
    is_held
}

/// Tells of the first of two panics, and waits until it is told, but not for long.
fn last_words(first: &Record) {
    let mut text = Text::<2048>::new();
    let _ = write!(text, "a panic while another was under way: ");
    if let Some(context) = context::current() {
        let _ = write!(text, "{context} ");
    }
    let (said, place) = (first.text.as_str(), first.place.as_str());
    let _ =
        write!(text, "panic={said:?} place={place:?} build={} calls={}", crate::base::BUILD_ID, Calls(first.calls()));
    log::last_words(text.as_str());
}

/// For a panic hook, after [`note`]: what is known of a panic that nobody holds.
pub fn circumstances(info: &PanicHookInfo<'_>) -> Text<{ limits::PANIC_TEXT_BYTES_MAX + 1024 }> {
    let mut text = Text::new();
    if let Some(context) = context::current() {
        let _ = write!(text, "{context} ");
    }
    let _ = text.write_str(way().as_str());
    // Where the line before this one got stuck, this one says it.
    let mut said = Text::<{ limits::PANIC_TEXT_BYTES_MAX }>::new();
    let _ = said.write_str(info.payload_as_str().unwrap_or("no message"));
    let _ = write!(text, " panic={:?}", said.as_str());
    text
}

/// For a panic hook, after [`note`]: counts a panic that nobody holds, and tells the calls that led to it. The next one of this
/// thread has its own.
pub fn told_of_unheld() -> Text<WAY_BYTES_MAX> {
    UNHELD.fetch_add(1, Ordering::Relaxed);
    let way = way();
    let _ = RECORD.try_with(|record| record.try_borrow_mut().map(|mut record| record.reset()));
    way
}

/// Panics that nobody held since the process started. A worker ends with its first.
pub fn unheld() -> u64 {
    UNHELD.load(Ordering::Relaxed)
}

/// The build, and the calls of the panic that was noted last.
fn way() -> Text<WAY_BYTES_MAX> {
    let mut text = Text::new();
    let _ = RECORD.try_with(|record| {
        record
            .try_borrow()
            .map(|record| write!(text, "build={} calls={}", crate::base::BUILD_ID, Calls(record.calls())))
    });
    text
}

/// One more fault of a class that a ring held.
pub fn count(ring: Ring, class: Class) {
    cell(ring, class).fetch_add(1, Ordering::Relaxed);
}

/// Faults since the process started, by ring and class; those there were.
pub fn counts() -> Vec<(Ring, Class, u64)> {
    let all = Ring::ALL.into_iter().flat_map(|ring| Class::ALL.into_iter().map(move |class| (ring, class)));
    let counted = all.map(|(ring, class)| (ring, class, cell(ring, class).load(Ordering::Relaxed)));
    counted.filter(|(_, _, count)| *count > 0).collect()
}

fn cell(ring: Ring, class: Class) -> &'static AtomicU64 {
    &COUNTS[ring as usize][class as usize]
}

/// Tells of a panic that was caught, and gets rid of what it carries.
fn tell(context: &Context, payload: Box<dyn Any + Send>, is_told: bool) -> Caught {
    let mut noted = Record::EMPTY;
    let _ = RECORD.try_with(|record| {
        if let Ok(mut record) = record.try_borrow_mut() {
            noted = std::mem::replace(&mut *record, Record::EMPTY);
        }
    });
    // One that was resumed passes by the hook.
    if !noted.filled {
        let _ = noted.text.write_str(said(&*payload));
        let _ = noted.place.write_str("unknown: resumed");
    }
    let second = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    let drop_panicked = second.is_err();
    // Leaked rather than let loose a third time.
    second.unwrap_or_else(std::mem::forget);
    let _ = RECORD.try_with(|record| record.try_borrow_mut().map(|mut record| *record = Record::EMPTY));
    count(context.ring, Class::Panic);
    if !is_told {
        return Caught { trace: context.trace };
    }
    // The log itself adds what is worked on, and the trace.
    tracing::error!(
        panic = noted.text.as_str(),
        ring = context.ring.word(),
        frame = context.panel.map(|_| context.version.0),
        place = noted.place.as_str(),
        drop_panicked,
        build = crate::base::BUILD_ID,
        calls = %Calls(noted.calls()),
        "a panic was held"
    );
    Caught { trace: context.trace }
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Addresses as `addr2line` takes them.
struct Calls<'a>(&'a [usize]);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut calls = self.0.iter();
        if let Some(first) = calls.next() {
            write!(f, "{first:#x}")?;
        }
        calls.try_for_each(|call| write!(f, ",{call:#x}"))
    }
}

// === impl Contained ===

impl<F: Future> Contained<F> {
    pub fn new(context: Context, future: F) -> Contained<F> {
        Contained { context, future: Some(Box::pin(future)) }
    }
}

impl<F> Contained<F> {
    fn end(&mut self) {
        let future = self.future.take();
        if future.is_some() {
            // Told already.
            let _ = contain(self.context, || drop(future));
        }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Caught>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let context = self.context;
        let Some(future) = &mut self.future else { return Poll::Pending };
        let polled = contain(context, || future.as_mut().poll(cx));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                self.end();
                Poll::Ready(Ok(output))
            }
            Err(caught) => {
                self.end();
                Poll::Ready(Err(caught))
            }
        }
    }
}

impl<F> Drop for Contained<F> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<F> fmt::Debug for Contained<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contained({})", self.context)
    }
}

// === impl Holding ===

impl Holding {
    fn begin() -> Holding {
        let depth = HOLDING.try_with(|depth| depth.replace(depth.get() + 1));
        // Of a panic that nobody held something may be left.
        if depth == Ok(0) {
            let _ = RECORD.try_with(|record| record.try_borrow_mut().map(|mut record| record.reset()));
        }
        Holding
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let _ = HOLDING.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

// === impl Record ===

impl Record {
    const EMPTY: Record = Record {
        filled: false,
        text: Text::new(),
        place: Text::new(),
        frames: [0; limits::PANIC_FRAMES_MAX],
        frames_count: 0,
    };

    fn fill(&mut self, info: &PanicHookInfo<'_>) {
        let _ = self.text.write_str(info.payload_as_str().unwrap_or("no message"));
        if let Some(place) = info.location() {
            let _ = write!(self.place, "{place}");
        }
        self.frames_count = frames::capture(&mut self.frames, FRAMES_OF_HOOK);
        self.filled = true;
    }

    fn reset(&mut self) {
        (self.filled, self.text.len, self.place.len, self.frames_count) = (false, 0, 0, 0);
    }

    fn calls(&self) -> &[usize] {
        self.frames.get(..self.frames_count).unwrap_or_default()
    }
}

// === impl Text ===

impl<const N: usize> Text<N> {
    pub const fn new() -> Text<N> {
        Text { bytes: [0; N], len: 0 }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Text<N> {
        Text::new()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            let char = if char.is_control() { ' ' } else { char };
            let Some(room) = self.bytes.get_mut(self.len..self.len + char.len_utf8()) else { return Ok(()) };
            self.len += char.encode_utf8(room).len();
        }
        Ok(())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// For tests: panics that are held are noted as in a worker, and others told as before.
#[cfg(test)]
pub fn hold_quietly() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !note(info) {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests;
