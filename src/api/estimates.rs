//! `POST /cost-estimate` and `POST /cost-estimate/batch`.

use std::time::SystemTime;

use serde::Serialize;

use super::body::Fields;
use super::book::Book;
use super::error::Fault;
use super::rows;
use crate::catalog::Model;
use crate::clock::Timestamp;
use crate::estimate::{Estimate, Usage, estimate};
use crate::exchange::{Call, Reply};
use crate::money::Usd;
use crate::telemetry::{Feature, Telemetry};

/// More names than anyone compares; the whole catalogue is asked for with `GET /pricing`.
const BATCH_NAMES_MAX: usize = 1_000;

/// How many names an unknown one may have been.
const CLOSEST_MAX: usize = 5;

#[derive(Serialize)]
struct CostEstimate<'a> {
    model_name: &'a str,
    provider: &'a str,
    input_tokens: u64,
    output_tokens: u64,
    input_cost: Usd,
    output_cost: Usd,
    total_cost: Usd,
    currency: &'static str,
    timestamp: Timestamp,
    resolved_model: &'a str,
}

/// `POST /cost-estimate`
pub fn one(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let mut fields = Fields::parse(call.body)?;
    let name = fields.string("model_name");
    let usage = Usage {
        input_tokens: fields.tokens("input_tokens"),
        output_tokens: fields.tokens("output_tokens"),
    };
    fields.finish()?;
    let Some(model) = book.catalog.find(&name) else {
        return Err(Fault::UnknownModel {
            closest: closest(book, &name),
            name,
        });
    };
    let costs = estimate(model, usage).map_err(|why| Fault::Unpriced {
        id: model.id.to_string(),
        why,
    })?;
    let now = SystemTime::now();
    let provider = &book.catalog.provider(model.provider).name;
    telemetry.record_estimate(provider, &model.id, costs.total_cost, now);
    telemetry.record_feature(Feature::CostEstimate, now);
    Ok(Reply::json(
        200,
        &CostEstimate {
            model_name: rows::name(model),
            provider,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            input_cost: costs.input_cost,
            output_cost: costs.output_cost,
            total_cost: costs.total_cost,
            currency: "USD",
            timestamp: now.into(),
            resolved_model: &model.id,
        },
    ))
}

#[derive(Serialize)]
struct BatchEstimate<'a> {
    input_tokens: u64,
    output_tokens: u64,
    models: Vec<Comparison<'a>>,
    cheapest_model: Option<&'a str>,
    most_expensive_model: Option<&'a str>,
    cost_range: Option<CostRange>,
    currency: &'static str,
    timestamp: Timestamp,
}

#[derive(Serialize)]
struct Comparison<'a> {
    model_name: &'a str,
    provider: &'a str,
    input_cost: Usd,
    output_cost: Usd,
    total_cost: Usd,
    cost_per_1m_tokens: Usd,
    is_available: bool,
    error_message: Option<String>,
    resolved_model: Option<&'a str>,
}

#[derive(Serialize)]
struct CostRange {
    min: Usd,
    max: Usd,
}

/// `POST /cost-estimate/batch`
pub fn batch(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let mut fields = Fields::parse(call.body)?;
    let names = fields.strings("model_names", BATCH_NAMES_MAX);
    let usage = Usage {
        input_tokens: fields.tokens("input_tokens"),
        output_tokens: fields.tokens("output_tokens"),
    };
    fields.finish()?;
    let now = SystemTime::now();
    let mut models = Vec::with_capacity(names.len());
    let mut priced: Vec<(Usd, &Model)> = Vec::with_capacity(names.len());
    for name in &names {
        let Some(model) = book.catalog.find(name) else {
            models.push(unavailable(name, format!("Model '{name}' not found")));
            continue;
        };
        match estimate(model, usage) {
            Ok(costs) => {
                let provider = &book.catalog.provider(model.provider).name;
                telemetry.record_estimate(provider, &model.id, costs.total_cost, now);
                priced.push((costs.total_cost, model));
                models.push(available(model, provider, usage, costs));
            }
            Err(why) => models.push(unavailable(name, why.to_string())),
        }
    }
    telemetry.record_feature(Feature::BatchEstimate, now);
    let cost_of = |entry: &&(Usd, &Model)| entry.0;
    // Free listings and retired models win only among themselves.
    let cheapest = priced
        .iter()
        .filter(|(_, model)| book.may_win(model))
        .min_by_key(cost_of)
        .or_else(|| priced.iter().min_by_key(cost_of));
    let most_expensive = priced.iter().rev().max_by_key(cost_of);
    let cost_range = priced.iter().map(|entry| entry.0).min().zip(most_expensive);
    Ok(Reply::json(
        200,
        &BatchEstimate {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            models,
            cheapest_model: cheapest.map(|(_, model)| rows::name(model)),
            most_expensive_model: most_expensive.map(|(_, model)| rows::name(model)),
            cost_range: cost_range.map(|(min, max)| CostRange { min, max: max.0 }),
            currency: "USD",
            timestamp: now.into(),
        },
    ))
}

fn available<'a>(
    model: &'a Model,
    provider: &'a str,
    usage: Usage,
    costs: Estimate,
) -> Comparison<'a> {
    let tokens = usage.input_tokens + usage.output_tokens;
    Comparison {
        model_name: rows::name(model),
        provider,
        input_cost: costs.input_cost,
        output_cost: costs.output_cost,
        total_cost: costs.total_cost,
        cost_per_1m_tokens: costs.total_cost.per_million_of(tokens),
        is_available: true,
        error_message: None,
        resolved_model: Some(&model.id),
    }
}

fn unavailable(name: &str, why: String) -> Comparison<'_> {
    Comparison {
        model_name: name,
        provider: "unknown",
        input_cost: Usd::ZERO,
        output_cost: Usd::ZERO,
        total_cost: Usd::ZERO,
        cost_per_1m_tokens: Usd::ZERO,
        is_available: false,
        error_message: Some(why),
        resolved_model: None,
    }
}

fn closest(book: &Book, name: &str) -> Vec<String> {
    book.catalog
        .closest(name, CLOSEST_MAX)
        .into_iter()
        .map(str::to_owned)
        .collect()
}
