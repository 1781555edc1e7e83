//! The whole price map, every model with every usage below, against the second calculation.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::harness::{Client, Instance};
use crate::oracle::exact::{Exact, decimal, exact, parse};
use crate::oracle::map::{Entry, PRICE_MAP};
use crate::oracle::{Moment, Quote, RULES, Refusal, Usage, quote};

/// Token counts at and just above every threshold and step of the map, service tiers, and moments
/// at the edges of the hours when some models are cheaper.
const USAGES: [(&str, Usage); 17] = [
    (
        "plain, in the first minute of the peak",
        Usage {
            input_tokens: 1_000,
            output_tokens: 500,
            as_of: Some("2026-11-23T01:00:00Z"),
            ..Usage::NONE
        },
    ),
    ("nothing, now", Usage::NONE),
    (
        "at 32k, in the last minute before the peak",
        Usage {
            input_tokens: 32_000,
            cache_read_input_tokens: 10_000,
            output_tokens: 1_001,
            reasoning_tokens: 301,
            as_of: Some("2026-11-23T00:59:59Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 32k, with an explicit cache, in the first minute after the peak",
        Usage {
            input_tokens: 32_001,
            cache_read_input_tokens: 8_003,
            cache_creation_input_tokens: 6_007,
            cache_creation_1h_input_tokens: 4_001,
            output_tokens: 701,
            cache_type: Some("ephemeral"),
            as_of: Some("2026-11-23T04:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "at 100k, flex, before midnight",
        Usage {
            input_tokens: 100_000,
            cache_read_input_tokens: 30_011,
            cache_creation_input_tokens: 10_007,
            output_tokens: 1_503,
            reasoning_tokens: 607,
            service_tier: Some("flex"),
            as_of: Some("2026-11-27T23:59:59Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 100k, dearer for where and how fast, in the last minute of the peak",
        Usage {
            input_tokens: 100_001,
            cache_read_input_tokens: 40_009,
            cache_creation_input_tokens: 10_003,
            cache_creation_1h_input_tokens: 20_011,
            output_tokens: 1_009,
            speed: Some("fast"),
            inference_geo: Some("us"),
            data_residency: Some("eu"),
            vertex_location: Some("us-east5"),
            as_of: Some("2026-11-23T09:59:59Z"),
            ..Usage::NONE
        },
    ),
    (
        "at 128k, priority, with sound",
        Usage {
            input_tokens: 128_000,
            cache_read_input_tokens: 50_021,
            audio_input_tokens: 28_001,
            output_tokens: 4_003,
            reasoning_tokens: 509,
            audio_output_tokens: 1_013,
            service_tier: Some("PRIORITY"),
            as_of: Some("2026-11-24T10:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "at 200k, data kept in the US, on a Saturday",
        Usage {
            input_tokens: 200_000,
            cache_read_input_tokens: 50_023,
            cache_creation_input_tokens: 20_011,
            output_tokens: 1_019,
            reasoning_tokens: 401,
            data_residency: Some("us"),
            vertex_location: Some("global"),
            as_of: Some("2026-11-28T02:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 200k, priority, with sound",
        Usage {
            input_tokens: 200_001,
            cache_read_input_tokens: 60_013,
            cache_creation_input_tokens: 20_021,
            cache_creation_1h_input_tokens: 10_009,
            audio_input_tokens: 5_003,
            output_tokens: 3_001,
            reasoning_tokens: 1_009,
            audio_output_tokens: 503,
            service_tier: Some("priority"),
            as_of: Some("2026-11-25T06:00:00+01:00"),
            ..Usage::NONE
        },
    ),
    (
        "at 256k, balanced",
        Usage {
            input_tokens: 256_000,
            cache_read_input_tokens: 56_003,
            cache_creation_1h_input_tokens: 7_001,
            output_tokens: 2_003,
            reasoning_tokens: 2_003,
            service_tier: Some("balanced"),
            as_of: Some("2026-11-25T05:59:59Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 256k, all of it cached",
        Usage {
            input_tokens: 256_001,
            cache_read_input_tokens: 256_001,
            output_tokens: 1,
            as_of: Some("2026-11-25T06:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "at 272k, in a batch, with sound",
        Usage {
            input_tokens: 272_000,
            cache_read_input_tokens: 100_003,
            cache_creation_input_tokens: 20_011,
            cache_creation_1h_input_tokens: 10_007,
            audio_input_tokens: 2_003,
            output_tokens: 4_001,
            reasoning_tokens: 1_511,
            audio_output_tokens: 509,
            service_tier: Some("batch"),
            as_of: Some("2026-11-23T12:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 272k, in a batch",
        Usage {
            input_tokens: 272_001,
            cache_read_input_tokens: 100_003,
            cache_creation_input_tokens: 20_011,
            cache_creation_1h_input_tokens: 10_007,
            output_tokens: 4_001,
            reasoning_tokens: 1_511,
            service_tier: Some("batch"),
            as_of: Some("2026-11-23T02:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "at 512k, ultrafast",
        Usage {
            input_tokens: 512_000,
            cache_read_input_tokens: 99_991,
            cache_creation_input_tokens: 30_011,
            cache_creation_1h_input_tokens: 11,
            output_tokens: 2_011,
            service_tier: Some("ultrafast"),
            as_of: Some("2026-11-29T23:30:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "above 512k, flex",
        Usage {
            input_tokens: 512_001,
            cache_read_input_tokens: 12_007,
            cache_creation_input_tokens: 3_001,
            cache_creation_1h_input_tokens: 1_009,
            output_tokens: 2_017,
            reasoning_tokens: 1_003,
            service_tier: Some("Flex"),
            as_of: Some("2026-11-23T03:59:59Z"),
            ..Usage::NONE
        },
    ),
    (
        "three searches of the largest size",
        Usage {
            input_tokens: 2_003,
            output_tokens: 907,
            web_search_requests: 3,
            search_context_size: Some("high"),
            inference_geo: Some("us"),
            as_of: Some("2026-11-23T08:00:00Z"),
            ..Usage::NONE
        },
    ),
    (
        "citations",
        Usage {
            input_tokens: 2_003,
            output_tokens: 907,
            reasoning_tokens: 101,
            citation_tokens: 3_001,
            as_of: Some("2026-11-23T08:00:00Z"),
            ..Usage::NONE
        },
    ),
];

#[derive(Deserialize)]
struct Batch {
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    is_available: bool,
    error_message: Option<String>,
    input_cost: Option<Box<RawValue>>,
    output_cost: Option<Box<RawValue>>,
    tool_cost: Option<Box<RawValue>>,
    total_cost: Option<Box<RawValue>>,
}

impl Row {
    /// Input, output, tools, total.
    fn costs(&self) -> [Exact; 4] {
        let costs = [
            &self.input_cost,
            &self.output_cost,
            &self.tool_cost,
            &self.total_cost,
        ];
        costs.map(|cost| parse(cost.as_ref().expect("a cost").get()))
    }
}

fn estimates(client: &mut Client, names: &[&str], usage: &Usage) -> Vec<Row> {
    let batches = names.chunks(1_000).map(|names| {
        let mut body = json!(usage);
        body["model_names"] = json!(names);
        let reply = client.post("/cost-estimate/batch", body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let batch: Batch = serde_json::from_slice(&reply.body).expect("a batch");
        assert_eq!(batch.models.len(), names.len());
        batch.models
    });
    batches.flatten().collect()
}

/// Whether a cost is the expected one: as close as whole attodollars come. A rate of the map with
/// more digits than that is kept to the nearest attodollar, so there it is as close per token.
fn is_same(cost: &Exact, expected: &Exact, entry: &Entry, usage: &Usage) -> bool {
    if cost == expected {
        return true;
    }
    let difference = (cost - expected) * parse("1e18");
    let is_within = |limit: Exact| difference < limit && -&difference < limit;
    let tokens = usage.input_tokens + usage.output_tokens;
    is_within(exact(1)) || entry.is_finer_than_attos() && is_within(exact(tokens))
}

/// What is wrong with an answer, if anything is.
fn difference(
    row: &Row,
    expected: &Result<Quote, Refusal>,
    entry: &Entry,
    usage: &Usage,
) -> Option<String> {
    let quote = match expected {
        Ok(quote) if row.is_available => quote,
        Err(refusal) if !row.is_available => return is_explained(row, *refusal).err(),
        Ok(_) => return Some(format!("refused: {:?}", row.error_message)),
        Err(why) => return Some(format!("priced, in spite of {why:?}: {:?}", row.total_cost)),
    };
    let [input, output, tool, total] = row.costs();
    let costs = [
        ("input", &input, &quote.input),
        ("output", &output, &quote.output),
        ("tool", &tool, &quote.tool),
        ("total", &total, &quote.total()),
    ];
    for (what, cost, expected) in costs {
        if !is_same(cost, expected, entry, usage) {
            let [cost, expected] = [cost, expected].map(decimal);
            return Some(format!("{what} is {cost}, not {expected}"));
        }
    }
    (&input + &output + &tool != total).then(|| "the parts are not the total".to_owned())
}

/// Whether a refusal gives the reason there is.
fn is_explained(row: &Row, refusal: Refusal) -> Result<(), String> {
    let why = row.error_message.as_deref().unwrap_or_default();
    // Models that are not sold by the token, or at prices that cannot be, are not in the catalogue;
    // but one is that is sold by the token at a service tier its provider has not.
    let reasons: &[&str] = match refusal {
        Refusal::UnitError => &["not found"],
        Refusal::NotByToken => &["not found", "no standard price per token"],
        Refusal::NoRate("search") => &["no price for web searches"],
        Refusal::NoRate("citations") => &["no price for citation tokens"],
        Refusal::NoRate("output" | "reasoning" | "audio output") => &["no price per output token"],
        Refusal::NoRate(_) => &["no price per input token"],
    };
    if reasons.iter().any(|reason| why.contains(reason)) {
        Ok(())
    } else {
        Err(format!("refused for {refusal:?} with {why:?}"))
    }
}

#[test]
fn every_model_costs_what_a_second_calculation_says() {
    let server = Instance::start();
    let mut client = server.connect();
    let all: Vec<&str> = PRICE_MAP.keys().map(String::as_str).collect();
    let by_token = |key: &&str| PRICE_MAP[*key].refusal.is_none();
    let by_token: Vec<&str> = all.iter().copied().filter(by_token).collect();
    let (mut compared, mut refused) = (0, 0);
    let mut differences = Vec::new();
    let mut rules = BTreeSet::new();
    let now = Moment::now();
    for (place, (name, usage)) in USAGES.iter().enumerate() {
        // What is not sold by the token is refused whatever the usage: something, and nothing.
        let keys = if place < 2 { &all } else { &by_token };
        let rows = estimates(&mut client, keys, usage);
        for (key, row) in keys.iter().zip(rows) {
            let entry = &PRICE_MAP[*key];
            let expected = quote(entry, usage, now, &mut rules);
            match expected {
                Ok(_) => compared += 1,
                Err(_) => refused += 1,
            }
            if let Some(wrong) = difference(&row, &expected, entry, usage) {
                differences.push(format!("{key}, {name}: {wrong}"));
            }
        }
    }
    println!(
        "{compared} estimates compared and {refused} refusals, {} differences",
        differences.len()
    );
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert_eq!(rules, BTreeSet::from(RULES), "the rules that were reached");
    assert!(compared >= 56_000, "{compared} estimates were compared");
    assert!(refused >= 8_000, "{refused} refusals were looked at");
}

#[test]
fn a_tenth_of_a_rate_more_is_noticed() {
    let entry = &PRICE_MAP["gpt-4o"];
    let (_, usage) = &USAGES[0];
    let expected = quote(entry, usage, Moment::now(), &mut BTreeSet::new());
    let row = |total: &str| Row {
        is_available: true,
        error_message: None,
        input_cost: Some(RawValue::from_string("0.0025".into()).unwrap()),
        output_cost: Some(RawValue::from_string("0.005".into()).unwrap()),
        tool_cost: Some(RawValue::from_string("0".into()).unwrap()),
        total_cost: Some(RawValue::from_string(total.into()).unwrap()),
    };
    assert_eq!(difference(&row("0.0075"), &expected, entry, usage), None);
    let wrong = difference(&row("0.007500000000000001"), &expected, entry, usage);
    assert_eq!(
        wrong.as_deref(),
        Some("total is 0.007500000000000001, not 0.0075")
    );
}
