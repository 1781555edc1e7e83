//! A thread that watches connections from outside.
//!
//! tiny_http's thread pool counts a thread as free until it has woken (`util/task_pool.rs`), so
//! a burst of connections can queue several behind threads that stay with other connections for
//! good: they look open to their clients and are never read. Two measures, both from outside:
//!
//! - **Pins**: at start, connections to ourselves occupy the pool's permanent threads, so that
//!   the usual connection finds none waiting and gets a thread of its own.
//! - **Kicks**: a connection whose bytes nobody has read for a tick gets one short connection to
//!   ourselves: the thread that serves it is done at once and takes the stranded one from the
//!   pool's queue.
//!
//! It also notices when tiny_http's accept thread has died: by an error that is also reported, or
//! by a panic, for want of a descriptor or a thread, that is not. Then nobody but us holds the
//! listener any more.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::sockets::{self, Readable};
use crate::vitals::count;

/// The stall a stranded client sees is one to two of these.
const TICK: Duration = Duration::from_millis(20);

/// Counting connections looks at every descriptor, so it is done less often.
const CENSUS_EVERY: Duration = Duration::from_secs(1);

/// More stranded connections than this get their kick at the next tick.
const KICKS_PER_TICK: usize = 64;

/// As many as tiny_http's pool keeps threads for ever (`MIN_THREADS` in `util/task_pool.rs`).
const PINS: usize = 4;

/// A connection to ourselves must not hang when the backlog is full.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// Connections to ourselves that stay open and send nothing.
pub struct Pins(Vec<TcpStream>);

impl Pins {
    /// # Errors
    /// When the server's own address cannot be reached.
    pub fn set(own: SocketAddr) -> io::Result<Pins> {
        let pins: io::Result<_> = (0..PINS)
            .map(|_| TcpStream::connect_timeout(&own, CONNECT_TIMEOUT))
            .collect();
        Ok(Pins(pins?))
    }
}

pub struct Warden {
    pins: Pins,
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// Bytes of one connection that nobody reads.
struct Unread {
    bytes: usize,
    ticks: u32,
    seen_at: Instant,
}

impl Warden {
    /// `listener` is our own descriptor of the server's listening socket.
    pub fn new(pins: Pins, listener: TcpListener, shared: Arc<Shared>) -> Warden {
        Warden {
            pins,
            listener,
            shared,
        }
    }

    /// Watches until the server stops.
    pub fn run(&self) {
        let mut readable = Readable::new();
        let mut unread = HashMap::new();
        let mut next_census = Instant::now();
        while !self.shared.is_stopping() {
            let now = Instant::now();
            if now >= next_census {
                self.take_census();
                next_census = now + CENSUS_EVERY;
            }
            for _ in 0..self
                .stranded(&mut readable, &mut unread, now)
                .min(KICKS_PER_TICK)
            {
                count(&self.shared.vitals.connections_kicked);
                // It is over as soon as it is there: the thread that gets it reads end of file.
                drop(TcpStream::connect_timeout(
                    &self.shared.own,
                    CONNECT_TIMEOUT,
                ));
            }
            std::thread::sleep(TICK);
        }
    }

    fn take_census(&self) {
        let connections = sockets::connections(self.shared.own.port()).count();
        self.shared.vitals.connections.store(
            connections.saturating_sub(self.pins.0.len()),
            Ordering::Relaxed,
        );
        // The server's clone of the listener and the warden's; a third is tiny_http's.
        if (1..=2).contains(&sockets::holders(&self.listener)) {
            self.shared
                .accept_failed(&io::Error::other("the thread that accepts has died"));
        }
    }

    /// How many connections to kick now.
    fn stranded(
        &self,
        readable: &mut Readable,
        unread: &mut HashMap<u64, Unread>,
        now: Instant,
    ) -> usize {
        let mut due = 0;
        for connection in readable.connections(self.shared.own.port()) {
            let bytes = connection.unread_bytes();
            if bytes == 0 {
                continue;
            }
            let entry = unread.entry(connection.cookie()).or_insert(Unread {
                bytes,
                ticks: 0,
                seen_at: now,
            });
            if entry.bytes != bytes {
                *entry = Unread {
                    bytes,
                    ticks: 0,
                    seen_at: now,
                };
            } else if entry.seen_at != now {
                entry.ticks += 1;
                entry.seen_at = now;
                // One kick frees one connection. What is still unread later on waits for a
                // worker rather than for a thread, and is asked about less and less often.
                due += usize::from(entry.ticks.is_power_of_two());
            }
        }
        unread.retain(|_, entry| entry.seen_at == now);
        due
    }
}
