//! The door: what stands between the network and tiny_http.
//!
//! tiny_http has no limits and no timeouts, accepts requests that two servers read differently,
//! allocates what a client declares, and gives up for good at the first failed `accept`. None of it
//! can be configured. But all it knows of the network it learns through two calls, `accept4` and
//! `recv`, and both lead here (`calls`):
//!
//! - `accepting` gives tiny_http connections while there is room for them, and never an error;
//! - `reading` receives a request in the connection's own thread, judges its head (`head`), waits
//!   for its body (`chunked`), and hands tiny_http the line of a valid request that is here as a
//!   whole, once the one before it has its reply. What is not valid, too large or too slow is refused
//!   (`refusal`) on the spot, and tiny_http reads the end of the stream.
//!
//! So tiny_http never waits for half a request, never holds more than one of a connection, and never
//! sees a field or a body: those are in `received.rs` for whoever answers. It costs no system call.

mod accepting;
mod calls;
pub mod chunked;
mod fields;
pub mod head;
mod reading;
mod refusal;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use super::connection::Connection;
use super::shared::{Shared, lock};
use super::sockets;
use crate::vitals::count;
use accepting::Kernel;

pub use head::Persistence;
pub use reading::Inbox;
pub use refusal::Refusal;

/// How many servers there are in the process: the calls of a process without one pass at once.
static SERVERS: AtomicUsize = AtomicUsize::new(0);

/// The servers by their listening socket's cookie.
static BY_LISTENER: RwLock<Vec<(u64, Weak<Shared>)>> = RwLock::new(Vec::new());

/// All connections of all servers by their socket's cookie.
static BY_SOCKET: Mutex<Option<HashMap<u64, Arc<Connection>>>> = Mutex::new(None);

thread_local! {
    /// The connection whose thread this is.
    static SEAT: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

/// A thread's hold on its connection: when it ends, for whatever reason, the connection does.
struct Seat {
    fd: RawFd,
    connection: Arc<Connection>,
    /// The thread has read the end of the stream, and leaves in good order.
    is_over: bool,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.is_over {
            // Only a panic ends a thread before.
            count(&self.connection.shared.vitals.panics);
        }
        leave(&self.connection);
    }
}

/// From here on, connections to this listener come through the door.
///
/// # Errors
/// When the kernel does not say which socket it is.
pub fn open(listener: &TcpListener, shared: &Arc<Shared>) -> io::Result<()> {
    let cookie = sockets::cookie(listener.as_raw_fd()).ok_or_else(io::Error::last_os_error)?;
    let mut servers = BY_LISTENER.write().unwrap_or_else(PoisonError::into_inner);
    servers.retain(|(_, server)| server.strong_count() > 0);
    servers.push((cookie, Arc::downgrade(shared)));
    SERVERS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

fn is_in_use() -> bool {
    SERVERS.load(Ordering::Relaxed) > 0
}

/// Reads for tiny_http; `None` when the descriptor is not a connection of a server.
fn read(fd: RawFd, into: &mut [u8]) -> Option<usize> {
    if into.is_empty() {
        // Reading nothing is not the end of the stream.
        return None;
    }
    SEAT.try_with(|seat| {
        let mut seat = seat.borrow_mut();
        let connection = match &*seat {
            Some(seat) if seat.fd == fd => &seat.connection,
            _ => {
                let connection = find(fd)?;
                if !accepting::greet(&connection) {
                    leave(&connection);
                    return Some(0);
                }
                let is_over = false;
                &seat
                    .insert(Seat {
                        fd,
                        connection,
                        is_over,
                    })
                    .connection
            }
        };
        let read = connection.read(into);
        if read == 0
            && let Some(mut seat) = seat.take()
        {
            seat.is_over = true;
        }
        Some(read)
    })
    .ok()
    .flatten()
}

/// Accepts for tiny_http; `None` when the descriptor is not the listener of a server.
fn accept(fd: RawFd, kernel: &Kernel) -> Option<RawFd> {
    let cookie = sockets::cookie(fd)?;
    let server = {
        let servers = BY_LISTENER.read().unwrap_or_else(PoisonError::into_inner);
        let found = servers.iter().find(|(listener, _)| *listener == cookie)?;
        found.1.upgrade()?
    };
    Some(accepting::accept(&server, fd, kernel))
}

fn find(fd: RawFd) -> Option<Arc<Connection>> {
    let cookie = sockets::cookie(fd)?;
    lock(&BY_SOCKET).as_ref()?.get(&cookie).cloned()
}

fn enter(connection: &Arc<Connection>) {
    let mut all = lock(&BY_SOCKET);
    all.get_or_insert_default()
        .insert(connection.cookie, Arc::clone(connection));
}

/// Nothing will be read from it any more.
fn leave(connection: &Connection) {
    connection.cut();
    drop(connection.take_place());
    if let Some(all) = lock(&BY_SOCKET).as_mut() {
        all.remove(&connection.cookie);
    }
    connection.shared.connections.remove(connection);
}
