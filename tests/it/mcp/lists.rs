//! What comes in pages: nothing twice, nothing lost, nothing too long, and in order.

use serde_json::{Value, json};

use super::{call, found, server};
use crate::harness::{Client, Instance};

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

/// The prices for input and for output in what a search finds.
fn prices(client: &mut Client, arguments: &Value) -> Vec<(f64, f64)> {
    let found = found(client, "search_models", arguments);
    let price = |row: &Value, name: &str| row[name].as_f64().unwrap_or(f64::INFINITY);
    found["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                price(row, "input_usd_per_mtok"),
                price(row, "output_usd_per_mtok"),
            )
        })
        .collect()
}

#[test]
fn a_search_by_price_begins_with_what_has_one() {
    let server = server();
    let mut client = server.connect();
    let by_input = prices(&mut client, &json!({"limit": 50}));
    assert!(by_input.is_sorted_by_key(|(input, _)| *input));
    assert!(by_input.iter().all(|(input, output)| input + output > 0.0));
    let by_output = prices(&mut client, &json!({"limit": 50, "sort": "output_price"}));
    assert!(by_output.is_sorted_by_key(|(_, output)| *output));
    let free = json!({"max_input_usd_per_mtok": 0, "max_output_usd_per_mtok": 0});
    let free = prices(&mut client, &free);
    assert!(!free.is_empty(), "they are found when asked for");
}

/// [`found`] holds every one of them to 32 KB.
#[test]
fn the_longest_answers_are_short_enough() {
    let server = server();
    let mut client = server.connect();
    let ambiguous = vec!["llama-3.3-70b-instruct"; 20];
    let unknown: Vec<String> = (0..20)
        .map(|at| format!("{at}{}", "\u{1f980}".repeat(198)))
        .collect();
    let escaped: Vec<String> = (0..20)
        .map(|at| format!("{at}{}", "\"".repeat(198)))
        .collect();
    for (name, names) in [
        ("ambiguous", json!(ambiguous)),
        ("unknown", json!(unknown)),
        ("escaped", json!(escaped)),
    ] {
        let mut names = names.as_array().unwrap().clone();
        names[0] = json!("claude-3-opus-20240229");
        let arguments = json!({"model_names": names, "input_tokens": 1_000_000_000, "output_tokens": 999_999_999, "requests": 999_999_937});
        let costs = found(&mut client, "compare_costs", &arguments);
        assert_eq!(
            costs["not_found"].as_array().map(Vec::len),
            Some(19),
            "{name}"
        );
    }
    let gone = vec!["claude-3-opus-20240229"; 20];
    let arguments = json!({"model_names": gone, "input_tokens": 1_000_000, "cached_input_tokens": 999_999, "output_tokens": 1});
    found(&mut client, "compare_costs", &arguments);
    walk(&[&server], "get_use_cases", 50);
    walk(&[&server], "get_performance_metrics", 50);
    walk(&[&server], "search_models", 50);
}
