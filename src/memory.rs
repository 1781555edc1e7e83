//! Giving freed memory back to the system.

/// Gives back what the allocator keeps of memory that was freed, as far as it is whole pages.
///
/// glibc returns the end of a heap only, and what a burst leaves behind is all over it. This takes
/// milliseconds, and threads that allocate meanwhile may wait for it, so it is for after a burst.
pub fn give_back() {
    // SAFETY: it takes a number, and touches only memory that is free.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
