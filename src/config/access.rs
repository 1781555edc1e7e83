//! The settings of who may do what, and how often.

use std::net::{IpAddr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

use super::secrets::{self, Keyring};
use super::{BadSetting, HEADER_BYTES_MAX, bad, number};
use crate::cli::Settings;

/// Who may do what, and how often.
#[derive(Clone, Debug)]
pub struct Access {
    /// Business requests must carry one of these keys.
    pub api_keys: Option<Arc<Keyring>>,
    pub api_key_header: String,
    pub shutdown_token: Option<Arc<Keyring>>,
    /// Business requests of one client per minute; `None` for as many as it likes.
    pub requests_per_minute_max: Option<NonZeroU32>,
    pub trusted_proxies: Vec<IpNet>,
    /// Sites whose pages may call `/mcp`, besides those on the reader's own machine.
    pub mcp_allowed_origins: Vec<String>,
}

impl Access {
    /// Everything that is secret.
    pub fn keyrings(&self) -> impl Iterator<Item = &Keyring> {
        [&self.api_keys, &self.shutdown_token]
            .into_iter()
            .filter_map(Option::as_deref)
    }
}

/// Beyond it a limit per client protects nothing.
const REQUESTS_PER_MINUTE_MAX: u32 = 1_000_000;

pub(super) fn access(settings: &Settings) -> Result<Access, BadSetting> {
    let s = settings;
    let keyring = |kind, value, file| {
        let keyring = Keyring::of(kind, value, file)?;
        Ok(keyring.map(Arc::new))
    };
    Ok(Access {
        api_keys: keyring(&secrets::API_KEYS, &s.mcp_api_key, &s.mcp_api_key_file)?,
        api_key_header: header_name("MCP_API_KEY_HEADER", &s.mcp_api_key_header)?,
        shutdown_token: keyring(
            &secrets::SHUTDOWN_TOKEN,
            &s.shutdown_token,
            &s.shutdown_token_file,
        )?,
        requests_per_minute_max: NonZeroU32::new(number(
            "RATE_LIMIT_PER_MINUTE",
            &s.rate_limit_per_minute,
            0,
            0,
            REQUESTS_PER_MINUTE_MAX,
        )?),
        trusted_proxies: ranges("TRUSTED_PROXIES", &s.trusted_proxies)?,
        mcp_allowed_origins: origins("MCP_ALLOWED_ORIGINS", &s.mcp_allowed_origins)?,
    })
}

/// The token as it is sent, for a command that is to send it.
///
/// # Errors
/// The setting that cannot be used.
pub fn shutdown_token(
    value: &Option<String>,
    file: &Option<String>,
) -> Result<Option<String>, BadSetting> {
    secrets::SHUTDOWN_TOKEN.text(value, file)
}

fn header_name(name: &'static str, text: &Option<String>) -> Result<String, BadSetting> {
    let text = text.as_deref().unwrap_or("x-api-key");
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || text.len() > HEADER_BYTES_MAX || !text.bytes().all(is_token) {
        return Err(bad(name, text, "the name of an HTTP header"));
    }
    Ok(text.to_owned())
}

fn ranges(name: &'static str, text: &Option<String>) -> Result<Vec<IpNet>, BadSetting> {
    let allowed = "CIDR ranges with commas, such as 10.0.0.0/8,192.168.1.7";
    let parts = text.as_deref().unwrap_or_default().split(',');
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map(canonical)
                .map_err(|_| bad(name, part, allowed))
        })
        .collect()
}

fn origins(name: &'static str, text: &Option<String>) -> Result<Vec<String>, BadSetting> {
    let allowed = "origins with commas, such as https://chat.example,http://10.0.0.7:3000";
    let parts = text.as_deref().unwrap_or_default().split(',');
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| origin(part).ok_or_else(|| bad(name, part, allowed)))
        .collect()
}

/// An origin as browsers send it (RFC 6454, 6.2): in small letters, and without the port that its scheme
/// has anyway.
fn origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port.parse::<NonZeroU16>().ok()?.get())
        }
        _ => (authority, usual_port),
    };
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => {
            let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            !host.is_empty() && host.bytes().all(of_name)
        }
    };
    is_host.then(|| match port == usual_port {
        true => format!("{scheme}://{host}"),
        false => format!("{scheme}://{host}:{port}"),
    })
}

/// Addresses are compared as IPv4 where they are IPv4 in IPv6's clothes, so ranges must be, too.
fn canonical(range: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    match (range.addr().to_canonical(), range.prefix_len()) {
        (IpAddr::V4(address), bits) if bits >= MAPPED_BITS => {
            Ipv4Net::new_assert(address, bits - MAPPED_BITS).into()
        }
        _ => range,
    }
}
