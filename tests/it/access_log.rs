//! A line of JSON for every request, on standard output.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader};
use std::os::fd::OwnedFd;

use serde_json::Value;

use crate::harness::{Instance, binary, wait_until};

/// A server that logs requests, and its standard output.
pub fn logging(settings: &[(&str, &str)]) -> (Instance, BufReader<PipeReader>) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = binary();
    command
        .envs([
            ("SERVER_HOST", "127.0.0.1"),
            ("SERVER_PORT", "0"),
            ("ACCESS_LOG", "true"),
        ])
        .envs(settings.iter().copied())
        .stdout(File::from(OwnedFd::from(writer)));
    (Instance::run_with_output(command), BufReader::new(reader))
}

fn next(lines: &mut BufReader<PipeReader>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line:?}"))
}

#[test]
fn every_request_is_a_line_that_says_who_asked_what_and_got_what() {
    let (server, mut lines) = logging(&[
        ("DEPLOYMENT_GROUP", "green"),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ]);
    let mut client = server.connect();
    let headers = [
        ("X-Request-Id", "a\"}{b"),
        ("X-Forwarded-For", "192.0.2.7"),
        ("Authorization", "Bearer hush"),
    ];
    for (name, method, path, body, route, status, client_id) in [
        (
            "a price",
            "POST",
            "/cost-estimate?key=hush",
            r#"{"model_name":"gpt-4o","input_tokens":1,"output_tokens":1}"#,
            "/cost-estimate",
            200,
            Some("a\"}{b"),
        ),
        (
            "a forged line",
            "GET",
            "/x%0a{\"status\":500}",
            "",
            "(unknown path)",
            404,
            None,
        ),
        (
            "a refused body",
            "POST",
            "/cost-estimate",
            "{",
            "/cost-estimate",
            422,
            None,
        ),
    ] {
        let headers = if client_id.is_some() {
            &headers[..]
        } else {
            &headers[1..]
        };
        let reply = client.request(method, path, headers, body.as_bytes());
        assert_eq!(reply.status, status, "{name}");
        let line = next(&mut lines);
        assert!(!line.to_string().contains("hush"), "{name}: {line}");
        assert_eq!(line["method"], method, "{name}");
        assert_eq!(line["path"], path.split('?').next().unwrap(), "{name}");
        assert_eq!(line["route"], route, "{name}");
        assert_eq!(line["status"], status, "{name}");
        assert_eq!(line["bytes"], reply.body.len(), "{name}");
        assert_eq!(line["client"], "192.0.2.7", "{name}");
        assert_eq!(line["request_id"].as_str(), client_id, "{name}");
        assert_eq!(line["deployment_group"], "green", "{name}");
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0, "{name}");
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{name}");
    }
}

#[test]
fn the_last_line_is_written_before_the_process_ends() {
    let (mut server, mut lines) = logging(&[]);
    let mut held = server.hold_a_request();
    server.signal("TERM");
    server.wait_for_log("phase draining");
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 422);
    assert_eq!(server.wait_for_exit().code(), Some(0));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut lines, &mut text).unwrap();
    let last = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut last = last.filter(|line: &Value| line["route"] == "/cost-estimate");
    assert_eq!(last.next().expect("a line")["status"], 422);
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up() {
    // A pipe holds 64 KB, and 8,192 lines wait beside it.
    let (server, lines) = logging(&[]);
    let mut client = server.connect();
    let dropped = || {
        let text = server.get("/metrics").text();
        let name = "llm_pricing_access_log_dropped_lines_total ";
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.expect("it is there").parse::<f64>().unwrap()
    };
    assert_eq!(dropped(), 0.0);
    wait_until("dropped lines", || {
        for _ in 0..1_000 {
            assert_eq!(client.get("/health/live").status, 200);
        }
        dropped() > 0.0
    });
    drop(lines);
    assert_eq!(
        client.get("/health/live").status,
        200,
        "the reader has gone"
    );
}
