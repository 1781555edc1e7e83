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
fn every_sort_key_goes_both_ways_with_unknown_figures_last() {
    let server = Instance::start();
    let mut client = server.connect();
    let keys: [(&str, &[&str]); 3] = [
        (
            "/pricing",
            &[
                "model_name",
                "provider",
                "cost_per_input_token",
                "cost_per_output_token",
                "context_window",
            ],
        ),
        (
            "/performance",
            &["throughput", "latency", "context_window", "cost", "value"],
        ),
        (
            "/use-cases",
            &[
                "model_name",
                "provider",
                "cost_tier",
                "blended_usd_per_1m_tokens",
                "context_window",
            ],
        ),
    ];
    for (path, keys) in keys {
        for key in keys {
            let mut sorted = |order: &str| {
                let query = format!("{path}?search=mistral&sort_by={key}{order}");
                list(&mut client, &query)
            };
            let (up, down, unasked) = (sorted("&order=asc"), sorted("&order=desc"), sorted(""));
            let is_best_first_down = ["context_window", "value", "throughput"].contains(key);
            let expected = if is_best_first_down { &down } else { &up };
            assert_eq!(ids(&unasked), ids(expected), "{path}: {key} unasked");
            let field = match *key {
                "value" => "value_score",
                "latency" => "latency_ms",
                "cost" => "cost_per_input_token",
                field => field,
            };
            let known = |list: &Value| -> Vec<bool> {
                let rows = rows(list).iter();
                rows.map(|row| !row[field].is_null()).collect()
            };
            for list in [&up, &down] {
                let known = known(list);
                assert!(
                    known.is_sorted_by(|one, two| one >= two),
                    "{path}: {key} has unknown figures last"
                );
            }
            // Equal figures stay in the order of the ids, so only the figures are mirrored.
            if key != &"cost" && key != &"cost_tier" {
                let figures = |list: &Value| -> Vec<String> {
                    let figures = rows(list).iter().map(|row| row[field].to_string());
                    let is_output = field == "cost_per_output_token";
                    let figures = figures.filter(|figure| figure != "null");
                    // An embedding's unknown output price is shown as zero, and is last both ways.
                    let figures = figures.filter(|figure| !is_output || figure != "0");
                    figures.map(|figure| figure.to_lowercase()).collect()
                };
                let mut mirrored = figures(&down);
                mirrored.reverse();
                assert_eq!(figures(&up), mirrored, "{path}: {key} mirrored");
            }
        }
    }
    let tiers = list(&mut client, "/use-cases?provider=openai&sort_by=cost_tier");
    let words = ["ultra-low", "low", "medium", "high"];
    let places: Vec<usize> = rows(&tiers)
        .iter()
        .map(|row| {
            words
                .iter()
                .position(|word| row["cost_tier"] == *word)
                .unwrap()
        })
        .collect();
    assert!(
        places.is_sorted() && places.first() < places.last(),
        "{places:?}"
    );
}

#[test]
fn an_order_alone_turns_the_usual_one_round() {
    let server = Instance::start();
    let mut client = server.connect();
    for path in ROW_LISTS {
        let plain = ids(&list(&mut client, &format!("{path}?provider=groq")));
        let mut turned = ids(&list(
            &mut client,
            &format!("{path}?provider=groq&order=desc"),
        ));
        turned.reverse();
        assert_eq!(turned, plain, "{path}");
    }
}

#[test]
fn names_are_sorted_and_paged_like_rows() {
    let server = Instance::start();
    let mut client = server.connect();
    let names = |list: &Value| list["all_models"].as_array().unwrap().clone();
    let whole = list(&mut client, "/models?search=llama");
    let mut together = Vec::new();
    for offset in (0..).step_by(30) {
        let query = format!("/models?search=llama&limit=30&offset={offset}");
        let page = list(&mut client, &query);
        for of_all in ["total_models", "providers", "retired_left_out"] {
            assert_eq!(page[of_all], whole[of_all], "{of_all} is of all that match");
        }
        let under_providers = page["models_by_provider"].as_object().unwrap();
        let counts = under_providers
            .values()
            .map(|names| names.as_array().unwrap().len());
        assert_eq!(counts.sum::<usize>(), names(&page).len(), "the page");
        if names(&page).is_empty() {
            break;
        }
        assert!(names(&page).len() <= 30);
        together.extend(names(&page));
    }
    assert_eq!(together, names(&whole));

    let query = "search=llama&sort_by=cost_per_input_token&order=desc&limit=25&offset=5";
    let sorted = list(&mut client, &format!("/models?{query}"));
    let rows_of = list(&mut client, &format!("/pricing?{query}"));
    let mut found = Vec::new();
    for name in names(&sorted) {
        let name = name.as_str().unwrap().replace('/', "%2F");
        found.push(list(&mut client, &format!("/models/{name}"))["id"].clone());
    }
    assert_eq!(serde_json::json!(found), serde_json::json!(ids(&rows_of)));
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
        ("limit", "/pricing?limit=-1", "greater than or equal to 0"),
        ("limit", "/use-cases?limit=ten", "valid integer"),
        ("offset", "/performance?offset=1.5", "fractional part"),
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
