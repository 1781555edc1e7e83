//! Replaced where it is, without a balancer: by another process on the same socket, and by another program
//! in the same process.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::balancer::{free_port, own_host};
use super::load::Load;
use super::stage::{
    BUSY, ENOUGH, MOSTLY_IDLE, SLOW, SLOWEST_MAX, assert_nobody_failed, described, report, switches,
};
use crate::activation::activated;
use crate::harness::{Instance, binary, wait_until};

/// Nobody serves from the end of the one to the start of the other, so clients wait that long.
const RESTART_MAX: Duration = Duration::from_secs(2);

fn load(address: SocketAddr) -> Load {
    Load::start(address, &[BUSY, MOSTLY_IDLE], SLOW)
}

#[track_caller]
fn wait_for_requests(load: &Load) {
    let before = load.so_far().requests();
    wait_until("more requests", || {
        load.so_far().requests() >= before + ENOUGH
    });
}

#[test]
fn a_restart_on_a_socket_that_stays_open_fails_nobody() {
    let listener = TcpListener::bind((own_host(), 0)).expect("loopback has free ports");
    let mut instance = Instance::run(activated(&listener, ""));
    let load = load(listener.local_addr().unwrap());
    let mut exits = Vec::new();
    for _ in 0..switches() {
        wait_for_requests(&load);
        instance.signal("TERM");
        exits.push(described(instance.wait_for_exit()));
        instance = Instance::run(activated(&listener, ""));
    }
    wait_for_requests(&load);
    let tally = load.end();
    report(
        "restarted on its socket",
        "none",
        exits.len(),
        &tally,
        &exits,
    );
    assert_eq!(exits, vec!["0"; exits.len()]);
    assert_nobody_failed(&tally, RESTART_MAX);
}

#[test]
fn a_renewal_under_load_fails_nobody_and_keeps_the_process() {
    let address = free_port(own_host());
    let settings = [
        ("SERVER_HOST", address.ip().to_string()),
        ("SERVER_PORT", address.port().to_string()),
    ];
    let mut command = binary();
    command.envs(settings.iter().cloned());
    let mut instance = Instance::run(command);
    let load = load(address);
    for number in 1..=switches() {
        wait_for_requests(&load);
        let mut order = binary();
        let order = order.arg("renew").envs(settings.iter().cloned());
        let output = order.output().expect("the command runs");
        assert!(output.status.success(), "{output:?}");
        let status = instance.get("/deployment/renew/status").json();
        assert_eq!(status["renewals"], number, "{status}");
    }
    wait_for_requests(&load);
    let tally = load.end();
    // Only the process that was started can be told to go by its number.
    instance.signal("TERM");
    let exits = [described(instance.wait_for_exit())];
    report("renewed", "none", switches(), &tally, &exits);
    assert_eq!(exits, ["0"]);
    assert_nobody_failed(&tally, SLOWEST_MAX);
}
