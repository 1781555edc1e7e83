//! What is checked of a message over HTTP, and in which order: the first thing that is wrong answers.

use serde_json::{Value, json};

use super::{MODERN, PING, post, server};
use crate::harness::Instance;

const ANY_VERSION: &str = "MCP-Protocol-Version";

/// A request of the modern revision, with these `_meta` and parameters.
fn modern(method: &str, version: &str, params: &Value) -> String {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params}).to_string()
}

type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16, i64);

#[test]
fn the_first_thing_that_is_wrong_answers() {
    let server = server();
    let list = modern("tools/list", MODERN, &json!({}));
    let call = modern("tools/call", MODERN, &json!({"name": "search_models"}));
    let unknown_tool = modern("tools/call", MODERN, &json!({"name": "nothing"}));
    let opening = modern("initialize", MODERN, &json!({}));
    let future = modern("tools/list", "v999", &json!({}));
    let discover = modern("server/discover", MODERN, &json!({}));
    let bare = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let headers = [(ANY_VERSION, MODERN), ("Mcp-Method", "tools/list")];
    let of_call = [
        (ANY_VERSION, MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "search_models"),
    ];
    let encoded = [
        (ANY_VERSION, MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "=?base64?c2VhcmNoX21vZGVscw==?="),
    ];
    let badly_encoded = [
        (ANY_VERSION, MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "=?base64?c2VhcmNo?="),
    ];
    let of_nothing = [
        (ANY_VERSION, MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "nothing"),
    ];
    let of_opening = [(ANY_VERSION, MODERN), ("Mcp-Method", "initialize")];
    let of_discover = [(ANY_VERSION, MODERN), ("Mcp-Method", "server/discover")];
    let of_future = [(ANY_VERSION, "v999"), ("Mcp-Method", "tools/list")];
    let twice = [
        (ANY_VERSION, MODERN),
        ("Mcp-Method", "tools/list"),
        ("Mcp-Method", "tools/list"),
    ];
    let no_method = [(ANY_VERSION, MODERN)];
    let other_method = [(ANY_VERSION, MODERN), ("Mcp-Method", "tools/call")];
    let older = [(ANY_VERSION, "2025-03-26")];
    let newer = [(ANY_VERSION, "2025-06-18")];
    // 0: the answer is a result, or there is none.
    let long = " ".repeat(10) + &"x".repeat(256 << 10) + "x";
    let rows: [Row; 42] = [
        (
            "a page of another host",
            &[("Origin", "https://example.com")],
            PING,
            403,
            0,
        ),
        ("a page of a file", &[("Origin", "null")], PING, 403, 0),
        (
            "a page of this host",
            &[("Origin", "http://localhost:3000")],
            PING,
            200,
            0,
        ),
        (
            "not JSON by its type",
            &[("Content-Type", "text/plain")],
            PING,
            415,
            0,
        ),
        ("of no type", &[("Content-Type", "")], PING, 415, 0),
        (
            "with a parameter",
            &[("Content-Type", "application/json; charset=utf-8")],
            PING,
            200,
            0,
        ),
        ("no JSON wanted", &[("Accept", "text/html")], PING, 406, 0),
        ("anything wanted", &[("Accept", "*/*")], PING, 200, 0),
        ("nothing said of it", &[("Accept", "")], PING, 200, 0),
        ("a message that is too long", &[], &long, 413, -32600),
        (
            "one with blanks around it that is not",
            &[],
            &(" ".repeat(256 << 10) + PING),
            200,
            0,
        ),
        ("garbage", &[], "garbage", 400, -32700),
        ("half a message", &[], "{\"jsonrpc\":", 400, -32700),
        ("a number", &[], "1", 400, -32600),
        (
            "no version of JSON-RPC",
            &[],
            r#"{"id":1,"method":"ping"}"#,
            400,
            -32600,
        ),
        ("no method", &[], r#"{"jsonrpc":"2.0","id":1}"#, 400, -32600),
        (
            "a fraction as id",
            &[],
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            400,
            -32600,
        ),
        (
            "null as id",
            &[],
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            400,
            -32600,
        ),
        (
            "a list as params",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            400,
            -32600,
        ),
        (
            "a notification",
            &[],
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            202,
            0,
        ),
        (
            "an answer",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            202,
            0,
        ),
        (
            "an answer of the modern kind",
            &no_method,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            400,
            -32600,
        ),
        (
            "an unknown method",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"prompts/list"}"#,
            200,
            -32601,
        ),
        (
            "an unknown revision",
            &[(ANY_VERSION, "v999")],
            bare,
            400,
            -32022,
        ),
        (
            "an unknown tool",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#,
            200,
            -32602,
        ),
        (
            "a cursor nobody has",
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#,
            200,
            -32602,
        ),
        ("a list", &newer, bare, 200, 0),
        ("a batch", &older, &format!("[{PING},{bare}]"), 200, 0),
        (
            "a batch where there are none",
            &newer,
            &format!("[{PING}]"),
            400,
            -32600,
        ),
        ("an empty batch", &older, "[]", 400, -32600),
        (
            "a modern message in a batch",
            &[],
            &format!("[{list}]"),
            400,
            -32600,
        ),
        ("modern", &headers, &list, 200, 0),
        ("modern, discovering", &of_discover, &discover, 200, 0),
        ("modern, a call", &of_call, &call, 200, 0),
        ("modern, a name in base64", &encoded, &call, 200, 0),
        (
            "modern, another name in base64",
            &badly_encoded,
            &call,
            400,
            -32020,
        ),
        ("modern by header alone", &headers, bare, 400, -32602),
        (
            "modern, no method in the headers",
            &no_method,
            &list,
            400,
            -32020,
        ),
        (
            "modern, another method there",
            &other_method,
            &list,
            400,
            -32020,
        ),
        ("modern, a header twice", &twice, &list, 400, -32020),
        ("modern, an opening", &of_opening, &opening, 404, -32601),
        ("of the future", &of_future, &future, 400, -32022),
    ];
    let mut client = server.connect();
    for (name, headers, body, status, code) in rows {
        let reply = post(&mut client, headers, body);
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        if status == 202 {
            assert!(reply.body.is_empty(), "{name}");
        } else if matches!(status, 403 | 406 | 415) {
            assert!(reply.json()["detail"].is_string(), "{name}");
        } else {
            let said = reply.json();
            assert_eq!(
                said["error"]["code"].as_i64().unwrap_or(0),
                code,
                "{name}: {said}"
            );
        }
    }
    let reply = post(&mut client, &of_nothing, &unknown_tool);
    assert_eq!(
        (reply.status, reply.json()["id"].clone()),
        (400, json!("a"))
    );
    for (method, status) in [("GET", 405), ("DELETE", 405), ("OPTIONS", 405)] {
        let reply = client.request(method, "/mcp", &[], b"");
        assert_eq!(reply.status, status, "{method}");
        assert_eq!(reply.header("Allow"), Some("POST"), "{method}");
    }
}

#[test]
fn an_answer_has_the_id_of_its_request_and_none_where_that_could_not_be_read() {
    let server = server();
    let mut client = server.connect();
    let of = |id: Value, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method});
    for (name, message, id) in [
        ("a text", of(json!("a"), "ping"), Some(json!("a"))),
        ("an empty text", of(json!(""), "ping"), Some(json!(""))),
        ("a number", of(json!(7), "ping"), Some(json!(7))),
        ("zero", of(json!(0), "ping"), Some(json!(0))),
        ("below zero", of(json!(-7), "ping"), Some(json!(-7))),
        (
            "a large one",
            of(json!(u64::MAX), "ping"),
            Some(json!(u64::MAX)),
        ),
        (
            "of an unknown method",
            of(json!("7"), "x"),
            Some(json!("7")),
        ),
        (
            "of a request that has no method",
            json!({"jsonrpc": "2.0", "id": 7}),
            Some(json!(7)),
        ),
        ("null", of(Value::Null, "ping"), None),
        ("true", of(json!(true), "ping"), None),
        ("a list", of(json!([1]), "ping"), None),
    ] {
        let said = post(&mut client, &[], &message.to_string()).json();
        assert_eq!(said.get("id"), id.as_ref(), "{name}: {said}");
    }
    let batch =
        json!([of(json!(1), "x"), {"jsonrpc": "2.0", "method": "x"}, 5, of(json!("b"), "ping")]);
    let said = post(&mut client, &[], &batch.to_string()).json();
    let ids: Vec<Option<&Value>> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.get("id"))
        .collect();
    assert_eq!(ids, [Some(&json!(1)), None, Some(&json!("b"))], "{said}");
}

#[test]
fn it_is_business_like_any_other() {
    let mut server = Instance::with(&[("MCP_API_KEY", "k"), ("RATE_LIMIT_PER_MINUTE", "3")]);
    let mut client = server.connect();
    assert_eq!(post(&mut client, &[], PING).status, 401);
    let key = [("x-api-key", "k")];
    assert_eq!(post(&mut client, &key, PING).status, 200);
    assert_eq!(post(&mut client, &key, PING).status, 200);
    let limited = post(&mut client, &key, PING);
    assert_eq!(limited.status, 429);
    assert!(limited.header("Retry-After").is_some());
    let mut held = server.hold_a_request();
    server.signal("TERM");
    server.wait_for_log("phase draining");
    assert_eq!(post(&mut server.connect(), &key, PING).status, 503);
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 429);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn every_revision_is_opened_as_it_wants_to_be() {
    let server = server();
    let mut client = server.connect();
    for (asked, answered) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        (MODERN, "2025-11-25"),
        ("nonsense", "2025-11-25"),
    ] {
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let said = post(&mut client, &[], &body.to_string()).json();
        assert_eq!(said["result"]["protocolVersion"], answered, "{asked}");
        assert_eq!(
            said["result"]["serverInfo"]["name"], "llm-pricing",
            "{asked}"
        );
    }
}
