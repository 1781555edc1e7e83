//! Who is calling, and whether they may.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::error::Fault;
use crate::config::Access;
use crate::exchange::{Call, Headers};
use crate::telemetry::CountryCode;

/// Headers that say a request came through a proxy.
const FORWARDING_HEADERS: [&str; 4] = ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"];

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
    (
        last_untrusted_hop(&call.headers, trusted).unwrap_or(peer),
        country,
    )
}

/// Every proxy appends the address it was called from, so the list is believed from its end and
/// only as far as trusted proxies wrote it.
fn last_untrusted_hop(headers: &Headers, trusted: &[IpNet]) -> Option<IpAddr> {
    headers
        .all("X-Forwarded-For")
        .rev()
        .flat_map(|value| value.rsplit(','))
        .map_while(|hop| address(hop.trim()))
        .map(|hop| hop.to_canonical())
        .find(|hop| !is_trusted(*hop, trusted))
}

/// Some proxies append the port as well.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse().map(|address: SocketAddr| address.ip());
    hop.parse().or_else(|_| with_port()).ok()
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|range| range.contains(&address))
}

/// Business needs the API key, when there is one.
pub fn check_api_key(call: &Call, access: &Access) -> Result<(), Fault> {
    let Some(key) = &access.api_key else {
        return Ok(());
    };
    let header = &access.api_key_header;
    if key.is(call.headers.get(header).unwrap_or_default()) {
        return Ok(());
    }
    Err(Fault::KeyNeeded {
        header: header.clone(),
    })
}

/// Shutting down needs the token when there is one, and else a direct caller on this host: one
/// that came through a proxy here is not.
pub fn check_shutdown(call: &Call, access: &Access) -> Result<(), Fault> {
    if let Some(token) = &access.shutdown_token {
        let sent = call.headers.get("Authorization").and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("Bearer")
                .then_some(token.trim())
        });
        return if token.is(sent.unwrap_or_default()) {
            Ok(())
        } else {
            Err(Fault::TokenNeeded)
        };
    }
    let forwarded = FORWARDING_HEADERS
        .iter()
        .any(|name| call.headers.get(name).is_some());
    if call.peer.ip().to_canonical().is_loopback() && !forwarded {
        Ok(())
    } else {
        Err(Fault::NotLocal)
    }
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
        type Row = (
            &'static str,
            &'static str,
            &'static [(&'static str, &'static str)],
            &'static str,
        );
        let rows: [Row; 8] = [
            ("direct", "192.0.2.1", &[], "192.0.2.1"),
            (
                "untrusted peer is not believed",
                "192.0.2.1",
                &[(XFF, "1.1.1.1")],
                "192.0.2.1",
            ),
            ("one proxy", "10.0.0.1", &[(XFF, "192.0.2.7")], "192.0.2.7"),
            (
                "spoofed prefix",
                "10.0.0.1",
                &[(XFF, "1.1.1.1, 192.0.2.7")],
                "192.0.2.7",
            ),
            (
                "two proxies",
                "10.0.0.1",
                &[(XFF, "192.0.2.7, 10.1.1.1")],
                "192.0.2.7",
            ),
            (
                "two lines",
                "10.0.0.1",
                &[(XFF, "1.1.1.1"), (XFF, "192.0.2.7")],
                "192.0.2.7",
            ),
            (
                "with a port",
                "10.0.0.1",
                &[(XFF, "192.0.2.7:4711")],
                "192.0.2.7",
            ),
            ("garbage", "10.0.0.1", &[(XFF, "unknown")], "10.0.0.1"),
        ];
        for (name, peer, headers, expected) in rows {
            let (address, _) = client(&call(peer, headers), &trusted);
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
