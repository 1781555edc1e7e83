//! `POST /cost-estimate`, `POST /cost-estimate/batch` and `GET /compare`.

use std::time::SystemTime;

use serde::Serialize;

use super::book::Book;
use super::breakdown::{AllRequests, Breakdown, Multipliers, Rates};
use super::error::Fault;
use super::fields::Fields;
use super::naming::{self, Candidate, Misnomer, Naming};
use super::rows;
use super::workload::Workload;
use crate::catalog::Model;
use crate::clock::Timestamp;
use crate::estimate::{Estimate, Unpriced, estimate, tier_word};
use crate::exchange::{Call, Reply};
use crate::money::Usd;
use crate::telemetry::{Feature, Telemetry};

/// More names than anyone compares; the whole catalogue is asked for with `GET /pricing`.
const BATCH_NAMES_MAX: usize = 1_000;

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
    tool_cost: Usd,
    resolved_model: &'a str,
    #[serde(rename = "match")]
    by: &'static str,
    service_tier: &'static str,
    threshold_applied: Option<u64>,
    off_peak: bool,
    assumed: bool,
    rates: Rates<'a>,
    breakdown: Breakdown<'a>,
    multipliers: Multipliers<'a>,
    all_requests: AllRequests,
    warnings: Vec<String>,
    price_as_of: Timestamp,
    source: &'a str,
    catalog: CatalogStamp<'a>,
}

/// Which catalogue the prices are of.
#[derive(Serialize)]
pub struct CatalogStamp<'a> {
    version: &'a str,
    date: Timestamp,
}

impl<'a> CatalogStamp<'a> {
    pub fn of(book: &'a Book) -> CatalogStamp<'a> {
        let header = book.catalog.header();
        CatalogStamp {
            version: &header.version,
            date: Timestamp::start_of(header.date),
        }
    }
}

/// `POST /cost-estimate`
pub fn one(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let now = SystemTime::now();
    let mut fields = Fields::parse(call.body)?;
    let name = fields.string("model_name");
    let naming = Naming::read(&mut fields, book);
    let workload = Workload::read(&mut fields, now);
    let mut warnings = ignored(&fields);
    fields.finish()?;
    let resolved = naming
        .resolve(&book.catalog, &name)
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
            all_requests: all,
            warnings,
            price_as_of: Timestamp::start_of(book.catalog.header().date),
            source: rows::source(book, model),
            catalog: CatalogStamp::of(book),
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
    requests: u64,
    warnings: Vec<String>,
    catalog: CatalogStamp<'a>,
}

/// One model among others.
#[derive(Serialize)]
pub struct Comparison<'a> {
    model_name: &'a str,
    provider: &'a str,
    input_cost: Usd,
    output_cost: Usd,
    total_cost: Usd,
    cost_per_1m_tokens: Usd,
    is_available: bool,
    error_message: Option<String>,
    tool_cost: Usd,
    /// For more than one request only.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_requests: Option<AllRequests>,
    resolved_model: Option<&'a str>,
    #[serde(rename = "match")]
    by: Option<&'static str>,
    service_tier: Option<&'static str>,
    threshold_applied: Option<u64>,
    assumed: bool,
    warnings: Vec<String>,
    /// Of a name that is not known: names that are.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestions: Option<Vec<String>>,
    /// Of a name that several models have: those models.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<Candidate>>,
}

#[derive(Serialize)]
struct CostRange {
    min: Usd,
    max: Usd,
}

/// `POST /cost-estimate/batch`
pub fn batch(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    telemetry.record_feature(Feature::BatchEstimate, SystemTime::now());
    comparison(book, telemetry, Fields::parse(call.body)?, "model_names")
}

/// `GET /compare`
pub fn compare(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    telemetry.record_feature(Feature::Compare, SystemTime::now());
    let fields = Fields::of_query(call.query);
    comparison(book, telemetry, fields, "models")
}

fn comparison(
    book: &Book,
    telemetry: &Telemetry,
    mut fields: Fields,
    names_field: &str,
) -> Result<Reply, Fault> {
    let now = SystemTime::now();
    let names = fields.strings(names_field, BATCH_NAMES_MAX);
    let naming = Naming::read(&mut fields, book);
    let workload = Workload::read(&mut fields, now);
    let warnings = ignored(&fields);
    fields.finish()?;
    let mut models = Vec::with_capacity(names.len());
    let mut priced: Vec<(Usd, &Model)> = Vec::with_capacity(names.len());
    for name in &names {
        let resolved = match naming.resolve(&book.catalog, name) {
            Ok(resolved) => resolved,
            Err(misnomer) => {
                models.push(misnamed(name, misnomer));
                continue;
            }
        };
        let model = resolved.model;
        match price(book, model, &workload) {
            Ok((costs, all)) => {
                let provider = &book.catalog.provider(model.provider).name;
                telemetry.record_estimate(provider, &model.id, all.total_cost(), now);
                priced.push((costs.total_cost, model));
                let mut row = available(book, model, &workload, &costs, all);
                row.by = Some(resolved.by.name());
                row.warnings.splice(..0, naming::warning(name, &resolved));
                models.push(row);
            }
            Err(why) => models.push(unavailable(name, why.to_string())),
        }
    }
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
            input_tokens: workload.usage.input_tokens,
            output_tokens: workload.usage.output_tokens,
            models,
            cheapest_model: cheapest.map(|(_, model)| rows::name(model)),
            most_expensive_model: most_expensive.map(|(_, model)| rows::name(model)),
            cost_range: cost_range.map(|(min, max)| CostRange { min, max: max.0 }),
            currency: "USD",
            timestamp: now.into(),
            requests: workload.requests,
            warnings,
            catalog: CatalogStamp::of(book),
        },
    ))
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

fn misnamed(name: &str, misnomer: Misnomer) -> Comparison<'_> {
    let (suggestions, candidates) = (misnomer.suggestions(), misnomer.candidates());
    Comparison {
        suggestions: suggestions.map(<[String]>::to_vec),
        candidates: candidates.map(<[Candidate]>::to_vec),
        ..unavailable(name, misnomer.brief())
    }
}
