//! The two C functions through which tiny_http meets its clients.
//!
//! std accepts connections with `accept4` and reads from them with `recv`. Both are defined here
//! once more, and the linker prefers a program's own definition over the C library's, in dynamic
//! and in static binaries alike; memory allocators take the place of `malloc` in the same way. For
//! sockets that are not a server's, which is any in the process but those, they do what the C
//! library's do.
//!
//! `Pins::set` in `warden.rs` checks at every start that connections do come
//! through here: a std that went another way would make the start fail, not the protection.

use std::io;
use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::sockets;
use super::accepting::Kernel;
use libc::{c_int, c_void, size_t, sockaddr, socklen_t, ssize_t};

/// `recv(2)`.
///
/// # Safety
/// As the C library's: `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recv(
    fd: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
) -> ssize_t {
    if super::is_in_use() && flags == 0 {
        // SAFETY: the caller says that the buffer has this length, and std zeroes nothing less than
        // it may hold; a byte has no invalid value.
        let into = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
        // A panic must not cross into whoever called this as a C function. It reads the end of
        // the stream instead.
        let read = catch_unwind(AssertUnwindSafe(|| super::read(fd, into)));
        match read {
            Ok(None) => {}
            Ok(Some(read)) => return read as ssize_t,
            Err(_) => return 0,
        }
    }
    // SAFETY: the same arguments; without an address to fill in, recvfrom is recv.
    unsafe {
        libc::recvfrom(
            fd,
            buffer,
            length,
            flags,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    }
}

/// `accept4(2)`.
///
/// # Safety
/// As the C library's: `address` and `length` are both null, or point to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn accept4(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> c_int {
    // SAFETY: the same arguments.
    let accept = || unsafe { kernel_accept(fd, address, length, flags) };
    if super::is_in_use() {
        let kernel = Kernel {
            accept: &accept,
            // SAFETY: the same arguments.
            name_peer: &|connection| unsafe { sockets::name_peer(connection, address, length) },
        };
        match catch_unwind(AssertUnwindSafe(|| super::accept(fd, &kernel))) {
            Ok(None) => {}
            Ok(Some(accepted)) => return accepted,
            Err(_) => return -1,
        }
    }
    accept()
}

/// The system call itself.
unsafe fn kernel_accept(
    fd: RawFd,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> RawFd {
    // accept changes the length to that of the address; a second try needs the first one's.
    // SAFETY: the pointer is null or valid, as this function's caller says.
    let room = unsafe { length.as_ref().copied() };
    loop {
        // SAFETY: as above.
        if let (Some(room), Some(length)) = (room, unsafe { length.as_mut() }) {
            *length = room;
        }
        // SAFETY: the arguments are those of the system call, as its caller gave them.
        let accepted = unsafe { libc::syscall(libc::SYS_accept4, fd, address, length, flags) };
        if accepted >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return accepted as RawFd;
        }
    }
}
