//! One model's row in each list.

use schemars::JsonSchema;
use serde::Serialize;

use super::book::Book;
use crate::catalog::{Measured, Measurement, Mode, Model, Status};
use crate::clock::Timestamp;
use crate::money::{Rate, Usd};
use crate::use_case;

/// The volumes for which `/pricing` shows costs, in tokens.
const VOLUMES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// A model of `GET /pricing`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PricingMetrics")]
pub struct PricingRow<'a> {
    /// A name that finds this model.
    model_name: &'a str,
    /// Display name.
    provider: &'a str,
    /// USD, by the model's first price; what longer inputs and other tiers cost is in its details.
    cost_per_input_token: Usd,
    cost_per_output_token: Usd,
    /// Tokens per second, by whoever `/performance` names; null where nobody measured.
    throughput: Option<f64>,
    /// Until the first token; null where nobody measured.
    latency_ms: Option<f64>,
    /// Tokens of input; null where unknown.
    context_window: Option<u64>,
    currency: &'static str,
    unit: &'static str,
    /// Where the price is published.
    source: &'a str,
    /// The day the prices were taken.
    last_updated: Timestamp,
    /// By rule from capabilities, mode, context window and price, as are `strengths` and `best_for`.
    use_cases: Vec<&'static str>,
    strengths: Vec<String>,
    best_for: String,
    /// What ten thousand tokens cost, as input, as output, and half of each.
    cost_at_10k_tokens: VolumePrice,
    cost_at_100k_tokens: VolumePrice,
    cost_at_1m_tokens: VolumePrice,
    /// Seconds, by the throughput.
    estimated_time_1m_tokens: Option<f64>,
    /// The name that is this model's alone.
    id: &'a str,
    /// What it is made for: chat, embedding, and so on.
    mode: Option<&'static str>,
    max_output_tokens: Option<u64>,
    /// `active`, `retiring` (within 90 days) or `retired`.
    status: &'static str,
    /// The day it stops, if that is announced.
    deprecation_date: Option<String>,
}

/// What a number of tokens costs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenVolumePrice")]
struct VolumePrice {
    input_cost: Usd,
    output_cost: Usd,
    /// Half of them input and half output.
    total_cost: Usd,
}

pub fn pricing_row<'a>(book: &'a Book, model: &'a Model) -> PricingRow<'a> {
    let (input, output) = base_rates(model);
    let profile = use_case::profile(model, book.today);
    // N tokens at each price; the total is what an even mix of both costs.
    let [at_10k, at_100k, at_1m] = VOLUMES.map(|tokens| {
        let (input_cost, output_cost) = (input * tokens, output * tokens);
        VolumePrice {
            input_cost,
            output_cost,
            total_cost: Usd::midpoint(input_cost, output_cost),
        }
    });
    PricingRow {
        model_name: name(model),
        provider: &book.catalog.provider(model.provider).name,
        cost_per_input_token: input.usd(),
        cost_per_output_token: output.usd(),
        throughput: throughput(model),
        latency_ms: latency_ms(model),
        context_window: model.facts.max_input_tokens,
        currency: "USD",
        unit: "per_token",
        source: source(book, model),
        last_updated: Timestamp::start_of(book.catalog.header().date),
        use_cases: profile.use_cases,
        strengths: profile.strengths,
        best_for: profile.best_for,
        cost_at_10k_tokens: at_10k,
        cost_at_100k_tokens: at_100k,
        cost_at_1m_tokens: at_1m,
        estimated_time_1m_tokens: throughput(model)
            .map(|tokens_per_second| 1e6 / tokens_per_second),
        id: &model.id,
        mode: model.facts.mode.map(Mode::name),
        max_output_tokens: model.facts.max_output_tokens,
        status: status_word(model.status(book.today)),
        deprecation_date: model.facts.deprecation_date.map(|date| date.to_string()),
    }
}

/// A model of `GET /performance`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PerformanceMetrics")]
pub struct PerformanceRow<'a> {
    model_name: &'a str,
    provider: &'a str,
    /// Tokens per second; null where nobody measured.
    throughput: Option<f64>,
    /// Until the first token; null where nobody measured.
    latency_ms: Option<f64>,
    /// Tokens of input; null where unknown.
    context_window: Option<u64>,
    cost_per_input_token: Usd,
    cost_per_output_token: Usd,
    /// `throughput / (mean price per token * 1000)`; null where one is unknown or the model is free.
    performance_score: Option<f64>,
    /// `context_window / (mean price per token * 1000)`; null where one is unknown or the model is free.
    value_score: Option<f64>,
    /// The name that is this model's alone.
    id: &'a str,
    /// Where there is anything measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<MeasuredBy<'a>>,
}

/// Who stands for the figures, and since when.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Measured")]
pub struct MeasuredBy<'a> {
    throughput: Option<MeasurementBy<'a>>,
    latency: Option<MeasurementBy<'a>>,
}

/// Who has measured something, and when.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Measurement")]
struct MeasurementBy<'a> {
    source: &'a str,
    /// A day.
    date: String,
}

impl<'a> MeasuredBy<'a> {
    pub fn of(measured: &'a Measured) -> MeasuredBy<'a> {
        let by = |measurement: &'a Option<Measurement>| {
            measurement.as_ref().map(|measurement| MeasurementBy {
                source: &measurement.source,
                date: measurement.date.to_string(),
            })
        };
        MeasuredBy {
            throughput: by(&measured.throughput),
            latency: by(&measured.latency),
        }
    }
}

pub fn performance_row<'a>(book: &'a Book, model: &'a Model) -> PerformanceRow<'a> {
    let (input, output) = base_rates(model);
    PerformanceRow {
        model_name: name(model),
        provider: &book.catalog.provider(model.provider).name,
        throughput: throughput(model),
        latency_ms: latency_ms(model),
        context_window: model.facts.max_input_tokens,
        cost_per_input_token: input.usd(),
        cost_per_output_token: output.usd(),
        performance_score: performance_score(model),
        value_score: value_score(model),
        id: &model.id,
        measured: model.measured.as_deref().map(MeasuredBy::of),
    }
}

/// A model of `GET /use-cases`. All of it follows by rule from the catalogue's facts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModelUseCase")]
pub struct UseCaseRow<'a> {
    model_name: &'a str,
    provider: &'a str,
    best_for: String,
    use_cases: Vec<&'static str>,
    strengths: Vec<String>,
    /// Tokens of input; null where unknown.
    context_window: Option<u64>,
    /// `ultra-low`, `low`, `medium` or `high`.
    cost_tier: &'static str,
    /// The name that is this model's alone.
    id: &'a str,
    /// `active`, `retiring` (within 90 days) or `retired`.
    status: &'static str,
    /// What the tier goes by, where that is a price per token: three parts of input and one of output.
    blended_usd_per_1m_tokens: Option<Usd>,
}

pub fn use_case_row<'a>(book: &'a Book, model: &'a Model) -> UseCaseRow<'a> {
    let profile = use_case::profile(model, book.today);
    UseCaseRow {
        model_name: name(model),
        provider: &book.catalog.provider(model.provider).name,
        best_for: profile.best_for,
        use_cases: profile.use_cases,
        strengths: profile.strengths,
        context_window: model.facts.max_input_tokens,
        cost_tier: profile.cost_tier.v1_word(),
        id: &model.id,
        status: status_word(model.status(book.today)),
        blended_usd_per_1m_tokens: profile.blended_usd_per_million,
    }
}

/// The name a row carries: v1's spelling for v1's models, else what the provider's API calls it.
pub fn name(model: &Model) -> &str {
    model.v1.as_ref().map_or(&model.name, |v1| &v1.name)
}

/// Where the publisher states the model's prices; else where the catalogue has them from.
pub fn source<'a>(book: &'a Book, model: &'a Model) -> &'a str {
    model
        .source
        .as_deref()
        .unwrap_or(&book.catalog.header().source)
}

pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Retiring { .. } => "retiring",
        Status::Retired => "retired",
    }
}

/// The prices per input and output token. Every model of the catalogue has one of the two; an
/// embedding, say, has no output to pay for.
fn base_rates(model: &Model) -> (Rate, Rate) {
    (
        model.input_rate().unwrap_or(Rate::ZERO),
        model.output_rate().unwrap_or(Rate::ZERO),
    )
}

/// Output tokens per second, if somebody measured them.
pub fn throughput(model: &Model) -> Option<f64> {
    Some(model.measured.as_ref()?.throughput.as_ref()?.figure)
}

/// Milliseconds to the first token, if somebody measured them.
pub fn latency_ms(model: &Model) -> Option<f64> {
    Some(model.measured.as_ref()?.latency.as_ref()?.figure)
}

/// Throughput per milli-dollar of the mean token price, as v1 defined it:
/// `throughput / ((input + output) / 2 * 1000)`. `None` when it was not measured or the model is free.
fn performance_score(model: &Model) -> Option<f64> {
    let (input, output) = base_rates(model);
    let dividend = throughput(model)? * 2.0 * ATTOS_PER_MILLI_DOLLAR as f64;
    let divisor = (input.usd() + output.usd()).attos();
    (divisor > 0).then_some(dividend / divisor as f64)
}

const ATTOS_PER_MILLI_DOLLAR: i128 = 1_000_000_000_000_000;

/// Context tokens per milli-dollar of the mean token price, as v1 defined it:
/// `context_window / ((input + output) / 2 * 1000)`. `None` when an input is unknown or free.
pub fn value_score(model: &Model) -> Option<f64> {
    let window = model.facts.max_input_tokens?;
    let (input, output) = base_rates(model);
    // A fraction of whole numbers, so that a score which is a whole number comes out as one.
    let dividend = i128::from(window) * 2 * ATTOS_PER_MILLI_DOLLAR;
    let divisor = (input.usd() + output.usd()).attos();
    (divisor > 0).then(|| {
        let (whole, rest) = (dividend / divisor, dividend % divisor);
        whole as f64 + rest as f64 / divisor as f64
    })
}

/// The mean price per token, by which `/performance` sorts costs.
pub fn mean_price(model: &Model) -> Usd {
    let (input, output) = base_rates(model);
    Usd::midpoint(input.usd(), output.usd())
}
