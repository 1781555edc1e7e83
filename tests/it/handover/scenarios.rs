//! What can happen to a colour while its clients go on asking, each with the balancers it is about.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::balancer::Kind;
use super::stage::{BUSY, ENOUGH, MOSTLY_IDLE, SLOWEST_MAX, Stage, switches};
use crate::attacks::wire::{connect, read_reply};
use crate::harness::wait_until;

const LAME_DUCK: (&str, &str) = ("SHUTDOWN_DELAY_SECONDS", "2");

/// Told to stop, a colour serves on until everybody has noticed.
pub fn a_lame_duck_is_relieved(kind: Kind) {
    let mut stage = Stage::set(kind, &[LAME_DUCK], &[BUSY, MOSTLY_IDLE]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.retire("TERM");
    }
    let requests = stage.end("lame duck", "0", SLOWEST_MAX);
    assert!(
        kind != Kind::Tcp || switches() < 10 || requests >= 10_000,
        "{requests} requests are too few"
    );
}

/// Without a lame duck it refuses from one moment to the next.
pub fn a_colour_that_refuses_at_once_is_relieved(kind: Kind) {
    let mut stage = Stage::set(kind, &[], &[BUSY]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.retire("TERM");
    }
    stage.end("refuses at once", "0", SLOWEST_MAX);
}

/// The connections a balancer keeps for clients that are mostly idle end under its hands.
pub fn idle_connections_end_without_notice(kind: Kind) {
    let mut stage = Stage::set(kind, &[], &[MOSTLY_IDLE, MOSTLY_IDLE]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.retire("TERM");
    }
    stage.end("refuses at once, idle clients", "0", SLOWEST_MAX);
}

/// Nobody listens where the colour was, for longer than any check takes.
pub fn a_colour_stays_away(kind: Kind) {
    let mut stage = Stage::set(kind, &[LAME_DUCK], &[BUSY, MOSTLY_IDLE]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.retire("TERM");
        stage.wait_for_requests(5 * ENOUGH);
    }
    stage.end("lame duck, then nobody listens", "0", SLOWEST_MAX);
}

/// Killed with requests of 50 ms in work, which the other colour then has to do again.
pub fn a_colour_is_killed(kind: Kind) {
    let mut stage = Stage::set(kind, &[], &[BUSY]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.active().instance().signal("STOP");
        std::thread::sleep(Duration::from_millis(50));
        stage.retire("KILL");
    }
    stage.end("killed, 50-ms requests in flight", "killed", SLOWEST_MAX);
}

/// Requests take 1.5 s, and the order to stop comes in the middle of them. The checks fail meanwhile.
pub fn slow_requests_outlive_the_order_to_stop(kind: Kind) {
    let mut stage = Stage::set(kind, &[LAME_DUCK], &[BUSY]);
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.active().instance().signal("STOP");
        std::thread::sleep(Duration::from_millis(750));
        stage.active().instance().signal("TERM");
        std::thread::sleep(Duration::from_millis(750));
        stage.active().instance().signal("CONT");
        stage.wait_for_the_end();
        stage.wait_for_requests(ENOUGH);
    }
    let slowest_max = Duration::from_millis(1_500) + SLOWEST_MAX;
    stage.end("1.5-s requests across the stop", "0", slowest_max);
}

/// The new colour gets everybody's connections at the same moment.
pub fn a_burst_comes_right_after_a_switch(kind: Kind) {
    let mut stage = Stage::set(kind, &[LAME_DUCK], &[BUSY]);
    let mut slowest = Duration::ZERO;
    for _ in 0..switches() {
        stage.start_other();
        stage.wait_for_other();
        stage.active().instance().signal("TERM");
        stage.wait_for_the_end();
        slowest = slowest.max(burst(stage.balancer.address));
        stage.wait_for_requests(ENOUGH);
    }
    println!("the slowest of 200 at a time: {} ms", slowest.as_millis());
    stage.end("200 connections after the switch", "0", SLOWEST_MAX);
    assert!(slowest < SLOWEST_MAX, "{slowest:?}");
}

/// How long the last of 200 new connections waits for its answer.
fn burst(address: SocketAddr) -> Duration {
    let started = Instant::now();
    let mut streams: Vec<TcpStream> = (0..200)
        .map(|_| connect(address).expect("a connection"))
        .collect();
    for stream in &mut streams {
        let request = b"GET /models/gpt-4o HTTP/1.1\r\nHost: test\r\n\r\n";
        stream.write_all(request).expect("a request is taken");
    }
    for stream in &mut streams {
        let reply = read_reply(stream).expect("an answer");
        assert_eq!(reply.status, 200, "{}", reply.head);
    }
    started.elapsed()
}

/// HAProxy is told who is to work, and the other is killed as soon as nothing of it is awaited.
pub fn a_colour_is_drained_by_order_and_killed() {
    let mut stage = Stage::set(Kind::HaProxy, &[], &[BUSY, MOSTLY_IDLE]);
    for _ in 0..switches() {
        stage.start_other();
        let (old, new) = (stage.active().name, stage.other().name);
        let order = |colour: &str, state: &str| {
            let command = format!("set server be/{colour} state {state}");
            assert_eq!(stage.balancer.admin(&command).trim(), "", "{command}");
        };
        order(new, "ready");
        stage.wait_for_other();
        order(old, "drain");
        wait_until("nothing awaited of the old colour", || {
            sessions(&stage.balancer.admin("show stat"), old) == 0
        });
        stage.retire("KILL");
    }
    stage.end("drained by order, then killed", "killed", SLOWEST_MAX);
}

/// The requests HAProxy has given to a colour and waits for.
fn sessions(statistics: &str, colour: &str) -> usize {
    let mut lines = statistics.lines();
    let names = lines.next().expect("a line of names").split(',');
    let column = names.into_iter().position(|name| name == "scur");
    let row = lines.find(|line| line.starts_with(&format!("be,{colour},")));
    let field = row.and_then(|row| row.split(',').nth(column?));
    field.and_then(|field| field.parse().ok()).expect("a count")
}

/// nginx is told by a file who is to work; the other goes with notice and without.
pub fn a_file_says_who_works(settings: &[(&'static str, &str)], scenario: &str) {
    let mut stage = Stage::set(Kind::NginxByFile, settings, &[BUSY, MOSTLY_IDLE]);
    for _ in 0..switches() {
        stage.start_other();
        stage.balancer.switch_file(stage.other().name);
        stage.wait_for_other();
        stage.retire("TERM");
    }
    stage.end(scenario, "0", SLOWEST_MAX);
}

pub fn a_file_says_who_works_and_the_other_is_a_lame_duck() {
    a_file_says_who_works(&[LAME_DUCK], "by file, lame duck");
}

pub fn a_file_says_who_works_and_the_other_refuses_at_once() {
    a_file_says_who_works(&[], "by file, refuses at once");
}
