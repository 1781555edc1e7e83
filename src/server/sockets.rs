//! What std does not say about sockets, or does not set. Linux only.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

/// The part of Linux's `struct tcp_info` (`linux/tcp.h`) up to the last field that is used here.
/// Newer kernels know more fields and copy no more than is asked for.
#[repr(C)]
#[derive(Default)]
struct TcpInfo {
    state: u8,
    options: [u8; 7],
    rto_to_total_retrans: [u32; 24],
    pacing_rates_and_bytes_acked: [u64; 3],
    bytes_received: u64,
}

/// The kernel's unique number for a socket (`SO_COOKIE`), the same for each of its descriptors and
/// never used again.
pub fn cookie(fd: RawFd) -> Option<u64> {
    option(fd, libc::SOL_SOCKET, libc::SO_COOKIE)
}

/// States of a connection (`net/tcp_states.h`) in which the other side may be waiting for a reply.
const TCP_ESTABLISHED: u8 = 1;
const TCP_CLOSE_WAIT: u8 = 8;

/// All bytes the peer has sent so far, read or not; `None` when the connection is over.
pub fn bytes_received(stream: &TcpStream) -> Option<u64> {
    let info: TcpInfo = option(stream.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO)?;
    match info.state {
        TCP_ESTABLISHED => Some(info.bytes_received),
        // The end of the peer's stream is counted as one more.
        TCP_CLOSE_WAIT => Some(info.bytes_received.saturating_sub(1)),
        _ => None,
    }
}

/// Reads what is there, or waits for it, and appends at most `at_most` bytes.
///
/// Goes past std, whose way to read leads through the door (`door/calls.rs`).
///
/// # Errors
/// Those of `recv(2)`; `WouldBlock` when there is nothing and nothing may be waited for.
pub fn receive(
    stream: &TcpStream,
    into: &mut Vec<u8>,
    at_most: usize,
    flags: libc::c_int,
) -> io::Result<usize> {
    into.reserve(at_most);
    let spare = &mut into.spare_capacity_mut()[..at_most];
    // SAFETY: the pointer and the length are those of one piece of memory that may be written to.
    let received = unsafe {
        libc::recvfrom(
            stream.as_raw_fd(),
            spare.as_mut_ptr().cast(),
            spare.len(),
            flags,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel has filled that many of the spare bytes.
    unsafe { into.set_len(into.len() + received) };
    Ok(received)
}

/// Sends as much as the socket takes without waiting. With `more`, the kernel waits for the rest
/// before it sends a packet that is not full.
///
/// # Errors
/// Those of `send(2)`; a full socket is none, it takes 0 bytes.
pub fn send(stream: &TcpStream, bytes: &[u8], more: bool) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        let rest = &bytes[sent..];
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | if more { libc::MSG_MORE } else { 0 };
        // SAFETY: the pointer and the length are those of one slice.
        let taken =
            unsafe { libc::send(stream.as_raw_fd(), rest.as_ptr().cast(), rest.len(), flags) };
        match usize::try_from(taken) {
            Ok(taken) => sent += taken,
            Err(_) => match io::Error::last_os_error() {
                cause if cause.kind() == io::ErrorKind::Interrupted => {}
                cause if cause.kind() == io::ErrorKind::WouldBlock => break,
                cause => return Err(cause),
            },
        }
    }
    Ok(sent)
}

/// What the client has sent and somebody has read already, also in another program; 0 when the
/// connection is over.
pub fn bytes_read(stream: &TcpStream) -> u64 {
    loop {
        let received = bytes_received(stream);
        let mut unread: libc::c_int = 0;
        // SAFETY: the kernel writes one c_int, which outlives the call.
        unsafe { libc::ioctl(stream.as_raw_fd(), libc::FIONREAD, &raw mut unread) };
        // Otherwise something has come in between.
        if received == bytes_received(stream) {
            return received
                .unwrap_or(0)
                .saturating_sub(u64::try_from(unread).unwrap_or(0));
        }
    }
}

/// Fills in the peer's address as `accept(2)` does. False when it has gone.
///
/// # Safety
/// As `getpeername(2)`: both pointers are null, or point to what they say.
pub unsafe fn name_peer(
    fd: RawFd,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> bool {
    // SAFETY: as the caller says.
    address.is_null() || unsafe { libc::getpeername(fd, address, length) } == 0
}

/// The signal that gets a thread out of a system call. Nobody else uses it, and unhandled it does
/// nothing.
const INTERRUPTION: libc::c_int = libc::SIGURG;

/// Lets [`interrupt`] have an effect: a signal without a handler does not end a system call.
pub fn make_interruptible() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    // SAFETY: the handler does nothing, which is safe at any moment; the struct is valid when it is
    // all zeroes, and without SA_RESTART the system call ends.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        libc::sigaction(INTERRUPTION, &raw const action, std::ptr::null_mut());
    }
}

/// Which thread of the process this is, for [`interrupt`].
pub fn thread_id() -> libc::pid_t {
    // SAFETY: it has no arguments and cannot fail.
    unsafe { libc::gettid() }
}

/// Ends the system call a thread is in, if it is in one. A thread that is gone, or another one that
/// has got its number, comes to no harm.
pub fn interrupt(thread: libc::pid_t) {
    // SAFETY: it takes three numbers.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, INTERRUPTION) };
}

/// Waits until the socket is ready for `events` (`POLLIN`, `POLLOUT`), or has failed; false when
/// the deadline came first.
pub fn wait(fd: RawFd, events: libc::c_short, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut polled = [libc::pollfd {
            fd,
            events,
            revents: 0,
        }];
        match poll(&mut polled, left) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) => {}
            Ok(_) => return true,
            Err(_) => {}
        }
    }
}

/// Waits until one of the descriptors is ready, for `patience` at most, and returns how many are.
///
/// # Errors
/// Those of `poll(2)`, such as an interruption.
pub fn poll(polled: &mut [libc::pollfd], patience: Duration) -> io::Result<usize> {
    // Rounded up: a wait of no milliseconds at all would be no wait.
    let patience = patience.as_micros().div_ceil(1_000);
    let patience = libc::c_int::try_from(patience).unwrap_or(libc::c_int::MAX);
    // SAFETY: the pointer and the length are those of one slice.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, patience) };
    usize::try_from(ready).map_err(|_| io::Error::last_os_error())
}

/// Raises the listen backlog above what std asks for, so that a burst of connections is not
/// answered with a dropped SYN, which costs the client a second.
///
/// # Errors
/// Those of `listen(2)`.
pub fn listen_with_backlog(listener: &TcpListener, backlog: i32) -> io::Result<()> {
    // SAFETY: listen() on a listening socket only changes the length of its backlog.
    match unsafe { libc::listen(listener.as_raw_fd(), backlog) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sets what a listener's future connections inherit: no Nagle delay, and an end to connections
/// whose peer has not acknowledged anything for this long.
///
/// # Errors
/// Those of `setsockopt(2)`.
pub fn set_inherited_options(listener: &TcpListener, dead_after: Duration) -> io::Result<()> {
    let ms = libc::c_int::try_from(dead_after.as_millis()).unwrap_or(libc::c_int::MAX);
    set_option(listener.as_raw_fd(), libc::TCP_NODELAY, 1)?;
    set_option(listener.as_raw_fd(), libc::TCP_USER_TIMEOUT, ms)
}

fn set_option(fd: RawFd, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the option's value is one c_int, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            fd,
            libc::IPPROTO_TCP,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
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
