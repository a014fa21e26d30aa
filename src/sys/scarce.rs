//! An allocator that notes on the worker's page what it could not give: a worker that ends for want of memory has no words
//! left.
//!
//! Invariant: what it is asked it asks the allocator it stands before, and answers as that does. It adds a comparison.
#![expect(unsafe_code, reason = "the trait of allocators is")]

use std::alloc::{GlobalAlloc, Layout};

use super::marker;

/// Stands before another allocator.
#[derive(Clone, Copy, Debug)]
pub struct Noting<A>(pub A);

impl<A> Noting<A> {
    fn noted(at: *mut u8, bytes: usize) -> *mut u8 {
        if at.is_null() {
            marker::note_refused(bytes);
        }
        at
    }
}

// SAFETY: every call goes to the allocator that is one, with the same arguments and the same answer.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Noting<A> {
    // SAFETY: the trait asks for one; nothing is done here but what the allocator behind does.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        Self::noted(unsafe { self.0.alloc(layout) }, layout.size())
    }

    // SAFETY: the trait asks for one; nothing is done here but what the allocator behind does.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        Self::noted(unsafe { self.0.alloc_zeroed(layout) }, layout.size())
    }

    // SAFETY: the trait asks for one; nothing is done here but what the allocator behind does.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: as the caller promised.
        Self::noted(unsafe { self.0.realloc(at, layout, bytes) }, bytes)
    }

    // SAFETY: the trait asks for one; nothing is done here but what the allocator behind does.
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { self.0.dealloc(at, layout) }
    }
}
