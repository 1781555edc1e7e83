//! Receiving requests in the connection's own thread, and passing them on one by one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use log::debug;

use super::super::connection::{Connection, Stage};
use super::super::handover::Yielded;
use super::super::shared::lock;
use super::super::sockets;
use super::super::wire::{Manner, Writer};
use super::chunked::Decoder;
use super::head::{self, Framing, Head, Persistence};
use super::refusal::Refusal;
use crate::exchange::{Call, Method, Reply, Work};
use crate::vitals::count;

/// How much is received at a time: most requests are one piece.
const PIECE_BYTES: usize = 4 << 10;

/// The same for bodies.
const BODY_PIECE_BYTES: usize = 64 << 10;

/// What a connection has received and not passed on yet.
#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// The line of the request that is passed on, if any.
    line: Vec<u8>,
    /// How much of it is passed on.
    passed: usize,
    /// How much of the server's memory for bodies the bytes take.
    reserved: usize,
}

impl Inbox {
    /// Passes on what there is of the request.
    fn pass(&mut self, into: &mut [u8]) -> usize {
        let rest = &self.line[self.passed..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.passed += length;
        length
    }
}

/// Why a connection gets no further.
enum End {
    /// There is nobody to tell.
    Gone,
    /// With the head, and the moment it was complete, if it was.
    Refused(Refusal, Option<(Head, Instant)>),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> End {
        End::Refused(refusal, None)
    }
}

impl Connection {
    /// Reads for tiny_http, in the connection's own thread: the next bytes of a request that is
    /// whole, or 0 when there will be no other.
    pub fn read(&self, into: &mut [u8]) -> usize {
        // Nobody else wants it.
        let mut inbox = lock(&self.inbox);
        loop {
            let passed = inbox.pass(into);
            if passed > 0 {
                return passed;
            }
            let next = self.next_request(&mut inbox);
            let Err(end) = next else { continue };
            if let End::Refused(refusal, head) = end
                && !self.is_cut()
            {
                self.refuse(refusal, head, &inbox.bytes);
            }
            self.release_memory(&mut inbox);
            self.wait_until_settled();
            return 0;
        }
    }

    /// Receives a whole request and makes it ready to be passed on.
    fn next_request(&self, inbox: &mut Inbox) -> Result<(), End> {
        if self.persistence() == Persistence::Close {
            self.wait_until_settled();
            self.set_stage(Stage::Closing);
            self.linger();
            self.set_stage(Stage::Idle);
            return Err(End::Gone);
        }
        if inbox.bytes.is_empty() {
            self.wait_for_first_bytes(inbox)?;
        }
        // A client may send its next request before it has the reply to this one. It is looked
        // at when its turn comes; the kernel makes the client wait if it sends more.
        self.wait_until_settled();
        self.set_stage(Stage::Head);
        let head = self.receive_head(inbox)?;
        let received_at = Instant::now();
        self.set_persistence(head.persistence);
        match self.receive_body(inbox, &head) {
            Ok(end) => {
                head.write_line(&inbox.bytes, &mut inbox.line);
                inbox.passed = 0;
                let reserved = std::mem::take(&mut inbox.reserved);
                lock(&self.received).take(&mut inbox.bytes, head.length, end, reserved);
                self.set_stage(Stage::Queued);
                Ok(())
            }
            Err(End::Refused(refusal, _)) => Err(End::Refused(refusal, Some((head, received_at)))),
            Err(gone) => Err(gone),
        }
    }

    /// Waits for as long as a connection may be idle.
    fn wait_for_first_bytes(&self, inbox: &mut Inbox) -> Result<(), End> {
        loop {
            if self.shared.handover.has(Yielded::NewRequests) {
                self.leave_to_successor();
            }
            match sockets::receive(&self.stream, &mut inbox.bytes, PIECE_BYTES, 0) {
                Ok(0) => return Err(End::Gone),
                Ok(length) => {
                    self.note_received(length);
                    return Ok(());
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                // The socket has the idle timeout as its own.
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    let is_pin = self.is_pin.load(Ordering::Relaxed);
                    if self.stage() == Stage::Idle && !is_pin {
                        count(&self.shared.vitals.idle_closed);
                        return Err(End::Gone);
                    }
                }
                Err(_) => return Err(End::Gone),
            }
        }
    }

    fn note_received(&self, length: usize) {
        self.bytes_taken.fetch_add(length as u64, Ordering::SeqCst);
    }

    fn receive_head(&self, inbox: &mut Inbox) -> Result<Head, End> {
        let limits = &self.shared.limits;
        let mut deadline = None;
        let mut looked_at = 0;
        loop {
            // An empty line before a request is to be ignored (RFC 9112, 2.2).
            while inbox.bytes.starts_with(b"\r\n") {
                inbox.bytes.drain(..2);
                looked_at = 0;
            }
            // A judgement looks at the whole head, so it is asked for only at the end of a line.
            let is_new_line = inbox.bytes[looked_at..].contains(&b'\n') || looked_at == 0;
            if is_new_line
                && let Some(head) = head::judge(&inbox.bytes)?
                && head.length <= limits.head_bytes_max
            {
                // Beyond ASCII there are only field values that say nothing to us, and tiny_http
                // would close the connection over them.
                let beyond_ascii = inbox.bytes[..head.length].iter_mut();
                beyond_ascii
                    .filter(|byte| !byte.is_ascii())
                    .for_each(|byte| *byte = b'?');
                return Ok(head);
            }
            if inbox.bytes.len() > limits.head_bytes_max {
                return Err(match head::is_long_target(&inbox.bytes) {
                    true => Refusal::TargetTooLong,
                    false => Refusal::HeadTooLarge,
                }
                .into());
            }
            looked_at = inbox.bytes.len();
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + limits.head_timeout);
            if !self.receive_more(
                &mut inbox.bytes,
                PIECE_BYTES,
                deadline,
                Refusal::HeadTimeout,
            )? {
                return Err(Refusal::Malformed("the request ended within its head").into());
            }
        }
    }

    /// Receives what comes before the deadline; false at the end of the stream.
    fn receive_more(
        &self,
        into: &mut Vec<u8>,
        at_most: usize,
        deadline: Instant,
        late: Refusal,
    ) -> Result<bool, End> {
        loop {
            if !self.wait(libc::POLLIN, deadline) {
                return Err(late.into());
            }
            match sockets::receive(&self.stream, into, at_most, libc::MSG_DONTWAIT) {
                Ok(length) => {
                    self.note_received(length);
                    return Ok(length > 0);
                }
                Err(cause)
                    if matches!(
                        cause.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ) => {}
                Err(_) => return Err(End::Gone),
            }
        }
    }

    /// Receives the body, and puts it behind the head; returns where it ends.
    fn receive_body(&self, inbox: &mut Inbox, head: &Head) -> Result<usize, End> {
        let bytes_max = self.shared.limits.body_bytes_max;
        let length = match head.framing {
            Framing::Length(length) if length > bytes_max as u64 => {
                return Err(Refusal::BodyTooLarge.into());
            }
            Framing::Length(length) => length as usize,
            Framing::Chunked => return self.receive_chunked(inbox, head),
        };
        let whole = head.length + length;
        if inbox.bytes.len() < whole {
            let deadline = self.start_body(inbox, head)?;
            // Memory that is not written to costs nothing, and growing step by step twice as much.
            inbox.bytes.reserve_exact(whole - inbox.bytes.len());
            while inbox.bytes.len() < whole {
                let piece = (whole - inbox.bytes.len()).min(BODY_PIECE_BYTES);
                self.more_of_body(inbox, piece, deadline)?;
            }
        }
        Ok(whole)
    }

    fn receive_chunked(&self, inbox: &mut Inbox, head: &Head) -> Result<usize, End> {
        let bytes_max = self.shared.limits.body_bytes_max;
        let mut decoder = Decoder::new();
        let mut body = Vec::new();
        let mut deadline = None;
        let behind = loop {
            let raw = &inbox.bytes[head.length..];
            let taken = decoder.take(raw, &mut body, bytes_max)?;
            if decoder.is_done() {
                break raw[taken..].to_vec();
            }
            inbox.bytes.truncate(head.length);
            let deadline = match deadline {
                Some(deadline) => deadline,
                None => *deadline.insert(self.start_body(inbox, head)?),
            };
            self.reserve_memory(inbox, body.len());
            self.more_of_body(inbox, BODY_PIECE_BYTES, deadline)?;
        };
        inbox.bytes.truncate(head.length);
        inbox.bytes.extend_from_slice(&body);
        inbox.bytes.extend_from_slice(&behind);
        Ok(head.length + body.len())
    }

    /// The head is here and some of the body is not: from now on the request counts as in flight, and
    /// has until the deadline that is returned.
    fn start_body(&self, inbox: &Inbox, head: &Head) -> Result<Instant, End> {
        let shared = &self.shared;
        let (path, query) = split_target(&inbox.bytes[head.target.clone()]);
        let triage = (shared.service.triage)(head.method, path, query);
        if triage.work != Work::Probe {
            let ticket = shared.admit(self).map_err(Refusal::NotAdmitted)?;
            self.set_in_flight(triage.endpoint);
            self.keep_place(ticket);
        }
        self.set_stage(Stage::Body);
        if head.expects_continue && inbox.bytes.len() == head.length {
            // It fits into the empty socket, or the client is gone.
            let _ = sockets::send(&self.stream, b"HTTP/1.1 100 Continue\r\n\r\n", false);
        }
        Ok(Instant::now() + shared.limits.body_timeout)
    }

    fn more_of_body(
        &self,
        inbox: &mut Inbox,
        at_most: usize,
        deadline: Instant,
    ) -> Result<(), End> {
        if !self.receive_more(&mut inbox.bytes, at_most, deadline, Refusal::BodyTimeout)? {
            return Err(Refusal::Malformed("the request ended within its body").into());
        }
        self.reserve_memory(inbox, inbox.bytes.len());
        Ok(())
    }

    /// Notes how much memory the body takes. When all bodies together take too much, the one that
    /// takes longest to come in gives way: it is the least likely to be a good client's.
    fn reserve_memory(&self, inbox: &mut Inbox, bytes: usize) {
        let more = bytes.saturating_sub(inbox.reserved);
        if more == 0 {
            return;
        }
        inbox.reserved += more;
        let all = self.shared.body_bytes.fetch_add(more, Ordering::Relaxed) + more;
        if all > self.shared.body_bytes_max()
            && let Some(slowest) = self.shared.connections.slowest_body()
        {
            slowest.cut();
            count(&self.shared.vitals.connections_evicted);
        }
    }

    fn release_memory(&self, inbox: &mut Inbox) {
        let reserved = std::mem::take(&mut inbox.reserved);
        if reserved > 0 {
            self.shared
                .body_bytes
                .fetch_sub(reserved, Ordering::Relaxed);
        }
    }

    /// Tells the client why there will be no reply, and ends the connection.
    fn refuse(&self, refusal: Refusal, head: Option<(Head, Instant)>, bytes: &[u8]) {
        let shared = &self.shared;
        if let Some(counter) = refusal.counter(&shared.vitals.refused) {
            count(counter);
        }
        debug!("{}: refused: {refusal:?}", self.peer);
        let reply = refusal.reply(&shared.limits);
        if let Some((head, received_at)) = &head {
            self.record(head, bytes, received_at.elapsed(), &reply);
        }
        drop(self.take_place());
        self.set_stage(Stage::Closing);
        let is_head = head.is_some_and(|(head, _)| head.method == Method::Head);
        let words = Writer::new(Arc::clone(&shared.standing_headers))
            .whole(&reply, &Manner::closing().without_body(is_head));
        self.say_goodbye(&words);
        self.set_stage(Stage::Idle);
    }

    /// A request that is refused for its body counts among its endpoint's.
    fn record(&self, head: &Head, bytes: &[u8], elapsed: Duration, reply: &Reply) {
        let (path, query) = split_target(&bytes[head.target.clone()]);
        let triage = (self.shared.service.triage)(head.method, path, query);
        let call = Call {
            method: head.method,
            endpoint: triage.endpoint,
            path,
            query,
            headers: head::headers(bytes),
            body: &[],
            peer: self.peer,
        };
        (self.shared.service.record)(&call, reply, elapsed);
    }
}

fn split_target(target: &[u8]) -> (&str, &str) {
    // A head that was judged has a target of ASCII.
    super::super::wire::split_target(str::from_utf8(target).unwrap_or_default())
}
