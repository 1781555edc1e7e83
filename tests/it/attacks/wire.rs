//! Sockets with the manners taken off, and what comes back over them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant};

/// A server that has not answered by then does not.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How one connection, or one request, ended for the attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Answered(u16),
    /// By the server, without a word.
    Closed,
    /// Nothing came in all the time the attacker had.
    Silence,
    /// The attacker went first.
    Left,
    NoConnection,
}

/// How many connections ended in which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends(pub BTreeMap<End, usize>);

impl Ends {
    pub fn join(&mut self, other: Ends) {
        for (end, count) in other.0 {
            *self.0.entry(end).or_default() += count;
        }
    }
}

impl Extend<End> for Ends {
    fn extend<T: IntoIterator<Item = End>>(&mut self, ends: T) {
        for end in ends {
            *self.0.entry(end).or_default() += 1;
        }
    }
}

impl FromIterator<End> for Ends {
    fn from_iter<T: IntoIterator<Item = End>>(ends: T) -> Ends {
        let mut counted = Ends::default();
        counted.extend(ends);
        counted
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (number, (end, count)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            match end {
                End::Answered(status) => write!(f, "{comma}{count} x {status}")?,
                other => write!(f, "{comma}{count} x {other:?}")?,
            }
        }
        Ok(())
    }
}

/// A connection that gives up after a while.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A connection over which next to nothing can be sent at a time: the smallest receive buffer
/// there is, which must be asked for before the handshake.
pub fn connect_with_tiny_window(address: SocketAddr) -> io::Result<TcpStream> {
    let SocketAddr::V4(address) = address else {
        return Err(ErrorKind::Unsupported.into());
    };
    let to = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.ip().octets()),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: the descriptor is new and nobody else's; connect reads `to`, which lives, at its size.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        let stream = TcpStream::from_raw_fd(socket);
        set_option(&stream, libc::SO_RCVBUF, &1_i32)?;
        let size = mem::size_of_val(&to) as libc::socklen_t;
        if libc::connect(socket, (&raw const to).cast(), size) != 0 {
            return Err(io::Error::last_os_error());
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}

/// Ends a connection with RST in place of FIN, and throws away what was on the way.
pub fn reset(stream: TcpStream) {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // A connection that the server has reset already needs no more of it.
    let _ = set_option(&stream, libc::SO_LINGER, &at_once);
}

fn set_option<T>(stream: &TcpStream, option: libc::c_int, value: &T) -> io::Result<()> {
    let size = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the value is read at its own size.
    let result = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const *value).cast(),
            size,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Lets this process have as many connections as the system allows it at all.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls take a pointer to a whole rlimit.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
    assert!(
        limit.rlim_max >= 4_096,
        "these attacks need 4,096 descriptors; the hard limit is {}",
        limit.rlim_max
    );
}

/// One reply, read to its end.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub length: usize,
}

/// Reads one reply with a `Content-Length`, or without one to the end of its head.
pub fn read_reply(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16_384];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut piece)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => bytes.extend_from_slice(&piece[..length]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let status = status.ok_or(ErrorKind::InvalidData)?;
    // A proxy may write names in lower case.
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
        .and_then(|(_, length)| length.parse().ok())
        .unwrap_or(0);
    let mut missing = (end + length).saturating_sub(bytes.len());
    while missing > 0 {
        let wanted = missing.min(piece.len());
        match stream.read(&mut piece[..wanted])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => missing -= length,
        }
    }
    Ok(Reply {
        status,
        head,
        length,
    })
}

/// One connection for each of these requests, so many at the same time, and what each came to.
/// After [`PATIENCE`] a wave is over, and after six times that the whole volley.
pub fn volley(address: SocketAddr, requests: &[Vec<u8>], at_a_time: usize) -> Ends {
    let mut ends = Ends::default();
    let over = Instant::now() + 6 * PATIENCE;
    for wave in requests.chunks(at_a_time) {
        if Instant::now() > over {
            ends.extend(wave.iter().map(|_| End::NoConnection));
            continue;
        }
        let mut streams = connect_many(wave.len(), || connect(address));
        for (stream, request) in streams.iter_mut().zip(wave) {
            if let Some(stream) = stream {
                // A server that has seen enough may have closed; what it said can still be read.
                let _ = stream.write_all(request);
            }
        }
        let until = Instant::now() + PATIENCE;
        let pause = Duration::from_millis(1);
        ends.join(torment(streams, until, pause, |_, stream| heard(stream)));
    }
    ends
}

/// As many connections as can be had, of a number that is wanted.
pub fn connect_many(
    count: usize,
    connect: impl Fn() -> io::Result<TcpStream>,
) -> Vec<Option<TcpStream>> {
    let mut failures = 0;
    let mut connect = || {
        // A server that takes no more is not asked a thousand times with all patience.
        let stream = if failures < 3 { connect().ok() } else { None };
        failures += usize::from(stream.is_none());
        stream
    };
    (0..count).map(|_| connect()).collect()
}

/// Does something to every connection again and again, until the time is over or `act` says how it
/// ended. It is told the connection's number.
pub fn torment(
    streams: Vec<Option<TcpStream>>,
    until: Instant,
    pause: Duration,
    mut act: impl FnMut(usize, &mut TcpStream) -> Option<End>,
) -> Ends {
    let mut ends = Ends::default();
    let mut left = Vec::new();
    for (number, stream) in streams.into_iter().enumerate() {
        match stream {
            Some(stream) => {
                stream.set_nonblocking(true).expect("a socket can be told");
                left.push((number, stream));
            }
            None => ends.extend([End::NoConnection]),
        }
    }
    while Instant::now() < until && !left.is_empty() {
        left.retain_mut(|(number, stream)| match act(*number, stream) {
            Some(end) => {
                ends.extend([end]);
                false
            }
            None => true,
        });
        std::thread::sleep(pause);
    }
    ends.extend(left.iter().map(|_| End::Silence));
    ends
}

/// How the server has ended a connection that does not block: not at all so far, by what it said,
/// or without a word.
pub fn heard(stream: &mut TcpStream) -> Option<End> {
    match stream.peek(&mut [0]) {
        Err(why) if why.kind() == ErrorKind::WouldBlock => None,
        Ok(1..) => {
            // The rest of the reply is on its way.
            stream.set_nonblocking(false).ok()?;
            let reply = read_reply(stream);
            Some(reply.map_or(End::Closed, |reply| End::Answered(reply.status)))
        }
        _ => Some(End::Closed),
    }
}

/// Sends as much as there is room for; an error when the server has ended the connection.
pub fn push(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
