//! The signals that order a shutdown: INT, TERM and HUP, which mean the same.
//!
//! No thread is ever interrupted by them. They wait in the kernel until one thread takes them, and
//! what waits there while the program is replaced is taken by the successor: a blocked signal stays
//! blocked and pending across `execve(2)`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

const STOP_SIGNALS: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Held while a signal is taken and acted upon.
static TAKING: Mutex<()> = Mutex::new(());

/// Calls `order` for each stop signal from here on, in a thread of its own. To be called before there
/// is another thread: a thread has the signals blocked that were blocked where it was started.
///
/// # Errors
/// When there is no descriptor or thread to be had.
pub fn on_stop(order: impl Fn() + Send + 'static) -> io::Result<()> {
    let signals = block()?;
    let take = move || {
        loop {
            // Only looks: until the lock is held, the signal is still the kernel's.
            wait(&signals);
            let _taking = hold_back();
            if takes_one(&signals) {
                order();
            }
        }
    };
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(take).map(drop)
}

/// Leaves signals to a successor for as long as the guard is held. Those that were taken before have
/// been acted upon.
pub fn hold_back() -> MutexGuard<'static, ()> {
    TAKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocks the signals, and opens a descriptor that can be read when one waits.
fn block() -> io::Result<OwnedFd> {
    let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is made valid by the first call and outlives the others, which take it and
    // numbers; the descriptor that is checked to be one is nobody else's.
    unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        for signal in STOP_SIGNALS {
            libc::sigaddset(signals.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut());
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        match libc::signalfd(-1, signals.as_ptr(), flags) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

fn wait(signals: &OwnedFd) {
    let mut polled = libc::pollfd {
        fd: signals.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pointer is to one struct, which outlives the call. Whatever ends the wait, the
    // caller looks for itself.
    unsafe { libc::poll(&raw mut polled, 1, -1) };
}

fn takes_one(signals: &OwnedFd) -> bool {
    let mut taken = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: the kernel writes no more than the size of the struct, which is not looked at.
    let read = unsafe { libc::read(signals.as_raw_fd(), taken.as_mut_ptr().cast(), size) };
    usize::try_from(read) == Ok(size)
}
