//! How often each client is let in.

use std::thread;
use std::time::Duration;

use crate::harness::{Client, Instance, Response};
use crate::replies::{BUSINESS, public_routes};

/// Behind a proxy on this host that is trusted.
fn limited(per_minute: &str) -> Instance {
    Instance::with(&[
        ("RATE_LIMIT_PER_MINUTE", per_minute),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ])
}

fn ask(client: &mut Client, from: &str) -> Response {
    client.request("GET", "/models", &[("X-Forwarded-For", from)], b"")
}

fn retry_after(reply: &Response) -> u64 {
    assert_eq!(reply.status, 429);
    let seconds = reply.header("Retry-After").expect("when to come back");
    seconds.parse().expect("whole seconds")
}

#[test]
fn a_whole_minutes_requests_at_once_and_the_next_when_it_says() {
    let server = limited("60");
    let mut client = server.connect();
    // Asking takes time, in which more may be let in.
    let replies = std::iter::repeat_with(|| ask(&mut client, "192.0.2.1")).take(200);
    let refused = replies.skip(60).find(|reply| reply.status == 429);
    let refused = refused.expect("200 requests do not take two minutes");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("try again in 1 second"), "{detail}");
    assert_eq!(refused.header("Connection"), None, "it may stay");
    let seconds = retry_after(&refused);
    assert_eq!(seconds, 1);
    thread::sleep(Duration::from_secs(seconds));
    assert_eq!(ask(&mut client, "192.0.2.1").status, 200);
}

#[test]
fn the_wait_is_that_of_the_limit() {
    for (per_minute, expected) in [("1", 60), ("2", 30), ("7", 9)] {
        let server = limited(per_minute);
        let mut client = server.connect();
        for request in 0..per_minute.parse().unwrap() {
            let status = ask(&mut client, "192.0.2.1").status;
            assert_eq!(status, 200, "request {request} of {per_minute}");
        }
        let seconds = retry_after(&ask(&mut client, "192.0.2.1"));
        // A slow machine may have spent a second or two on the way here.
        let possible = expected - 3..=expected;
        assert!(possible.contains(&seconds), "{seconds} of {per_minute}");
    }
}

#[test]
fn only_business_and_its_description_are_limited() {
    let server = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "1")]);
    let mut client = server.connect();
    assert_eq!(client.get("/models").status, 200);
    for row in public_routes() {
        let mut status = || client.request(row.method, row.path, &[], b"!").status;
        let is_limited = BUSINESS.contains(&row.path) || row.path == "/openapi.json";
        assert_eq!(status() == 429, is_limited, "{}", row.path);
        assert_eq!(status() == 429, is_limited, "{}, again", row.path);
    }
    assert_eq!(client.get("/nope").status, 404, "there is nothing to limit");
    let other_method = client.request("DELETE", "/models", &[], b"");
    assert_eq!(other_method.status, 405);
}

#[test]
fn each_client_has_an_allowance_of_its_own() {
    let server = limited("1");
    let mut client = server.connect();
    let rows = [
        ("somebody", "192.0.2.1", 200),
        ("the same", "192.0.2.1", 429),
        ("the same on another port", "192.0.2.1:4711", 429),
        ("the same, mapped", "::ffff:192.0.2.1", 429),
        ("the same, who pretends", "203.0.113.9, 192.0.2.1", 429),
        ("somebody else", "192.0.2.2", 200),
        ("a network", "2001:db8:1::1", 200),
        ("the same network", "2001:db8:1::2:3:4:5", 429),
        ("another network", "[2001:db8:2::1]:443", 200),
    ];
    for (name, from, expected) in rows {
        assert_eq!(ask(&mut client, from).status, expected, "{name}");
    }
    // Whoever is not believed is one client, whatever it says.
    let server = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "1")]);
    assert_eq!(ask(&mut server.connect(), "192.0.2.1").status, 200);
    assert_eq!(ask(&mut server.connect(), "192.0.2.2").status, 429);
}

#[test]
fn keys_cannot_be_guessed_faster_than_the_limit() {
    let server = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "3"), ("MCP_API_KEY", "right")]);
    let mut client = server.connect();
    let mut ask = |key| {
        let headers = [("x-api-key", key)];
        client.request("GET", "/models", &headers, b"").status
    };
    let asked = ["wrong", "wrong", "right", "right", "wrong"].map(&mut ask);
    assert_eq!(asked, [401, 401, 200, 429, 429]);
}

#[test]
fn what_was_refused_is_counted() {
    let server = limited("2");
    let mut client = server.connect();
    let statuses = [(); 5].map(|()| ask(&mut client, "192.0.2.1").status);
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    assert_eq!(metrics["rate_limited_requests"], 3);
    let telemetry = server.get("/telemetry").json();
    let endpoints = telemetry["endpoints"].as_array().unwrap();
    let models = endpoints.iter().find(|row| row["path"] == "/models");
    let models = models.expect("it was asked for");
    assert_eq!(
        (&models["call_count"], &models["error_count"]),
        (&5.into(), &3.into())
    );
}

#[test]
fn nobody_is_limited_unasked() {
    let server = Instance::start();
    let mut client = server.connect();
    for _ in 0..500 {
        assert_eq!(client.get("/nope").status, 404);
        assert_eq!(client.request("HEAD", "/models", &[], b"").status, 200);
    }
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    assert_eq!(metrics["rate_limited_requests"], 0);
}
