//! The pages for browsers, as they are sent: `ui` and `reference` see what they do.

use std::collections::BTreeSet;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::harness::{Client, Instance, Response, wait_until};

/// Where they are, and how large each may be, compressed.
const PAGES: [(&str, usize); 3] = [("/ui", 60_000), ("/docs", 20_000), ("/redoc", 20_000)];

const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

fn ask(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Response {
    client.request("GET", path, headers, b"")
}

/// What stands in the only element of that name.
fn within<'a>(page: &'a str, element: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<{element}>")).expect(element);
    let (inside, after) = rest.split_once(&format!("</{element}>")).expect(element);
    assert!(!after.contains(&format!("<{element}")), "one {element}");
    inside
}

#[test]
fn each_page_is_small_and_not_sent_twice() {
    let server = Instance::start();
    let mut client = server.connect();
    for (path, size_max) in PAGES {
        let plain = client.get(path);
        let gzip = ask(&mut client, path, &[("Accept-Encoding", "gzip, br")]);
        let size = gzip.body.len();
        println!("{path} has {} bytes, {size} compressed", plain.body.len());
        assert!(size <= size_max, "{path} has {size} bytes");
        for (reply, encoding) in [(&plain, None), (&gzip, Some("gzip"))] {
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(
                reply.header("Content-Type"),
                Some("text/html; charset=utf-8"),
                "{path}"
            );
            assert_eq!(reply.header("Content-Encoding"), encoding, "{path}");
            assert_eq!(reply.header("Vary"), Some("Accept-Encoding"), "{path}");
            assert_eq!(reply.header("Cache-Control"), Some("no-cache"), "{path}");
            let tag = reply.header("ETag").expect(path);
            assert!(tag.starts_with('"'), "{path}: {tag} is strong");
            let again = ask(&mut client, path, &[("If-None-Match", tag)]);
            assert_eq!(again.status, 304, "{path}");
        }
        assert_ne!(plain.header("ETag"), gzip.header("ETag"), "{path}");
        let mut decoded = Vec::new();
        let mut decoder = GzDecoder::new(&gzip.body[..]);
        decoder.read_to_end(&mut decoded).expect("valid gzip");
        assert!(decoded == plain.body, "{path}: both are the same page");
    }
}

#[test]
fn each_page_may_run_what_is_in_it_and_nothing_else() {
    let server = Instance::start();
    for (path, _) in PAGES {
        let reply = server.get(path);
        let page = reply.text();
        let digest = |element| STANDARD.encode(Sha256::digest(within(&page, element)));
        let expected = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            digest("script"),
            digest("style")
        );
        assert_eq!(
            reply.header("Content-Security-Policy"),
            Some(&*expected),
            "{path}"
        );
    }
}

/// The policy would refuse it; that it is not even tried keeps the console quiet.
#[test]
fn each_page_loads_nothing() {
    let server = Instance::start();
    for (path, _) in PAGES {
        let page = server.get(path).text();
        let (style, script) = (within(&page, "style"), within(&page, "script"));
        let markup = page.replace(style, "").replace(script, "");
        for (text, forbidden) in [
            (
                &*markup,
                [" src=", " style=", " onload=", "<link rel=\"stylesheet"],
            ),
            (style, ["url(", "@import", "@font-face", "http"]),
            (script, ["innerHTML", "eval(", "import(", "importScripts"]),
        ] {
            for word in forbidden {
                assert!(!text.contains(word), "{path}: {word}");
            }
        }
        let links: BTreeSet<&str> = markup
            .split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .filter(|link| !link.starts_with("data:"))
            .collect();
        // Relative, so that they hold below the path of a proxy.
        let known = ["docs", "openapi.json", "redoc", "ui"];
        for link in links {
            let is_there = link.starts_with('#') || known.contains(&link);
            assert!(is_there, "{path}: {link}");
        }
    }
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
fn pages_need_no_key_and_are_refused_in_a_drain() {
    let server = Instance::with(&[("MCP_API_KEY", "key"), ("RATE_LIMIT_PER_MINUTE", "1")]);
    let mut client = server.connect();
    for _ in ["within the limit", "above it"] {
        for (path, _) in PAGES {
            assert_eq!(client.get(path).status, 200, "{path}");
        }
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
    for (path, _) in PAGES {
        let refused = server.get(path);
        assert_eq!(refused.status, 503, "{path}");
        assert!(refused.header("Retry-After").is_some(), "{path}");
    }
}
