//! More than the pool can do: what is refused, and that probes are answered all the same.

use std::time::{Duration, Instant};

use crate::harness::{Client, Instance, wait_until};

/// A request that keeps a bulk worker busy for as long as it is held: half a large body.
fn occupy(server: &Instance) -> Client {
    let mut client = server.connect();
    client.send("POST /cost-estimate HTTP/1.1\r\nContent-Length: 5000\r\n\r\n{");
    client
}

fn busy(server: &Instance, metric: &str) -> u64 {
    server.get("/health/detailed").json()["metrics"][metric]
        .as_u64()
        .expect("a number")
}

#[test]
fn probes_are_answered_at_once_with_every_worker_busy() {
    let server = Instance::with(&[("WORKERS", "2"), ("BULK_WORKERS", "4"), ("BULK_QUEUE", "4")]);
    let _occupied: Vec<Client> = (0..8).map(|_| occupy(&server)).collect();
    wait_until("all bulk workers busy", || {
        busy(&server, "bulk_workers_busy") == 4
    });
    let mut in_time = 0;
    for path in [
        "/health/live",
        "/health/ready",
        "/health",
        "/deployment/info",
    ]
    .repeat(25)
    {
        let asked = Instant::now();
        assert_eq!(server.get(path).status, 200, "{path}");
        in_time += usize::from(asked.elapsed() < Duration::from_millis(50));
    }
    // The machine may be busy with something else now and then.
    assert!(in_time >= 95, "{in_time} of 100 probes within 50 ms");
    assert_eq!(server.get("/health/detailed").json()["status"], "degraded");
}

#[test]
fn a_full_queue_is_answered_with_503_at_once_and_recovers() {
    let server = Instance::with(&[("BULK_WORKERS", "2"), ("BULK_QUEUE", "1")]);
    // One after the other: the queue has room for just one that no worker has taken yet.
    let mut occupied = Vec::new();
    for count in 1..=2 {
        occupied.push(occupy(&server));
        wait_until("a bulk worker busy", || {
            busy(&server, "bulk_workers_busy") == count
        });
    }
    let queued = occupy(&server);
    wait_until("three in flight", || busy(&server, "active_requests") == 3);

    // A filtered list needs a bulk worker too; nothing of its request is left to read.
    let mut client = server.connect();
    let refused = client.get("/pricing?provider=groq");
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("Retry-After").is_some());
    assert!(refused.json()["detail"].is_string());
    // A request whose body is still to come is refused too, and its connection closed.
    let mut large = occupy(&server);
    assert_eq!(large.receive().status, 503);
    assert!(large.is_closed());
    // What needs no bulk worker is served as if nothing were wrong.
    let small = r#"{"model_name":"gpt-4o","input_tokens":1,"output_tokens":1}"#;
    assert_eq!(client.post("/cost-estimate", small).status, 200);
    assert_eq!(busy(&server, "bulk_queue_refusals"), 2);

    drop(occupied.pop());
    drop(queued);
    wait_until("a bulk worker is free", || {
        busy(&server, "bulk_workers_busy") < 2
    });
    assert_eq!(
        client.get("/pricing?provider=groq").status,
        200,
        "it recovers"
    );
}

#[test]
fn a_burst_of_200_keep_alive_connections_is_answered_whole() {
    let server = Instance::start();
    let mut fastest = Duration::MAX;
    for round in 0..5 {
        let started = Instant::now();
        let mut clients: Vec<Client> = (0..200)
            .map(|_| {
                let mut client = server.connect();
                client.send("GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n");
                client
            })
            .collect();
        for client in &mut clients {
            assert_eq!(client.receive().status, 200, "round {round}");
        }
        fastest = fastest.min(started.elapsed());
        // Half of them stay, so that the next burst meets threads that have just fallen idle.
        clients.truncate(100);
    }
    // Every burst is answered whole; how fast is judged by the one nothing else disturbed.
    assert!(fastest < Duration::from_millis(500), "took {fastest:?}");
}

#[test]
fn a_reply_larger_than_a_socket_takes_holds_up_nobody_else() {
    let server = Instance::with(&[("WORKERS", "1"), ("BULK_WORKERS", "8")]);
    // Clients that ask for more megabytes than the kernel buffers, and read nothing.
    let slow: Vec<Client> = (0..2)
        .map(|_| {
            let mut client = server.connect();
            client.send("GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n".repeat(6));
            client
        })
        .collect();
    wait_until("they are being written to", || {
        busy(&server, "bulk_workers_busy") >= 4
    });
    let asked = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get("/health/live").status, 200);
    }
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    drop(slow);
    wait_until("their workers are free again", || {
        busy(&server, "bulk_workers_busy") == 0
    });
}
