//! The life of an instance: what each phase answers, and that nothing is lost on the way out.

use std::time::{Duration, Instant};

use crate::harness::{Client, Instance, Response, wait_until};
use crate::load::Load;

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

/// How the first half of a request is held back.
struct HalfRequest {
    client: Client,
    rest: Vec<u8>,
}

impl HalfRequest {
    /// Sends the head of an estimate and half of a body of at least `length` bytes.
    fn send(server: &Instance, length: usize) -> HalfRequest {
        let body = format!(
            "{}{ESTIMATE}",
            " ".repeat(length.saturating_sub(ESTIMATE.len()))
        );
        let mut client = server.connect();
        let (half, rest) = body.as_bytes().split_at(body.len() / 2);
        let head = format!(
            "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client.send([head.as_bytes(), half].concat());
        HalfRequest {
            client,
            rest: rest.to_vec(),
        }
    }

    fn finish(mut self) -> Response {
        self.client.send(&self.rest);
        self.client.receive()
    }
}

fn active_requests(server: &Instance) -> u64 {
    server.get("/deployment/shutdown/status").json()["active_requests"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_request_in_flight_survives_sigterm() {
    for (name, length) in [("short body", 100), ("long body", 20_000)] {
        let mut server = Instance::start();
        let half = HalfRequest::send(&server, length);
        wait_until("in flight", || active_requests(&server) == 1);
        server.signal("TERM");
        server.wait_for_log("phase draining");
        assert_eq!(active_requests(&server), 1, "{name}: held while draining");

        let refused = server.post("/cost-estimate", ESTIMATE);
        assert_eq!(refused.status, 503, "{name}");
        assert_eq!(
            refused.json()["detail"],
            "Service is shutting down",
            "{name}"
        );
        assert_eq!(refused.header("Connection"), Some("close"), "{name}");
        assert!(refused.header("Retry-After").is_some(), "{name}");
        assert_eq!(server.get("/health/live").status, 200, "{name}");
        assert_eq!(server.get("/health/ready").status, 503, "{name}");

        let reply = half.finish();
        let answered = Instant::now();
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert_eq!(reply.json()["total_cost"], 0.0075, "{name}");
        assert_eq!(reply.header("Connection"), Some("close"), "{name}");
        assert_eq!(server.wait_for_exit().code(), Some(0), "{name}");
        let took = answered.elapsed();
        assert!(
            took < Duration::from_millis(300),
            "{name}: left {took:?} after the last reply"
        );
    }
}

#[test]
fn a_stuck_request_meets_the_drain_timeout() {
    let mut server = Instance::with(&[("DRAIN_TIMEOUT_SECONDS", "1")]);
    let stuck = HalfRequest::send(&server, 20_000);
    wait_until("in flight", || active_requests(&server) == 1);
    let told = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait_for_exit().code(), Some(3));
    let took = told.elapsed();
    assert!(
        (1.0..2.0).contains(&took.as_secs_f64()),
        "left after {took:?}"
    );
    let log = server.log();
    assert!(
        log.contains("timed out with 1 requests in flight: /cost-estimate: 1"),
        "{log}"
    );
    drop(stuck);
}

#[test]
fn an_idle_instance_leaves_within_300_ms_even_with_idle_connections() {
    let mut fastest = Duration::MAX;
    for name in ["TERM", "INT", "HUP"] {
        let mut server = Instance::start();
        let mut idle: Vec<Client> = (0..10).map(|_| server.connect()).collect();
        for client in &mut idle {
            assert_eq!(client.get("/health").status, 200);
        }
        let told = Instant::now();
        server.signal(name);
        assert_eq!(server.wait_for_exit().code(), Some(0), "{name}");
        fastest = fastest.min(told.elapsed());
    }
    // Judged by the exit that nothing else on the machine disturbed.
    assert!(
        fastest < Duration::from_millis(300),
        "left after {fastest:?}"
    );
}

#[test]
fn a_lame_duck_serves_until_its_delay_is_over() {
    let mut server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "1")]);
    let mut client = server.connect();
    assert_eq!(client.get("/health").header("Connection"), None);
    let told = Instant::now();
    server.signal("TERM");
    server.wait_for_log("phase lame_duck");
    assert_eq!(server.get("/health/ready").status, 503);
    let reply = client.post("/cost-estimate", ESTIMATE);
    assert_eq!(
        (reply.status, reply.header("Connection")),
        (200, Some("close"))
    );
    assert_eq!(server.wait_for_exit().code(), Some(0));
    let took = told.elapsed().as_secs_f64();
    assert!((1.0..1.5).contains(&took), "left after {took} s");
}

#[test]
fn being_told_again_ends_the_lame_duck_and_cuts_nothing() {
    let mut server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let half = HalfRequest::send(&server, 20_000);
    wait_until("in flight", || active_requests(&server) == 1);
    server.signal("TERM");
    server.wait_for_log("phase lame_duck");
    server.signal("TERM");
    server.wait_for_log("phase draining");
    server.signal("TERM");
    server.wait_for_log("signal again: the shutdown goes on\n");
    assert_eq!(half.finish().status, 200);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn a_client_that_leaves_gives_its_place_back() {
    for (name, length) in [("short body", 100), ("long body", 20_000)] {
        let mut server = Instance::start();
        let half = HalfRequest::send(&server, length);
        wait_until("the connection is accepted", || {
            server.has_accepted(&half.client)
        });
        server.signal("TERM");
        server.wait_for_log("phase draining");
        drop(half);
        assert_eq!(server.wait_for_exit().code(), Some(0), "{name}");
    }
}

#[test]
fn under_load_a_stop_signal_loses_no_request_that_was_sent() {
    const REQUESTS: [&str; 2] = [
        "GET /health HTTP/1.1\r\nHost: test\r\n\r\n",
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 63\r\n\r\n\
         {\"model_name\":\"gpt-4o\",\"input_tokens\":1000,\"output_tokens\":500}",
    ];
    for round in 0..5 {
        let mut server = Instance::start();
        let load = Load::start(server.address, 24, &REQUESTS);
        wait_until("requests are served", || total_requests(&server) > 500);
        server.signal("TERM");
        let outcomes = load.join();
        assert_eq!(
            (outcomes.lost, outcomes.other),
            (0, 0),
            "round {round}: {outcomes:?}"
        );
        assert!(outcomes.ok > 500, "round {round}: {outcomes:?}");
        assert_eq!(server.wait_for_exit().code(), Some(0), "round {round}");
    }
}

fn total_requests(server: &Instance) -> u64 {
    server.get("/health/detailed").json()["metrics"]["total_requests"]
        .as_u64()
        .unwrap()
}
