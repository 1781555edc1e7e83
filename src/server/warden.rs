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
//! The pool also wakes its idle threads in turn. A thread leaves after five idle seconds, so after a
//! burst of connections a little traffic is enough to keep all of them. Then the warden puts another
//! tiny_http server in front, and the threads of the one before leave with their last connections.
//! It does the same when the accept thread has died, which happens for want of a thread. And it
//! notices when a lane of workers is stuck.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log::{debug, error, warn};

use super::connections::Connections;
use super::handover::Yielded;
use super::shared::{CONNECT_TIMEOUT, Shared};
use crate::memory;
use crate::vitals::{count, read};

/// The stall a stranded client sees is one to two of these.
const TICK: Duration = Duration::from_millis(20);

/// More stranded connections than this get their kick at the next tick.
const KICKS_PER_TICK: usize = 64;

/// As many as tiny_http's pool keeps threads for ever (`MIN_THREADS` in `util/task_pool.rs`).
pub const PINS: usize = 4;

/// How long a connection to ourselves may take to be accepted.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait before another try to replace the accept thread.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// More idle threads than this are too many.
const IDLE_THREADS_MAX: usize = 64;

/// For how long they have to be too many: the next burst may need them.
const IDLE_PATIENCE: Duration = Duration::from_millis(500);

/// By then the idle threads of the server before have left.
const REPLACEMENT_PAUSE: Duration = Duration::from_secs(7);

/// So many threads fewer than at the most since memory was given back, and it is time to do it again.
const TIDE_THREADS: usize = 64;

/// But not more often than this.
const TIDE_PAUSE: Duration = Duration::from_secs(5);

/// When nobody has accepted for this long, the server is given up.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// Connections to ourselves that stay open and send nothing.
#[derive(Default)]
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

/// Since when there have been too many idle threads, and when something was done about it last.
#[derive(Default)]
struct Crowded {
    since: Option<Instant>,
    replaced_at: Option<Instant>,
}

impl Crowded {
    fn is_replacement_due(&mut self, shared: &Shared, now: Instant) -> bool {
        let threads = shared.pool_threads.load(Ordering::SeqCst);
        let unstarted = shared.connections.unstarted();
        let started = shared.connections.count().saturating_sub(unstarted);
        if threads <= started + IDLE_THREADS_MAX {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        let is_long_ago = |replaced_at: Instant| now - replaced_at >= REPLACEMENT_PAUSE;
        let is_due = now - since >= IDLE_PATIENCE && self.replaced_at.is_none_or(is_long_ago);
        // A connection that still waits for a thread of this pool must not be left to it.
        if !is_due || unstarted > 0 || !shared.has_spare_threads || shared.has_closed() {
            return false;
        }
        *self = Crowded {
            since: None,
            replaced_at: Some(now),
        };
        true
    }
}

/// How many threads there were at most since memory was last given back.
struct Tide {
    high: usize,
    ebbed_at: Instant,
}

impl Tide {
    /// Whether a burst is over that has left memory behind.
    fn has_ebbed(&mut self, threads: usize, now: Instant) -> bool {
        self.high = self.high.max(threads);
        let has_ebbed = threads + TIDE_THREADS <= self.high && now - self.ebbed_at >= TIDE_PAUSE;
        if has_ebbed {
            *self = Tide {
                high: threads,
                ebbed_at: now,
            };
        }
        has_ebbed
    }
}

impl Warden<'_> {
    /// Watches until the server stops.
    pub fn run(&self, pins: &mut Pins) {
        let now = Instant::now();
        let mut lanes = [0; 2].map(|done| Watch { done, since: now });
        let mut accepted_at = now;
        let mut crowded = Crowded::default();
        let mut tide = Tide {
            high: 0,
            ebbed_at: now,
        };
        while !self.shared.is_stopping() {
            thread::sleep(TICK);
            if self.shared.handover.has(Yielded::NewConnections) {
                // Nobody accepts, on purpose.
                continue;
            }
            self.kick();
            let now = Instant::now();
            if self.shared.accepts() || self.shared.has_closed() {
                accepted_at = now;
            } else {
                self.put_another_in_front(pins, accepted_at);
            }
            if crowded.is_replacement_due(&self.shared, now) {
                self.leave_idle_threads_behind(pins);
            }
            if tide.has_ebbed(self.shared.pool_threads.load(Ordering::SeqCst), now) {
                memory::give_back();
                debug!("memory given back in {:.1?}", now.elapsed());
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
            self.shared.knock();
        }
    }

    /// Lets the idle threads of tiny_http's pool go.
    fn leave_idle_threads_behind(&self, pins: &mut Pins) {
        match self.shared.open_front(self.listener) {
            Ok(()) => {
                count(&self.shared.vitals.pool_replacements);
                debug!("many threads are idle; another pool takes the place of theirs");
                // The accept thread of the server before has waited for longer than the new one,
                // so it gets the next connection, and notices.
                self.shared.knock();
                self.set_pins(pins);
            }
            Err(cause) => debug!("many threads are idle, and stay: {cause}"),
        }
    }

    fn set_pins(&self, pins: &mut Pins) {
        // Without pins, kicks do.
        if let Ok(set) = Pins::set(self.shared.own, &self.shared.connections) {
            *pins = set;
        }
    }

    fn put_another_in_front(&self, pins: &mut Pins, accepted_at: Instant) {
        if accepted_at.elapsed() > LOST_AFTER {
            let cause = io::Error::other("no accept thread could be started for 10 seconds");
            self.shared.give_up(&cause);
        }
        match self.shared.open_front(self.listener) {
            Ok(()) => {
                count(&self.shared.vitals.accept_restarts);
                warn!("the accept thread has died, and another has taken its place");
                self.set_pins(pins);
            }
            Err(cause) => {
                error!("the accept thread has died, and another cannot be started: {cause}");
                thread::sleep(RETRY_PAUSE);
            }
        }
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
