//! What all threads of one server share.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::Sender;
use log::error;

use super::connection::{Connection, Stage};
use super::connections::Connections;
use super::courier::Parcel;
use super::handover::Handover;
use super::warden::PINS;
use super::worker::Job;
use crate::config::Limits;
use crate::deployment::{Lifecycle, Order, Phase, Ticket};
use crate::exchange::{Endpoint, Service};
use crate::vitals::{Vitals, count, read};

/// Callers who wait for the end of a drain; one more is told to ask again.
const PARKED_MAX: usize = 64;

/// A connection to ourselves must not hang when the backlog is full.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a new tiny_http server may take to accept.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(1);

const ACCEPT_TICK: Duration = Duration::from_micros(50);

/// What the bodies on their way in, all together, may take at least; two of the largest may always
/// come at once.
const BODY_BYTES_MAX: usize = 32 << 20;

pub struct Shared {
    pub service: Service,
    pub lifecycle: Arc<Lifecycle>,
    pub vitals: Arc<Vitals>,
    pub limits: Limits,
    /// Header lines that every reply carries.
    pub standing_headers: Arc<str>,
    /// The address under which this process reaches its own server.
    pub own: SocketAddr,
    pub started: Instant,
    pub connections: Connections,
    /// The connection that was let in last.
    pub newest: Mutex<Weak<Connection>>,
    /// Whether a second pool of threads may be as large as the one that leaves.
    pub has_spare_threads: bool,
    /// The threads of tiny_http's pools, with and without a connection.
    pub pool_threads: AtomicUsize,
    /// Memory taken by bodies that are on their way in, in bytes.
    pub body_bytes: AtomicUsize,
    /// When there was last something short for a new connection; 0 for never.
    pub short_since_ms: AtomicU64,
    pub bulk: Sender<Job>,
    pub courier: Sender<Parcel>,
    pub stopping: AtomicBool,
    pub closed: AtomicBool,
    pub lost: AtomicBool,
    pub parked: Mutex<Vec<Job>>,
    pub front: Front,
    pub handover: Handover,
    /// Connections that the program before this one has left, and that are not let in yet.
    pub inherited: Mutex<Vec<OwnedFd>>,
}

/// The tiny_http server that accepts at present. When its accept thread dies another takes its
/// place, and the connections of the one before are served on until they end.
#[derive(Default)]
pub struct Front {
    present: Mutex<Option<(Arc<tiny_http::Server>, usize)>>,
    /// Which of them is in front.
    generation: AtomicUsize,
    /// Which of them was opened last; it may not have come to the front.
    opened: AtomicUsize,
    /// The last of them whose accept thread has begun.
    begun: AtomicUsize,
    /// How many accept threads there are: one, and while another takes its place two.
    living: AtomicUsize,
}

impl Shared {
    /// Milliseconds since the server started.
    pub fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether the listener was closed, after the drain.
    pub fn has_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether replies should end their connections.
    pub fn is_closing(&self) -> bool {
        self.lifecycle.phase().is_shutting_down()
    }

    /// How many connections there may be, with our own.
    pub fn connections_max(&self) -> usize {
        read(&self.vitals.connections_max) + PINS
    }

    pub fn body_bytes_max(&self) -> usize {
        BODY_BYTES_MAX.max(2 * self.limits.body_bytes_max)
    }

    /// Lets a business request in: because the phase admits it, or because a place is kept for it.
    ///
    /// # Errors
    /// The phase that does not admit it.
    pub fn admit(&self, connection: &Connection) -> Result<Ticket, Phase> {
        match connection.take_place() {
            Some(ticket) => Ok(ticket),
            None => self.lifecycle.enter(),
        }
    }

    /// Keeps a place for every request that is on its way: its connection has sent something, and no
    /// worker has it yet. To be called before the phase stops admitting.
    pub fn hold_unanswered(&self) {
        for connection in self.connections.all() {
            let is_taken = connection.stage() == Stage::Taken;
            if !is_taken
                && !connection.has_place()
                && connection.is_unanswered()
                && let Ok(ticket) = self.lifecycle.enter()
            {
                connection.keep_place(ticket);
            }
        }
    }

    /// Gives back the places that nobody needs: the request was answered meanwhile.
    pub fn release_answered(&self) {
        for connection in self.connections.all() {
            if !connection.is_unanswered() {
                drop(connection.take_place());
            }
        }
    }

    /// The endpoints of the requests in flight.
    pub fn unfinished(&self) -> Vec<Endpoint> {
        let all = self.connections.all();
        all.iter().filter_map(|c| c.in_flight()).collect()
    }

    /// Keeps a caller until the drain is over.
    ///
    /// # Errors
    /// The caller, when the drain is over by now, or too many wait already.
    pub fn park(&self, parked: Job) -> Result<(), Box<Job>> {
        // Those who wait are fetched once, after the phase has changed.
        let mut all = lock(&self.parked);
        if all.len() >= PARKED_MAX || self.lifecycle.phase() == Phase::Stopped {
            return Err(Box::new(parked));
        }
        all.push(parked);
        Ok(())
    }

    /// Puts a tiny_http server in front: the first, or one in the place of another.
    ///
    /// # Errors
    /// When there is no descriptor or thread to be had. Nothing has changed then.
    pub fn open_front(&self, listener: &TcpListener) -> io::Result<()> {
        let generation = self.front.opened.fetch_add(1, Ordering::SeqCst) + 1;
        let listener = listener.try_clone()?;
        // It panics when it gets no thread.
        let http = std::panic::catch_unwind(|| tiny_http::Server::from_listener(listener, None))
            .map_err(|_| io::Error::other("no thread to be had"))?
            .map_err(io::Error::other)?;
        // Its first act is to accept. One that gets no threads for its pool dies before.
        let deadline = Instant::now() + ACCEPT_PATIENCE;
        while self.front.begun.load(Ordering::SeqCst) < generation {
            if Instant::now() > deadline {
                return Err(io::Error::other("it gets no threads for its pool"));
            }
            thread::sleep(ACCEPT_TICK);
        }
        let before = lock(&self.front.present).replace((Arc::new(http), generation));
        self.front.generation.store(generation, Ordering::SeqCst);
        if let Some((before, _)) = before {
            self.wake_workers(&before);
        }
        Ok(())
    }

    /// Makes one connection to ourselves, which ends at once: whoever accepts it looks up.
    pub fn knock(&self) {
        drop(TcpStream::connect_timeout(&self.own, CONNECT_TIMEOUT));
    }

    /// Makes workers that wait for a request look up.
    pub fn wake_workers(&self, http: &tiny_http::Server) {
        for _ in 0..self.limits.express_workers {
            http.unblock();
        }
    }

    /// The server in front, and which of them it is.
    pub fn front(&self) -> Option<(Arc<tiny_http::Server>, usize)> {
        lock(&self.front.present).clone()
    }

    /// Whether another server has taken the place of this one.
    pub fn is_past(&self, generation: usize) -> bool {
        generation < self.generation()
    }

    /// Which tiny_http server is in front.
    pub fn generation(&self) -> usize {
        self.front.generation.load(Ordering::SeqCst)
    }

    /// An accept thread has begun; returns which server's it is.
    pub fn note_new_accept_thread(&self) -> usize {
        let generation = self.front.opened.load(Ordering::SeqCst);
        self.front.living.fetch_add(1, Ordering::SeqCst);
        self.front.begun.fetch_max(generation, Ordering::SeqCst);
        generation
    }

    /// An accept thread has ended.
    pub fn note_lost_accept_thread(&self) {
        self.front.living.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether somebody accepts connections.
    pub fn accepts(&self) -> bool {
        self.front.living.load(Ordering::SeqCst) > 0
    }

    /// Connections can no longer be accepted, and with that the server's use ends.
    pub fn give_up(&self, cause: &io::Error) {
        if self.lost.swap(true, Ordering::SeqCst) {
            return;
        }
        error!("connections can no longer be accepted, the server drains and leaves: {cause}");
        self.lifecycle
            .order_shutdown(Order::default(), Instant::now(), SystemTime::now());
    }

    /// Does something that may panic; a panic is counted, and costs nothing else.
    pub fn survive<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        if outcome.is_err() {
            count(&self.vitals.panics);
        }
        outcome.ok()
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded here is whole after every statement, so a panic elsewhere spoils nothing.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
