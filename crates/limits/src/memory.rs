//! An allocator that counts. The only unsafe code of the workspace: the trait for allocators is unsafe.
//!
//! Each thread counts for itself and adds up now and then, because an atomic that all threads change would cost more than
//! the allocation. What is in use is therefore known to within [`BATCH`] per thread.
#![allow(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; every method only counts and forwards its arguments"
)]

use crate::{Exceeded, exceed, stop};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

// Sizes of layouts do not exceed `isize::MAX`: each is a signed number, too.

/// How many bytes a thread allocates or frees before it adds them up with the others.
const BATCH: isize = 64 << 10;

/// The bytes in use.
static USED: AtomicIsize = AtomicIsize::new(0);

/// From how many on checks fail: a little below the limit.
static CHECKED: AtomicIsize = AtomicIsize::new(isize::MAX);

/// From how many on the process ends.
static ENFORCED: AtomicIsize = AtomicIsize::new(isize::MAX);

thread_local! {
    // Without a destructor and without lazy initialisation, so that it can be used while memory is allocated.
    static UNCOUNTED: Cell<isize> = const { Cell::new(0) };
}

/// Limits the memory in use.
pub(crate) fn limit(bytes: usize) {
    // The allocator rounds sizes up, which can take an eighth of the memory.
    let bytes = isize::try_from(bytes - bytes / 8).unwrap_or(isize::MAX);
    // What remains is for the error message, and for code that does not check.
    CHECKED.store(bytes - bytes / 16, Relaxed);
    ENFORCED.store(bytes, Relaxed);
}

/// Ends the limit.
pub(crate) fn unlimit() {
    limit(usize::MAX);
}

/// Allocates as `A` does and counts the bytes in use.
///
/// Where they exceed the limit of the process, or where `A` has no memory left, it ends the process
/// with a message instead of letting it abort.
#[derive(Debug, Default)]
pub struct Counting<A>(pub A);

// SAFETY: every method passes its arguments on to an allocator that upholds the contract, and returns what that returns.
// Counting itself neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        present(unsafe { self.0.alloc(layout) })
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { self.0.dealloc(pointer, layout) };
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        present(unsafe { self.0.alloc_zeroed(layout) })
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (old, new) = (layout.size().cast_signed(), new_size.cast_signed());
        if new < BATCH {
            count(new - old);
            return present(unsafe { self.0.realloc(pointer, layout, new_size) });
        }
        // Both the old and the new block are in use while one is copied to the other.
        count(new);
        let moved = present(unsafe { self.0.realloc(pointer, layout, new_size) });
        count(-old);
        moved
    }
}

#[inline]
fn count(bytes: isize) {
    // What is counted here is small, and so is a block that there is memory for.
    let uncounted = UNCOUNTED.get().wrapping_add(bytes);
    if (-BATCH..BATCH).contains(&uncounted) {
        UNCOUNTED.set(uncounted);
    } else {
        add_up(uncounted);
    }
}

/// Adds what this thread has counted to what the others have, and starts its count again.
#[cold]
#[inline(never)]
fn add_up(bytes: isize) {
    UNCOUNTED.set(0);
    let used = USED.fetch_add(bytes, Relaxed).saturating_add(bytes);
    if bytes < 0 || used <= CHECKED.load(Relaxed) {
        return;
    }
    exceed(Exceeded::Memory);
    if used > ENFORCED.load(Relaxed) {
        // Room for whatever ending takes.
        unlimit();
        stop(Exceeded::Memory);
    }
}

/// A block of memory, which there must be.
#[inline]
fn present(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        unlimit();
        stop(Exceeded::Memory);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    #[test]
    fn what_is_freed_is_no_longer_counted() {
        let allocator = Counting(System);
        let layout = Layout::from_size_align(1 << 20, 8).unwrap();
        let before = USED.load(Relaxed);
        // SAFETY: the layout is not empty, and the block is freed with the layout that it has.
        unsafe {
            let block = allocator.alloc(layout);
            assert_eq!(USED.load(Relaxed), before + (1 << 20));
            let block = allocator.realloc(block, layout, 3 << 20);
            assert_eq!(USED.load(Relaxed), before + (3 << 20));
            allocator.dealloc(block, Layout::from_size_align(3 << 20, 8).unwrap());
        }
        assert_eq!(USED.load(Relaxed), before);
    }
}
