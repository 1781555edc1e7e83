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
pub mod pages;
mod server;
mod tools;

pub use message::{BATCH_MAX, Incoming, MESSAGE_BYTES_MAX, Said, answer};
pub use tools::Desk;

use super::Api;
use super::book::Book;
use crate::exchange::{Body, Call, Reply};

/// Answers one message over HTTP.
pub fn post(api: &Api, book: &Book, call: &Call) -> Reply {
    if !pages::are_let_in(&api.access.mcp_allowed_origins, &call.headers) {
        return pages::refusal();
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
    let body = said.body.unwrap_or_default().into_bytes();
    Reply::json_bytes(said.status, Body::Own(body))
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
