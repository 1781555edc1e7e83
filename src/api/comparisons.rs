//! `POST /cost-estimate/batch` and `GET /compare`: one workload on several models.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::{Book, Stamp};
use super::breakdown::AllRequests;
use super::error::Fault;
use super::estimates::{ignored, price};
use super::fields::Fields;
use super::naming::{self, Candidate, Misnomer, Naming, SUGGESTIONS_MAX};
use super::rows;
use super::workload::Workload;
use crate::catalog::{Model, Status};
use crate::clock::Timestamp;
use crate::estimate::{Estimate, tier_word};
use crate::exchange::{Call, Reply};
use crate::money::Usd;
use crate::telemetry::{Feature, Telemetry};

/// More names than anyone compares; the whole catalogue is asked for with `GET /pricing`.
const NAMES_MAX: usize = 1_000;

/// The fields that have the names.
pub const BATCH_NAMES: &str = "model_names";
pub const COMPARE_NAMES: &str = "models";

/// How many rows say what a name may have meant. Finding that out takes as long as pricing twenty models,
/// and a list of candidates is as long as twenty rows.
const ADVISED_ROWS_MAX: usize = 50;

/// What one call costs on each of several models, in the order asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BatchCostEstimateResponse")]
pub struct BatchEstimate<'a> {
    input_tokens: u64,
    output_tokens: u64,
    models: Vec<Comparison<'a>>,
    /// The first of those that cost least; null when none has a price. Free listings, free usage, retired
    /// models and routers count only among themselves.
    cheapest_model: Option<&'a str>,
    most_expensive_model: Option<&'a str>,
    /// Null when none has a price.
    cost_range: Option<CostRange>,
    currency: &'static str,
    /// When this was worked out.
    timestamp: Timestamp,
    /// Several providers may sell a model of the same name; these say whose it is.
    cheapest_resolved_model: Option<&'a str>,
    most_expensive_resolved_model: Option<&'a str>,
    /// How many such calls were asked about.
    requests: u64,
    /// What else to know, as sentences.
    warnings: Vec<String>,
    #[schemars(with = "Stamp")]
    catalog: &'a RawValue,
}

/// One model among others. Costs are in USD.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModelCostComparison")]
pub struct Comparison<'a> {
    /// What the model is called in lists, or the name that was sent when it leads to none.
    model_name: &'a str,
    /// Display name; `unknown` for a name that leads to no model.
    provider: &'a str,
    input_cost: Usd,
    output_cost: Usd,
    total_cost: Usd,
    /// The mean price of these tokens, 0 without any.
    cost_per_1m_tokens: Usd,
    /// Whether there is a price for this call; if not, costs are 0 and count for nothing.
    is_available: bool,
    /// Why there is none.
    error_message: Option<String>,
    /// Web searches.
    tool_cost: Usd,
    /// For more than one request only.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_requests: Option<AllRequests>,
    /// The id; null when the name leads to no model.
    resolved_model: Option<&'a str>,
    /// How the name led to it; null when there was no name, or none that leads to a model.
    #[serde(rename = "match")]
    by: Option<&'static str>,
    /// The tier that was billed.
    service_tier: Option<&'static str>,
    /// The applied rates hold above so many input tokens; null without a threshold.
    threshold_applied: Option<u64>,
    /// Whether a price is a guess: half of the standard one, for a batch without published prices.
    assumed: bool,
    /// What else to know, as sentences.
    warnings: Vec<String>,
    /// Of a name that is not known: names that are.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestions: Option<Vec<String>>,
    /// Of a name that several models have: those models.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<Candidate>>,
}

/// The least and the most that one of the models costs, in USD.
#[derive(Serialize, JsonSchema)]
struct CostRange {
    min: Usd,
    max: Usd,
}

/// A model that has a price, among those that are compared.
pub struct Priced<'a> {
    pub model: &'a Model,
    pub total_cost: Usd,
    pub may_win: bool,
}

/// Who may not win does so only among the like.
pub fn cheapest<'a, 'm>(priced: &'a [Priced<'m>]) -> Option<&'a Priced<'m>> {
    let cost_of = |priced: &&Priced| priced.total_cost;
    priced
        .iter()
        .filter(|priced| priced.may_win)
        .min_by_key(cost_of)
        .or_else(|| priced.iter().min_by_key(cost_of))
}

pub fn most_expensive<'a, 'm>(priced: &'a [Priced<'m>]) -> Option<&'a Priced<'m>> {
    priced.iter().rev().max_by_key(|priced| priced.total_cost)
}

/// `POST /cost-estimate/batch`
pub fn batch(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    telemetry.record_feature(Feature::BatchEstimate, SystemTime::now());
    comparison(book, telemetry, Fields::parse(call.body)?, BATCH_NAMES)
}

/// `GET /compare`
pub fn compare(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    telemetry.record_feature(Feature::Compare, SystemTime::now());
    let fields = Fields::of_query(call.query);
    comparison(book, telemetry, fields, COMPARE_NAMES)
}

/// What is to be priced, on which models.
pub struct Asked {
    names: Vec<String>,
    naming: Naming,
    workload: Workload,
}

impl Asked {
    /// Reads the fields, the names from the one that has them; what is wrong with them is noted there.
    pub fn read(fields: &mut Fields, names: &str, book: &Book, now: SystemTime) -> Asked {
        Asked {
            names: fields.strings(names, NAMES_MAX),
            naming: Naming::read(fields, book),
            workload: Workload::read(fields, now),
        }
    }
}

fn comparison(
    book: &Book,
    telemetry: &Telemetry,
    mut fields: Fields,
    names_field: &str,
) -> Result<Reply, Fault> {
    let now = SystemTime::now();
    let Asked {
        names,
        naming,
        workload,
    } = Asked::read(&mut fields, names_field, book, now);
    let warnings = ignored(&fields);
    fields.finish()?;
    let mut models = Vec::with_capacity(names.len());
    let mut priced: Vec<Priced> = Vec::with_capacity(names.len());
    let mut misnamed_rows = 0;
    for name in &names {
        let is_advised = misnamed_rows < ADVISED_ROWS_MAX;
        let suggestions_max = if is_advised { SUGGESTIONS_MAX } else { 0 };
        let resolved = match naming.resolve(&book.catalog, name, suggestions_max) {
            Ok(resolved) => resolved,
            Err(misnomer) => {
                models.push(misnamed(name, misnomer, is_advised));
                misnamed_rows += 1;
                continue;
            }
        };
        let model = resolved.model;
        match price(book, model, &workload) {
            Ok((costs, all)) => {
                let provider = &book.catalog.provider(model.provider).name;
                telemetry.record_estimate(provider, &model.id, all.total_cost(), now);
                priced.push(Priced {
                    model,
                    total_cost: costs.total_cost,
                    may_win: may_win(model, &workload, &costs),
                });
                let mut row = available(book, model, &workload, &costs, all);
                row.by = Some(resolved.by.name());
                row.warnings.splice(..0, naming::warning(name, &resolved));
                models.push(row);
            }
            Err(why) => models.push(Comparison {
                provider: &book.catalog.provider(model.provider).name,
                resolved_model: Some(&model.id),
                by: Some(resolved.by.name()),
                warnings: naming::warning(name, &resolved).into_iter().collect(),
                ..unavailable(name, why.to_string())
            }),
        }
    }
    let cheapest = cheapest(&priced);
    let most_expensive = most_expensive(&priced);
    let cost_range = priced.iter().map(|priced| priced.total_cost).min();
    Ok(Reply::json(
        200,
        &BatchEstimate {
            input_tokens: workload.usage.input_tokens,
            output_tokens: workload.usage.output_tokens,
            models,
            cheapest_model: cheapest.map(|priced| rows::name(priced.model)),
            most_expensive_model: most_expensive.map(|priced| rows::name(priced.model)),
            cost_range: cost_range.zip(most_expensive).map(|(min, max)| CostRange {
                min,
                max: max.total_cost,
            }),
            currency: "USD",
            timestamp: now.into(),
            cheapest_resolved_model: cheapest.map(|one| &*one.model.id),
            most_expensive_resolved_model: most_expensive.map(|one| &*one.model.id),
            requests: workload.requests,
            warnings,
            catalog: &book.stamp,
        },
    ))
}

/// Whether the model may be named the cheapest: it can be called on the day of the call, and what it costs
/// is a price, and all of it.
pub fn may_win(model: &Model, workload: &Workload, costs: &Estimate) -> bool {
    let is_retired = model.status(workload.terms.at.date()) == Status::Retired;
    !(is_retired || model.is_free_listing() || costs.is_free() || costs.is_partial())
}

/// The row of a model that has a price, whichever name led to it, if any did.
pub fn available<'a>(
    book: &'a Book,
    model: &'a Model,
    workload: &Workload,
    costs: &Estimate,
    all: AllRequests,
) -> Comparison<'a> {
    let tokens = workload.usage.input_tokens + workload.usage.output_tokens;
    Comparison {
        model_name: rows::name(model),
        provider: &book.catalog.provider(model.provider).name,
        input_cost: costs.input_cost,
        output_cost: costs.output_cost,
        total_cost: costs.total_cost,
        cost_per_1m_tokens: costs.total_cost.per_million_of(tokens),
        is_available: true,
        error_message: None,
        tool_cost: costs.tool_cost,
        all_requests: (workload.requests > 1).then_some(all),
        resolved_model: Some(&model.id),
        by: None,
        service_tier: Some(tier_word(costs.tier)),
        threshold_applied: costs.threshold_applied,
        assumed: costs.is_assumed,
        warnings: costs.warnings.iter().map(ToString::to_string).collect(),
        suggestions: None,
        candidates: None,
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
        tool_cost: Usd::ZERO,
        all_requests: None,
        resolved_model: None,
        by: None,
        service_tier: None,
        threshold_applied: None,
        assumed: false,
        warnings: Vec::new(),
        suggestions: None,
        candidates: None,
    }
}

/// The row of a name that leads to no one model, with what it may have meant.
fn misnamed(name: &str, misnomer: Misnomer, is_advised: bool) -> Comparison<'_> {
    let row = unavailable(name, misnomer.brief());
    if !is_advised {
        return row;
    }
    Comparison {
        suggestions: misnomer.suggestions().map(<[String]>::to_vec),
        candidates: misnomer.candidates().map(<[Candidate]>::to_vec),
        ..row
    }
}
