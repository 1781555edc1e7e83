//! An operator's own prices: what the manual says of them is what happens, and what is wrong with
//! them is said before the start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::cli::{run, stderr};
use crate::harness::{Instance, binary};
use crate::lists::{get, rows, text};

/// A folder of one test's own.
pub fn folder(name: &str) -> PathBuf {
    let name = format!("{}-{name}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&path).expect("the folder is made");
    path
}

/// A catalogue of Acme's models `m0`, `m1`, ..., each at this price per million tokens in and out, with
/// the price in the version and in the source.
pub fn catalogue(price: usize, models: usize) -> String {
    let mut text = format!(
        "{{\"format\":\"llm-pricing catalogue\",\"format_version\":1,\"version\":\"v{price}\",\
         \"date\":\"2026-11-23\",\"source\":\"list {price}\",\"source_digest\":\"{price:064x}\",\
         \"unit\":\"USD per million tokens\",\"providers\":1,\"models\":{models}}}\n\
         {{\"slug\":\"acme\",\"name\":\"Acme\"}}\n"
    );
    let mut names: Vec<String> = (0..models).map(|model| format!("m{model}")).collect();
    names.sort();
    for name in names {
        text.push_str(&format!(
            "{{\"id\":\"acme/{name}\",\"name\":\"{name}\",\"mode\":\"chat\",\
             \"rates\":{{\"input\":\"{price}\",\"output\":\"{price}\"}}}}\n"
        ));
    }
    text
}

/// What a million tokens in and a million out cost, in that order.
pub fn costs(server: &Instance, model: &str) -> (f64, f64) {
    let body = json!({"model_name": model, "input_tokens": 1_000_000, "output_tokens": 1_000_000});
    let reply = server.post("/cost-estimate", body.to_string());
    assert_eq!(reply.status, 200, "{model}: {}", reply.text());
    let reply = reply.json();
    let cost = |field: &str| reply[field].as_f64().expect("a cost");
    (cost("input_cost"), cost("output_cost"))
}

fn row(list: &Value, id: &str) -> Value {
    let found = rows(list).iter().find(|row| row["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is listed")).clone()
}

/// The example of docs/CATALOGUE.md.
fn example() -> String {
    let manual = include_str!("../../docs/CATALOGUE.md");
    let (_, from) = manual.split_once("```json\n").expect("an example");
    from.split("```").next().unwrap().to_owned()
}

#[test]
fn the_example_of_the_manual_does_what_the_manual_says() {
    let path = folder("example").join("overrides.json");
    fs::write(&path, example()).unwrap();
    let plain = Instance::start();
    let server = Instance::with(&[("PRICING_OVERRIDES", path.to_str().unwrap())]);

    let prices = [
        ("single rates", "gpt-4o", (2.1, 10.0)),
        ("all rates", "claude-sonnet-4-5", (2.7, 13.5)),
        ("a model of one's own", "own/llama-70b", (0.2, 0.6)),
        ("an untouched one", "gpt-4o-mini", (0.15, 0.6)),
    ];
    for (name, model, expected) in prices {
        assert_eq!(costs(&server, model), expected, "{name}");
    }
    let list_price = costs(&plain, "mistral/mistral-large-latest");
    let discounted = costs(&server, "mistral/mistral-large-latest");
    assert_eq!(discounted.0, list_price.0 * 0.875, "12.5 % less");
    assert_eq!(discounted.1, list_price.1 * 0.875, "12.5 % less");

    let mut client = server.connect();
    let pricing = get(&mut client, "/pricing?include_retired=true");
    for (id, source) in [
        ("openai/gpt-4o", "framework agreement 2026-17"),
        ("anthropic/claude-sonnet-4-5", "order form of 2026-10-01"),
        (
            "mistral/mistral-large-latest",
            "framework agreement 2026-17",
        ),
    ] {
        assert_eq!(text(&row(&pricing, id), "source"), source, "{id}");
    }
    assert_eq!(text(&row(&pricing, "openai/gpt-4.1"), "status"), "retired");
    let own = row(&pricing, "own/llama-70b");
    assert_eq!(own["provider"], "Our own cluster");
    assert_eq!(
        (&own["throughput"], &own["latency_ms"]),
        (&json!(80.0), &json!(310.0))
    );
    assert_eq!(
        own["estimated_time_1m_tokens"], 12_500.0,
        "a million by 80 a second"
    );

    let performance = get(&mut client, "/performance?sort_by=throughput");
    let own = &rows(&performance)[0];
    assert_eq!(own["id"], "own/llama-70b", "the only one that was measured");
    // 80 / ((0.2 + 0.6) / 2 / 1e6 * 1000)
    assert_eq!(own["performance_score"], 200_000.0);
    let by = json!({"source": "our load test", "date": "2026-11-02"});
    assert_eq!(own["measured"], json!({"throughput": by, "latency": by}));
    for best in ["best_throughput", "lowest_latency"] {
        assert_eq!(performance[best], "llama-70b", "{best}");
    }
    let details = get(&mut client, "/models/own/llama-70b");
    assert_eq!(details["throughput"], 80.0);
    assert_eq!(details["measured"], own["measured"]);
    let by_latency = get(&mut client, "/performance?sort_by=latency");
    assert_eq!(rows(&by_latency)[0]["id"], "own/llama-70b");

    let metrics = get(&mut client, "/health/detailed")["metrics"].clone();
    let built_in = plain.get("/health/detailed").json()["metrics"]["catalog_version"].clone();
    let version = text(&metrics, "catalog_version");
    let base = built_in.as_str().unwrap();
    assert!(version.starts_with(&format!("{base}+")), "{version}");
    assert_eq!(text(&metrics, "overrides_file"), path.to_str().unwrap());
    assert_eq!(metrics["catalog_file"], Value::Null);
    assert_eq!(metrics["catalog_reloads"], 0);
}

#[test]
fn a_price_map_is_served_as_it_is_published() {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/litellm_model_prices.json");
    let server = Instance::with(&[("PRICING_CATALOG", map.to_str().unwrap())]);
    let built_in = Instance::start();
    for path in ["/models", "/pricing", "/performance", "/use-cases"] {
        assert_eq!(
            server.get(path).header("ETag"),
            built_in.get(path).header("ETag"),
            "{path}: the built-in catalogue is made of this very map"
        );
    }
    assert!(
        server.log().contains("azure_ai/jais-30b-chat"),
        "a mistake of unit is named"
    );
}

#[test]
fn a_catalogue_of_ones_own_replaces_the_built_in_one() {
    let path = folder("own").join("catalogue.jsonl");
    fs::write(&path, catalogue(3, 2)).unwrap();
    let server = Instance::with(&[("PRICING_CATALOG", path.to_str().unwrap())]);
    assert_eq!(costs(&server, "acme/m1"), (3.0, 3.0));
    let list = server.get("/models").json();
    assert_eq!(list["total_models"], 2);
    let metrics = server.get("/health/detailed").json()["metrics"].clone();
    assert_eq!(text(&metrics, "catalog_version"), "v3");
    assert_eq!(text(&metrics, "catalog_date"), "2026-11-23");
    assert_eq!(text(&metrics, "catalog_file"), path.to_str().unwrap());
}

fn start_with(setting: &str, path: &Path) -> Output {
    run(binary()
        .env("SERVER_HOST", "127.0.0.1")
        .env("SERVER_PORT", "0")
        .env(setting, path))
}

#[test]
fn a_file_that_cannot_be_used_stops_the_start_and_all_that_is_wrong_is_said() {
    let folder = folder("unusable");
    let head = "{\"format\": \"llm-pricing overrides\", \"source\": \"x\",\n";
    let two_faults = format!(
        "{head}\"models\": {{\n\"openai/gpt-4o\": {{\"rates\": {{\"input\": -1}}}},\n\
         \"openai/gpt-9\": {{\"deprecation_date\": \"soon\"}}}}}}"
    );
    let no_such_model =
        format!("{head}\"models\": {{\"openai/gpt-9\": {{\"can\": [\"vision\"]}}}}}}");
    let many: Vec<String> = (0..30).map(|n| format!("\"x{n}\": {{}}")).collect();
    let many = format!("{head}\"models\": {{{}}}}}", many.join(", "));
    let cut_short = &catalogue(1, 3)[..500];
    let rows: [(&str, &str, &str, &[&str]); 8] = [
        (
            "every fault",
            "PRICING_OVERRIDES",
            &two_faults,
            &[
                "2 problems",
                "line 3, openai/gpt-4o: ",
                "line 4, openai/gpt-9: ",
            ],
        ),
        (
            "a fault that shows beside the catalogue",
            "PRICING_OVERRIDES",
            &no_such_model,
            &["1 problem", "openai/gpt-9: no model"],
        ),
        (
            "many faults",
            "PRICING_OVERRIDES",
            &many,
            &[
                "30 problems",
                "x0: ",
                "and 10 more; llm-pricing catalog check",
            ],
        ),
        (
            "a catalogue for overrides",
            "PRICING_OVERRIDES",
            &catalogue(1, 1),
            &["this is a catalogue"],
        ),
        (
            "overrides for a catalogue",
            "PRICING_CATALOG",
            &two_faults,
            &["these are overrides"],
        ),
        (
            "cut short",
            "PRICING_CATALOG",
            cut_short,
            &["1 problem, line 5, model"],
        ),
        ("empty", "PRICING_CATALOG", "", &["EOF"]),
        (
            "a map of nothing",
            "PRICING_CATALOG",
            "{}",
            &["there is no model"],
        ),
    ];
    for (name, setting, content, parts) in rows {
        let path = folder.join("file");
        fs::write(&path, content).unwrap();
        let output = start_with(setting, &path);
        assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
        let said = stderr(&output);
        let first = said.lines().next().expect("a message");
        assert!(
            first.starts_with(&format!("llm-pricing: {setting}: ")),
            "{name}: {first}"
        );
        assert!(said.lines().count() <= 22, "{name}: {said}");
        for part in parts {
            assert!(said.contains(part), "{name} says {part:?}: {said}");
        }
    }
}
