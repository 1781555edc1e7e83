//! What the service answers against what it says it answers: status, headers and body of every operation.

use std::collections::BTreeSet;

use llm_pricing::exchange::Method;
use llm_pricing::router::route;
use serde_json::{Value, json};

use super::{description, operations, resolved, unpacked, validator};
use crate::harness::{Instance, Response, wait_until};
use crate::mcp;

/// Headers of the transport, which OpenAPI leaves out.
const UNDESCRIBED: [&str; 4] = ["Connection", "Content-Length", "Content-Type", "Date"];

/// Replies that no row below can bring about, and where they are seen.
const SEEN_ELSEWHERE: [(&str, &str); 2] = [
    (
        "GET /health/live 503",
        "a pool that is stuck: src/api/health.rs",
    ),
    ("Failed", "a handler that panics: tests/it/panics.rs"),
];

const READY: &str = r#"
GET  /                                200
GET  /models                          200
GET  /models?mode=chat&limit=2        200
GET  /models?limit=-1                 422
GET  /models/openai/gpt-4o            200
GET  /models/vertex_ai/gemini-2.5-pro 200
GET  /models/deepseek-chat            200
GET  /models/text-embedding-3-small   200
GET  /models/nope                     404
GET  /models/gpt-oss-120b             409
GET  /models/%00                      422
GET  /pricing                         200
GET  /pricing?include_retired=true    200
GET  /pricing?sort_by=mood            422
GET  /performance                     200
GET  /performance?supports=flight     422
GET  /use-cases                       200
GET  /use-cases?order=up              422
GET  /compare?models=gpt-4o,nope,gpt-oss-120b&input_tokens=9&output_tokens=1 200
GET  /compare                         422
POST /cost-estimate                   200 << {"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}
POST /cost-estimate                   200 << {"model_name":"claude-sonnet-4-5","input_tokens":300000,"output_tokens":500,"web_search_requests":2,"requests":9,"discount_percent":5,"x":1}
POST /cost-estimate                   404 << {"model_name":"gpt-4p","input_tokens":1,"output_tokens":1}
POST /cost-estimate                   409 << {"model_name":"gpt-oss-120b","input_tokens":1,"output_tokens":1}
POST /cost-estimate                   422 << {"model_name":"","input_tokens":-1}
POST /cost-estimate                   422 << {"model_name":"gpt-4o","input_tokens":1,"output_tokens":1,"web_search_requests":1}
POST /cost-estimate                   422 << [
POST /cost-estimate/batch             200 << {"model_names":["gpt-4o","nope","gpt-oss-120b"],"input_tokens":9,"output_tokens":1,"requests":2}
POST /cost-estimate/batch             200 << {"model_names":[],"input_tokens":0,"output_tokens":0}
POST /cost-estimate/batch             422 << {"model_names":[1]}
POST /cost-estimate/cheapest          200 << {"input_tokens":1000,"output_tokens":500}
POST /cost-estimate/cheapest          422 << {"limit":0}
GET  /telemetry                       200
GET  /openapi.json                    200
GET  /docs                            200
GET  /redoc                           200
GET  /ui                              200
GET  /health                          200
GET  /health/detailed                 200
GET  /health/ready                    200
GET  /health/live                     200
GET  /metrics                         200
GET  /deployment/info                 200
GET  /deployment/metadata             200
GET  /deployment/shutdown/status      200
GET  /deployment/renew/status         200
GET  /api/versions                    200
POST /deployment/shutdown             422 << {"drain_timeout_seconds":3601}
POST /deployment/shutdown?wait=maybe  422
POST /deployment/renew                422 << [
"#;

const DRAINING: &str = "
POST /deployment/shutdown             200
POST /deployment/renew                409
GET  /health                          503
GET  /health/ready                    503
GET  /health/detailed                 200
GET  /deployment/shutdown/status      200
GET  /pricing                         503
GET  /openapi.json                    503
POST /mcp                             503
";

/// What was seen of a description that is held against replies.
pub struct Witness {
    /// Stricter than it is served: a field that is not in it must not come.
    pub document: Value,
    seen: BTreeSet<String>,
}

impl Witness {
    pub fn of(server: &Instance) -> Witness {
        let mut document = description(server);
        for schema in document["components"]["schemas"]
            .as_object_mut()
            .expect("schemas")
            .values_mut()
        {
            close(schema);
        }
        Witness {
            document,
            seen: BTreeSet::new(),
        }
    }

    /// Holds a reply against what is said of its operation.
    #[track_caller]
    pub fn check(&mut self, name: &str, method: &str, target: &str, reply: &Response) {
        let path = target.split('?').next().unwrap();
        let asked = if method == "GET" {
            Method::Get
        } else {
            Method::Post
        };
        let path = route(asked, path).info().path;
        let key = (method.to_owned(), path.to_owned());
        let status = reply.status.to_string();
        let operations = operations(&self.document);
        let described = &operations[&key]["responses"][&status];
        assert!(described.is_object(), "{name}: {status} is described");
        match described["$ref"].as_str() {
            Some(shared) => self.seen.insert(shared.rsplit('/').next().unwrap().into()),
            None => self.seen.insert(format!("{method} {path} {status}")),
        };
        let described = resolved(&self.document, described);
        check_headers(name, &self.document, described, reply);
        let Some(content) = described["content"].as_object() else {
            assert!(reply.body.is_empty(), "{name}: no body is described");
            return;
        };
        let media_type = reply.header("Content-Type").expect("a type");
        let content = content.get(media_type);
        let schema = &content.unwrap_or_else(|| panic!("{name}: {media_type}"))["schema"];
        let body = match media_type {
            "application/json" => serde_json::from_slice(&unpacked(reply)).expect("JSON"),
            _ => String::from_utf8(unpacked(reply)).expect("text").into(),
        };
        let validator = validator(&self.document, schema);
        let problems: Vec<String> = validator
            .iter_errors(&body)
            .map(|problem| {
                let text: String = problem.to_string().chars().take(300).collect();
                format!("{}: {text}", problem.instance_path())
            })
            .collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }

    #[track_caller]
    fn check_rows(&mut self, server: &Instance, table: &str) {
        for name in table.lines().filter(|line| !line.is_empty()) {
            let (head, body) = name.split_once(" << ").unwrap_or((name, ""));
            let words: Vec<&str> = head.split_whitespace().collect();
            let &[method, target, status] = &words[..] else {
                panic!("not a row: {name}")
            };
            let mut client = server.connect();
            let reply = client.request(method, target, &[], body.as_bytes());
            assert_eq!(reply.status.to_string(), status, "{name}: {}", reply.text());
            self.check(name, method, target, &reply);
            if let Some(tag) = reply.header("ETag") {
                let known = [("If-None-Match", tag), ("X-Request-Id", "again")];
                let again = server.connect().request(method, target, &known, b"");
                assert_eq!(again.status, 304, "{name}, again");
                self.check(name, method, target, &again);
                let gzip = [("Accept-Encoding", "gzip")];
                let packed = server.connect().request(method, target, &gzip, b"");
                self.check(name, method, target, &packed);
            }
        }
    }
}

/// Forbids what a schema does not name.
fn close(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        let is_object = members.get("properties").is_some_and(Value::is_object);
        if is_object && !members.contains_key("additionalProperties") {
            members.insert("additionalProperties".into(), json!(false));
        }
        members.values_mut().for_each(close);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(close);
    }
}

#[track_caller]
fn check_headers(name: &str, document: &Value, described: &Value, reply: &Response) {
    let known = described["headers"].as_object().expect("headers");
    for (header, value) in &reply.headers {
        if UNDESCRIBED.contains(&header.as_str()) {
            continue;
        }
        let header_object = known
            .get(header)
            .unwrap_or_else(|| panic!("{name}: {header} is not described"));
        let schema = &resolved(document, header_object)["schema"];
        let value = match schema["type"] == "integer" {
            true => value.parse().map(Value::Number).expect("a number"),
            false => Value::from(value.as_str()),
        };
        let is_valid = validator(document, schema).is_valid(&value);
        assert!(is_valid, "{name}: {header}: {value}");
    }
    for (header, described) in known {
        let is_needed = resolved(document, described)["required"] == true;
        let is_there = reply.header(header).is_some();
        assert!(is_there || !is_needed, "{name}: {header} is missing");
    }
}

#[test]
fn every_reply_is_one_that_is_described() {
    let server = Instance::with(&[
        ("DEPLOYMENT_GROUP", "blue"),
        ("INSTANCE_ID", "i-1"),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ]);
    let mut witness = Witness::of(&server);
    // Something of everything, so that none of telemetry's lists is empty below.
    let visitor = [
        ("CF-IPCountry", "DE"),
        ("User-Agent", "Mozilla/5.0 Firefox/127.0"),
    ];
    server.connect().request("GET", "/models", &visitor, b"");
    witness.check_rows(&server, READY);
    let openmetrics = [("Accept", "application/openmetrics-text")];
    let reply = server
        .connect()
        .request("GET", "/metrics", &openmetrics, b"");
    witness.check("OpenMetrics", "GET", "/metrics", &reply);
    let html = [("Accept", "text/html")];
    let reply = server.connect().request("GET", "/", &html, b"");
    witness.check("a browser", "GET", "/", &reply);
    for target in ["/deployment/shutdown", "/deployment/renew"] {
        let via = [("Via", "1.1 proxy")];
        let reply = server.connect().request("POST", target, &via, b"");
        assert_eq!(reply.status, 403);
        witness.check("through a proxy", "POST", target, &reply);
    }
    check_messages(&mut witness, &server);
    check_refusals(&mut witness);
    let renewed = Instance::start();
    let reply = renewed.post("/deployment/renew", "");
    assert_eq!(reply.status, 202, "{}", reply.text());
    witness.check("renewed", "POST", "/deployment/renew", &reply);

    let leaving = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let _held = leaving.hold_a_request();
    for _ in ["a lame duck", "draining"] {
        let order = leaving.post("/deployment/shutdown", r#"{"drain_timeout_seconds":600}"#);
        witness.check("an order", "POST", "/deployment/shutdown", &order);
    }
    wait_until("draining", || leaving.get("/pricing").status == 503);
    witness.check_rows(&leaving, DRAINING);

    let mut expected = BTreeSet::new();
    for ((method, path), operation) in operations(&witness.document) {
        for (status, reply) in operation["responses"].as_object().unwrap() {
            expected.insert(match reply["$ref"].as_str() {
                Some(shared) => shared.rsplit('/').next().unwrap().to_owned(),
                None => format!("{method} {path} {status}"),
            });
        }
    }
    let elsewhere = SEEN_ELSEWHERE.map(|(reply, _)| reply.to_owned());
    witness.seen.extend(elsewhere);
    assert_eq!(expected, witness.seen, "described, and seen");
}

/// What `POST /mcp` says to sound and unsound messages.
#[track_caller]
fn check_messages(witness: &mut Witness, server: &Instance) {
    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let modern = ("MCP-Protocol-Version", mcp::MODERN);
    let unknown = r#"{"jsonrpc":"2.0","id":1,"method":"nope","params":{"_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28",
        "io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    for (name, headers, body, status) in [
        ("a message", &[][..], PING, 200),
        ("from a page", &[("Origin", "http://localhost")], PING, 200),
        (
            "tools",
            &[],
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#,
            200,
        ),
        (
            "an error",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#,
            200,
        ),
        (
            "several",
            &[],
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7]"#,
            200,
        ),
        (
            "a notification",
            &[],
            r#"{"jsonrpc":"2.0","method":"x"}"#,
            202,
        ),
        ("not JSON", &[], "{", 400),
        (
            "another page",
            &[("Origin", "https://example.com")],
            PING,
            403,
        ),
        (
            "no such method",
            &[modern, ("Mcp-Method", "nope")],
            unknown,
            404,
        ),
        ("no JSON back", &[("Accept", "text/html")], PING, 406),
        ("no JSON", &[("Content-Type", "text/plain")], PING, 415),
    ] {
        let reply = mcp::post(&mut server.connect(), headers, body);
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        witness.check(name, "POST", "/mcp", &reply);
    }
}

/// Requests that go no further than the door, and those of clients that are not let in.
#[track_caller]
fn check_refusals(witness: &mut Witness) {
    let strict = Instance::with(&[("HEAD_TIMEOUT_SECONDS", "1"), ("MAX_BODY_BYTES", "1024")]);
    let long = format!(
        "GET /pricing?search={} HTTP/1.1\r\nHost: a\r\n\r\n",
        "x".repeat(60_000)
    );
    let many = format!(
        "GET /pricing HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X-A: b\r\n".repeat(101)
    );
    let rows = [
        ("no host", "GET /pricing HTTP/1.1\r\n\r\n", 400),
        ("slow", "GET /pricing HTTP/1.1\r\n", 408),
        (
            "a large body",
            "GET /pricing HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n",
            413,
        ),
        ("a long target", &long, 414),
        (
            "an expectation",
            "GET /pricing HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n",
            417,
        ),
        ("many headers", &many, 431),
        (
            "a coding",
            "GET /pricing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
        ),
        ("a version", "GET /pricing HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ];
    for (name, request, status) in rows {
        let mut client = strict.connect();
        client.send(request);
        let reply = client.receive();
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        witness.check(name, "GET", "/pricing", &reply);
    }
    let keyed = Instance::with(&[("MCP_API_KEY", "key"), ("SHUTDOWN_TOKEN", "token")]);
    let refused = keyed.get("/pricing");
    assert_eq!(refused.status, 401);
    witness.check("no key", "GET", "/pricing", &refused);
    let page = [("Origin", "http://localhost:3000")];
    let refused = mcp::post(&mut keyed.connect(), &page, "");
    assert_eq!(refused.status, 401);
    witness.check("no key, from a page", "POST", "/mcp", &refused);
    let refused = keyed.post("/deployment/shutdown", "");
    assert_eq!(refused.status, 401);
    witness.check("no token", "POST", "/deployment/shutdown", &refused);
    let limited = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "1")]);
    assert_eq!(limited.get("/models").status, 200);
    for target in ["/models", "/openapi.json"] {
        let refused = limited.get(target);
        assert_eq!(refused.status, 429);
        witness.check("too often", "GET", target, &refused);
    }
    let refused = mcp::post(&mut limited.connect(), &page, "");
    assert_eq!(refused.status, 429);
    witness.check("too often, from a page", "POST", "/mcp", &refused);
}
