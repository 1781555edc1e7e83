//! What a call costs, asked by every name there is, one at a time and in batches.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{Client, Instance, Response};

/// A model of the v1 service. The file is frozen.
#[derive(Deserialize)]
struct V1Model {
    provider: String,
    model_name: String,
}

fn v1_models() -> Vec<V1Model> {
    let models: Vec<V1Model> =
        serde_json::from_str(include_str!("../data/v1_models.json")).expect("v1's models");
    assert_eq!(models.len(), 87);
    models
}

fn estimate(client: &mut Client, name: &str) -> Response {
    let body = json!({"model_name": name, "input_tokens": 1_000, "output_tokens": 500});
    client.post("/cost-estimate", body.to_string())
}

fn batch(client: &mut Client, names: &[&str]) -> Value {
    let body = json!({"model_names": names, "input_tokens": 1_000, "output_tokens": 500});
    let reply = client.post("/cost-estimate/batch", body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[test]
fn the_example_of_the_documentation_costs_what_it_says() {
    let reply = estimate(&mut Instance::start().connect(), "gpt-4o");
    let text = reply.text();
    for part in [
        r#""model_name":"gpt-4o""#,
        r#""provider":"OpenAI""#,
        r#""input_tokens":1000"#,
        r#""output_tokens":500"#,
        r#""input_cost":0.0025"#,
        r#""output_cost":0.005"#,
        r#""total_cost":0.0075"#,
        r#""currency":"USD""#,
    ] {
        assert!(text.contains(&format!("{part},")), "{part} in {text}");
    }
}

#[test]
fn whoever_priced_a_model_with_v1_can_price_it_here() {
    let server = Instance::start();
    let mut client = server.connect();
    let listed = client.get("/models").json()["models_by_provider"].clone();
    let mut owners = BTreeMap::new();
    for model in v1_models() {
        let (name, provider) = (model.model_name, model.provider);
        // Of two providers with one name v1 found the first; the other has the name in its id.
        let owner = owners.entry(name.clone()).or_insert(provider.clone());
        let asked = if *owner == provider {
            name.clone()
        } else {
            let names = listed[&provider].as_array().unwrap();
            let ids = names.iter().filter_map(Value::as_str);
            let mut ids = ids.filter(|id| id.ends_with(&format!("/{name}")));
            ids.next().expect("the other one is listed").to_owned()
        };
        let reply = estimate(&mut client, &asked);
        assert_eq!(reply.status, 200, "{asked}: {}", reply.text());
        let costs = reply.json();
        assert_eq!(costs["provider"], *provider, "{asked}");
        assert_eq!(costs["model_name"], *name, "{asked}");
        assert_ne!(costs["total_cost"], 0, "{asked}");
    }
}

#[test]
fn every_listed_name_can_be_priced_or_says_why_not() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in ["/models", "/models?include_retired=true"] {
        let names = client.get(path).json()["all_models"].clone();
        let names: Vec<&str> = names
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut unpriced = Vec::new();
        for names in names.chunks(1_000) {
            let rows = batch(&mut client, names)["models"].clone();
            for (name, row) in names.iter().zip(rows.as_array().unwrap()) {
                if row["is_available"] == true {
                    assert_eq!(row["error_message"], Value::Null, "{name}");
                } else {
                    unpriced.push((*name, row["error_message"].as_str().unwrap().to_owned()));
                }
            }
        }
        assert!(unpriced.len() < 20, "most have a price: {unpriced:?}");
        for (name, why) in unpriced {
            assert!(
                why.contains("no price per") || why.contains("no standard price"),
                "{name}: {why}"
            );
            let alone = estimate(&mut client, name);
            assert_eq!(alone.status, 422, "{name} is known but has no price");
            let detail = alone.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(&why), "{name}: {detail}");
        }
    }
}

#[test]
fn a_name_is_found_in_any_case() {
    let server = Instance::start();
    let mut client = server.connect();
    for (asked, name) in [
        ("GPT-4O", "gpt-4o"),
        ("Claude-3-5-Sonnet-20241022", "claude-3-5-sonnet-20241022"),
        ("OPENAI/gpt-4o", "gpt-4o"),
        (" gpt-4o ", "gpt-4o"),
    ] {
        let reply = estimate(&mut client, asked);
        assert_eq!(reply.status, 200, "{asked}: {}", reply.text());
        assert_eq!(reply.json()["model_name"], name, "{asked}");
    }
    let models = v1_models();
    let names: Vec<&str> = models.iter().map(|model| &*model.model_name).collect();
    let upper: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    // How the name was found is all that differs.
    let mut rows = |names: &[&str]| {
        let mut rows = batch(&mut client, names)["models"].take();
        for row in rows.as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("match");
        }
        rows
    };
    assert_eq!(rows(&upper), rows(&names));
}

#[test]
fn an_unknown_name_is_404_with_the_names_it_may_have_been() {
    let server = Instance::start();
    let mut client = server.connect();
    let rows = [
        ("a letter wrong", "gpt-4p", "gpt-4"),
        ("a letter more", "gpt-4oo", "gpt-4o"),
        (
            "words in another order",
            "claude-4-5-sonnet",
            "claude-sonnet-4-5",
        ),
        (
            "a word missing",
            "claude-3-sonnet-20240230",
            "claude-3-sonnet-20240229",
        ),
    ];
    for (name, asked, near) in rows {
        let reply = estimate(&mut client, asked);
        assert_eq!(reply.status, 404, "{name}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        let (before, closest) = detail.split_once("; closest: ").expect(name);
        assert_eq!(before, format!("Model '{asked}' not found"), "{name}");
        assert!(closest.contains(near), "{name}: {closest}");
        for suggestion in closest.split(", ") {
            assert_eq!(
                estimate(&mut client, suggestion).status,
                200,
                "{name}: {suggestion}"
            );
        }
    }
    for (name, asked) in [("nothing like it", "zzzzzzzzzzzz"), ("markup", "<b>")] {
        let reply = estimate(&mut client, asked);
        assert_eq!(reply.status, 404, "{name}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(&format!("Model '{asked}' not found")),
            "{name}: {detail}"
        );
    }
}

#[test]
fn a_batch_keeps_its_order_and_its_unknown_names() {
    let server = Instance::start();
    let mut client = server.connect();
    let asked = ["gpt-4o", "nope", "GPT-4o-mini", "gpt-4o", "gpt-4"];
    let reply = batch(&mut client, &asked);
    let rows = reply["models"].as_array().unwrap();
    let names: Vec<&Value> = rows.iter().map(|row| &row["model_name"]).collect();
    assert_eq!(names, ["gpt-4o", "nope", "gpt-4o-mini", "gpt-4o", "gpt-4"]);
    for (name, row) in asked.iter().zip(rows).filter(|(name, _)| **name != "nope") {
        let alone = estimate(&mut client, name).json();
        for field in [
            "model_name",
            "provider",
            "input_cost",
            "output_cost",
            "total_cost",
        ] {
            assert_eq!(row[field], alone[field], "{name}: {field}");
        }
        assert_eq!(row["is_available"], true, "{name}");
        assert_eq!(row["error_message"], Value::Null, "{name}");
    }
    let unknown = json!({
        "model_name": "nope", "provider": "unknown", "input_cost": 0, "output_cost": 0,
        "total_cost": 0, "cost_per_1m_tokens": 0, "is_available": false,
        "error_message": "Model 'nope' not found",
    });
    for (field, value) in unknown.as_object().unwrap() {
        assert_eq!(rows[1][field], *value, "{field}");
    }
    // 1000 x 2.5e-6 + 500 x 1e-5, by 1500 tokens.
    assert_eq!(rows[0]["cost_per_1m_tokens"], 5);
    assert_eq!(reply["cheapest_model"], "gpt-4o-mini");
    assert_eq!(reply["most_expensive_model"], "gpt-4");
    assert_eq!(reply["cheapest_resolved_model"], "openai/gpt-4o-mini");
    assert_eq!(reply["most_expensive_resolved_model"], "openai/gpt-4");
    assert_eq!(reply["cost_range"], json!({"min": 0.00045, "max": 0.06}));
    assert_eq!(
        (&reply["input_tokens"], &reply["output_tokens"]),
        (&json!(1_000), &json!(500))
    );
}

#[test]
fn a_batch_has_winners_only_among_those_that_can_be_bought() {
    let server = Instance::start();
    let mut client = server.connect();
    let all = client.get("/pricing?include_retired=true").json();
    let find = |status: &str, is_free: bool| {
        let models = all["models"].as_array().unwrap().iter();
        let mut found = models.filter(|row| {
            let cost = &row["cost_at_1m_tokens"]["total_cost"];
            // Cheap enough to beat gpt-4o either way, so that only the rule can keep it from it.
            row["status"] == status && (*cost == 0) == is_free && cost.as_f64() < Some(1.0)
        });
        found.next().expect("there is one")["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (retired, free) = (find("retired", false), find("active", true));
    let rows = [
        ("none", vec![], Value::Null),
        ("only unknown", vec!["nope"], Value::Null),
        (
            "a retired one does not win",
            vec![&*retired, "gpt-4o"],
            json!("gpt-4o"),
        ),
        (
            "a free listing does not win",
            vec!["gpt-4o", &*free],
            json!("gpt-4o"),
        ),
        (
            "unknown ones do not count",
            vec!["nope", "gpt-4o"],
            json!("gpt-4o"),
        ),
    ];
    for (name, names, cheapest) in rows {
        let reply = batch(&mut client, &names);
        assert_eq!(reply["cheapest_model"], cheapest, "{name}");
        assert_eq!(reply["most_expensive_model"], cheapest, "{name}");
        assert_eq!(reply["cost_range"].is_null(), cheapest.is_null(), "{name}");
        assert_eq!(
            reply["models"].as_array().unwrap().len(),
            names.len(),
            "{name}"
        );
    }
}

#[test]
fn a_winner_can_be_called_on_the_day_and_has_a_price_for_all_that_is_used() {
    let server = Instance::start();
    let mut client = server.connect();
    let sonnet = "vertex_ai/claude-sonnet-4-5";
    for (name, rival, fields, cheapest) in [
        (
            "before its last day",
            sonnet,
            json!({"as_of": "2026-09-28T23:59:59Z"}),
            "claude-sonnet-4-5",
        ),
        (
            "on that day",
            sonnet,
            json!({"as_of": "2026-09-29T00:00:00Z"}),
            "gpt-4",
        ),
        (
            "a router has a fee only",
            "azure/model-router",
            json!({}),
            "gpt-4",
        ),
        (
            "its input is free, and there is nothing else",
            "perplexity/pplx-7b-online",
            json!({"output_tokens": 0}),
            "gpt-4",
        ),
        (
            "its input is free, and its output is not",
            "perplexity/pplx-7b-online",
            json!({}),
            "pplx-7b-online",
        ),
    ] {
        let mut body = json!({
            "model_names": ["gpt-4", rival], "input_tokens": 1_000, "output_tokens": 500,
            "as_of": "2026-08-03T12:00:00Z",
        });
        for (field, value) in fields.as_object().unwrap() {
            body[field] = value.clone();
        }
        let reply = client.post("/cost-estimate/batch", body.to_string()).json();
        assert_eq!(reply["cheapest_model"], cheapest, "{name}: {reply}");
    }
}

#[test]
fn a_batch_says_which_model_it_is_that_has_no_price_for_a_call() {
    let server = Instance::start();
    let body = json!({
        "model_names": ["openai/gpt-4o"], "input_tokens": 1, "output_tokens": 1,
        "citation_tokens": 1,
    });
    let reply = server.post("/cost-estimate/batch", body.to_string()).json();
    let row = &reply["models"][0];
    for (field, value) in [
        ("model_name", json!("openai/gpt-4o")),
        ("provider", json!("OpenAI")),
        ("resolved_model", json!("openai/gpt-4o")),
        ("match", json!("exact")),
        ("is_available", json!(false)),
        (
            "error_message",
            json!("the model has no price for citation tokens"),
        ),
    ] {
        assert_eq!(row[field], value, "{field}: {row}");
    }
}

#[test]
fn a_batch_has_up_to_a_thousand_names() {
    let server = Instance::start();
    let mut client = server.connect();
    let largest = batch(&mut client, &["gpt-4o"; 1_000]);
    assert_eq!(largest["models"].as_array().unwrap().len(), 1_000);
    let names = vec!["gpt-4o"; 1_001];
    let body = json!({"model_names": names, "input_tokens": 1, "output_tokens": 1});
    let reply = client.post("/cost-estimate/batch", body.to_string());
    assert_eq!(reply.status, 422);
    let problem = reply.json()["detail"][0].clone();
    assert_eq!(problem["loc"], json!(["body", "model_names"]));
    assert_eq!(problem["type"], "too_long");
    let message = problem["msg"].as_str().unwrap();
    assert!(
        message.contains("1000") && message.contains("1001"),
        "{message}"
    );
}

#[test]
fn a_batch_advises_on_so_many_names_and_still_says_what_is_wrong_with_the_rest() {
    let server = Instance::start();
    let names = [["gpt-4o-min"; 30], ["gpt-oss-120b"; 30]].concat();
    let reply = batch(&mut server.connect(), &names);
    let rows = reply["models"].as_array().unwrap();
    assert_eq!(rows.len(), 60);
    let advised = rows
        .iter()
        .filter(|row| row.get("suggestions").is_some() || row.get("candidates").is_some());
    assert_eq!(advised.count(), 50);
    for row in rows {
        assert_eq!(row["is_available"], false);
        let why = row["error_message"].as_str().unwrap();
        assert!(
            why.contains("not found") || why.contains("is ambiguous"),
            "{why}"
        );
    }
    assert_eq!(rows[0]["suggestions"][0], "gpt-4o-mini");
    assert_eq!(rows[49]["candidates"].as_array().unwrap().len(), 25);
}
