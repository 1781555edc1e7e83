//! `/deployment/...`: who this instance is, and how it is told to leave.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::access::check_shutdown;
use super::error::Fault;
use super::fields::Fields;
use crate::clock::Timestamp;
use crate::config::DRAIN_TIMEOUT_SECONDS_MAX;
use crate::deployment::{Order, Phase, RenewalStatus, ShutdownStatus};
use crate::exchange::{Answer, Call, Reply};

/// Where this instance belongs, as far as the operator has said.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EnvironmentInfo")]
pub struct Environment<'a> {
    environment: &'a str,
    region: Option<&'a str>,
    availability_zone: Option<&'a str>,
    /// The colour, in a blue-green deployment.
    deployment_group: Option<&'a str>,
    instance_id: Option<&'a str>,
    deployment_timestamp: Option<Timestamp>,
}

impl<'a> Environment<'a> {
    pub fn of(api: &'a Api) -> Environment<'a> {
        let identity = &api.identity;
        Environment {
            environment: &identity.environment,
            region: identity.region.as_deref(),
            availability_zone: identity.availability_zone.as_deref(),
            deployment_group: identity.deployment_group.as_deref(),
            instance_id: identity.instance_id.as_deref(),
            deployment_timestamp: identity.deployed_at,
        }
    }
}

/// Where this instance belongs, and for how long it has run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeploymentInfo")]
pub struct Info<'a> {
    #[serde(flatten)]
    environment: Environment<'a>,
    service_uptime_seconds: f64,
}

/// `GET /deployment/info`
pub fn info(api: &Api) -> Reply {
    Reply::json(
        200,
        &Info {
            environment: Environment::of(api),
            service_uptime_seconds: api.uptime_seconds(),
        },
    )
}

/// What this instance runs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeploymentMetadata")]
pub struct Metadata {
    version: &'static str,
    build_date: Option<Timestamp>,
    deployment_date: Timestamp,
    api_versions: &'static [&'static str],
    /// Null: no end of v1 is planned.
    backwards_compatible_until: Option<&'static str>,
    /// By version.
    breaking_changes: BTreeMap<&'static str, Vec<&'static str>>,
    /// What the program was built from.
    commit: &'static str,
}

/// `GET /deployment/metadata`
pub fn metadata(api: &Api) -> Reply {
    Reply::json(
        200,
        &Metadata {
            version: crate::VERSION,
            build_date: api.identity.built_at,
            deployment_date: api.identity.deployed_at.unwrap_or(api.started_at.into()),
            api_versions: Api::VERSIONS,
            // No end is planned for v1.
            backwards_compatible_until: None,
            breaking_changes: BTreeMap::new(),
            commit: crate::COMMIT,
        },
    )
}

/// How far the shutdown is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GracefulShutdownStatus")]
pub struct Status {
    shutting_down: bool,
    /// Requests in flight, which it waits for.
    active_requests: usize,
    drain_timeout_seconds: u64,
    /// When it was ordered; null when it was not.
    started_at: Option<Timestamp>,
    /// The phase: `ready`, `lame_duck`, `draining` or `stopped`.
    state: &'static str,
    /// Until the drain times out; null outside one.
    remaining_seconds: Option<f64>,
    /// Refused because of the phase.
    rejected_requests: usize,
}

fn status_reply(status: &ShutdownStatus) -> Reply {
    Reply::json(
        200,
        &Status {
            shutting_down: status.phase.is_shutting_down(),
            active_requests: status.active_requests,
            drain_timeout_seconds: status.drain_timeout.as_secs(),
            started_at: status.started_at.map(Timestamp::from),
            state: status.phase.as_str(),
            remaining_seconds: status.remaining.map(|left| left.as_millis() as f64 / 1e3),
            rejected_requests: status.refused_requests,
        },
    )
}

/// `GET /deployment/shutdown/status`
pub fn shutdown_status(api: &Api) -> Reply {
    status_reply(&api.lifecycle.status(Instant::now()))
}

/// Whether the caller waits for the end of the drain.
pub fn read_wait(fields: &mut Fields) -> bool {
    fields.flag("wait")
}

/// Reads an order; what is wrong with it is noted in the fields.
pub fn read_order(fields: &mut Fields) -> Order {
    let mut seconds = |name| {
        fields
            .optional_number(name, DRAIN_TIMEOUT_SECONDS_MAX)
            .map(Duration::from_secs)
    };
    Order {
        drain_timeout: seconds("drain_timeout_seconds"),
        shutdown_delay: seconds("delay_seconds"),
    }
}

/// `POST /deployment/shutdown`: orders the shutdown and says how it stands, at once or, with
/// `?wait=true`, when the drain is over.
pub fn shutdown(api: &Api, call: &Call) -> Result<Answer, Fault> {
    check_shutdown(call, &api.access)?;
    let mut query = Fields::of_query(call.query);
    let wait = read_wait(&mut query);
    query.finish()?;
    let mut fields = Fields::parse_optional(call.body)?;
    let order = read_order(&mut fields);
    fields.finish()?;
    if api.lifecycle.phase() == Phase::Stopped {
        return Ok(Answer::Now(shutdown_status(api)));
    }
    let ordered = api
        .lifecycle
        .order_shutdown(order, Instant::now(), SystemTime::now());
    Ok(if wait {
        Answer::WhenDrained
    } else {
        Answer::Now(status_reply(&ordered.status))
    })
}

/// How far the replacement of the program is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RenewalStatus")]
pub struct Renewal<'a> {
    /// `none`, `checking`, `handing_over` or `failed`.
    state: &'static str,
    started_at: Option<Timestamp>,
    /// Why it failed, for those who may order one.
    error: Option<&'a str>,
    /// Of this process.
    renewals: u64,
    /// The one that runs.
    version: &'static str,
    /// What it was built from.
    commit: &'static str,
}

fn renewal_reply(code: u16, api: &Api, status: &RenewalStatus) -> Reply {
    Reply::json(
        code,
        &Renewal {
            state: status.state.as_str(),
            started_at: status.started_at.map(Timestamp::from),
            error: status.fault.as_deref(),
            renewals: api.renewals,
            version: crate::VERSION,
            commit: crate::COMMIT,
        },
    )
}

/// `GET /deployment/renew/status`. What the program in the file has said against itself may name what
/// is not for everybody, such as paths and settings.
pub fn renewal_status(api: &Api, call: &Call) -> Reply {
    let mut status = api.lifecycle.renewal();
    if check_shutdown(call, &api.access).is_err() {
        status.fault = None;
    }
    renewal_reply(200, api, &status)
}

/// `POST /deployment/renew`: orders that the program in this process's file takes over. The reply does
/// not wait for it.
pub fn renew(api: &Api, call: &Call) -> Result<Reply, Fault> {
    check_shutdown(call, &api.access)?;
    Fields::of_query(call.query).finish()?;
    Fields::parse_optional(call.body)?.finish()?;
    let status = api
        .lifecycle
        .order_renewal(SystemTime::now())
        .map_err(Fault::NotRenewable)?;
    Ok(renewal_reply(202, api, &status))
}
