//! Who is calling, and whether they may.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use ipnet::IpNet;

use super::Api;
use super::error::Fault;
use crate::config::Access;
use crate::exchange::{Call, Headers};
use crate::telemetry::CountryCode;

/// Headers that say a request came through a proxy.
const FORWARDING_HEADERS: [&str; 4] = ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"];

/// Browsers send it with every POST, so that a server can tell a page's request from a person's.
const PAGE_HEADER: &str = "Origin";

/// Headers in which CDNs and proxies put the client's country, as ISO 3166-1 alpha-2.
const COUNTRY_HEADERS: [&str; 4] = [
    "CF-IPCountry",
    "CloudFront-Viewer-Country",
    "X-Country-Code",
    "X-AppEngine-Country",
];

/// The client, and its country when a trusted proxy says so.
pub fn client(call: &Call, trusted: &[IpNet]) -> (IpAddr, Option<CountryCode>) {
    let peer = call.peer.ip().to_canonical();
    if !is_trusted(peer, trusted) {
        return (peer, None);
    }
    let country = COUNTRY_HEADERS
        .iter()
        .find_map(|name| call.headers.get(name))
        .and_then(|code| CountryCode::for_alpha2_caseless(code.trim()).ok());
    (last_untrusted_hop(peer, &call.headers, trusted), country)
}

/// Every proxy appends the address it was called from, so the list is believed from its end and
/// only as far as trusted proxies wrote it. Where it stops making sense, the last one that did
/// is as near to the client as can be known.
fn last_untrusted_hop(peer: IpAddr, headers: &Headers, trusted: &[IpNet]) -> IpAddr {
    let hops = headers
        .all("X-Forwarded-For")
        .rev()
        .flat_map(|value| value.rsplit(','))
        .map(str::trim)
        // A list may have empty elements (RFC 9110, 5.6.1).
        .filter(|hop| !hop.is_empty());
    let mut believed = peer;
    for hop in hops.map_while(address) {
        believed = hop.to_canonical();
        if !is_trusted(believed, trusted) {
            break;
        }
    }
    believed
}

/// Some proxies append the port as well, or put IPv6 addresses in brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let bare = hop.parse().ok();
    bare.or_else(with_port)
        .or_else(|| in_brackets().map(IpAddr::V6))
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|range| range.contains(&address))
}

/// Documentation, and what browsers ask before a page may call, are for clients that do not ask too often.
pub fn check_rate(api: &Api, call: &Call) -> Result<(), Fault> {
    let Some(limiter) = &api.rate_limiter else {
        return Ok(());
    };
    let (client, _) = client(call, &api.access.trusted_proxies);
    limiter
        .take(client, Instant::now())
        .map_err(|wait| Fault::TooOften { wait })
}

/// Business is for those who have a key besides, when there are keys. In this order, so that keys are not
/// guessed any faster.
pub fn check_business(api: &Api, call: &Call) -> Result<(), Fault> {
    check_rate(api, call)?;
    let access = &api.access;
    let Some(keys) = &access.api_keys else {
        return Ok(());
    };
    let header = &access.api_key_header;
    match only(&call.headers, header) {
        Some(sent) if keys.opens(sent) => Ok(()),
        _ => Err(Fault::KeyNeeded {
            header: header.clone(),
        }),
    }
}

/// The value of a header that is there once. With two of them, what a proxy in front has looked at
/// need not be what we look at.
fn only<'a>(headers: &Headers<'a>, name: &str) -> Option<&'a str> {
    let mut values = headers.all(name);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Shutting down needs the token when there is one, and else a direct caller on this host: one
/// that came through a proxy here is not, nor is a page in a browser here.
pub fn check_shutdown(call: &Call, access: &Access) -> Result<(), Fault> {
    if let Some(token) = &access.shutdown_token {
        return match bearer(&call.headers) {
            Some(sent) if token.opens(sent) => Ok(()),
            _ => Err(Fault::TokenNeeded),
        };
    }
    let is_indirect = FORWARDING_HEADERS
        .iter()
        .chain(&[PAGE_HEADER])
        .any(|name| call.headers.get(name).is_some());
    if call.peer.ip().to_canonical().is_loopback() && !is_indirect {
        Ok(())
    } else {
        Err(Fault::NotLocal)
    }
}

/// The token of an `Authorization: Bearer` (RFC 6750, 2.1), whose scheme has no case.
fn bearer<'a>(headers: &Headers<'a>) -> Option<&'a str> {
    let (scheme, token) = only(headers, "Authorization")?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
    is_bearer.then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Endpoint, Method};

    fn call<'a>(peer: &str, headers: &[(&'a str, &'a str)]) -> Call<'a> {
        Call {
            method: Method::Get,
            endpoint: Endpoint(0),
            path: "/",
            query: "",
            headers: headers.iter().copied().collect(),
            body: &[],
            peer: (peer.parse::<IpAddr>().unwrap(), 1).into(),
        }
    }

    #[test]
    fn the_client_is_the_last_hop_that_no_trusted_proxy_can_vouch_for() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        const XFF: &str = "X-Forwarded-For";
        const PROXY: &str = "10.0.0.1";
        let rows: [(&str, &str, &[&str], &str); 30] = [
            ("direct", "192.0.2.1", &[], "192.0.2.1"),
            ("untrusted peer", "192.0.2.1", &["1.1.1.1"], "192.0.2.1"),
            (
                "mapped peer",
                "::ffff:10.0.0.1",
                &["192.0.2.7"],
                "192.0.2.7",
            ),
            ("nothing said", PROXY, &[], PROXY),
            ("one proxy", PROXY, &["192.0.2.7"], "192.0.2.7"),
            ("spoofed start", PROXY, &["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
            (
                "spoofed proxy",
                PROXY,
                &["10.9.9.9, 192.0.2.7"],
                "192.0.2.7",
            ),
            ("two proxies", PROXY, &["192.0.2.7, 10.1.1.1"], "192.0.2.7"),
            ("two lines", PROXY, &["1.1.1.1", "192.0.2.7"], "192.0.2.7"),
            (
                "over two lines",
                PROXY,
                &["1.1.1.1, 192.0.2.7", "10.1.1.1"],
                "192.0.2.7",
            ),
            ("proxies alone", PROXY, &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (
                "without blanks",
                PROXY,
                &["1.1.1.1,192.0.2.7,10.1.1.1"],
                "192.0.2.7",
            ),
            ("with tabs", PROXY, &["1.1.1.1,\t192.0.2.7\t"], "192.0.2.7"),
            (
                "empty elements",
                PROXY,
                &["192.0.2.7, ,,10.1.1.1,"],
                "192.0.2.7",
            ),
            ("empty line", PROXY, &["192.0.2.7", ""], "192.0.2.7"),
            ("with a port", PROXY, &["192.0.2.7:4711"], "192.0.2.7"),
            (
                "trusted, with a port",
                PROXY,
                &["192.0.2.7, 10.1.1.1:80"],
                "192.0.2.7",
            ),
            ("mapped", PROXY, &["::ffff:192.0.2.7"], "192.0.2.7"),
            (
                "mapped proxy",
                PROXY,
                &["192.0.2.7, ::ffff:10.1.1.1"],
                "192.0.2.7",
            ),
            ("IPv6", PROXY, &["2001:db8::1"], "2001:db8::1"),
            ("brackets", PROXY, &["[2001:db8::1]"], "2001:db8::1"),
            (
                "brackets and port",
                PROXY,
                &["[2001:db8::1]:443"],
                "2001:db8::1",
            ),
            ("garbage", PROXY, &["unknown"], PROXY),
            ("obfuscated", PROXY, &["_hidden"], PROXY),
            (
                "garbage in the middle",
                PROXY,
                &["192.0.2.7, ?, 10.1.1.1"],
                "10.1.1.1",
            ),
            ("garbage behind it", PROXY, &["?, 192.0.2.7"], "192.0.2.7"),
            ("zone", PROXY, &["fe80::1%eth0"], PROXY),
            ("port without end", PROXY, &["192.0.2.7:99999"], PROXY),
            ("leading zero", PROXY, &["192.0.2.010"], PROXY),
            ("another separator", PROXY, &["192.0.2.7; 192.0.2.8"], PROXY),
        ];
        for (name, peer, lines, expected) in rows {
            let headers: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
            let (address, _) = client(&call(peer, &headers), &trusted);
            assert_eq!(address.to_string(), expected, "{name}");
        }
    }

    #[test]
    fn a_country_is_believed_only_from_a_trusted_proxy_and_only_if_it_exists() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let rows = [
            ("trusted", "10.0.0.1", "de", Some("DE")),
            ("not trusted", "192.0.2.1", "de", None),
            ("no such country", "10.0.0.1", "QQ", None),
            ("not a code", "10.0.0.1", "Germany", None),
        ];
        for (name, peer, code, expected) in rows {
            let (_, country) = client(&call(peer, &[("CF-IPCountry", code)]), &trusted);
            assert_eq!(country.map(|c| c.alpha2()), expected, "{name}");
        }
    }
}
