//! `GET /telemetry`: what was asked of this instance since it started.

use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::exchange::Reply;
use crate::money::Usd;
use crate::router::ROUTES;
use crate::telemetry::{EndpointTally, Feature, Tally, Telemetry, average};

/// What was asked of this instance since it started.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TelemetryResponse")]
pub struct Report<'a> {
    overall_stats: Overall,
    endpoints: Vec<EndpointStats>,
    provider_adoption: Vec<AdoptionStats<'a>>,
    features: Vec<FeatureStats>,
    client_locations: Vec<LocationStats>,
    top_browsers: Vec<BrowserStats<'a>>,
    timestamp: Timestamp,
}

/// All requests.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TelemetryOverallStats")]
struct Overall {
    total_requests: u64,
    total_errors: u64,
    /// Percent of the requests.
    error_rate: f64,
    /// Of which anything was asked.
    total_endpoints: usize,
    total_providers_adopted: usize,
    total_features_used: usize,
    avg_response_time_ms: f64,
    /// Exact up to about a hundred, then estimated, here and below.
    unique_clients: usize,
    unique_countries: usize,
    uptime_since: Timestamp,
    timestamp: Timestamp,
}

/// One endpoint.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EndpointMetricResponse")]
struct EndpointStats {
    endpoint: String,
    /// The pattern, never what a client sent.
    path: &'static str,
    method: &'static str,
    call_count: u64,
    error_count: u64,
    /// Percent of the calls.
    success_rate: f64,
    avg_response_time_ms: f64,
    min_response_time_ms: f64,
    max_response_time_ms: f64,
    first_called: Option<Timestamp>,
    last_called: Option<Timestamp>,
}

/// Estimates for models of one provider.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderAdoptionResponse")]
struct AdoptionStats<'a> {
    provider_name: &'a str,
    model_requests: u64,
    unique_models_requested: usize,
    /// USD.
    total_cost_estimated: Usd,
    last_requested: Timestamp,
}

/// How often something optional was used.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FeatureUsageResponse")]
struct FeatureStats {
    feature_name: &'static str,
    usage_count: u64,
    last_used: Option<Timestamp>,
}

/// A country, as a trusted proxy's header says.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientLocationStats")]
struct LocationStats {
    country: &'static str,
    /// ISO 3166-1, two letters.
    country_code: &'static str,
    request_count: u64,
    unique_clients: usize,
}

/// A browser, by its User-Agent.
#[derive(Serialize, JsonSchema)]
struct BrowserStats<'a> {
    browser_name: &'a str,
    request_count: u64,
    unique_clients: usize,
}

pub fn report(telemetry: &Telemetry) -> Reply {
    let tally = telemetry.total();
    let now: Timestamp = SystemTime::now().into();
    let mut provider_adoption: Vec<_> = tally
        .providers
        .iter()
        .map(|(provider_name, adoption)| AdoptionStats {
            provider_name,
            model_requests: adoption.estimates,
            unique_models_requested: adoption.unique_models(),
            total_cost_estimated: adoption.total_cost,
            last_requested: adoption.last.into(),
        })
        .collect();
    provider_adoption.sort_by_key(|stats| (Reverse(stats.model_requests), stats.provider_name));
    let mut client_locations: Vec<_> = tally
        .countries
        .iter()
        .map(|(country, group)| LocationStats {
            country: country.name(),
            country_code: country.alpha2(),
            request_count: group.requests,
            unique_clients: group.unique_clients(),
        })
        .collect();
    client_locations.sort_by_key(|stats| (Reverse(stats.request_count), stats.country_code));
    let mut top_browsers: Vec<_> = tally
        .browsers
        .iter()
        .map(|(browser_name, group)| BrowserStats {
            browser_name,
            request_count: group.requests,
            unique_clients: group.unique_clients(),
        })
        .collect();
    top_browsers.sort_by_key(|stats| (Reverse(stats.request_count), stats.browser_name));
    let features = used_features(&tally);
    let endpoints = called_endpoints(&tally);
    let report = Report {
        overall_stats: overall(telemetry, &tally, endpoints.len(), features.len(), now),
        endpoints,
        provider_adoption,
        features,
        client_locations,
        top_browsers,
        timestamp: now,
    };
    Reply::json(200, &report)
}

fn overall(
    telemetry: &Telemetry,
    tally: &Tally,
    total_endpoints: usize,
    total_features_used: usize,
    now: Timestamp,
) -> Overall {
    let calls: u64 = tally.endpoints.iter().map(|endpoint| endpoint.calls).sum();
    let errors: u64 = tally.endpoints.iter().map(|endpoint| endpoint.errors).sum();
    let time: Duration = tally
        .endpoints
        .iter()
        .map(|endpoint| endpoint.total_time)
        .sum();
    Overall {
        total_requests: calls,
        total_errors: errors,
        error_rate: percent(errors, calls),
        total_endpoints,
        total_providers_adopted: tally.providers.len(),
        total_features_used,
        avg_response_time_ms: ms(average(time, calls)),
        unique_clients: tally.unique_clients(),
        unique_countries: tally.countries.len(),
        uptime_since: telemetry.since().into(),
        timestamp: now,
    }
}

fn called_endpoints(tally: &Tally) -> Vec<EndpointStats> {
    let called = ROUTES
        .iter()
        .zip(&tally.endpoints)
        .filter(|(_, endpoint)| endpoint.calls > 0);
    let mut endpoints: Vec<_> = called
        .map(|(route, endpoint)| EndpointStats {
            endpoint: format!("{} {}", route.method, route.path),
            path: route.path,
            method: route.method,
            call_count: endpoint.calls,
            error_count: endpoint.errors,
            success_rate: success_rate(endpoint),
            avg_response_time_ms: ms(endpoint.average()),
            min_response_time_ms: endpoint.min_time.map_or(0.0, ms),
            max_response_time_ms: ms(endpoint.latencies.longest()),
            first_called: endpoint.first.map(Timestamp::from),
            last_called: endpoint.last.map(Timestamp::from),
        })
        .collect();
    endpoints.sort_by_key(|stats| (Reverse(stats.call_count), stats.path));
    endpoints
}

fn used_features(tally: &Tally) -> Vec<FeatureStats> {
    let used = Feature::ALL
        .into_iter()
        .zip(&tally.features)
        .filter(|(_, tally)| tally.uses > 0);
    let mut features: Vec<_> = used
        .map(|(feature, tally)| FeatureStats {
            feature_name: feature.as_str(),
            usage_count: tally.uses,
            last_used: tally.last.map(Timestamp::from),
        })
        .collect();
    features.sort_by_key(|stats| (Reverse(stats.usage_count), stats.feature_name));
    features
}

fn success_rate(endpoint: &EndpointTally) -> f64 {
    percent(endpoint.calls - endpoint.errors, endpoint.calls)
}

/// A share in percent; 0 of nothing.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

/// Milliseconds, with no more digits than nanoseconds have.
pub fn ms(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}
