//! Telling the service manager how we are: the datagram protocol of sd_notify(3).

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use log::warn;

/// The one who started this process and wants to know, or nobody.
pub struct ServiceManager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// It wants a sign of life this often.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say. A socket that cannot be used is
    /// logged: the service works without it, until its manager loses patience.
    pub fn from_environment() -> ServiceManager {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            open(&name)
                .inspect_err(|cause| warn!("NOTIFY_SOCKET: {name:?} cannot be used: {cause}"))
                .ok()
        });
        let number = |name| env::var(name).ok()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|us| *us > 0 && is_ours);
        ServiceManager {
            watchdog: watchdog
                .filter(|_| socket.is_some())
                .map(Duration::from_micros),
            socket,
        }
    }

    /// How often to give a sign of life: twice as often as it is wanted.
    pub fn sign_of_life_interval(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / 2)
    }

    /// Says lines such as `READY=1`. Nobody waits for an answer, and there is none.
    pub fn say(&self, lines: &[&str]) {
        if let Some((socket, manager)) = &self.socket
            && let Err(cause) = socket.send_to_addr(lines.join("\n").as_bytes(), manager)
        {
            warn!("the service manager cannot be told: {cause}");
        }
    }
}

/// The address is a path, or, with an `@`, a name in the abstract namespace.
fn open(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let manager = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not stop us.
    socket.set_nonblocking(true)?;
    Ok((socket, manager))
}
