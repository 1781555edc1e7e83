//! What the tools say: what their schemas promise, the figures of the REST interface, and nothing that is
//! too long.

use serde_json::{Value, json};

use super::{call, found, post, server};
use crate::harness::{Client, Instance};

/// The schemas as they are listed.
fn listed(client: &mut Client) -> Vec<Value> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let reply = post(client, &[], body);
    assert!(reply.body.len() <= 16 << 10, "{} bytes", reply.body.len());
    reply.json()["result"]["tools"].as_array().unwrap().clone()
}

#[test]
fn every_answer_is_what_its_schema_promises() {
    let server = server();
    let mut client = server.connect();
    let tools = listed(&mut client);
    assert_eq!(
        tools[0]["name"], "search_models",
        "needs no arguments, and comes first"
    );
    let usage = json!({"input_tokens": 1000, "output_tokens": 500, "cached_input_tokens": 100, "requests": 7});
    let with = |name: &str, value: Value| {
        let mut all = usage.clone();
        all[name] = value;
        all
    };
    let rows = [
        ("search_models", json!({})),
        (
            "search_models",
            json!({"query": "claude 4", "provider": "Anthropic", "capabilities": ["tools", "vision"], "min_context_tokens": 1000, "max_input_usd_per_mtok": 20, "max_output_usd_per_mtok": 100.0, "sort": "context", "limit": 50}),
        ),
        ("estimate_cost", with("model_name", json!("gpt-4o"))),
        (
            "compare_costs",
            with(
                "model_names",
                json!(["gpt-4o", "claude-sonnet-4-5", "nothing"]),
            ),
        ),
        ("get_all_pricing", json!({"limit": 200})),
        ("get_all_pricing", json!({"provider": "openai"})),
        (
            "get_performance_metrics",
            json!({"limit": 50, "sort": "value", "include_cost": false}),
        ),
        ("get_performance_metrics", json!({"model_name": "gpt-4o"})),
        ("get_use_cases", json!({"limit": 50})),
        (
            "get_use_cases",
            json!({"use_case": "code review", "provider": "anthropic"}),
        ),
        (
            "get_telemetry",
            json!({"include_details": true, "limit": 3}),
        ),
    ];
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        let schema = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
        let input = jsonschema::validator_for(&tool["inputSchema"]).expect("a schema");
        let mut tried = 0;
        for (_, arguments) in rows.iter().filter(|(of, _)| *of == name) {
            assert!(input.is_valid(arguments), "{name} {arguments}");
            let answer = found(&mut client, name, arguments);
            let errors: Vec<String> = schema.iter_errors(&answer).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{name} {arguments}: {errors:?}");
            tried += 1;
        }
        assert!(tried > 0, "{name} is called");
    }
}

#[test]
fn figures_are_those_of_the_rest_interface() {
    let server = server();
    let mut client = server.connect();
    for (name, model, input, output, cached, requests) in [
        ("plain", "gpt-4o", 1_000, 500, 0, 1),
        ("cached", "gpt-4o", 123_457, 501, 1_001, 1),
        ("many", "claude-sonnet-4-5", 200_001, 7, 0, 1_000_003),
        ("beyond a threshold", "gemini-2.5-pro", 300_000, 10, 0, 3),
        ("nothing", "gpt-4o-mini", 0, 0, 0, 1),
    ] {
        let rest = json!({"model_name": model, "input_tokens": input, "output_tokens": output, "cache_read_input_tokens": cached, "requests": requests});
        let rest = client.post("/cost-estimate", rest.to_string()).json();
        let arguments = json!({"model_name": model, "input_tokens": input, "output_tokens": output, "cached_input_tokens": cached, "requests": requests});
        let mcp = found(&mut client, "estimate_cost", &arguments);
        let all = if requests > 1 {
            &rest["all_requests"]
        } else {
            &rest
        };
        assert_eq!(mcp["total_cost_usd"], all["total_cost"], "{name}");
        assert_eq!(mcp["output_cost_usd"], all["output_cost"], "{name}");
        if cached == 0 {
            assert_eq!(mcp["input_cost_usd"], all["input_cost"], "{name}");
        }
        assert_eq!(mcp["model"], rest["resolved_model"], "{name}");
        let mut several = arguments.clone();
        several["model_names"] = json!([model]);
        several.as_object_mut().unwrap().remove("model_name");
        let compared = found(&mut client, "compare_costs", &several);
        assert_eq!(
            compared["costs"][0]["total_cost_usd"], all["total_cost"],
            "{name}"
        );
    }
}

#[test]
fn what_is_free_does_not_win_a_comparison_here_either() {
    let server = server();
    let mut client = server.connect();
    let free = client.get("/pricing").json()["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["cost_per_input_token"] == 0 && row["cost_per_output_token"] == 0)
        .expect("a free listing")["id"]
        .clone();
    let arguments = json!({"model_names": [free, "gpt-4o", "gpt-4o-mini"], "input_tokens": 1000, "output_tokens": 500});
    let here = found(&mut client, "compare_costs", &arguments);
    let there = client
        .post("/cost-estimate/batch", arguments.to_string())
        .json();
    assert_eq!(here["costs"][0]["model"], free, "by cost it comes first");
    assert_eq!(
        here["difference_usd"],
        json!(0.00705),
        "of the two that are named"
    );
    assert_eq!(here["cheapest"], "openai/gpt-4o-mini");
    for (of_tool, of_api) in [
        ("cheapest", "cheapest_resolved_model"),
        ("most_expensive", "most_expensive_resolved_model"),
    ] {
        assert_eq!(here[of_tool], there[of_api], "{of_tool}");
    }
}

#[test]
fn what_the_rest_interface_warns_of_is_noted_here_too() {
    let server = server();
    let mut client = server.connect();
    for (name, model, word) in [
        ("a retired model", "claude-3-opus-20240229", "retired"),
        ("a snapshot nobody knows", "gpt-4o-2099-01-01", "snapshot"),
    ] {
        let arguments = json!({"model_name": model, "input_tokens": 1000, "output_tokens": 500});
        let there = client.post("/cost-estimate", arguments.to_string()).json();
        let warnings = there["warnings"].clone();
        assert!(warnings.to_string().contains(word), "{name}: {warnings}");
        let here = found(&mut client, "estimate_cost", &arguments);
        assert_eq!(here["notes"], warnings, "{name}");
        let several =
            json!({"model_names": [model, "gpt-4o"], "input_tokens": 1000, "output_tokens": 500});
        let here = found(&mut client, "compare_costs", &several);
        assert!(here["notes"].to_string().contains(word), "{name}: {here}");
    }
    let resold =
        json!({"model_name": "codestral-latest", "input_tokens": 1000, "output_tokens": 500});
    let here = found(&mut client, "estimate_cost", &resold);
    assert_eq!(here["model"], "mistral/codestral-latest");
    let note = here["notes"][0].as_str().expect("a note");
    assert!(note.contains("maker, Mistral AI"), "one of several: {note}");
}

#[test]
fn a_name_that_is_spelt_wrong_is_answered_with_those_that_are_like_it() {
    let server = server();
    let mut client = server.connect();
    let wrong = "gpt-4o-minni";
    let there = client.get(&format!("/models/{wrong}")).json();
    let suggestions = there["suggestions"]
        .as_array()
        .expect("suggestions")
        .clone();
    assert!(suggestions.contains(&json!("gpt-4o-mini")));
    let search = found(&mut client, "search_models", &json!({"query": wrong}));
    assert_eq!(
        (&search["total"], &search["nearest"]),
        (&json!(0), &there["suggestions"])
    );
    let compared = found(
        &mut client,
        "compare_costs",
        &json!({"model_names": ["gpt-4o", wrong], "input_tokens": 1, "output_tokens": 1}),
    );
    assert_eq!(compared["not_found"][0]["nearest"], there["suggestions"]);
    for (tool, arguments) in [
        (
            "estimate_cost",
            json!({"model_name": wrong, "input_tokens": 1, "output_tokens": 1}),
        ),
        ("get_performance_metrics", json!({"model_name": wrong})),
        (
            "compare_costs",
            json!({"model_names": [wrong], "input_tokens": 1, "output_tokens": 1}),
        ),
    ] {
        let result = call(&mut client, tool, &arguments);
        let text = result["content"][0]["text"].as_str().unwrap();
        for name in &suggestions {
            assert!(text.contains(name.as_str().unwrap()), "{tool}: {text}");
        }
    }
}

#[test]
fn a_length_is_counted_in_characters_and_an_empty_text_is_none() {
    let server = server();
    let mut client = server.connect();
    let name = "é".repeat(120);
    let arguments = json!({"model_names": ["gpt-4o", name], "input_tokens": 1, "output_tokens": 1});
    let costs = found(&mut client, "compare_costs", &arguments);
    assert_eq!(costs["not_found"][0]["model_name"], name);
    let all = found(
        &mut client,
        "search_models",
        &json!({"query": "", "provider": "", "cursor": ""}),
    );
    assert_eq!(all, found(&mut client, "search_models", &json!({})));
}

#[test]
fn a_price_that_there_is_not_is_left_out() {
    let server = server();
    let arguments = json!({"model_name": "text-embedding-3-small", "input_tokens": 1_000_000, "output_tokens": 0});
    let embedding = found(&mut server.connect(), "estimate_cost", &arguments);
    assert_eq!(embedding["prices"], json!({"input_usd_per_mtok": 0.02}));
    assert_eq!(embedding["total_cost_usd"], json!(0.02));
}

#[test]
fn what_is_wrong_is_said_to_the_model() {
    let server = server();
    let mut client = server.connect();
    let long = "x".repeat(5_000);
    for (name, tool, arguments, words) in [
        (
            "an unknown model",
            "estimate_cost",
            json!({"model_name": "gpt-4o-minni", "input_tokens": 1, "output_tokens": 1}),
            "gpt-4o-mini",
        ),
        (
            "nothing known",
            "compare_costs",
            json!({"model_names": ["zzz"], "input_tokens": 1, "output_tokens": 1}),
            "None of these models",
        ),
        (
            "too many",
            "search_models",
            json!({"limit": 500}),
            "limit must be a whole number from 1 to 50, got 500.",
        ),
        (
            "a fraction",
            "search_models",
            json!({"limit": 1.5}),
            "got 1.5",
        ),
        (
            "a number as text",
            "search_models",
            json!({"limit": "10"}),
            "limit must be a number, got a text.",
        ),
        (
            "an unknown argument",
            "search_models",
            json!({"max_price": 1}),
            "Unknown argument 'max_price'. Known: query",
        ),
        (
            "a missing argument",
            "estimate_cost",
            json!({"model_name": "gpt-4o", "input_tokens": 1}),
            "output_tokens is missing.",
        ),
        ("no arguments", "estimate_cost", json!({}), "is missing."),
        (
            "a part larger than its whole",
            "estimate_cost",
            json!({"model_name": "gpt-4o", "input_tokens": 1, "output_tokens": 1, "cached_input_tokens": 2}),
            "2 is more than 1",
        ),
        (
            "an unknown word",
            "search_models",
            json!({"sort": "best"}),
            "input_price, output_price, context, name",
        ),
        (
            "an unknown provider",
            "search_models",
            json!({"provider": "nobody"}),
            "Unknown provider 'nobody'",
        ),
        (
            "a long name",
            "estimate_cost",
            json!({"model_name": long, "input_tokens": 1, "output_tokens": 1}),
            "at most 200 characters",
        ),
        (
            "a cursor of nothing",
            "search_models",
            json!({"cursor": "x"}),
            "ask again without cursor",
        ),
        (
            "a negative price",
            "search_models",
            json!({"max_input_usd_per_mtok": -1}),
            "from 0",
        ),
    ] {
        let result = call(&mut client, tool, &arguments);
        assert_eq!(result["isError"], true, "{name}: {result}");
        assert!(result.get("structuredContent").is_none(), "{name}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(words), "{name}: {text}");
        assert!(text.len() <= 1_024, "{name}");
    }
    let whole = found(&mut client, "search_models", &json!({"limit": 2.0}));
    assert_eq!(
        whole["models"].as_array().unwrap().len(),
        2,
        "2.0 is a whole number"
    );
}

#[test]
fn a_call_is_counted_where_it_was_made() {
    let server = server();
    let mut client = server.connect();
    found(&mut client, "search_models", &json!({}));
    call(&mut client, "search_models", &json!({"limit": 0}));
    let statistics = found(&mut client, "get_telemetry", &json!({"limit": 1}));
    let tool = &statistics["tools"][0];
    assert_eq!(
        (&tool["name"], &tool["calls"], &tool["errors"]),
        (&json!("search_models"), &json!(2), &json!(1))
    );
    assert_eq!(
        (&statistics["requests"], &statistics["errors"]),
        (&json!(2), &json!(0))
    );
    let ms = |value: &Value| value.as_f64().expect("a time");
    let half = ms(&statistics["latency_ms_p50"]);
    let most = ms(&statistics["latency_ms_p95"]);
    assert!(0.0 < half && half <= most, "{statistics}");
    let of_tool = ms(&tool["latency_ms_p95"]);
    assert!(
        0.0 < of_tool && of_tool <= most,
        "a part of the whole: {statistics}"
    );
    let none = found(
        &mut client,
        "get_telemetry",
        &json!({"include_details": false}),
    );
    assert!(none.get("tools").is_none());
}

#[test]
fn a_replica_has_a_name_also_where_nobody_gave_it_one() {
    let named = Instance::with(&[("INSTANCE_ID", "green-7")]);
    let unnamed = server();
    let mut replicas = [&named, &unnamed]
        .map(|server| found(&mut server.connect(), "get_telemetry", &json!({}))["replica"].take());
    assert_eq!(replicas[0], "green-7");
    assert_eq!(replicas[1].take(), format!("process {}", unnamed.pid()));
}
