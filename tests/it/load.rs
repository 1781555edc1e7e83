//! A load client that never retries and tells apart every way a request can end.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;

use crate::harness::PATIENCE;

/// How the requests of one client, or of all, ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Answered 200.
    pub ok: usize,
    /// Answered 503: the caller may go elsewhere.
    pub refused: usize,
    /// Sent, and never answered: what must not happen.
    pub lost: usize,
    /// Answered with anything else.
    pub other: usize,
}

/// Clients that each send requests one after the other on one connection, until the server says
/// `Connection: close`. None opens a second connection.
pub struct Load {
    clients: Vec<JoinHandle<Outcomes>>,
}

impl Load {
    pub fn start(address: SocketAddr, clients: usize, requests: &'static [&'static str]) -> Load {
        let clients = (0..clients)
            .map(|_| {
                let stream = TcpStream::connect(address).expect("the server accepts");
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                std::thread::spawn(move || drive(stream, requests))
            })
            .collect();
        Load { clients }
    }

    /// Waits until every client has ended.
    pub fn join(self) -> Outcomes {
        self.clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .fold(Outcomes::default(), |all, one| Outcomes {
                ok: all.ok + one.ok,
                refused: all.refused + one.refused,
                lost: all.lost + one.lost,
                other: all.other + one.other,
            })
    }
}

fn drive(mut stream: TcpStream, requests: &[&str]) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for request in requests.iter().cycle() {
        let reply = stream
            .write_all(request.as_bytes())
            .ok()
            .and_then(|()| reply(&mut stream));
        let Some(head) = reply else {
            outcomes.lost += 1;
            return outcomes;
        };
        match head.get(9..12) {
            Some("200") => outcomes.ok += 1,
            Some("503") => outcomes.refused += 1,
            _ => outcomes.other += 1,
        }
        if head.contains("Connection: close") {
            return outcomes;
        }
    }
    outcomes
}

/// Reads one reply and returns its head.
fn reply(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let (_, rest) = head.split_once("Content-Length: ")?;
            let length: usize = rest.lines().next()?.parse().ok()?;
            let mut missing = (end + 4 + length).saturating_sub(bytes.len());
            while missing > 0 {
                let wanted = missing.min(chunk.len());
                missing -= read(stream, &mut chunk[..wanted])?;
            }
            return Some(head);
        }
        let length = read(stream, &mut chunk)?;
        bytes.extend_from_slice(&chunk[..length]);
    }
}

fn read(stream: &mut TcpStream, into: &mut [u8]) -> Option<usize> {
    loop {
        match stream.read(into) {
            Ok(0) => return None,
            Ok(length) => return Some(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
