//! Requests in unusual dress that must be served.

use super::{ESTIMATE, Row, chunked, get, line, post, row};

/// Served, and so is what follows.
pub(super) fn unusual() -> Vec<Row> {
    let length = ESTIMATE.len();
    let with = |lines: &str| post(&format!("{lines}Content-Length: {length}\r\n"), ESTIMATE);
    let one_chunk = |extension: &str, trailers: &str| {
        chunked(&format!(
            "{length:x}{extension}\r\n{ESTIMATE}\r\n0\r\n{trailers}\r\n"
        ))
    };
    let one_by_one: String = ESTIMATE
        .chars()
        .map(|char| format!("1\r\n{char}\r\n"))
        .collect();
    let coding = |value: &str| {
        post(
            &format!("{value}\r\n"),
            &format!("{length:x}\r\n{ESTIMATE}\r\n0\r\n\r\n"),
        )
    };
    let absolute = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    vec![
        row("plain", &[200], get("")),
        row("plain estimate", &[200], with("")),
        row("empty line in front", &[200], format!("\r\n{}", get(""))),
        row(
            "no blank behind the colon",
            &[200],
            "GET /health HTTP/1.1\r\nHost:test\r\n\r\n",
        ),
        row(
            "names in lower case",
            &[200],
            "GET /health HTTP/1.1\r\nhost: test\r\naccept: */*\r\n\r\n",
        ),
        row("an empty value", &[200], get("Accept:\r\n")),
        row(
            "blanks and tabs around a value",
            &[200],
            get("Accept:  \t*/*\t  \r\n"),
        ),
        row(
            "a value in Latin-1",
            &[200],
            [get("X: gr").trim_end().as_bytes(), b"\xfcn\r\n\r\n"].concat(),
        ),
        row(
            "every sign of a token",
            &[200],
            get("!#$%&'*+-.^_`|~09aZ: x\r\n"),
        ),
        row("100 headers", &[200], get(&"Accept: */*\r\n".repeat(99))),
        row(
            "Host with a port",
            &[200],
            "GET /health HTTP/1.1\r\nHost: test:8000\r\n\r\n",
        ),
        row(
            "Host of six",
            &[200],
            "GET /health HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
        ),
        row(
            "target with its host",
            &[200],
            absolute("http://test/health"),
        ),
        row(
            "target with its port",
            &[200],
            absolute("http://test:80/health?a=b"),
        ),
        row(
            "long target",
            &[404],
            absolute(&format!("/{}", "a".repeat(8_191))),
        ),
        row(
            "estimate, length in blanks",
            &[200],
            post(&format!("Content-Length: \t {length} \t\r\n"), ESTIMATE),
        ),
        row(
            "estimate, length with zeros",
            &[200],
            post(&format!("Content-Length: 00{length}\r\n"), ESTIMATE),
        ),
        row(
            "estimate, length in lower case",
            &[200],
            post(&format!("content-length: {length}\r\n"), ESTIMATE),
        ),
        row("estimate, one chunk", &[200], one_chunk("", "")),
        row(
            "estimate, chunks of one",
            &[200],
            chunked(&format!("{one_by_one}0\r\n\r\n")),
        ),
        row(
            "estimate, size with zeros",
            &[200],
            chunked(&format!("000{length:x}\r\n{ESTIMATE}\r\n0000\r\n\r\n")),
        ),
        row(
            "estimate, size in capitals",
            &[200],
            chunked(&format!(
                "{:X}\r\n{ESTIMATE}          \r\n0\r\n\r\n",
                length + 10
            )),
        ),
        row(
            "estimate, chunk extensions",
            &[200],
            one_chunk(";a=b;c=\"d e\"", ""),
        ),
        row(
            "estimate, trailers",
            &[200],
            one_chunk("", "X-Checksum: 5\r\nContent-Length: 7\r\n"),
        ),
        row(
            "estimate, CHUNKED",
            &[200],
            coding("TRANSFER-ENCODING: CHUNKED"),
        ),
        row(
            "estimate, chunked and tabs",
            &[200],
            coding("Transfer-Encoding:\tchunked\t"),
        ),
        row(
            "estimate, an upgrade",
            &[200],
            with("Connection: upgrade\r\nUpgrade: h2c\r\n"),
        ),
        row(
            "a body nobody wants",
            &[200],
            post("Content-Length: 5\r\n", "hello").replacen(
                "POST /cost-estimate",
                "GET /health",
                1,
            ),
        ),
        row(
            "chunks nobody wants",
            &[200],
            chunked("5\r\nhello\r\n0\r\n\r\n").replacen("POST /cost-estimate", "GET /health", 1),
        ),
        row(
            "body for the wrong method",
            &[405],
            post("Content-Length: 5\r\n", "hello").replacen("POST", "DELETE", 1),
        ),
        row(
            "body for no path",
            &[404],
            post("Content-Length: 5\r\n", "hello").replacen("/cost-estimate", "/nowhere", 1),
        ),
        row("unknown method", &[405], line("BREW /health HTTP/1.1")),
        row("lower case method", &[405], line("get /health HTTP/1.1")),
        row("HEAD", &[200], line("HEAD /health HTTP/1.1")),
        row(
            "keep-alive in HTTP/1.0",
            &[200],
            "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ),
        row(
            "estimate, expects to go on",
            &[200],
            with("Expect: 100-continue\r\n"),
        ),
        row(
            "estimate, EXPECTS to go on",
            &[200],
            with("Expect: 100-Continue\r\n"),
        ),
        row(
            "expects, without a body",
            &[200],
            get("Expect: 100-continue\r\n"),
        ),
    ]
}

/// Served, and nothing after them.
pub(super) fn last_ones() -> Vec<Row> {
    vec![
        row("close", &[200], get("Connection: close\r\n")),
        row("CLOSE", &[200], get("Connection: CLOSE\r\n")),
        row(
            "close among others",
            &[200],
            get("Connection: x, close\r\n"),
        ),
        row(
            "close on a second line",
            &[200],
            get("Connection: x\r\nConnection: close\r\n"),
        ),
        row(
            "close of an unknown path",
            &[404],
            line("GET /nowhere HTTP/1.1").replacen("\r\n", "\r\nConnection: close\r\n", 1),
        ),
        row("HTTP/1.0", &[200], "GET /health HTTP/1.0\r\n\r\n"),
        row(
            "HTTP/1.0 with a Host",
            &[200],
            "GET /health HTTP/1.0\r\nHost: test\r\n\r\n",
        ),
        row(
            "HTTP/1.0, close",
            &[200],
            "GET /health HTTP/1.0\r\nConnection: close\r\n\r\n",
        ),
    ]
}
