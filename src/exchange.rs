//! An HTTP exchange as plain data: what the server hands to the api, and what it gets back.
//!
//! Neither side knows the other; `app.rs` joins them with a [`Service`].

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// Longer request ids are not echoed.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The request methods the service distinguishes. Method names are case-sensitive (RFC 9110, 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Method {
    Get,
    Head,
    Post,
    /// A browser asks whether a page may call.
    Options,
    Other,
}

impl Method {
    /// In the order of the enum.
    pub const ALL: [Method; 5] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Options,
        Method::Other,
    ];

    /// The name in metrics and logs, where what a client made up is one thing.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Options => "OPTIONS",
            Method::Other => "other",
        }
    }
}

/// One row of the router's table, by its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint(pub usize);

/// What the server must know about a request before it takes it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triage {
    pub endpoint: Endpoint,
    pub work: Work,
}

/// How much a request may cost and whether a drain has to wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Health and deployment: answered in every phase, never counted, never refused.
    Probe,
    /// Business that takes microseconds: answered by the worker that took it.
    Light,
    /// Business that takes milliseconds: left to the bulk workers.
    Heavy,
}

/// A request, read to its end.
pub struct Call<'a> {
    pub method: Method,
    pub endpoint: Endpoint,
    /// The path as sent, without the query.
    pub path: &'a str,
    /// What follows the `?`, still percent-encoded; empty when there is none.
    pub query: &'a str,
    pub headers: Headers<'a>,
    pub body: &'a [u8],
    /// The other end of the connection: the client, or the last proxy before us.
    pub peer: SocketAddr,
}

impl<'a> Call<'a> {
    /// What the client calls this request, if that can be repeated in a header and in a log.
    pub fn request_id(&self) -> Option<&'a str> {
        self.headers.get("X-Request-Id").filter(|id| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
    }
}

/// Request headers in the order they came. Names compare without case.
#[derive(Default)]
pub struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> FromIterator<(&'a str, &'a str)> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Headers(pairs.into_iter().collect())
    }
}

impl<'a> Headers<'a> {
    /// The first header of that name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Every header of that name; from the back, the last one comes first.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|&(_, value)| value)
    }
}

/// What the api says to a call.
pub enum Answer {
    Now(Reply),
    /// The caller wants to wait for the end of the drain: ask again then.
    WhenDrained,
}

/// Takes note of a reply, given how long it took to get ready.
pub type Recorder = Box<dyn Fn(&Call, &Reply, Duration) + Send + Sync>;

/// Both ends of the seam between the server, which knows sockets, and the api, which knows prices.
pub struct Service {
    /// Decides from method, path and query alone.
    pub triage: fn(Method, &str, &str) -> Triage,
    /// Answers a call that was read to its end.
    pub answer: Box<dyn Fn(&Call) -> Answer + Send + Sync>,
    pub record: Recorder,
}

/// A response. The server adds `Date`, `Content-Length`, `Connection` and who answered.
pub struct Reply {
    pub status: u16,
    pub content: Content,
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    pub body: Body,
}

/// What a body is, and what a browser that shows it may do.
#[derive(Clone, Copy)]
pub struct Content {
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    /// The value of `Content-Security-Policy`.
    pub policy: &'static str,
}

impl Content {
    /// Nothing in it is to be run, loaded or framed.
    pub const JSON: Content = Content::text("application/json");

    /// Text that is data, of that media type.
    pub const fn text(media_type: &'static str) -> Content {
        Content {
            media_type,
            policy: "default-src 'none'; frame-ancestors 'none'",
        }
    }
}

/// The bytes of a reply: its own, or a part of something kept for many replies.
pub enum Body {
    Own(Vec<u8>),
    Shared(Arc<[u8]>, Range<usize>),
}

impl Body {
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Body::Own(bytes) => bytes,
            Body::Shared(bytes, range) => &bytes[range.clone()],
        }
    }
}

/// What is wrong with the call, and what to do.
#[derive(Serialize, JsonSchema)]
pub struct Detail<'a> {
    detail: &'a str,
}

impl Reply {
    /// A JSON reply; the value must be one that always serialises.
    pub fn json(status: u16, value: &impl Serialize) -> Reply {
        // Room for an estimate, in the largest size the allocator keeps ready for each thread.
        let mut body = Vec::with_capacity(1_024);
        serde_json::to_writer(&mut body, value)
            .expect("replies hold only strings, numbers and maps with string keys");
        Reply::json_bytes(status, Body::Own(body))
    }

    /// A JSON reply that is already serialised.
    pub fn json_bytes(status: u16, body: Body) -> Reply {
        Reply {
            status,
            content: Content::JSON,
            headers: Vec::new(),
            body,
        }
    }

    /// The contract's error shape: `{"detail": "<what is wrong and what to do>"}`.
    pub fn detail(status: u16, detail: &str) -> Reply {
        Reply::json(status, &Detail { detail })
    }

    /// A 503 that says when to come back, in seconds.
    pub fn unavailable(detail: &str, retry_after_seconds: u64) -> Reply {
        Reply::detail(503, detail).with("Retry-After", retry_after_seconds.to_string())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}
