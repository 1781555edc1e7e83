//! `/performance`: scores from what is known, and the orders they give.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Instance;
use crate::lists::{get, rows, text};

#[test]
fn performance_sorts_by_what_it_is_told_to_and_unknown_last() {
    let server = Instance::start();
    let mut client = server.connect();
    let mean = |row: &Value| {
        row["cost_per_input_token"].as_f64().unwrap()
            + row["cost_per_output_token"].as_f64().unwrap()
    };
    type Figure<'a> = &'a dyn Fn(&Value) -> Option<f64>;
    // Smaller figures come first.
    let orders: [(&str, Figure); 5] = [
        ("context_window", &|row| {
            row["context_window"].as_f64().map(|window| -window)
        }),
        ("cost", &|row| Some(mean(row))),
        ("value", &|row| {
            row["value_score"].as_f64().map(|score| -score)
        }),
        ("throughput", &|row| {
            row["throughput"].as_f64().map(|speed| -speed)
        }),
        ("latency", &|row| row["latency_ms"].as_f64()),
    ];
    let plain = get(&mut client, "/performance");
    for (sort_by, figure) in orders {
        for more in ["", "&provider=openai", "&include_retired=true"] {
            let list = get(
                &mut client,
                &format!("/performance?sort_by={sort_by}{more}"),
            );
            let figures: Vec<Option<f64>> = rows(&list).iter().map(figure).collect();
            for pair in figures.windows(2) {
                let is_sorted = match (pair[0], pair[1]) {
                    (Some(one), Some(two)) => one <= two + two.abs() * 1e-12,
                    (None, Some(_)) => false,
                    (_, None) => true,
                };
                assert!(is_sorted, "{sort_by}{more}: {pair:?}");
            }
            if more.is_empty() {
                assert_eq!(rows(&list).len(), rows(&plain).len(), "{sort_by} keeps all");
                for best in [
                    "best_throughput",
                    "lowest_latency",
                    "largest_context",
                    "best_value",
                ] {
                    assert_eq!(
                        list[best], plain[best],
                        "{sort_by}: {best} does not depend on it"
                    );
                }
            }
        }
    }
    for unknown in ["price", "costs", "throughput,cost"] {
        let reply = client.get(&format!("/performance?sort_by={unknown}"));
        assert_eq!(reply.status, 422, "{unknown}");
        let problem = reply.json()["detail"][0].clone();
        assert_eq!(problem["loc"], json!(["query", "sort_by"]), "{unknown}");
        assert_eq!(problem["input"], unknown);
        for allowed in ["throughput", "latency", "context_window", "cost", "value"] {
            assert!(
                text(&problem, "msg").contains(&format!("'{allowed}'")),
                "{allowed}"
            );
        }
    }
}

#[test]
fn performance_scores_what_is_known_and_nothing_else() {
    let server = Instance::start();
    let mut client = server.connect();
    let list = get(&mut client, "/performance");
    let mut scored = 0;
    for row in rows(&list) {
        let id = text(row, "id");
        for unmeasured in ["throughput", "latency_ms", "performance_score"] {
            assert_eq!(row[unmeasured], Value::Null, "{id}: {unmeasured}");
        }
        let average = (row["cost_per_input_token"].as_f64().unwrap()
            + row["cost_per_output_token"].as_f64().unwrap())
            / 2.0;
        let window = row["context_window"].as_u64();
        let expected = window
            .filter(|_| average > 0.0)
            .map(|window| window as f64 / (average * 1_000.0));
        match (row["value_score"].as_f64(), expected) {
            (Some(score), Some(expected)) => {
                let difference = (score - expected).abs();
                assert!(
                    difference <= expected * 1e-12,
                    "{id}: {score}, not {expected}"
                );
                scored += 1;
            }
            (score, expected) => assert_eq!(score, expected, "{id}"),
        }
    }
    assert!(scored > 2_500, "{scored} have a score");
    assert_eq!(
        (&list["best_throughput"], &list["lowest_latency"]),
        (&Value::Null, &Value::Null)
    );
    let pricing = get(&mut client, "/pricing");
    let usable = |row: &&Value| row["status"] != "retired";
    let is_free = |row: &Value| row["cost_at_1m_tokens"]["total_cost"] == 0;
    for (best, figure) in [
        ("largest_context", "context_window"),
        ("best_value", "value_score"),
    ] {
        let body = json!({"model_name": list[best], "input_tokens": 1, "output_tokens": 1});
        let estimate = client.post("/cost-estimate", body.to_string());
        assert_eq!(estimate.status, 200, "{best} can be asked for");
        let winner = estimate.json()["resolved_model"].clone();
        let candidates: BTreeSet<&str> = rows(&pricing)
            .iter()
            .filter(usable)
            .filter(|row| best != "best_value" || !is_free(row))
            .map(|row| text(row, "id"))
            .collect();
        assert!(
            candidates.contains(winner.as_str().unwrap()),
            "{best}: {winner}"
        );
        let figures = rows(&list)
            .iter()
            .filter(|row| candidates.contains(text(row, "id")))
            .filter_map(|row| row[figure].as_f64());
        let highest = figures.fold(0.0, f64::max);
        let row = rows(&list).iter().find(|row| row["id"] == winner).unwrap();
        assert_eq!(row[figure].as_f64(), Some(highest), "{best} is {winner}");
    }
}
