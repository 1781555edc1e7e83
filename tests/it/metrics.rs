//! What Prometheus is told, and what it is told to make of it: both formats read by Prometheus' own
//! reader, figures held against what was done, and every name that is used against those there are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Instance, PATIENCE, wait_until};
use crate::tools::{output_of, promtool, python_tool, root, said_by};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Prints a line of JSON per sample: its name, labels and value.
const READER: &str = "
import json, sys
if sys.argv[1] == 'openmetrics':
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
else:
    from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([[s.name, s.labels, s.value] for f in families(sys.stdin.read()) for s in f.samples]))
";

/// Samples as Prometheus' own reader understands them.
struct Samples(Vec<(String, Value, f64)>);

impl Samples {
    fn read(text: &str, format: &str) -> Samples {
        let mut reader = python_tool("python")
            .args(["-c", READER, format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut input = reader.stdin.take().expect("it is piped");
        input.write_all(text.as_bytes()).expect("it reads");
        drop(input);
        let output = reader.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{format} cannot be read:\n{text}");
        Samples(serde_json::from_slice(&output.stdout).expect("samples"))
    }

    fn of(server: &Instance) -> Samples {
        Samples::read(&server.get("/metrics").text(), "text")
    }

    /// The sum over all samples of that name that have these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |own: &Value| labels.iter().all(|(label, value)| own[label] == *value);
        let found = self.0.iter();
        let found = found.filter(|(sample, own, _)| sample == name && has(own));
        found.map(|(_, _, value)| value).sum()
    }

    fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|(name, _, _)| &**name).collect()
    }
}

/// Has one of everything asked, so that there is a sample of every family.
fn busy_server() -> Instance {
    let server = Instance::with(&[("DEPLOYMENT_GROUP", "blue")]);
    let body = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
    assert_eq!(server.post("/cost-estimate", body).status, 200);
    server
}

#[test]
fn each_scraper_gets_the_format_it_reads() {
    let server = busy_server();
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                      application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    for (name, accept, media_type, format) in [
        ("Prometheus", prometheus, OPENMETRICS, "openmetrics"),
        ("curl", "*/*", TEXT, "text"),
        (
            "an old Prometheus",
            "text/plain;version=0.0.4",
            TEXT,
            "text",
        ),
    ] {
        let headers = [("Accept", accept)];
        let reply = server.connect().request("GET", "/metrics", &headers, b"");
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.header("Content-Type"), Some(media_type), "{name}");
        assert_eq!(reply.header("Vary"), Some("Accept"), "{name}");
        assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{name}");
        let samples = Samples::read(&reply.text(), format);
        let blue = [
            ("deployment_group", "blue"),
            ("version", llm_pricing::VERSION),
        ];
        assert_eq!(samples.sum("llm_pricing_build_info", &blue), 1.0, "{name}");
    }
}

#[test]
fn names_and_helps_are_as_prometheus_wants_them() {
    let text = busy_server().get("/metrics").text();
    let mut check = promtool()
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    check
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = check.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn what_was_done_is_what_is_counted() {
    let server = Instance::with(&[("RATE_LIMIT_PER_MINUTE", "8")]);
    let mut client = server.connect();
    let body = r#"{"model_name":"gpt-4o","input_tokens":1000,"output_tokens":500}"#;
    for _ in 0..5 {
        assert_eq!(client.post("/cost-estimate", body).status, 200);
    }
    assert_eq!(client.post("/cost-estimate", "{").status, 422);
    assert_eq!(client.request("HEAD", "/models", &[], b"").status, 200);
    assert_eq!(client.get("/models/nobody").status, 404);
    assert_eq!(client.get("/models").status, 429);
    assert_eq!(server.post("/health", "").status, 405);
    let mut bad = server.connect();
    bad.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_eq!(bad.receive().status, 400);
    let samples = Samples::of(&server);
    let requests = "llm_pricing_http_requests_total";
    for (name, labels, expected) in [
        (
            "estimates",
            &[
                ("route", "/cost-estimate"),
                ("method", "POST"),
                ("class", "2xx"),
            ][..],
            5.0,
        ),
        (
            "a bad body",
            &[("route", "/cost-estimate"), ("class", "4xx")],
            1.0,
        ),
        (
            "only a head",
            &[("route", "/models"), ("method", "HEAD"), ("class", "2xx")],
            1.0,
        ),
        (
            "a name in a path",
            &[("route", "/models/{model}"), ("class", "4xx")],
            1.0,
        ),
        (
            "too often",
            &[("route", "/models"), ("method", "GET"), ("class", "4xx")],
            1.0,
        ),
        (
            "a wrong method",
            &[("route", "(wrong method)"), ("class", "4xx")],
            1.0,
        ),
        ("nothing of ours", &[("class", "5xx")], 0.0),
    ] {
        assert_eq!(samples.sum(requests, labels), expected, "{name}");
    }
    for (name, metric, labels, expected) in [
        (
            "durations",
            "llm_pricing_http_request_duration_seconds_count",
            &[("route", "/cost-estimate")][..],
            6.0,
        ),
        (
            "all below infinity",
            "llm_pricing_http_request_duration_seconds_bucket",
            &[("route", "/cost-estimate"), ("le", "+Inf")],
            6.0,
        ),
        (
            "too often",
            "llm_pricing_refusals_total",
            &[("reason", "rate_limit")],
            1.0,
        ),
        (
            "two hosts",
            "llm_pricing_refusals_total",
            &[("reason", "bad_request")],
            1.0,
        ),
        (
            "priced",
            "llm_pricing_estimates_total",
            &[("provider", "OpenAI")],
            5.0,
        ),
        (
            "used",
            "llm_pricing_feature_uses_total",
            &[("feature", "cost_estimate")],
            5.0,
        ),
        ("in use", "llm_pricing_catalog_faulty", &[], 0.0),
    ] {
        assert_eq!(samples.sum(metric, labels), expected, "{name}: {metric}");
    }
    assert!(samples.sum("llm_pricing_catalog_models", &[]) > 3_000.0);
    assert!(samples.sum("process_resident_memory_bytes", &[]) > 1e6);
    assert!(samples.sum("process_open_fds", &[]) > 3.0);
}

#[test]
fn a_counter_never_goes_down() {
    let server = busy_server();
    let is_counter = |name: &str| {
        let ends = ["_total", "_count", "_sum", "_bucket"];
        ends.iter().any(|end| name.ends_with(end))
    };
    let mut before = BTreeMap::new();
    for round in 0..6 {
        std::thread::scope(|scope| {
            // Each connection is another worker's, which counts for itself.
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| drop(server.get("/health/live"))));
            }
            let samples = Samples::of(&server).0.into_iter();
            let counters = samples.filter(|(name, _, _)| is_counter(name));
            let now: BTreeMap<String, f64> = counters
                .map(|(name, labels, value)| (format!("{name}{labels}"), value))
                .collect();
            assert!(now.len() > 50, "round {round}: {}", now.len());
            for (name, value) in &before {
                assert!(now.get(name) >= Some(value), "round {round}: {name}");
            }
            before = now;
        });
    }
}

#[test]
fn a_drain_is_seen_from_its_beginning_to_its_end() {
    let mut server = Instance::with(&[("SHUTDOWN_DELAY_SECONDS", "600")]);
    let phase = |server: &Instance| -> String {
        let samples = Samples::of(server);
        let mut now = samples.0.into_iter();
        let now = now.find(|(name, _, value)| name == "llm_pricing_phase" && *value == 1.0);
        now.expect("there is one").1["phase"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(phase(&server), "ready");
    let remaining = |server: &Instance| {
        let samples = Samples::of(server);
        samples
            .names()
            .contains("llm_pricing_drain_remaining_seconds")
    };
    assert!(!remaining(&server), "nobody leaves");
    let mut held = server.hold_a_request();
    server.signal("TERM");
    wait_until("the lame duck", || phase(&server) == "lame_duck");
    server.signal("TERM");
    wait_until("the drain", || phase(&server) == "draining");
    let samples = Samples::of(&server);
    assert_eq!(samples.sum("llm_pricing_http_requests_in_flight", &[]), 1.0);
    let left = samples.sum("llm_pricing_drain_remaining_seconds", &[]);
    assert!(left > 0.0 && left <= PATIENCE.as_secs_f64() * 2.0, "{left}");
    assert_eq!(server.get("/pricing").status, 503);
    let shutting_down = [("reason", "shutting_down")];
    let refused = Samples::of(&server).sum("llm_pricing_refusals_total", &shutting_down);
    assert_eq!(refused, 1.0);
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 422);
    assert_eq!(server.wait_for_exit().code(), Some(0));
}

#[test]
fn every_alert_fires_when_it_should() {
    let folder = root().join("deploy/prometheus");
    for arguments in [
        &["check", "rules", "alerts.yml"][..],
        &["test", "rules", "alerts_test.yml"],
        &["check", "config", "--syntax-only", "scrape.yml"],
    ] {
        said_by(promtool().args(arguments).current_dir(&folder));
    }
    let alerts = std::fs::read_to_string(folder.join("alerts.yml")).unwrap();
    let tests = std::fs::read_to_string(folder.join("alerts_test.yml")).unwrap();
    let names = alerts
        .lines()
        .filter_map(|line| line.split_once("- alert: "));
    let untried: Vec<_> = names
        .map(|(_, name)| name)
        .filter(|name| !tests.contains(&format!("alertname: {name}\n        exp_alerts:")))
        .collect();
    assert!(untried.is_empty(), "never seen to fire: {untried:?}");
}

#[test]
fn a_rule_that_is_wrong_would_be_found() {
    let folder = std::env::temp_dir().join(format!("llm-pricing-rules-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let of = |name| std::fs::read_to_string(root().join("deploy/prometheus").join(name)).unwrap();
    std::fs::write(folder.join("alerts_test.yml"), of("alerts_test.yml")).unwrap();
    for (name, from, to) in [
        (
            "a phase that there is not",
            "phase=\"draining\"",
            "phase=\"drained\"",
        ),
        ("too patient", "for: 1m", "for: 10m"),
        ("another threshold", "> 0.01", "> 0.1"),
    ] {
        let alerts = of("alerts.yml");
        assert!(alerts.contains(from), "{name}");
        std::fs::write(folder.join("alerts.yml"), alerts.replace(from, to)).unwrap();
        let mut test = promtool();
        test.args(["test", "rules", "alerts_test.yml"])
            .current_dir(&folder);
        assert!(!output_of(&mut test).status.success(), "{name}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What looks like the name of a metric in a text.
fn names_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    words
        .filter(|word| word.starts_with("llm_pricing_") || word.starts_with("process_"))
        .collect()
}

#[test]
fn rules_dashboard_and_manual_name_what_there_is() {
    let mut server = busy_server();
    let mut held = server.hold_a_request();
    server.signal("TERM");
    server.wait_for_log("phase draining");
    let samples = Samples::of(&server);
    let mut known = samples.names();
    // A histogram has three of them, and is called by what they have in common.
    known.extend(
        samples
            .names()
            .iter()
            .filter_map(|name| name.strip_suffix("_bucket")),
    );
    for (file, at_least) in [
        ("deploy/prometheus/alerts.yml", 10),
        ("deploy/prometheus/alerts_test.yml", 4),
        ("deploy/prometheus/dashboard.json", 12),
        ("docs/BLUE_GREEN_DEPLOYMENT.md", 20),
        ("docs/OPERATIONS.md", 1),
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let named = names_in(&text);
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
        assert!(named.len() >= at_least, "{file}: {named:?}");
    }
    let dashboard =
        std::fs::read_to_string(root().join("deploy/prometheus/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
    held.send(" ".repeat(8_999));
    assert_eq!(held.receive().status, 422);
    server.wait_for_exit();
}
