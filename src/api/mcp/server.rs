//! `get_telemetry`: what was asked of this process.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::Serialize;

use super::arguments::Fault;
use super::tools::{Asked, Desk, written};
use crate::api::telemetry::ms;
use crate::clock::Timestamp;
use crate::telemetry::Tool;

#[derive(Serialize)]
struct Statistics<'a> {
    replica: Cow<'a, str>,
    version: &'static str,
    uptime_seconds: u64,
    requests: u64,
    errors: u64,
    /// Left out before the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms_p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms_p95: Option<f64>,
    catalogue_models: usize,
    prices_as_of: Timestamp,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolRow>,
}

#[derive(Serialize)]
struct ToolRow {
    name: &'static str,
    calls: u64,
    errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms_p95: Option<f64>,
}

pub fn telemetry(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let mut arguments = asked.arguments;
    let with_details = arguments.flag("include_details", true)?;
    let limit = arguments.whole("limit", 1, 50)?.unwrap_or(10);
    arguments.finish()?;
    let tally = desk.telemetry.total();
    let mut tools = Vec::new();
    if with_details {
        let called = Tool::ALL.into_iter().zip(tally.tools);
        tools.extend(called.map(|(tool, tally)| ToolRow {
            name: tool.name(),
            calls: tally.calls,
            errors: tally.errors,
            latency_ms_p95: tally.latencies.within(95).map(ms),
        }));
        tools.sort_by_key(|row| Reverse(row.calls));
        tools.truncate(limit as usize);
    }
    let latencies = tally.latencies();
    let within = |percent| latencies.within(percent).map(ms);
    // Two of them at one address must not look like one that counts back.
    let unnamed = || Cow::Owned(format!("process {}", std::process::id()));
    written(&Statistics {
        replica: desk.replica.map_or_else(unnamed, Cow::Borrowed),
        version: crate::VERSION,
        uptime_seconds: desk.started.elapsed().as_secs(),
        requests: tally.endpoints.iter().map(|endpoint| endpoint.calls).sum(),
        errors: tally.endpoints.iter().map(|endpoint| endpoint.errors).sum(),
        latency_ms_p50: within(50),
        latency_ms_p95: within(95),
        catalogue_models: desk.book.catalog.models().len(),
        prices_as_of: desk.prices_as_of(),
        tools,
    })
}
