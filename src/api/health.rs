//! `/health...`: probes for balancers and orchestrators, and the long form for people.

mod figures;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::deployment::Environment;
use super::telemetry::ms;
use crate::clock::{Timestamp, today};
use crate::deployment::Phase;
use crate::exchange::Reply;
use crate::vitals::read;
use figures::{Metrics, metrics};

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

/// Whether traffic is welcome.
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

/// Whether anything gets done.
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

/// Whether a balancer should send traffic.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeploymentReadiness")]
pub struct Ready {
    ready: bool,
    /// Why not; null when it should.
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

/// A part of the service, as it was found a moment ago.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServiceHealth")]
struct Part {
    /// `catalog`, `telemetry` or `worker_pool`.
    name: &'static str,
    status: Health,
    /// How long it took to look.
    response_time_ms: f64,
    last_checked: Timestamp,
    error_message: Option<String>,
}

/// Health at length.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HealthCheckResponse")]
pub struct Detailed<'a> {
    status: Health,
    version: &'static str,
    uptime_seconds: f64,
    environment: Environment<'a>,
    /// Looked at for this very reply.
    services: [Part; 3],
    metrics: Metrics,
    /// Whether the instance is leaving.
    graceful_shutdown: bool,
    /// `starting`, `ready`, `lame_duck`, `draining` or `stopped`.
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
