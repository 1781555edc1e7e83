//! One client's connection, as everybody on the server sees it.
//!
//! tiny_http has a thread and two descriptors for each; the descriptor here is a third, so that
//! anybody may answer on it or end it whatever tiny_http does meanwhile.
//!
//! | stage | who acts | left when |
//! | --- | --- | --- |
//! | Idle | nobody | the client sends something |
//! | Head | its own thread receives a head | the head is complete, or refused |
//! | Body | its own thread receives a body | the body is complete, or refused |
//! | Queued | tiny_http has the whole request | a worker takes it |
//! | Taken | a worker, or the courier | the last byte of the reply is sent: Idle |
//! | Closing | its own thread says goodbye | the client has gone, or patience is over |

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::door::{Inbox, Persistence};
use super::received::Received;
use super::shared::{Shared, lock};
use super::sockets;
use crate::deployment::Ticket;
use crate::exchange::Endpoint;

/// How long a client may go on sending after its last reply before its connection is closed for good.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// How long the last bytes to a client may take.
const LAST_WORDS_PATIENCE: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    Idle,
    Head,
    Body,
    Queued,
    Taken,
    Closing,
}

impl Stage {
    const ALL: [Stage; 6] = [
        Stage::Idle,
        Stage::Head,
        Stage::Body,
        Stage::Queued,
        Stage::Taken,
        Stage::Closing,
    ];
}

/// No endpoint is in flight.
const NO_ENDPOINT: usize = usize::MAX;

pub struct Connection {
    pub peer: SocketAddr,
    pub cookie: u64,
    pub shared: Arc<Shared>,
    /// Which of the tiny_http servers that followed each other accepted it.
    pub generation: usize,
    pub stream: TcpStream,
    /// Connections to ourselves that occupy a thread; never ended for being idle.
    pub is_pin: AtomicBool,
    /// Somebody has ended it; its thread may not have noticed.
    is_cut: AtomicBool,
    pub inbox: Mutex<Inbox>,
    /// The request in work, if any.
    pub received: Mutex<Received>,
    /// The thread tiny_http gave it.
    reader: OnceLock<(Thread, libc::pid_t)>,
    /// Its thread is held up: what the client sends is for a successor.
    pub is_held: AtomicBool,
    stage: AtomicU8,
    /// When the stage began, unless a request is in work, in milliseconds of the server's life.
    since_ms: AtomicU64,
    /// Whether it ever got a reply.
    was_served: AtomicBool,
    persistence: AtomicU8,
    /// Bytes read from the socket, to be compared with those the kernel has received.
    pub bytes_taken: AtomicU64,
    /// Whether the reader waits for the reply to be sent.
    is_awaited: AtomicBool,
    /// The place of a request that is on its way but that no worker has yet.
    place: Mutex<Option<Ticket>>,
    /// What is in flight.
    endpoint: AtomicUsize,
}

impl Connection {
    pub fn new(
        shared: Arc<Shared>,
        generation: usize,
        stream: TcpStream,
        peer: SocketAddr,
        cookie: u64,
        bytes_read: u64,
    ) -> Connection {
        Connection {
            peer,
            cookie,
            generation,
            stream,
            is_pin: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
            inbox: Mutex::default(),
            received: Mutex::default(),
            reader: OnceLock::new(),
            is_held: AtomicBool::new(false),
            stage: AtomicU8::new(Stage::Idle as u8),
            since_ms: AtomicU64::new(shared.now_ms()),
            was_served: AtomicBool::new(bytes_read > 0),
            persistence: AtomicU8::new(Persistence::KeepAlive as u8),
            bytes_taken: AtomicU64::new(bytes_read),
            is_awaited: AtomicBool::new(false),
            place: Mutex::new(None),
            endpoint: AtomicUsize::new(NO_ENDPOINT),
            shared,
        }
    }

    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::SeqCst))]
    }

    pub fn set_stage(&self, stage: Stage) {
        // A request in work is not asked for its age.
        if !matches!(stage, Stage::Queued | Stage::Taken) {
            self.since_ms.store(self.shared.now_ms(), Ordering::Relaxed);
        }
        self.stage.store(stage as u8, Ordering::SeqCst);
    }

    /// Its thread has begun to read. False when it had before.
    pub fn start(&self) -> bool {
        let reader = (thread::current(), sockets::thread_id());
        self.reader.set(reader).is_ok()
    }

    pub fn has_started(&self) -> bool {
        self.reader.get().is_some()
    }

    /// Makes its thread look up if it waits for the client.
    pub fn interrupt(&self) {
        if let Some((_, thread)) = self.reader.get() {
            sockets::interrupt(*thread);
        }
    }

    pub fn persistence(&self) -> Persistence {
        Persistence::ALL[usize::from(self.persistence.load(Ordering::Relaxed))]
    }

    pub fn set_persistence(&self, persistence: Persistence) {
        self.persistence.store(persistence as u8, Ordering::Relaxed);
    }

    /// A request of this connection counts as in flight from here on.
    pub fn set_in_flight(&self, endpoint: Endpoint) {
        self.endpoint.store(endpoint.0, Ordering::Relaxed);
    }

    /// What of it is in flight.
    pub fn in_flight(&self) -> Option<Endpoint> {
        let endpoint = self.endpoint.load(Ordering::Relaxed);
        (endpoint != NO_ENDPOINT).then_some(Endpoint(endpoint))
    }

    /// Keeps a place for the request on its way.
    pub fn keep_place(&self, ticket: Ticket) {
        let before = lock(&self.place).replace(ticket);
        // Without the lock: the last ticket wakes the drain.
        drop(before);
    }

    pub fn take_place(&self) -> Option<Ticket> {
        lock(&self.place).take()
    }

    pub fn has_place(&self) -> bool {
        lock(&self.place).is_some()
    }

    /// Whether the client has sent something it has no reply to: a request that is still coming in,
    /// waits, or is being answered.
    pub fn is_unanswered(&self) -> bool {
        match self.stage() {
            // Bytes the kernel has and nobody read are as good as read.
            Stage::Idle => {
                let received = sockets::bytes_received(&self.stream).unwrap_or(0);
                received > self.bytes_taken.load(Ordering::SeqCst)
            }
            Stage::Closing => false,
            Stage::Head | Stage::Body | Stage::Queued | Stage::Taken => true,
        }
    }

    /// How gladly it is given up for another, and the one that has been so for the longest first;
    /// `None` while a request of it is in work, and when it would not notice: only its thread can end
    /// a connection, and it has none yet.
    pub fn expendability(&self) -> Option<(Expendable, u64)> {
        if !self.has_started() {
            return None;
        }
        let class = match self.stage() {
            _ if self.is_pin.load(Ordering::Relaxed) || self.is_cut() => return None,
            Stage::Closing => Expendable::Closing,
            Stage::Idle if self.was_served.load(Ordering::Relaxed) => Expendable::IdleClient,
            Stage::Idle => Expendable::NeverAsked,
            Stage::Head => Expendable::Asking,
            Stage::Body | Stage::Queued | Stage::Taken => return None,
        };
        Some((class, self.since_ms()))
    }

    /// When its stage began, in milliseconds of the server's life.
    pub fn since_ms(&self) -> u64 {
        self.since_ms.load(Ordering::Relaxed)
    }

    /// When its body began to come in, in milliseconds of the server's life.
    pub fn in_body_since(&self) -> Option<u64> {
        (self.stage() == Stage::Body && !self.is_cut()).then(|| self.since_ms())
    }

    /// Ends it at once. Its thread, if it reads, reads the end of the stream.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    /// The reply is sent, or never will be.
    fn settle(&self) {
        self.was_served.store(true, Ordering::Relaxed);
        let freed = lock(&self.received).forget();
        if freed > 0 {
            self.shared.body_bytes.fetch_sub(freed, Ordering::Relaxed);
        }
        self.endpoint.store(NO_ENDPOINT, Ordering::Relaxed);
        if self.persistence() == Persistence::Close {
            // Its own thread closes the other half when the client has.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        self.set_stage(Stage::Idle);
        if self.is_awaited.load(Ordering::SeqCst)
            && let Some((reader, _)) = self.reader.get()
        {
            reader.unpark();
        }
    }

    /// Waits until the request that was handed over, if any, has its reply. Only its own thread may.
    pub fn wait_until_settled(&self) {
        let is_in_work = || matches!(self.stage(), Stage::Queued | Stage::Taken);
        if !is_in_work() {
            return;
        }
        self.is_awaited.store(true, Ordering::SeqCst);
        while is_in_work() {
            thread::park();
        }
        self.is_awaited.store(false, Ordering::SeqCst);
    }

    /// Sends the last bytes this client gets and half-closes, then reads and forgets what it has
    /// sent and still sends until it closes or patience is over.
    ///
    /// Closing over unread bytes would send a reset, which can overtake the reply.
    pub fn say_goodbye(&self, last_words: &[u8]) {
        let deadline = Instant::now() + LAST_WORDS_PATIENCE;
        let mut sent = 0;
        while let Ok(taken) = sockets::send(&self.stream, &last_words[sent..], false) {
            sent += taken;
            if sent == last_words.len() || !self.wait(libc::POLLOUT, deadline) {
                break;
            }
        }
        let _ = self.stream.shutdown(Shutdown::Write);
        self.linger();
    }

    /// Reads and forgets until the client closes, or patience is over.
    pub fn linger(&self) {
        let deadline = Instant::now() + GOODBYE_PATIENCE;
        let mut waste = Vec::new();
        while Instant::now() < deadline && self.wait(libc::POLLIN, deadline) {
            waste.clear();
            match sockets::receive(&self.stream, &mut waste, 16 << 10, libc::MSG_DONTWAIT) {
                Ok(1..) => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                _ => break,
            }
        }
        self.cut();
    }

    /// Waits for `POLLIN` or `POLLOUT`; false when the deadline came first.
    pub fn wait(&self, events: libc::c_short, deadline: Instant) -> bool {
        use std::os::fd::AsRawFd;
        sockets::wait(self.stream.as_raw_fd(), events, deadline)
    }
}

/// Which connections are given up for others, the least missed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expendable {
    /// It has had its last reply.
    Closing,
    /// It never sent a byte.
    NeverAsked,
    /// It was served, and may come back: losing it costs a well-behaved client a new connection.
    IdleClient,
    /// Its first bytes are here: giving it up costs a request.
    Asking,
}

/// The duty to answer the request of a connection. Whoever holds it answers; dropped without an
/// answer, as in a panic, it ends the connection.
pub struct Turn {
    connection: Arc<Connection>,
    is_settled: bool,
}

impl Turn {
    pub fn take(connection: Arc<Connection>) -> Turn {
        connection.set_stage(Stage::Taken);
        Turn {
            connection,
            is_settled: false,
        }
    }

    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The last byte of the reply is sent.
    pub fn settle(mut self) {
        self.is_settled = true;
        self.connection.settle();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_settled {
            self.connection.cut();
            self.connection.settle();
        }
    }
}
