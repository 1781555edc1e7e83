//! The life of an instance: what each phase answers, and that nothing is lost on the way out.

use std::time::{Duration, Instant};

use crate::harness::{Client, Instance};

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

    fn finish(mut self) -> crate::harness::Response {
        self.client.send(&self.rest);
        self.client.receive()
    }
}

/// Waits until a probe that may be asked in every phase shows what is wanted.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + crate::harness::PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never saw: {what}");
        std::thread::sleep(Duration::from_millis(2));
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
        // Only a long body is visible as in flight; a short one tiny_http reads by itself.
        if length > 1_024 {
            wait_until("in flight", || active_requests(&server) == 1);
        } else {
            std::thread::sleep(Duration::from_millis(50));
        }
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
