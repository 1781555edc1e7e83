//! What the server's machinery is doing, for the health check: written by the server, read by
//! the api.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counters and gauges. Each is exact by itself; together they are a snapshot in motion.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Workers that take requests and answer what cannot block.
    pub express_workers: AtomicUsize,
    pub express_busy: AtomicUsize,
    /// Requests they have finished with.
    pub express_done: AtomicUsize,
    /// Workers that read large bodies, write large replies and do heavy work.
    pub bulk_workers: AtomicUsize,
    pub bulk_busy: AtomicUsize,
    pub bulk_done: AtomicUsize,
    /// Requests refused because that queue was full.
    pub bulk_refused: AtomicUsize,
    /// Open client connections.
    pub connections: AtomicUsize,
    /// How many there may be.
    pub connections_max: AtomicUsize,
    /// Connections tiny_http had left without a thread, and the warden got going again.
    pub connections_kicked: AtomicUsize,
    /// Connections ended to make room for others.
    pub connections_evicted: AtomicUsize,
    /// Connections refused because there was no room to be made.
    pub connections_refused: AtomicUsize,
    /// Connections ended for being idle too long.
    pub idle_closed: AtomicUsize,
    /// Connections ended because the client did not take its reply.
    pub write_timeouts: AtomicUsize,
    /// Times that a connection could not be accepted for want of descriptors or memory.
    pub accept_failures: AtomicUsize,
    /// Times that tiny_http's accept thread had died and was replaced.
    pub accept_restarts: AtomicUsize,
    /// Times that tiny_http's pool was replaced to let its idle threads go.
    pub pool_replacements: AtomicUsize,
    /// Requests that were refused before anybody looked what they were about.
    pub refused: Refused,
    /// Panics in any thread of the server. Each costs one reply at most.
    pub panics: AtomicUsize,
    /// For how many seconds a lane has been stuck: all its workers are busy, and none has finished
    /// anything.
    pub stuck_seconds: AtomicUsize,
}

/// Requests refused at the door, by reason.
#[derive(Debug, Default)]
pub struct Refused {
    pub bad_request: AtomicUsize,
    pub head_timeout: AtomicUsize,
    pub body_timeout: AtomicUsize,
    pub body_too_large: AtomicUsize,
    pub target_too_long: AtomicUsize,
    pub expectation: AtomicUsize,
    pub head_too_large: AtomicUsize,
    pub transfer_coding: AtomicUsize,
    pub http_version: AtomicUsize,
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
