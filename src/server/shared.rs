//! What all workers of one server share.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Instant, SystemTime};

use crossbeam_channel::Sender;
use log::error;

use super::sockets;
use super::worker::Job;
use crate::config::Limits;
use crate::deployment::{Lifecycle, Order, Phase, Ticket};
use crate::exchange::{Endpoint, Service};
use crate::vitals::Vitals;

/// Callers who wait for the end of a drain; one more is told to ask again.
const PARKED_MAX: usize = 64;

pub struct Shared {
    pub service: Service,
    pub lifecycle: Arc<Lifecycle>,
    pub vitals: Arc<Vitals>,
    pub limits: Limits,
    /// Header lines that every reply carries.
    pub standing_headers: Arc<str>,
    pub access_log: bool,
    /// The address under which this process reaches its own server.
    pub own: SocketAddr,
    pub bulk: Sender<Job>,
    pub stopping: AtomicBool,
    pub lost: AtomicBool,
    pub parked: Mutex<Vec<Parked>>,
    pub held: Mutex<HashMap<SocketAddr, Ticket>>,
    /// Whose request each express worker has at the moment; a lock each, so that none waits.
    pub in_hand: Box<[Mutex<Option<SocketAddr>>]>,
    /// What the bulk lane has, and whose; as many as its queue and workers at most.
    pub in_bulk: Mutex<Vec<(SocketAddr, Endpoint)>>,
}

/// The note that the bulk lane has a client's request, for as long as it is held.
pub struct InBulk {
    shared: Arc<Shared>,
    entry: (SocketAddr, Endpoint),
}

impl InBulk {
    pub fn note(shared: &Arc<Shared>, peer: SocketAddr, endpoint: Endpoint) -> InBulk {
        let entry = (peer, endpoint);
        lock(&shared.in_bulk).push(entry);
        InBulk {
            shared: Arc::clone(shared),
            entry,
        }
    }
}

impl Drop for InBulk {
    fn drop(&mut self) {
        let mut entries = lock(&self.shared.in_bulk);
        if let Some(at) = entries.iter().position(|entry| *entry == self.entry) {
            entries.swap_remove(at);
        }
    }
}

/// A request whose caller waits for the end of the drain, with its body.
pub struct Parked {
    pub job: Job,
    pub body: Vec<u8>,
}

impl Shared {
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether replies should end their connections.
    pub fn is_closing(&self) -> bool {
        self.lifecycle.phase().is_shutting_down()
    }

    /// Lets a business request in: because the phase admits it, or because it was already on its
    /// way when the drain began and a place is held for it.
    ///
    /// # Errors
    /// The phase that does not admit it.
    pub fn admit(&self, peer: SocketAddr) -> Result<Ticket, Phase> {
        if self.lifecycle.phase() == Phase::Draining
            && let Some(ticket) = lock(&self.held).remove(&peer)
        {
            return Ok(ticket);
        }
        self.lifecycle.enter()
    }

    /// Holds a place for every request that is on its way: its connection has sent something that
    /// is not answered yet. To be called before the phase stops admitting.
    ///
    /// What a worker has is inside already, or a probe, and a caller who waits for the end of the
    /// drain must not prolong it. A request taken during this very look may be counted twice, until
    /// it is answered.
    pub fn hold_unanswered(&self) {
        // Locked for all of it: who is parked from here on gives its place back afterwards.
        let mut held = lock(&self.held);
        let mut known: Vec<SocketAddr> =
            lock(&self.in_bulk).iter().map(|(peer, _)| *peer).collect();
        known.extend(self.in_hand.iter().filter_map(|worker| *lock(worker)));
        known.extend(lock(&self.parked).iter().map(|caller| caller.job.peer()));
        for connection in sockets::connections(self.own.port()) {
            if connection.is_unanswered()
                && !known.contains(&connection.peer)
                && let Ok(ticket) = self.lifecycle.enter()
            {
                held.insert(connection.peer, ticket);
            }
        }
    }

    /// Gives back the place of a client that needs none: its request is a probe, or is answered.
    pub fn release(&self, peer: SocketAddr) {
        // Taken out first and dropped without the lock: the last ticket wakes the drain.
        let ticket = lock(&self.held).remove(&peer);
        drop(ticket);
    }

    /// Gives back the places of clients that have left or were answered meanwhile.
    pub fn release_answered(&self) {
        if lock(&self.held).is_empty() {
            return;
        }
        let waiting: Vec<SocketAddr> = sockets::connections(self.own.port())
            .filter(|connection| connection.is_unanswered())
            .map(|connection| connection.peer)
            .collect();
        let released: Vec<Ticket> = {
            let mut held = lock(&self.held);
            held.extract_if(|peer, _| !waiting.contains(peer))
                .map(|(_, ticket)| ticket)
                .collect()
        };
        // Dropped without the lock: the last ticket wakes the drain.
        drop(released);
    }

    /// Keeps a caller until the drain is over.
    ///
    /// # Errors
    /// The caller, when the drain is over by now, or too many wait already.
    pub fn park(&self, parked: Parked) -> Result<(), Box<Parked>> {
        let peer = parked.job.peer();
        {
            // Those who wait are fetched once, after the phase has changed.
            let mut all = lock(&self.parked);
            if all.len() >= PARKED_MAX || self.lifecycle.phase() == Phase::Stopped {
                return Err(Box::new(parked));
            }
            all.push(parked);
        }
        self.release(peer);
        Ok(())
    }

    /// tiny_http's accept thread has ended, and with it the server's use.
    pub fn accept_failed(&self, cause: &io::Error) {
        // Once the drain is over, accepting is ended on purpose.
        let is_ours = self.lifecycle.phase() == Phase::Stopped;
        if is_ours || self.lost.swap(true, Ordering::SeqCst) {
            return;
        }
        error!("connections can no longer be accepted, the server drains and leaves: {cause}");
        self.lifecycle
            .order_shutdown(Order::default(), Instant::now(), SystemTime::now());
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded here is whole after every statement, so a panic elsewhere spoils nothing.
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
