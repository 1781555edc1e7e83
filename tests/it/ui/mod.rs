//! The page for people: what is sent, and in `views` what it does in a browser.

/// A real browser, and what drives it.
pub mod browser;
/// What people do with the page.
mod views;

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::harness::{Client, Instance, Response, wait_until};

const COMPRESSED_BYTES_MAX: usize = 60_000;

const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

fn ask(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Response {
    client.request("GET", path, headers, b"")
}

#[test]
fn the_page_is_one_small_file() {
    let server = Instance::start();
    let mut client = server.connect();
    let plain = client.get("/ui");
    let gzip = ask(&mut client, "/ui", &[("Accept-Encoding", "gzip, br")]);
    println!(
        "/ui has {} bytes, {} compressed",
        plain.body.len(),
        gzip.body.len()
    );
    assert!(
        gzip.body.len() <= COMPRESSED_BYTES_MAX,
        "{} bytes",
        gzip.body.len()
    );
    for (reply, encoding) in [(&plain, None), (&gzip, Some("gzip"))] {
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("Content-Type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(reply.header("Content-Encoding"), encoding);
        let known = [("If-None-Match", reply.header("ETag").expect("a tag"))];
        assert_eq!(ask(&mut client, "/ui", &known).status, 304);
    }
    let mut decoded = Vec::new();
    GzDecoder::new(&gzip.body[..])
        .read_to_end(&mut decoded)
        .expect("valid gzip");
    assert!(decoded == plain.body, "both are the same page");
}

#[test]
fn the_page_loads_nothing_and_runs_only_itself() {
    let reply = Instance::start().get("/ui");
    let page = reply.text();
    let (markup, script) = page.split_once("<script>").expect("a script");
    for (name, text, forbidden) in [
        ("a source", markup, "src="),
        ("a handler in the markup", markup, " onclick="),
        ("a style in the markup", markup, " style="),
        ("a link elsewhere", markup, "href=\"http"),
        ("another style", markup, "@import"),
        ("a file of a style", markup, "url("),
        ("text read as HTML", script, "innerHTML"),
        ("text read as a script", script, "eval("),
    ] {
        assert!(!text.contains(forbidden), "{name}");
    }
    let between = |start: &str, end: &str| {
        let rest = page.split_once(start).expect(start).1;
        STANDARD.encode(Sha256::digest(rest.split_once(end).expect(end).0))
    };
    let expected = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        between("<script>", "</script>"),
        between("<style>", "</style>")
    );
    assert_eq!(reply.header("Content-Security-Policy"), Some(&*expected));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
}

#[test]
fn browsers_are_led_to_the_page_and_everybody_else_gets_json() {
    let server = Instance::start();
    let mut client = server.connect();
    for (name, accepted, is_led) in [
        ("a browser", Some(BROWSER), true),
        ("a browser that asks for no more", Some("text/html"), true),
        ("nothing said", None, false),
        ("curl", Some("*/*"), false),
        ("a JSON client", Some("application/json"), false),
        (
            "one that prefers JSON",
            Some("application/json, text/html;q=0.9"),
            false,
        ),
    ] {
        let headers: Vec<_> = accepted
            .map(|value| ("Accept", value))
            .into_iter()
            .collect();
        let reply = ask(&mut client, "/", &headers);
        let status = if is_led { 303 } else { 200 };
        assert_eq!(reply.status, status, "{name}");
        // Relative, so that it holds below the path of a proxy.
        assert_eq!(reply.header("Location"), is_led.then_some("ui"), "{name}");
        assert!(reply.header("Vary").unwrap().contains("Accept"), "{name}");
        if !is_led {
            assert_eq!(
                reply.header("Vary"),
                Some("Accept, Accept-Encoding"),
                "{name}"
            );
            assert_eq!(reply.json()["name"], "LLM Pricing MCP Server", "{name}");
        }
    }
}

#[test]
fn the_page_needs_no_key_and_is_refused_in_a_drain() {
    let server = Instance::with(&[("MCP_API_KEY", "key"), ("RATE_LIMIT_PER_MINUTE", "1")]);
    let mut client = server.connect();
    for _ in 0..3 {
        assert_eq!(client.get("/ui").status, 200);
        assert_eq!(ask(&mut client, "/", &[("Accept", BROWSER)]).status, 303);
    }
    assert_eq!(
        client.get("/").status,
        401,
        "the list of endpoints is business"
    );

    let server = Instance::start();
    let _held = server.hold_a_request();
    server.signal("TERM");
    wait_until("the drain", || {
        server.get("/deployment/shutdown/status").json()["state"] == "draining"
    });
    let refused = server.get("/ui");
    assert_eq!(refused.status, 503);
    assert!(refused.header("Retry-After").is_some());
}
