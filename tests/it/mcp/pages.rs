//! Which pages in a browser may call, and what the browser is told of it.

use super::{PING, post};
use crate::harness::{Instance, Response};

/// What a page is told besides the reply itself: the page that may read it.
fn reader(reply: &Response) -> Option<&str> {
    let reader = reply.header("Access-Control-Allow-Origin");
    let is_for_one = reply.header("Vary").is_some_and(|vary| vary == "Origin");
    assert_eq!(reader.is_some(), is_for_one, "no cache gives it to another");
    reader
}

#[test]
fn a_page_may_call_if_its_site_may() {
    let named = "https://Chat.example:443, http://a:03, https://[2001:db8::1]:8443";
    let server = Instance::with(&[("MCP_ALLOWED_ORIGINS", named)]);
    let mut client = server.connect();
    for (name, origin, status) in [
        ("on this machine", "http://localhost:6274", 200),
        ("a site that was named", "https://chat.example", 200),
        ("another that was", "http://a:3", 200),
        ("an address that was", "https://[2001:db8::1]:8443", 200),
        ("the same at another port", "http://a:4", 403),
        ("the same, not encrypted", "http://chat.example", 403),
        ("below it", "https://evil.chat.example", 403),
        ("another", "https://evil.example", 403),
        ("ourselves, by name", "http://test", 403),
        ("of nowhere", "null", 403),
    ] {
        let reply = post(&mut client, &[("Origin", origin)], PING);
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        assert_eq!(reader(&reply), (status == 200).then_some(origin), "{name}");
    }
    let both = [
        ("Origin", "http://localhost"),
        ("Origin", "https://evil.example"),
    ];
    let reply = post(&mut client, &both, PING);
    assert_eq!((reply.status, reader(&reply)), (403, None), "one may not");
    let reply = post(&mut client, &[], PING);
    assert_eq!((reply.status, reader(&reply)), (200, None), "a program");
    let elsewhere = client.request("GET", "/models", &[("Origin", "http://localhost")], b"");
    assert_eq!(reader(&elsewhere), None, "only at /mcp");
}

#[test]
fn a_page_is_told_why_it_was_refused() {
    let server = Instance::with(&[("MCP_API_KEY", "k"), ("RATE_LIMIT_PER_MINUTE", "3")]);
    let mut client = server.connect();
    let (local, foreign) = ("http://localhost:3000", "https://evil.example");
    let key = ("x-api-key", "k");
    for (name, origin, status, headers) in [
        ("no key", local, 401, &[][..]),
        ("no key, from elsewhere", foreign, 401, &[]),
        (
            "no JSON",
            local,
            415,
            &[key, ("Content-Type", "text/plain")],
        ),
        ("too often", local, 429, &[key]),
        ("too often, from elsewhere", foreign, 429, &[key]),
    ] {
        let headers = [&[("Origin", origin)], headers].concat();
        let reply = post(&mut client, &headers, PING);
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        assert_eq!(
            reader(&reply),
            (origin == local).then_some(origin),
            "{name}"
        );
        let exposed = reply.header("Access-Control-Expose-Headers");
        assert_eq!(
            exposed,
            (origin == local).then_some("Retry-After"),
            "{name}"
        );
    }
    // With which an official client in a page looks for a stream.
    for (origin, expected) in [(local, Some(local)), (foreign, None)] {
        let reply = client.request("GET", "/mcp", &[("Origin", origin)], b"");
        assert_eq!((reply.status, reply.header("Allow")), (405, Some("POST")));
        assert_eq!(reader(&reply), expected, "{origin}");
    }
}

fn ask(server: &Instance, path: &str, origin: &str) -> Response {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
    ];
    server.connect().request("OPTIONS", path, &headers, b"")
}

#[test]
fn a_browser_is_told_what_a_page_may_send() {
    let server = Instance::with(&[("MCP_API_KEY", "k"), ("MCP_API_KEY_HEADER", "X-Team-Key")]);
    let local = "http://localhost:3000";
    let allowed = ask(&server, "/mcp", local);
    assert_eq!(allowed.status, 200, "without a key, which no browser sends");
    assert_eq!(reader(&allowed), Some(local));
    assert!(allowed.body.is_empty());
    for (name, part) in [
        ("Access-Control-Allow-Methods", "POST"),
        (
            "Access-Control-Allow-Headers",
            "mcp-protocol-version, mcp-method, mcp-name",
        ),
        ("Access-Control-Allow-Headers", "X-Team-Key"),
        ("Access-Control-Max-Age", "600"),
    ] {
        let value = allowed.header(name);
        assert!(
            value.is_some_and(|value| value.contains(part)),
            "{name}: {value:?}"
        );
    }
    let refused = ask(&server, "/mcp", "https://evil.example");
    assert_eq!((refused.status, reader(&refused)), (403, None));
    let elsewhere = ask(&server, "/pricing", local);
    assert_eq!((elsewhere.status, reader(&elsewhere)), (405, None));
}

#[test]
fn the_limits_hold_for_a_browser_that_asks() {
    let mut server = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "2")]);
    let local = "http://localhost:3000";
    assert_eq!(ask(&server, "/mcp", local).status, 200);
    assert_eq!(ask(&server, "/mcp", local).status, 200);
    let limited = ask(&server, "/mcp", local);
    assert_eq!((limited.status, reader(&limited)), (429, Some(local)));
    let mut held = server.hold_a_request();
    server.signal("TERM");
    server.wait_for_log("phase draining");
    assert_eq!(ask(&server, "/mcp", local).status, 503);
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 429);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}
