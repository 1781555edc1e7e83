//! A panic costs one reply, and an accept thread that dies costs no request.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use llm_pricing::config::Limits;
use llm_pricing::deployment::{DrainSettings, Lifecycle};
use llm_pricing::exchange::{Answer, Endpoint, Reply, Service, Triage, Work};
use llm_pricing::server::{Options, Server};
use llm_pricing::vitals::{Vitals, read};

use crate::harness::{Client, Instance, PATIENCE, wait_until};

#[test]
fn a_panic_costs_one_reply() {
    let lifecycle = Arc::new(Lifecycle::new(DrainSettings {
        shutdown_delay: Duration::ZERO,
        drain_timeout: Duration::ZERO,
    }));
    lifecycle.open();
    let vitals = Arc::new(Vitals::default());
    let service = Service {
        triage: |_, path, _| Triage {
            endpoint: Endpoint(0),
            work: if path.starts_with("/bulk") {
                Work::Heavy
            } else {
                Work::Light
            },
        },
        answer: Box::new(|call| match call.path.ends_with("/panic") {
            true => panic!("a handler that fails, on purpose"),
            false => Answer::Now(Reply::detail(200, "fine")),
        }),
        record: Box::new(|_, _, _| {}),
    };
    let server = Server::start(
        TcpListener::bind("127.0.0.1:0").unwrap(),
        service,
        Arc::clone(&lifecycle),
        Arc::clone(&vitals),
        Options {
            limits: Limits {
                express_workers: 1,
                bulk_workers: 1,
                bulk_queue: 1,
                body_bytes_max: 10_000,
            },
            standing_headers: format!(
                "X-Content-Type-Options: nosniff\r\nX-Service-Version: {}\r\n",
                llm_pricing::VERSION
            ),
            access_log: false,
        },
    )
    .unwrap();
    let mut client = Client::connect(server.local_addr().unwrap());
    for (count, lane) in [(1, ""), (2, "/bulk"), (3, "")] {
        let reply = client.get(&format!("{lane}/panic"));
        assert_eq!(reply.status, 500, "{lane}");
        assert!(reply.json()["detail"].is_string(), "{lane}");
        assert_eq!(read(&vitals.panics), count, "{lane}");
        // The same connection, and with one worker a lane the same worker.
        assert_eq!(client.get(lane).status, 200, "{lane}");
    }
    wait_until("every ticket was given back", || lifecycle.in_flight() == 0);
}

#[test]
fn a_server_that_can_accept_no_more_drains_and_says_so() {
    let mut server = Instance::start();
    let mut client = server.connect();
    assert_eq!(client.get("/health").status, 200);
    client.send("POST /cost-estimate HTTP/1.1\r\nContent-Length: 2000\r\n\r\n");
    let in_flight = || server.get("/health/detailed").json()["metrics"]["active_requests"] == 1;
    wait_until("a request is in flight", in_flight);

    // For a moment there are no descriptors to be had. The blocked accept has its own reserved
    // already, but the second one that tiny_http needs makes its thread panic, unseen.
    let pid = server.pid().to_string();
    let limit_descriptors = |count: &str| {
        let nofile = format!("--nofile={count}");
        let status = Command::new("prlimit")
            .args(["--pid", &pid, &nofile])
            .status();
        assert!(status.expect("prlimit runs").success());
    };
    limit_descriptors("4:1000");
    let mut unlucky = TcpStream::connect(server.address).expect("the backlog takes it");
    unlucky.set_read_timeout(Some(PATIENCE)).unwrap();
    let ended = unlucky.read(&mut [0]);
    assert!(
        !matches!(ended, Ok(1..)),
        "the accept thread took it down with it"
    );
    limit_descriptors("1000:1000");
    server.wait_for_log("can no longer be accepted");
    server.wait_for_log("phase draining");
    let mut unaccepted = server.connect();
    unaccepted.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");

    let body = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
    client.send(format!("{body:<2000}"));
    assert_eq!(
        client.receive().status,
        200,
        "what was in flight is finished"
    );
    let refused = unaccepted.receive();
    assert_eq!(
        (refused.status, refused.header("Connection")),
        (503, Some("close"))
    );
    assert_eq!(server.wait_for_exit().code(), Some(70));
}
