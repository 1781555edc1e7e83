//! The Model Context Protocol, at both of its doors.

/// The official suite and clients.
mod clients;
/// What comes in pages.
mod lists;
/// What is checked of a message, and in which order.
mod order;
/// Which pages in a browser may call.
mod pages;
/// Messages on standard input and output.
mod stdio;
/// What the tools say.
mod tools;

use serde_json::{Value, json};

use crate::harness::{Client, Instance, Response};

pub const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

pub const MODERN: &str = "2026-07-28";

/// Sends a body with some headers beside those that every client sends.
pub fn post(client: &mut Client, headers: &[(&str, &str)], body: &str) -> Response {
    let mut all = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ];
    for header in headers {
        all.retain(|(name, _)| *name != header.0);
    }
    all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
    client.request("POST", "/mcp", &all, body.as_bytes())
}

/// A call of a tool, as clients of the older revisions send it.
pub fn call_text(id: u64, tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
}

/// The result of such a call.
#[track_caller]
pub fn call(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let reply = post(client, &[], &call_text(1, tool, arguments));
    assert_eq!(reply.status, 200, "{tool} {arguments}: {}", reply.text());
    reply.json()["result"].clone()
}

/// What a call finds, which must be the same in both channels.
#[track_caller]
pub fn found(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let result = call(client, tool, arguments);
    assert_eq!(result["isError"], false, "{tool} {arguments}: {result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert!(
        text.len() <= 32 << 10,
        "{tool} {arguments}: {} bytes",
        text.len()
    );
    let in_text: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(in_text, result["structuredContent"], "{tool} {arguments}");
    in_text
}

pub fn server() -> Instance {
    Instance::start()
}
