//! What can be asked of models: the four lists against the catalogue's own file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::decimal::attos;
use crate::harness::{Client, Instance};
use crate::lists::{get, rows, text};

const LISTS: [&str; 4] = ["/models", "/pricing", "/performance", "/use-cases"];

/// The models of the built-in catalogue by id, as the file has them.
pub static CATALOGUE: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let lines = include_str!("../../src/catalog/data/catalog.jsonl").lines();
    let entries = lines.map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
    let models = entries.filter(|entry| entry["id"].is_string());
    models
        .map(|model| (text(&model, "id").to_owned(), model))
        .collect()
});

pub fn ids(list: &Value) -> BTreeSet<String> {
    let ids = rows(list).iter().map(|row| text(row, "id").to_owned());
    ids.collect()
}

/// Asks for a selection, which must be those of all models of whom the file says what is asked for.
#[track_caller]
fn check(client: &mut Client, query: &str, is_so: impl Fn(&Value) -> bool) {
    let all = ids(&get(client, "/pricing?include_retired=true"));
    let expected: BTreeSet<String> = all.into_iter().filter(|id| is_so(&CATALOGUE[id])).collect();
    let found = get(client, &format!("/pricing?include_retired=true&{query}"));
    assert!(!expected.is_empty(), "{query} finds somebody");
    assert_eq!(ids(&found), expected, "{query}");
}

/// USD per million tokens, in units of 1e-18; of several steps the first's.
fn rate(model: &Value, component: &str) -> Option<i128> {
    let flat = model["rates"][component].as_str();
    let rate = flat.or_else(|| model["steps"][0]["rates"][component].as_str());
    rate.map(attos)
}

/// The price of output; image tokens stand in for one that is missing or zero.
fn output_price(model: &Value) -> Option<i128> {
    let output = rate(model, "output");
    let is_price = output.is_some_and(|price| price > 0);
    let stand_in = || rate(model, "image_output").or(output);
    if is_price { output } else { stand_in() }
}

#[test]
fn every_capability_named_is_known_of_every_model_found() {
    let server = Instance::start();
    let mut client = server.connect();
    let can = |model: &Value, capability: &str| {
        let can = model["can"].as_array();
        can.is_some_and(|can| can.contains(&json!(capability)))
    };
    for capability in ["vision", "web_search", "video_output", "url_context"] {
        check(&mut client, &format!("supports={capability}"), |model| {
            can(model, capability)
        });
    }
    check(
        &mut client,
        "supports=pdf_input&supports=computer_use&supports=&supports=PDF_input",
        |model| can(model, "pdf_input") && can(model, "computer_use"),
    );
    check(&mut client, "supports=reasoning,%20vision", |model| {
        can(model, "reasoning") && can(model, "vision")
    });
}

#[test]
fn limits_are_exact_and_unknown_figures_are_not_within_them() {
    let server = Instance::start();
    let mut client = server.connect();
    for tokens in [1_u64, 128_000, 128_001, 1_000_000] {
        check(&mut client, &format!("min_context={tokens}"), |model| {
            model["max_input_tokens"]
                .as_u64()
                .is_some_and(|window| window >= tokens)
        });
    }
    for usd in ["0", "2.5", "2.499999999999", "1.5e-1", "75", "30000000"] {
        let is_within = |price: Option<i128>| price.is_some_and(|price| price <= attos(usd));
        check(&mut client, &format!("max_input_price={usd}"), |model| {
            is_within(rate(model, "input"))
        });
        check(&mut client, &format!("max_output_price={usd}"), |model| {
            is_within(output_price(model))
        });
    }
    // The limits below are the prices themselves for whoever reads them as floats.
    let gpt_4o = |query: &str, client: &mut Client| {
        let found = get(client, &format!("/pricing?search=openai/gpt-4o&{query}"));
        ids(&found).contains("openai/gpt-4o")
    };
    assert!(gpt_4o(
        "max_input_price=2.5&max_output_price=10",
        &mut client
    ));
    assert!(!gpt_4o(
        "max_input_price=2.499999999999999999&max_output_price=10",
        &mut client
    ));
    assert!(!gpt_4o(
        "max_input_price=2.5&max_output_price=9.999999999999999999",
        &mut client
    ));
}

#[test]
fn a_search_for_digits_is_a_search_for_text() {
    let server = Instance::start();
    let mut client = server.connect();
    for search in ["4", "4.1", "3e", "true"] {
        let found = get(&mut client, &format!("/pricing?search={search}"));
        let all = get(&mut client, "/pricing");
        let names = |row: &&Value| {
            let names = ["id", "model_name", "provider"].map(|name| text(row, name).to_lowercase());
            names.iter().any(|name| name.contains(search))
        };
        let expected = rows(&all).iter().filter(names).count();
        assert_eq!(rows(&found).len(), expected, "{search}");
    }
    assert_eq!(get(&mut client, "/pricing?provider=4")["total_models"], 0);
}

#[test]
fn all_lists_find_the_same_and_say_how_many_retired_ones_they_left_out() {
    let server = Instance::start();
    let mut client = server.connect();
    let mut left_out_somewhere = 0;
    for query in [
        "",
        "provider=openai",
        "mode=embedding&max_input_price=0.1",
        "supports=reasoning&supports=vision&min_context=200000&search=claude",
        "max_output_price=0",
        "provider=nobody",
    ] {
        let all = get(
            &mut client,
            &format!("/pricing?include_retired=true&{query}"),
        );
        let retired = |row: &&Value| row["status"] == "retired";
        let shown = get(&mut client, &format!("/pricing?{query}"));
        let left_out =
            rows(&all).iter().filter(retired).count() - rows(&shown).iter().filter(retired).count();
        left_out_somewhere += left_out;
        for path in LISTS {
            let list = get(&mut client, &format!("{path}?{query}"));
            assert_eq!(list["retired_left_out"], left_out, "{path}?{query}");
            assert_eq!(
                list["total_models"], shown["total_models"],
                "{path}?{query}"
            );
            for asked in ["include_retired=true", "include_deprecated=true"] {
                let list = get(&mut client, &format!("{path}?{asked}&{query}"));
                assert_eq!(list["retired_left_out"], 0, "{path}?{asked}&{query}");
                assert_eq!(
                    list["total_models"], all["total_models"],
                    "{path}?{asked}&{query}"
                );
            }
            if path != "/models" {
                assert_eq!(ids(&list), ids(&shown), "{path}?{query}");
            }
        }
        let plain = get(&mut client, "/pricing?limit=1");
        assert_eq!(
            plain["retired_left_out"],
            get(&mut client, "/pricing")["retired_left_out"]
        );
    }
    assert!(left_out_somewhere > 100, "{left_out_somewhere} are retired");
}

#[test]
fn everything_that_is_wrong_with_a_query_is_said_at_once() {
    let server = Instance::start();
    let wrong = [
        ("mode", "talking", "'chat'"),
        ("supports", "flight", "'parallel_function_calling'"),
        ("min_context", "128k", "valid integer"),
        ("max_input_price", "cheap", "USD per million tokens"),
        ("max_output_price", "-0.01", "from 0"),
        ("include_retired", "perhaps", "true or false"),
        ("include_deprecated", "2", "true or false"),
        ("sort_by", "beauty", "'context_window'"),
        ("order", "up", "'asc', 'desc'"),
        ("offset", "-1", "greater than or equal to 0"),
        ("limit", "1.5", "fractional part"),
    ];
    let query = wrong
        .map(|(name, value, _)| format!("{name}={value}"))
        .join("&");
    for path in LISTS {
        let reply = server.get(&format!(
            "{path}?{query}&unheard=of&supports=vision&supports=swimming"
        ));
        assert_eq!(reply.status, 422, "{path}");
        let problems = reply.json()["detail"].clone();
        assert_eq!(
            problems.as_array().unwrap().len(),
            wrong.len(),
            "{path}: {problems}"
        );
        for (name, value, allowed) in wrong {
            let of_it =
                |problem: &&Value| problem["loc"][0] == "query" && problem["loc"][1] == name;
            let problem = problems.as_array().unwrap().iter().find(of_it);
            let problem = problem.unwrap_or_else(|| panic!("{path} is silent on {name}"));
            assert_eq!(problem["input"], value, "{path}: {name}");
            assert!(text(problem, "msg").contains(allowed), "{path}: {problem}");
        }
    }
}
