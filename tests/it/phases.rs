//! What every endpoint answers in every phase: the table of `docs/OPERATIONS.md`, cell by cell.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use llm_pricing::app::App;
use llm_pricing::cli::Settings;
use llm_pricing::config::Config;
use llm_pricing::deployment::Lifecycle;
use llm_pricing::inherited::Inherited;

use crate::harness::{Client, Instance, Response, wait_until};

const ESTIMATE: &str = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;

/// Business, one endpoint of each family.
const BUSINESS: [(&str, &str, &str); 6] = [
    ("GET", "/", ""),
    ("GET", "/models", ""),
    ("GET", "/pricing?provider=groq", ""),
    ("POST", "/cost-estimate", ESTIMATE),
    ("GET", "/telemetry", ""),
    ("GET", "/no-such-path", ""),
];

/// Deployment endpoints that answer alike in every phase.
const INDIFFERENT: [&str; 4] = [
    "/deployment/info",
    "/deployment/metadata",
    "/api/versions",
    "/deployment/shutdown/status",
];

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Response {
    Client::connect(address).request(method, path, &[], body.as_bytes())
}

/// One column of the table.
struct Column {
    phase: &'static str,
    /// Expected status of business, other than for the unknown path.
    business: u16,
    /// Status and `status` of /health.
    health: (u16, &'static str),
    /// Status and `reason` of /health/ready.
    ready: (u16, Option<&'static str>),
    /// `status` of /health/detailed.
    detailed: &'static str,
    closes: bool,
}

#[track_caller]
fn check(address: SocketAddr, column: &Column) {
    let phase = column.phase;
    for (method, path, body) in BUSINESS {
        let reply = ask(address, method, path, body);
        let expected = match column.business {
            200 if path == "/no-such-path" => 404,
            status => status,
        };
        assert_eq!(reply.status, expected, "{phase}: {path}: {}", reply.text());
        assert_eq!(
            reply.header("Retry-After").is_some(),
            expected == 503,
            "{phase}: {path}"
        );
        check_close(column, path, &reply);
    }
    let health = ask(address, "GET", "/health", "");
    assert_eq!(
        (health.status, text(&health, "status")),
        (column.health.0, column.health.1.into())
    );
    check_close(column, "/health", &health);
    let ready = ask(address, "GET", "/health/ready", "");
    assert_eq!(ready.status, column.ready.0, "{phase}");
    assert_eq!(ready.json()["ready"], column.ready.0 == 200, "{phase}");
    assert_eq!(ready.json()["reason"].as_str(), column.ready.1, "{phase}");
    let live = ask(address, "GET", "/health/live", "");
    assert_eq!(
        (live.status, live.json()["alive"].as_bool()),
        (200, Some(true)),
        "{phase}"
    );
    let detailed = ask(address, "GET", "/health/detailed", "");
    assert_eq!(
        (detailed.status, text(&detailed, "status")),
        (200, column.detailed.into())
    );
    assert_eq!(text(&detailed, "phase"), phase);
    for path in INDIFFERENT {
        let reply = ask(address, "GET", path, "");
        assert_eq!(reply.status, 200, "{phase}: {path}");
        assert_eq!(
            reply.header("Cache-Control"),
            Some("no-store"),
            "{phase}: {path}"
        );
        check_close(column, path, &reply);
    }
    let status = ask(address, "GET", "/deployment/shutdown/status", "");
    assert_eq!(text(&status, "state"), phase);
    let wrong_method = ask(address, "GET", "/deployment/shutdown", "");
    assert_eq!(
        wrong_method.status, 405,
        "{phase}: a probe asked wrongly is told so"
    );
}

#[track_caller]
fn check_close(column: &Column, path: &str, reply: &Response) {
    let closes = reply.header("Connection") == Some("close");
    assert_eq!(closes, column.closes, "{}: {path}", column.phase);
}

fn text(reply: &Response, field: &str) -> String {
    reply.json()[field].as_str().expect("a string").to_owned()
}

#[test]
fn starting_answers_probes_and_refuses_business() {
    // The real service, wired as `main` does it, with the catalogue not put in place yet.
    let settings = Settings {
        server_host: Some("127.0.0.1".into()),
        server_port: Some("0".into()),
        ..Settings::default()
    };
    let config = Config::from_settings(&settings, &|_| None).unwrap();
    let lifecycle = Arc::new(Lifecycle::new(config.drain));
    let app = App::start(&config, lifecycle, Inherited::default(), None).expect("a free port");
    check(
        app.local_addr().unwrap(),
        &Column {
            phase: "starting",
            business: 503,
            health: (503, "unhealthy"),
            ready: (503, Some("starting")),
            detailed: "unhealthy",
            closes: false,
        },
    );
    let order = Client::connect(app.local_addr().unwrap()).post("/deployment/shutdown", "");
    assert_eq!(
        order.status, 200,
        "a stop can be ordered before the start is over"
    );
}

#[test]
fn ready_serves_everything() {
    let server = Instance::start();
    check(
        server.address,
        &Column {
            phase: "ready",
            business: 200,
            health: (200, "healthy"),
            ready: (200, None),
            detailed: "healthy",
            closes: false,
        },
    );
}

#[test]
fn lame_duck_serves_everything_and_says_goodbye() {
    let server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let order = server.post("/deployment/shutdown", "");
    assert_eq!(
        (order.status, text(&order, "state")),
        (200, "lame_duck".into())
    );
    check(
        server.address,
        &Column {
            phase: "lame_duck",
            business: 200,
            health: (503, "shutting_down"),
            ready: (503, Some("Graceful shutdown in progress")),
            detailed: "shutting_down",
            closes: true,
        },
    );
}

#[test]
fn draining_refuses_business_and_goes_on_answering_probes() {
    let server = Instance::start();
    let mut in_flight = server.connect();
    in_flight.send("POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n{");
    let status = || server.get("/deployment/shutdown/status").json();
    wait_until("in flight", || status()["active_requests"] == 1);
    let order = server.post("/deployment/shutdown", "");
    assert_eq!(order.status, 200);
    server.wait_for_log("phase draining");
    check(
        server.address,
        &Column {
            phase: "draining",
            business: 503,
            health: (503, "shutting_down"),
            ready: (503, Some("Graceful shutdown in progress")),
            detailed: "shutting_down",
            closes: true,
        },
    );
    let again = server.post("/deployment/shutdown", "");
    assert_eq!(again.json()["started_at"], order.json()["started_at"]);
    assert_eq!(
        again.json()["active_requests"],
        1,
        "probes and refusals are not in flight"
    );
    let refused = status()["rejected_requests"].as_u64().unwrap();
    assert_eq!(
        refused,
        BUSINESS.len() as u64,
        "each refusal is counted once"
    );
    assert!(status()["remaining_seconds"].as_f64().unwrap() <= 30.0);
}

#[test]
fn a_stop_signal_right_after_the_start_is_obeyed() {
    for _ in 0..5 {
        let started = Instant::now();
        let mut server = Instance::start();
        server.signal("TERM");
        assert_eq!(
            server.wait_for_exit().code(),
            Some(0),
            "{:?}",
            started.elapsed()
        );
    }
}
