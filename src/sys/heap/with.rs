//! jemalloc's side: how it is set up, and how it is asked.
//!
//! Invariant: the allocator is only ever asked by the names of its manual, with the types that stand there.

#![expect(unsafe_code, reason = "the allocator is asked through its own C interface")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::pread;

use super::dump::Held;
use super::{Allocator, HeapError};
use crate::base::{Mono, limits};
use crate::sys::clock;

/// Read by the allocator when the process asks for memory for the first time, which is before `main`. One byte in 2^19 is
/// noted (docs/decisions.md has what that costs). What variables of the environment say overrules it.
// SAFETY: the name is the one that jemalloc declares for this, a pointer to a text that ends with a zero.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static SET_UP: Option<&'static c_char> =
    // SAFETY: the text is there for ever, and has a first byte.
    Some(unsafe { &*c"prof:true,prof_active:true,lg_prof_sample:19".as_ptr() });

/// What it told last, and when.
static LAST: Mutex<Option<(Mono, Allocator)>> = Mutex::new(None);

/// What is held now.
pub fn look() -> Result<Held, HeapError> {
    // Where it was told to, it is not there to be asked.
    if !get::<bool>(c"opt.prof").unwrap_or(false) || !get::<bool>(c"prof.active").unwrap_or(false) {
        return Err(HeapError::Off);
    }
    let failed = |error: io::Error| HeapError::Failed(error.to_string());
    Held::parse(&dumped().map_err(failed)?).map_err(|what| HeapError::Failed(what.to_owned()))
}

/// As it writes it, up to the cap.
fn dumped() -> io::Result<Vec<u8>> {
    let file = memfd_create("unblink-heap", MemfdFlags::CLOEXEC)?;
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    set(c"prof.dump", path.as_ptr())?;
    read(&file)
}

fn read(file: &OwnedFd) -> io::Result<Vec<u8>> {
    let size = usize::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(usize::MAX);
    let mut text = vec![0; size.min(limits::HEAP_DUMP_BYTES_MAX)];
    let mut done = 0;
    while done < text.len() {
        match pread(file, &mut text[done..], done as u64)? {
            0 => break,
            count => done += count,
        }
    }
    text.truncate(done);
    Ok(text)
}

/// What it all comes to. Looked at now and then; in between it is as it was.
pub fn allocator() -> Option<Allocator> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let now = clock::mono();
    match *last {
        Some((at, told)) if now.since(at) < limits::ALLOCATOR_LOOK_EVERY => Some(told),
        _ => {
            let told = ask()?;
            *last = Some((now, told));
            Some(told)
        }
    }
}

fn ask() -> Option<Allocator> {
    // Numbers are those of this moment from here on.
    set::<u64>(c"epoch", 1).ok()?;
    let bytes = |name| get::<usize>(name).ok().and_then(|bytes| u64::try_from(bytes).ok());
    Some(Allocator {
        allocated: bytes(c"stats.allocated")?,
        active: bytes(c"stats.active")?,
        resident: bytes(c"stats.resident")?,
        mapped: bytes(c"stats.mapped")?,
        retained: bytes(c"stats.retained")?,
    })
}

/// Types of which every pattern of bits is one that the allocator may write.
trait Plain: Copy + Default {}
impl Plain for bool {}
impl Plain for usize {}

fn get<T: Plain>(name: &CStr) -> io::Result<T> {
    let mut value = T::default();
    let mut size = size_of::<T>();
    let to = (&raw mut value).cast::<c_void>();
    // SAFETY: the name ends with a zero; the allocator writes no more than `size` bytes, and says how many it has.
    let code = unsafe { tikv_jemalloc_sys::mallctl(name.as_ptr(), to, &raw mut size, std::ptr::null_mut(), 0) };
    outcome(code).map(|()| value)
}

fn set<T: Copy>(name: &CStr, mut value: T) -> io::Result<()> {
    let from = (&raw mut value).cast::<c_void>();
    // SAFETY: the name ends with a zero; the allocator reads as many bytes as it is told, which it refuses unless that is
    // what the name takes.
    let code = unsafe {
        tikv_jemalloc_sys::mallctl(name.as_ptr(), std::ptr::null_mut(), std::ptr::null_mut(), from, size_of::<T>())
    };
    outcome(code)
}

fn outcome(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
