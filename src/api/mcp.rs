//! `POST /mcp`: the Model Context Protocol (<https://modelcontextprotocol.io>), Streamable HTTP transport,
//! without sessions and without streams: every message is answered by one JSON object, by whichever
//! instance it reaches.

mod arguments;
mod costs;
mod cursor;
mod facts;
mod lists;
mod message;
mod modern;
mod server;
mod tools;

pub use message::{BATCH_MAX, Incoming, MESSAGE_BYTES_MAX, Said, answer};
pub use tools::Desk;

use super::Api;
use super::book::Book;
use crate::exchange::{Body, Call, Reply};

/// Answers one message over HTTP.
pub fn post(api: &Api, book: &Book, call: &Call) -> Reply {
    if let Some(origin) = call.headers.get("Origin")
        && !is_own_page(origin)
    {
        return Reply::detail(403, "Pages of this origin may not call the service");
    }
    let is_json = |value: &str| {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/json")
    };
    if !call.headers.get("Content-Type").is_some_and(is_json) {
        return Reply::detail(415, "Content-Type must be application/json");
    }
    if !accepts_json(call) {
        return Reply::detail(
            406,
            "The answer is application/json, which Accept leaves out",
        );
    }
    let desk = Desk {
        book,
        telemetry: &api.telemetry,
        replica: api.identity.instance_id.as_deref(),
        started: api.started,
    };
    let said = answer(&desk, call.body, &Incoming::Http(&call.headers));
    match said.body {
        Some(body) => Reply::json_bytes(said.status, Body::Own(body.into_bytes())),
        None => Reply::json_bytes(said.status, Body::Own(Vec::new())),
    }
}

/// Whether an origin is a page on this very host. Any other page could have the browser of somebody inside
/// a network ask what its own server cannot (DNS rebinding); what the page's `Host` says proves nothing.
fn is_own_page(origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return false;
    };
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => rest,
    };
    matches!(scheme, "http" | "https") && matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Whether JSON is welcome at all. The protocol has clients name an event stream besides, which nobody
/// needs to: there are none.
fn accepts_json(call: &Call) -> bool {
    let mut elements = call
        .headers
        .all("Accept")
        .flat_map(|value| value.split(','))
        .peekable();
    elements.peek().is_none()
        || elements.any(|element| {
            let media_type = element.split(';').next().unwrap_or_default().trim();
            ["application/json", "application/*", "*/*"]
                .iter()
                .any(|welcome| media_type.eq_ignore_ascii_case(welcome))
        })
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn only_pages_of_this_host_are_let_in() {
        for (name, origin, expected) in [
            ("a local page", "http://localhost:3000", true),
            ("without a port", "https://localhost", true),
            ("by address", "http://127.0.0.1:8000", true),
            ("IPv6", "http://[::1]:8000", true),
            ("another host", "https://example.com", false),
            (
                "a name that begins alike",
                "http://localhost.example.com",
                false,
            ),
            (
                "an address that begins alike",
                "http://127.0.0.1.example.com:80",
                false,
            ),
            ("a file", "null", false),
            ("another scheme", "ftp://localhost", false),
        ] {
            assert_eq!(is_own_page(origin), expected, "{name}");
        }
    }
}
