//! Leaving the listener and the open connections to a successor in the same process.
//!
//! A connection between two requests is nothing but its socket: whoever reads the next bytes from
//! it serves it. So, before the program is replaced, nobody accepts any more, each connection's
//! thread stops before it would read the next request, and requests in work are finished. What a
//! client sends meanwhile waits in the kernel.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::connection::{Connection, Stage};
use super::shared::{Shared, lock};
use super::sockets;
use crate::exchange::Endpoint;

/// How often to look whether everything stands still.
const TICK: Duration = Duration::from_millis(1);

/// How often to knock until the accept thread has noticed.
const KNOCK_EVERY: Duration = Duration::from_millis(20);

/// How much is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Yielded {
    Nothing,
    NewConnections,
    NewRequests,
}

/// What threads look at before they take anything in.
#[derive(Default)]
pub struct Handover {
    yielded: AtomicU8,
    /// The accept thread stands still.
    is_accept_held: AtomicBool,
    changed: Condvar,
    lock: Mutex<()>,
}

/// Why there is nothing to leave.
#[derive(Debug)]
pub enum NotHandedOver {
    /// Requests that are in work and did not end in time.
    StillBusy(Vec<Endpoint>),
    /// A shutdown was ordered meanwhile.
    Stopping,
}

impl Handover {
    /// Whether these are somebody else's.
    pub fn has(&self, what: Yielded) -> bool {
        self.yielded.load(Ordering::SeqCst) >= what as u8
    }

    /// Holds up the accept thread while new connections are somebody else's.
    pub fn hold_accept(&self) {
        self.hold(Yielded::NewConnections, &self.is_accept_held);
    }

    /// Holds up the caller for as long as that is somebody else's, and says so in `is_held`.
    fn hold(&self, what: Yielded, is_held: &AtomicBool) {
        let mut guard = lock(&self.lock);
        while self.has(what) {
            is_held.store(true, Ordering::SeqCst);
            guard = self
                .changed
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        is_held.store(false, Ordering::SeqCst);
    }

    fn is_accept_held(&self) -> bool {
        self.is_accept_held.load(Ordering::SeqCst)
    }

    fn yield_up(&self, what: Yielded) {
        let _guard = lock(&self.lock);
        self.yielded.store(what as u8, Ordering::SeqCst);
        self.changed.notify_all();
    }
}

impl Shared {
    /// Stops reading new requests and accepting, and waits until what is in work is done. Returns the
    /// connections that a successor can read from.
    ///
    /// Whoever takes longer than `patience` to send a request is cut off.
    ///
    /// # Errors
    /// When a request in work takes longer. Everything goes on as before then.
    pub fn hand_over(&self, patience: Duration) -> Result<Vec<RawFd>, NotHandedOver> {
        sockets::make_interruptible();
        self.handover.yield_up(Yielded::NewRequests);
        let outcome = self.wait_for_standstill(patience);
        if outcome.is_err() {
            self.take_back();
        }
        outcome
    }

    /// Stops accepting, for good: new connections wait for whoever else holds the listener.
    pub fn leave_backlog(&self, patience: Duration) {
        self.handover.yield_up(Yielded::NewConnections);
        let deadline = Instant::now() + patience;
        while !self.handover.is_accept_held() && Instant::now() < deadline {
            self.knock();
            thread::sleep(TICK);
        }
    }

    /// Goes on as before: there is no successor.
    pub fn take_back(&self) {
        self.handover.yield_up(Yielded::Nothing);
    }

    fn wait_for_standstill(&self, patience: Duration) -> Result<Vec<RawFd>, NotHandedOver> {
        let deadline = Instant::now() + patience;
        let mut next_knock = Instant::now();
        loop {
            let now = Instant::now();
            let is_accept_held = self.handover.is_accept_held();
            if !is_accept_held && now >= next_knock {
                self.knock();
                next_knock = now + KNOCK_EVERY;
            }
            let all = self.connections.all();
            let moving: Vec<_> = all.iter().filter(|c| !c.stands_still()).collect();
            if is_accept_held && moving.is_empty() {
                // Nobody is added while the accept thread is held.
                let left = all.iter().filter(|c| c.is_left());
                let left = left.map(|c| c.stream.as_raw_fd());
                // Of those that were left to us, some may not have come in yet.
                let inherited = lock(&self.inherited);
                return Ok(left
                    .chain(inherited.iter().map(AsRawFd::as_raw_fd))
                    .collect());
            }
            if self.is_closing() {
                return Err(NotHandedOver::Stopping);
            }
            if now >= deadline + patience {
                return Err(NotHandedOver::StillBusy(self.unfinished()));
            }
            let is_late = now >= deadline;
            let is_in_work =
                |c: &Arc<Connection>| matches!(c.stage(), Stage::Queued | Stage::Taken);
            if is_late && moving.iter().any(|c| is_in_work(c)) {
                // Before anybody is cut off, for nothing.
                return Err(NotHandedOver::StillBusy(self.unfinished()));
            }
            for connection in moving {
                match connection.stage() {
                    Stage::Idle => connection.interrupt(),
                    Stage::Head | Stage::Body if is_late => connection.cut(),
                    _ => {}
                }
            }
            thread::sleep(TICK);
        }
    }
}

impl Connection {
    /// Holds its thread up before it reads a request that is somebody else's.
    pub fn leave_to_successor(&self) {
        self.shared
            .handover
            .hold(Yielded::NewRequests, &self.is_held);
    }

    /// A successor can go on with it. One that has no thread yet will be held up when it gets one.
    fn is_left(&self) -> bool {
        let is_held = self.is_held.load(Ordering::SeqCst) || !self.has_started();
        is_held && self.stage() == Stage::Idle && !self.is_cut()
    }

    /// Nothing will be read from it, or nothing that matters.
    fn stands_still(&self) -> bool {
        self.is_left()
            || self.is_cut()
            || self.is_pin.load(Ordering::SeqCst)
            || self.stage() == Stage::Closing
    }
}
