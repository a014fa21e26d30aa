//! The file that this very process runs, whatever lies under its name by now: an upgrade puts another one there.
//!
//! Invariant: what is told stands in that file. Where it cannot be read nothing is told.

#![expect(unsafe_code, reason = "the loader says where it put the program")]
#![expect(clippy::as_conversions, reason = "an address is a number")]

use std::borrow::Cow;
use std::ffi::{c_int, c_void};
use std::fmt;
use std::ops::Range;

use addr2line::{Loader, demangle_auto};

/// Leads to the file itself and not to its name.
const OWN_FILE: &str = "/proc/self/exe";

/// One function, and where in its source.
pub struct Function {
    pub name: String,
    /// The source file's own name, and the line.
    pub place: Option<(String, u32)>,
}

/// Opened once; gives back what it takes when it is dropped.
pub struct Own {
    loader: Loader,
    placed: Placed,
}

/// Where the loader put the program.
#[derive(Debug, Default)]
struct Placed {
    /// What is added to addresses of the file.
    bias: usize,
    /// From the first byte of it that is in memory to behind the last one.
    range: Range<usize>,
}

// === impl Own ===

impl Own {
    pub fn open() -> Option<Own> {
        Some(Own { loader: Loader::new(OWN_FILE).ok()?, placed: Placed::find()? })
    }

    /// Whether an address lies in the program.
    pub fn has(&self, address: usize) -> bool {
        self.placed.range.contains(&address)
    }

    /// The functions in which an address of the program lies, the innermost first.
    pub fn functions(&self, address: usize) -> Vec<Function> {
        let address = address.wrapping_sub(self.placed.bias) as u64;
        // Where only lines are told of, the name is that of the symbol.
        let symbol = || Some(demangle_auto(Cow::Borrowed(self.loader.find_symbol(address)?), None).into_owned());
        let mut functions = Vec::new();
        if let Ok(mut frames) = self.loader.find_frames(address) {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.as_ref().and_then(|name| Some(name.demangle().ok()?.into_owned()));
                let place = frame.location.and_then(|location| {
                    let file = location.file?.rsplit('/').next()?;
                    Some((file.to_owned(), location.line?))
                });
                functions.extend(name.or_else(symbol).map(|name| Function { name, place }));
            }
        }
        if functions.is_empty() {
            functions.extend(symbol().map(|name| Function { name, place: None }));
        }
        functions
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("placed", &self.placed).finish_non_exhaustive()
    }
}

// === impl Placed ===

impl Placed {
    fn find() -> Option<Placed> {
        let mut placed = Placed::default();
        // SAFETY: the callback gets back the very pointer that is given here, while it is valid and nobody else's.
        unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut placed).cast()) };
        (!placed.range.is_empty()).then_some(placed)
    }
}

/// Notes the first one, which is the program itself (dl_iterate_phdr(3)), and ends.
// SAFETY: only `Placed::find` hands it over, with a pointer to a `Placed`.
unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _size: libc::size_t, placed: *mut c_void) -> c_int {
    // SAFETY: the C library calls this with a description that is valid meanwhile, and with the pointer that it was given.
    let (info, placed) = unsafe { (&*info, &mut *placed.cast::<Placed>()) };
    let headers = if info.dlpi_phdr.is_null() {
        &[][..]
    } else {
        // SAFETY: it says itself how many there are.
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
    };
    placed.bias = info.dlpi_addr as usize;
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let spans = loaded.map(|header| {
        let from = placed.bias.wrapping_add(header.p_vaddr as usize);
        from..from.saturating_add(header.p_memsz as usize)
    });
    placed.range = spans.reduce(|all, span| all.start.min(span.start)..all.end.max(span.end)).unwrap_or_default();
    1
}
