//! Who is let in: keys, tokens, and pages in browsers.

use crate::harness::{Instance, Response};
use crate::replies::public_routes;

const SHUTDOWN: &str = "/deployment/shutdown";

fn ask(server: &Instance, headers: &[(&str, &str)]) -> Response {
    server.connect().request("GET", "/models", headers, b"")
}

#[test]
fn any_one_of_several_keys_opens_and_nothing_else_does() {
    let server = Instance::with(&[("MCP_API_KEY", " key of before,key-of-now ,k3,")]);
    let rows = [
        ("first", "key of before", 200),
        ("second", "key-of-now", 200),
        ("last", "k3", 200),
        ("none", "", 401),
        ("all of them", "key of before,key-of-now ,k3,", 401),
        ("two of them", "key-of-now,k3", 401),
        ("start of one", "key-of-no", 401),
        ("more than one", "key-of-nowk3", 401),
        ("capitals", "KEY-OF-NOW", 401),
        ("the separator", ",", 401),
    ];
    for (name, key, expected) in rows {
        let reply = ask(&server, &[("x-api-key", key)]);
        assert_eq!(reply.status, expected, "{name}");
        let challenge = reply.header("WWW-Authenticate");
        assert_eq!(challenge, (expected == 401).then_some("ApiKey"), "{name}");
    }
    assert_eq!(ask(&server, &[]).status, 401, "no header");
}

#[test]
fn a_key_that_is_sent_twice_opens_nothing() {
    let server = Instance::with(&[("MCP_API_KEY", "right")]);
    for (first, second) in [("right", "right"), ("right", "wrong"), ("wrong", "right")] {
        let twice = [("X-Api-Key", first), ("x-api-key", second)];
        assert_eq!(ask(&server, &twice).status, 401, "{first}, {second}");
    }
}

#[test]
fn a_shutdown_token_is_sent_once_with_its_scheme() {
    let mut server = Instance::with(&[("SHUTDOWN_TOKEN", "open sesame")]);
    let order = |headers: &[(&str, &str)]| {
        let mut client = server.connect();
        client.request("POST", SHUTDOWN, headers, b"").status
    };
    let rows: [(&str, &[&str]); 10] = [
        ("twice", &["Bearer open sesame", "Bearer open sesame"]),
        ("with another", &["Basic eDp5", "Bearer open sesame"]),
        ("before another", &["Bearer open sesame", "Basic eDp5"]),
        ("listed", &["Basic eDp5, Bearer open sesame"]),
        ("scheme alone", &["Bearer"]),
        ("scheme as token", &["Bearer Bearer"]),
        ("glued", &["Beareropen sesame"]),
        ("with a colon", &["Bearer: open sesame"]),
        ("as a parameter", &["Bearer token=open sesame"]),
        ("in quotes", &["Bearer \"open sesame\""]),
    ];
    for (name, values) in rows {
        let headers: Vec<_> = values.iter().map(|v| ("Authorization", *v)).collect();
        assert_eq!(order(&headers), 401, "{name}");
    }
    let elsewhere = [("x-api-key", "open sesame")];
    assert_eq!(order(&elsewhere), 401, "in another header");
    // Who has the token may be anywhere, also in a page of the operator's own.
    let right = [
        ("Origin", "https://ops.example"),
        ("AUTHORIZATION", "BEARER  open sesame"),
    ];
    assert_eq!(order(&right), 200);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn a_page_in_a_browser_here_may_not_shut_the_service_down() {
    let server = Instance::start();
    for origin in ["https://evil.example", "http://127.0.0.1:8000", "null"] {
        let from_page = [("Origin", origin), ("Content-Type", "text/plain")];
        let mut client = server.connect();
        let reply = client.request("POST", SHUTDOWN, &from_page, b"");
        assert_eq!(reply.status, 403, "{origin}");
    }
    let status = server.get("/deployment/shutdown/status").json();
    assert_eq!(status["shutting_down"], false);
}

#[test]
fn no_cache_answers_in_the_place_of_the_service() {
    let server = Instance::start();
    let compare = "/compare?models=gpt-4o&input_tokens=1&output_tokens=1";
    for row in public_routes().filter(|row| row.method == "GET") {
        let path = match row.path {
            "/models/{model}" => "/models/gpt-4o",
            "/compare" => compare,
            path => path,
        };
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{path}");
        let has_tag = reply.header("ETag").is_some();
        let expected = if has_tag { "no-cache" } else { "no-store" };
        assert_eq!(reply.header("Cache-Control"), Some(expected), "{path}");
    }
}
