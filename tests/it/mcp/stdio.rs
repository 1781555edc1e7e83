//! Messages on standard input and output: a line each, and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::call_text;
use crate::harness::{binary, wait_until};

fn start() -> Child {
    let mut command: Command = binary();
    command
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

#[test]
fn every_line_is_answered_and_the_end_of_input_is_the_end() {
    let mut child = start();
    let mut input = child.stdin.take().unwrap();
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(5 << 20));
    let lines = [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        "garbage".to_owned(),
        String::new(),
        long,
        call_text(2, "estimate_cost", &json!({"model_name": "gpt-4o", "input_tokens": 1000, "output_tokens": 500})) + "\r",
    ];
    let writer = std::thread::spawn(move || {
        for line in lines {
            input.write_all(line.as_bytes()).unwrap();
            input.write_all(b"\n").unwrap();
        }
        input.write_all(b"\xff\xfe\n").unwrap();
    });
    let output = BufReader::new(child.stdout.take().unwrap());
    let said: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).expect("nothing but JSON"))
        .collect();
    writer.join().unwrap();
    let codes: Vec<i64> = said
        .iter()
        .map(|one| one["error"]["code"].as_i64().unwrap_or(0))
        .collect();
    assert_eq!(codes, [0, -32700, -32600, 0, -32700], "{said:?}");
    assert_eq!(said[0]["result"]["protocolVersion"], "2024-11-05");
    assert_eq!(
        said[3]["result"]["structuredContent"]["total_cost_usd"],
        json!(0.0075)
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_counted_is_counted_here_as_well() {
    let mut child = start();
    let mut input = child.stdin.take().unwrap();
    for id in 1..=2 {
        let line = call_text(id, "get_telemetry", &json!({}));
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = BufReader::new(child.stdout.take().unwrap());
    let second = output.lines().nth(1).expect("two answers").unwrap();
    let said: Value = serde_json::from_str(&second).unwrap();
    let statistics = &said["result"]["structuredContent"];
    assert_eq!(statistics["replica"], "stdio");
    assert_eq!(statistics["requests"], 1, "the one before");
    assert!(statistics["latency_ms_p95"].is_number(), "{statistics}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_has_gone_is_the_end_as_well() {
    let mut child = start();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    let mut status = None;
    wait_until("the end", || {
        // It may have gone already.
        let _ = input.write_all(ping.as_bytes());
        status = child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn prices_of_ones_own_are_asked_for_as_in_the_server() {
    let mut command = binary();
    let output = command
        .args(["mcp", "--pricing-catalog", "/nowhere/prices.json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/prices.json"));
}
