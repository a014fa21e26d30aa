//! A page that a worker writes what it is about to do on, so that whoever finds it dead knows what it died of.
//!
//! Invariant: nothing here waits, allocates after the start or can fail while a step is noted; a fault inside a fault
//! changes nothing. The other side never maps the page, it copies it out: whatever a broken worker wrote there is taken
//! as bytes that may be wrong.
//!
//! The page has a place for each thread that does steps, and a header with the place that is to blame: a thread that
//! panics, aborts or receives a deadly signal notes its own. A worker that hangs is asked with [`STACK_SIGNAL`] for the
//! calls it is in, and so may any of its threads be; their addresses go into the page too, relative to this program, which is the same
//! on both sides.
#![expect(unsafe_code, reason = "a mapping is shared with the kernel alone, and signals come at any time")]

mod dead;
mod page;

use std::cell::Cell;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create};
use rustix::io::pread;
use rustix::thread::gettid;

pub use dead::STACK_SIGNAL;
pub use page::{Found, Kind, Remains, here};
use page::{Page, Step};

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// The page as root holds it: a file that is never mapped there.
#[derive(Debug)]
pub struct MarkerFile(OwnedFd);

thread_local! {
    /// The place of this thread, while it does a step. Without a destructor: `exit` would run that first.
    static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
}

static PAGE: OnceLock<&'static Page> = OnceLock::new();

/// Keeps a step noted; what was noted before it is noted again when this goes, on the same thread.
#[derive(Debug)]
#[must_use = "the step ends with it"]
pub struct Doing {
    place: Option<usize>,
    before: Step,
    /// It is the outermost step of a thread that keeps no place.
    gives_back: bool,
    _of_this_thread: PhantomData<*const ()>,
}

/// Notes every step of this process on the page from now on, and what ends it. Once, on the thread that does the work.
pub fn install(file: MarkerFile) -> io::Result<()> {
    let page = page::map(file.as_fd())?;
    if PAGE.set(page).is_err() {
        return Err(io::Error::other("there is a marker already"));
    }
    // It keeps the first place, and is the one that is asked for its calls.
    PLACE.set(page.take_place());
    dead::listen()?;
    // Whoever sees which thread it is may ask it.
    page.begin(usize::try_from(gettid().as_raw_nonzero().get()).unwrap_or(0));
    Ok(())
}

/// Notes that this thread is about to do something; of a panel which one, and for which frame. Costs nothing worth mentioning
/// where there is no page.
pub fn begin(kind: Kind, trace: u64, name: &str, (part, frame): (u16, u64)) -> Doing {
    let Some(page) = PAGE.get() else {
        return Doing { place: None, before: Step::none(), gives_back: false, _of_this_thread: PhantomData };
    };
    let own = PLACE.get();
    let place = own.or_else(|| page.take_place());
    let before = own.map_or_else(Step::none, |place| page.step(place));
    if let Some(place) = place {
        PLACE.set(Some(place));
        page.note(place, &Step::new(kind, trace, name, (part, frame)));
    }
    Doing { place, before, gives_back: own.is_none() && place.is_some(), _of_this_thread: PhantomData }
}

/// Asks the worker `pid`, our own child, for the calls that its `thread` is in, as the page names it: they stand on the
/// page soon after.
pub fn ask(pid: u32, thread: u32) -> io::Result<()> {
    // SAFETY: a system call with plain numbers. A thread that is none of that process is refused.
    match unsafe { libc::syscall(libc::SYS_tgkill, pid, thread, STACK_SIGNAL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Notes that whatever happens next is this thread's doing. From a panic hook, or a signal handler.
pub fn blame() {
    dead::blame(0);
}

/// Notes that so many bytes of memory could not be had. From within an allocator: it stores a number.
pub fn note_refused(bytes: usize) {
    if let Some(page) = PAGE.get() {
        page.note_refused(bytes);
    }
}

// === impl Doing ===

impl Drop for Doing {
    fn drop(&mut self) {
        let (Some(place), Some(page)) = (self.place, PAGE.get()) else { return };
        if self.gives_back {
            PLACE.set(None);
            page.give_back(place);
        } else {
            page.note(place, &self.before);
        }
    }
}

// === impl MarkerFile ===

impl MarkerFile {
    pub fn new() -> io::Result<MarkerFile> {
        let file = memfd_create("unblink-marker", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, page::BYTES as u64)?;
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL)?;
        Ok(MarkerFile(file))
    }

    /// A file that somebody else made; an error where this is none.
    pub fn of(file: OwnedFd) -> io::Result<MarkerFile> {
        let sealed = fcntl_get_seals(&file)?;
        if sealed.contains(SEALS) && u64::try_from(fstat(&file)?.st_size) == Ok(page::BYTES as u64) {
            return Ok(MarkerFile(file));
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no marker of ours"))
    }

    pub fn try_clone(&self) -> io::Result<MarkerFile> {
        Ok(MarkerFile(self.0.try_clone()?))
    }

    /// As if a worker had said on it that this thread does its work.
    #[cfg(test)]
    pub(super) fn listens(&self, thread: u32) {
        page::map(self.0.as_fd()).expect("invariant: it is a page of ours").begin(thread as usize);
    }

    /// What stands there now; what makes no sense is left out.
    pub fn read(&self) -> io::Result<Remains> {
        let mut bytes = [0; page::BYTES];
        let mut done = 0;
        while done < bytes.len() {
            match pread(&self.0, &mut bytes[done..], done as u64)? {
                0 => break,
                count => done += count,
            }
        }
        std::sync::atomic::fence(Ordering::Acquire);
        Ok(page::read(&bytes))
    }
}

impl AsFd for MarkerFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests;
