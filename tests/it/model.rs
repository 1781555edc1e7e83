//! `/models/{model}`: one model with everything known.

use serde_json::{Value, json};

use crate::harness::Instance;
use crate::lists::{get, rows, text};

#[test]
fn a_model_is_found_by_every_name_however_it_is_escaped() {
    let server = Instance::start();
    let mut client = server.connect();
    for (name, path, id) in [
        ("a name", "gpt-4o", "openai/gpt-4o"),
        ("an id with its slash", "openai/gpt-4o", "openai/gpt-4o"),
        ("an escaped slash", "openai%2Fgpt-4o", "openai/gpt-4o"),
        ("a small escape", "openai%2fgpt-4o", "openai/gpt-4o"),
        ("capitals", "OpenAI/GPT-4o", "openai/gpt-4o"),
        ("a trailing slash", "openai/gpt-4o/", "openai/gpt-4o"),
        ("needless escapes", "%67pt%2D4o", "openai/gpt-4o"),
        (
            "an at sign",
            "vertex_ai/claude-sonnet-4-5%4020250929",
            "vertex_ai/claude-sonnet-4-5@20250929",
        ),
        (
            "a bare at sign",
            "vertex_ai/claude-sonnet-4-5@20250929",
            "vertex_ai/claude-sonnet-4-5@20250929",
        ),
        (
            "a colon",
            "anthropic.claude-3-haiku-20240307-v1%3A0",
            "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
        ),
        (
            "many slashes",
            "fireworks_ai/accounts/fireworks/models/deepseek-v3",
            "fireworks_ai/accounts/fireworks/models/deepseek-v3",
        ),
    ] {
        let model = get(&mut client, &format!("/models/{path}"));
        assert_eq!(model["id"], id, "{name}");
    }
}

#[test]
fn an_unknown_model_is_404_with_the_closest_names() {
    let server = Instance::start();
    for (path, wanted) in [
        ("gpt-4p", "gpt-4"),
        ("openai%2Fgpt-4p", "gpt-4"),
        ("qqqqzzzz", "GET /models"),
        ("%FF%FE", "GET /models"),
    ] {
        let reply = server.get(&format!("/models/{path}"));
        assert_eq!(reply.status, 404, "{path}");
        let detail = reply.json()["detail"].clone();
        assert!(
            detail.as_str().unwrap().contains(wanted),
            "{path}: {detail}"
        );
    }
    assert_eq!(server.post("/models/gpt-4o", "").status, 405);
}

#[test]
fn every_rate_says_for_which_tokens_above_what_and_in_which_tier() {
    let server = Instance::start();
    let mut client = server.connect();
    let rate = |model: &Value, name: &str| -> Value {
        let rates = model["rates"].as_array().unwrap();
        let found = rates.iter().find(|rate| rate["rate"] == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {model}"))
            .clone()
    };
    let model = get(&mut client, "/models/gpt-5.4");
    for (name, component, above, tier, per_token, per_million) in [
        ("input", "input", 0, "standard", 0.000_002_5, 2.5),
        ("output@flex", "output", 0, "flex", 0.000_007_5, 7.5),
        (
            "input>272k@batch",
            "input",
            272_000,
            "batch",
            0.000_002_5,
            2.5,
        ),
        (
            "output>272k",
            "output",
            272_000,
            "standard",
            0.000_022_5,
            22.5,
        ),
    ] {
        let expected = json!({
            "rate": name,
            "component": component,
            "above_input_tokens": above,
            "service_tier": tier,
            "per_token": per_token,
            "per_million": per_million,
        });
        assert_eq!(rate(&model, name), expected, "{name}");
    }
}

#[test]
fn rare_prices_are_told_too() {
    let server = Instance::start();
    let mut client = server.connect();
    let stepped = get(&mut client, "/models/dashscope/qwen-plus-2025-07-28");
    let steps = stepped["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[1]["above_input_tokens"], 256_000);
    assert_eq!(steps[1]["rates"][0]["per_million"], json!(1.2));

    let night = get(&mut client, "/models/deepseek/deepseek-v4-pro")["off_peak"].clone();
    assert_eq!(night["weekday_timezone"], "UTC");
    assert_eq!(
        night["windows"][1],
        json!({"hours_utc": ["00:00-00:00"], "weekdays": [6, 7]})
    );
    assert_eq!(night["rates"][0]["per_million"], json!(0.66));

    let search = get(&mut client, "/models/gemini/gemini-2.5-pro")["web_search"].clone();
    assert_eq!(search["usd_per_search"]["medium"], json!(0.035));
    assert_eq!(
        search["free_requests"],
        json!({"count": 10_000, "period": "day", "shared_group": "gemini-2.5-pro"})
    );

    let uplifts = get(&mut client, "/models/claude-opus-5-5")["uplifts"].clone();
    assert_eq!(
        uplifts,
        json!([
            {"reason": "inference_us", "factor": 1.1},
            {"reason": "speed_fast", "factor": 2},
        ])
    );
    let filmed = get(&mut client, "/models/twelvelabs.pegasus-1-2-v1:0");
    assert!(!filmed["units"].as_array().unwrap().is_empty(), "{filmed}");
}

#[test]
fn a_model_says_of_itself_what_the_lists_say_of_it() {
    let server = Instance::start();
    let mut client = server.connect();
    let pricing = get(&mut client, "/pricing?include_retired=true");
    let use_cases = get(&mut client, "/use-cases?include_retired=true");
    for (priced, described) in rows(&pricing).iter().zip(rows(&use_cases)).step_by(97) {
        let id = text(priced, "id");
        let model = get(&mut client, &format!("/models/{id}"));
        for field in [
            "id",
            "model_name",
            "provider",
            "mode",
            "context_window",
            "max_output_tokens",
            "status",
            "deprecation_date",
            "source",
            "best_for",
            "use_cases",
            "strengths",
            "currency",
        ] {
            assert_eq!(model[field], priced[field], "{id}: {field}");
        }
        for field in ["id", "blended_usd_per_1m_tokens"] {
            assert_eq!(model[field], described[field], "{id}: {field}");
        }
        let base = model["rates"].as_array().unwrap().iter();
        for rate in base.filter(|rate| rate["rate"] == "input") {
            assert_eq!(rate["per_token"], priced["cost_per_input_token"], "{id}");
        }
        let slug = text(&model, "provider_slug");
        assert!(id.starts_with(&format!("{slug}/")), "{id} is of {slug}");
        let of_provider = get(&mut client, &format!("/pricing?limit=0&provider={slug}"));
        assert_eq!(
            of_provider["provider_status"][0]["provider_name"],
            model["provider"]
        );
    }
}

#[test]
fn what_nobody_said_of_a_model_is_neither_can_nor_cannot() {
    let server = Instance::start();
    let mut client = server.connect();
    let model = get(&mut client, "/models/gpt-4o");
    let has = |list: &str, capability: &str| {
        let list = model["capabilities"][list].as_array().unwrap();
        list.contains(&json!(capability))
    };
    assert!(has("can", "vision") && !has("cannot", "vision"));
    assert!(!has("can", "video_output") && !has("cannot", "video_output"));
    assert_eq!(
        (&model["v1_name"], &model["is_free_listing"]),
        (&json!("gpt-4o"), &json!(false))
    );
    let header: Value = include_str!("../../src/catalog/data/catalog.jsonl")
        .lines()
        .next()
        .map(|line| serde_json::from_str(line).unwrap())
        .unwrap();
    let date = json!(format!("{}T00:00:00.000Z", text(&header, "date")));
    let catalog = json!({"version": header["version"], "date": date});
    assert_eq!(model["catalog"], catalog);
    assert_eq!(model["price_as_of"], date);
}

#[test]
fn who_has_a_model_already_is_not_sent_it_again() {
    let server = Instance::start();
    let mut client = server.connect();
    for encoding in ["identity", "gzip"] {
        let accept = ("Accept-Encoding", encoding);
        let full = client.request("GET", "/models/gpt-5.4", &[accept], b"");
        assert_eq!(full.status, 200);
        assert_eq!(
            full.header("Content-Encoding"),
            (encoding == "gzip").then_some("gzip")
        );
        let tag = full.header("ETag").expect("a tag").to_owned();
        for path in ["/models/gpt-5.4", "/models/openai%2Fgpt-5.4"] {
            let known = client.request("GET", path, &[accept, ("If-None-Match", &tag)], b"");
            assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        }
        let other = client.request("GET", "/models/gpt-5", &[("If-None-Match", &tag)], b"");
        assert_eq!(other.status, 200, "another model");
        let head = client.request("HEAD", "/models/gpt-5.4", &[accept], b"");
        assert_eq!(head.header("Content-Length"), full.header("Content-Length"));
    }
}

#[test]
fn telemetry_knows_the_route_and_never_the_name() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in [
        "/models/gpt-4o",
        "/models/openai/gpt-4o",
        "/models/nobody-knows-it",
    ] {
        client.get(path);
    }
    let telemetry = get(&mut client, "/telemetry");
    let endpoints = telemetry["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 1, "{endpoints:?}");
    assert_eq!(endpoints[0]["endpoint"], "GET /models/{model}");
    assert_eq!(endpoints[0]["call_count"], 3);
    assert_eq!(endpoints[0]["error_count"], 1);
    let features = telemetry["features"].as_array().unwrap();
    assert_eq!(features[0]["feature_name"], "model_details");
    assert_eq!(features[0]["usage_count"], 2);
}
