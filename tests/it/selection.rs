//! Which models of a list are shown, in which order, and how many of them.

use serde_json::Value;

use crate::harness::{Client, Instance};

const ROW_LISTS: [&str; 3] = ["/pricing", "/performance", "/use-cases"];

#[track_caller]
fn list(client: &mut Client, path: &str) -> Value {
    let reply = client.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

fn rows(list: &Value) -> &Vec<Value> {
    list["models"].as_array().expect("rows")
}

fn ids(list: &Value) -> Vec<String> {
    rows(list)
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_mode_selects_the_models_of_that_mode() {
    let server = Instance::start();
    let mut client = server.connect();
    let all = rows(&list(&mut client, "/pricing")).len();
    let mut found = 0;
    for mode in ["chat", "embedding", "responses", "realtime"] {
        let selected = list(&mut client, &format!("/pricing?mode={mode}"));
        assert!(
            rows(&selected).iter().all(|row| row["mode"] == mode),
            "{mode}"
        );
        assert!(!rows(&selected).is_empty(), "{mode}");
        found += rows(&selected).len();
    }
    assert!(found < all, "there are other modes too");
    let names = list(&mut client, "/models?mode=embedding");
    let rows_of = list(&mut client, "/pricing?mode=embedding");
    assert_eq!(names["total_models"], rows_of["total_models"]);
}

#[test]
fn a_search_finds_parts_of_names_in_any_case() {
    let server = Instance::start();
    let mut client = server.connect();
    for (name, search) in [
        ("a family", "SonNet"),
        ("a provider", "perplexity ai"),
        ("an id", "groq/"),
    ] {
        let query = search.replace(' ', "%20").replace('/', "%2F");
        let found = list(&mut client, &format!("/use-cases?search={query}"));
        assert!(!rows(&found).is_empty(), "{name}");
        for row in rows(&found) {
            let parts = ["id", "model_name", "provider"].map(|part| row[part].as_str().unwrap());
            let is_part = |text: &&str| text.to_lowercase().contains(&search.to_lowercase());
            assert!(parts.iter().any(is_part), "{name}: {row}");
        }
    }
    let both = list(&mut client, "/pricing?search=sonnet&provider=anthropic");
    assert!(
        ids(&both)
            .iter()
            .all(|id| id.starts_with("anthropic/") && id.contains("sonnet"))
    );
    assert!(rows(&list(&mut client, "/pricing?search=no-such-model-anywhere")).is_empty());
}

#[test]
fn pages_put_together_are_the_whole() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in ROW_LISTS {
        let whole = list(&mut client, &format!("{path}?provider=openai"));
        let mut together = Vec::new();
        for offset in (0..).step_by(40) {
            let page = list(
                &mut client,
                &format!("{path}?provider=openai&limit=40&offset={offset}"),
            );
            assert_eq!(page["total_models"], whole["total_models"], "{path}");
            if rows(&page).is_empty() {
                break;
            }
            assert!(rows(&page).len() <= 40, "{path}");
            together.extend(ids(&page));
        }
        assert_eq!(together, ids(&whole), "{path}");
        let none = list(&mut client, &format!("{path}?provider=openai&limit=0"));
        assert_eq!(
            (rows(&none).len(), &none["total_models"]),
            (0, &whole["total_models"])
        );
        let page = list(&mut client, &format!("{path}?provider=openai&limit=1"));
        for of_all in [
            "provider_status",
            "best_value",
            "largest_context",
            "providers",
        ] {
            assert_eq!(
                page[of_all], whole[of_all],
                "{path}: {of_all} is of all that match"
            );
        }
    }
}

#[test]
fn prices_are_sorted_by_what_is_asked_and_unknown_last() {
    let server = Instance::start();
    let mut client = server.connect();
    for (by, ascending) in [
        ("cost_per_input_token", true),
        ("cost_per_output_token", true),
        ("context_window", false),
    ] {
        let sorted = list(
            &mut client,
            &format!("/pricing?provider=openai&sort_by={by}"),
        );
        // An embedding has no output price; its row says zero, and it comes last.
        let known = |row: &&Value| !row[by].is_null() && row["mode"] != "embedding";
        let figures: Vec<f64> = rows(&sorted)
            .iter()
            .filter(known)
            .map(|row| row[by].as_f64().unwrap())
            .collect();
        assert!(figures.len() > 50, "{by}");
        let in_order = |pair: &[f64]| {
            if ascending {
                pair[0] <= pair[1]
            } else {
                pair[0] >= pair[1]
            }
        };
        assert!(figures.windows(2).all(in_order), "{by}");
    }
    let by_name = list(&mut client, "/pricing?search=gpt&sort_by=model_name");
    let names: Vec<String> = rows(&by_name)
        .iter()
        .map(|row| row["model_name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted(), "names");
    let by_provider = list(&mut client, "/pricing?search=gpt&sort_by=provider");
    let providers: Vec<&str> = rows(&by_provider)
        .iter()
        .map(|row| row["provider"].as_str().unwrap())
        .collect();
    assert!(providers.is_sorted(), "providers");
}

#[test]
fn a_parameter_without_meaning_is_refused_with_what_it_may_be() {
    let server = Instance::start();
    let mut client = server.connect();
    let long = format!("/models?search={}", "x".repeat(257));
    let cases = [
        ("mode", "/pricing?mode=talking", "'chat'"),
        ("mode", "/models?mode=CHAT%20", "'embedding'"),
        (
            "sort_by",
            "/pricing?sort_by=value",
            "'cost_per_input_token'",
        ),
        ("limit", "/pricing?limit=-1", "whole number"),
        ("limit", "/use-cases?limit=ten", "whole number"),
        ("offset", "/performance?offset=1.5", "whole number"),
        ("search", &long, "at most 256"),
        (
            "include_retired",
            "/models?include_retired=perhaps",
            "true or false",
        ),
    ];
    for (name, path, allowed) in cases {
        let reply = client.get(path);
        assert_eq!(reply.status, 422, "{path}: {}", reply.text());
        let problem = &reply.json()["detail"][0];
        assert_eq!(problem["loc"], serde_json::json!(["query", name]), "{path}");
        assert!(
            problem["msg"].as_str().unwrap().contains(allowed),
            "{path}: {problem}"
        );
    }
}
