//! More than the pool can do: what is refused, and that probes are answered all the same.

use std::time::{Duration, Instant};

use llm_pricing::vitals::read;

use crate::gated::Gated;
use crate::harness::{Client, Instance, wait_until};

#[test]
fn probes_are_answered_at_once_with_every_bulk_worker_busy() {
    let gated = Gated::start(|limits| {
        limits.express_workers = 2;
        limits.bulk_workers = 4;
        limits.bulk_queue = 4;
    });
    let mut waiting: Vec<Client> = (0..4).map(|_| gated.ask("/bulk/held")).collect();
    wait_until("all bulk workers busy", || {
        read(&gated.vitals.bulk_busy) == 4
    });
    waiting.extend((0..4).map(|_| gated.ask("/bulk/held")));
    wait_until("the queue full", || gated.lifecycle.in_flight() == 8);
    let mut in_time = 0;
    for path in ["/probe", "/light"].repeat(50) {
        let asked = Instant::now();
        assert_eq!(gated.connect().get(path).status, 200, "{path}");
        in_time += usize::from(asked.elapsed() < Duration::from_millis(50));
    }
    // The machine may be busy with something else now and then.
    assert!(in_time >= 95, "{in_time} of 100 requests within 50 ms");
    gated.open();
    for mut client in waiting {
        assert_eq!(client.receive().status, 200, "none of them is lost");
    }
}

#[test]
fn a_full_queue_is_answered_with_503_at_once_and_recovers() {
    let gated = Gated::start(|limits| {
        limits.bulk_workers = 2;
        limits.bulk_queue = 1;
    });
    // One after the other: the queue has room for just one that no worker has taken yet.
    let mut waiting = Vec::new();
    for count in 1..=2 {
        waiting.push(gated.ask("/bulk/held"));
        wait_until("a bulk worker busy", || {
            read(&gated.vitals.bulk_busy) == count
        });
    }
    waiting.push(gated.ask("/bulk/held"));
    wait_until("three in flight", || gated.lifecycle.in_flight() == 3);

    let mut client = gated.connect();
    for refusals in 1..=2 {
        // A long body needs a bulk worker too. The connection goes on: all of it was received.
        let refused = match refusals {
            1 => client.get("/bulk"),
            _ => client.post("/light", vec![b' '; 5_000]),
        };
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.header("Retry-After").is_some());
        assert!(refused.json()["detail"].is_string());
        assert_eq!(read(&gated.vitals.bulk_refused), refusals);
    }
    // What needs no bulk worker is served as if nothing were wrong.
    assert_eq!(client.post("/light", "{}").status, 200);

    gated.open();
    for mut client in waiting {
        assert_eq!(client.receive().status, 200);
    }
    assert_eq!(client.get("/bulk").status, 200, "it recovers");
}

#[test]
fn a_lane_in_which_nothing_gets_done_is_noticed_and_forgotten_when_it_goes_on() {
    let gated = Gated::start(|limits| limits.bulk_workers = 2);
    let stuck = || read(&gated.vitals.stuck_seconds);
    let one = gated.ask("/bulk/held");
    wait_until("a bulk worker busy", || read(&gated.vitals.bulk_busy) == 1);
    // Long enough for the warden to look, many times: one is still free.
    for _ in 0..3 {
        assert_eq!(gated.connect().get("/bulk").status, 200);
        assert_eq!(stuck(), 0);
    }
    let other = gated.ask("/bulk/held");
    wait_until("it is noticed", || stuck() >= 1);
    gated.open();
    for mut client in [one, other] {
        assert_eq!(client.receive().status, 200);
    }
    wait_until("it is forgotten", || stuck() == 0);
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
    let server = Instance::with(&[("WORKERS", "1"), ("BULK_WORKERS", "1"), ("BULK_QUEUE", "8")]);
    // Clients that ask for more megabytes than the kernel buffers, and read nothing.
    let slow: Vec<Client> = (0..8)
        .map(|_| {
            let mut client = server.connect();
            client.send("GET /pricing HTTP/1.1\r\nHost: test\r\n\r\n".repeat(6));
            client
        })
        .collect();
    let metric = |name: &str| server.get("/health/detailed").json()["metrics"][name].clone();
    wait_until(
        "their first replies are under way, and no worker waits",
        || metric("active_requests") == 8 && metric("bulk_workers_busy") == 0,
    );
    let asked = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get("/health/live").status, 200);
    }
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    let whole = server.get("/pricing");
    assert_eq!(whole.status, 200);
    assert!(whole.body.len() > 1_000_000, "{}", whole.body.len());
    drop(slow);
    wait_until("they are forgotten", || metric("active_requests") == 0);
}
