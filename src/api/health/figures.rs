//! The figures in `GET /health/detailed`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Api;
use crate::api::telemetry::ms;
use crate::clock::Timestamp;
use crate::rate_limiter::RateLimiter;
use crate::telemetry::average;
use crate::vitals::{Refused, read};

/// Figures of this instance since it started, for people; `/metrics` has them for machines.
#[derive(Serialize, JsonSchema)]
pub struct Metrics {
    /// Requests in flight.
    active_requests: usize,
    uptime_seconds: f64,
    requests_per_second: f64,
    avg_response_time_ms: f64,
    total_requests: u64,
    /// Refused because of the phase.
    rejected_requests: usize,
    /// Refused by the rate limit.
    rate_limited_requests: usize,
    express_workers: usize,
    express_workers_busy: usize,
    bulk_workers: usize,
    bulk_workers_busy: usize,
    /// Refused because too many were waiting.
    bulk_queue_refusals: usize,
    connections: usize,
    /// Got going again, having been left without a thread.
    connections_kicked: usize,
    panics: usize,
    connections_max: usize,
    /// Closed to make room for others.
    connections_evicted: usize,
    /// Refused because there was no room to be made.
    connections_refused: usize,
    /// Connections closed for being idle too long.
    idle_closed: usize,
    /// Connections closed because the client did not take its reply.
    write_timeouts: usize,
    accept_failures: usize,
    accept_restarts: usize,
    pool_replacements: usize,
    /// For how long a lane of workers has got nothing done.
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

/// The figures as they are now.
pub fn metrics(api: &Api) -> Metrics {
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
