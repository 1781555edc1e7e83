//! Clients that take their time, and with it, where nothing stops them, a thread each.

use std::io::ErrorKind;
use std::io::Read;
use std::time::{Duration, Instant};

use super::Plan;
use super::wire::{
    End, Ends, connect, connect_many, connect_with_tiny_window, heard, push, torment,
};

/// Each connection gets its next byte after this time, so that none ever looks idle.
const PAUSE: Duration = Duration::from_millis(100);

pub fn heads(plan: &Plan) -> Ends {
    some_heads(plan, 300)
}

/// Heads of which a byte comes now and then, and the end never.
pub fn some_heads(plan: &Plan, count: usize) -> Ends {
    let head = b"GET /health/live HTTP/1.1\r\nHost: test\r\nAccept: ";
    trickle(plan, count, head.len() / 2, head)
}

pub fn bodies(plan: &Plan) -> Ends {
    some_bodies(plan, 64)
}

/// Bodies of which a byte comes now and then, of a length that is allowed.
pub fn some_bodies(plan: &Plan, count: usize) -> Ends {
    let head = b"POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n";
    trickle(plan, count, head.len(), head)
}

/// Sends the first bytes at once, the rest one at a time, and then the same byte for ever.
fn trickle(plan: &Plan, count: usize, at_once: usize, bytes: &[u8]) -> Ends {
    let streams = connect_many(count, || connect(plan.address));
    let mut sent = vec![0; count];
    let until = Instant::now() + plan.hold;
    torment(streams, until, PAUSE, |number, stream| {
        let from = sent[number];
        let piece = match bytes.get(from..) {
            Some(rest) if from == 0 => &rest[..at_once],
            Some([next, ..]) => &[*next],
            _ => b" ",
        };
        match push(stream, piece) {
            Ok(length) => sent[number] += length,
            Err(_) => return heard(stream).or(Some(End::Closed)),
        }
        heard(stream)
    })
}

pub fn readers(plan: &Plan) -> Ends {
    some_readers(plan, 64)
}

/// Clients that ask for megabytes through the smallest window there is, and take a few bytes of
/// them now and then.
pub fn some_readers(plan: &Plan, count: usize) -> Ends {
    let streams = connect_many(count, || connect_with_tiny_window(plan.address));
    let mut has_asked = vec![false; count];
    let until = Instant::now() + plan.hold;
    torment(streams, until, PAUSE, |number, stream| {
        if !has_asked[number] {
            has_asked[number] = true;
            let request = b"GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n";
            return push(stream, request).err().map(|_| End::Closed);
        }
        match stream.read(&mut [0; 16]) {
            Ok(1..) => None,
            Err(why) if why.kind() == ErrorKind::WouldBlock => None,
            _ => Some(End::Closed),
        }
    })
}
