//! All connections of one server, and which of them has to go when there are too many.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::connection::Connection;
use super::shared::lock;

/// Workers look connections up for every request; with this many locks they rarely meet.
const SHARDS: usize = 32;

/// Looked up by the client's address, which is all that tiny_http tells of a connection. There is
/// one connection at most for each: they all end at the same listener.
#[derive(Default)]
pub struct Connections {
    shards: [Mutex<HashMap<SocketAddr, Arc<Connection>>>; SHARDS],
    count: AtomicUsize,
    /// Those that tiny_http has given no thread yet.
    unstarted: AtomicUsize,
}

impl Connections {
    fn shard(&self, peer: SocketAddr) -> &Mutex<HashMap<SocketAddr, Arc<Connection>>> {
        &self.shards[usize::from(peer.port()) % SHARDS]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// How many tiny_http has given no thread yet.
    pub fn unstarted(&self) -> usize {
        self.unstarted.load(Ordering::SeqCst)
    }

    pub fn find(&self, peer: SocketAddr) -> Option<Arc<Connection>> {
        lock(self.shard(peer)).get(&peer).cloned()
    }

    /// # Errors
    /// When there is one from that address. A listener on several local addresses can get a second;
    /// nobody needs it.
    pub fn add(&self, connection: &Arc<Connection>) -> Result<(), ()> {
        let mut shard = lock(self.shard(connection.peer));
        if shard.contains_key(&connection.peer) {
            return Err(());
        }
        shard.insert(connection.peer, Arc::clone(connection));
        self.count.fetch_add(1, Ordering::SeqCst);
        self.unstarted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Its thread has begun to read.
    pub fn note_start(&self) {
        self.unstarted.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn remove(&self, connection: &Connection) {
        let mut shard = lock(self.shard(connection.peer));
        let is_it = |found: &Arc<Connection>| found.cookie == connection.cookie;
        if shard.get(&connection.peer).is_some_and(is_it) {
            shard.remove(&connection.peer);
            self.count.fetch_sub(1, Ordering::SeqCst);
            if !connection.has_started() {
                self.unstarted.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    /// All of them, as they are now.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        let mut all = Vec::with_capacity(self.count());
        for shard in &self.shards {
            all.extend(lock(shard).values().cloned());
        }
        all
    }

    /// The one that is missed least; `None` when each has a request in work.
    pub fn most_expendable(&self) -> Option<Arc<Connection>> {
        self.least_by(|connection| connection.expendability())
    }

    /// Whether one has been ended whose thread has not noticed yet.
    pub fn is_any_leaving(&self) -> bool {
        let is_leaving = |connection: &Arc<Connection>| connection.is_cut();
        let mut shards = self.shards.iter();
        shards.any(|shard| lock(shard).values().any(is_leaving))
    }

    /// The one whose body takes longest to come in.
    pub fn slowest_body(&self) -> Option<Arc<Connection>> {
        self.least_by(|connection| connection.in_body_since())
    }

    /// Looks without collecting: this happens for every new connection when there are too many.
    fn least_by<K: Ord>(&self, key: impl Fn(&Connection) -> Option<K>) -> Option<Arc<Connection>> {
        let mut least: Option<(K, Arc<Connection>)> = None;
        for shard in &self.shards {
            for connection in lock(shard).values() {
                if let Some(key) = key(connection)
                    && least.as_ref().is_none_or(|(lowest, _)| key < *lowest)
                {
                    least = Some((key, Arc::clone(connection)));
                }
            }
        }
        least.map(|(_, connection)| connection)
    }
}
