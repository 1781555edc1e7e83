//! Request bodies: how large, in which framing, and what is said of each that is wrong.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Instance, PATIENCE};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

#[test]
fn a_body_is_json_whatever_its_type_says() {
    let server = Instance::start();
    let types = [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/xml"),
        Some(""),
        Some("nonsense"),
    ];
    for content_type in types {
        let headers: Vec<_> = content_type
            .map(|value| ("Content-Type", value))
            .into_iter()
            .collect();
        let mut client = server.connect();
        let reply = client.request("POST", "/cost-estimate", &headers, ESTIMATE.as_bytes());
        assert_eq!(reply.status, 200, "{content_type:?}");
        assert_eq!(reply.json()["total_cost"], 0.0075, "{content_type:?}");
    }
}

/// The problems of a 422 as `[type, loc, input]`, each with a message.
#[track_caller]
fn problems(server: &Instance, path: &str, body: impl AsRef<[u8]>) -> Value {
    let reply = server.post(path, body);
    assert_eq!(reply.status, 422, "{}", reply.text());
    let problems = reply.json()["detail"].as_array().unwrap().clone();
    let each = problems.into_iter().map(|problem| {
        let message = problem["msg"].as_str().expect("a message");
        assert!(!message.is_empty());
        let fields: Vec<&String> = problem.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["input", "loc", "msg", "type"]);
        json!([problem["type"], problem["loc"], problem["input"]])
    });
    each.collect()
}

#[test]
fn every_problem_of_a_body_is_named() {
    let server = Instance::start();
    let one = "/cost-estimate";
    let batch = "/cost-estimate/batch";
    let input = |value: &str| {
        format!(r#"{{"model_name":"gpt-4o","input_tokens":{value},"output_tokens":500}}"#)
    };
    let wrong = |kind: &str, value: Value| json!([[kind, ["body", "input_tokens"], value]]);
    let body = |text: &str| text.to_owned();
    let rows: [(&str, &str, String, Value); 25] = [
        ("empty", one, body(""), json!([["missing", ["body"], null]])),
        (
            "blank",
            batch,
            body(" \r\n"),
            json!([["missing", ["body"], null]]),
        ),
        (
            "cut off",
            one,
            body(r#"{"a":1"#),
            json!([["json_invalid", ["body", 5], null]]),
        ),
        (
            "a word",
            one,
            body("{\n \"a\": b}"),
            json!([["json_invalid", ["body", 8], null]]),
        ),
        (
            "form",
            one,
            body("model_name=gpt-4o"),
            json!([["json_invalid", ["body", 0], null]]),
        ),
        (
            "behind it",
            one,
            body("{} x"),
            json!([["json_invalid", ["body", 3], null]]),
        ),
        (
            "list",
            one,
            body("[1]"),
            json!([["model_attributes_type", ["body"], [1]]]),
        ),
        (
            "text",
            one,
            body("\"x\""),
            json!([["model_attributes_type", ["body"], "x"]]),
        ),
        (
            "null",
            batch,
            body("null"),
            json!([["model_attributes_type", ["body"], null]]),
        ),
        (
            "negative",
            one,
            input("-1"),
            wrong("greater_than_equal", json!(-1)),
        ),
        (
            "fraction",
            one,
            input("1.5"),
            wrong("int_from_float", json!(1.5)),
        ),
        (
            "tiny",
            one,
            input("1e-9"),
            wrong("int_from_float", json!(1e-9)),
        ),
        (
            "text for a number",
            one,
            input("\"7\""),
            wrong("int_type", json!("7")),
        ),
        ("true", one, input("true"), wrong("int_type", json!(true))),
        (
            "null for a number",
            one,
            input("null"),
            wrong("int_type", json!(null)),
        ),
        (
            "list for a number",
            one,
            input("[7]"),
            wrong("int_type", json!([7])),
        ),
        (
            "one too many",
            one,
            input("1000000000000001"),
            wrong("less_than_equal", json!(1_000_000_000_000_001_u64)),
        ),
        (
            "beyond 64 bits",
            one,
            input("99999999999999999999"),
            wrong("less_than_equal", json!(1e20)),
        ),
        (
            "minus beyond",
            one,
            input("-99999999999999999999"),
            wrong("greater_than_equal", json!(-1e20)),
        ),
        (
            "twice",
            one,
            body(r#"{"model_name":"a","model_name":"b"}"#),
            Value::Null,
        ),
        (
            "all missing",
            one,
            body("{}"),
            json!([
                ["missing", ["body", "model_name"], null],
                ["missing", ["body", "input_tokens"], null],
                ["missing", ["body", "output_tokens"], null],
            ]),
        ),
        (
            "all wrong",
            one,
            body(r#"{"model_name":4,"input_tokens":-2,"output_tokens":"x"}"#),
            json!([
                ["string_type", ["body", "model_name"], 4],
                ["greater_than_equal", ["body", "input_tokens"], -2],
                ["int_type", ["body", "output_tokens"], "x"],
            ]),
        ),
        (
            "no list",
            batch,
            body(r#"{"model_names":"gpt-4o","input_tokens":1,"output_tokens":1}"#),
            json!([["list_type", ["body", "model_names"], "gpt-4o"]]),
        ),
        (
            "names that are none",
            batch,
            body(r#"{"model_names":["gpt-4o",7,null],"input_tokens":1,"output_tokens":1}"#),
            json!([
                ["string_type", ["body", "model_names", 1], 7],
                ["string_type", ["body", "model_names", 2], null],
            ]),
        ),
        (
            "all of a batch missing",
            batch,
            body("{}"),
            json!([
                ["missing", ["body", "model_names"], null],
                ["missing", ["body", "input_tokens"], null],
                ["missing", ["body", "output_tokens"], null],
            ]),
        ),
    ];
    for (name, path, body, expected) in rows {
        let found = problems(&server, path, &body);
        if expected.is_null() {
            assert_eq!(found[0][0], "json_invalid", "{name}: {found}");
        } else {
            assert_eq!(found, expected, "{name}");
        }
    }
    let not_text = problems(&server, one, b"{\"model_name\":\"\xff\"}");
    assert_eq!(not_text[0][0], "json_invalid", "not UTF-8");
}

#[test]
fn what_was_sent_is_said_back_but_not_amplified() {
    let server = Instance::start();
    let long = "x".repeat(100_000);
    let bodies = [
        format!(r#"{{"model_name":"gpt-4o","input_tokens":"{long}","output_tokens":1}}"#),
        format!(r#"{{"model_name":"{long}","input_tokens":1,"output_tokens":1}}"#),
        format!("[{}1]", "1,".repeat(50_000)),
        format!("{{\"a\":{}", "[".repeat(100_000)),
    ];
    for body in bodies {
        let reply = server.post("/cost-estimate", &body);
        assert!(matches!(reply.status, 404 | 422), "{}", reply.status);
        assert!(reply.body.len() < 2_000, "{} bytes", reply.body.len());
    }
}

#[test]
fn a_body_may_come_in_chunks() {
    let server = Instance::start();
    let mut client = server.connect();
    for pieces in [1, 2, 7, ESTIMATE.len()] {
        let size = ESTIMATE.len().div_ceil(pieces);
        let mut request = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\n\
                           Transfer-Encoding: chunked\r\n\r\n"
            .to_owned();
        for piece in ESTIMATE.as_bytes().chunks(size) {
            let text = String::from_utf8_lossy(piece);
            request.push_str(&format!("{:x}\r\n{text}\r\n", piece.len()));
        }
        request.push_str("0\r\n\r\n");
        client.send(&request);
        let reply = client.receive();
        assert_eq!(reply.status, 200, "{pieces} pieces: {}", reply.text());
        assert_eq!(reply.json()["total_cost"], 0.0075, "{pieces} pieces");
    }
    assert_eq!(client.get("/health").status, 200, "nothing was left over");
}

#[test]
fn a_body_beyond_the_limit_is_413_and_costs_the_server_nothing() {
    let server = Instance::with(&[("MAX_BODY_BYTES", "2000")]);
    let padded = |length: usize| format!("{}{ESTIMATE}", " ".repeat(length - ESTIMATE.len()));
    assert_eq!(server.post("/cost-estimate", padded(2_000)).status, 200);

    let head = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\n";
    let length = |length: &str| format!("{head}Content-Length: {length}\r\n\r\n");
    let chunk = format!("7d1\r\n{}\r\n", "x".repeat(2_001));
    let rows = [
        ("one byte more", length("2001") + &padded(2_001)),
        ("declared only", length("2001")),
        (
            "a megabyte, partly sent",
            length("1000000") + &"x".repeat(50_000),
        ),
        ("more than memory", length("99999999999999")),
        (
            "more than can be counted in it",
            length("9223372036854775807"),
        ),
        (
            "chunks",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}"),
        ),
    ];
    for (name, request) in rows {
        let mut client = server.connect();
        client.send(&request);
        let reply = client.receive();
        assert_eq!(reply.status, 413, "{name}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("2000"), "{name} names the limit: {detail}");
        // Where the body would end is unknown, so the connection cannot go on.
        assert_eq!(reply.header("Connection"), Some("close"), "{name}");
        assert!(client.is_closed(), "{name}");
        assert_eq!(server.get("/health").status, 200, "alive after {name}");
    }
    assert_eq!(server.post("/cost-estimate", ESTIMATE).status, 200);
}

#[test]
fn a_client_that_expects_continue_is_told_to_go_on() {
    let server = Instance::start();
    for length in [ESTIMATE.len(), 5_000] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\
             Connection: close\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        let mut interim = Vec::new();
        while !interim.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("told to go on");
            interim.push(byte[0]);
        }
        let interim = String::from_utf8_lossy(&interim).into_owned();
        assert!(interim.starts_with("HTTP/1.1 100 "), "{length}: {interim}");
        let padding = " ".repeat(length - ESTIMATE.len());
        write!(stream, "{padding}{ESTIMATE}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(reply.contains(r#""total_cost":0.0075"#), "{reply}");
    }
}
