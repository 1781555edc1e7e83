//! `GET /openapi.json`: that it is complete, that it keeps what v1 promised, and that it is true.

/// Every example in it.
mod examples;
/// Thousands of requests made up from it, good ones and bad ones.
mod fuzzed;
/// What v1 promised, against it.
mod promises;
/// Every reply of every operation, against it.
mod replies;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use flate2::read::GzDecoder;
use jsonschema::Validator;
use llm_pricing::router::ROUTES;
use serde_json::{Value, json};

use crate::harness::{Client, Instance, Response};
use crate::tools::{python_tool, said_by};

const PATH: &str = "/openapi.json";

/// What an instance says of itself.
pub fn description(server: &Instance) -> Value {
    server.get(PATH).json()
}

/// What a reference stands for, if it is one.
pub fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            resolved(
                document,
                found.unwrap_or_else(|| panic!("{reference} leads nowhere")),
            )
        }
        None => part,
    }
}

/// Method and path of every operation, with what is said of it.
pub fn operations(document: &Value) -> BTreeMap<(String, String), &Value> {
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            operations.insert((method.to_uppercase(), path.clone()), operation);
        }
    }
    operations
}

/// A validator for a schema of the document.
pub fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole)
        .expect("the schema is one")
}

/// The body of a reply, whichever way it is sent.
fn unpacked(reply: &Response) -> Vec<u8> {
    if reply.header("Content-Encoding").is_none() {
        return reply.body.clone();
    }
    let mut unpacked = Vec::new();
    let read = GzDecoder::new(&reply.body[..]).read_to_end(&mut unpacked);
    read.expect("gzip");
    unpacked
}

/// Every object and list in the document.
fn walk<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = description(&Instance::start());
    let described: BTreeSet<(String, String)> = operations(&document).into_keys().collect();
    let served: BTreeSet<(String, String)> = ROUTES
        .iter()
        .filter(|row| row.route.is_public())
        .map(|row| (row.method.to_owned(), row.path.to_owned()))
        .collect();
    assert_eq!(described, served, "described, and served");
}

#[test]
fn anybody_may_have_it_at_any_rate_that_business_has_and_keep_it() {
    let server = Instance::with(&[("MCP_API_KEY", "key"), ("RATE_LIMIT_PER_MINUTE", "5")]);
    let mut client = server.connect();
    let plain = client.get(PATH);
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("Content-Type"), Some("application/json"));
    let ask = |client: &mut Client, headers: &[(&str, &str)]| -> Response {
        client.request("GET", PATH, headers, b"")
    };
    let gzip = ask(&mut client, &[("Accept-Encoding", "gzip")]);
    assert_eq!(gzip.header("Content-Encoding"), Some("gzip"));
    assert!(unpacked(&gzip) == plain.body, "it is the same");
    assert!(gzip.body.len() < plain.body.len() / 5, "it is compressed");
    for (name, reply) in [("plain", &plain), ("gzip", &gzip)] {
        let tag = reply.header("ETag").expect("a tag");
        assert!(tag.starts_with('"'), "{name}: {tag} is strong");
        assert_eq!(reply.header("Cache-Control"), Some("no-cache"), "{name}");
        let again = ask(&mut client, &[("If-None-Match", tag)]);
        assert_eq!(again.status, 304, "{name}");
    }
    assert_eq!(client.get(PATH).status, 200, "the fifth");
    assert_eq!(client.get(PATH).status, 429, "the sixth");

    let other = Instance::with(&[("MCP_API_KEY", "key")]).get(PATH);
    assert_eq!(other.header("ETag"), plain.header("ETag"), "elsewhere");
}

#[test]
fn it_says_who_may_ask_at_this_instance() {
    let none: &[&str] = &[];
    let rows = [
        ("nothing set", vec![], none, none),
        ("a key", vec![("MCP_API_KEY", "key")], &["ApiKey"], none),
        (
            "a token",
            vec![("SHUTDOWN_TOKEN", "token")],
            none,
            &["ShutdownToken"],
        ),
        (
            "a key in a header of its own",
            vec![("MCP_API_KEY", "key"), ("MCP_API_KEY_HEADER", "X-Team-Key")],
            &["ApiKey"],
            none,
        ),
    ];
    for (name, settings, for_business, for_orders) in rows {
        let document = description(&Instance::with(&settings));
        let schemes = &document["components"]["securitySchemes"];
        let header = settings.iter().find(|(key, _)| key.ends_with("HEADER"));
        let header = header.map_or("x-api-key", |(_, header)| header);
        assert_eq!(schemes["ApiKey"]["name"], header, "{name}");
        assert_eq!(schemes["ShutdownToken"]["scheme"], "bearer", "{name}");
        for ((method, path), operation) in operations(&document) {
            let needed: Vec<&String> = operation["security"]
                .as_array()
                .expect("a list")
                .iter()
                .flat_map(|one| one.as_object().expect("an object").keys())
                .collect();
            let is_order = method == "POST" && path.starts_with("/deployment");
            let open = ["/health", "/deployment", "/api", "/metrics", PATH];
            let pages = ["/docs", "/redoc", "/ui"];
            let is_open = open.iter().chain(&pages).any(|open| path.starts_with(open));
            let expected = match (is_order, is_open) {
                (true, _) => for_orders,
                (_, true) => none,
                _ => for_business,
            };
            assert_eq!(needed, expected, "{name}: {method} {path}");
        }
    }
}

#[test]
fn nothing_in_it_is_left_unsaid() {
    let document = description(&Instance::start());
    let mut ids = BTreeSet::new();
    for ((method, path), operation) in operations(&document) {
        let name = format!("{method} {path}");
        let said = |part: &Value, what: &str| {
            let text = part[what].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}: {what} of {part}");
        };
        said(operation, "summary");
        said(operation, "operationId");
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{name} has an id of its own"
        );
        for parameter in operation["parameters"].as_array().expect("parameters") {
            let parameter = resolved(&document, parameter);
            said(parameter, "description");
            assert!(
                parameter["required"] != true || !parameter["example"].is_null(),
                "{name}: {} must be sent and has no example",
                parameter["name"]
            );
        }
        let body = &operation["requestBody"];
        if body.is_object() {
            let content = &body["content"]["application/json"];
            assert!(!content["example"].is_null(), "{name} has an example");
            let schema = resolved(&document, &content["schema"]);
            for field in schema["properties"].as_object().into_iter().flatten() {
                said(field.1, "description");
            }
        }
        let tags = operation["tags"].as_array().expect("tags");
        let known = document["tags"].as_array().expect("tags");
        for tag in tags {
            assert!(known.iter().any(|one| one["name"] == *tag), "{name}: {tag}");
        }
        for (status, reply) in operation["responses"].as_object().expect("responses") {
            let reply = resolved(&document, reply);
            said(reply, "description");
            let has_content = reply["content"].is_object();
            let is_bare = ["202", "304"].contains(&&**status);
            assert!(has_content || is_bare, "{name}: {status} has a body");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let is_request = name.ends_with("Request");
        assert!(
            is_request || schema["description"].is_string(),
            "{name} says what it is"
        );
    }
    let components = document["components"].as_object().expect("components");
    let mut used = BTreeSet::new();
    walk(&document, &mut |part| {
        if let Some(reference) = part["$ref"].as_str() {
            resolved(&document, part);
            used.insert(reference.to_owned());
        }
    });
    for (kind, parts) in components {
        for name in parts.as_object().expect("parts").keys() {
            let reference = format!("#/components/{kind}/{name}");
            let is_used = used.contains(&reference) || kind == "securitySchemes";
            assert!(is_used, "{reference} is used");
        }
    }
}

#[test]
fn it_is_openapi_3_1() {
    let document = description(&Instance::start());
    let version = document["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.1."), "{version}");
    assert_eq!(document["info"]["version"], llm_pricing::VERSION);
    let folder = std::env::temp_dir().join(format!("llm-pricing-openapi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let said = said_by(python_tool("openapi-spec-validator").arg(&file));
    assert!(said.contains("OK"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
