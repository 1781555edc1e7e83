//! The HTTP server: tiny_http, a fixed set of named threads around it, and its end.
//!
//! It knows sockets and threads, and nothing of prices or routes: what to do with a request is
//! the [`Service`]'s business. tiny_http is named nowhere else. Why some of this is odd is said
//! where it is: tiny_http has no limits, no timeouts and no access to its sockets.

mod body;
mod shared;
mod sockets;
mod warden;
mod wire;
mod worker;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{Limits, reachable};
use crate::deployment::{Lifecycle, Phase};
use crate::exchange::{Endpoint, Service};
use crate::vitals::Vitals;
use shared::{Shared, lock};
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

/// A worker's stack. Handlers are shallow; the deepest thing is JSON, nested 128 levels at most.
const STACK_BYTES: usize = 512 << 10;

/// What the server is told besides its parts.
pub struct Options {
    pub limits: Limits,
    /// Header lines every reply carries, each ended by CR LF.
    pub standing_headers: String,
    pub access_log: bool,
}

pub struct Server {
    http: Arc<tiny_http::Server>,
    /// Shares its file description with tiny_http's listener, which has no handle to stop it.
    listener: TcpListener,
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
        sockets::listen_with_backlog(&listener, BACKLOG)?;
        sockets::set_nodelay(&listener)?;
        let own = reachable(listener.local_addr()?);
        let http = tiny_http::Server::from_listener(listener.try_clone()?, None)
            .map_err(io::Error::other)?;
        let http = Arc::new(http);
        let pins = Pins::set(own)?;
        let limits = options.limits;
        vitals
            .express_workers
            .store(limits.express_workers, Ordering::Relaxed);
        vitals
            .bulk_workers
            .store(limits.bulk_workers, Ordering::Relaxed);
        let (bulk, jobs) = crossbeam_channel::bounded(limits.bulk_queue);
        let shared = Arc::new(Shared {
            service,
            lifecycle,
            vitals,
            limits,
            standing_headers: options.standing_headers.into(),
            access_log: options.access_log,
            own,
            bulk,
            stopping: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            parked: Mutex::default(),
            held: Mutex::default(),
            in_hand: (0..limits.express_workers)
                .map(|_| Mutex::default())
                .collect(),
            in_bulk: Mutex::default(),
        });
        for number in 0..limits.express_workers {
            let (http, worker) = (
                Arc::clone(&http),
                Worker::new(Arc::clone(&shared), Lane::Express),
            );
            spawn(format!("express-{number}"), move || {
                worker.run_express(number, &http)
            })?;
        }
        for number in 0..limits.bulk_workers {
            let (jobs, worker) = (jobs.clone(), Worker::new(Arc::clone(&shared), Lane::Bulk));
            spawn(format!("bulk-{number}"), move || worker.run_bulk(&jobs))?;
        }
        let warden = Warden::new(pins, listener.try_clone()?, Arc::clone(&shared));
        spawn("warden".into(), move || warden.run())?;
        Ok(Server {
            http,
            listener,
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

    /// Holds a place for every request already on its way; call it right before the drain.
    pub fn hold_unanswered(&self) {
        self.shared.hold_unanswered();
    }

    /// Gives back the held places that nobody needs any more.
    pub fn release_answered(&self) {
        self.shared.release_answered();
    }

    /// The endpoints of the requests that have been in flight for longer than a moment.
    pub fn unfinished(&self) -> Vec<Endpoint> {
        let in_bulk = lock(&self.shared.in_bulk);
        in_bulk.iter().map(|(_, endpoint)| *endpoint).collect()
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
        self.stop_accepting();
        self.shared.stopping.store(true, Ordering::SeqCst);
        for _ in 0..self.shared.limits.express_workers {
            self.http.unblock();
        }
        self.refuse_backlog();
    }

    /// Waits until every connection has its answers, for a moment at most.
    fn linger(&self) {
        let deadline = Instant::now() + LINGER_MAX;
        let mut quiet_since = Instant::now();
        while Instant::now() < deadline && quiet_since.elapsed() < QUIET {
            if sockets::connections(self.shared.own.port()).any(|c| c.is_unanswered()) {
                quiet_since = Instant::now();
            }
            thread::sleep(LINGER_TICK);
        }
    }

    /// Ends tiny_http's accept thread, and only it: the flag is shared with its listener, and an
    /// accept that would block is an error to it, which is final. `shutdown(2)` on the listener
    /// would reset the connections in its backlog.
    fn stop_accepting(&self) {
        if self.listener.set_nonblocking(true).is_ok() {
            // The thread is blocked inside accept; one connection gets it out.
            drop(TcpStream::connect_timeout(&self.shared.own, LINGER_MAX));
        }
    }

    /// Tells those who connected in the last moment, or whom nobody accepted, to go elsewhere.
    fn refuse_backlog(&self) {
        let goodbye = Writer::new(Arc::clone(&self.shared.standing_headers))
            .whole(&worker::refusal(Phase::Stopped), &Manner::closing());
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

/// Threads are never joined: they end by themselves when the server stops, or, stuck with a
/// client, with the process.
fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name)
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map(drop)
}
