//! The large lists: compressed for those who take it, and not sent again to those who have them.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;

use crate::harness::{Client, Instance, Response};

const LISTS: [&str; 4] = ["/models", "/pricing", "/performance", "/use-cases"];

fn ask(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Response {
    client.request("GET", path, headers, b"")
}

fn decoded(reply: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    match reply.header("Content-Encoding") {
        Some("gzip") => {
            let mut decoder = GzDecoder::new(&reply.body[..]);
            decoder.read_to_end(&mut bytes).expect("valid gzip");
        }
        Some(other) => panic!("encoding {other}"),
        None => bytes.clone_from(&reply.body),
    }
    bytes
}

#[test]
fn both_encodings_are_the_same_list() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in LISTS {
        let plain = client.get(path);
        assert_eq!(plain.header("Content-Encoding"), None, "{path}");
        let gzip = ask(&mut client, path, &[("Accept-Encoding", "gzip, br")]);
        assert_eq!(gzip.header("Content-Encoding"), Some("gzip"), "{path}");
        assert!(gzip.body.len() * 4 < plain.body.len(), "{path} is smaller");
        assert!(decoded(&gzip) == plain.body, "{path} is the same");
        for reply in [&plain, &gzip] {
            assert_eq!(reply.header("Vary"), Some("Accept-Encoding"), "{path}");
        }
    }
}

#[test]
fn gzip_is_sent_to_those_who_take_it() {
    let server = Instance::start();
    let mut client = server.connect();
    let rows = [
        ("any", "*", true),
        ("capitals", "GZIP", true),
        ("weighted", "br;q=1.0, gzip;q=0.1", true),
        ("refused", "gzip;q=0", false),
        ("refused, others welcome", "gzip;q=0, *;q=1", false),
        ("other", "br, zstd", false),
        ("identity", "identity", false),
        ("empty", "", false),
        ("nonsense", ";;,=,gzip2", false),
    ];
    for (name, value, expected) in rows {
        let reply = ask(&mut client, "/models", &[("Accept-Encoding", value)]);
        let is_gzip = reply.header("Content-Encoding") == Some("gzip");
        assert_eq!(is_gzip, expected, "{name}");
        serde_json::from_slice::<serde_json::Value>(&decoded(&reply)).expect(name);
    }
}

#[test]
fn etags_are_strong_and_name_one_sequence_of_bytes() {
    let server = Instance::start();
    let mut client = server.connect();
    let mut seen = BTreeSet::new();
    for path in LISTS {
        for encoding in ["identity", "gzip"] {
            let headers = [("Accept-Encoding", encoding)];
            let reply = ask(&mut client, path, &headers);
            let tag = reply.header("ETag").expect(path).to_owned();
            let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            assert!(
                inner.is_some_and(|tag| !tag.contains('"')),
                "{path}: {tag} is strong"
            );
            let again = ask(&mut client, path, &headers);
            assert_eq!(again.header("ETag"), Some(&*tag), "{path}: the same again");
            assert!(seen.insert(tag), "{path}, {encoding}: a tag of its own");
        }
    }
    let other = Instance::start();
    let tag = |server: &Instance| server.get("/pricing").header("ETag").map(str::to_owned);
    assert_eq!(tag(&server), tag(&other), "instances agree");
}

#[test]
fn who_has_the_list_is_not_sent_it_again() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in LISTS {
        for encoding in ["identity", "gzip"] {
            let accept = ("Accept-Encoding", encoding);
            let tag = ask(&mut client, path, &[accept])
                .header("ETag")
                .unwrap()
                .to_owned();
            let rows = [
                ("exact", tag.clone(), 304),
                ("weak", format!("W/{tag}"), 304),
                ("in a list", format!("\"a\", {tag} , \"b\""), 304),
                ("last of a list without spaces", format!("\"a\",{tag}"), 304),
                ("star", "*".to_owned(), 304),
                ("another", "\"a\"".to_owned(), 200),
                ("weak other", "W/\"a\", W/\"b\"".to_owned(), 200),
                ("without quotes", tag.trim_matches('"').to_owned(), 200),
                ("start of it", format!("{}\"", &tag[..9]), 200),
                ("empty", String::new(), 200),
            ];
            for (name, value, status) in rows {
                let reply = ask(&mut client, path, &[accept, ("If-None-Match", &value)]);
                assert_eq!(reply.status, status, "{name}, {path}, {encoding}");
                assert_eq!(reply.header("ETag"), Some(&*tag), "{name}, {path}");
                assert_eq!(reply.header("Vary"), Some("Accept-Encoding"), "{name}");
                if status == 304 {
                    // Nothing followed: the next reply starts where this one ended.
                    assert_eq!(client.get("/health").status, 200, "{name}, {path}");
                }
            }
        }
    }
}

#[test]
fn a_selection_is_compressed_and_conditional_too() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in [
        "/models?provider=openai",
        "/pricing?provider=openai",
        "/performance?provider=openai&sort_by=value",
        "/use-cases?include_retired=true",
    ] {
        let plain = client.get(path);
        let gzip = ask(&mut client, path, &[("Accept-Encoding", "gzip")]);
        assert_eq!(gzip.header("Content-Encoding"), Some("gzip"), "{path}");
        assert!(decoded(&gzip) == plain.body, "{path} is the same");
        let tags = [&plain, &gzip].map(|reply| reply.header("ETag").expect("a tag").to_owned());
        assert_ne!(tags[0], tags[1], "{path}");
        for tag in &tags {
            let known = ask(&mut client, path, &[("If-None-Match", tag)]);
            assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        }
        let other = path.replace("openai", "groq").replace("true", "false");
        let changed = ask(&mut client, &other, &[("If-None-Match", &tags[0])]);
        assert_eq!(changed.status, 200, "{other} is not {path}");
    }
    let small = ask(
        &mut client,
        "/models?provider=nobody",
        &[("Accept-Encoding", "gzip")],
    );
    assert_eq!(small.header("Content-Encoding"), None, "not worth it");
}
