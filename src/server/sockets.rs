//! The sockets tiny_http hides.
//!
//! tiny_http gives a request no way to its socket, but the kernel knows every descriptor of the
//! process. This file finds connections there and asks the kernel about them. A descriptor found
//! this way may be closed and its number reused at any time, so each is duplicated first and
//! everything is asked of the duplicate. Linux only: it reads `/proc/self/fd` and `TCP_INFO`.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// How long the last bytes to a client may take.
const GOODBYE_WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long past its time a goodbye may go on for a client that never stops sending.
const GOODBYE_GRACE: Duration = Duration::from_millis(100);

/// An accepted connection, held through a descriptor of our own.
pub struct Connection {
    stream: TcpStream,
    pub peer: SocketAddr,
}

/// The part of Linux's `struct tcp_info` (`linux/tcp.h`) that is used here. Times are in
/// milliseconds before now. Newer kernels know more fields and copy no more than is asked for.
#[repr(C)]
#[derive(Default)]
struct TcpInfo {
    state_and_options: [u8; 8],
    rto_to_fackets: [u32; 9],
    last_data_sent: u32,
    last_ack_sent: u32,
    last_data_recv: u32,
    last_ack_recv_to_total_retrans: [u32; 12],
    pacing_rates: [u64; 2],
    bytes_acked: u64,
    bytes_received: u64,
    segs_out_to_min_rtt: [u32; 4],
    data_segs_in: u32,
    data_segs_out: u32,
}

impl Connection {
    /// The connection behind a descriptor, when it is one that was accepted on `port`.
    fn behind(fd: RawFd, port: u16) -> Option<Connection> {
        // SAFETY: the descriptor is only borrowed for the duplication. If its number is free or
        // belongs to something else by now, duplicating fails or gives something that the checks
        // below refuse.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let stream = TcpStream::from(borrowed.try_clone_to_owned().ok()?);
        let peer = stream.peer_addr().ok()?;
        (stream.local_addr().ok()?.port() == port).then_some(Connection { stream, peer })
    }

    /// Finds the connection to a client. It looks at every descriptor, so it is for rare events.
    pub fn to(peer: SocketAddr, port: u16) -> Option<Connection> {
        descriptors()
            .filter_map(|fd| Connection::behind(fd, port))
            .find(|connection| connection.peer == peer)
    }

    /// The kernel's unique number for the socket (`SO_COOKIE`): tiny_http has two descriptors
    /// for each.
    pub fn cookie(&self) -> u64 {
        option(self.stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_COOKIE).unwrap_or(0)
    }

    /// Bytes that came and that nobody has read.
    pub fn unread_bytes(&self) -> usize {
        let mut bytes: libc::c_int = 0;
        // SAFETY: FIONREAD writes one c_int, and the descriptor is ours.
        let result = unsafe { libc::ioctl(self.stream.as_raw_fd(), libc::FIONREAD, &mut bytes) };
        if result == 0 {
            usize::try_from(bytes).unwrap_or(0)
        } else {
            0
        }
    }

    /// Whether the client has sent something since we last did: a request that is still coming
    /// in, waits, or is being answered. The kernel's clock is coarse (up to 4 ms): when the last
    /// reply and the bytes after it fall into one tick, they count as answered.
    pub fn is_unanswered(&self) -> bool {
        let info: Option<TcpInfo> =
            option(self.stream.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO);
        info.is_some_and(|info| {
            let has_sent_since = info.last_data_recv < info.last_data_sent;
            info.bytes_received > 0 && (info.data_segs_out == 0 || has_sent_since)
        })
    }

    /// Sends the last bytes this client gets and half-closes, then reads and forgets what the
    /// client has sent and still sends until it closes or `patience` is over, then closes for
    /// good.
    ///
    /// Closing over unread bytes would send a reset, which can overtake the reply.
    pub fn say_goodbye(&self, last_words: &[u8], patience: Duration) {
        let mut stream = &self.stream;
        // The client may be gone or refuse to read; there is nobody left to tell.
        let _ = stream.set_write_timeout(Some(GOODBYE_WRITE_TIMEOUT));
        let _ = stream.write_all(last_words);
        let _ = stream.shutdown(Shutdown::Write);
        let deadline = Instant::now() + patience;
        let mut waste = [0; 16 * 1_024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Without patience, what is here already is still taken.
            let wait = left.max(Duration::from_millis(1));
            let read = stream
                .set_read_timeout(Some(wait))
                .and_then(|()| stream.read(&mut waste));
            let more = matches!(read, Ok(length) if length > 0);
            // A client that never stops sending is not waited for either.
            if !more || Instant::now() > deadline + GOODBYE_GRACE {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// All connections accepted on `port`, each once.
pub fn connections(port: u16) -> impl Iterator<Item = Connection> {
    let mut seen = HashSet::new();
    descriptors()
        .filter_map(move |fd| Connection::behind(fd, port))
        .filter(move |connection| seen.insert(connection.cookie()))
}

/// How many descriptors of the process belong to this listener; 0 when that cannot be seen.
pub fn holders(listener: &TcpListener) -> usize {
    let cookie_of = |fd| option::<u64>(fd, libc::SOL_SOCKET, libc::SO_COOKIE);
    let Some(cookie) = cookie_of(listener.as_raw_fd()) else {
        return 0;
    };
    descriptors()
        .filter(|&fd| cookie_of(fd) == Some(cookie))
        .count()
}

/// Raises the listen backlog above what std asks for, so that a burst of connections is not
/// answered with a dropped SYN, which costs the client a second.
pub fn listen_with_backlog(listener: &TcpListener, backlog: i32) -> io::Result<()> {
    // SAFETY: listen() on a listening socket only changes the length of its backlog.
    match unsafe { libc::listen(listener.as_raw_fd(), backlog) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Switches off Nagle's delay for a listener's future connections, which inherit it.
pub fn set_nodelay(listener: &TcpListener) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is one c_int, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NODELAY,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Finds connections with bytes to read by one `poll` over all descriptor numbers in use.
/// The kernel hands out the lowest free number, so those in use lie close together at the bottom.
pub struct Readable {
    polled: Vec<libc::pollfd>,
}

impl Readable {
    const FIRST: usize = 256;

    pub fn new() -> Readable {
        let mut readable = Readable { polled: Vec::new() };
        readable.grow_to(Self::FIRST);
        readable
    }

    fn grow_to(&mut self, length: usize) {
        let from = self.polled.len();
        self.polled.extend((from..length).filter_map(|fd| {
            let fd = RawFd::try_from(fd).ok()?;
            Some(libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            })
        }));
    }

    /// The connections on `port` that have bytes to read, some of them twice.
    pub fn connections(&mut self, port: u16) -> impl Iterator<Item = Connection> {
        loop {
            let length = self.polled.len();
            // SAFETY: the pointer and the length are those of one vector.
            let found = unsafe { libc::poll(self.polled.as_mut_ptr(), length as libc::nfds_t, 0) };
            if found < 0 {
                // More numbers than the process may have descriptors: what the last successful
                // look found in the lower half still stands.
                self.polled.truncate((length / 2).max(1));
                break;
            }
            let top_is_used = self.polled[length - length / 4..]
                .iter()
                .any(|polled| polled.revents & libc::POLLNVAL == 0);
            if !top_is_used {
                break;
            }
            self.grow_to(length * 2);
        }
        self.polled
            .iter()
            .filter(|polled| polled.revents & libc::POLLIN != 0)
            .filter_map(move |polled| Connection::behind(polled.fd, port))
    }
}

fn descriptors() -> impl Iterator<Item = RawFd> {
    std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn option<T: Default>(fd: RawFd, level: libc::c_int, name: libc::c_int) -> Option<T> {
    let mut value = T::default();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, which is the size of the value; both
    // types used here, u64 and TcpInfo, are valid for any bytes.
    let result =
        unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut length) };
    (result == 0 && length as usize == size_of::<T>()).then_some(value)
}
