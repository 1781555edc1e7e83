//! The head of a request, judged before anybody acts on it. Pure.
//!
//! httparse knows the grammar (RFC 9112). What it lets pass for the sake of old programs, and what
//! lets two servers disagree about where a request ends, is refused here.

use std::mem::MaybeUninit;
use std::ops::Range;

use httparse::{Header, ParserConfig, Request, Status};

use super::fields::Fields;
use super::refusal::Refusal;
use crate::exchange::{Headers, Method};

/// No known client sends more header fields.
const FIELDS_MAX: usize = 100;

/// Longer targets get 414. Twice what common proxies send.
const TARGET_BYTES_MAX: usize = 8_192;

/// How the body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// That many bytes follow; none when there is no body.
    Length(u64),
    Chunked,
}

/// Whether the client wants to use its connection again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Persistence {
    /// As HTTP/1.1 does unless told otherwise.
    KeepAlive,
    /// An HTTP/1.0 client that asked for it, and has to be told that it may.
    OldKeepAlive,
    Close,
}

impl Persistence {
    pub const ALL: [Persistence; 3] = [
        Persistence::KeepAlive,
        Persistence::OldKeepAlive,
        Persistence::Close,
    ];
}

/// A head that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the head, with its empty line.
    pub length: usize,
    pub method: Method,
    /// Where the target is among the bytes.
    pub target: Range<usize>,
    pub framing: Framing,
    pub persistence: Persistence,
    pub expects_continue: bool,
}

/// Judges the bytes a connection has sent so far. `None`: the head is not complete yet.
///
/// # Errors
/// Why it must not pass.
pub fn judge(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut fields = [const { MaybeUninit::<Header>::uninit() }; FIELDS_MAX];
    let mut request = Request::new(&mut []);
    let parsed =
        ParserConfig::default().parse_request_with_uninit_headers(&mut request, bytes, &mut fields);
    match parsed {
        Ok(Status::Complete(length)) => {
            check_line_ends(&bytes[..length])?;
            describe(&request, bytes, length).map(Some)
        }
        Ok(Status::Partial) => check_line_ends(bytes).map(|()| None),
        Err(cause) => Err(refusal(cause, bytes)),
    }
}

/// The header fields of a head that was judged.
pub fn headers(bytes: &[u8]) -> Headers<'_> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(_) => request
            .headers
            .iter()
            .filter_map(|field| Some((field.name, str::from_utf8(field.value).ok()?)))
            .collect(),
        Err(_) => Headers::default(),
    }
}

impl Head {
    /// Writes a head of the request line alone, for a reader who needs to know no more and keeps the
    /// connection.
    pub fn write_line(&self, bytes: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&bytes[..self.target.end]);
        out.extend_from_slice(b" HTTP/1.1\r\n\r\n");
    }
}

/// Every line ends with CR LF. RFC 9112, 2.2 lets a server take a bare LF for a line's end; two
/// servers that differ in this see different requests in the same bytes.
fn check_line_ends(bytes: &[u8]) -> Result<(), Refusal> {
    let starts_bare = bytes.first() == Some(&b'\n');
    // Without an early exit, so that the compiler can look at many bytes at a time.
    let is_bare = bytes.windows(2).fold(starts_bare, |is_bare, pair| {
        is_bare | ((pair[1] == b'\n') & (pair[0] != b'\r'))
    });
    if is_bare {
        return Err(Refusal::Malformed("a line does not end with CR LF"));
    }
    Ok(())
}

fn describe(request: &Request, bytes: &[u8], length: usize) -> Result<Head, Refusal> {
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(Refusal::Malformed("the request line is incomplete"));
    };
    check_target(method, target)?;
    let is_old = version == 0;
    let mut fields = Fields::default();
    for field in request.headers.iter() {
        fields.note(field)?;
    }
    fields.check_host(is_old)?;
    let persistence = match (is_old, fields.closes, fields.keeps_alive) {
        (_, true, _) | (true, _, false) => Persistence::Close,
        (true, false, true) => Persistence::OldKeepAlive,
        (false, false, _) => Persistence::KeepAlive,
    };
    let start = target.as_ptr().addr() - bytes.as_ptr().addr();
    Ok(Head {
        length,
        method: match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        },
        target: start..start + target.len(),
        framing: fields.framing(is_old)?,
        persistence,
        // Someone who speaks HTTP/1.0 cannot mean it (RFC 9110, 10.1.1).
        expects_continue: fields.expects_continue(is_old)?,
    })
}

/// The forms a target may have: RFC 9112, 3.2.
fn check_target(method: &str, target: &str) -> Result<(), Refusal> {
    if target.len() > TARGET_BYTES_MAX {
        return Err(Refusal::TargetTooLong);
    }
    let is_visible = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    let has_a_form = target.starts_with('/')
        || target.contains("://")
        || (target == "*" && method == "OPTIONS")
        || method == "CONNECT";
    if !has_a_form || !target.bytes().all(is_visible) {
        return Err(Refusal::Malformed("the request target is not valid"));
    }
    Ok(())
}

fn refusal(cause: httparse::Error, bytes: &[u8]) -> Refusal {
    Refusal::Malformed(match cause {
        httparse::Error::TooManyHeaders => return Refusal::HeadTooLarge,
        httparse::Error::Version if names_a_version(bytes) => return Refusal::Version,
        httparse::Error::HeaderName => "a header's name is not valid",
        httparse::Error::HeaderValue => "a header's value is not valid",
        httparse::Error::NewLine => "a line does not end with CR LF",
        _ => "the request line is not valid",
    })
}

/// Whether the request line is one of HTTP, of a version we do not speak. It may be cut off.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| b"\r\n".contains(byte))
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').skip(2);
    let (Some(word), None) = (words.next(), words.next()) else {
        return false;
    };
    word.strip_prefix(b"HTTP/").is_some_and(|version| {
        (1..=3).contains(&version.len())
            && version[0].is_ascii_digit()
            && version.iter().all(|b| b.is_ascii_digit() || *b == b'.')
    })
}

/// The target of a request that is still coming in is too long already.
pub fn is_long_target(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next();
    line.and_then(|line| line.split(|&byte| byte == b' ').nth(1))
        .is_some_and(|target| target.len() > TARGET_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_request_line_is_passed_on() {
        let bytes =
            b"POST /a?b=c HTTP/1.0\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
        let mut line = b"of the request before".to_vec();
        judge(bytes).unwrap().unwrap().write_line(bytes, &mut line);
        assert_eq!(line, b"POST /a?b=c HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn a_client_keeps_its_connection_as_its_version_has_it() {
        let rows = [
            ("1.1", "HTTP/1.1", "Accept: */*", Persistence::KeepAlive),
            (
                "closes",
                "HTTP/1.1",
                "Connection: Close",
                Persistence::Close,
            ),
            (
                "closes, among others",
                "HTTP/1.1",
                "Connection: te,close",
                Persistence::Close,
            ),
            (
                "both",
                "HTTP/1.1",
                "Connection: keep-alive, close",
                Persistence::Close,
            ),
            ("1.0", "HTTP/1.0", "Accept: */*", Persistence::Close),
            (
                "1.0 and keeps",
                "HTTP/1.0",
                "Connection: Keep-Alive",
                Persistence::OldKeepAlive,
            ),
        ];
        for (name, version, field, expected) in rows {
            let head = format!("GET / {version}\r\nHost: x\r\n{field}\r\n\r\n");
            let head = judge(head.as_bytes()).unwrap().unwrap();
            assert_eq!(head.persistence, expected, "{name}");
        }
    }
}
