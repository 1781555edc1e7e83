//! The worked examples, over HTTP and by the second calculation: two opinions on every one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::harness::Instance;
use crate::oracle::exact::{Exact, exact, is_same_to_12_digits, parse};
use crate::oracle::map::PRICE_MAP;
use crate::oracle::{Moment, Usage, quote};

/// A number as it stands in the text.
type Number = Box<RawValue>;

#[derive(Deserialize)]
struct Example {
    id: u64,
    model: String,
    expected_input_cost: Number,
    expected_output_cost: Number,
    expected_tool_cost: Option<Number>,
    expected_total: Number,
    expected_total_exact: String,
    note: String,
}

impl Example {
    fn name(&self) -> String {
        format!("example {}, {}: {}", self.id, self.model, self.note)
    }

    fn costs(&self) -> [(&'static str, Exact); 4] {
        let tool = self.expected_tool_cost.as_ref();
        [
            ("input", parse(self.expected_input_cost.get())),
            ("output", parse(self.expected_output_cost.get())),
            ("tool", tool.map_or(exact(0), |cost| parse(cost.get()))),
            ("total", parse(self.expected_total.get())),
        ]
    }
}

fn examples() -> Vec<(Example, Usage)> {
    let text = include_str!("../data/cost_examples.json");
    let examples: Vec<Example> = serde_json::from_str(text).expect("the examples");
    let usages: Vec<Usage> = serde_json::from_str(text).expect("their usages");
    assert_eq!(examples.len(), 49);
    examples.into_iter().zip(usages).collect()
}

/// A price, with what it is made of.
#[derive(Deserialize)]
struct Estimate {
    input_cost: Number,
    output_cost: Number,
    tool_cost: Number,
    total_cost: Number,
    breakdown: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    cost: Number,
}

#[test]
fn every_field_of_the_examples_is_asked_for() {
    let text = include_str!("../data/cost_examples.json");
    let examples: Vec<BTreeMap<String, Value>> = serde_json::from_str(text).expect("the examples");
    let fields: BTreeSet<&str> = examples.iter().flatten().map(|(name, _)| &**name).collect();
    let usage = json!(Usage::NONE);
    let usage = usage.as_object().unwrap();
    let about_the_example = [
        "cache_creation_5m_input_tokens",
        "billing_time_utc",
        "id",
        "model",
        "core",
        "expected_input_cost",
        "expected_output_cost",
        "expected_tool_cost",
        "expected_total",
        "expected_total_exact",
        "genai_prices",
        "litellm_provider",
        "note",
        "oracle",
    ];
    for field in fields {
        let is_known = usage.contains_key(field) || about_the_example.contains(&field);
        assert!(is_known, "{field} would be left out");
    }
}

#[test]
fn the_worked_examples_cost_what_they_say() {
    let server = Instance::start();
    let mut client = server.connect();
    let mut wrong = Vec::new();
    for (example, usage) in examples() {
        let mut body = json!(usage);
        body["model_name"] = json!(example.model);
        let reply = client.post("/cost-estimate", body.to_string());
        let name = example.name();
        if reply.status != 200 {
            wrong.push(format!("{name}: {} {}", reply.status, reply.text()));
            continue;
        }
        let estimate: Estimate = serde_json::from_slice(&reply.body).expect("an estimate");
        let costs = [
            &estimate.input_cost,
            &estimate.output_cost,
            &estimate.tool_cost,
            &estimate.total_cost,
        ]
        .map(|cost| parse(cost.get()));
        for ((what, expected), cost) in example.costs().iter().zip(&costs) {
            if !is_same_to_12_digits(cost, expected) {
                wrong.push(format!("{name}: {what} is {cost}, not {expected}"));
            }
        }
        let [input, output, tool, total] = costs;
        if total != parse(&example.expected_total_exact) {
            wrong.push(format!("{name}: the total is not exact: {total}"));
        }
        assert_eq!(input + output + tool, total, "{name}");
        let lines = estimate.breakdown.iter();
        let lines: Exact = lines.map(|line| parse(line.cost.get())).sum();
        assert_eq!(lines, total, "{name}: the lines of {}", reply.text());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_second_calculation_agrees_with_the_worked_examples() {
    for (example, usage) in examples() {
        let name = example.name();
        let entry = &PRICE_MAP[&example.model];
        let quote = quote(entry, &usage, Moment::now(), &mut BTreeSet::new());
        let quote = quote.unwrap_or_else(|why| panic!("{name}: {why:?}"));
        let total = quote.total();
        let costs = [quote.input, quote.output, quote.tool, total.clone()];
        for ((what, expected), cost) in example.costs().iter().zip(&costs) {
            assert!(
                is_same_to_12_digits(cost, expected),
                "{name}: {what} {cost}"
            );
        }
        assert_eq!(total, parse(&example.expected_total_exact), "{name}");
    }
}
