//! What the balancers do with requests that are meant for nobody outside, or that lie about who sends them,
//! and what they say when they refuse something themselves.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use super::balancer::{Balancer, Kind, free_port, own_host};
use super::load::colour_at;
use super::stage::Stage;
use crate::attacks::wire::{Reply, connect, read_reply};
use crate::harness::{Instance, binary, wait_until};

/// The answer to these bytes on a connection of their own.
fn ask(stage: &Stage, request: impl AsRef<[u8]>) -> Reply {
    let mut stream = connect(stage.balancer.address).expect("the balancer takes connections");
    stream.write_all(request.as_ref()).expect("it reads");
    read_reply(&mut stream).expect("it answers")
}

fn is_by_the_service(reply: &Reply) -> bool {
    reply
        .head
        .to_ascii_lowercase()
        .contains("x-service-version")
}

pub fn orders_from_outside_are_refused(kind: Kind) {
    let stage = Stage::set(kind, &[], &[]);
    let paths = [
        "/deployment/shutdown",
        "/deployment/shutdown/",
        "/deployment/shutdown?wait=true",
        "/deployment/shutdown/status",
        "/deployment/%73hutdown",
        "/Deployment/Shutdown",
        "/deployment/renew",
    ];
    for path in paths {
        for method in ["POST", "GET"] {
            let reply = ask(
                &stage,
                format!("{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"),
            );
            assert_eq!(reply.status, 403, "{method} {path}: {}", reply.head);
            assert!(!is_by_the_service(&reply), "{method} {path}");
        }
    }
    let reply = ask(
        &stage,
        "GET /deployment/info HTTP/1.1\r\nHost: test\r\n\r\n",
    );
    assert_eq!(reply.status, 200, "the rest can be asked");
}

/// A new address in every request would be a way past the rate limit, and a country a lie in telemetry.
pub fn nobody_can_say_that_he_is_somebody_else(kind: Kind) {
    let settings = [
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
        ("RATE_LIMIT_PER_MINUTE", "20"),
    ];
    let stage = Stage::set(kind, &settings, &[]);
    let lie = |number: usize| {
        let lies = format!(
            "X-Forwarded-For: 203.0.113.{number}\r\nX-Real-IP: 203.0.113.{number}\r\n\
             Forwarded: for=203.0.113.{number}\r\nCF-IPCountry: FR\r\n\
             CloudFront-Viewer-Country: FR\r\nX-Country-Code: FR\r\nX-AppEngine-Country: FR\r\n"
        );
        let request = format!("GET /models/gpt-4o HTTP/1.1\r\nHost: test\r\n{lies}\r\n");
        ask(&stage, request).status
    };
    assert_eq!(lie(0), 200);
    let telemetry = stage.active().instance().get("/telemetry").json();
    assert_ne!(
        telemetry["overall_stats"]["total_requests"], 0,
        "{telemetry}"
    );
    assert_eq!(telemetry["client_locations"], json!([]), "{telemetry}");
    let statuses: Vec<u16> = (1..40).map(lie).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// An address that is busy with as much as it may is refused more, and only for as long.
pub fn nobody_gets_more_than_his_share(kind: Kind) {
    let host = own_host();
    let settings = [
        ("SERVER_HOST", host.to_string()),
        ("SERVER_PORT", "0".to_owned()),
    ];
    let mut command = binary();
    command.envs(settings).env("DEPLOYMENT_GROUP", "blue");
    let service = Instance::run(command);
    let colours = [service.address, free_port(host)];
    let balancer = Balancer::with_share(kind, host, colours, 8);
    let is_served = || colour_at(balancer.address).is_ok_and(|colour| colour == "blue");
    let half = b"POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n{";
    // One beyond the share may be closed at any moment.
    let hold = || -> io::Result<TcpStream> {
        let mut stream = connect(balancer.address)?;
        stream.write_all(half)?;
        Ok(stream)
    };
    let held: io::Result<Vec<TcpStream>> = (0..8).map(|_| hold()).collect();
    let mut busy = held.expect("the share");
    // The balancer gives up on half a request after a while, so that another has to take its place.
    wait_until("the share used up", || {
        let is_used_up = !is_served();
        busy.extend(hold());
        is_used_up
    });
    drop(busy);
    wait_until("a share again", is_served);
}

/// Whatever a client is refused for, it is told in the form of the service's own refusals.
pub fn what_is_too_much_is_refused_before_the_service(kind: Kind) {
    let stage = Stage::set(kind, &[], &[]);
    let post = |length: &str| {
        format!("POST /cost-estimate HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n")
    };
    let chunks = format!(
        "POST /cost-estimate HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(17)
    );
    let rows = [
        ("a large body", 413, post("1000001")),
        ("a huge body", 413, post("99999999999999")),
        ("a large body in chunks", 413, chunks),
        (
            "a long target",
            414,
            format!("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", "a".repeat(8_190)),
        ),
        (
            "a large head",
            431,
            format!(
                "GET / HTTP/1.1\r\nHost: test\r\nCookie: {}\r\n\r\n",
                "a".repeat(16_000)
            ),
        ),
    ];
    for (name, status, request) in rows {
        let reply = ask(&stage, request);
        assert_eq!(reply.status, status, "{name}: {}", reply.head);
        assert!(!is_by_the_service(&reply), "{name}");
        assert!(
            reply.head.contains("application/json"),
            "{name}: {}",
            reply.head
        );
    }
}

/// Who is slow without being endless is waited for, and the service, which would not wait, does not notice.
pub fn slow_senders_are_waited_for(kind: Kind) {
    let settings = [("HEAD_TIMEOUT_SECONDS", "1"), ("BODY_TIMEOUT_SECONDS", "1")];
    let stage = Stage::set(kind, &settings, &[]);
    let estimate = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
    let length = estimate.len();
    let post = "POST /cost-estimate HTTP/1.1\r\nHost: test\r\n";
    let rows = [
        (
            "a head",
            format!("{post}Content-Length: {length}\r\n\r\n{estimate}"),
            20,
        ),
        (
            "a body",
            format!("{post}Content-Length: {length}\r\n\r\n{estimate}"),
            100,
        ),
        (
            "a body in chunks",
            format!(
                "{post}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{estimate}\r\n0\r\n\r\n"
            ),
            120,
        ),
    ];
    let senders = rows.map(|(name, request, at_once)| {
        let mut stream = connect(stage.balancer.address).expect("a connection");
        stream
            .write_all(&request.as_bytes()[..at_once])
            .expect("it reads");
        (name, request, at_once, stream)
    });
    // Longer than the service waits.
    std::thread::sleep(Duration::from_millis(1_500));
    for (name, request, at_once, mut stream) in senders {
        stream
            .write_all(&request.as_bytes()[at_once..])
            .expect("it reads on");
        let reply = read_reply(&mut stream).expect("it answers");
        assert_eq!(reply.status, 200, "{name}: {}", reply.head);
    }
}

/// A thousand names of real models, which is as many as there may be in a batch, and the largest list.
pub fn what_the_service_allows_gets_through(kind: Kind) {
    let stage = Stage::set(kind, &[], &[]);
    let service = stage.active().instance();
    let models = service.get("/models").json();
    let providers = models["models_by_provider"].as_object().expect("a map");
    let names = providers
        .values()
        .flat_map(|names| names.as_array().expect("a list"));
    let names: Vec<_> = names.take(1_000).collect();
    assert_eq!(names.len(), 1_000);
    let body =
        json!({"model_names": names, "input_tokens": 1000, "output_tokens": 500}).to_string();
    let length = body.len();
    let reply = ask(
        &stage,
        format!(
            "POST /cost-estimate/batch HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    );
    assert_eq!(reply.status, 200, "{}", reply.head);
    let path = "/pricing?include_retired=true";
    let reply = ask(&stage, format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    assert_eq!(
        (reply.status, reply.length),
        (200, service.get(path).body.len())
    );
}
