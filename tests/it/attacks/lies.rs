//! Requests that say of themselves what is not so.

use super::Plan;
use super::wire::{Ends, volley};

/// The attack that aborts a bare tiny_http server at the first of its 500 requests: it allocates
/// what it is promised.
pub fn huge_lengths(plan: &Plan) -> Ends {
    let request = declaring("Content-Length: 99999999999999");
    volley(plan.address, &vec![request; 500], 100)
}

/// Lengths that two readers would read differently, or that no number holds.
pub fn contradictory_lengths(plan: &Plan) -> Ends {
    let requests: Vec<Vec<u8>> = lies().map(declaring).collect();
    let many: Vec<Vec<u8>> = requests.iter().cycle().take(500).cloned().collect();
    volley(plan.address, &many, 100)
}

/// Versions of HTTP in which nothing is served here; each costs a bare tiny_http server a thread
/// for ever.
pub fn other_versions(plan: &Plan) -> Ends {
    let lines = [
        "GET /health/live HTTP/2.0\r\nHost: test\r\n\r\n",
        "GET /health/live HTTP/3.0\r\nHost: test\r\n\r\n",
        "GET /health/live HTTP/1.2\r\nHost: test\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0",
    ];
    let lines = lines.iter().cycle().take(1_000);
    let requests: Vec<Vec<u8>> = lines.map(|line| line.as_bytes().to_vec()).collect();
    volley(plan.address, &requests, 250)
}

/// A `POST` with this framing and a few bytes behind it.
pub fn declaring(framing: &str) -> Vec<u8> {
    format!("POST /cost-estimate HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\nsome bytes")
        .into_bytes()
}

pub fn lies() -> impl Iterator<Item = &'static str> + Clone {
    [
        "Content-Length: 9223372036854775809",
        "Content-Length: 18446744073709551615",
        "Content-Length: 18446744073709551617",
        "Content-Length: 99999999999999999999999999999999",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 10\r\nContent-Length: 10",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: five",
        "Content-Length:",
        "Content-Length : 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 99999999999999",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    ]
    .into_iter()
}
