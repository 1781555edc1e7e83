//! The thread that finishes replies which their clients take slowly.
//!
//! A worker sends what the socket takes and has no time to wait for the rest. One thread waits for
//! all such clients at once, so that they keep nobody but themselves waiting.

use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::connection::Turn;
use super::shared::Shared;
use super::sockets;
use crate::deployment::Ticket;
use crate::exchange::Body;
use crate::vitals::count;

/// A client has to take this much, or the rest, within the write timeout.
const PROGRESS_BYTES: usize = 64 << 10;

/// How long a new parcel may wait while the courier watches the others.
const TICK: Duration = Duration::from_millis(10);

/// What the replies that are nobody else's may take in memory. Beyond it, the one that has waited
/// longest for its client goes.
const OWN_BYTES_MAX: usize = 32 << 20;

/// A reply of which some is sent.
pub struct Parcel {
    pub turn: Turn,
    pub ticket: Option<Ticket>,
    /// What comes before the body, all or some of it sent.
    pub head: Vec<u8>,
    pub body: Body,
    /// How much of both is sent.
    pub sent: usize,
    /// HEAD asks for no body.
    pub without_body: bool,
}

/// How sending went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything is sent, or the client is gone.
    Over,
    /// The socket takes no more at the moment.
    Full,
}

impl Parcel {
    fn stream(&self) -> &TcpStream {
        &self.turn.connection().stream
    }

    /// Sends as much as the socket takes.
    pub fn send(&mut self) -> Progress {
        let body = match self.without_body {
            true => &[][..],
            false => self.body.as_bytes(),
        };
        while self.sent < self.head.len() + body.len() {
            let taken = match self.sent.checked_sub(self.head.len()) {
                None => sockets::send(
                    &self.turn.connection().stream,
                    &self.head[self.sent..],
                    !body.is_empty(),
                ),
                Some(at) => sockets::send(&self.turn.connection().stream, &body[at..], false),
            };
            match taken {
                Ok(0) => return Progress::Full,
                Ok(taken) => self.sent += taken,
                Err(_) => return Progress::Over,
            }
        }
        Progress::Over
    }

    /// Waits for the client for a moment and sends on.
    pub fn send_patiently(&mut self, patience: Duration) -> Progress {
        let deadline = Instant::now() + patience;
        loop {
            let progress = self.send();
            if progress == Progress::Over
                || !sockets::wait(self.stream().as_raw_fd(), libc::POLLOUT, deadline)
            {
                return progress;
            }
        }
    }

    /// The client has had its reply, or has gone.
    pub fn settle(self) {
        // The place is given back with the last byte, no later.
        drop(self.ticket);
        self.turn.settle();
    }

    fn own_bytes(&self) -> usize {
        match &self.body {
            Body::Own(bytes) => bytes.len(),
            Body::Shared(..) => 0,
        }
    }
}

/// A parcel on its way.
struct Errand {
    parcel: Parcel,
    /// By when the next piece must be taken.
    deadline: Instant,
    /// How much was sent when that was set.
    sent_before: usize,
}

pub struct Courier {
    pub shared: Arc<Shared>,
    pub parcels: Receiver<Parcel>,
}

impl Courier {
    /// Delivers until the server stops.
    pub fn run(&self) {
        let mut errands: Vec<Errand> = Vec::new();
        while !self.shared.is_stopping() {
            let first = match errands.is_empty() {
                true => self.parcels.recv_timeout(Duration::from_secs(1)).ok(),
                false => None,
            };
            let new = first.into_iter().chain(self.parcels.try_iter());
            errands.extend(new.map(|parcel| self.errand(parcel)));
            if errands.is_empty() {
                continue;
            }
            self.make_room(&mut errands);
            self.deliver(&mut errands);
        }
    }

    fn errand(&self, parcel: Parcel) -> Errand {
        Errand {
            deadline: Instant::now() + self.shared.limits.write_timeout,
            sent_before: parcel.sent,
            parcel,
        }
    }

    fn deliver(&self, errands: &mut Vec<Errand>) {
        let mut polled: Vec<libc::pollfd> = errands
            .iter()
            .map(|errand| libc::pollfd {
                fd: errand.parcel.stream().as_raw_fd(),
                events: libc::POLLOUT,
                revents: 0,
            })
            .collect();
        // When it fails nothing is marked ready, and there is a next time.
        let _ = sockets::poll(&mut polled, TICK);
        let now = Instant::now();
        for at in (0..errands.len()).rev() {
            let errand = &mut errands[at];
            let mut progress = Progress::Full;
            if polled[at].revents != 0 {
                progress = errand.parcel.send();
            }
            if progress == Progress::Over {
                errands.swap_remove(at).parcel.settle();
            } else if errand.parcel.sent >= errand.sent_before + PROGRESS_BYTES {
                errand.sent_before = errand.parcel.sent;
                errand.deadline = now + self.shared.limits.write_timeout;
            } else if now >= errand.deadline {
                // Dropping the parcel ends the connection.
                errands.swap_remove(at);
                count(&self.shared.vitals.write_timeouts);
            }
        }
    }

    fn make_room(&self, errands: &mut Vec<Errand>) {
        let mut own: usize = errands.iter().map(|e| e.parcel.own_bytes()).sum();
        while own > OWN_BYTES_MAX {
            let has_own = |(_, errand): &(usize, &Errand)| errand.parcel.own_bytes() > 0;
            let oldest = errands
                .iter()
                .enumerate()
                .filter(has_own)
                .min_by_key(|(_, errand)| errand.deadline)
                .map(|(at, _)| at);
            let Some(oldest) = oldest else { break };
            own -= errands.swap_remove(oldest).parcel.own_bytes();
            count(&self.shared.vitals.connections_evicted);
        }
    }
}
