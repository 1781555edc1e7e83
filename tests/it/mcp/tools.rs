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
            "1 to 200 bytes",
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

/// Every row of a list, page by page, each page asked of the next server.
fn walk(servers: &[&Instance], tool: &str, limit: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut arguments = json!({"limit": limit});
    for server in servers.iter().cycle() {
        let page = found(&mut server.connect(), tool, &arguments);
        let rows = page["models"].as_array().unwrap();
        names.extend(
            rows.iter()
                .map(|row| row["model"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page.get("next_cursor") else {
            assert_eq!(page["total"], names.len());
            break;
        };
        arguments["cursor"] = cursor.clone();
    }
    names
}

#[test]
fn a_list_goes_on_at_whichever_instance_is_asked() {
    let (blue, green) = (server(), server());
    let mut all = walk(&[&blue, &green], "get_all_pricing", 200);
    let total = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), total, "no row comes twice");
    let listed = blue.get("/pricing").json()["models"]
        .as_array()
        .unwrap()
        .len();
    assert!(total <= listed && total > 3_000, "{total} of {listed}");

    let first = found(&mut blue.connect(), "search_models", &json!({"limit": 1}));
    let other = json!({"query": "gpt", "cursor": first["next_cursor"]});
    let result = call(&mut green.connect(), "search_models", &other);
    assert_eq!(result["isError"], true, "a cursor is of one question");
}

#[test]
fn a_call_is_counted_where_it_was_made() {
    let server = server();
    let mut client = server.connect();
    found(&mut client, "search_models", &json!({}));
    call(&mut client, "search_models", &json!({"limit": 0}));
    let statistics = found(&mut client, "get_telemetry", &json!({"limit": 1}));
    assert_eq!(
        statistics["tools"],
        json!([{"name": "search_models", "calls": 2, "errors": 1}])
    );
}
