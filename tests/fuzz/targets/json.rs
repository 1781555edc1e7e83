//! Bodies, to everything that reads one.
#![no_main]

use std::sync::LazyLock;

use fuzz::service::{Outcome, answer, api};
use libfuzzer_sys::fuzz_target;
use llm_pricing::api::Api;
use llm_pricing::exchange::Method;
use llm_pricing::money::Usd;
use serde_json::Value;
use serde_json::value::RawValue;

static API: LazyLock<Api> = LazyLock::new(api);

fuzz_target!(init: { LazyLock::force(&API); }, |body: &[u8]| {
    let read = serde_json::from_slice::<Value>(body);
    for path in [
        "/cost-estimate",
        "/cost-estimate/batch",
        "/cost-estimate/cheapest",
        "/deployment/shutdown",
    ] {
        let outcome = answer(&API, Method::Post, path, body);
        let is_blank = body.iter().all(u8::is_ascii_whitespace);
        match &read {
            // An order to shut down may do without.
            Err(_) if is_blank => {}
            Err(why) => assert_eq!(outcome.kind(), "json_invalid", "{why}: {}", outcome.text),
            Ok(Value::Object(_)) => {}
            Ok(_) => assert_eq!(outcome.kind(), "model_attributes_type", "{}", outcome.text),
        }
        check_costs(&outcome);
    }
});

/// The parts of a cost are never negative, and add up to the last digit.
fn check_costs(outcome: &Outcome) {
    if outcome.status != 200 {
        return;
    }
    let rows = match &outcome.json["models"] {
        Value::Array(rows) => rows.len(),
        _ => 0,
    };
    #[derive(serde::Deserialize)]
    struct Costs<'a> {
        #[serde(borrow)]
        input_cost: &'a RawValue,
        #[serde(borrow)]
        output_cost: &'a RawValue,
        #[serde(borrow)]
        tool_cost: &'a RawValue,
        #[serde(borrow)]
        total_cost: &'a RawValue,
    }
    #[derive(serde::Deserialize)]
    struct Rows<'a> {
        #[serde(borrow)]
        models: Vec<Costs<'a>>,
    }
    let costs = if rows > 0 {
        let rows: Rows = serde_json::from_str(&outcome.text).expect("rows have costs");
        rows.models
    } else {
        serde_json::from_str(&outcome.text).into_iter().collect()
    };
    for costs in costs {
        let usd = |raw: &RawValue| Usd::parse(raw.get()).expect("an amount");
        let parts = [costs.input_cost, costs.output_cost, costs.tool_cost].map(usd);
        assert!(
            parts.iter().all(|part| *part >= Usd::ZERO),
            "{}",
            outcome.text
        );
        assert_eq!(parts.into_iter().sum::<Usd>(), usd(costs.total_cost));
    }
}
