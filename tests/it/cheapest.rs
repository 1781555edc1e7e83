//! A workload on every model there is: against a batch of all of them, sorted here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::decimal::attos;
use crate::filters::{CATALOGUE, ids};
use crate::harness::{Client, Instance};
use crate::lists::{get, rows, text};

/// Some months from the day of the catalogue, so that other models are retired than are today.
const MOMENT: &str = "2026-08-03T12:00:00Z";
const TEXT_MODES: [&str; 3] = ["chat", "completion", "responses"];

#[derive(Debug, Deserialize)]
struct Answer {
    /// As they stand there, digit by digit.
    models: Vec<Box<RawValue>>,
    total_models: usize,
    considered: usize,
    unpriced: usize,
    left_out: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Row {
    is_available: bool,
    total_cost: Box<RawValue>,
    warnings: Vec<String>,
}

fn row(raw: &RawValue) -> Row {
    serde_json::from_str(raw.get()).expect("a row")
}

fn ask(client: &mut Client, workload: &Value) -> Value {
    let reply = client.post("/cost-estimate/cheapest", workload.to_string());
    assert_eq!(reply.status, 200, "{workload}: {}", reply.text());
    reply.json()
}

fn with(fields: &Value, more: Value) -> Value {
    let mut all = fields.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    all.into()
}

/// The rows of a batch of all models, by id.
fn batch(client: &mut Client, workload: &Value) -> BTreeMap<&'static str, Box<RawValue>> {
    #[derive(Deserialize)]
    struct Batch {
        models: Vec<Box<RawValue>>,
    }
    let ids: Vec<&str> = CATALOGUE.keys().map(String::as_str).collect();
    let mut found = BTreeMap::new();
    for ids in ids.chunks(1_000) {
        let body = with(workload, json!({"model_names": ids}));
        let reply = client.post("/cost-estimate/batch", body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let batch: Batch = serde_json::from_slice(&reply.body).expect("a batch");
        found.extend(ids.iter().copied().zip(batch.models));
    }
    found
}

fn is_retired(model: &Value) -> bool {
    let day = model["deprecation_date"].as_str();
    model["origin"] == "v1" || day.is_some_and(|day| day <= &MOMENT[..10])
}

fn is_free(model: &Value) -> bool {
    let steps = model["steps"].as_array().into_iter().flatten();
    let tables = steps.map(|step| &step["rates"]).chain([&model["rates"]]);
    let mut rates = tables
        .filter_map(Value::as_object)
        .flat_map(|table| table.values())
        .peekable();
    rates.peek().is_some() && rates.all(|rate| attos(rate.as_str().unwrap()) == 0)
}

/// Whether the workload has anything that is billed.
fn uses(workload: &Value) -> bool {
    workload["input_tokens"] != 0 || workload["output_tokens"] != 0
}

fn costs_nothing(row: &Row) -> bool {
    attos(row.total_cost.get()) == 0
}

#[test]
fn the_cheapest_are_those_of_a_batch_of_everything() {
    let server = Instance::start();
    let mut client = server.connect();
    let listed = ids(&get(&mut client, "/pricing?include_retired=true"));
    let asked = [
        (
            "text",
            json!({"input_tokens": 1_000, "output_tokens": 500}),
            json!({}),
        ),
        (
            "long, cached, in a batch, many times, with a discount",
            json!({
                "input_tokens": 250_000, "output_tokens": 4_000, "service_tier": "batch",
                "cache_read_input_tokens": 100_000, "requests": 30, "discount_percent": 12.5,
            }),
            json!({"limit": 25}),
        ),
        (
            "with searches",
            json!({"input_tokens": 1_000, "output_tokens": 500, "web_search_requests": 3}),
            json!({"limit": 100}),
        ),
        (
            "without output",
            json!({"input_tokens": 8_193, "output_tokens": 0}),
            json!({"limit": 1}),
        ),
        (
            "without output, and for nothing if possible",
            json!({"input_tokens": 8_193, "output_tokens": 0}),
            json!({"limit": 100, "include_free": true}),
        ),
        (
            "nothing at all, so that only ids decide",
            json!({"input_tokens": 0, "output_tokens": 0}),
            json!({"limit": 100, "include_retired": true}),
        ),
        (
            "whoever it is",
            json!({"input_tokens": 1_000, "output_tokens": 500}),
            json!({"limit": 100, "include_retired": true, "include_free": true}),
        ),
    ];
    let mut ties = 0;
    for (name, workload, conditions) in asked {
        let workload = with(&workload, json!({"as_of": MOMENT}));
        let mut left_out =
            BTreeMap::from(["retired", "free", "context_window"].map(|why| (why, 0)));
        let (mut unpriced, mut priced) = (0, Vec::new());
        let mut batch = batch(&mut client, &workload);
        for (id, model) in &*CATALOGUE {
            let mode = model["mode"].as_str().unwrap_or_default();
            if workload["output_tokens"] != 0 && !TEXT_MODES.contains(&mode) {
                continue;
            }
            let window = model["max_input_tokens"].as_u64().unwrap_or(u64::MAX);
            let raw = batch.remove(&**id).expect("a row");
            let row = row(&raw);
            let is_router = row.warnings.iter().any(|words| words.contains("router"));
            if conditions["include_retired"] != true && is_retired(model) {
                *left_out.get_mut("retired").unwrap() += 1;
            } else if conditions["include_free"] != true && is_free(model) {
                *left_out.get_mut("free").unwrap() += 1;
            } else if window < workload["input_tokens"].as_u64().unwrap() {
                *left_out.get_mut("context_window").unwrap() += 1;
            } else if !row.is_available || !listed.contains(id) || is_router {
                unpriced += 1;
            } else if conditions["include_free"] != true && uses(&workload) && costs_nothing(&row) {
                *left_out.get_mut("free").unwrap() += 1;
            } else {
                let nameless = raw.get().replace(r#""match":"exact""#, r#""match":null"#);
                priced.push((attos(row.total_cost.get()), id, nameless));
            }
        }
        priced.sort();
        let reply = client.post(
            "/cost-estimate/cheapest",
            with(&workload, conditions.clone()).to_string(),
        );
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let found: Answer = serde_json::from_slice(&reply.body).expect("an answer");
        let limit = conditions["limit"].as_u64().unwrap_or(10) as usize;
        assert!(priced.len() >= limit, "{name}: {} can be had", priced.len());
        assert_eq!(found.models.len(), limit, "{name}");
        for (found, (_, id, expected)) in found.models.iter().zip(&priced) {
            assert_eq!(found.get(), expected, "{name}: {id}");
        }
        let shown = &priced[..limit];
        ties += shown.windows(2).filter(|two| two[0].0 == two[1].0).count();
        assert_eq!(found.total_models, priced.len(), "{name}");
        assert_eq!(found.unpriced, unpriced, "{name}");
        for (why, count) in &left_out {
            assert_eq!(found.left_out[*why], *count, "{name}: {why}");
        }
        let sum = found.total_models + unpriced + left_out.values().sum::<usize>();
        assert_eq!(found.considered, sum, "{name}");
    }
    assert!(ties > 100, "{ties} cost what the one before does");
}

#[test]
fn conditions_are_those_of_the_lists() {
    let server = Instance::start();
    let mut client = server.connect();
    let workload =
        json!({"input_tokens": 0, "output_tokens": 0, "include_free": true, "limit": 100});
    for (conditions, query) in [
        (json!({"provider": "Groq"}), "provider=groq"),
        (json!({"provider": "claude"}), "provider=anthropic"),
        (
            json!({"mode": "embedding", "max_input_price": 0.05}),
            "mode=embedding&max_input_price=0.05",
        ),
        (
            json!({"supports": ["reasoning", "vision"], "min_context": 200_000, "search": "Claude-Opus-4-5"}),
            "supports=reasoning,vision&min_context=200000&search=claude-opus-4-5",
        ),
        (
            json!({"provider": "openai", "mode": "chat", "max_output_price": 2.4}),
            "provider=openai&mode=chat&max_output_price=2.4",
        ),
    ] {
        for include_retired in [true, false] {
            let list = get(
                &mut client,
                &format!("/pricing?include_retired=true&{query}"),
            );
            let wanted = rows(&list)
                .iter()
                .filter(|row| include_retired || row["status"] != "retired");
            let expected: BTreeSet<&str> = wanted.map(|row| text(row, "id")).collect();
            assert!(
                (1..=100).contains(&expected.len()),
                "{query}: {}",
                expected.len()
            );
            let more = with(&conditions, json!({"include_retired": include_retired}));
            let found = ask(&mut client, &with(&workload, more));
            let ids: BTreeSet<&str> = rows(&found)
                .iter()
                .map(|row| text(row, "resolved_model"))
                .collect();
            assert_eq!(ids, expected, "{conditions}");
            assert_eq!(found["total_models"], expected.len(), "{conditions}");
        }
    }
}

#[test]
fn who_gives_no_text_takes_part_when_asked_for() {
    let server = Instance::start();
    let mut client = server.connect();
    let workload = json!({"input_tokens": 1_000, "output_tokens": 500});
    for mode in ["realtime", "image_generation", "completion"] {
        let found = ask(&mut client, &with(&workload, json!({"mode": mode})));
        let modes: BTreeSet<&str> = rows(&found)
            .iter()
            .map(|row| text(&CATALOGUE[text(row, "resolved_model")], "mode"))
            .collect();
        assert_eq!(modes, BTreeSet::from([mode]));
    }
    let nobody = ask(
        &mut client,
        &with(&workload, json!({"search": "text-embedding-3-small"})),
    );
    assert_eq!(nobody["considered"], 0, "{nobody}");
    assert_eq!(nobody["models"], json!([]));
}

#[test]
fn everything_that_is_wrong_with_a_workload_is_said_at_once() {
    let server = Instance::start();
    let wrong = [
        ("output_tokens", json!(-1)),
        ("provider", json!("nobody")),
        ("mode", json!("talking")),
        ("supports", json!("vision")),
        ("min_context", json!("128k")),
        ("max_input_price", json!(-0.01)),
        ("max_output_price", json!("cheap")),
        ("include_retired", json!("perhaps")),
        ("include_free", json!(1)),
        ("requests", json!(0)),
        ("limit", json!(101)),
    ];
    let body: serde_json::Map<String, Value> = wrong
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let reply = server.post("/cost-estimate/cheapest", Value::from(body).to_string());
    assert_eq!(reply.status, 422, "{}", reply.text());
    let problems = reply.json()["detail"].clone();
    let found: BTreeSet<&str> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["loc"][1].as_str().expect("a field"))
        .collect();
    let expected = wrong.iter().map(|(name, _)| *name).chain(["input_tokens"]);
    assert_eq!(found, expected.collect(), "{problems}");

    for (name, more, words) in [
        (
            "no model at all",
            json!({"limit": 0}),
            "greater than or equal to 1",
        ),
        (
            "too many",
            json!({"limit": 101}),
            "less than or equal to 100",
        ),
        (
            "output of what has none",
            json!({"mode": "embedding", "output_tokens": 1}),
            "no output",
        ),
        (
            "parts beyond the whole",
            json!({"reasoning_tokens": 1}),
            "part of output_tokens",
        ),
    ] {
        let workload = with(&json!({"input_tokens": 1, "output_tokens": 0}), more);
        let reply = server.post("/cost-estimate/cheapest", workload.to_string());
        assert_eq!(reply.status, 422, "{name}: {}", reply.text());
        let detail = reply.json()["detail"].clone();
        assert_eq!(detail.as_array().unwrap().len(), 1, "{name}: {detail}");
        assert!(text(&detail[0], "msg").contains(words), "{name}: {detail}");
    }
}

#[test]
fn a_field_nobody_reads_is_named() {
    let server = Instance::start();
    let workload = json!({
        "input_tokens": 1, "output_tokens": 1, "model_name": "gpt-4o", "strict": true,
        "requests": 7, "limit": 1,
    });
    let found = ask(&mut server.connect(), &workload);
    let unread = ["model_name", "strict"].map(|name| format!("unknown field '{name}' was ignored"));
    assert_eq!(found["warnings"], json!(unread));
    assert_eq!(found["requests"], 7);
    assert_eq!(found["models"][0]["all_requests"]["requests"], 7);
}
