//! What the balancers keep from the service: whoever attacks one of them never gets as far as a limit of
//! the service's own.

use std::sync::PoisonError;
use std::time::Duration;

use super::balancer::Kind;
use super::stage::Stage;
use crate::attacks::watch::Watch;
use crate::attacks::wire::{raise_descriptor_limit, volley};
use crate::attacks::{Confinement, FAMILIES, Plan};
use crate::framing;
use crate::harness::Instance;
use crate::hostile::ONE_AT_A_TIME;

/// How long attackers keep up what takes time.
const HOLD: Duration = Duration::from_millis(1_500);

/// Work of the service's that a balancer is there to spare it.
const SPARED: [&str; 9] = [
    "accept_failures",
    "accept_restarts",
    "bulk_queue_refusals",
    "connections_evicted",
    "connections_refused",
    "idle_closed",
    "panics",
    "pool_replacements",
    "write_timeouts",
];

/// What one instance had to do that it should not have had to.
fn had_to(server: &Instance) -> Vec<String> {
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    let refused = metrics["refused"].as_object().expect("counts by reason");
    let spared = SPARED.map(|name| (name, &metrics[name]));
    let refused = refused.iter().map(|(name, count)| (name.as_str(), count));
    let counts = spared.into_iter().chain(refused);
    counts
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(name, count)| format!("{name}: {count}"))
        .collect()
}

fn all_had_to(stage: &Stage) -> Vec<String> {
    [stage.active(), stage.other()]
        .map(|colour| had_to(colour.instance()))
        .concat()
}

/// Limits so short that an attacker would meet them.
const SHORT: [(&str, &str); 4] = [
    ("HEAD_TIMEOUT_SECONDS", "1"),
    ("BODY_TIMEOUT_SECONDS", "1"),
    ("WRITE_TIMEOUT_SECONDS", "1"),
    ("IDLE_TIMEOUT_SECONDS", "10"),
];

fn two_colours(kind: Kind) -> Stage {
    let mut stage = Stage::set(kind, &SHORT, &[]);
    stage.start_other();
    stage
}

/// Every family there is that needs no special machine.
pub fn no_attack_gets_through(kind: Kind) {
    let _quiet = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    raise_descriptor_limit();
    let stage = two_colours(kind);
    let plan = Plan {
        address: stage.balancer.address,
        hold: HOLD,
        seed: u64::from(std::process::id()),
    };
    println!("seed {}", plan.seed);
    let families = FAMILIES.iter();
    for family in families.filter(|family| family.confinement == Confinement::None) {
        let watch = Watch::start(plan.address, stage.balancer.pid(), "/health/live");
        let ends = (family.attack)(&plan);
        let seen = watch.end();
        let name = family.name;
        println!("{name}: {ends}; slowest probe {:?}", seen.worst);
        assert_eq!(
            seen.failures.len(),
            0,
            "{name}: {:?}; {ends}",
            seen.failures
        );
        let percent = seen.availability_percent();
        assert!(
            percent >= 99.0,
            "{name}: {percent} %, {:?}; {ends}",
            seen.worst
        );
        let had_to = all_had_to(&stage);
        assert!(had_to.is_empty(), "{name}: {had_to:?}");
    }
}

pub fn no_request_that_can_be_misread_gets_through(kind: Kind) {
    let stage = two_colours(kind);
    let (names, requests): (Vec<_>, Vec<_>) = framing::requests().unzip();
    let ends = volley(stage.balancer.address, &requests, requests.len());
    let had_to = all_had_to(&stage);
    if had_to.is_empty() {
        return;
    }
    // Once more, one by one, to say which.
    let mut before = had_to;
    for (name, request) in names.iter().zip(requests) {
        volley(stage.balancer.address, &[request], 1);
        let now = all_had_to(&stage);
        if now != before {
            println!("{name}: {before:?}, then {now:?}");
        }
        before = now;
    }
    panic!("{before:?}; {ends}");
}
