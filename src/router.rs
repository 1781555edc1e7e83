//! From method and path to a route. Pure.
//!
//! It assumes that every route has one method, and a fixed path or one that ends with a
//! placeholder, which keeps it a table and a search.

use crate::exchange::{Endpoint, Method, Triage, Work};

/// Everything the service answers. The order is the order of [`ROUTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Route {
    Info,
    Models,
    ModelDetails,
    Pricing,
    CostEstimate,
    CostEstimateBatch,
    Cheapest,
    Compare,
    Performance,
    UseCases,
    Page,
    Telemetry,
    Mcp,
    Health,
    HealthDetailed,
    HealthReady,
    HealthLive,
    Metrics,
    DeploymentInfo,
    DeploymentMetadata,
    DeploymentShutdown,
    DeploymentShutdownStatus,
    DeploymentRenew,
    DeploymentRenewStatus,
    ApiVersions,
    OpenApi,
    Docs,
    Redoc,
    /// A known path, asked with another method.
    WrongMethod,
    /// No such path.
    Unknown,
}

/// What is said about a route in `GET /`, in telemetry and to the server.
pub struct RouteInfo {
    pub route: Route,
    /// The method, or "*" for the two that answer nothing in particular.
    pub method: &'static str,
    /// The path; a placeholder in braces at its end stands for whatever follows, slashes too.
    pub path: &'static str,
    pub description: &'static str,
    work: Work,
}

const fn row(
    route: Route,
    method: &'static str,
    path: &'static str,
    work: Work,
    description: &'static str,
) -> RouteInfo {
    RouteInfo {
        route,
        method,
        path,
        description,
        work,
    }
}

/// One row per route, in the order of [`Route`].
pub static ROUTES: [RouteInfo; 30] = [
    row(Route::Info, "GET", "/", Work::Light, "This overview"),
    row(
        Route::Models,
        "GET",
        "/models",
        Work::Light,
        "Names of all models, by provider",
    ),
    row(
        Route::ModelDetails,
        "GET",
        "/models/{model}",
        Work::Light,
        "Everything known of one model",
    ),
    row(
        Route::Pricing,
        "GET",
        "/pricing",
        Work::Light,
        "Prices of all models",
    ),
    row(
        Route::CostEstimate,
        "POST",
        "/cost-estimate",
        Work::Light,
        "What one call costs",
    ),
    row(
        Route::CostEstimateBatch,
        "POST",
        "/cost-estimate/batch",
        Work::Light,
        "What the same call costs on several models",
    ),
    row(
        Route::Cheapest,
        "POST",
        "/cost-estimate/cheapest",
        Work::Heavy,
        "The models that do a call for the least money",
    ),
    row(
        Route::Compare,
        "GET",
        "/compare",
        Work::Light,
        "What the same call costs on several models, for a browser",
    ),
    row(
        Route::Performance,
        "GET",
        "/performance",
        Work::Light,
        "Throughput, latency and value where they are known",
    ),
    row(
        Route::UseCases,
        "GET",
        "/use-cases",
        Work::Light,
        "What each model suits",
    ),
    row(
        Route::Page,
        "GET",
        "/ui",
        Work::Light,
        "All of this as a page for people",
    ),
    row(
        Route::Telemetry,
        "GET",
        "/telemetry",
        Work::Light,
        "What was asked of this instance",
    ),
    row(
        Route::Mcp,
        "POST",
        "/mcp",
        Work::Heavy,
        "The same for AI agents (Model Context Protocol)",
    ),
    row(
        Route::Health,
        "GET",
        "/health",
        Work::Probe,
        "Is the service healthy?",
    ),
    row(
        Route::HealthDetailed,
        "GET",
        "/health/detailed",
        Work::Probe,
        "Health with measured checks and figures",
    ),
    row(
        Route::HealthReady,
        "GET",
        "/health/ready",
        Work::Probe,
        "Readiness: send traffic?",
    ),
    row(
        Route::HealthLive,
        "GET",
        "/health/live",
        Work::Probe,
        "Liveness: is the process alive?",
    ),
    row(
        Route::Metrics,
        "GET",
        "/metrics",
        Work::Probe,
        "Figures for Prometheus",
    ),
    row(
        Route::DeploymentInfo,
        "GET",
        "/deployment/info",
        Work::Probe,
        "Which deployment this instance belongs to",
    ),
    row(
        Route::DeploymentMetadata,
        "GET",
        "/deployment/metadata",
        Work::Probe,
        "Version, dates and breaking changes",
    ),
    row(
        Route::DeploymentShutdown,
        "POST",
        "/deployment/shutdown",
        Work::Probe,
        "Drain and exit",
    ),
    row(
        Route::DeploymentShutdownStatus,
        "GET",
        "/deployment/shutdown/status",
        Work::Probe,
        "How far the drain is",
    ),
    row(
        Route::DeploymentRenew,
        "POST",
        "/deployment/renew",
        Work::Probe,
        "Replace the program in place",
    ),
    row(
        Route::DeploymentRenewStatus,
        "GET",
        "/deployment/renew/status",
        Work::Probe,
        "How far that is",
    ),
    row(
        Route::ApiVersions,
        "GET",
        "/api/versions",
        Work::Probe,
        "API versions",
    ),
    row(
        Route::OpenApi,
        "GET",
        "/openapi.json",
        Work::Light,
        "This interface, described for programs",
    ),
    row(
        Route::Docs,
        "GET",
        "/docs",
        Work::Light,
        "This interface, to be tried in a browser",
    ),
    row(
        Route::Redoc,
        "GET",
        "/redoc",
        Work::Light,
        "This interface, to be read and printed",
    ),
    row(Route::WrongMethod, "*", "(wrong method)", Work::Light, ""),
    row(Route::Unknown, "*", "(unknown path)", Work::Light, ""),
];

impl Route {
    pub fn of(endpoint: Endpoint) -> Route {
        ROUTES[endpoint.0].route
    }

    pub fn info(self) -> &'static RouteInfo {
        &ROUTES[self as usize]
    }

    /// Whether it tells the instance to do something with itself.
    pub fn is_order(self) -> bool {
        matches!(self, Route::DeploymentShutdown | Route::DeploymentRenew)
    }

    /// Whether the admin port answers it: health, deployment and metrics.
    pub fn is_for_admins(self) -> bool {
        self.is_public() && self.info().work == Work::Probe
    }

    /// Whether the route answers a path of its own.
    pub fn is_public(self) -> bool {
        !matches!(self, Route::WrongMethod | Route::Unknown)
    }
}

/// Finds the route. HEAD goes where GET goes; a trailing slash is ignored.
pub fn route(method: Method, path: &str) -> Route {
    let Some(found) = at_path(path) else {
        return Route::Unknown;
    };
    let wanted = match method {
        Method::Get | Method::Head => "GET",
        Method::Post => "POST",
        // Pages may call this one; whether they may is for its handler to say.
        Method::Options if found == Route::Mcp => return found,
        Method::Options | Method::Other => return Route::WrongMethod,
    };
    if found.info().method == wanted {
        found
    } else {
        Route::WrongMethod
    }
}

/// What `Allow` says for a path; empty when there is no such path.
pub fn allowed(path: &str) -> &'static str {
    match at_path(path).map(|route| route.info().method) {
        Some("GET") => "GET, HEAD",
        Some(method) => method,
        None => "",
    }
}

/// Whether an endpoint is a route, or that route asked with another method.
pub fn is_of(endpoint: Endpoint, path: &str, route: Route) -> bool {
    match Route::of(endpoint) {
        Route::WrongMethod => at_path(path) == Some(route),
        found => found == route,
    }
}

/// What the server must know before it takes a request in.
pub fn triage(method: Method, path: &str, query: &str) -> Triage {
    let route = route(method, path);
    let work = match route {
        // A filtered list is put together for this one request; the whole one is ready.
        Route::Models | Route::Pricing | Route::Performance | Route::UseCases
            if !query.is_empty() =>
        {
            Work::Heavy
        }
        Route::Mcp if method == Method::Options => Work::Light,
        // A probe asked with the wrong method is told so in every phase, too.
        Route::WrongMethod => at_path(path).map_or(Work::Light, |known| known.info().work),
        route => route.info().work,
    };
    Triage {
        endpoint: Endpoint(route as usize),
        work,
    }
}

/// The same on the admin port, where everything else is unknown and nothing is business.
pub fn triage_for_admins(method: Method, path: &str, _query: &str) -> Triage {
    let route = match route(method, path) {
        Route::WrongMethod if at_path(path).is_some_and(Route::is_for_admins) => Route::WrongMethod,
        route if route.is_for_admins() => route,
        _ => Route::Unknown,
    };
    Triage {
        endpoint: Endpoint(route as usize),
        work: Work::Probe,
    }
}

/// What stands in a path for its route's placeholder, still percent-encoded; empty when the route has
/// none.
pub fn placeholder(path: &str) -> &str {
    find(path).map_or("", |(_, rest)| rest)
}

fn at_path(path: &str) -> Option<Route> {
    find(path).map(|(route, _)| route)
}

/// The route of a path, and what stands for its placeholder.
fn find(path: &str) -> Option<(Route, &str)> {
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    ROUTES
        .iter()
        .filter(|row| row.route.is_public())
        .find_map(|row| {
            let rest = match row.path.split_once('{') {
                Some((start, _)) => path.strip_prefix(start).filter(|rest| !rest.is_empty()),
                None => (path == row.path).then_some(""),
            };
            Some((row.route, rest?))
        })
}

#[cfg(test)]
mod tests;
