//! From a call to a reply: JSON and status codes, nothing of sockets or threads.

mod access;
mod body;
mod book;
mod breakdown;
mod cheapest;
mod comparisons;
mod deployment;
mod details;
mod document;
mod error;
mod estimates;
mod fields;
mod filter;
mod given;
mod health;
mod info;
mod lists;
pub mod mcp;
mod metrics;
mod models;
mod naming;
mod openapi;
mod order;
mod page;
mod question;
mod rows;
mod selection;
mod telemetry;
mod workload;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

pub use book::{Book, Shelf};
pub use question::{Question, Refusal, ask, sort_words};

use crate::access_log::{AccessLog, Line};
use crate::config::{Access, Identity};
use crate::deployment::Lifecycle;
use crate::exchange::{Answer, Call, Method, Reply};
use crate::rate_limiter::RateLimiter;
use crate::router::{self, Route};
use crate::supply::Supply;
use crate::telemetry::{Record, Telemetry, browser};
use crate::vitals::Vitals;
use error::Fault;
use lists::List;

/// Everything the handlers look at.
pub struct Api {
    pub lifecycle: Arc<Lifecycle>,
    pub telemetry: Telemetry,
    pub vitals: Arc<Vitals>,
    pub shelf: Shelf,
    pub supply: Supply,
    pub access: Access,
    /// `None` when clients may ask as often as they like.
    pub rate_limiter: Option<RateLimiter>,
    pub identity: Identity,
    /// `None` when requests are not logged.
    pub access_log: Option<AccessLog>,
    pub catalog_age_days_max: i64,
    /// Liveness fails when a lane of workers is stuck for longer; zero is never.
    pub watchdog: Duration,
    /// How often this process has replaced its program.
    pub renewals: u64,
    /// Orders are taken on the admin port only.
    pub has_admin_port: bool,
    pub started: Instant,
    pub started_at: SystemTime,
}

/// Where a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    Main,
    Admin,
}

impl Api {
    const VERSIONS: &'static [&'static str] = &["v1"];

    /// Puts together what is always the same, so that no request has to wait for it.
    pub fn prepare(&self, book: &Book) {
        book.prepare();
        book.openapi(&self.access);
    }

    fn uptime_seconds(&self) -> f64 {
        self.started.elapsed().as_millis() as f64 / 1e3
    }
}

/// Answers a call, whatever is wrong with it.
pub fn answer(api: &Api, entrance: Entrance, call: &Call) -> Answer {
    let is_order = Route::of(call.endpoint).is_order();
    let answer = if is_order && api.has_admin_port && entrance == Entrance::Main {
        Err(Fault::AdminPortOnly)
    } else {
        dispatch(api, call)
    };
    match answer.unwrap_or_else(|fault| Answer::Now(fault.reply())) {
        Answer::Now(reply) if router::is_of(call.endpoint, call.path, Route::Mcp) => {
            Answer::Now(mcp::pages::readable(api, call, reply))
        }
        answer => answer,
    }
}

fn dispatch(api: &Api, call: &Call) -> Result<Answer, Fault> {
    let telemetry = &api.telemetry;
    // What the service is for is not for everybody, and needs the catalogue.
    let book = || {
        access::check_business(api, call)?;
        api.shelf.take().ok_or(Fault::Starting)
    };
    let reply = match Route::of(call.endpoint) {
        Route::Info if page::is_preferred(call) => page::redirect(),
        Route::Info => models::overview(&*book()?, telemetry, call),
        Route::Models => models::models(&*book()?, telemetry, call)?,
        Route::ModelDetails => models::details(&*book()?, telemetry, call)?,
        Route::Pricing => models::rows(&*book()?, telemetry, call, List::Pricing)?,
        Route::UseCases => models::rows(&*book()?, telemetry, call, List::UseCases)?,
        Route::Performance => models::rows(&*book()?, telemetry, call, List::Performance)?,
        Route::CostEstimate => estimates::one(&*book()?, telemetry, call)?,
        Route::CostEstimateBatch => comparisons::batch(&*book()?, telemetry, call)?,
        Route::Cheapest => cheapest::cheapest(&*book()?, telemetry, call)?,
        Route::Compare => uncached(comparisons::compare(&*book()?, telemetry, call)?),
        Route::Mcp if call.method == Method::Options => mcp::pages::preflight(api, call)?,
        Route::Mcp => uncached(mcp::post(api, &*book()?, call)),
        Route::Page => page::page(telemetry, call),
        Route::Docs => page::docs(telemetry, call),
        Route::Redoc => page::redoc(telemetry, call),
        Route::OpenApi => {
            access::check_rate(api, call)?;
            openapi::openapi(
                &*api.shelf.take().ok_or(Fault::Starting)?,
                &api.access,
                call,
            )
        }
        Route::Telemetry => uncached(book().map(|_| telemetry::report(telemetry))?),
        Route::WrongMethod => {
            return Err(Fault::WrongMethod {
                allowed: router::allowed(call.path),
            });
        }
        Route::Unknown => return Err(Fault::UnknownPath),
        Route::Health => uncached(health::health(api)),
        Route::HealthDetailed => uncached(health::detailed(api)),
        Route::HealthReady => uncached(health::ready(api)),
        Route::Metrics => uncached(metrics::metrics(api, call)),
        Route::HealthLive => uncached(health::live(api)),
        Route::DeploymentInfo => uncached(deployment::info(api)),
        Route::DeploymentMetadata => uncached(deployment::metadata(api)),
        Route::DeploymentShutdownStatus => uncached(deployment::shutdown_status(api)),
        Route::ApiVersions => uncached(info::versions()),
        Route::DeploymentRenewStatus => uncached(deployment::renewal_status(api, call)),
        Route::DeploymentRenew => uncached(deployment::renew(api, call)?),
        Route::DeploymentShutdown => match deployment::shutdown(api, call)? {
            Answer::Now(reply) => uncached(reply),
            later => return Ok(later),
        },
    };
    Ok(Answer::Now(reply))
}

/// A cached health or deployment answer would hide a switch, and one that is of this moment and has
/// no `ETag` is kept for a day by some proxies that are told nothing, for clients without a key, too.
fn uncached(reply: Reply) -> Reply {
    reply.with("Cache-Control", "no-store")
}

/// Takes note of a reply.
pub fn record(api: &Api, call: &Call, reply: &Reply, elapsed: Duration) {
    let (client, country) = access::client(call, &api.access.trusted_proxies);
    let at = SystemTime::now();
    if let Some(log) = &api.access_log {
        log.write(&Line {
            time: at.into(),
            client,
            method: call.method.as_str(),
            path: call.path,
            route: Route::of(call.endpoint).info().path,
            status: reply.status,
            bytes: reply.body.as_bytes().len(),
            duration_ms: telemetry::ms(elapsed),
            request_id: call.request_id(),
            deployment_group: api.identity.deployment_group.as_deref(),
        });
    }
    api.telemetry.record(&Record {
        method: call.method as usize,
        endpoint: call.endpoint.0,
        status: reply.status,
        elapsed,
        at,
        client,
        country,
        browser: call.headers.get("User-Agent").and_then(browser),
    });
}
