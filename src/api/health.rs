//! `/health...`: probes for balancers and orchestrators, and the long form for people.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::deployment::Environment;
use super::telemetry::ms;
use crate::clock::{Timestamp, today};
use crate::deployment::Phase;
use crate::exchange::Reply;
use crate::rate_limiter::RateLimiter;
use crate::telemetry::average;
use crate::vitals::{Refused, read};

/// v1's words for the state of a service or of one of its parts. Worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "DeploymentStatus")]
#[serde(rename_all = "snake_case")]
enum Health {
    Healthy,
    Degraded,
    Unhealthy,
    ShuttingDown,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub struct Simple {
    status: Health,
    service: &'static str,
    version: &'static str,
}

/// `GET /health`: 200 when traffic is welcome.
pub fn health(api: &Api) -> Reply {
    let (code, status) = match api.lifecycle.phase() {
        Phase::Starting => (503, Health::Unhealthy),
        Phase::Ready => (200, Health::Healthy),
        _ => (503, Health::ShuttingDown),
    };
    Reply::json(
        code,
        &Simple {
            status,
            service: "LLM Pricing MCP Server",
            version: crate::VERSION,
        },
    )
}

impl Api {
    /// Whether the process can get anything done.
    pub fn is_alive(&self) -> bool {
        let stuck = Duration::from_secs(read(&self.vitals.stuck_seconds) as u64);
        is_alive(stuck, self.watchdog)
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Liveness")]
pub struct Live {
    alive: bool,
    timestamp: Timestamp,
}

/// `GET /health/live`: 200 as long as the process can get anything done. A drain never makes it fail.
pub fn live(api: &Api) -> Reply {
    let alive = api.is_alive();
    Reply::json(
        if alive { 200 } else { 503 },
        &Live {
            alive,
            timestamp: SystemTime::now().into(),
        },
    )
}

/// `stuck`: for how long a lane of workers has had nobody free and got nothing done. A watchdog of
/// zero is none.
fn is_alive(stuck: Duration, watchdog: Duration) -> bool {
    watchdog.is_zero() || stuck < watchdog
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeploymentReadiness")]
pub struct Ready {
    ready: bool,
    reason: Option<&'static str>,
    checks: BTreeMap<&'static str, bool>,
    timestamp: Timestamp,
}

/// `GET /health/ready`: 200 when a balancer should send traffic here.
pub fn ready(api: &Api) -> Reply {
    let phase = api.lifecycle.phase();
    let reason = match phase {
        Phase::Starting => Some("starting"),
        Phase::Ready => None,
        _ => Some("Graceful shutdown in progress"),
    };
    let ready = reason.is_none();
    let checks = BTreeMap::from([
        ("catalog_loaded", api.shelf.take().is_some()),
        ("not_shutting_down", !phase.is_shutting_down()),
    ]);
    let code = if ready { 200 } else { 503 };
    Reply::json(
        code,
        &Ready {
            ready,
            reason,
            checks,
            timestamp: SystemTime::now().into(),
        },
    )
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServiceHealth")]
struct Part {
    name: &'static str,
    status: Health,
    response_time_ms: f64,
    last_checked: Timestamp,
    error_message: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Metrics {
    active_requests: usize,
    uptime_seconds: f64,
    requests_per_second: f64,
    avg_response_time_ms: f64,
    total_requests: u64,
    rejected_requests: usize,
    rate_limited_requests: usize,
    express_workers: usize,
    express_workers_busy: usize,
    bulk_workers: usize,
    bulk_workers_busy: usize,
    bulk_queue_refusals: usize,
    connections: usize,
    connections_kicked: usize,
    panics: usize,
    connections_max: usize,
    connections_evicted: usize,
    connections_refused: usize,
    idle_closed: usize,
    write_timeouts: usize,
    accept_failures: usize,
    accept_restarts: usize,
    pool_replacements: usize,
    stuck_seconds: usize,
    refused: RefusedCounts,
    #[serde(flatten)]
    catalog: CatalogMetrics,
}

/// Requests refused at the door, by reason.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RefusedRequests")]
struct RefusedCounts {
    bad_request: usize,
    head_timeout: usize,
    body_timeout: usize,
    body_too_large: usize,
    target_too_long: usize,
    expectation: usize,
    head_too_large: usize,
    transfer_coding: usize,
    http_version: usize,
}

/// Which prices are in use, and how they got here.
#[derive(Serialize, JsonSchema)]
struct CatalogMetrics {
    catalog_version: Option<String>,
    catalog_date: Option<String>,
    catalog_file: Option<PathBuf>,
    overrides_file: Option<PathBuf>,
    catalog_loaded_at: Option<Timestamp>,
    catalog_reloads: u64,
    catalog_failed_reloads: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthCheckResponse")]
pub struct Detailed<'a> {
    status: Health,
    version: &'static str,
    uptime_seconds: f64,
    environment: Environment<'a>,
    services: [Part; 3],
    metrics: Metrics,
    graceful_shutdown: bool,
    phase: &'static str,
    timestamp: Timestamp,
}

/// `GET /health/detailed`: every part looked at now, and figures.
pub fn detailed(api: &Api) -> Reply {
    let phase = api.lifecycle.phase();
    let services = [
        checked("catalog", || catalog(api)),
        checked("telemetry", || telemetry(api)),
        checked("worker_pool", || worker_pool(api)),
    ];
    let worst = services
        .iter()
        .map(|part| part.status)
        .max()
        .unwrap_or(Health::Healthy);
    let status = match phase {
        Phase::Starting => Health::Unhealthy,
        Phase::Ready => worst,
        _ => Health::ShuttingDown,
    };
    Reply::json(
        200,
        &Detailed {
            status,
            version: crate::VERSION,
            uptime_seconds: api.uptime_seconds(),
            environment: Environment::of(api),
            services,
            metrics: metrics(api),
            graceful_shutdown: phase.is_shutting_down(),
            phase: phase.as_str(),
            timestamp: SystemTime::now().into(),
        },
    )
}

fn checked(name: &'static str, check: impl FnOnce() -> (Health, Option<String>)) -> Part {
    let started = Instant::now();
    let (status, error_message) = check();
    Part {
        name,
        status,
        response_time_ms: ms(started.elapsed()),
        last_checked: SystemTime::now().into(),
        error_message,
    }
}

/// The catalogue is there, as its files are now and not too old, and finds its own first model.
fn catalog(api: &Api) -> (Health, Option<String>) {
    let Some(book) = api.shelf.take() else {
        return (
            Health::Unhealthy,
            Some("the catalogue is not loaded yet".into()),
        );
    };
    let finds = book.catalog.models().first().is_some_and(|first| {
        book.catalog
            .find(&first.id)
            .is_some_and(|found| found.id == first.id)
    });
    if !finds {
        return (
            Health::Unhealthy,
            Some("the catalogue does not find its own models".into()),
        );
    }
    if let Some(fault) = api.supply.record().fault {
        let text = format!("{fault}; the prices of before stay in use");
        return (Health::Degraded, Some(text));
    }
    let age = (today(SystemTime::now()) - book.catalog.header().date).whole_days();
    if age > api.catalog_age_days_max {
        let text = format!(
            "prices are {age} days old, more than CATALOG_MAX_AGE_DAYS={}",
            api.catalog_age_days_max
        );
        return (Health::Degraded, Some(text));
    }
    (Health::Healthy, None)
}

fn telemetry(api: &Api) -> (Health, Option<String>) {
    if api.telemetry.is_writable() {
        (Health::Healthy, None)
    } else {
        (
            Health::Degraded,
            Some("every telemetry lock is held".into()),
        )
    }
}

/// A worker is free in both lanes. This very request keeps one express worker busy, so with only
/// one there is nothing to be said about the others.
fn worker_pool(api: &Api) -> (Health, Option<String>) {
    let vitals = &api.vitals;
    let express = read(&vitals.express_workers);
    let express_full = express > 1 && read(&vitals.express_busy) >= express;
    let bulk_full = read(&vitals.bulk_busy) >= read(&vitals.bulk_workers);
    let text = match (express_full, bulk_full) {
        (false, false) => return (Health::Healthy, None),
        (true, false) => "all express workers are busy",
        (false, true) => "all bulk workers are busy",
        (true, true) => "all workers are busy",
    };
    (Health::Degraded, Some(text.into()))
}

fn metrics(api: &Api) -> Metrics {
    let total = api.telemetry.total();
    let calls: u64 = total.endpoints.iter().map(|endpoint| endpoint.calls).sum();
    let busy: Duration = total.endpoints.iter().map(|e| e.total_time).sum();
    let uptime_seconds = api.uptime_seconds();
    let shutdown = api.lifecycle.status(Instant::now());
    let vitals = &api.vitals;
    Metrics {
        active_requests: shutdown.active_requests,
        uptime_seconds,
        requests_per_second: if uptime_seconds > 0.0 {
            calls as f64 / uptime_seconds
        } else {
            0.0
        },
        avg_response_time_ms: ms(average(busy, calls)),
        total_requests: calls,
        rejected_requests: shutdown.refused_requests,
        rate_limited_requests: api.rate_limiter.as_ref().map_or(0, RateLimiter::refusals),
        express_workers: read(&vitals.express_workers),
        express_workers_busy: read(&vitals.express_busy),
        bulk_workers: read(&vitals.bulk_workers),
        bulk_workers_busy: read(&vitals.bulk_busy),
        bulk_queue_refusals: read(&vitals.bulk_refused),
        connections: read(&vitals.connections),
        connections_kicked: read(&vitals.connections_kicked),
        panics: read(&vitals.panics),
        connections_max: read(&vitals.connections_max),
        connections_evicted: read(&vitals.connections_evicted),
        connections_refused: read(&vitals.connections_refused),
        idle_closed: read(&vitals.idle_closed),
        write_timeouts: read(&vitals.write_timeouts),
        accept_failures: read(&vitals.accept_failures),
        accept_restarts: read(&vitals.accept_restarts),
        pool_replacements: read(&vitals.pool_replacements),
        stuck_seconds: read(&vitals.stuck_seconds),
        refused: refused(&vitals.refused),
        catalog: catalog_metrics(api),
    }
}

fn refused(counts: &Refused) -> RefusedCounts {
    RefusedCounts {
        bad_request: read(&counts.bad_request),
        head_timeout: read(&counts.head_timeout),
        body_timeout: read(&counts.body_timeout),
        body_too_large: read(&counts.body_too_large),
        target_too_long: read(&counts.target_too_long),
        expectation: read(&counts.expectation),
        head_too_large: read(&counts.head_too_large),
        transfer_coding: read(&counts.transfer_coding),
        http_version: read(&counts.http_version),
    }
}

fn catalog_metrics(api: &Api) -> CatalogMetrics {
    let book = api.shelf.take();
    let header = book.as_ref().map(|book| book.catalog.header());
    let record = api.supply.record();
    CatalogMetrics {
        catalog_version: header.map(|header| header.version.clone()),
        catalog_date: header.map(|header| header.date.to_string()),
        catalog_file: record.catalog_file,
        overrides_file: record.overrides_file,
        catalog_loaded_at: record.loaded_at.map(Timestamp::from),
        catalog_reloads: record.reloads,
        catalog_failed_reloads: record.failed_reloads,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_dead_when_it_gets_nothing_done_for_longer_than_allowed() {
        for (name, stuck, watchdog, expected) in [
            ("at work", 0, 60, true),
            ("almost", 59, 60, true),
            ("stuck", 60, 60, false),
            ("nobody watches", 3_600, 0, true),
        ] {
            let [stuck, watchdog] = [stuck, watchdog].map(Duration::from_secs);
            assert_eq!(is_alive(stuck, watchdog), expected, "{name}");
        }
    }
}
