//! The ground rules every reply keeps: methods, paths, connections, and who answered.

use std::collections::BTreeSet;

use llm_pricing::router::{ROUTES, RouteInfo};

use crate::contract::DOCUMENTATION;
use crate::harness::{Instance, Response};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

/// Business routes; the rest are probes and documentation.
pub const BUSINESS: [&str; 12] = [
    "/",
    "/models",
    "/models/{model}",
    "/pricing",
    "/cost-estimate",
    "/cost-estimate/batch",
    "/cost-estimate/cheapest",
    "/compare",
    "/performance",
    "/use-cases",
    "/telemetry",
    "/mcp",
];

/// Pages for browsers: refused in a drain as business is, but open to everybody. They ask for the key.
pub const PAGES: [&str; 1] = ["/ui"];

pub fn public_routes() -> impl Iterator<Item = &'static RouteInfo> {
    ROUTES.iter().filter(|row| row.route.is_public())
}

/// All headers but the date, with those that depend on the moment left without their value.
fn standing(reply: &Response, length_varies: bool) -> BTreeSet<(String, String)> {
    let headers = reply.headers.iter().filter(|(name, _)| name != "Date");
    headers
        .map(|(name, value)| match &**name {
            "Content-Length" if length_varies => (name.clone(), String::new()),
            _ => (name.clone(), value.clone()),
        })
        .collect()
}

#[test]
fn head_says_what_get_says_and_sends_no_body() {
    let server = Instance::start();
    let mut client = server.connect();
    // Uptimes and response times have as many digits as they need.
    let varying = [
        "/telemetry",
        "/health/detailed",
        "/deployment/info",
        "/metrics",
    ];
    let known = client.get("/pricing").header("ETag").unwrap().to_owned();
    for encoding in ["identity", "gzip"] {
        for row in public_routes().filter(|row| row.method == "GET") {
            for path in [row.path.to_owned(), format!("{}?provider=groq", row.path)] {
                for known in [None, Some(("If-None-Match", &*known))] {
                    let mut headers = vec![("Accept-Encoding", encoding)];
                    headers.extend(known);
                    let get = client.request("GET", &path, &headers, b"");
                    let head = client.request("HEAD", &path, &headers, b"");
                    assert_eq!(head.status, get.status, "{path}");
                    let varies = varying.contains(&row.path);
                    assert_eq!(
                        standing(&head, varies),
                        standing(&get, varies),
                        "{path}, {encoding}, {known:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_trailing_slash_is_forgiven_everywhere() {
    let server = Instance::start();
    for row in public_routes().filter(|row| row.path != "/" && row.path != "/deployment/shutdown") {
        let body = if row.method == "POST" { ESTIMATE } else { "" };
        let ask = |path: &str| {
            server
                .connect()
                .request(row.method, path, &[], body.as_bytes())
        };
        let (plain, slashed) = (ask(row.path), ask(&format!("{}/", row.path)));
        assert_eq!(slashed.status, plain.status, "{}", row.path);
    }
    assert_eq!(server.get("/models/?provider=groq").status, 200);
}

#[test]
fn an_unknown_path_is_404_and_says_what_to_do() {
    let server = Instance::start();
    let long = format!("/{}", "x".repeat(5_000));
    let rows = [
        ("no such path", "/nope"),
        ("below a path", "/pricing/gpt-4o"),
        ("beside a path", "/pricings"),
        ("capitals", "/Pricing"),
        ("two slashes", "/models//"),
        ("escaped", "/%70ricing/.."),
        ("upwards", "/../pricing"),
        ("with a query", "/nope?provider=openai"),
        ("long", &long),
    ];
    for (name, path) in rows {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let reply = server.connect().request(method, path, &[], b"");
            assert_eq!(reply.status, 404, "{name}, {method}");
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("GET /"), "{name} says what to do: {detail}");
        }
    }
}

#[test]
fn a_wrong_method_is_405_and_says_which_are_right() {
    let server = Instance::start();
    let mut client = server.connect();
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get",
    ];
    for row in public_routes() {
        let allowed: &[&str] = match row.method {
            "GET" => &["GET", "HEAD"],
            method => &[method],
        };
        for method in methods.iter().filter(|method| !allowed.contains(method)) {
            let reply = client.request(method, row.path, &[], b"");
            let path = row.path;
            assert_eq!(reply.status, 405, "{method} {path}");
            let listed: Vec<&str> = reply.header("Allow").unwrap().split(", ").collect();
            assert_eq!(listed, allowed, "{method} {path}");
            if *method != "HEAD" {
                assert!(reply.json()["detail"].is_string(), "{method} {path}");
            }
        }
    }
}

#[test]
fn every_reply_says_who_answered() {
    let server = Instance::with(&[
        ("DEPLOYMENT_GROUP", "green"),
        ("INSTANCE_ID", "green-7"),
        ("MAX_BODY_BYTES", "1024"),
    ]);
    let large = "x".repeat(2_000);
    let rows = [
        ("business", "GET", "/pricing", "", 200),
        ("probe", "GET", "/health", "", 200),
        ("bad body", "POST", "/cost-estimate", "{", 422),
        ("unknown path", "GET", "/nope", "", 404),
        ("wrong method", "PUT", "/pricing", "", 405),
        ("too large", "POST", "/cost-estimate", &large, 413),
        (
            "order",
            "POST",
            "/deployment/shutdown",
            r#"{"delay_seconds":60}"#,
            200,
        ),
        ("not ready", "GET", "/health/ready", "", 503),
    ];
    for (name, method, path, body, status) in rows {
        let reply = server.connect().request(method, path, &[], body.as_bytes());
        assert_eq!(reply.status, status, "{name}");
        assert_eq!(reply.header("X-Deployment-Group"), Some("green"), "{name}");
        assert_eq!(reply.header("X-Instance-Id"), Some("green-7"), "{name}");
    }
    let nobody = Instance::start().get("/health");
    assert_eq!(nobody.header("X-Deployment-Group"), None);
    assert_eq!(nobody.header("X-Instance-Id"), None);
}

#[test]
fn a_request_id_is_echoed_unless_it_could_do_harm() {
    let server = Instance::start();
    let (longest, too_long) = ("x".repeat(128), "x".repeat(129));
    let rows = [
        ("plain", "abc-123_4.5", true),
        ("uuid", "0b5d2e1c-8e7a-4c7e-9d5b-6f1a2b3c4d5e", true),
        ("punctuation", "a/b:c;d=e,\"f\"", true),
        ("longest", &*longest, true),
        ("too long", &*too_long, false),
        ("empty", "", false),
        ("bell", "a\u{7}b", false),
        ("tab", "a\tb", false),
        ("delete", "a\u{7f}b", false),
        // The client of these tests refuses replies with a header it does not know.
        ("bare line feed", "a\nX-Evil: 1", false),
        ("bare carriage return", "a\rX-Evil: 1", false),
    ];
    for (name, id, is_echoed) in rows {
        for path in ["/health", "/nope", "/pricing"] {
            let headers = [("X-Request-Id", id)];
            let reply = server.connect().request("GET", path, &headers, b"");
            let expected = is_echoed.then_some(id);
            assert_eq!(reply.header("X-Request-Id"), expected, "{name} on {path}");
        }
    }
    assert_eq!(server.get("/health").header("X-Request-Id"), None);
}

#[test]
fn a_connection_serves_many_requests_of_every_kind() {
    let server = Instance::start();
    let mut client = server.connect();
    let long = format!("{}{ESTIMATE}", " ".repeat(5_000));
    for round in 0..5 {
        assert_eq!(client.get("/health").status, 200, "round {round}");
        assert_eq!(client.post("/cost-estimate", ESTIMATE).status, 200);
        assert_eq!(client.get("/pricing").status, 200);
        assert_eq!(client.post("/cost-estimate", &long).status, 200);
        assert_eq!(client.get("/use-cases?provider=groq").status, 200);
        assert_eq!(client.get("/nope").status, 404);
        assert_eq!(client.post("/cost-estimate", "{}").status, 422);
        assert_eq!(client.request("PUT", "/pricing", &[], b"x").status, 405);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Instance::start();
    let mut client = server.connect();
    // Slow and quick ones take turns, so that the quick ones are ready first.
    let kinds = [
        "GET /pricing?provider=openai",
        "GET /health",
        "GET /models",
        "POST /cost-estimate",
        "GET /nope",
    ];
    let mut bytes = Vec::new();
    for (id, kind) in kinds.iter().cycle().take(50).enumerate() {
        let (head, body) = match kind.starts_with("POST") {
            true => (format!("Content-Length: {}\r\n", ESTIMATE.len()), ESTIMATE),
            false => (String::new(), ""),
        };
        let request =
            format!("{kind} HTTP/1.1\r\nHost: test\r\nX-Request-Id: {id}\r\n{head}\r\n{body}");
        bytes.extend_from_slice(request.as_bytes());
    }
    client.send(bytes);
    for (id, kind) in kinds.iter().cycle().take(50).enumerate() {
        let reply = client.receive();
        assert_eq!(reply.header("X-Request-Id"), Some(&*id.to_string()));
        let expected = if *kind == "GET /nope" { 404 } else { 200 };
        assert_eq!(reply.status, expected, "{kind}");
    }
}

#[test]
fn a_connection_ends_when_the_client_says_so() {
    let server = Instance::start();
    let rows = [
        ("1.1", "HTTP/1.1", "", None),
        (
            "1.1 close",
            "HTTP/1.1",
            "Connection: close\r\n",
            Some("close"),
        ),
        (
            "1.1 Close, TE",
            "HTTP/1.1",
            "Connection: TE, Close\r\n",
            Some("close"),
        ),
        ("1.0", "HTTP/1.0", "", Some("close")),
        (
            "1.0 keep-alive",
            "HTTP/1.0",
            "Connection: keep-alive\r\n",
            Some("keep-alive"),
        ),
    ];
    for (name, version, header, expected) in rows {
        for path in ["/health", "/models", "/models?provider=groq"] {
            let mut client = server.connect();
            client.send(format!(
                "GET {path} {version}\r\nHost: test\r\n{header}\r\n"
            ));
            let reply = client.receive();
            assert_eq!(reply.status, 200, "{name}");
            assert_eq!(reply.header("Connection"), expected, "{name}, {path}");
            if expected == Some("close") {
                assert!(client.is_closed(), "{name}, {path}");
            } else {
                assert_eq!(client.get("/health").status, 200, "{name}, {path}");
            }
        }
    }
}

#[test]
fn business_needs_the_key_and_probes_do_not() {
    let server = Instance::with(&[("MCP_API_KEY", "correct horse")]);
    let mut client = server.connect();
    for row in public_routes() {
        let path = row.path;
        let mut status = |headers: &[(&str, &str)]| {
            let reply = client.request(row.method, path, headers, b"!");
            let is_challenged = reply.header("WWW-Authenticate").is_some();
            assert_eq!(is_challenged, reply.status == 401, "{path}");
            reply.status
        };
        let wrong = [("x-api-key", "correct horsf")];
        let right = [("X-API-Key", "correct horse")];
        if BUSINESS.contains(&path) {
            assert_eq!(status(&[]), 401, "{path} without a key");
            assert_eq!(status(&wrong), 401, "{path} with a wrong key");
        } else {
            assert_ne!(status(&[]), 401, "{path} without a key");
        }
        assert_ne!(status(&right), 401, "{path} with the key");
    }
    let documented = public_routes().filter(|row| DOCUMENTATION.contains(&row.path));
    let probes = public_routes().count() - BUSINESS.len() - PAGES.len() - documented.count();
    assert_eq!(probes, 12);

    let server = Instance::with(&[("MCP_API_KEY", "k"), ("MCP_API_KEY_HEADER", "X-Team-Key")]);
    let ask = |header| {
        server
            .connect()
            .request("GET", "/pricing", &[(header, "k")], b"")
    };
    assert_eq!(ask("X-Team-Key").status, 200);
    let refused = ask("x-api-key");
    assert_eq!(refused.status, 401);
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("X-Team-Key"),
        "the refusal names the header: {detail}"
    );
}

#[test]
fn the_absolute_form_of_a_target_means_the_same() {
    let server = Instance::start();
    let mut client = server.connect();
    let rows = [
        ("with a path", "http://example.test/health/live", 200),
        (
            "with path and query",
            "http://example.test/models?provider=groq",
            200,
        ),
        ("the host alone", "http://example.test", 200),
        ("the host and a query", "http://example.test?x=1", 200),
        ("a path that looks like one", "/http://example.test/", 404),
    ];
    for (name, target, expected) in rows {
        assert_eq!(client.get(target).status, expected, "{name}");
    }
}
