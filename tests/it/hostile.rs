//! Clients that want to bring the server down, and everybody else, who must not notice.
//!
//! In every one of these tests a prober asks on new connections whether the process is alive, and a
//! good client sends estimates, before, during and after the attack.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::attacks::watch::{Figures, Watch};
use crate::attacks::wire::{End, Ends, raise_descriptor_limit};
use crate::attacks::{FAMILIES, Family, Plan};
use crate::confinement::{Cage, confine};
use crate::harness::{Instance, binary, wait_until};

/// One after the other: each of them is about what a machine that is not busy otherwise notices.
pub static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How long attackers keep up what takes time.
const HOLD: Duration = Duration::from_millis(2_500);
/// How soon after an attack everything is as before.
const RECOVERY: Duration = Duration::from_secs(3);
const AVAILABILITY_PERCENT_MIN: f64 = 99.0;
const RSS_MIB_MAX: f64 = 200.0;
/// Memory that the allocator keeps for the next time. It does not add up: see the test of all at
/// once.
const RSS_MIB_SLACK: f64 = 48.0;
/// Connections of those who watch, and some that they have just closed, of three descriptors each.
const SLACK: usize = 16;
/// Connections beyond the limit whose threads have not noticed yet that they were ended.
const LEAVING_MAX: usize = 64;
/// tiny_http keeps a thread for the next connection for five seconds; then it goes.
const THREAD_KEPT: Duration = Duration::from_secs(5);
/// With traffic going on, so many idle threads are not worth another pool.
const IDLE_THREADS_MAX: usize = 64;
/// How long to watch at least.
const WATCH_MIN: Duration = Duration::from_secs(3);

/// Limits short enough for a test to meet them.
const SHORT: &[(&str, &str)] = &[
    ("HEAD_TIMEOUT_SECONDS", "1"),
    ("BODY_TIMEOUT_SECONDS", "1"),
    ("WRITE_TIMEOUT_SECONDS", "1"),
];

/// A server that was attacked and is as well as before.
struct Survivor {
    server: Instance,
    ends: Ends,
    metrics: Value,
    /// Goes after the server.
    _cage: Cage,
    _quiet: MutexGuard<'static, ()>,
}

/// Attacks a server with the family of this name, and claims what holds for all of them.
#[track_caller]
fn survive(name: &str, settings: &[(&str, &str)]) -> Survivor {
    let quiet = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    raise_descriptor_limit();
    let family = family(name);
    let mut command = binary();
    command
        .envs([("SERVER_HOST", "127.0.0.1"), ("SERVER_PORT", "0")])
        .envs(settings.iter().copied());
    let cage = confine(&mut command, family.confinement).expect("a server can be confined");
    let server = Instance::run(command);
    let (ends, _) = attack(&server, family);
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    assert_eq!(metrics["panics"], 0, "{metrics}");
    Survivor {
        server,
        ends,
        metrics,
        _cage: cage,
        _quiet: quiet,
    }
}

fn family(name: &str) -> &'static Family {
    let family = FAMILIES.iter().find(|family| family.name == name);
    family.expect("a family of that name")
}

/// One attack under watch: what became of the attacker's connections, and what is left of it when
/// the time for recovery is over.
#[track_caller]
fn attack(server: &Instance, family: &Family) -> (Ends, Figures) {
    let watch = || Watch::start(server.address, server.pid(), "/health/live");
    let figures = || Figures::of(server.pid()).expect("the process lives");
    // What is made at the first request of its kind is there before the figures are taken.
    watch().end();
    let before = figures();
    let started = Instant::now();
    let watch = watch();
    let plan = Plan {
        address: server.address,
        hold: HOLD,
        seed: u64::from(server.pid()),
    };
    println!("seed {}", plan.seed);
    let ends = (family.attack)(&plan);
    let ended = Instant::now();
    wait_until("everything as it was before", || {
        let now = figures();
        let is_back = now.descriptors <= before.descriptors + SLACK
            && now.rss_mib <= before.rss_mib + RSS_MIB_SLACK;
        assert!(
            is_back || ended.elapsed() < RECOVERY,
            "before {before:?}, now {now:?}; {ends}"
        );
        is_back
    });
    wait_until("enough probes for a percentage", || {
        started.elapsed() > WATCH_MIN
    });
    let seen = watch.end();

    assert!(
        seen.availability_percent() >= AVAILABILITY_PERCENT_MIN,
        "{} of {} probes answered, the worst after {:?}; {ends}",
        seen.answered,
        seen.probes,
        seen.worst
    );
    let failures = seen.failures.len();
    assert_eq!(
        failures, 0,
        "of {}: {:?}; {ends}",
        seen.good_requests, seen.failures
    );
    assert!(seen.good_requests >= 100, "{}", seen.good_requests);
    assert!(
        seen.rss_mib_max < RSS_MIB_MAX,
        "{} MiB; {ends}",
        seen.rss_mib_max
    );
    let threads_max = before.threads + connections_max(server) + LEAVING_MAX;
    assert!(
        seen.threads_max <= threads_max,
        "{} threads",
        seen.threads_max
    );
    (ends, figures())
}

fn connections_max(server: &Instance) -> usize {
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    let count = metrics["connections_max"].as_u64().expect("a count");
    usize::try_from(count).unwrap()
}

impl Survivor {
    /// How many of the attacker's connections ended in this way.
    fn count(&self, end: End) -> usize {
        self.ends.0.get(&end).copied().unwrap_or(0)
    }

    #[track_caller]
    fn counted(&self, metric: &str, at_least: u64) {
        let count = metric.split('.').fold(&self.metrics, |at, part| &at[part]);
        assert!(
            count.as_u64().is_some_and(|count| count >= at_least),
            "{metric} is {count}, not {at_least} or more; {}; {}",
            self.ends,
            self.metrics
        );
    }
}

#[test]
fn lengths_beyond_all_memory_are_refused_five_hundred_times() {
    let survivor = survive("huge lengths", &[]);
    assert_eq!(survivor.count(End::Answered(413)), 500, "{}", survivor.ends);
    survivor.counted("refused.body_too_large", 500);
}

#[test]
fn lengths_that_contradict_each_other_are_refused_every_time() {
    let survivor = survive("contradictory lengths", &[]);
    let refused = [400, 413, 501].map(|status| survivor.count(End::Answered(status)));
    assert_eq!(refused.iter().sum::<usize>(), 500, "{}", survivor.ends);
    survivor.counted("refused.bad_request", 300);
    survivor.counted("refused.transfer_coding", 20);
}

#[test]
fn other_versions_of_http_leave_no_thread_behind() {
    let survivor = survive("other versions", &[]);
    assert_eq!(
        survivor.count(End::Answered(505)),
        1_000,
        "{}",
        survivor.ends
    );
    survivor.counted("refused.http_version", 1_000);
}

#[test]
fn a_header_line_without_end_is_cut_short() {
    let survivor = survive("endless header line", &[]);
    assert_eq!(survivor.count(End::Silence), 0, "{}", survivor.ends);
    survivor.counted("refused.head_too_large", 20);
}

#[test]
fn headers_without_end_are_cut_short() {
    let survivor = survive("endless headers", &[]);
    assert_eq!(survivor.count(End::Silence), 0, "{}", survivor.ends);
    survivor.counted("refused.head_too_large", 20);
}

#[test]
fn slow_heads_are_waited_for_and_not_for_ever() {
    let survivor = survive("slow heads", SHORT);
    assert_eq!(survivor.count(End::Answered(408)), 300, "{}", survivor.ends);
    survivor.counted("refused.head_timeout", 300);
}

#[test]
fn slow_heads_that_are_still_in_time_hold_up_nobody() {
    let survivor = survive("slow heads", &[]);
    assert_eq!(survivor.count(End::Silence), 300, "{}", survivor.ends);
}

#[test]
fn slow_bodies_are_waited_for_and_not_for_ever() {
    let survivor = survive("slow bodies", SHORT);
    assert_eq!(survivor.count(End::Answered(408)), 64, "{}", survivor.ends);
    survivor.counted("refused.body_timeout", 64);
}

#[test]
fn slow_bodies_that_are_still_in_time_hold_up_nobody() {
    let survivor = survive("slow bodies", &[]);
    assert_eq!(survivor.count(End::Silence), 64, "{}", survivor.ends);
}

#[test]
fn slow_readers_are_hung_up_on() {
    let survivor = survive("slow readers", SHORT);
    survivor.counted("write_timeouts", 64);
}

#[test]
fn slow_readers_that_are_still_in_time_hold_up_nobody() {
    let survivor = survive("slow readers", &[]);
    assert_eq!(survivor.count(End::Silence), 64, "{}", survivor.ends);
}

#[test]
fn two_hundred_thousand_pipelined_requests_wait_where_they_are() {
    let survivor = survive("one long pipeline", SHORT);
    survivor.counted("write_timeouts", 1);
}

#[test]
fn twenty_clients_that_pipeline_and_never_read_hold_up_nobody() {
    // The kernel may have room for all their replies.
    let survivor = survive("twenty pipelines", SHORT);
    let left = [End::Silence, End::Closed].map(|end| survivor.count(end));
    assert_eq!(left.iter().sum::<usize>(), 20, "{}", survivor.ends);
}

#[test]
fn of_1200_idle_connections_the_longest_idle_make_room() {
    let survivor = survive("idle connections", &[]);
    survivor.counted("connections_evicted", 200);
    assert_eq!(survivor.metrics["connections_max"], 1_000);
}

#[test]
fn idle_connections_are_closed_in_time() {
    let survivor = survive("idle connections", &[("IDLE_TIMEOUT_SECONDS", "1")]);
    survivor.counted("idle_closed", 800);
    assert_eq!(survivor.count(End::Closed), 1_200, "{}", survivor.ends);
}

#[test]
fn with_256_descriptors_1200_idle_connections_get_those_there_are() {
    let survivor = survive("idle, 256 descriptors", &[]);
    survivor.counted("connections_evicted", 900);
}

#[test]
fn with_64_threads_1200_idle_connections_get_those_there_are() {
    let survivor = survive("idle, 64 threads", &[]);
    survivor.counted("connections_evicted", 900);
    let cap = survivor.metrics["connections_max"].as_u64().unwrap();
    assert!(cap < 64, "{cap} connections, of which each needs a thread");
}

#[test]
fn connections_may_be_reset_at_any_moment() {
    let survivor = survive("resets", &[]);
    assert_eq!(survivor.count(End::Left), 600, "{}", survivor.ends);
    let in_flight = || survivor.server.get("/deployment/shutdown/status").json();
    wait_until("nothing in flight", || in_flight()["active_requests"] == 0);
}

#[test]
fn json_that_is_none_is_always_the_clients_fault() {
    let survivor = survive("malformed JSON", &[]);
    let others: Vec<&End> = survivor.ends.0.keys().filter(|end| !is_4xx(end)).collect();
    assert!(others.is_empty(), "{}", survivor.ends);
}

#[test]
fn methods_that_are_not_served_are_always_the_clients_fault() {
    let survivor = survive("wrong methods", &[]);
    // OPTIONS may be served one day; nothing else that was asked for can be.
    let others: Vec<&End> = survivor.ends.0.keys().filter(|end| !is_4xx(end)).collect();
    assert!(others.is_empty(), "{}", survivor.ends);
}

#[test]
fn noise_and_tls_are_refused() {
    let survivor = survive("TLS and noise", SHORT);
    let others: Vec<&End> = survivor.ends.0.keys().filter(|end| !is_4xx(end)).collect();
    assert!(others.is_empty(), "{}", survivor.ends);
}

#[test]
fn requests_gone_wrong_are_never_the_servers_fault() {
    let survivor = survive("requests gone wrong", SHORT);
    for end in survivor.ends.0.keys() {
        let fine = matches!(end, End::Answered(200 | 501 | 505)) || is_4xx(end);
        assert!(fine, "{}", survivor.ends);
    }
}

#[test]
fn everything_at_once_is_survived_and_a_second_time_costs_no_more_memory() {
    let survivor = survive("a mix", SHORT);
    survivor.counted("refused.head_timeout", 60);
    survivor.counted("refused.body_timeout", 24);
    survivor.counted("refused.bad_request", 10);
    let first = Figures::of(survivor.server.pid()).expect("the process lives");
    let (_, again) = attack(&survivor.server, family("a mix"));
    // How many threads are left at that moment is chance; each has touched up to 64 KiB of its stack.
    let threads_more = again.threads.saturating_sub(first.threads) as f64;
    assert!(
        again.rss_mib <= first.rss_mib + 16.0 + threads_more / 16.0,
        "first {first:?}, then {again:?}"
    );
}

fn is_4xx(end: &End) -> bool {
    matches!(end, End::Answered(400..=499))
}

#[test]
fn no_thread_stays_when_the_connections_are_gone() {
    let _quiet = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Instance::start();
    let figures = || Figures::of(server.pid()).expect("the process lives");
    let before = figures();
    for name in [
        "huge lengths",
        "contradictory lengths",
        "other versions",
        "slow heads",
        "slow bodies",
        "slow readers",
        "resets",
        "TLS and noise",
    ] {
        (family(name).attack)(&Plan {
            address: server.address,
            hold: Duration::from_millis(300),
            seed: 1,
        });
    }
    let peak = figures();
    assert!(
        peak.threads > before.threads + 100,
        "{before:?}, then {peak:?}"
    );
    let ended = Instant::now();
    wait_until("all threads gone", || {
        let now = figures();
        let is_back = now.threads <= before.threads + 1;
        let is_late = ended.elapsed() > RECOVERY + THREAD_KEPT;
        assert!(is_back || !is_late, "before {before:?}, now {now:?}");
        is_back
    });
}

#[test]
fn threads_leave_while_new_connections_keep_coming_and_no_request_fails() {
    let _quiet = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Instance::start();
    let figures = || Figures::of(server.pid()).expect("the process lives");
    let before = figures();
    // Enough of them to give each idle thread something to do within five seconds.
    let mut watch = Watch::start(server.address, server.pid(), "/health/live");
    let close = "GET /pricing?provider=openai HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    for _ in 0..3 {
        watch.add_client(vec![close.to_owned()]);
    }
    (family("slow heads").attack)(&Plan {
        address: server.address,
        hold: Duration::from_millis(300),
        seed: 1,
    });
    let peak = figures();
    assert!(
        peak.threads > before.threads + 200,
        "{before:?}, then {peak:?}"
    );
    let ended = Instant::now();
    wait_until("the threads of the attack gone", || {
        let now = figures();
        let is_back = now.threads <= before.threads + IDLE_THREADS_MAX + SLACK;
        let is_late = ended.elapsed() > RECOVERY + THREAD_KEPT;
        assert!(is_back || !is_late, "before {before:?}, now {now:?}");
        is_back
    });
    let seen = watch.end();
    assert!(seen.failures.is_empty(), "{:#?}", seen.failures);
    assert_eq!(seen.answered, seen.probes);
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    assert!(
        metrics["pool_replacements"].as_u64() >= Some(1),
        "{metrics}"
    );
    assert_eq!(metrics["panics"], 0, "{metrics}");
}
