//! Names of this program's functions, by their addresses.
//!
//! Invariant: slow at first, since the program's own file is read: never on a thread that somebody waits for. What was read is
//! given back once names are known. It is the file that runs, also after an upgrade put another one in its place.
#![cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "memory is given back through libc"))]
#![expect(clippy::as_conversions, reason = "an address is a number")]

mod own;

use std::collections::HashMap;
use std::ffi::c_void;

use own::{Function, Own};

use super::marker;
use crate::model::profile::Collector;

/// Longest name told: those of generic functions can be pages.
const NAME_CHARS_MAX: usize = 200;
/// Stands for what has no name here.
const OUTSIDE: &str = "somewhere outside this program";

/// How deep below an allocation the allocator's own calls are looked for.
const ALLOCATOR_CALLS_MAX: usize = 24;

/// Knows names by what stands in the program's own file. That takes tens of megabytes, which are given back with this.
#[derive(Debug)]
pub struct Names {
    /// None where it cannot be read.
    own: Option<Own>,
    functions: HashMap<usize, Vec<String>>,
}

// === impl Names ===

impl Names {
    pub fn open() -> Names {
        Names { own: Own::open(), functions: HashMap::new() }
    }

    /// A line for each call, as `marker::Remains::calls` has them; several where functions were put into each other. No more
    /// than `most`, the innermost.
    pub fn lines(&self, calls: &[i64], most: usize) -> Vec<String> {
        calls.iter().flat_map(|call| self.line(marker::here().wrapping_add_signed(*call as isize))).take(most).collect()
    }

    /// Adds a stack that was seen so often, by its addresses, the outermost first; each stands behind what was called.
    pub fn tell(&mut self, thread: &[u8], calls: impl Iterator<Item = usize> + Clone, count: u64, to: &mut Collector) {
        self.learn(calls.clone());
        let thread = String::from_utf8_lossy(thread);
        let thread = if thread.is_empty() { "thread" } else { &thread };
        // The innermost is the first among those that were put into each other.
        let names = calls.filter_map(|call| self.functions.get(&call)).flat_map(|names| names.iter().rev());
        to.add(std::iter::once(thread).chain(names.map(String::as_str)), count);
    }

    /// Adds what is held by calls, the outermost first, without those within the allocator.
    pub fn tell_held(
        &mut self,
        calls: impl Iterator<Item = usize> + Clone,
        things: u64,
        bytes: u64,
        to: &mut Collector,
    ) {
        self.learn(calls.clone());
        let names = calls.filter_map(|call| self.functions.get(&call)).flat_map(|names| names.iter().rev());
        let names: Vec<&str> = names.map(String::as_str).collect();
        let own = names.iter().rev().take(ALLOCATOR_CALLS_MAX).rposition(|name| is_allocator(name));
        let others = own.map_or(names.len(), |own| names.len() - own - 1);
        to.hold(names.into_iter().take(others), things, bytes);
    }

    fn learn(&mut self, calls: impl Iterator<Item = usize>) {
        for call in calls {
            if !self.functions.contains_key(&call) {
                let names = self.at(call.wrapping_sub(1)).into_iter().map(|function| function.name).collect();
                self.functions.insert(call, names);
            }
        }
    }

    /// Of functions whose code an address lies in.
    fn line(&self, address: usize) -> Vec<String> {
        let line = |Function { name, place }: Function| {
            let name: String = name.chars().filter(|char| !char.is_control()).take(NAME_CHARS_MAX).collect();
            match place {
                Some((file, line)) => format!("{name} ({file}:{line})"),
                None => name,
            }
        };
        self.at(address).into_iter().map(line).collect()
    }

    /// The functions in which an address lies, the innermost first; several where they were put into each other.
    fn at(&self, address: usize) -> Vec<Function> {
        let mut functions = match self.own.as_ref().filter(|own| own.has(address)) {
            Some(own) => own.functions(address),
            None => elsewhere(address),
        };
        if functions.is_empty() {
            functions.push(Function { name: OUTSIDE.to_owned(), place: None });
        }
        functions
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        backtrace::clear_symbol_cache();
        // Where the system's malloc serves, it would keep it for the next thread that takes as much.
        #[cfg(target_env = "gnu")]
        // SAFETY: it takes a number, and may be called at any time by any thread.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

/// Whether a function is the allocator's door, or behind it.
fn is_allocator(name: &str) -> bool {
    let is_door = |part| name.contains(part);
    name.starts_with("_rjem_")
        || ["tikv_jemallocator", "__rust_alloc", "__rust_realloc", "__rg_"].into_iter().any(is_door)
}

/// The same by the libraries that were loaded, and, where its own file cannot be read, by what lies under the program's name.
fn elsewhere(address: usize) -> Vec<Function> {
    let mut functions = Vec::new();
    // It takes what it is given for the address behind a call, and looks one byte before that.
    backtrace::resolve(address.wrapping_add(1) as *mut c_void, |symbol| {
        functions.extend(symbol.name().map(|name| Function { name: format!("{name:#}"), place: None }));
    });
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_address_and_nonsense_by_none() {
        let names = Names::open();
        let known = names.line(marker::here());
        assert!(known[0].contains("marker::page::here (page.rs:"), "{known:?}");
        // Of a library, by the names that it shows.
        let library = names.line(libc::getrandom as *const () as usize);
        assert!(library[0].contains("getrandom"), "{library:?}");
        assert_eq!(names.lines(&[i64::MIN, i64::MAX], 9).len(), 2);
        assert_eq!(names.lines(&[i64::MIN; 9], 5).len(), 5);
    }
}
