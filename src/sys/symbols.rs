//! Names of this program's functions, by their addresses.
//!
//! Invariant: slow at first, since the program's own file is read: never on a thread that somebody waits for.
#![expect(clippy::as_conversions, reason = "an address is a number")]

use std::ffi::c_void;

use super::marker;

/// Longest name told: those of generic functions can be pages.
const NAME_CHARS_MAX: usize = 200;

/// Further ones are those of the runtime, alike in every stack.
const NAMES_MAX: usize = 32;

/// A line for each call, as `marker::Remains::calls` has them; several where functions were put into each other.
pub fn names(calls: &[i64]) -> Vec<String> {
    calls.iter().flat_map(|call| names_of(marker::here().wrapping_add_signed(*call as isize))).take(NAMES_MAX).collect()
}

fn names_of(address: usize) -> Vec<String> {
    let mut names = Vec::new();
    // It takes what it is given for the address behind a call, and looks one byte before that.
    backtrace::resolve(address.wrapping_add(1) as *mut c_void, |symbol| {
        let name = symbol.name().map(|name| format!("{name:#}")).unwrap_or_default();
        let name: String = name.chars().filter(|char| !char.is_control()).take(NAME_CHARS_MAX).collect();
        let file = symbol.filename().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        names.extend((!name.is_empty()).then(|| match (file, symbol.lineno()) {
            (Some(file), Some(line)) => format!("{name} ({file}:{line})"),
            _ => name,
        }));
    });
    if names.is_empty() {
        names.push("somewhere outside this program".to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_address_and_nonsense_by_none() {
        let known = names_of(marker::here());
        assert!(known[0].contains("marker::page::here (page.rs:"), "{known:?}");
        assert_eq!(names(&[i64::MIN, i64::MAX]).len(), 2);
    }
}
