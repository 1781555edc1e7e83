//! What an estimate says of itself, and which calls it refuses.

use serde_json::{Value, json};

use crate::harness::{Client, Instance};

/// What a model is warned of must not depend on the day the tests are run.
const MOMENT: &str = "2026-08-03T12:00:00Z";

/// An estimate of 1,000 and 500 tokens with these fields on top.
fn ask(client: &mut Client, model: &str, fields: &Value) -> (u16, Value) {
    let mut body = json!({
        "model_name": model, "input_tokens": 1_000, "output_tokens": 500, "as_of": MOMENT,
    });
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let reply = client.post("/cost-estimate", body.to_string());
    (reply.status, reply.json())
}

#[test]
fn what_is_odd_about_a_price_is_said() {
    let server = Instance::start();
    let mut client = server.connect();
    let rows = [
        ("gpt-4o", json!({}), None),
        (
            "azure/eu/gpt-4o-realtime-preview-2024-10-01",
            json!({}),
            Some("retired since 2025-03-26"),
        ),
        (
            "azure/eu/gpt-4o-realtime-preview-2024-10-01",
            json!({"as_of": "2025-03-25T00:00:00Z"}),
            Some("retires on 2025-03-26"),
        ),
        (
            "gpt-4o",
            json!({"input_tokens": 128_001}),
            Some("longer than the context window of 128000 tokens"),
        ),
        (
            "gpt-4o",
            json!({"output_tokens": 16_385}),
            Some("longer than the model's maximum of 16384 tokens"),
        ),
        ("gemini/gemini-exp-1206", json!({}), Some("free listing")),
        (
            "gpt-4o",
            json!({"service_tier": "ultrafast"}),
            Some("ultrafast price not published; standard used"),
        ),
        (
            "xai/grok-4.3",
            json!({"service_tier": "priority"}),
            Some("priced without service tiers; standard used instead of priority"),
        ),
        (
            "fireworks_ai/glm-5p3",
            json!({"service_tier": "priority"}),
            Some("although a priority price is published"),
        ),
        (
            "azure/gpt-5.4",
            json!({"service_tier": "flex", "cache_read_input_tokens": 10}),
            Some("flex price of cache reads not published; standard used"),
        ),
        (
            "gpt-5.4",
            json!({"service_tier": "priority", "input_tokens": 300_000}),
            Some("priority price of output above 272000 input tokens not published"),
        ),
        (
            "mistral/mistral-large-latest",
            json!({"service_tier": "batch"}),
            Some("half of the standard price assumed"),
        ),
        (
            "claude-sonnet-4-5",
            json!({"service_tier": "batch", "cache_creation_1h_input_tokens": 10}),
            Some("batch price of 1-hour cache writes not published"),
        ),
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            json!({"service_tier": "batch", "input_tokens": 200_000}),
            None,
        ),
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            json!({"service_tier": "batch", "input_tokens": 200_001}),
            Some("batch price of input above 200000 input tokens not published"),
        ),
        (
            "gpt-4o",
            json!({"speed": "fast"}),
            Some("no surcharge for fast mode published"),
        ),
        (
            "gpt-4o",
            json!({"region": "ap-south-1"}),
            Some("no surcharge for this region published"),
        ),
        ("gpt-4o", json!({"region": "global"}), None),
        (
            "gemini/gemini-2.5-pro",
            json!({"web_search_requests": 2}),
            Some("billed once per prompt"),
        ),
        (
            "perplexity/sonar",
            json!({"web_search_requests": 2, "search_context_size": "high"}),
            Some("priced at the low size"),
        ),
        (
            "perplexity/sonar",
            json!({"web_search_requests": 2, "search_context_size": "low"}),
            None,
        ),
        (
            "perplexity/sonar-deep-research",
            json!({"web_search_requests": 2, "search_context_size": "high"}),
            None,
        ),
        (
            "text-embedding-3-large",
            json!({}),
            Some("the output of an embedding is not billed"),
        ),
        (
            "azure/model-router",
            json!({}),
            Some("the router's own fee"),
        ),
        (
            "gpt-4o",
            json!({"cached_tokens": 5}),
            Some("unknown field 'cached_tokens' was ignored"),
        ),
    ];
    for (model, fields, expected) in rows {
        let (status, reply) = ask(&mut client, model, &fields);
        let place = format!("{model} with {fields}: {reply}");
        assert_eq!(status, 200, "{place}");
        let warnings = reply["warnings"].as_array().expect("warnings");
        match expected {
            Some(words) => assert!(
                warnings
                    .iter()
                    .any(|warning| warning.as_str().unwrap().contains(words)),
                "{words} in {place}"
            ),
            None => assert!(warnings.is_empty(), "nothing in {place}"),
        }
    }
}

#[test]
fn a_call_that_cannot_be_is_refused_and_told_why() {
    let server = Instance::start();
    let mut client = server.connect();
    let rows = [
        (
            json!({"cache_read_input_tokens": 600, "audio_input_tokens": 401}),
            "[\"body\"]",
            "their sum 1001 is more than 1000",
        ),
        (
            json!({"reasoning_tokens": 500, "audio_output_tokens": 1}),
            "[\"body\"]",
            "their sum 501 is more than 500",
        ),
        (
            json!({"cache_creation_input_tokens": -1}),
            "[\"body\",\"cache_creation_input_tokens\"]",
            "greater than or equal to 0",
        ),
        (
            json!({"service_tier": "turbo"}),
            "[\"body\",\"service_tier\"]",
            "'standard', 'flex', 'priority', 'balanced', 'ultrafast', 'batch'",
        ),
        (
            json!({"search_context_size": "huge"}),
            "[\"body\",\"search_context_size\"]",
            "'low', 'medium', 'high'",
        ),
        (
            json!({"inference_geo": "mars"}),
            "[\"body\",\"inference_geo\"]",
            "'us', 'global'",
        ),
        (
            json!({"vertex_location": "us east"}),
            "[\"body\",\"vertex_location\"]",
            "such as eu, us-east5 or global",
        ),
        (
            json!({"data_residency": "eu", "region": "us-east5"}),
            "[\"body\"]",
            "region and data_residency are different places",
        ),
        (
            json!({"inference_geo": "global", "region": "us"}),
            "[\"body\"]",
            "region and inference_geo are different places",
        ),
        (
            json!({"vertex_location": "global", "region": "europe-west4"}),
            "[\"body\"]",
            "region and vertex_location are different places",
        ),
        (
            json!({"as_of": "tomorrow"}),
            "[\"body\",\"as_of\"]",
            "RFC 3339",
        ),
        (
            json!({"as_of": "9999-12-31T23:59:59-01:00"}),
            "[\"body\",\"as_of\"]",
            "RFC 3339",
        ),
        (
            json!({"requests": 0}),
            "[\"body\",\"requests\"]",
            "greater than or equal to 1",
        ),
        (
            json!({"discount_percent": 100.5}),
            "[\"body\",\"discount_percent\"]",
            "0 to 100 with at most four decimals",
        ),
        (
            json!({"discount_percent": 0.00001}),
            "[\"body\",\"discount_percent\"]",
            "0 to 100 with at most four decimals",
        ),
    ];
    for (fields, place, words) in rows {
        let (status, reply) = ask(&mut client, "gpt-4o", &fields);
        assert_eq!(status, 422, "{fields}: {reply}");
        let problems = reply["detail"].as_array().expect("problems");
        assert_eq!(problems.len(), 1, "{fields}: {reply}");
        assert_eq!(problems[0]["loc"].to_string(), place, "{fields}");
        let message = problems[0]["msg"].as_str().unwrap();
        assert!(message.contains(words), "{fields}: {message}");
    }
    let all_wrong = json!({"service_tier": 1, "as_of": 2, "requests": 1.5, "input_tokens": null});
    let (_, reply) = ask(&mut client, "gpt-4o", &all_wrong);
    assert_eq!(reply["detail"].as_array().unwrap().len(), 4, "{reply}");
}

#[test]
fn a_price_nobody_published_is_not_zero() {
    let server = Instance::start();
    let mut client = server.connect();
    for (model, fields, words) in [
        (
            "deepseek/deepseek-chat",
            json!({"web_search_requests": 1}),
            "web searches",
        ),
        ("gpt-4o", json!({"citation_tokens": 1}), "citation tokens"),
        (
            "claude-sonnet-4-5",
            json!({"service_tier": "fast"}),
            "OpenAI's word for 'priority'",
        ),
        (
            "twelvelabs.pegasus-1-2-v1:0",
            json!({}),
            "no price per input token",
        ),
        (
            "o1-pro",
            json!({"input_tokens": 1_000_000_000_000_000u64, "requests": 1_000_000_000_000u64}),
            "beyond what can be stated exactly",
        ),
    ] {
        let (status, reply) = ask(&mut client, model, &fields);
        assert_eq!(status, 422, "{model} with {fields}: {reply}");
        let detail = reply["detail"].as_str().expect("a sentence");
        assert!(detail.contains(words), "{model} with {fields}: {detail}");
    }
}

#[test]
fn a_discount_comes_off_every_cost_and_many_calls_cost_as_many_times_more() {
    let server = Instance::start();
    let mut client = server.connect();
    let fields = json!({"requests": 30, "discount_percent": 12.5, "web_search_requests": 2});
    let (_, reply) = ask(&mut client, "claude-sonnet-4-5", &fields);
    // 1,000 tokens at 3 USD a million, 500 at 15 and two searches at 0.01, less an eighth.
    for (cost, one, all) in [
        ("input_cost", "0.002625", "0.07875"),
        ("output_cost", "0.0065625", "0.196875"),
        ("tool_cost", "0.0175", "0.525"),
        ("total_cost", "0.0266875", "0.800625"),
    ] {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(reply[cost], number(one), "{cost}");
        assert_eq!(reply["all_requests"][cost], number(all), "{cost} of all");
    }
    assert_eq!(
        reply["multipliers"],
        json!([{"reason": "discount", "factor": 0.875}])
    );
    let (_, free) = ask(&mut client, "gpt-4o", &json!({"discount_percent": 100}));
    assert_eq!(free["total_cost"], 0);
}

#[test]
fn a_surcharge_is_charged_once_however_the_place_is_named() {
    let server = Instance::start();
    let mut client = server.connect();
    let sonnet = "vertex_ai/claude-sonnet-4-5";
    for (model, fields, reason) in [
        ("gpt-5.4", json!({"region": "eu"}), Some("processing_eu")),
        (
            "gpt-5.4",
            json!({"region": "europe-west4", "data_residency": "eu"}),
            Some("processing_eu"),
        ),
        (
            "gpt-5.4",
            json!({"region": "global", "data_residency": "global"}),
            None,
        ),
        (
            sonnet,
            json!({"region": "eu", "vertex_location": "europe-west4"}),
            Some("regional_endpoint"),
        ),
        (sonnet, json!({"vertex_location": "GLOBAL"}), None),
        (
            sonnet,
            json!({"vertex_location": "global-1"}),
            Some("regional_endpoint"),
        ),
    ] {
        let (status, reply) = ask(&mut client, model, &fields);
        assert_eq!(status, 200, "{model} with {fields}: {reply}");
        let expected = reason.map(|reason| json!({"reason": reason, "factor": 1.1}));
        let expected: Vec<Value> = expected.into_iter().collect();
        assert_eq!(reply["multipliers"], json!(expected), "{model} {fields}");
    }
}

#[test]
fn openais_fast_is_its_priority_tier() {
    let server = Instance::start();
    let mut client = server.connect();
    let tier = |client: &mut Client, tier: &str| {
        let (_, mut reply) = ask(client, "gpt-4o", &json!({"service_tier": tier}));
        reply["timestamp"] = Value::Null;
        reply
    };
    let priority = tier(&mut client, "priority");
    assert_eq!(priority["service_tier"], "priority");
    for word in ["fast", "Priority", "FAST"] {
        assert_eq!(tier(&mut client, word), priority, "{word}");
    }
    for word in ["auto", "default", "STANDARD"] {
        assert_eq!(
            tier(&mut client, word)["service_tier"],
            "standard",
            "{word}"
        );
    }
}

#[test]
fn a_comparison_in_a_browser_is_the_batch() {
    let server = Instance::start();
    let mut client = server.connect();
    let compared = client.get(
        "/compare?models=gpt-4o,%20nope&models=gpt-4o-mini&input_tokens=1000&output_tokens=500\
         &service_tier=batch&cache_read_input_tokens=100&discount_percent=12.5&requests=3\
         &as_of=2026-08-03T12:00:00Z&region=eu",
    );
    assert_eq!(compared.status, 200, "{}", compared.text());
    let batch = json!({
        "model_names": ["gpt-4o", "nope", "gpt-4o-mini"], "input_tokens": 1_000,
        "output_tokens": 500, "service_tier": "batch", "cache_read_input_tokens": 100,
        "discount_percent": 12.5, "requests": 3, "as_of": MOMENT, "region": "eu",
    });
    let batch = client.post("/cost-estimate/batch", batch.to_string());
    let unstamped = |mut reply: Value| {
        reply["timestamp"] = Value::Null;
        reply
    };
    assert_eq!(unstamped(compared.json()), unstamped(batch.json()));

    let refused = client.get("/compare?input_tokens=many&output_tokens=1");
    assert_eq!(refused.status, 422);
    let problems = refused.json()["detail"].clone();
    assert_eq!(problems[0]["loc"], json!(["query", "models"]));
    assert_eq!(problems[1]["loc"], json!(["query", "input_tokens"]));
    assert_eq!(problems.as_array().unwrap().len(), 2, "{problems}");
}
