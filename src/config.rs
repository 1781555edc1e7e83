//! The checked settings. Every refusal names the setting, the value and what is allowed, and all
//! limits of the server stand here together.

mod access;
mod prices;
mod secrets;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;

use crate::cli::{Settings, Target};
use crate::clock::Timestamp;
use crate::deployment::DrainSettings;

pub use access::{Access, shutdown_token};
pub use prices::Prices;
pub use secrets::Keyring;

/// Everything the program needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Health and deployment only, and the only place for orders.
    pub admin: Option<SocketAddr>,
    pub limits: Limits,
    pub drain: DrainSettings,
    pub access: Access,
    pub identity: Identity,
    pub prices: Prices,
    pub log_level: LevelFilter,
    pub access_log: bool,
    /// Days after which the catalogue makes the service `degraded`.
    pub catalog_age_days_max: i64,
}

/// The limits; each has an answer for what is beyond it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Two per core: more only add switching, since these workers never wait for a client.
    pub express_workers: usize,
    /// These do wait for clients, so there are more of them than cores.
    pub bulk_workers: usize,
    /// Beyond it: 503. Deep enough for a burst, short enough that nobody waits long.
    pub bulk_queue: usize,
    /// Beyond it: 413. The v1 service's limit.
    pub body_bytes_max: usize,
    /// Beyond it: 431. As much as common proxies pass.
    pub head_bytes_max: usize,
    /// Beyond it the longest idle is closed, or the newest refused. Each costs a thread.
    pub connections_max: usize,
    /// From the first byte of a head to its end. Beyond it: 408.
    pub head_timeout: Duration,
    /// From the end of the head to that of the body. Beyond it: 408.
    pub body_timeout: Duration,
    /// Between two requests. Longer than balancers keep idle connections (60 seconds at most in
    /// those we know), so that they close first and never send into a closing connection.
    pub idle_timeout: Duration,
    /// For 64 KiB of a reply, or the rest of it. Beyond it the connection is closed.
    pub write_timeout: Duration,
    /// Liveness fails when a lane is stuck for longer; zero is never.
    pub watchdog: Duration,
}

/// Which deployment this instance belongs to, read once at start.
#[derive(Clone, Debug)]
pub struct Identity {
    pub environment: String,
    pub deployment_group: Option<String>,
    pub region: Option<String>,
    pub availability_zone: Option<String>,
    pub instance_id: Option<String>,
    pub deployed_at: Option<Timestamp>,
    pub built_at: Option<Timestamp>,
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct BadSetting {
    pub name: &'static str,
    /// What was typed; `None` for a secret, which nobody is to read in a log.
    pub value: Option<String>,
    /// Why not, where what is allowed does not say it.
    pub cause: Option<String>,
    pub allowed: String,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.value {
            Some(value) => write!(f, "{value:?} cannot be used")?,
            None => f.write_str("the secret cannot be used")?,
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        write!(f, "; allowed: {}", self.allowed)
    }
}

/// No drain lasts longer: a shutdown that takes an hour is a typing error.
pub const DRAIN_TIMEOUT_SECONDS_MAX: u64 = 3_600;

const HEADER_BYTES_MAX: usize = 256;

impl Config {
    /// Checks what was typed. `environment` looks up the variables that have no flag of their own.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn from_settings(
        settings: &Settings,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, BadSetting> {
        let s = settings;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let level = flag("DEBUG", &s.debug)?.then_some(LevelFilter::Debug);
        // A variable that is set to nothing says nothing, as compose files write it.
        let said = |text: String| (!text.is_empty()).then_some(text);
        let among = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| environment(name).and_then(said))
        };
        let own_or = |own: &Option<String>, others: &[&str]| {
            own.clone().and_then(said).or_else(|| among(others))
        };
        Ok(Config {
            listen: listen(&s.server_host, &s.server_port)?,
            admin: admin(&s.server_host, &s.admin_port)?,
            limits: Limits {
                express_workers: number("WORKERS", &s.workers, 2 * cores, 1, 256)?,
                bulk_workers: number("BULK_WORKERS", &s.bulk_workers, 16, 1, 1_024)?,
                bulk_queue: number("BULK_QUEUE", &s.bulk_queue, 64, 0, 65_536)?,
                body_bytes_max: number(
                    "MAX_BODY_BYTES",
                    &s.max_body_bytes,
                    1_000_000,
                    1_024,
                    64 << 20,
                )?,
                head_bytes_max: number(
                    "MAX_HEAD_BYTES",
                    &s.max_head_bytes,
                    16 << 10,
                    1_024,
                    1 << 20,
                )?,
                connections_max: number("MAX_CONNECTIONS", &s.max_connections, 1_000, 8, 100_000)?,
                head_timeout: patience("HEAD_TIMEOUT_SECONDS", &s.head_timeout_seconds, 10)?,
                body_timeout: patience("BODY_TIMEOUT_SECONDS", &s.body_timeout_seconds, 30)?,
                idle_timeout: patience("IDLE_TIMEOUT_SECONDS", &s.idle_timeout_seconds, 75)?,
                write_timeout: patience("WRITE_TIMEOUT_SECONDS", &s.write_timeout_seconds, 10)?,
                watchdog: seconds("WATCHDOG_SECONDS", &s.watchdog_seconds, 60)?,
            },
            drain: DrainSettings {
                shutdown_delay: seconds("SHUTDOWN_DELAY_SECONDS", &s.shutdown_delay_seconds, 0)?,
                drain_timeout: seconds("DRAIN_TIMEOUT_SECONDS", &s.drain_timeout_seconds, 30)?,
            },
            access: access::access(s)?,
            identity: Identity {
                environment: own_or(&s.environment, &[]).unwrap_or_else(|| "production".into()),
                deployment_group: label("DEPLOYMENT_GROUP", own_or(&s.deployment_group, &[]))?,
                region: among(&["AWS_REGION", "GCP_REGION"]).or_else(|| own_or(&s.region, &[])),
                availability_zone: own_or(&s.availability_zone, &["AZ"]),
                instance_id: label(
                    "INSTANCE_ID",
                    own_or(&s.instance_id, &["HOSTNAME", "POD_NAME"]),
                )?,
                deployed_at: timestamp("DEPLOYMENT_TIMESTAMP", &s.deployment_timestamp)?,
                built_at: timestamp("BUILD_TIMESTAMP", &s.build_timestamp)?
                    .or(Timestamp::parse(crate::COMMIT_DATE)),
            },
            prices: prices::prices(s)?,
            log_level: level.unwrap_or(parsed(
                "LOG_LEVEL",
                &s.log_level,
                LevelFilter::Info,
                "error, warn, info, debug, trace or off",
            )?),
            access_log: flag("ACCESS_LOG", &s.access_log)?,
            catalog_age_days_max: number(
                "CATALOG_MAX_AGE_DAYS",
                &s.catalog_max_age_days,
                180,
                1,
                36_500,
            )?,
        })
    }
}

/// Where a client on this host finds a server with these settings.
///
/// # Errors
/// The setting that cannot be used.
pub fn local_address(target: &Target) -> Result<SocketAddr, BadSetting> {
    let admin = admin(&target.server_host, &target.admin_port)?;
    Ok(reachable(match admin {
        Some(admin) => admin,
        None => listen(&target.server_host, &target.server_port)?,
    }))
}

/// The address to connect to for a socket bound to `bound`: an unspecified one means loopback.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let mut address = bound;
    if bound.ip().is_unspecified() {
        address.set_ip(match bound.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Reads a whole number of seconds of the command line.
///
/// # Errors
/// When it is not a number of seconds up to an hour.
pub fn whole_seconds(name: &'static str, text: &str) -> Result<u64, BadSetting> {
    number(
        name,
        &Some(text.to_owned()),
        0,
        0,
        DRAIN_TIMEOUT_SECONDS_MAX,
    )
}

/// A value that says by itself what is wrong with it.
pub fn bad(name: &'static str, value: &str, allowed: impl Into<String>) -> BadSetting {
    BadSetting {
        name,
        value: Some(value.to_owned()),
        cause: None,
        allowed: allowed.into(),
    }
}

fn listen(host: &Option<String>, port: &Option<String>) -> Result<SocketAddr, BadSetting> {
    let port = number("SERVER_PORT", port, 8_000, 0, u16::MAX)?;
    Ok(SocketAddr::new(ip(host)?, port))
}

fn admin(host: &Option<String>, port: &Option<String>) -> Result<Option<SocketAddr>, BadSetting> {
    if port.as_ref().is_none_or(String::is_empty) {
        return Ok(None);
    }
    let port = number("ADMIN_PORT", port, 0, 0, u16::MAX)?;
    Ok(Some(SocketAddr::new(ip(host)?, port)))
}

fn ip(host: &Option<String>) -> Result<IpAddr, BadSetting> {
    if host.as_deref() == Some("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    parsed(
        "SERVER_HOST",
        host,
        Ipv4Addr::UNSPECIFIED.into(),
        "an IP address, such as 0.0.0.0 or ::, or localhost",
    )
}

fn parsed<T: FromStr>(
    name: &'static str,
    text: &Option<String>,
    default: T,
    allowed: &str,
) -> Result<T, BadSetting> {
    match text {
        None => Ok(default),
        Some(text) => text.trim().parse().map_err(|_| bad(name, text, allowed)),
    }
}

fn number<T>(
    name: &'static str,
    text: &Option<String>,
    default: T,
    min: T,
    max: T,
) -> Result<T, BadSetting>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    let allowed = format!("a whole number from {min} to {max}");
    let value = parsed(name, text, default, &allowed)?;
    if value < min || value > max {
        return Err(bad(name, text.as_deref().unwrap_or_default(), allowed));
    }
    Ok(value)
}

fn seconds(
    name: &'static str,
    text: &Option<String>,
    default: u64,
) -> Result<Duration, BadSetting> {
    number(name, text, default, 0, DRAIN_TIMEOUT_SECONDS_MAX).map(Duration::from_secs)
}

/// A time to wait for a client, at least a second.
fn patience(
    name: &'static str,
    text: &Option<String>,
    default: u64,
) -> Result<Duration, BadSetting> {
    number(name, text, default, 1, DRAIN_TIMEOUT_SECONDS_MAX).map(Duration::from_secs)
}

fn flag(name: &'static str, text: &Option<String>) -> Result<bool, BadSetting> {
    match text
        .as_deref()
        .map(|text| text.trim().to_ascii_lowercase())
        .as_deref()
    {
        None | Some("" | "false" | "0" | "no" | "off") => Ok(false),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some(other) => Err(bad(name, other, "true or false")),
    }
}

fn timestamp(name: &'static str, text: &Option<String>) -> Result<Option<Timestamp>, BadSetting> {
    match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
            bad(
                name,
                text,
                "a time as in RFC 3339, such as 2026-01-31T12:00:00Z",
            )
        }),
    }
}

/// A value that is sent in a response header must be one.
fn label(name: &'static str, text: Option<String>) -> Result<Option<String>, BadSetting> {
    match text {
        Some(text)
            if text.len() > HEADER_BYTES_MAX
                || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) =>
        {
            Err(bad(
                name,
                &text,
                format!("up to {HEADER_BYTES_MAX} printable ASCII characters"),
            ))
        }
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests;
