//! Who this instance is, and how it is told to leave.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Client, Instance, Response, wait_until};

const SHUTDOWN: &str = "/deployment/shutdown";
const STATUS: &str = "/deployment/shutdown/status";

/// Completes the request of [`Instance::hold_a_request`].
#[track_caller]
fn finish(mut held: Client) {
    let rest = r#""model_name":"gpt-4o","input_tokens":1,"output_tokens":1}"#;
    held.send(format!("{rest}{}", " ".repeat(8_999 - rest.len())));
    assert_eq!(held.receive().status, 200);
}

fn order(server: &Instance, headers: &[(&str, &str)], body: &str) -> Response {
    server
        .connect()
        .request("POST", SHUTDOWN, headers, body.as_bytes())
}

#[test]
fn the_documented_curl_commands_shut_the_service_down() {
    let rows: [(&str, &[&str], u64); 3] = [
        ("as documented", &[], 30),
        (
            "with a timeout",
            &["-d", r#"{"drain_timeout_seconds": 30}"#],
            30,
        ),
        (
            "with another",
            &["-d", r#"{"drain_timeout_seconds": 5}"#],
            5,
        ),
    ];
    for (name, arguments, timeout) in rows {
        let mut server = Instance::start();
        let curl = Command::new("curl")
            .args(["-sS", "--fail-with-body", "-X", "POST"])
            .arg(format!("http://{}{SHUTDOWN}", server.address))
            .args(arguments)
            .output()
            .expect("curl runs");
        assert!(curl.status.success(), "{name}: {curl:?}");
        let said: Value = serde_json::from_slice(&curl.stdout).expect(name);
        assert_eq!(said["shutting_down"], true, "{name}");
        assert_eq!(
            said["active_requests"], 0,
            "{name}: it does not count itself"
        );
        assert_eq!(said["drain_timeout_seconds"], timeout, "{name}");
        assert!(said["started_at"].is_string(), "{name}");
        assert_eq!(server.wait_for_exit().code(), Some(0), "{name}");
    }
}

#[test]
fn an_order_may_say_how_long_the_drain_lasts() {
    let rows = [
        ("no body", "", 7),
        ("blank", " \r\n", 7),
        ("no fields", "{}", 7),
        ("null", r#"{"drain_timeout_seconds": null}"#, 7),
        ("nothing at all", r#"{"drain_timeout_seconds": 0}"#, 0),
        ("a whole float", r#"{"drain_timeout_seconds": 30.0}"#, 30),
        ("the longest", r#"{"drain_timeout_seconds": 3600}"#, 3_600),
        (
            "fields of another version",
            r#"{"reason": "blue to green"}"#,
            7,
        ),
    ];
    thread::scope(|scope| {
        for (name, body, timeout) in rows {
            scope.spawn(move || {
                let mut server = Instance::with(&[("DRAIN_TIMEOUT_SECONDS", "7")]);
                assert_eq!(
                    server.get(STATUS).json()["drain_timeout_seconds"],
                    7,
                    "{name}"
                );
                let reply = order(&server, &[], body);
                assert_eq!(reply.status, 200, "{name}: {}", reply.text());
                assert_eq!(reply.json()["drain_timeout_seconds"], timeout, "{name}");
                assert_eq!(server.wait_for_exit().code(), Some(0), "{name}");
            });
        }
    });
}

#[test]
fn an_order_that_cannot_be_meant_is_refused_and_changes_nothing() {
    let server = Instance::start();
    let field = json!(["body", "drain_timeout_seconds"]);
    let rows = [
        (
            "too long",
            r#"{"drain_timeout_seconds": 3601}"#,
            "less_than_equal",
            field.clone(),
        ),
        (
            "negative",
            r#"{"drain_timeout_seconds": -1}"#,
            "greater_than_equal",
            field.clone(),
        ),
        (
            "text",
            r#"{"drain_timeout_seconds": "30"}"#,
            "int_type",
            field.clone(),
        ),
        (
            "fraction",
            r#"{"drain_timeout_seconds": 1.5}"#,
            "int_from_float",
            field.clone(),
        ),
        (
            "true",
            r#"{"drain_timeout_seconds": true}"#,
            "int_type",
            field.clone(),
        ),
        (
            "list",
            r#"{"drain_timeout_seconds": [30]}"#,
            "int_type",
            field,
        ),
        (
            "delay",
            r#"{"delay_seconds": -1}"#,
            "greater_than_equal",
            json!(["body", "delay_seconds"]),
        ),
        (
            "form",
            "drain_timeout_seconds=30",
            "json_invalid",
            json!(["body", 0]),
        ),
        (
            "number alone",
            "30",
            "model_attributes_type",
            json!(["body"]),
        ),
        (
            "null alone",
            "null",
            "model_attributes_type",
            json!(["body"]),
        ),
    ];
    for (name, body, kind, place) in rows {
        let reply = order(&server, &[], body);
        assert_eq!(reply.status, 422, "{name}");
        let problem = reply.json()["detail"][0].clone();
        assert_eq!(
            (&problem["type"], &problem["loc"]),
            (&json!(kind), &place),
            "{name}"
        );
    }
    let reply = server.post("/deployment/shutdown?wait=maybe", "");
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["detail"][0]["loc"], json!(["query", "wait"]));
    assert_eq!(server.get(STATUS).json()["shutting_down"], false);
    assert_eq!(server.get("/health/ready").status, 200);
}

#[test]
fn who_waits_is_answered_when_the_drain_is_over() {
    let mut server = Instance::start();
    let held = server.hold_a_request();
    let mut waiting = server.connect();
    waiting.send(
        "POST /deployment/shutdown?wait=true HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n",
    );
    server.wait_for_log("phase draining");
    finish(held);
    let reply = waiting.receive();
    assert_eq!(reply.status, 200);
    // It would be 1, had it been answered before the other request was.
    assert_eq!(reply.json()["active_requests"], 0);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn who_waits_is_told_when_the_drain_timed_out() {
    let mut server = Instance::start();
    let _held = server.hold_a_request();
    let body = r#"{"drain_timeout_seconds": 0}"#;
    let reply = server.post("/deployment/shutdown?wait=true", body);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["active_requests"], 1);
    assert_eq!(reply.json()["drain_timeout_seconds"], 0);
    assert_eq!(server.wait_for_exit().code(), Some(3));
}

#[test]
fn without_a_token_only_direct_callers_on_this_host_may_order() {
    let mut server = Instance::with(&[("SERVER_HOST", "0.0.0.0")]);
    let port = server.address.port();
    server.address = ([127, 0, 0, 1], port).into();
    let refused = |name: &str, reply: &Response| {
        assert_eq!(reply.status, 403, "{name}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        for way in ["SHUTDOWN_TOKEN", "Authorization: Bearer"] {
            assert!(detail.contains(way), "{name} says how: {detail}");
        }
    };
    let rows = [
        ("proxied", ("X-Forwarded-For", "127.0.0.1")),
        ("proxied, small letters", ("x-forwarded-for", "192.0.2.1")),
        ("standard header", ("Forwarded", "for=127.0.0.1")),
        ("gateway", ("Via", "1.1 proxy")),
        ("nginx", ("X-Real-IP", "127.0.0.1")),
        ("empty header", ("X-Forwarded-For", "")),
    ];
    for (name, header) in rows {
        refused(name, &order(&server, &[header], ""));
        // A token nobody set opens nothing.
        let guess = ("Authorization", "Bearer ");
        refused(name, &order(&server, &[header, guess], ""));
    }
    if let Some(address) = own_address(port) {
        refused("from outside", &Client::connect(address).post(SHUTDOWN, ""));
    }
    assert_eq!(server.get(STATUS).json()["shutting_down"], false);
    assert_eq!(order(&server, &[], "").status, 200);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

/// An address of this host that is not loopback, when it has a network. Nothing is sent.
fn own_address(port: u16) -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some((ip, port).into())
}

#[test]
fn with_a_token_whoever_sends_it_may_order_and_nobody_else() {
    let mut server = Instance::with(&[("SHUTDOWN_TOKEN", "open sesame")]);
    let rows = [
        ("none", None),
        ("wrong", Some("Bearer open sesamf")),
        ("start of it", Some("Bearer open")),
        ("more than it", Some("Bearer open sesame!")),
        ("empty", Some("Bearer ")),
        ("capitals", Some("Bearer Open Sesame")),
        ("without scheme", Some("open sesame")),
        ("other scheme", Some("Basic open sesame")),
    ];
    for (name, value) in rows {
        let headers: Vec<_> = value
            .map(|value| ("Authorization", value))
            .into_iter()
            .collect();
        let reply = order(&server, &headers, "");
        assert_eq!(reply.status, 401, "{name}");
        assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer"), "{name}");
        assert!(reply.json()["detail"].is_string(), "{name}");
    }
    assert_eq!(server.get(STATUS).json()["shutting_down"], false);
    let proxied = ("X-Forwarded-For", "192.0.2.1");
    let right = ("Authorization", "bearer open sesame");
    assert_eq!(order(&server, &[proxied, right], "").status, 200);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn an_order_may_be_repeated_and_only_shorten_the_drain() {
    let mut server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let before = server.get(STATUS).json();
    assert_eq!(
        before,
        json!({
            "shutting_down": false, "active_requests": 0, "drain_timeout_seconds": 30,
            "started_at": null, "state": "ready", "remaining_seconds": null,
            "rejected_requests": 0,
        })
    );
    let held = server.hold_a_request();
    let timeout = |seconds: u64| format!(r#"{{"drain_timeout_seconds":{seconds}}}"#);
    let first = order(&server, &[], &timeout(60)).json();
    assert_eq!(first["state"], "lame_duck");
    assert_eq!(first["active_requests"], 1);
    let remaining = first["remaining_seconds"].as_f64().unwrap();
    assert!(
        (600.0..=660.0).contains(&remaining),
        "{remaining} s of 660 remain"
    );

    for (asked, expected) in [(20, 20), (500, 20), (3_600, 20), (19, 19)] {
        let again = order(&server, &[], &timeout(asked)).json();
        assert_eq!(again["started_at"], first["started_at"], "{asked}");
        assert_eq!(again["drain_timeout_seconds"], expected, "{asked}");
        assert_eq!(again["shutting_down"], true, "{asked}");
    }
    wait_until("draining", || {
        server.get(STATUS).json()["state"] == "draining"
    });
    assert_eq!(server.get("/pricing").status, 503);
    let status = order(&server, &[], "").json();
    assert_eq!(status["rejected_requests"], 1);
    assert_eq!(status["started_at"], first["started_at"]);
    let remaining = status["remaining_seconds"].as_f64().unwrap();
    assert!(
        remaining > 0.0 && remaining <= 19.0,
        "{remaining} s of 19 remain"
    );
    finish(held);
    assert_eq!(server.wait_for_exit().code(), Some(0), "no request was cut");
}
