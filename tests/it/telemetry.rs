//! What the service says was asked of it: counted by route, bounded, and believing only proxies it
//! trusts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Client, Instance};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0.0.0 Safari/537.36";

fn estimate(model: &str) -> String {
    json!({"model_name": model, "input_tokens": 1_000, "output_tokens": 500}).to_string()
}

fn telemetry(server: &Instance) -> Value {
    let reply = server.get("/telemetry");
    assert_eq!(reply.status, 200);
    reply.json()
}

/// The rows of a list by one of their fields.
fn by<'a>(telemetry: &'a Value, list: &str, field: &str) -> BTreeMap<&'a str, &'a Value> {
    let rows = telemetry[list].as_array().expect("a list");
    let by: BTreeMap<&str, &Value> = rows
        .iter()
        .map(|row| (row[field].as_str().expect("a text"), row))
        .collect();
    assert_eq!(by.len(), rows.len(), "{list}: each {field} once");
    by
}

#[test]
fn requests_are_counted_by_route_with_rates_in_percent() {
    let server = Instance::start();
    let mut client = server.connect();
    let get = |client: &mut Client, path: &str| client.get(path).status;
    for _ in 0..3 {
        assert_eq!(
            client.post("/cost-estimate", estimate("gpt-4o")).status,
            200
        );
    }
    assert_eq!(client.post("/cost-estimate", "{}").status, 422);
    for path in ["/pricing?provider=groq", "/pricing/", "/pricing?search=x"] {
        assert_eq!(get(&mut client, path), 200);
    }
    assert_eq!(client.request("HEAD", "/pricing", &[], b"").status, 200);
    let tag = client.get("/models").header("ETag").unwrap().to_owned();
    let known = [("If-None-Match", &*tag)];
    assert_eq!(client.request("GET", "/models", &known, b"").status, 304);
    assert_eq!(client.request("PUT", "/models", &[], b"").status, 405);
    assert_eq!(get(&mut client, "/nope"), 404);
    let large = "x".repeat(1_000_001);
    assert_eq!(server.post("/cost-estimate/batch", large).status, 413);

    let telemetry = telemetry(&server);
    let found: BTreeMap<&str, Value> = by(&telemetry, "endpoints", "endpoint")
        .into_iter()
        .map(|(endpoint, row)| {
            let counts = ["call_count", "error_count", "success_rate"].map(|field| &row[field]);
            (endpoint, json!(counts))
        })
        .collect();
    let expected = BTreeMap::from([
        ("POST /cost-estimate", json!([4, 1, 75.0])),
        ("POST /cost-estimate/batch", json!([1, 1, 0.0])),
        ("GET /pricing", json!([4, 0, 100.0])),
        ("GET /models", json!([2, 0, 100.0])),
        ("* (wrong method)", json!([1, 1, 0.0])),
        ("* (unknown path)", json!([1, 1, 0.0])),
    ]);
    assert_eq!(found, expected);
    let overall = &telemetry["overall_stats"];
    assert_eq!(overall["total_requests"], 13);
    assert_eq!(overall["total_errors"], 4);
    assert_eq!(overall["error_rate"].as_f64(), Some(400.0 / 13.0));
    assert_eq!(overall["total_endpoints"], 6);
    assert_eq!(overall["unique_clients"], 1);
    for (name, row) in by(&telemetry, "endpoints", "endpoint") {
        assert_eq!(
            name,
            format!(
                "{} {}",
                row["method"].as_str().unwrap(),
                row["path"].as_str().unwrap()
            )
        );
        let [min, avg, max] = ["min", "avg", "max"]
            .map(|kind| row[format!("{kind}_response_time_ms")].as_f64().unwrap());
        assert!(
            0.0 < min && min <= avg && avg <= max,
            "{name}: {min}, {avg}, {max}"
        );
        assert!(max < 20_000.0, "{name}: {max} ms");
        let [first, last, now] = [
            &row["first_called"],
            &row["last_called"],
            &telemetry["timestamp"],
        ]
        .map(|time| time.as_str().unwrap());
        assert!(
            first <= last && last <= now,
            "{name}: {first}, {last}, {now}"
        );
    }
}

#[test]
fn a_client_cannot_make_it_remember_more_by_asking_for_more() {
    let server = Instance::start();
    let mut client = server.connect();
    for number in 0..1_000 {
        let path = format!("/unknown-{number}?q={number}");
        let agent = format!("Mozilla/5.0 (agent {number}) Browser{number}/1.0");
        let headers = [("User-Agent", &*agent), ("CF-IPCountry", "DE")];
        assert_eq!(client.request("GET", &path, &headers, b"").status, 404);
    }
    for number in 0..100 {
        let body = estimate(&format!("model-{number}"));
        assert_eq!(client.post("/cost-estimate", body).status, 404);
        client.get(&format!("/pricing?provider=provider-{number}"));
        client.request("BREW", &format!("/unknown-{number}"), &[], b"");
    }
    let telemetry = telemetry(&server);
    let endpoints = by(&telemetry, "endpoints", "endpoint");
    assert_eq!(endpoints.len(), 3, "{endpoints:?}");
    assert_eq!(endpoints["* (unknown path)"]["call_count"], 1_100);
    assert_eq!(telemetry["provider_adoption"], json!([]));
    assert_eq!(telemetry["client_locations"], json!([]));
    let browsers = telemetry["top_browsers"].as_array().unwrap().len();
    assert!(browsers < 5, "{browsers} browsers");
    let text = telemetry.to_string();
    for raw in ["unknown-7", "model-7", "provider-7", "Browser7", "agent 7"] {
        assert!(!text.contains(raw), "{raw} is remembered");
    }
    assert!(text.len() < 10_000, "{} bytes", text.len());
}

#[test]
fn adoption_counts_what_was_priced_and_what_it_cost() {
    let server = Instance::start();
    let mut client = server.connect();
    for model in [
        "gpt-4o",
        "GPT-4o",
        "gpt-4o-mini",
        "claude-3-5-sonnet-20241022",
        "gpt-4p",
    ] {
        client.post("/cost-estimate", estimate(model));
    }
    let batch = json!({
        "model_names": ["gpt-4o-mini", "nope", "claude-3-5-haiku-20241022"],
        "input_tokens": 1_000, "output_tokens": 500,
    });
    assert_eq!(
        client
            .post("/cost-estimate/batch", batch.to_string())
            .status,
        200
    );
    let reply = server.get("/telemetry");
    let telemetry = reply.json();
    let found: BTreeMap<&str, Value> = by(&telemetry, "provider_adoption", "provider_name")
        .into_iter()
        .map(|(name, row)| {
            (
                name,
                json!([row["model_requests"], row["unique_models_requested"]]),
            )
        })
        .collect();
    let expected = BTreeMap::from([("OpenAI", json!([4, 2])), ("Anthropic", json!([2, 2]))]);
    assert_eq!(found, expected);
    assert_eq!(telemetry["overall_stats"]["total_providers_adopted"], 2);
    // Twice 0.0075 and twice 0.00045.
    let cost = r#""total_cost_estimated":0.0159,"#;
    assert!(reply.text().contains(cost), "{}", reply.text());
}

#[test]
fn features_are_counted_when_they_are_used() {
    let server = Instance::start();
    let mut client = server.connect();
    let tag = client.get("/use-cases").header("ETag").unwrap().to_owned();
    client.post("/cost-estimate", estimate("gpt-4o"));
    client.post("/cost-estimate", estimate("gpt-4o"));
    client.post("/cost-estimate", "{}");
    let batch = r#"{"model_names":[],"input_tokens":0,"output_tokens":0}"#;
    client.post("/cost-estimate/batch", batch);
    let workload = r#"{"input_tokens":1,"output_tokens":1,"provider":"groq","mode":"chat"}"#;
    client.post("/cost-estimate/cheapest", workload);
    client.post("/cost-estimate/cheapest", "{}");
    client.get("/models?provider=groq");
    client.get("/pricing?provider=nobody&include_retired=true");
    client.get("/performance?sort_by=cost&provider=groq");
    client.request("GET", "/pricing", &[("Accept-Encoding", "gzip")], b"");
    client.request("GET", "/use-cases", &[("If-None-Match", &tag)], b"");
    let telemetry = telemetry(&server);
    let found: BTreeMap<&str, u64> = by(&telemetry, "features", "feature_name")
        .into_iter()
        .map(|(name, row)| (name, row["usage_count"].as_u64().unwrap()))
        .collect();
    let expected = BTreeMap::from([
        ("cost_estimate", 2),
        ("cost_estimate_batch", 1),
        ("cost_estimate_cheapest", 1),
        ("provider_filter", 4),
        ("mode_filter", 1),
        ("include_retired", 1),
        ("sorting", 1),
        ("compressed_reply", 1),
        ("conditional_request", 1),
    ]);
    assert_eq!(found, expected);
    assert_eq!(
        telemetry["overall_stats"]["total_features_used"],
        expected.len()
    );
}

#[test]
fn browsers_are_told_apart_and_programs_left_out() {
    let server = Instance::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]);
    let mut client = server.connect();
    let rows = [
        (FIREFOX, "192.0.2.1"),
        (FIREFOX, "192.0.2.2"),
        (FIREFOX, "192.0.2.2"),
        (CHROME, "192.0.2.1"),
        ("curl/8.5.0", "192.0.2.3"),
        ("python-requests/2.32", "192.0.2.4"),
        ("", "192.0.2.5"),
    ];
    for (agent, address) in rows {
        let headers = [("User-Agent", agent), ("X-Forwarded-For", address)];
        client.request("GET", "/health", &headers, b"");
    }
    let telemetry = telemetry(&server);
    let found: BTreeMap<&str, Value> = by(&telemetry, "top_browsers", "browser_name")
        .into_iter()
        .map(|(name, row)| (name, json!([row["request_count"], row["unique_clients"]])))
        .collect();
    let expected = BTreeMap::from([("Firefox", json!([3, 2])), ("Chrome", json!([1, 1]))]);
    assert_eq!(found, expected);
    assert_eq!(
        telemetry["top_browsers"][0]["browser_name"], "Firefox",
        "most first"
    );
}

/// Country header, its value, the client behind the proxy.
const VISITORS: [(&str, &str, &str); 8] = [
    ("CF-IPCountry", "DE", "192.0.2.1"),
    ("CF-IPCountry", "de", "192.0.2.1"),
    ("CloudFront-Viewer-Country", "DE", "192.0.2.2"),
    ("X-Country-Code", "FR", "192.0.2.3, 127.0.0.9"),
    ("X-AppEngine-Country", "BR", "2001:db8::1"),
    ("CF-IPCountry", "QQ", "192.0.2.4"),
    ("CF-IPCountry", "T1", "not an address"),
    ("CF-IPCountry", "", "192.0.2.1"),
];

fn visit(server: &Instance) -> Value {
    let mut client = server.connect();
    for (name, country, forwarded) in VISITORS {
        let headers = [(name, country), ("X-Forwarded-For", forwarded)];
        assert_eq!(client.request("GET", "/health", &headers, b"").status, 200);
    }
    telemetry(server)
}

#[test]
fn a_trusted_proxy_is_believed_about_countries_and_clients() {
    let telemetry = visit(&Instance::with(&[(
        "TRUSTED_PROXIES",
        "10.0.0.0/8, 127.0.0.0/8",
    )]));
    assert_eq!(
        telemetry["client_locations"],
        json!([
            {"country": "Germany", "country_code": "DE", "request_count": 3, "unique_clients": 2},
            {"country": "Brazil", "country_code": "BR", "request_count": 1, "unique_clients": 1},
            {"country": "France", "country_code": "FR", "request_count": 1, "unique_clients": 1},
        ])
    );
    assert_eq!(telemetry["overall_stats"]["unique_countries"], 3);
    // Five forwarded addresses, and the proxy itself for the one it could not name.
    assert_eq!(telemetry["overall_stats"]["unique_clients"], 6);
}

#[test]
fn nobody_else_is_believed() {
    for environment in [&[][..], &[("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.0/24")]] {
        let telemetry = visit(&Instance::with(environment));
        assert_eq!(telemetry["client_locations"], json!([]), "{environment:?}");
        assert_eq!(telemetry["overall_stats"]["unique_countries"], 0);
        assert_eq!(
            telemetry["overall_stats"]["unique_clients"], 1,
            "{environment:?}"
        );
    }
}

#[test]
fn clients_are_counted_exactly_while_few_and_closely_when_many() {
    let server = Instance::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]);
    let mut seen = 0_u32;
    // The connections end up with different workers, so the counts of several are merged.
    for (total, tolerance) in [(1, 0), (20, 0), (60, 0), (5_000, 250)] {
        let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
        while seen < total {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + seen * 257);
            let address = address.to_string();
            let headers = [
                ("X-Forwarded-For", &*address),
                ("CF-IPCountry", "JP"),
                ("User-Agent", FIREFOX),
            ];
            let client = &mut clients[seen as usize % 4];
            // Twice, since a client that returns is no other.
            for _ in 0..2 {
                client.request("GET", "/health/live", &headers, b"");
            }
            seen += 1;
        }
        // Asking without a forwarded address would count the proxy as a client.
        let headers = [("X-Forwarded-For", "10.0.0.0")];
        let telemetry = server
            .connect()
            .request("GET", "/telemetry", &headers, b"")
            .json();
        for (name, count) in [
            ("overall", &telemetry["overall_stats"]["unique_clients"]),
            (
                "country",
                &telemetry["client_locations"][0]["unique_clients"],
            ),
            ("browser", &telemetry["top_browsers"][0]["unique_clients"]),
        ] {
            let count = count.as_i64().unwrap();
            let error = (count - i64::from(total)).abs();
            assert!(error <= tolerance, "{name}: {count} of {total}");
        }
    }
}
