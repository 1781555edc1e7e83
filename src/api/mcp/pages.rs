//! Pages in browsers: which of them may call, and what their browser is told.
//!
//! Any page could have the browser of somebody inside a network ask what its own server cannot, also under a
//! name that it has bound to our address (DNS rebinding). So who may call goes by `Origin`, which no page
//! can write, and never by `Host`. Programs send no `Origin`.

use crate::api::Api;
use crate::api::access;
use crate::api::error::Fault;
use crate::exchange::{Body, Call, Headers, Reply};

/// What clients of the protocol send, besides the key.
const SENT_BY_PAGES: &str = "content-type, accept, authorization, mcp-protocol-version, mcp-method, \
     mcp-name, mcp-session-id, last-event-id";

/// How long a browser may go without asking again; all of them cut it to their own liking.
const ANSWER_KEPT_SECONDS: &str = "600";

/// `OPTIONS /mcp`: what a browser asks before it lets a page call. It sends no key, so none is needed; the
/// rate limit holds.
///
/// # Errors
/// When the client asks too often, and when it is no browser.
pub fn preflight(api: &Api, call: &Call) -> Result<Reply, Fault> {
    access::check_rate(api, call)?;
    if call.headers.get("Origin").is_none() {
        return Err(Fault::WrongMethod { allowed: "POST" });
    }
    if !are_let_in(&api.access.mcp_allowed_origins, &call.headers) {
        return Ok(refusal());
    }
    let headers = format!("{SENT_BY_PAGES}, {}", api.access.api_key_header);
    let reply = Reply::json_bytes(200, Body::Own(Vec::new()))
        .with("Access-Control-Allow-Methods", "POST")
        .with("Access-Control-Allow-Headers", headers)
        .with("Access-Control-Max-Age", ANSWER_KEPT_SECONDS);
    Ok(reply)
}

/// Whether no page calls, or one that may.
pub fn are_let_in(named: &[String], headers: &Headers) -> bool {
    let is_named = |origin| named.iter().any(|own| own == origin);
    headers
        .all("Origin")
        .all(|origin| is_local(origin) || is_named(origin))
}

pub fn refusal() -> Reply {
    Reply::detail(
        403,
        "Pages of this origin may not call the service; MCP_ALLOWED_ORIGINS names those that may",
    )
}

/// Has the browser hand a reply to the page that asked for it, if that may call. Refusals, too: an official
/// client takes a 405 to its `GET` for what it is, and comes back after a 429.
pub fn readable(api: &Api, call: &Call, reply: Reply) -> Reply {
    match call.headers.get("Origin") {
        Some(origin) if are_let_in(&api.access.mcp_allowed_origins, &call.headers) => reply
            .with("Access-Control-Allow-Origin", origin.to_owned())
            .with("Access-Control-Expose-Headers", "Retry-After")
            .with("Vary", "Origin"),
        _ => reply,
    }
}

/// Whether an origin is a page on the machine of whoever reads it, at whichever port.
fn is_local(origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return false;
    };
    let host = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => rest,
    };
    matches!(scheme, "http" | "https") && matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_pages_of_this_machine_are_let_in_unnamed() {
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
            (
                "a name before it",
                "http://localhost:80@example.com:80",
                false,
            ),
            ("a path behind it", "http://localhost/x", false),
            ("a file", "null", false),
            ("another scheme", "ftp://localhost", false),
        ] {
            assert_eq!(is_local(origin), expected, "{name}");
        }
    }
}
