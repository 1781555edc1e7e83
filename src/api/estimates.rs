//! `POST /cost-estimate`, and what every reply with costs has in common.

use std::collections::BTreeMap;
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::{Book, Stamp};
use super::breakdown::{
    AllRequests, AppliedRate, Breakdown, CostLine, Multiplier, Multipliers, Rates,
};
use super::error::Fault;
use super::fields::Fields;
use super::naming::{self, Naming, SUGGESTIONS_MAX};
use super::rows;
use super::workload::Workload;
use crate::catalog::Model;
use crate::clock::Timestamp;
use crate::estimate::{Estimate, Unpriced, estimate, tier_word};
use crate::exchange::{Call, Reply};
use crate::money::Usd;
use crate::telemetry::{Feature, Telemetry};

/// What one call costs, and why. Costs are in USD.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CostEstimateResponse")]
pub struct CostEstimate<'a> {
    /// What the model is called in lists.
    model_name: &'a str,
    /// Display name.
    provider: &'a str,
    input_tokens: u64,
    output_tokens: u64,
    input_cost: Usd,
    output_cost: Usd,
    /// `input_cost + output_cost + tool_cost`, digit by digit.
    total_cost: Usd,
    currency: &'static str,
    /// When this was worked out.
    timestamp: Timestamp,
    /// Web searches.
    tool_cost: Usd,
    /// The id of the model that was priced.
    resolved_model: &'a str,
    /// How the name led to it: `exact`, `normalized` and so on.
    #[serde(rename = "match")]
    by: &'static str,
    /// The tier that was billed, which is not the one asked for when `warnings` says so.
    service_tier: &'static str,
    /// The applied rates hold above so many input tokens; null without a threshold.
    threshold_applied: Option<u64>,
    /// Whether off-peak rates were applied.
    off_peak: bool,
    /// Whether a price is a guess: half of the standard one, for a batch without published prices.
    assumed: bool,
    /// As applied, by component.
    #[schemars(with = "BTreeMap<String, AppliedRate>")]
    rates: Rates<'a>,
    /// The costs in it add up to the total.
    #[schemars(with = "Vec<CostLine>")]
    breakdown: Breakdown<'a>,
    /// Surcharges, which are in the rates, and the caller's own discount, which is not.
    #[schemars(with = "Vec<Multiplier>")]
    multipliers: Multipliers<'a>,
    /// For more than one request only.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_requests: Option<AllRequests>,
    /// What else to know, as sentences.
    warnings: Vec<String>,
    /// The day the price was taken.
    price_as_of: Timestamp,
    /// Where it is published.
    source: &'a str,
    #[schemars(with = "Stamp")]
    catalog: &'a RawValue,
}

/// What is to be priced, on which model.
pub struct Asked {
    name: String,
    naming: Naming,
    workload: Workload,
}

impl Asked {
    /// Reads the fields; what is wrong with them is noted there.
    pub fn read(fields: &mut Fields, book: &Book, now: SystemTime) -> Asked {
        Asked {
            name: fields.string("model_name"),
            naming: Naming::read(fields, book),
            workload: Workload::read(fields, now),
        }
    }
}

/// `POST /cost-estimate`
pub fn one(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    of(book, telemetry, Fields::parse(call.body)?)
}

/// The estimate these fields ask for, wherever they come from.
pub fn of(book: &Book, telemetry: &Telemetry, mut fields: Fields) -> Result<Reply, Fault> {
    let now = SystemTime::now();
    let Asked {
        name,
        naming,
        workload,
    } = Asked::read(&mut fields, book, now);
    let mut warnings = ignored(&fields);
    fields.finish()?;
    let resolved = naming
        .resolve(&book.catalog, &name, SUGGESTIONS_MAX)
        .map_err(|misnomer| misnomer.into_fault("body", "model_name"))?;
    let model = resolved.model;
    let (costs, all) = price(book, model, &workload).map_err(|why| Fault::Unpriced {
        id: model.id.to_string(),
        why,
    })?;
    let provider = &book.catalog.provider(model.provider).name;
    telemetry.record_estimate(provider, &model.id, all.total_cost(), now);
    telemetry.record_feature(Feature::CostEstimate, now);
    warnings.extend(naming::warning(&name, &resolved));
    warnings.extend(costs.warnings.iter().map(ToString::to_string));
    Ok(Reply::json(
        200,
        &CostEstimate {
            model_name: rows::name(model),
            provider,
            input_tokens: workload.usage.input_tokens,
            output_tokens: workload.usage.output_tokens,
            input_cost: costs.input_cost,
            output_cost: costs.output_cost,
            total_cost: costs.total_cost,
            currency: "USD",
            timestamp: now.into(),
            tool_cost: costs.tool_cost,
            resolved_model: &model.id,
            by: resolved.by.name(),
            service_tier: tier_word(costs.tier),
            threshold_applied: costs.threshold_applied,
            off_peak: costs.is_off_peak,
            assumed: costs.is_assumed,
            rates: Rates(&costs.lines),
            breakdown: Breakdown(&costs.lines),
            multipliers: Multipliers {
                in_rates: &costs.multipliers,
                after_discount: workload.terms.after_discount,
            },
            all_requests: (workload.requests > 1).then_some(all),
            warnings,
            price_as_of: Timestamp::start_of(book.catalog.header().date),
            source: rows::source(book, model),
            catalog: &book.stamp,
        },
    ))
}

/// What the workload costs on a model: one call, and all of them.
pub fn price(
    book: &Book,
    model: &Model,
    workload: &Workload,
) -> Result<(Estimate, AllRequests), Unpriced> {
    let provider = book.catalog.provider(model.provider);
    let costs = estimate(model, provider, &workload.usage, &workload.terms)?;
    let all = AllRequests::of(&costs, workload.requests).ok_or(Unpriced::OutOfRange)?;
    Ok((costs, all))
}

/// What to say of fields that nothing reads: one that is spelt wrong must not be lost in silence.
pub fn ignored(fields: &Fields) -> Vec<String> {
    const CHARS_MAX: usize = 64;
    let shortened = |name: &str| name.chars().take(CHARS_MAX).collect::<String>();
    fields
        .unread()
        .map(|name| format!("unknown field '{}' was ignored", shortened(name)))
        .collect()
}
