//! Which figures there are. Labels take their values from fixed tables or from the catalogue, never
//! from a request, so that their number is bounded.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Unit;
use time::OffsetDateTime;

use super::families::{Families, Label, Value};
use crate::access_log::AccessLog;
use crate::api::Api;
use crate::clock::Timestamp;
use crate::deployment::Phase;
use crate::exchange::Method;
use crate::rate_limiter::RateLimiter;
use crate::router::ROUTES;
use crate::telemetry::{EndpointTally, Feature, Tally};
use crate::vitals::read;

pub fn collect(api: &Api, families: &mut Families) {
    identity(api, families);
    let tally = api.telemetry.total();
    requests(&tally, families);
    deployment(api, families);
    refusals(api, families);
    machinery(api, families);
    catalog(api, families);
    usage(&tally, families);
}

fn identity(api: &Api, families: &mut Families) {
    let identity = &api.identity;
    let own = [
        ("version", Some(crate::VERSION)),
        ("commit", Some(crate::COMMIT)),
        ("environment", Some(&*identity.environment)),
        ("deployment_group", identity.deployment_group.as_deref()),
        ("instance_id", identity.instance_id.as_deref()),
        ("region", identity.region.as_deref()),
        ("availability_zone", identity.availability_zone.as_deref()),
    ];
    families.family("llm_pricing_build", "Which program this is, and whose");
    let known = own
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.into())));
    families.sample(known, Value::Info);
    families.family_in(
        Unit::Seconds,
        "process_start_time",
        "When this program started, as Unix time; a renewal is a start",
    );
    families.sample([], Value::Gauge(unix_seconds(api.started_at)));
    families.counter(
        "llm_pricing_renewals",
        "How often the process has replaced its program",
        api.renewals as f64,
    );
}

fn requests(tally: &Tally, families: &mut Families) {
    let called = || {
        let rows = ROUTES.iter().zip(&tally.endpoints);
        rows.filter(|(_, endpoint)| endpoint.calls > 0)
    };
    families.family(
        "llm_pricing_http_requests",
        "Requests answered, by route; those refused in a drain are among them",
    );
    for (route, endpoint) in called() {
        for (method, classes) in Method::ALL.into_iter().zip(endpoint.replies) {
            for (class, count) in (1..).zip(classes).filter(|(_, count)| *count > 0) {
                let labels: [Label; 3] = [
                    ("route", route.path.into()),
                    ("method", method.as_str().into()),
                    ("class", format!("{class}xx").into()),
                ];
                families.sample(labels, Value::Counter(count as f64));
            }
        }
    }
    families.family_in(
        Unit::Seconds,
        "llm_pricing_http_request_duration",
        "From a request taken to its reply ready to be sent, by route",
    );
    for (route, endpoint) in called() {
        families.sample([("route", route.path.into())], histogram(endpoint));
    }
}

fn histogram(endpoint: &EndpointTally) -> Value {
    Value::Histogram {
        sum: endpoint.total_time.as_secs_f64(),
        buckets: endpoint.latencies.buckets().collect(),
    }
}

fn deployment(api: &Api, families: &mut Families) {
    let now = Instant::now();
    let status = api.lifecycle.status(now);
    families.gauge(
        "llm_pricing_http_requests_in_flight",
        "Business requests being answered",
        status.active_requests as f64,
    );
    families.family("llm_pricing_phase", "1 for the phase the instance is in");
    for phase in Phase::ALL {
        let is_now = f64::from(phase == status.phase);
        families.sample([("phase", phase.as_str().into())], Value::Gauge(is_now));
    }
    families.family_in(
        Unit::Seconds,
        "llm_pricing_drain_remaining",
        "How long the drain may still take; only while the instance leaves",
    );
    if let Some(remaining) = status.remaining {
        families.sample([], Value::Gauge(remaining.as_secs_f64()));
    }
    families.family_in(
        Unit::Seconds,
        "llm_pricing_drain_timeout",
        "How long a drain may take",
    );
    families.sample([], Value::Gauge(status.drain_timeout.as_secs_f64()));
}

fn refusals(api: &Api, families: &mut Families) {
    let vitals = &api.vitals;
    let door = &vitals.refused;
    let limited = api.rate_limiter.as_ref().map_or(0, RateLimiter::refusals);
    families.family(
        "llm_pricing_refusals",
        "Requests refused without looking what they were about, by reason",
    );
    for (reason, count) in [
        (
            "shutting_down",
            api.lifecycle.status(Instant::now()).refused_requests,
        ),
        ("rate_limit", limited),
        ("bulk_queue_full", read(&vitals.bulk_refused)),
        ("bad_request", read(&door.bad_request)),
        ("head_timeout", read(&door.head_timeout)),
        ("body_timeout", read(&door.body_timeout)),
        ("body_too_large", read(&door.body_too_large)),
        ("target_too_long", read(&door.target_too_long)),
        ("expectation", read(&door.expectation)),
        ("head_too_large", read(&door.head_too_large)),
        ("transfer_coding", read(&door.transfer_coding)),
        ("http_version", read(&door.http_version)),
    ] {
        families.sample([("reason", reason.into())], Value::Counter(count as f64));
    }
}

fn machinery(api: &Api, families: &mut Families) {
    let vitals = &api.vitals;
    families.family(
        "llm_pricing_workers",
        "Threads that answer requests, by lane",
    );
    families.sample(
        [("lane", "express".into())],
        gauge(read(&vitals.express_workers)),
    );
    families.sample([("lane", "bulk".into())], gauge(read(&vitals.bulk_workers)));
    families.family("llm_pricing_workers_busy", "Those that do, by lane");
    families.sample(
        [("lane", "express".into())],
        gauge(read(&vitals.express_busy)),
    );
    families.sample([("lane", "bulk".into())], gauge(read(&vitals.bulk_busy)));
    families.family_in(
        Unit::Seconds,
        "llm_pricing_stuck",
        "For how long all workers of a lane have been busy and got nothing done",
    );
    families.sample([], gauge(read(&vitals.stuck_seconds)));
    families.gauge(
        "llm_pricing_connections",
        "Open client connections",
        read(&vitals.connections) as f64,
    );
    families.gauge(
        "llm_pricing_connections_max",
        "How many there may be",
        read(&vitals.connections_max) as f64,
    );
    families.family(
        "llm_pricing_connections_ended",
        "Connections that the server ended or refused, by reason",
    );
    for (reason, count) in [
        ("idle", &vitals.idle_closed),
        ("write_timeout", &vitals.write_timeouts),
        ("evicted", &vitals.connections_evicted),
        ("no_room", &vitals.connections_refused),
    ] {
        families.sample(
            [("reason", reason.into())],
            Value::Counter(read(count) as f64),
        );
    }
    for (name, help, count) in [
        (
            "llm_pricing_panics",
            "Panics in any thread; each cost one reply at most",
            &vitals.panics,
        ),
        (
            "llm_pricing_connections_kicked",
            "Connections that were left without a thread for a moment",
            &vitals.connections_kicked,
        ),
        (
            "llm_pricing_accept_failures",
            "Connections that could not be accepted for want of descriptors or memory",
            &vitals.accept_failures,
        ),
        (
            "llm_pricing_accept_restarts",
            "Accept threads that had died and were replaced",
            &vitals.accept_restarts,
        ),
        (
            "llm_pricing_pool_replacements",
            "Thread pools that were replaced to let idle threads go",
            &vitals.pool_replacements,
        ),
    ] {
        families.counter(name, help, read(count) as f64);
    }
    families.counter(
        "llm_pricing_access_log_dropped_lines",
        "Lines of the access log that its reader was too slow for",
        api.access_log.as_ref().map_or(0, AccessLog::dropped) as f64,
    );
}

fn gauge(value: usize) -> Value {
    Value::Gauge(value as f64)
}

fn catalog(api: &Api, families: &mut Families) {
    let record = api.supply.record();
    if let Some(book) = api.shelf.take() {
        let header = book.catalog.header();
        families.family("llm_pricing_catalog", "Which prices are in use");
        families.sample([("version", (&*header.version).into())], Value::Info);
        families.gauge(
            "llm_pricing_catalog_models",
            "Models in the catalogue, retired ones too",
            book.catalog.models().len() as f64,
        );
        let day: OffsetDateTime = Timestamp::start_of(header.date).into();
        families.family_in(
            Unit::Seconds,
            "llm_pricing_catalog_timestamp",
            "The day the prices were taken, as Unix time",
        );
        families.sample([], Value::Gauge(day.unix_timestamp() as f64));
    }
    families.family_in(
        Unit::Seconds,
        "llm_pricing_catalog_loaded_timestamp",
        "When they were loaded, as Unix time",
    );
    if let Some(loaded_at) = record.loaded_at {
        families.sample([], Value::Gauge(unix_seconds(loaded_at)));
    }
    families.family(
        "llm_pricing_catalog_reloads",
        "Price files that changed, by what came of it",
    );
    for (result, count) in [
        ("success", record.reloads),
        ("failure", record.failed_reloads),
    ] {
        families.sample([("result", result.into())], Value::Counter(count as f64));
    }
    families.gauge(
        "llm_pricing_catalog_faulty",
        "1 while the price files as they are now cannot be used",
        f64::from(record.fault.is_some()),
    );
}

fn usage(tally: &Tally, families: &mut Families) {
    families.family(
        "llm_pricing_feature_uses",
        "Requests, by what they made use of",
    );
    for (feature, tally) in Feature::ALL.into_iter().zip(&tally.features) {
        let label = ("feature", feature.as_str().into());
        families.sample([label], Value::Counter(tally.uses as f64));
    }
    families.family("llm_pricing_estimates", "Models priced, by provider");
    for (provider, adoption) in &tally.providers {
        let label = ("provider", (&**provider).into());
        families.sample([label], Value::Counter(adoption.estimates as f64));
    }
}

fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
