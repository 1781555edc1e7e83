//! Where a request ends: what is taken for one, what is refused, and that nothing is ever read out
//! of a request that was refused.
//!
//! The rows follow RFC 9112, sections 2 to 7 and 11. Each is sent on a connection of its own.

mod heads;
mod lengths;
mod served;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::Instance;

/// Longer than any of these replies takes, and than the server reads on after a refusal.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a smuggler wants answered. The route is one that no row of a test asks for.
const SMUGGLED: &[u8] = b"GET /use-cases HTTP/1.1\r\nHost: test\r\n\r\n";
/// Served only when the request before it was read to its end, and to no byte more.
const NEXT: &[u8] = b"GET /api/versions HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

/// One connection's bytes, and the statuses that are right: any one of them for a refusal, all in
/// this order for what is served.
struct Row {
    name: &'static str,
    request: Vec<u8>,
    statuses: &'static [u16],
}

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

fn row(name: &'static str, statuses: &'static [u16], request: impl Into<Vec<u8>>) -> Row {
    let request = request.into();
    Row {
        name,
        request,
        statuses,
    }
}

/// A request with this line and a Host.
fn line(line: &str) -> String {
    format!("{line}\r\nHost: test\r\n\r\n")
}

/// A `GET` with a Host and these header lines, each with its own end.
fn get(lines: &str) -> String {
    format!("GET /health HTTP/1.1\r\nHost: test\r\n{lines}\r\n")
}

/// An estimate with these header lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /cost-estimate HTTP/1.1\r\nHost: test\r\n{lines}\r\n{body}")
}

/// An estimate whose body is these bytes of a chunked coding.
fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// Every request of these tests, by its name, whether it is refused or not.
pub fn requests() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let rows = [
        heads::request_lines(),
        heads::headers(),
        heads::limits(),
        lengths::lengths(),
        lengths::transfer_codings(),
        lengths::chunks(),
        served::unusual(),
        served::last_ones(),
    ];
    let rows = rows.into_iter().flatten();
    rows.map(|row| (row.name, row.request))
}

#[test]
fn a_request_line_that_is_none_is_refused_and_ends_the_connection() {
    refuses(heads::request_lines());
}

#[test]
fn a_header_that_is_none_is_refused_and_ends_the_connection() {
    refuses(heads::headers());
}

#[test]
fn a_length_that_two_readers_could_read_in_two_ways_is_refused() {
    refuses(lengths::lengths());
}

#[test]
fn a_transfer_coding_other_than_chunked_is_refused() {
    refuses(lengths::transfer_codings());
}

#[test]
fn chunks_that_are_none_are_refused() {
    refuses(lengths::chunks());
}

#[test]
fn what_is_too_large_or_expects_too_much_is_refused() {
    refuses(heads::limits());
}

#[test]
fn a_request_in_unusual_dress_is_served_and_so_is_the_next() {
    let server = Instance::start();
    // At once, in pieces that end where nobody expects it, and byte by byte.
    for piece in [usize::MAX, 7, 1] {
        every_row(served::unusual(), |row| {
            let bytes = [row.request.as_slice(), NEXT].concat();
            let replies = converse(server.address, &bytes, piece)?;
            // Whoever sends the body at once may or may not be told to go on.
            let statuses = replies.iter().map(|reply| reply.status);
            let statuses: Vec<u16> = statuses.filter(|status| *status != 100).collect();
            let expected = [row.statuses, &[200]].concat();
            if statuses != expected {
                return Err(format!("pieces of {piece}: {statuses:?}"));
            }
            let is_priced = replies.iter().any(|reply| reply.body.contains("0.0075"));
            if row.name.contains("estimate") && !is_priced {
                return Err(format!("pieces of {piece}: the body was not read"));
            }
            Ok(())
        });
    }
}

#[test]
fn a_request_is_the_last_where_it_says_so_and_where_its_version_does() {
    let server = Instance::start();
    every_row(served::last_ones(), |row| {
        let bytes = [row.request.as_slice(), SMUGGLED].concat();
        let replies = converse(server.address, &bytes, usize::MAX)?;
        match replies.as_slice() {
            [reply] if row.statuses == [reply.status] => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(!was_served(&server), "nothing is served behind the last");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = Instance::start();
    let mut bytes = Vec::new();
    let paths = ["/health/live", "/nowhere", "/health", "/pricing", "/models"];
    for path in paths {
        write!(bytes, "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let length = ESTIMATE.len();
        write!(
            bytes,
            "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{ESTIMATE}"
        )
        .unwrap();
    }
    bytes.extend_from_slice(NEXT);
    let replies = converse(server.address, &bytes, usize::MAX).unwrap();
    let said: Vec<&str> = replies
        .iter()
        .map(|reply| match &reply.body {
            body if body.contains("\"alive\"") => "/health/live",
            body if body.contains("\"healthy\"") => "/health",
            body if body.contains("\"provider_status\"") => "/pricing",
            body if body.contains("\"models_by_provider\"") => "/models",
            body if body.contains("\"total_cost\":0.0075") => "estimate",
            body if body.contains("\"all_versions\"") => "next",
            _ if reply.status == 404 => "/nowhere",
            _ => "something else",
        })
        .collect();
    let mut expected: Vec<&str> = paths.iter().flat_map(|path| [*path, "estimate"]).collect();
    expected.push("next");
    assert_eq!(said, expected);
}

#[test]
fn a_client_may_stop_sending_and_still_gets_its_reply() {
    let server = Instance::start();
    let mut stream = connect(server.address);
    write!(stream, "GET /models HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let replies = replies(&read_to_end(stream).unwrap()).unwrap();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].status, 200);
}

#[test]
fn a_request_that_is_cut_off_is_never_served() {
    let server = Instance::start();
    let whole = format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{ESTIMATE}",
        ESTIMATE.len()
    );
    for length in (1..whole.len()).step_by(5) {
        let mut stream = connect(server.address);
        stream.write_all(&whole.as_bytes()[..length]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let replies = replies(&read_to_end(stream).unwrap()).unwrap();
        let served = replies.iter().any(|reply| reply.status != 400);
        assert!(!served && replies.len() <= 1, "{length}: {replies:?}");
    }
    let telemetry = server.get("/telemetry").json();
    assert_eq!(served(&telemetry, "/cost-estimate"), 0);
}

#[test]
fn a_client_that_waits_for_continue_is_told_to_go_on_before_it_sends() {
    let server = Instance::start();
    for framing in ["Content-Length: 63", "Transfer-Encoding: chunked"] {
        let mut stream = connect(server.address);
        write!(
            stream,
            "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
        )
        .unwrap();
        let mut interim = Vec::new();
        while !interim.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("told to go on");
            interim.push(byte[0]);
        }
        assert!(interim.starts_with(b"HTTP/1.1 100 "), "{framing}");
        assert_eq!(ESTIMATE.len(), 63);
        match framing.starts_with('C') {
            true => stream.write_all(ESTIMATE.as_bytes()).unwrap(),
            false => write!(stream, "3f\r\n{ESTIMATE}\r\n0\r\n\r\n").unwrap(),
        }
        stream.write_all(NEXT).unwrap();
        let replies = replies(&read_to_end(stream).unwrap()).unwrap();
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [200, 200], "{framing}");
    }
}

#[test]
fn nobody_is_told_to_go_on_with_a_body_that_is_refused() {
    let server = Instance::start();
    let rows = [
        ("too large", "Content-Length: 99999999999999", 413),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6", 400),
        ("unknown coding", "Transfer-Encoding: gzip, chunked", 501),
    ];
    for (name, framing, status) in rows {
        let request = format!(
            "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
        );
        let replies = converse(server.address, request.as_bytes(), usize::MAX).unwrap();
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [status], "{name}");
    }
}

/// Sends each row with a second request behind it, and claims that there is one reply of the
/// contract's shape, then the end, and that the second request was never seen.
#[track_caller]
fn refuses(rows: Vec<Row>) {
    let server = Instance::start();
    let count = rows.len() as u64;
    every_row(rows, |row| {
        let bytes = [row.request.as_slice(), SMUGGLED].concat();
        let replies = converse(server.address, &bytes, usize::MAX)?;
        let [reply] = replies.as_slice() else {
            return Err(format!("{} replies: {replies:?}", replies.len()));
        };
        if !row.statuses.contains(&reply.status) {
            return Err(format!("{}, not one of {:?}", reply.status, row.statuses));
        }
        let body: Value = serde_json::from_str(&reply.body).map_err(|why| why.to_string())?;
        let says_why = body["detail"].as_str().is_some_and(|why| !why.is_empty());
        let standing = format!("X-Service-Version: {}\r\n", llm_pricing::VERSION);
        for header in [
            "Connection: close\r\n",
            "Content-Type: application/json\r\n",
            "Date: ",
            &standing,
        ] {
            if !says_why || !reply.head.contains(header) {
                return Err(format!("no {header:?} or no detail: {reply:?}"));
            }
        }
        Ok(())
    });
    assert!(!was_served(&server), "nothing is served behind a refusal");
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    let refused = metrics["refused"].as_object().expect("counts by reason");
    let refused: u64 = refused.values().filter_map(Value::as_u64).sum();
    assert_eq!(refused, count, "each is counted: {metrics}");
    assert_eq!(metrics["panics"], 0);
}

/// Whether the smuggled request was.
fn was_served(server: &Instance) -> bool {
    served(&server.get("/telemetry").json(), "/use-cases") > 0
}

/// How many requests for a path were answered with what they asked for.
fn served(telemetry: &Value, path: &str) -> u64 {
    let endpoints = telemetry["endpoints"].as_array().expect("a list");
    let of_path = endpoints.iter().filter(|endpoint| endpoint["path"] == path);
    let count = |endpoint: &Value, of: &str| endpoint[of].as_u64().expect("a count");
    of_path
        .map(|endpoint| count(endpoint, "call_count") - count(endpoint, "error_count"))
        .sum()
}

/// Tries all rows, at the same time, and names all that fail.
#[track_caller]
fn every_row(rows: Vec<Row>, claim: impl Fn(&Row) -> Result<(), String> + Sync) {
    let failures: Vec<String> = thread::scope(|scope| {
        let tried: Vec<_> = rows
            .iter()
            .map(|row| (row.name, scope.spawn(|| claim(row))))
            .collect();
        tried
            .into_iter()
            .filter_map(|(name, claim)| Some((name, claim.join().unwrap().err()?)))
            .map(|(name, why)| format!("{name}: {why}"))
            .collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {} rows failed:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends bytes in pieces of this size on one connection, and reads until the server ends it.
fn converse(address: SocketAddr, bytes: &[u8], piece: usize) -> Result<Vec<Reply>, String> {
    let mut stream = connect(address);
    for part in bytes.chunks(piece) {
        // A server that has seen enough may have closed; what it said can still be read.
        if stream.write_all(part).is_err() {
            break;
        }
    }
    replies(&read_to_end(stream)?)
}

fn read_to_end(mut stream: TcpStream) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(why) => {
            let so_far = String::from_utf8_lossy(&bytes);
            Err(format!("the end never came ({why}) after {so_far:?}"))
        }
    }
}

/// The replies that these bytes are, with nothing between or behind them.
fn replies(mut bytes: &[u8]) -> Result<Vec<Reply>, String> {
    let mut replies = Vec::new();
    while !bytes.is_empty() {
        let text = String::from_utf8_lossy(bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.ok_or_else(|| format!("no head: {text:?}"))? + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| format!("no status line: {head:?}"))?;
        let length = match head.split_once("Content-Length: ") {
            // An interim reply has no body, and neither has one to HEAD.
            None if status == 100 => 0,
            None => return Err(format!("no length: {head:?}")),
            Some(_) if bytes[end..].starts_with(b"HTTP/1.1 ") => 0,
            Some((_, rest)) => rest.lines().next().unwrap().parse().unwrap(),
        };
        let body = bytes.get(end..end + length).ok_or("a body is cut off")?;
        replies.push(Reply {
            status,
            head,
            body: String::from_utf8_lossy(body).into_owned(),
        });
        bytes = &bytes[end + length..];
    }
    Ok(replies)
}
