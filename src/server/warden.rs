//! The thread that looks after what nobody else does.
//!
//! tiny_http's thread pool counts a thread as free until it has woken (`util/task_pool.rs`), so
//! a burst of connections can queue several behind threads that stay with other connections for
//! good: they look open to their clients and are never read. Two measures, both from outside:
//!
//! - **Pins**: at start, connections to ourselves occupy the pool's permanent threads, so that
//!   the usual connection finds none waiting and gets a thread of its own.
//! - **Kicks**: a connection that has got no thread for a tick gets one short connection to
//!   ourselves: the thread that serves it is done at once and takes the stranded one from the
//!   pool's queue.
//!
//! When the accept thread has died, which it does for want of a thread, the warden puts another
//! tiny_http server in front. And it notices when a lane of workers is stuck.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log::{error, warn};

use super::connections::Connections;
use super::shared::Shared;
use crate::vitals::{count, read};

/// The stall a stranded client sees is one to two of these.
const TICK: Duration = Duration::from_millis(20);

/// More stranded connections than this get their kick at the next tick.
const KICKS_PER_TICK: usize = 64;

/// As many as tiny_http's pool keeps threads for ever (`MIN_THREADS` in `util/task_pool.rs`).
pub const PINS: usize = 4;

/// A connection to ourselves must not hang when the backlog is full.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a new tiny_http server may take to accept, and a pin to be accepted.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait before another try to replace the accept thread.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// When nobody has accepted for this long, the server is given up.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// Connections to ourselves that stay open and send nothing.
pub struct Pins {
    /// Only held.
    _streams: Vec<TcpStream>,
}

impl Pins {
    /// Sets the pins, and sees that they come in through the door.
    ///
    /// # Errors
    /// When the server's own address cannot be reached, or its connections do not come through the
    /// door: nothing would be limited then.
    pub fn set(own: SocketAddr, connections: &Connections) -> io::Result<Pins> {
        let streams = (0..PINS).map(|_| {
            let stream = TcpStream::connect_timeout(&own, CONNECT_TIMEOUT)?;
            let address = stream.local_addr()?;
            let deadline = Instant::now() + ACCEPT_PATIENCE;
            while Instant::now() < deadline {
                if let Some(connection) = connections.find(address) {
                    connection.is_pin.store(true, Ordering::SeqCst);
                    return Ok(stream);
                }
                thread::sleep(Duration::from_micros(50));
            }
            Err(io::Error::other(
                "tiny_http's connections do not come through accept4 and recv as this program \
                 defines them, so it cannot protect them (src/server/door/calls.rs)",
            ))
        });
        Ok(Pins {
            _streams: streams.collect::<io::Result<_>>()?,
        })
    }
}

pub struct Warden<'a> {
    /// Our own descriptor of the server's listening socket.
    pub listener: &'a TcpListener,
    pub shared: Arc<Shared>,
}

/// One lane of workers, as the watchdog sees it.
struct Watch {
    done: usize,
    since: Instant,
}

impl Warden<'_> {
    /// Watches until the server stops.
    pub fn run(&self, pins: &mut Pins) {
        let now = Instant::now();
        let mut lanes = [0; 2].map(|done| Watch { done, since: now });
        let mut accepted_at = now;
        while !self.shared.is_stopping() {
            thread::sleep(TICK);
            self.kick();
            let now = Instant::now();
            if self.shared.accepts() || self.shared.has_closed() {
                accepted_at = now;
            } else {
                self.put_another_in_front(pins, accepted_at);
            }
            self.watch(&mut lanes, now);
            let connections = self.shared.connections.count().saturating_sub(PINS);
            let figure = &self.shared.vitals.connections;
            figure.store(connections, Ordering::Relaxed);
        }
    }

    /// Gets connections going that tiny_http has given no thread.
    fn kick(&self) {
        if self.shared.connections.unstarted() == 0 {
            return;
        }
        let now = self.shared.now_ms();
        let is_stranded = |age_ms: u64| age_ms >= TICK.as_millis() as u64;
        let all = self.shared.connections.all();
        let stranded = all
            .iter()
            .filter(|c| !c.has_started() && is_stranded(now.saturating_sub(c.since_ms())));
        for _ in stranded.take(KICKS_PER_TICK) {
            count(&self.shared.vitals.connections_kicked);
            // It is over as soon as it is there: the thread that gets it reads end of file.
            drop(TcpStream::connect_timeout(
                &self.shared.own,
                CONNECT_TIMEOUT,
            ));
        }
    }

    fn put_another_in_front(&self, pins: &mut Pins, accepted_at: Instant) {
        if accepted_at.elapsed() > LOST_AFTER {
            let cause = io::Error::other("no accept thread could be started for 10 seconds");
            self.shared.give_up(&cause);
        }
        match self.try_another_in_front() {
            Ok(()) => {
                count(&self.shared.vitals.accept_restarts);
                warn!("the accept thread has died, and another has taken its place");
                // Without pins, kicks do.
                if let Ok(set) = Pins::set(self.shared.own, &self.shared.connections) {
                    *pins = set;
                }
            }
            Err(cause) => {
                error!("the accept thread has died, and another cannot be started: {cause}");
                thread::sleep(RETRY_PAUSE);
            }
        }
    }

    fn try_another_in_front(&self) -> io::Result<()> {
        self.shared.open_front(self.listener)?;
        // Its first act is to accept. One that gets no threads for its pool dies before.
        let deadline = Instant::now() + ACCEPT_PATIENCE;
        while !self.shared.accepts() {
            if Instant::now() > deadline {
                return Err(io::Error::other("it gets no threads for its pool"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Notes for how long a lane has had no free worker and finished nothing.
    fn watch(&self, lanes: &mut [Watch; 2], now: Instant) {
        let vitals = &self.shared.vitals;
        type Figures<'a> = [&'a AtomicUsize; 3];
        let figures: [Figures; 2] = [
            [
                &vitals.express_workers,
                &vitals.express_busy,
                &vitals.express_done,
            ],
            [&vitals.bulk_workers, &vitals.bulk_busy, &vitals.bulk_done],
        ];
        let mut stuck = Duration::ZERO;
        for (lane, [workers, busy, done]) in lanes.iter_mut().zip(figures) {
            let done = read(done);
            if read(busy) < read(workers) || done != lane.done {
                *lane = Watch { done, since: now };
            }
            stuck = stuck.max(now - lane.since);
        }
        vitals
            .stuck_seconds
            .store(stuck.as_secs() as usize, Ordering::Relaxed);
    }
}
