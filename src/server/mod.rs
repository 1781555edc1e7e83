//! The HTTP server: tiny_http, a fixed set of named threads around it, and its end.
//!
//! It knows sockets and threads, and nothing of prices or routes: what to do with a request is
//! the [`Service`]'s business. tiny_http is named nowhere else. What it lacks, which is every limit
//! and every timeout, is added around it. A request's way: `door`, tiny_http, `worker`, and for a
//! client that takes its reply slowly `courier`.

mod connection;
mod connections;
mod courier;
pub mod door;
mod handover;
mod received;
mod room;
mod shared;
mod sockets;
mod warden;
mod wire;
mod worker;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{Limits, reachable};
use crate::deployment::{Lifecycle, Phase};
use crate::exchange::{Endpoint, Reply, Service};
use crate::vitals::Vitals;
use connections::Connections;
use courier::Courier;
use handover::Handover;
pub use handover::NotHandedOver;
use shared::{Front, Shared, lock};
use warden::{Pins, Warden};
use wire::{Manner, Writer};
use worker::{Lane, Worker};

/// Connections the kernel may hold for us until they are accepted; it lowers this to
/// `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// How long, after the drain, to wait for requests that were already on their way.
const LINGER_MAX: Duration = Duration::from_millis(200);

/// The linger ends early once nothing has been unanswered for this long.
const QUIET: Duration = Duration::from_millis(30);

const LINGER_TICK: Duration = Duration::from_millis(5);

/// Business requests that were refused should come back this much later, in seconds: by then a
/// balancer has noticed, and another instance answers.
const RETRY_AFTER_SECONDS: u64 = 1;

/// How long a thread of ours that has panicked rests before it goes on.
const PANIC_PAUSE: Duration = Duration::from_millis(100);

/// A worker's stack. Handlers are shallow; the deepest thing is JSON, nested 128 levels at most.
const STACK_BYTES: usize = 512 << 10;

/// What the server is told besides its parts.
pub struct Options {
    pub limits: Limits,
    /// Header lines every reply carries, each ended by CR LF.
    pub standing_headers: String,
    /// Somebody else holds the listener as well, and will have it served again.
    pub is_listener_shared: bool,
    /// Open connections that the program before this one has left.
    pub inherited: Vec<OwnedFd>,
}

pub struct Server {
    /// Shares its file description with tiny_http's listener, which has no handle to stop it.
    listener: TcpListener,
    is_listener_shared: bool,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts answering on a bound listener.
    ///
    /// # Errors
    /// When the listener cannot be used or a thread cannot be started.
    pub fn start(
        listener: TcpListener,
        service: Service,
        lifecycle: Arc<Lifecycle>,
        vitals: Arc<Vitals>,
        options: Options,
    ) -> io::Result<Server> {
        let limits = options.limits;
        sockets::listen_with_backlog(&listener, BACKLOG)?;
        // Twice as long, so that a client that takes nothing is ended by us, and counted.
        sockets::set_inherited_options(&listener, 2 * limits.write_timeout)?;
        let own = reachable(listener.local_addr()?);
        let workers = limits.express_workers + limits.bulk_workers;
        let room = room::for_connections(limits.connections_max, workers);
        for (figure, value) in [
            (&vitals.express_workers, limits.express_workers),
            (&vitals.bulk_workers, limits.bulk_workers),
            (&vitals.connections_max, room.connections),
        ] {
            figure.store(value, Ordering::Relaxed);
        }
        let (bulk, jobs) = crossbeam_channel::bounded(limits.bulk_queue);
        // As many as there are connections at most.
        let (courier, parcels) = crossbeam_channel::unbounded();
        let shared = Arc::new(Shared {
            service,
            lifecycle,
            vitals,
            limits,
            standing_headers: options.standing_headers.into(),
            own,
            started: Instant::now(),
            connections: Connections::default(),
            newest: Mutex::default(),
            has_spare_threads: room.has_spare_threads,
            pool_threads: AtomicUsize::new(0),
            body_bytes: AtomicUsize::new(0),
            short_since_ms: AtomicU64::new(0),
            bulk,
            courier,
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            parked: Mutex::default(),
            front: Front::default(),
            handover: Handover::default(),
            inherited: Mutex::default(),
        });
        door::open(&listener, &shared)?;
        shared.open_front(&listener)?;
        for number in 0..limits.express_workers {
            spawn(&shared, format!("express-{number}"), |shared| {
                Worker::new(Arc::clone(shared), Lane::Express).run_express();
            })?;
        }
        for number in 0..limits.bulk_workers {
            let jobs = jobs.clone();
            spawn(&shared, format!("bulk-{number}"), move |shared| {
                Worker::new(Arc::clone(shared), Lane::Bulk).run_bulk(&jobs);
            })?;
        }
        spawn(&shared, "courier".into(), move |shared| {
            let (shared, parcels) = (Arc::clone(shared), parcels.clone());
            Courier { shared, parcels }.run();
        })?;
        let pins = match Pins::set(own, &shared.connections) {
            // So many have waited for us to start that ours did not come in; the others did.
            Err(_) if shared.connections.count() > 0 => Pins::default(),
            outcome => outcome?,
        };
        let pins = Mutex::new(pins);
        if !options.inherited.is_empty() {
            *lock(&shared.inherited) = options.inherited;
            shared.knock();
        }
        let watched = listener.try_clone()?;
        spawn(&shared, "warden".into(), move |shared| {
            let (listener, shared) = (&watched, Arc::clone(shared));
            Warden { listener, shared }.run(&mut lock(&pins));
        })?;
        Ok(Server {
            listener,
            is_listener_shared: options.is_listener_shared,
            shared,
        })
    }

    /// The bound address, with the port the kernel chose.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Whether accepting has failed for good.
    pub fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::SeqCst)
    }

    /// Our own descriptor of the listening socket.
    pub fn listener(&self) -> RawFd {
        self.listener.as_raw_fd()
    }

    /// Stands still: nobody accepts, nobody reads a new request, and what was in work is done. Returns
    /// the open connections, for a successor that goes on with them and the listener.
    ///
    /// # Errors
    /// When a request takes longer than `patience`. Everything goes on as before then.
    pub fn hand_over(&self, patience: Duration) -> Result<Vec<RawFd>, NotHandedOver> {
        self.shared.hand_over(patience)
    }

    /// Goes on as before: there is no successor.
    pub fn take_back(&self) {
        self.shared.take_back();
    }

    /// Holds a place for every request already on its way; call it right before the drain.
    pub fn hold_unanswered(&self) {
        self.shared.hold_unanswered();
    }

    /// Gives back the held places that nobody needs any more.
    pub fn release_answered(&self) {
        self.shared.release_answered();
    }

    /// The endpoints of the requests in flight. A request whose head is not here has none.
    pub fn unfinished(&self) -> Vec<Endpoint> {
        self.shared.unfinished()
    }

    /// Ends the server after the drain: answers those who waited for it, lingers for requests
    /// that were on their way, stops accepting, refuses what is left in the backlog.
    ///
    /// Threads that are stuck with a client are left behind; the process is about to exit.
    pub fn stop(self) {
        let mut worker = Worker::new(Arc::clone(&self.shared), Lane::Bulk);
        let parked = std::mem::take(&mut *lock(&self.shared.parked));
        for caller in parked {
            worker.answer_parked(caller);
        }
        self.linger();
        if !self.is_listener_shared {
            self.stop_accepting();
        }
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some((http, _)) = self.shared.front() {
            self.shared.wake_workers(&http);
        }
        if !self.is_listener_shared {
            self.refuse_backlog();
        }
    }

    /// Leaves new connections to whoever else holds the listener, and serves on until those that
    /// are here have their replies, for a moment at most.
    pub fn leave_backlog(&self) {
        self.shared.leave_backlog(LINGER_MAX);
        self.linger();
    }

    /// Waits until every connection has its answers, for a moment at most.
    fn linger(&self) {
        let deadline = Instant::now() + LINGER_MAX;
        let mut quiet_since = Instant::now();
        while Instant::now() < deadline && quiet_since.elapsed() < QUIET {
            let all = self.shared.connections.all();
            if all.iter().any(|connection| connection.is_unanswered()) {
                quiet_since = Instant::now();
            }
            thread::sleep(LINGER_TICK);
        }
    }

    /// Ends tiny_http's accept thread, and only it: the flag is shared with its listener, and an
    /// accept that would block is an error to it, which is final. `shutdown(2)` on the listener
    /// would reset the connections in its backlog.
    fn stop_accepting(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        if self.listener.set_nonblocking(true).is_ok() {
            // The thread is blocked inside accept; one connection gets it out.
            drop(TcpStream::connect_timeout(&self.shared.own, LINGER_MAX));
        }
    }

    /// Tells those who connected in the last moment, or whom nobody accepted, to go elsewhere.
    fn refuse_backlog(&self) {
        let goodbye = Writer::new(Arc::clone(&self.shared.standing_headers))
            .whole(&refusal(Phase::Stopped), &Manner::closing());
        let deadline = Instant::now() + QUIET;
        while Instant::now() < deadline {
            let Ok((mut stream, _)) = self.listener.accept() else {
                return;
            };
            // Reading what was sent keeps the close from turning into a reset.
            let mut request = [0; 4_096];
            let _ = stream.set_read_timeout(Some(LINGER_TICK));
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&goodbye);
        }
    }
}

/// Why business is not let in, in the phase it was found in.
fn refusal(phase: Phase) -> Reply {
    let detail = match phase {
        Phase::Starting => "Service is starting",
        _ => "Service is shutting down",
    };
    Reply::unavailable(detail, RETRY_AFTER_SECONDS)
}

fn too_many_connections() -> Reply {
    Reply::unavailable("Too many connections; try again", RETRY_AFTER_SECONDS)
}

/// Starts a thread that goes on after a panic. Threads are never joined: they end by themselves when
/// the server stops, or, stuck, with the process.
fn spawn(
    shared: &Arc<Shared>,
    name: String,
    work: impl Fn(&Arc<Shared>) + Send + 'static,
) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let work = move || {
        while shared.survive(|| work(&shared)).is_none() {
            thread::sleep(PANIC_PAUSE);
        }
    };
    thread::Builder::new()
        .name(name)
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map(drop)
}
