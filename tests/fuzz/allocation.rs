//! How much memory a piece of work had at most beyond what was there before it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[global_allocator]
static COUNTING: Counting = Counting {
    now: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
};

struct Counting {
    now: AtomicUsize,
    peak: AtomicUsize,
}

/// Does the work, and says how many bytes more than before it had allocated at its peak.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNTING.now.load(Relaxed);
    COUNTING.peak.store(before, Relaxed);
    let result = work();
    (result, COUNTING.peak.load(Relaxed) - before)
}

// SAFETY: the system's allocator does the work; counting takes no part in it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Relaxed) + layout.size();
        self.peak.fetch_max(now, Relaxed);
        // SAFETY: what the caller promises is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: what the caller promises is passed on.
        unsafe { System.dealloc(place, layout) }
    }
}
