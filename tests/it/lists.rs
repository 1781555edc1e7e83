//! The four lists: which models they show, in which order, and that they agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{Client, Instance};

const LISTS: [&str; 4] = ["/models", "/pricing", "/performance", "/use-cases"];

#[track_caller]
pub fn get(client: &mut Client, path: &str) -> Value {
    let reply = client.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

pub fn rows(list: &Value) -> &[Value] {
    list["models"].as_array().expect("rows")
}

pub fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {row}"))
}

/// The providers of a list, with how many models each has in it.
fn providers(list: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    if let Some(models) = list["models_by_provider"].as_object() {
        for (provider, names) in models {
            counts.insert(provider.clone(), names.as_array().unwrap().len());
        }
        return counts;
    }
    for row in rows(list) {
        *counts.entry(text(row, "provider").to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn a_provider_is_found_by_every_name_it_has() {
    let server = Instance::start();
    let mut client = server.connect();
    let asked = [
        ("display name", "Mistral%20AI", "Mistral AI"),
        ("plus for a space", "Mistral+AI", "Mistral AI"),
        ("slug", "mistral", "Mistral AI"),
        ("without the space", "mistralai", "Mistral AI"),
        ("capitals", "MISTRAL", "Mistral AI"),
        ("v1's name", "Together%20AI", "Together AI"),
        ("slug with a line", "together_ai", "Together AI"),
        ("alias", "aws", "Amazon Bedrock"),
        ("alias with capitals", "Claude", "Anthropic"),
        ("google's slug", "gemini", "Google"),
        ("the last one counts", "openai&provider=Groq", "Groq"),
    ];
    for (name, query, provider) in asked {
        for path in LISTS {
            let list = get(&mut client, &format!("{path}?provider={query}"));
            let found = providers(&list);
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                [provider],
                "{name}: {path}"
            );
            assert_eq!(list["total_models"], found[provider], "{name}: {path}");
        }
    }
}

#[test]
fn an_unknown_provider_is_an_empty_list_and_an_empty_one_is_none() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in LISTS {
        let all = get(&mut client, path)["total_models"].clone();
        for (name, query) in [
            ("unknown", "nobody"),
            ("part", "mistra"),
            ("markup", "%3Cb%3E"),
        ] {
            let list = get(&mut client, &format!("{path}?provider={query}"));
            assert_eq!(list["total_models"], 0, "{name}: {path}");
            assert_eq!(providers(&list), BTreeMap::new(), "{name}: {path}");
            if path != "/models" && path != "/use-cases" {
                assert_eq!(list["provider_status"], json!([]), "{name}: {path}");
            }
        }
        for query in ["provider=", "unknown=parameter"] {
            let list = get(&mut client, &format!("{path}?{query}"));
            assert_eq!(list["total_models"], all, "{path}?{query} is everything");
        }
    }
}

#[test]
fn all_lists_agree_on_who_is_in_them() {
    let server = Instance::start();
    let mut client = server.connect();
    for query in ["", "?include_retired=true", "?provider=openai"] {
        let lists = LISTS.map(|path| get(&mut client, &format!("{path}{query}")));
        let expected = providers(&lists[0]);
        let total: usize = expected.values().sum();
        for (path, list) in LISTS.iter().zip(&lists) {
            assert_eq!(providers(list), expected, "{path}{query}");
            assert_eq!(list["total_models"], total, "{path}{query}");
        }
        let names = lists[0]["all_models"].as_array().unwrap();
        let distinct: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
        assert_eq!(
            (names.len(), distinct.len()),
            (total, total),
            "{query}: names differ"
        );
        let listed: Vec<&String> = expected.keys().collect();
        for (list, field) in [(&lists[0], "providers"), (&lists[3], "providers")] {
            assert_eq!(list[field], json!(listed), "{query}: {field}");
        }
        for list in &lists[1..3] {
            let statuses = list["provider_status"].as_array().unwrap();
            assert_eq!(statuses.len(), listed.len(), "{query}");
            for status in statuses {
                let count = expected[text(status, "provider_name")];
                assert_eq!(status["models_count"], count, "{query}: {status}");
                assert_eq!(status["is_available"], true, "{query}: {status}");
                assert_eq!(status["error_message"], Value::Null, "{query}: {status}");
            }
        }
        let ids = |list: &Value| -> BTreeSet<String> {
            rows(list)
                .iter()
                .map(|row| text(row, "id").to_owned())
                .collect()
        };
        assert_eq!(ids(&lists[1]).len(), total, "{query}: ids differ");
        for list in &lists[2..] {
            assert_eq!(ids(list), ids(&lists[1]), "{query}");
        }
    }
}

#[test]
fn retired_models_are_shown_when_asked_for_and_v1s_always() {
    let server = Instance::start();
    let mut client = server.connect();
    let v1: Value = serde_json::from_str(include_str!("../data/v1_models.json")).unwrap();
    let v1: BTreeSet<(&str, &str)> = v1
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "provider"), text(row, "model_name")))
        .collect();
    assert_eq!(v1.len(), 87);
    let mut totals = Vec::new();
    for (query, is_asked) in [
        ("", false),
        ("?include_retired=false", false),
        ("?include_retired=true", true),
        ("?include_retired=1", true),
    ] {
        let list = get(&mut client, &format!("/pricing{query}"));
        let of_v1 = |row: &Value| v1.contains(&(text(row, "provider"), text(row, "model_name")));
        let is_retired = |row: &&Value| row["status"] == "retired";
        let found: BTreeSet<(&str, &str)> = rows(&list)
            .iter()
            .filter(|row| of_v1(row))
            .map(|row| (text(row, "provider"), text(row, "model_name")))
            .collect();
        assert_eq!(found, v1, "{query}: v1's models are there");
        let retired = rows(&list).iter().filter(is_retired);
        let others = retired.filter(|row| !of_v1(row)).count();
        assert_eq!(
            others > 100,
            is_asked,
            "{query}: {others} others are retired"
        );
        assert_eq!(
            others == 0,
            !is_asked,
            "{query}: {others} others are retired"
        );
        totals.push(list["total_models"].as_u64().unwrap());
    }
    assert_eq!((totals[0], totals[2]), (totals[1], totals[3]));
    assert!(totals[0] > 3_000 && totals[2] > totals[0], "{totals:?}");
}

#[test]
fn volume_prices_are_tokens_times_price_and_their_mean() {
    let server = Instance::start();
    let list = get(&mut server.connect(), "/pricing?include_retired=true");
    for row in rows(&list) {
        let id = text(row, "id");
        let number = |value: &Value| value.as_f64().unwrap();
        let (input, output) = (
            number(&row["cost_per_input_token"]),
            number(&row["cost_per_output_token"]),
        );
        for (field, tokens) in [
            ("cost_at_10k_tokens", 1e4),
            ("cost_at_100k_tokens", 1e5),
            ("cost_at_1m_tokens", 1e6),
        ] {
            let expected = [
                ("input_cost", input * tokens),
                ("output_cost", output * tokens),
                ("total_cost", (input + output) * tokens / 2.0),
            ];
            for (part, expected) in expected {
                // Exactness is the matter of numbers.rs; a factor would be seen here.
                let difference = (number(&row[field][part]) - expected).abs();
                assert!(difference <= expected * 1e-12, "{id}: {field}.{part}");
            }
        }
        assert_eq!(
            (&row["currency"], &row["unit"]),
            (&json!("USD"), &json!("per_token")),
            "{id}"
        );
        for unmeasured in ["throughput", "latency_ms", "estimated_time_1m_tokens"] {
            assert_eq!(row[unmeasured], Value::Null, "{id}: {unmeasured}");
        }
        for words in ["source", "best_for"] {
            assert!(!text(row, words).is_empty(), "{id}: {words}");
        }
    }
    let gpt_4o = rows(&list)
        .iter()
        .find(|row| row["id"] == "openai/gpt-4o")
        .unwrap();
    let million = json!({"input_cost": 2.5, "output_cost": 10, "total_cost": 6.25});
    assert_eq!(gpt_4o["cost_at_1m_tokens"], million);
}

#[test]
fn use_cases_are_words_from_facts() {
    let server = Instance::start();
    let list = get(&mut server.connect(), "/use-cases?include_retired=true");
    let mut tiers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows(&list) {
        let id = text(row, "id");
        *tiers.entry(text(row, "cost_tier")).or_default() += 1;
        assert!(!text(row, "best_for").is_empty(), "{id}");
        let cases = row["use_cases"].as_array().unwrap().len();
        assert!((1..=6).contains(&cases), "{id} has {cases} use cases");
        let strengths = row["strengths"].as_array().unwrap();
        assert!(
            strengths.len() <= 5,
            "{id} has {} strengths",
            strengths.len()
        );
        for strength in strengths {
            for invented in ["fast", "accurate", "reliable"] {
                let words = strength.as_str().unwrap().to_lowercase();
                assert!(!words.contains(invented), "{id}: {words}");
            }
        }
    }
    let words: Vec<&str> = tiers.keys().copied().collect();
    assert_eq!(words, ["high", "low", "medium", "ultra-low"]);
    for (tier, count) in &tiers {
        let share = count * 100 / rows(&list).len();
        assert!((5..60).contains(&share), "{tier} has {share} %: {tiers:?}");
    }
}

#[test]
fn a_model_of_which_a_price_is_unknown_is_not_listed_as_free() {
    let server = Instance::start();
    // The map has no input price for it: it is billed by the second of video.
    let id = "bedrock/twelvelabs.pegasus-1-2-v1:0";
    let catalogue = include_str!("../../src/catalog/data/catalog.jsonl");
    assert!(
        catalogue.contains(&format!("{{\"id\":\"{id}\"")),
        "the catalogue has it"
    );
    for path in ["/pricing", "/performance"] {
        let list = server.get(&format!("{path}?include_retired=true")).json();
        let rows = list["models"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["id"] != id), "{path}");
    }
    let body = format!(r#"{{"model_name":"{id}","input_tokens":1,"output_tokens":1}}"#);
    let refused = server.post("/cost-estimate", body);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("no price per input token")
    );
}
