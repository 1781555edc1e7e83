//! Between tiny_http's types and ours: a request's parts out, a reply's bytes in.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use tiny_http::Request;

use super::door::Persistence;
use crate::exchange::{Call, Method, Reply};

pub fn method(request: &Request) -> Method {
    match request.method() {
        tiny_http::Method::Get => Method::Get,
        tiny_http::Method::Head => Method::Head,
        tiny_http::Method::Post => Method::Post,
        tiny_http::Method::Options => Method::Options,
        _ => Method::Other,
    }
}

/// Path and query.
pub fn target(request: &Request) -> (&str, &str) {
    split_target(request.url())
}

/// Path and query of a target. The absolute form, which proxies send, is accepted as well (RFC 9112,
/// 3.2.2).
pub fn split_target(url: &str) -> (&str, &str) {
    let origin = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find(['/', '?']).map_or("/", |start| &rest[start..])
        }
        _ => url,
    };
    match origin.split_once('?').unwrap_or((origin, "")) {
        ("", query) => ("/", query),
        target => target,
    }
}

pub fn peer(request: &Request) -> SocketAddr {
    // Always there for TCP; only a Unix socket has no peer address.
    request
        .remote_addr()
        .copied()
        .unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
}

/// What of a request decides how its reply is written.
pub struct Manner {
    without_body: bool,
    connection: Option<&'static str>,
    request_id: Option<String>,
}

impl Manner {
    /// For a reply to whatever came: nobody has read the request.
    pub fn closing() -> Manner {
        Manner {
            without_body: false,
            connection: Some("close"),
            request_id: None,
        }
    }

    /// Without a body if the request that nobody has read was a HEAD.
    pub fn without_body(self, without_body: bool) -> Manner {
        Manner {
            without_body,
            ..self
        }
    }

    /// What the request itself decides.
    pub fn of(call: &Call) -> Manner {
        Manner {
            without_body: call.method == Method::Head,
            connection: None,
            request_id: call.request_id().map(str::to_owned),
        }
    }

    /// `closing` when the server wants this connection to end.
    pub fn on_connection(self, persistence: Persistence, closing: bool) -> Manner {
        let connection = match persistence {
            _ if closing => Some("close"),
            Persistence::Close => Some("close"),
            Persistence::OldKeepAlive => Some("keep-alive"),
            Persistence::KeepAlive => None,
        };
        Manner { connection, ..self }
    }
}

/// Writes replies; one per worker, so that its buffers are reused.
pub struct Writer {
    /// The headers every reply of this instance carries, ready to send.
    standing: std::sync::Arc<str>,
    date: String,
    date_second: u64,
}

impl Writer {
    pub fn new(standing: std::sync::Arc<str>) -> Writer {
        Writer {
            standing,
            date: String::new(),
            date_second: 0,
        }
    }

    /// Appends the head of a reply, with its empty line.
    pub fn head(&mut self, reply: &Reply, manner: &Manner, out: &mut Vec<u8>) {
        let mut line = |parts: &[&str]| {
            for part in parts {
                out.extend_from_slice(part.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        };
        let mut digits = [0; 20];
        line(&[
            "HTTP/1.1 ",
            decimal(reply.status.into(), &mut digits),
            " ",
            reason(reply.status),
        ]);
        line(&["Date: ", self.date()]);
        // A 304 has no body and no type; it only names what the client has.
        if reply.status != 304 {
            let length = reply.body.as_bytes().len() as u64;
            line(&["Content-Type: ", reply.content.media_type]);
            line(&["Content-Security-Policy: ", reply.content.policy]);
            line(&["Content-Length: ", decimal(length, &mut digits)]);
        }
        for (name, value) in &reply.headers {
            line(&[name, ": ", value]);
        }
        if let Some(connection) = manner.connection {
            line(&["Connection: ", connection]);
        }
        if let Some(id) = &manner.request_id {
            line(&["X-Request-Id: ", id]);
        }
        out.extend_from_slice(self.standing.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// A whole reply in a buffer of its own.
    pub fn whole(&mut self, reply: &Reply, manner: &Manner) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.head(reply, manner, &mut bytes);
        bytes.extend_from_slice(Writer::body(reply, manner));
        bytes
    }

    /// The bytes that follow the head.
    pub fn body<'a>(reply: &'a Reply, manner: &Manner) -> &'a [u8] {
        if manner.without_body {
            &[]
        } else {
            reply.body.as_bytes()
        }
    }

    /// The Date header's value, formatted once a second.
    fn date(&mut self) -> &str {
        let now = SystemTime::now();
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if second != self.date_second {
            self.date = httpdate::fmt_http_date(now);
            self.date_second = second;
        }
        &self.date
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    str::from_utf8(&digits[start..]).expect("digits are ASCII")
}

/// Reason phrases (RFC 9110, 15) of the statuses this service sends.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        303 => "See Other",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        // A client goes by the number; RFC 9112 lets the phrase be empty.
        _ => "",
    }
}
