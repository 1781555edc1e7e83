//! Too much of what would be harmless in small amounts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Plan;
use super::wire::{
    End, Ends, connect, connect_many, connect_with_tiny_window, heard, push, reset, torment,
};

/// What one connection sends at most.
const BYTES_MAX: usize = 16 << 20;
const PAUSE: Duration = Duration::from_millis(2);

/// A header line that has no end.
pub fn endless_header_line(plan: &Plan) -> Ends {
    pour(
        plan,
        20,
        "GET /health/live HTTP/1.1\r\nHost: test\r\nCookie: ",
        "a",
    )
}

/// Header lines of which there is no end.
pub fn endless_headers(plan: &Plan) -> Ends {
    pour(
        plan,
        20,
        "GET /health/live HTTP/1.1\r\nHost: test\r\n",
        "Accept: */*\r\n",
    )
}

pub fn one_long_pipeline(plan: &Plan) -> Ends {
    pipelines(plan, 1, 200_000)
}

pub fn twenty_pipelines(plan: &Plan) -> Ends {
    pipelines(plan, 20, 10_000)
}

/// Sends the beginning, and then the same again and again, on connections that are not read from.
fn pour(plan: &Plan, count: usize, beginning: &str, again: &str) -> Ends {
    let mut bytes = beginning.as_bytes().to_vec();
    let piece = again.repeat((64 << 10) / again.len());
    while bytes.len() < BYTES_MAX {
        bytes.extend_from_slice(piece.as_bytes());
    }
    let streams = connect_many(count, || connect(plan.address));
    let mut sent = vec![0; count];
    let until = Instant::now() + plan.hold;
    torment(streams, until, PAUSE, |number, stream| {
        let piece = &bytes[sent[number]..];
        let pushed = push(stream, &piece[..piece.len().min(64 << 10)]);
        let ended = heard(stream);
        match pushed {
            Ok(length) => sent[number] += length,
            Err(_) => return ended.or(Some(End::Closed)),
        }
        ended
    })
}

/// Requests one behind the other on connections whose replies nobody reads.
pub fn pipelines(plan: &Plan, connections: usize, requests: usize) -> Ends {
    let bytes = b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n".repeat(requests);
    let streams = connect_many(connections, || connect_with_tiny_window(plan.address));
    let mut sent = vec![0; connections];
    let until = Instant::now() + plan.hold;
    torment(streams, until, PAUSE, |number, stream| {
        match push(stream, &bytes[sent[number]..]) {
            Ok(length) => sent[number] += length,
            Err(_) => return Some(End::Closed),
        }
        None
    })
}

pub fn idle_connections(plan: &Plan) -> Ends {
    some_idle_connections(plan, 1_200)
}

/// Connections on which nothing is ever sent.
pub fn some_idle_connections(plan: &Plan, count: usize) -> Ends {
    let until = Instant::now() + plan.hold;
    let streams = connect_many(count, || connect(plan.address));
    torment(streams, until, 10 * PAUSE, |_, stream| heard(stream))
}

pub fn resets(plan: &Plan) -> Ends {
    some_resets(plan, 600)
}

/// Connections that are reset: before a request, in its head, in its body, behind it, and while the
/// reply is under way.
pub fn some_resets(plan: &Plan, count: usize) -> Ends {
    let half_a_body = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 900\r\n\r\n{";
    let kinds: [(&str, usize); 6] = [
        ("", 0),
        ("GET /health/l", 0),
        (half_a_body, 0),
        ("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n", 0),
        ("GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n", 0),
        ("GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n", 1_000),
    ];
    kinds
        .iter()
        .cycle()
        .take(count)
        .map(|(request, to_read)| match connect(plan.address) {
            Ok(stream) => leave(stream, request, *to_read),
            Err(_) => End::NoConnection,
        })
        .collect()
}

/// Sends something, reads so many bytes, and resets the connection.
fn leave(mut stream: TcpStream, request: &str, to_read: usize) -> End {
    // Whether the server is still there to take it shows in what others say.
    let _ = stream.write_all(request.as_bytes());
    if to_read > 0 {
        let _ = stream.read_exact(&mut vec![0; to_read]);
    }
    reset(stream);
    End::Left
}
