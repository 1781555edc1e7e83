//! What holds for every usage, tried on random ones: the same ones in every run, so that a failure
//! can be looked at twice.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::LazyLock;

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use proptest::{prop_assert, prop_assert_eq};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::decimal::attos;
use crate::harness::{Client, Instance};
use crate::oracle::Usage;
use crate::oracle::exact::{Exact, exact, parse};
use crate::oracle::map::PRICE_MAP;

/// Tries a claim on so many inputs.
#[track_caller]
pub fn for_all<S: Strategy<Value: Debug>>(
    cases: u32,
    inputs: &S,
    claim: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    };
    if let Err(why) = TestRunner::new(config).run(inputs, claim) {
        panic!("{why}");
    }
}

const TIERS: [Option<&str>; 6] = [
    None,
    Some("flex"),
    Some("priority"),
    Some("balanced"),
    Some("ultrafast"),
    Some("batch"),
];

/// An hour at which DeepSeek is dear, and one at which it is not.
const HOURS: [Option<&str>; 2] = [Some("2026-11-23T02:00:00Z"), Some("2026-11-23T12:00:00Z")];

/// Lengths of inputs at which no price changes: between two neighbours of all thresholds and steps.
fn bands() -> Vec<(u64, u64)> {
    let edges: BTreeSet<u64> = PRICE_MAP.values().flat_map(|entry| entry.edges()).collect();
    let lower = [0].into_iter().chain(edges.clone());
    let upper = edges.into_iter().chain([20_000_000]);
    let bands = lower.zip(upper).map(|(low, high)| (low + 1, high - 1));
    bands.filter(|(low, high)| low < high).collect()
}

/// Usages whose parts are no more than the whole, with an input of a length in this band.
fn usage_within((low, high): (u64, u64)) -> impl Strategy<Value = Usage> {
    let parts = any::<[u8; 6]>();
    let rest = (select(&TIERS[..]), select(&HOURS[..]), 0..4_u64);
    (low..high, 0..200_000_u64, parts, rest).prop_map(|(input, output, parts, rest)| {
        // A quarter of the input at most for each of four parts; half of the output for two.
        let part = |whole: u64, share: u8, of: u64| whole / of * u64::from(share) / 255;
        let [read, write, long_write, sound, reasoning, speech] = parts;
        let (service_tier, as_of, web_search_requests) = rest;
        Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_input_tokens: part(input, read, 4),
            cache_creation_input_tokens: part(input, write, 4),
            cache_creation_1h_input_tokens: part(input, long_write, 4),
            audio_input_tokens: part(input, sound, 4),
            reasoning_tokens: part(output, reasoning, 2),
            audio_output_tokens: part(output, speech, 2),
            web_search_requests,
            service_tier,
            as_of,
            ..Usage::NONE
        }
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    select(bands()).prop_flat_map(usage_within)
}

/// A usage with more of one kind of token in it.
type More = fn(&mut Usage, u64);

const KINDS: [(&str, bool, More); 10] = [
    ("input", true, |usage, more| usage.input_tokens += more),
    ("cache read", true, |usage, more| {
        usage.input_tokens += more;
        usage.cache_read_input_tokens += more;
    }),
    ("cache write", true, |usage, more| {
        usage.input_tokens += more;
        usage.cache_creation_input_tokens += more;
    }),
    ("cache write, 1 hour", true, |usage, more| {
        usage.input_tokens += more;
        usage.cache_creation_1h_input_tokens += more;
    }),
    ("audio input", true, |usage, more| {
        usage.input_tokens += more;
        usage.audio_input_tokens += more;
    }),
    ("output", false, |usage, more| usage.output_tokens += more),
    ("reasoning", false, |usage, more| {
        usage.output_tokens += more;
        usage.reasoning_tokens += more;
    }),
    ("audio output", false, |usage, more| {
        usage.output_tokens += more;
        usage.audio_output_tokens += more;
    }),
    ("searches", false, |usage, more| {
        usage.web_search_requests += more
    }),
    ("citations", false, |usage, more| {
        usage.citation_tokens += more
    }),
];

/// The keys of what is sold by the token.
static KEYS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let sold = PRICE_MAP
        .iter()
        .filter(|(_, entry)| entry.refusal.is_none());
    sold.map(|(key, _)| key.as_str()).collect()
});

/// Some of them, from one end to the other.
fn some_keys(first: usize, step: usize) -> Vec<&'static str> {
    let keys = KEYS.iter().copied();
    keys.skip(first).step_by(step).take(60).collect()
}

type Number = Box<RawValue>;

#[derive(Deserialize)]
struct Rows<T> {
    models: Vec<T>,
}

#[derive(Deserialize)]
struct Row {
    is_available: bool,
    input_cost: Number,
    output_cost: Number,
    tool_cost: Number,
    total_cost: Number,
}

impl Row {
    fn costs(&self) -> [i128; 4] {
        let costs = [
            &self.input_cost,
            &self.output_cost,
            &self.tool_cost,
            &self.total_cost,
        ];
        costs.map(|cost| attos(cost.get()))
    }
}

fn batch<T: for<'a> Deserialize<'a>>(client: &mut Client, names: &[&str], usage: &Usage) -> Vec<T> {
    let mut body = json!(usage);
    body["model_names"] = json!(names);
    let reply = client.post("/cost-estimate/batch", body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let rows: Rows<T> = serde_json::from_slice(&reply.body).expect("rows");
    assert_eq!(rows.models.len(), names.len());
    rows.models
}

#[test]
fn more_tokens_never_cost_less_within_a_band() {
    let server = Instance::start();
    let client = RefCell::new(server.connect());
    let compared = Cell::new(0);
    let usages = select(bands()).prop_flat_map(|band| (usage_within(band), band.1..=band.1));
    let inputs = (
        usages,
        select(&KINDS[..]),
        any::<u32>(),
        0..70_usize,
        20..70_usize,
    );
    for_all(
        100,
        &inputs,
        |((usage, longest), kind, more, first, step)| {
            let (kind, is_input, add) = kind;
            let room = longest - usage.input_tokens + 1;
            let more = if is_input {
                u64::from(more) % room
            } else {
                u64::from(more)
            };
            let mut larger = usage;
            add(&mut larger, more);
            let keys = some_keys(first, step);
            let mut client = client.borrow_mut();
            let before: Vec<Row> = batch(&mut client, &keys, &usage);
            let after: Vec<Row> = batch(&mut client, &keys, &larger);
            for ((key, before), after) in keys.iter().zip(&before).zip(&after) {
                if !(before.is_available && after.is_available) {
                    continue;
                }
                compared.set(compared.get() + 1);
                for (before, after) in before.costs().iter().zip(after.costs()) {
                    prop_assert!(*before <= after, "{}: {} more {}", key, more, kind);
                }
            }
            Ok(())
        },
    );
    assert!(compared.get() > 1_000, "{} were compared", compared.get());
}

#[test]
fn parts_are_refused_exactly_when_they_are_more_than_the_whole() {
    let server = Instance::start();
    let client = RefCell::new(server.connect());
    let seen = [Cell::new(0), Cell::new(0)];
    for_all(
        300,
        &(0..60_u64, 0..60_u64, any::<[u8; 6]>()),
        |(input, output, parts)| {
            let parts = parts.map(|part| u64::from(part % 24));
            let [read, write, long_write, sound, reasoning, speech] = parts;
            let body = json!({
                "model_name": "gpt-4o", "input_tokens": input, "output_tokens": output,
                "cache_read_input_tokens": read, "cache_creation_input_tokens": write,
                "cache_creation_1h_input_tokens": long_write, "audio_input_tokens": sound,
                "reasoning_tokens": reasoning, "audio_output_tokens": speech,
            });
            let is_possible =
                read + write + long_write + sound <= input && reasoning + speech <= output;
            seen[usize::from(is_possible)].set(seen[usize::from(is_possible)].get() + 1);
            let reply = client.borrow_mut().post("/cost-estimate", body.to_string());
            let expected = if is_possible { 200 } else { 422 };
            prop_assert_eq!(reply.status, expected, "{}", reply.text());
            if !is_possible {
                prop_assert!(reply.text().contains("more than"), "{}", reply.text());
            }
            Ok(())
        },
    );
    assert!(seen.iter().all(|seen| seen.get() > 30), "{seen:?}");
}

#[derive(Deserialize)]
struct Estimate {
    input_cost: Number,
    output_cost: Number,
    tool_cost: Number,
    total_cost: Number,
    breakdown: Vec<Line>,
    all_requests: AllRequests,
}

#[derive(Deserialize)]
struct AllRequests {
    input_cost: Number,
    output_cost: Number,
    tool_cost: Number,
    total_cost: Number,
}

#[derive(Deserialize)]
struct Line {
    what: String,
    part_of: String,
    #[serde(default)]
    tokens: u64,
    cost: Number,
}

/// The exact amounts of some costs.
fn amounts<const N: usize>(costs: [&Number; N]) -> [Exact; N] {
    costs.map(|cost| parse(cost.get()))
}

#[test]
fn every_token_is_in_one_line_and_every_line_in_the_total() {
    let server = Instance::start();
    let client = RefCell::new(server.connect());
    let inputs = (
        select(&KEYS[..]),
        usage(),
        1..=1_000_000_u64,
        0..=1_000_000_u32,
    );
    let seen = Cell::new(0);
    for_all(300, &inputs, |(key, usage, requests, discount)| {
        let mut body = json!(usage);
        body["model_name"] = json!(key);
        body["requests"] = json!(requests);
        body["discount_percent"] = json!(f64::from(discount) / 1e4);
        let reply = client.borrow_mut().post("/cost-estimate", body.to_string());
        if reply.status != 200 {
            return Ok(());
        }
        seen.set(seen.get() + 1);
        let estimate: Estimate = serde_json::from_slice(&reply.body).expect("an estimate");
        let [input, output, tool, total] = amounts([
            &estimate.input_cost,
            &estimate.output_cost,
            &estimate.tool_cost,
            &estimate.total_cost,
        ]);
        prop_assert_eq!(&input + &output + &tool, total.clone());
        // An embedding bills its input only.
        let output_tokens = match PRICE_MAP[key].is_embedding() {
            true => 0,
            false => usage.output_tokens,
        };
        for (part, cost, tokens) in [
            ("input_cost", &input, usage.input_tokens),
            ("output_cost", &output, output_tokens),
            ("tool_cost", &tool, 0),
        ] {
            let lines = estimate
                .breakdown
                .iter()
                .filter(|line| line.part_of == part);
            let lines: Vec<&Line> = lines.collect();
            let sum: Exact = lines.iter().map(|line| parse(line.cost.get())).sum();
            prop_assert_eq!(&sum, cost, "{} of {}", part, reply.text());
            let sum: u64 = lines.iter().map(|line| line.tokens).sum();
            prop_assert_eq!(sum, tokens, "{} of {}", part, reply.text());
        }
        let kinds: BTreeSet<&str> = estimate.breakdown.iter().map(|line| &*line.what).collect();
        prop_assert_eq!(kinds.len(), estimate.breakdown.len(), "a kind has one line");
        let all = &estimate.all_requests;
        let all = amounts([
            &all.input_cost,
            &all.output_cost,
            &all.tool_cost,
            &all.total_cost,
        ]);
        let times = [input, output, tool, total].map(|cost| cost * exact(requests));
        prop_assert_eq!(all, times);
        Ok(())
    });
    assert!(seen.get() > 50, "{} had a price", seen.get());
}

#[test]
fn splitting_a_batch_changes_nothing() {
    let server = Instance::start();
    let client = RefCell::new(server.connect());
    let name = prop_oneof![
        4 => select(&KEYS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,20}",
    ];
    let names = proptest::collection::vec(name, 0..40);
    for_all(60, &(names, any::<u8>(), usage()), |(names, cut, usage)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (left, right) = names.split_at(usize::from(cut) % (names.len() + 1));
        let mut client = client.borrow_mut();
        let mut rows = |names: &[&str]| -> Vec<String> {
            let rows: Vec<Number> = batch(&mut client, names, &usage);
            rows.iter().map(|row| row.get().to_owned()).collect()
        };
        let (whole, mut parts) = (rows(&names), rows(left));
        parts.extend(rows(right));
        prop_assert_eq!(whole, parts);
        Ok(())
    });
}
