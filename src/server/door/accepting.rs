//! Letting connections in: as many as there is room for, whatever the kernel is short of.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use log::warn;

use super::super::connection::{Connection, Stage};
use super::super::handover::Yielded;
use super::super::shared::{Shared, lock};
use super::super::wire::{Manner, Writer};
use super::super::{sockets, too_many_connections};
use crate::vitals::count;

/// How long to wait for a descriptor or for memory when there is none.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(20);

/// A shortage that comes back after this long is logged again.
const SHORTAGE_NEWS: Duration = Duration::from_secs(10);

/// How often an accept thread that has nothing to accept looks up.
const LISTEN_PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait for the threads of connections that were ended to make room.
const ROOM_PATIENCE: Duration = Duration::from_millis(200);

/// How long to wait for those that were let in or ended a moment ago.
const CALM_PATIENCE: Duration = Duration::from_millis(2);

/// How often to look. Others wait in the backlog meanwhile.
const TICK: Duration = Duration::from_micros(50);

/// A connection that was about to be given up may turn out to be used; then another is looked for.
const EVICTION_TRIES: usize = 8;

thread_local! {
    /// This is the accept thread of a tiny_http server.
    static ACCEPTING: RefCell<Option<Accepting>> = const { RefCell::new(None) };

    /// This is a thread of a tiny_http server's pool.
    static POOLED: RefCell<Option<Pooled>> = const { RefCell::new(None) };
}

/// Counts a thread from its first connection to its end.
struct Pooled(Arc<Shared>);

impl Pooled {
    fn new(shared: &Arc<Shared>) -> Pooled {
        name_thread(c"connection");
        shared.pool_threads.fetch_add(1, Ordering::SeqCst);
        Pooled(Arc::clone(shared))
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.0.pool_threads.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Tells the warden when the accept thread ends, even by a panic.
struct Accepting {
    shared: Arc<Shared>,
    generation: usize,
}

impl Drop for Accepting {
    fn drop(&mut self) {
        if !self.shared.has_closed() && self.generation == self.shared.generation() {
            // Nothing else ends it.
            count(&self.shared.vitals.panics);
        }
        self.shared.note_lost_accept_thread();
    }
}

/// What accepting takes from the kernel.
pub struct Kernel<'a> {
    /// Waits for a connection; its address is filled in where the caller of `accept4` wants it.
    pub accept: &'a dyn Fn() -> RawFd,
    /// Does the latter for a connection that is here already. False when it has gone.
    pub name_peer: &'a dyn Fn(RawFd) -> bool,
}

/// Accepts a connection for tiny_http, and returns its descriptor. Returns -1, by which tiny_http's
/// thread ends, only when the server has closed its listener or another accept thread is in front.
pub fn accept(shared: &Arc<Shared>, listener: RawFd, kernel: &Kernel) -> RawFd {
    let generation = ACCEPTING.with(|accepting| {
        let mut accepting = accepting.borrow_mut();
        let accepting = accepting.get_or_insert_with(|| {
            name_thread(c"accept");
            let generation = shared.note_new_accept_thread();
            Accepting {
                shared: Arc::clone(shared),
                generation,
            }
        });
        accepting.generation
    });
    loop {
        if shared.is_past(generation) {
            return -1;
        }
        if shared.handover.has(Yielded::NewConnections) {
            shared.handover.hold_accept();
        }
        let inherited = lock(&shared.inherited).pop();
        if let Some(inherited) = inherited {
            let is_there = (kernel.name_peer)(inherited.as_raw_fd());
            if is_there && let_in(shared, generation, &inherited, true).is_ok() {
                return inherited.into_raw_fd();
            }
            continue;
        }
        let accepted = (kernel.accept)();
        if accepted < 0 {
            if !is_worth_another_try(shared, listener) {
                return accepted;
            }
            continue;
        }
        // SAFETY: the kernel has just made this descriptor for us.
        let accepted = unsafe { OwnedFd::from_raw_fd(accepted) };
        if shared.is_stopping() {
            return accepted.into_raw_fd();
        }
        match let_in(shared, generation, &accepted, false) {
            Ok(()) => return accepted.into_raw_fd(),
            Err(Denied::Full) => turn_away(shared, accepted),
            Err(Denied::Gone | Denied::Shortage) => {}
        }
    }
}

/// Lets a connection in as soon as there are descriptors for it.
fn let_in(
    shared: &Arc<Shared>,
    generation: usize,
    accepted: &OwnedFd,
    is_inherited: bool,
) -> Result<(), Denied> {
    loop {
        match admit(shared, generation, accepted, is_inherited) {
            Err(Denied::Shortage) if !shared.is_stopping() => wait_out_shortage(shared),
            outcome => return outcome,
        }
    }
}

/// What to do about an accept that failed. Nearly everything passes: the client has gone already,
/// the network has a problem, or something is used up for the moment (accept(2), "Error handling").
fn is_worth_another_try(shared: &Arc<Shared>, listener: RawFd) -> bool {
    let cause = io::Error::last_os_error();
    match cause.raw_os_error() {
        Some(libc::EAGAIN) if shared.has_closed() => false,
        Some(libc::EAGAIN) => {
            sockets::wait(listener, libc::POLLIN, Instant::now() + LISTEN_PATIENCE);
            true
        }
        Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EFAULT | libc::EOPNOTSUPP) => {
            warn!("the listening socket cannot be used: {cause}");
            false
        }
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
            wait_out_shortage(shared);
            true
        }
        _ => true,
    }
}

fn wait_out_shortage(shared: &Shared) {
    // The first of a row of failures is news.
    let now = shared.now_ms();
    let before = shared.short_since_ms.swap(now, Ordering::Relaxed);
    if before == 0 || now - before > SHORTAGE_NEWS.as_millis() as u64 {
        warn!("there are no descriptors or no memory for a new connection; it waits");
    }
    count(&shared.vitals.accept_failures);
    make_room(shared);
    thread::sleep(SHORTAGE_PAUSE);
}

/// Why a connection does not get in.
enum Denied {
    /// There are no descriptors for it.
    Shortage,
    /// All others have a request in work.
    Full,
    /// The client has left again.
    Gone,
}

fn admit(
    shared: &Arc<Shared>,
    generation: usize,
    accepted: &OwnedFd,
    is_inherited: bool,
) -> Result<(), Denied> {
    let (all, limit) = (&shared.connections, shared.connections_max());
    if all.count() >= limit {
        // One at a time: who has no thread yet, or is about to leave, cannot be judged. And a
        // connection that gets its thread before the next is let in is not stranded in the pool.
        let newest = lock(&shared.newest).upgrade();
        let has_started = || newest.as_ref().is_none_or(|newest| newest.has_started());
        let is_calm = || has_started() && !all.is_any_leaving();
        wait_for(CALM_PATIENCE, || all.count() < limit || is_calm());
        let has_room = || all.count() < limit;
        if !has_room() && (!make_room(shared) || !wait_for(ROOM_PATIENCE, has_room)) {
            return Err(Denied::Full);
        }
    }
    let duplicate = || accepted.try_clone().map_err(|_| Denied::Shortage);
    let stream = TcpStream::from(duplicate()?);
    // tiny_http duplicates the descriptor as well, and panics when it cannot.
    drop(duplicate()?);
    let peer: SocketAddr = stream.peer_addr().map_err(|_| Denied::Gone)?;
    let cookie = sockets::cookie(stream.as_raw_fd()).ok_or(Denied::Gone)?;
    stream
        .set_read_timeout(Some(shared.limits.idle_timeout))
        .map_err(|_| Denied::Gone)?;
    // Of one that was served before, the program before this one has read something.
    let bytes_read = if is_inherited {
        sockets::bytes_read(&stream)
    } else {
        0
    };
    let shared_too = Arc::clone(shared);
    let connection = Connection::new(shared_too, generation, stream, peer, cookie, bytes_read);
    let connection = Arc::new(connection);
    shared
        .connections
        .add(&connection)
        .map_err(|()| Denied::Full)?;
    super::enter(&connection);
    *lock(&shared.newest) = Arc::downgrade(&connection);
    Ok(())
}

/// Waits until something is so; false when it did not come in time.
fn wait_for(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(TICK);
    }
    true
}

/// Ends the connection that is missed least; false when each has a request in work.
fn make_room(shared: &Shared) -> bool {
    for _ in 0..EVICTION_TRIES {
        let Some(connection) = shared.connections.most_expendable() else {
            return false;
        };
        // Something may have come for it that its thread has not read yet.
        if connection.stage() == Stage::Idle && connection.is_unanswered() {
            connection.set_stage(Stage::Idle);
            continue;
        }
        connection.cut();
        count(&shared.vitals.connections_evicted);
        // So that nobody counts on it before its thread has noticed.
        return true;
    }
    false
}

/// Says that there is no room, without waiting for anything.
fn turn_away(shared: &Shared, accepted: OwnedFd) {
    count(&shared.vitals.connections_refused);
    let reply = too_many_connections();
    let words = Writer::new(Arc::clone(&shared.standing_headers)).whole(&reply, &Manner::closing());
    let stream = TcpStream::from(accepted);
    // The client may be gone; there is nobody left to tell.
    let _ = sockets::send(&stream, &words, false);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut waste = Vec::new();
    let _ = sockets::receive(&stream, &mut waste, 4_096, libc::MSG_DONTWAIT);
}

/// A connection has got its thread. False when the client has reset it: tiny_http panics over a
/// request whose client's address it could not get.
pub fn greet(connection: &Connection) -> bool {
    if connection.start() {
        connection.shared.connections.note_start();
    }
    POOLED.with_borrow_mut(|pooled| {
        pooled.get_or_insert_with(|| Pooled::new(&connection.shared));
    });
    connection.stream.peer_addr().is_ok()
}

/// tiny_http does not name its threads.
fn name_thread(name: &std::ffi::CStr) {
    // SAFETY: the name is a string that ends with a zero byte, of which the kernel takes 15 others.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, name.as_ptr());
    }
}
