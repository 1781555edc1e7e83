//! Money, digit by digit: what a list says is what a client is charged, and no number has noise.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::decimal::{attos, divide};
use crate::harness::{Client, Instance};

/// Numbers as they stand in the text.
type Number = Box<RawValue>;

#[derive(Deserialize)]
struct Batch {
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    is_available: bool,
    input_cost: Number,
    output_cost: Number,
    total_cost: Number,
    cost_per_1m_tokens: Number,
}

/// A Monday hour at which nobody's off-peak prices hold.
const PEAK: &str = "2026-11-23T02:00:00Z";

/// The lowest threshold above which any model has other prices.
const LOWEST_THRESHOLD: u64 = 32_000;

/// Estimates for any number of names, in batches.
fn estimates(client: &mut Client, names: &[&str], input: u64, output: u64) -> Vec<Row> {
    let batches = names.chunks(1_000).map(|names| {
        let body = json!({
            "model_names": names, "input_tokens": input, "output_tokens": output, "as_of": PEAK,
        });
        let reply = client.post("/cost-estimate/batch", body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let batch: Batch = serde_json::from_slice(&reply.body).expect("a batch");
        assert_eq!(batch.models.len(), names.len());
        batch.models
    });
    batches.flatten().collect()
}

#[derive(Deserialize)]
struct Pricing {
    models: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    mode: Option<String>,
    cost_per_input_token: Number,
    cost_per_output_token: Number,
}

#[test]
fn costs_are_exact_and_add_up() {
    let server = Instance::start();
    let mut client = server.connect();
    let reply = client.get("/pricing?include_retired=true");
    let pricing: Pricing = serde_json::from_slice(&reply.body).expect("a list");
    let sample: Vec<&Listed> = pricing.models.iter().step_by(9).collect();
    let names: Vec<&str> = sample.iter().map(|model| &*model.id).collect();
    let usages = [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (3, 7),
        (1_000, 500),
        (123_457, 98_765),
        (999_999_999_999_999, 1),
        (1_000_000_000_000_000, 1_000_000_000_000_000),
    ];
    let mut checked = 0;
    for (input, output) in usages {
        let rows = estimates(&mut client, &names, input, output);
        for (model, row) in sample.iter().zip(rows).filter(|(_, row)| row.is_available) {
            let name = format!("{} for {input} and {output} tokens", model.id);
            let [input_cost, output_cost, total, per_million] = [
                row.input_cost,
                row.output_cost,
                row.total_cost,
                row.cost_per_1m_tokens,
            ]
            .map(|number| attos(number.get()));
            let price = |number: &Number, tokens: u64| attos(number.get()) * i128::from(tokens);
            if input <= LOWEST_THRESHOLD {
                let expected = price(&model.cost_per_input_token, input);
                assert_eq!(input_cost, expected, "{name}");
            }
            if input <= LOWEST_THRESHOLD && model.mode.as_deref() != Some("embedding") {
                assert_eq!(
                    output_cost,
                    price(&model.cost_per_output_token, output),
                    "{name}"
                );
            }
            assert_eq!(input_cost + output_cost, total, "{name}");
            let tokens = i128::from(input + output);
            let expected = match tokens {
                0 => 0,
                tokens => divide(total * 1_000_000, tokens),
            };
            assert_eq!(per_million, expected, "{name}, per million");
            checked += 1;
        }
    }
    assert!(checked > 3_000, "{checked} costs were checked");
}

/// The numbers of a JSON text, as they are written.
fn number_texts(json: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let (mut in_string, mut is_escaped) = (false, false);
    for char in json.chars() {
        if in_string {
            in_string = is_escaped || char != '"';
            is_escaped = char == '\\' && !is_escaped;
        } else if "0123456789+-.eE".contains(char) {
            texts.last_mut().unwrap().push(char);
        } else {
            in_string = char == '"';
            texts.push(String::new());
        }
    }
    texts.retain(|text| text.starts_with(|first: char| first == '-' || first.is_ascii_digit()));
    texts
}

/// A float that missed a shorter number by its last digits: `0.0075000000000000001`.
fn is_noise(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap();
    let digits = mantissa.replace(['.', '-'], "");
    let digits = digits.trim_start_matches('0');
    digits.len() >= 15 && (digits.contains("000000") || digits.contains("999999"))
}

#[test]
fn no_number_has_float_noise() {
    for noise in [
        "0.0075000000000000001",
        "51199999.99999999",
        "0.30000000000000004",
    ] {
        assert_eq!(number_texts(&format!(r#"{{"1\"2":{noise}}}"#)), [noise]);
        assert!(is_noise(noise), "{noise}");
    }
    let server = Instance::start();
    let mut client = server.connect();
    let mut seen = 0;
    let estimate = r#"{"model_name":"gpt-4o-mini","input_tokens":3,"output_tokens":7}"#;
    for _ in 0..10 {
        let reply = client.post("/cost-estimate", estimate);
        assert!(
            reply.text().contains(r#""total_cost":0.00000465,"#),
            "{}",
            reply.text()
        );
    }
    for path in [
        "/pricing?include_retired=true",
        "/performance?include_retired=true",
        "/use-cases?include_retired=true",
        "/models",
        "/telemetry",
        "/health/detailed",
        "/deployment/info",
        "/deployment/shutdown/status",
        "/",
    ] {
        for number in number_texts(&client.get(path).text()) {
            assert!(!is_noise(&number), "{number} in {path}");
            seen += 1;
        }
    }
    assert!(seen > 50_000, "{seen} numbers were looked at");
}
