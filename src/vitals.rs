//! What the server's machinery is doing, for the health check: written by the server, read by
//! the api.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counters and gauges. Each is exact by itself; together they are a snapshot in motion.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Workers that take requests and answer what cannot block.
    pub express_workers: AtomicUsize,
    pub express_busy: AtomicUsize,
    /// Workers that read large bodies, write large replies and do heavy work.
    pub bulk_workers: AtomicUsize,
    pub bulk_busy: AtomicUsize,
    /// Requests refused because that queue was full.
    pub bulk_refused: AtomicUsize,
    /// Open client connections, as of the warden's last look.
    pub connections: AtomicUsize,
    /// Connections tiny_http had left without a thread, and the warden got going again.
    pub connections_kicked: AtomicUsize,
    /// Requests whose handler panicked and which got a 500.
    pub panics: AtomicUsize,
    /// Requests that can never be dropped, each with a parked thread (see `server/body.rs`).
    pub quarantined: AtomicUsize,
}

/// Counted in a gauge for as long as it is held.
pub struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    pub fn in_gauge(gauge: &'a AtomicUsize) -> Counted<'a> {
        gauge.fetch_add(1, Ordering::Relaxed);
        Counted(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Adds one to a counter.
pub fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Reads a counter or gauge.
pub fn read(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}
