//! Sockets that somebody opened for this process: a service manager (socket activation), or the
//! process itself before it replaced its program (renewal).
//!
//! Both protocols are environment variables that name descriptors. They are taken out of the
//! environment, so that no child takes what is not its own.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The first descriptor of socket activation (sd_listen_fds(3), `SD_LISTEN_FDS_START`).
const FIRST: RawFd = 3;

/// What a renewal leaves for its successor: see [`Legacy::to_text`].
const RENEWAL: &str = "LLM_PRICING_RENEWAL";

/// In socket activation, the name that tells the admin port's socket from the other
/// (`FileDescriptorName=` in a systemd.socket(5) unit).
const ADMIN_NAME: &str = "admin";

/// What this process was started with.
#[derive(Default)]
pub struct Inherited {
    pub main: Option<TcpListener>,
    pub admin: Option<TcpListener>,
    /// Open client connections between two requests.
    pub connections: Vec<OwnedFd>,
    /// The same of the admin port.
    pub admin_connections: Vec<OwnedFd>,
    /// Somebody else holds the main listening socket as well, and will have it served again.
    pub is_shared: bool,
    /// How often this process has replaced its program.
    pub renewals: u64,
}

/// The descriptors that outlive a change of program.
pub struct Legacy {
    pub main: RawFd,
    pub admin: Option<RawFd>,
    pub connections: Vec<RawFd>,
    pub admin_connections: Vec<RawFd>,
    pub is_shared: bool,
    pub renewals: u64,
}

/// A variable that is not what the protocol says.
#[derive(Debug)]
pub struct Unusable {
    name: &'static str,
    value: OsString,
    cause: &'static str,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unusable { name, value, cause } = self;
        write!(f, "{name}: {value:?} cannot be used: {cause}")
    }
}

impl Inherited {
    /// Takes over what the environment names, and takes it out of there.
    ///
    /// # Safety
    /// There must be no other thread yet, and nobody else may use the descriptors.
    ///
    /// # Errors
    /// A variable that is not what its protocol says, or that names what is no listening socket.
    pub unsafe fn take() -> Result<Inherited, Unusable> {
        let take = |name: &str| {
            let value = env::var_os(name);
            // SAFETY: there is no other thread, as the caller says.
            unsafe { env::remove_var(name) };
            value
        };
        let renewal = take(RENEWAL);
        let [pid, count, names] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map(take);
        if let Some(renewal) = renewal {
            let unusable = |cause| Unusable {
                name: RENEWAL,
                value: renewal.clone(),
                cause,
            };
            let text = renewal.to_str().ok_or_else(|| unusable("not text"))?;
            let legacy =
                Legacy::parse(text).ok_or_else(|| unusable("not what a renewal writes"))?;
            // SAFETY: the process has left these descriptors to itself.
            return unsafe { Inherited::from_legacy(&legacy) }.map_err(unusable);
        }
        let is_ours = pid.is_some_and(|pid| pid.to_str() == Some(&std::process::id().to_string()));
        let Some(count) = count.filter(|_| is_ours) else {
            return Ok(Inherited::default());
        };
        let unusable = |cause| Unusable {
            name: "LISTEN_FDS",
            value: count.clone(),
            cause,
        };
        let names = names.unwrap_or_default().to_string_lossy().into_owned();
        let number = count.to_str().and_then(|text| text.parse().ok());
        let mut inherited = Inherited::default();
        let mut names = names.split(':');
        for at in 0..number.ok_or_else(|| unusable("not a number"))? {
            let place = match names.next() {
                Some(ADMIN_NAME) => &mut inherited.admin,
                _ => &mut inherited.main,
            };
            if place.is_some() {
                return Err(unusable(
                    "one socket is expected, and one more that is named admin",
                ));
            }
            // SAFETY: the service manager has left this descriptor to this process.
            *place = Some(unsafe { listener(FIRST + at) }.map_err(unusable)?);
        }
        inherited.is_shared = inherited.main.is_some();
        Ok(inherited)
    }

    /// # Safety
    /// Nobody else may use the descriptors.
    unsafe fn from_legacy(legacy: &Legacy) -> Result<Inherited, &'static str> {
        // SAFETY: as the caller says.
        let adopt = |fd| unsafe { listener(fd) };
        let own = |fd: &RawFd| {
            set_close_on_exec(*fd, true);
            // SAFETY: as the caller says.
            unsafe { OwnedFd::from_raw_fd(*fd) }
        };
        Ok(Inherited {
            main: Some(adopt(legacy.main)?),
            admin: legacy.admin.map(adopt).transpose()?,
            connections: legacy.connections.iter().map(own).collect(),
            admin_connections: legacy.admin_connections.iter().map(own).collect(),
            is_shared: legacy.is_shared,
            renewals: legacy.renewals,
        })
    }
}

impl Legacy {
    /// What the successor finds in its environment: `main:3 admin:- shared:1 renewals:2
    /// connections:7,9 admin_connections:`.
    fn to_text(&self) -> String {
        let list = |fds: &[RawFd]| {
            let fds: Vec<String> = fds.iter().map(RawFd::to_string).collect();
            fds.join(",")
        };
        format!(
            "main:{} admin:{} shared:{} renewals:{} connections:{} admin_connections:{}",
            self.main,
            self.admin
                .map_or_else(|| "-".to_owned(), |fd| fd.to_string()),
            u8::from(self.is_shared),
            self.renewals,
            list(&self.connections),
            list(&self.admin_connections)
        )
    }

    fn parse(text: &str) -> Option<Legacy> {
        let mut fields = text.split(' ');
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix(':');
        let fd = |text: &str| text.parse().ok().filter(|fd| *fd >= FIRST);
        let list = |text: &str| match text {
            "" => Some(Vec::new()),
            text => text.split(',').map(fd).collect(),
        };
        Some(Legacy {
            main: fd(field("main")?)?,
            admin: match field("admin")? {
                "-" => None,
                text => Some(fd(text)?),
            },
            is_shared: field("shared")? == "1",
            renewals: field("renewals")?.parse().ok()?,
            connections: list(field("connections")?)?,
            admin_connections: list(field("admin_connections")?)?,
        })
    }

    /// The variable for the successor's environment.
    pub fn variable(&self) -> (&'static str, String) {
        (RENEWAL, self.to_text())
    }

    /// Whether the descriptors are to stay open when the program is replaced.
    pub fn keep_open(&self, is_kept: bool) {
        let listeners = [Some(self.main), self.admin].into_iter().flatten();
        let connections = self.connections.iter().chain(&self.admin_connections);
        for fd in listeners.chain(connections.copied()) {
            set_close_on_exec(fd, !is_kept);
        }
    }
}

/// # Safety
/// Nobody else may use the descriptor.
unsafe fn listener(fd: RawFd) -> Result<TcpListener, &'static str> {
    let mut is_listening: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes one c_int, which outlives the call.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_ACCEPTCONN,
            (&raw mut is_listening).cast(),
            &raw mut length,
        )
    };
    if result != 0 || is_listening == 0 {
        return Err("a descriptor is not a listening socket");
    }
    set_close_on_exec(fd, true);
    // SAFETY: as the caller says.
    let listener = unsafe { TcpListener::from_raw_fd(fd) };
    let is_tcp = listener.local_addr().is_ok();
    let is_blocking = listener.set_nonblocking(false).is_ok();
    (is_tcp && is_blocking)
        .then_some(listener)
        .ok_or("a socket is not TCP")
}

fn set_close_on_exec(fd: RawFd, is_closed: bool) {
    let flags = if is_closed { libc::FD_CLOEXEC } else { 0 };
    // SAFETY: it takes numbers, and changes a flag of a descriptor that is ours. It fails only for one
    // that is not open, and then there is nothing to keep or to close.
    unsafe { libc::fcntl(fd, libc::F_SETFD, flags) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_reads_what_its_predecessor_wrote() {
        for (name, text) in [
            (
                "all",
                "main:3 admin:4 shared:1 renewals:2 connections:7,9 admin_connections:11",
            ),
            (
                "least",
                "main:12 admin:- shared:0 renewals:1 connections: admin_connections:",
            ),
        ] {
            let legacy = Legacy::parse(text).expect(name);
            assert_eq!(legacy.to_text(), text, "{name}");
        }
    }

    #[test]
    fn what_no_predecessor_writes_is_refused() {
        for text in [
            "",
            "main:x admin:- shared:0 renewals:1 connections: admin_connections:",
            "main:2 admin:- shared:0 renewals:1 connections: admin_connections:",
            "main:3 admin:- shared:0 renewals:1 connections:7, admin_connections:",
            "main:3 shared:0 renewals:1 connections: admin_connections:",
            "main:3 admin:- shared:0 renewals:-1 connections: admin_connections:",
        ] {
            assert!(Legacy::parse(text).is_none(), "{text}");
        }
    }
}
