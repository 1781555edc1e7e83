//! A panic costs one reply, and an accept thread that dies costs no request.

use std::net::TcpStream;
use std::process::Command;

use llm_pricing::vitals::read;

use crate::gated::Gated;
use crate::harness::{Client, Instance, wait_until};

#[test]
fn a_panic_costs_one_reply() {
    let gated = Gated::start(|limits| {
        limits.express_workers = 1;
        limits.bulk_workers = 1;
    });
    let mut client = gated.connect();
    for (count, lane) in [(1, "/light"), (2, "/bulk"), (3, "/light")] {
        let reply = client.get(&format!("{lane}/panic"));
        assert_eq!(reply.status, 500, "{lane}");
        assert!(reply.json()["detail"].is_string(), "{lane}");
        assert_eq!(read(&gated.vitals.panics), count, "{lane}");
        // The same connection, and with one worker a lane the same worker.
        assert_eq!(client.get(lane).status, 200, "{lane}");
    }
    wait_until("every ticket was given back", || {
        gated.lifecycle.in_flight() == 0
    });
}

fn metric(server: &Instance, client: &mut Client, name: &str) -> u64 {
    let metrics = client.get("/health/detailed").json()["metrics"].clone();
    metrics[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name}:\n{}", server.log()))
}

fn limit(server: &Instance, limit: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &server.pid().to_string(), limit])
        .status();
    assert!(status.expect("prlimit runs").success());
}

/// A new thread needs 2 MiB of address space for its stack; leaves less than that.
fn deny_new_threads(server: &Instance) {
    let proc = format!("/proc/{}/status", server.pid());
    let status = std::fs::read_to_string(proc).unwrap();
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .expect("a number of kilobytes");
    limit(
        server,
        &format!("--as={}:unlimited", (size + 1_900) * 1_024),
    );
}

#[test]
fn for_want_of_descriptors_connections_wait_and_nothing_else_happens() {
    let server = Instance::start();
    limit(&server, "--nofile=4:4096");
    let mut waiting = server.connect();
    waiting.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
    server.wait_for_log("no descriptors");
    limit(&server, "--nofile=4096:4096");
    assert_eq!(waiting.receive().status, 200, "it only had to wait");
    let mut client = server.connect();
    assert!(metric(&server, &mut client, "accept_failures") > 0);
    assert_eq!(metric(&server, &mut client, "accept_restarts"), 0);
}

#[test]
fn an_accept_thread_that_dies_is_replaced_and_costs_no_other_client_anything() {
    let server = Instance::start();
    let mut client = server.connect();
    assert_eq!(client.get("/health").status, 200);
    let mut in_flight = server.hold_a_request();

    deny_new_threads(&server);
    // When there is no thread or stack left over from another connection either, tiny_http's accept
    // thread panics.
    let mut unlucky = Vec::new();
    wait_until("the accept thread is dead", || {
        unlucky.push(server.connect());
        metric(&server, &mut client, "panics") > 0
    });
    let mut waiting = server.connect();
    waiting.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.get("/health").status, 200, "others are served on");

    limit(&server, "--as=unlimited:unlimited");
    assert_eq!(waiting.receive().status, 200, "another accepts");
    wait_until("it is counted", || {
        metric(&server, &mut client, "accept_restarts") == 1
    });
    in_flight.send(format!(
        "{:<8999}",
        r#""model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#
    ));
    assert_eq!(
        in_flight.receive().status,
        200,
        "what was in flight is finished"
    );
    assert_eq!(server.get("/health/ready").status, 200);
}

#[test]
fn a_server_that_can_accept_no_more_drains_and_says_so() {
    let mut server = Instance::start();
    let mut in_flight = server.hold_a_request();
    deny_new_threads(&server);
    let mut unlucky = Vec::new();
    wait_until("the accept thread is dead", || {
        // Nobody may listen any more.
        unlucky.extend(TcpStream::connect(server.address));
        server.log().contains("the accept thread has died")
    });
    server.wait_for_log("can no longer be accepted");
    server.wait_for_log("phase draining");
    in_flight.send(format!(
        "{:<8999}",
        r#""model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#
    ));
    assert_eq!(
        in_flight.receive().status,
        200,
        "what was in flight is finished"
    );
    assert_eq!(server.wait_for_exit().code(), Some(70));
}
