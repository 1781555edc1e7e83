//! A second port for probes and orders, which a network policy can keep to those who need it.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::{Client, Instance};

fn start(settings: &[(&str, &str)]) -> (Instance, SocketAddr) {
    let mut all = vec![("ADMIN_PORT", "0")];
    all.extend_from_slice(settings);
    let server = Instance::with(&all);
    let line = server.wait_for_log("admin port on http://");
    let admin = line.split("admin port on http://").nth(1).unwrap();
    let admin = admin.split_whitespace().next().unwrap().parse().unwrap();
    (server, admin)
}

#[test]
fn each_port_answers_what_it_is_for() {
    let (server, admin) = start(&[]);
    for (method, path, on_main, on_admin) in [
        ("GET", "/health", 200, 200),
        ("GET", "/health/live", 200, 200),
        ("GET", "/health/ready", 200, 200),
        ("GET", "/health/detailed", 200, 200),
        ("GET", "/deployment/info", 200, 200),
        ("GET", "/deployment/shutdown/status", 200, 200),
        ("GET", "/deployment/renew/status", 200, 200),
        ("GET", "/metrics", 200, 200),
        ("GET", "/api/versions", 200, 200),
        ("POST", "/health", 405, 405),
        ("GET", "/pricing", 200, 404),
        ("GET", "/", 200, 404),
        ("POST", "/pricing", 405, 404),
        ("GET", "/nowhere", 404, 404),
        ("POST", "/deployment/shutdown", 403, 200),
    ] {
        for (port, address, expected) in [
            ("main", server.address, on_main),
            ("admin", admin, on_admin),
        ] {
            let reply = Client::connect(address).request(method, path, &[], b"");
            assert_eq!(reply.status, expected, "{method} {path} on the {port} port");
        }
    }
}

#[test]
fn the_admin_port_answers_to_the_end_of_the_drain_and_goes_with_it() {
    let (mut server, admin) = start(&[]);
    let mut held = server.hold_a_request();
    server.signal("TERM");
    server.wait_for_log("phase draining");
    let ready = Client::connect(admin).get("/health/ready");
    assert_eq!(ready.status, 503);
    assert_eq!(Client::connect(admin).get("/health/live").status, 200);
    let status = Client::connect(admin).get("/deployment/shutdown/status");
    assert_eq!(
        status.json()["active_requests"],
        1,
        "the admin port's own do not count"
    );
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 422);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn the_commands_ask_the_admin_port_when_there_is_one() {
    let (mut server, admin) = start(&[]);
    let command = |word: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llm-pricing"));
        command
            .env_clear()
            .arg(word)
            .env("SERVER_HOST", "127.0.0.1")
            // Nothing listens here.
            .env("SERVER_PORT", "1")
            .env("ADMIN_PORT", admin.port().to_string());
        command.output().unwrap().status
    };
    assert!(command("healthcheck").success());
    assert!(command("renew").success());
    assert!(command("shutdown").success());
    assert_eq!(server.wait_for_exit().code(), Some(0));
}
