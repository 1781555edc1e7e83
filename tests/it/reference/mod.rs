//! `/docs` and `/redoc`: what is sent, and in `views` what they do in a browser.

/// What people do with them.
mod views;

use std::collections::BTreeSet;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::harness::{Client, Instance, Response};

const PATHS: [&str; 2] = ["/docs", "/redoc"];

const COMPRESSED_BYTES_MAX: usize = 20_000;

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
    for path in PATHS {
        let plain = client.get(path);
        let gzip = ask(&mut client, path, &[("Accept-Encoding", "gzip, br")]);
        let size = gzip.body.len();
        assert!(size <= COMPRESSED_BYTES_MAX, "{path} has {size} bytes");
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
    for path in PATHS {
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
    for path in PATHS {
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
        let expected = ["#main", "docs", "openapi.json", "redoc", "ui"];
        assert_eq!(links, BTreeSet::from(expected), "{path}");
    }
}

#[test]
fn the_pages_need_no_key() {
    let server = Instance::with(&[("MCP_API_KEY", "key"), ("RATE_LIMIT_PER_MINUTE", "1")]);
    for path in PATHS.repeat(2) {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
}
