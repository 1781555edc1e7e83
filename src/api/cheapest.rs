//! `POST /cost-estimate/cheapest`: which models do a workload for the least money.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::{Book, Stamp};
use super::breakdown::AllRequests;
use super::comparisons::{Comparison, available};
use super::error::Fault;
use super::estimates::{ignored, price};
use super::fields::Fields;
use super::workload::Workload;
use super::{filter, naming};
use crate::catalog::{Filter, Mode, Model, Status};
use crate::clock::Timestamp;
use crate::estimate::Estimate;
use crate::exchange::{Call, Reply};
use crate::telemetry::{Feature, Telemetry};

const LIMIT_MAX: u64 = 100;
const LIMIT_UNASKED: u64 = 10;

/// The models that do a call for the least money.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheapestResponse")]
pub struct Cheapest<'a> {
    input_tokens: u64,
    output_tokens: u64,
    requests: u64,
    /// By the total cost of one call, equal ones by id.
    models: Vec<Comparison<'a>>,
    /// Of these, the ones that were compared.
    total_models: usize,
    /// Models that satisfy the conditions: the next three together.
    considered: usize,
    /// Of these, the ones not all of whose price is known.
    unpriced: usize,
    left_out: LeftOut,
    currency: &'static str,
    /// When this was worked out.
    timestamp: Timestamp,
    /// What else to know, as sentences.
    warnings: Vec<String>,
    #[schemars(with = "Stamp")]
    catalog: &'a RawValue,
}

/// How many models satisfy the conditions and are not compared all the same. Each counts once, for the
/// first reason that applies.
#[derive(Default, Serialize, JsonSchema)]
struct LeftOut {
    retired: usize,
    /// Free listings, and models of which this usage is free.
    free: usize,
    /// The input is longer than they take.
    context_window: usize,
}

/// What is to be done, and by whom.
pub struct Tender {
    workload: Workload,
    filter: Filter,
    include_free: bool,
    limit: usize,
}

/// What a tender leads to. Who is considered is compared, unpriced or left out.
#[derive(Default)]
struct Outcome<'a> {
    /// The cheapest first, and those that cost the same by id.
    best: Vec<Bid<'a>>,
    considered: usize,
    compared: usize,
    unpriced: usize,
    left_out: LeftOut,
}

struct Bid<'a> {
    model: &'a Model,
    costs: Estimate,
    all: AllRequests,
}

/// `POST /cost-estimate/cheapest`
pub fn cheapest(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let now = SystemTime::now();
    let mut fields = Fields::parse(call.body)?;
    let tender = Tender::read(&mut fields, book, now);
    let warnings = ignored(&fields);
    fields.finish()?;
    telemetry.record_feature(Feature::Cheapest, now);
    filter::take_note(&tender.filter, telemetry);
    let outcome = tender.decide(book);
    let workload = &tender.workload;
    let rows = outcome.best.into_iter().map(|bid| {
        let Bid { model, costs, all } = bid;
        available(book, model, workload, &costs, all)
    });
    Ok(Reply::json(
        200,
        &Cheapest {
            input_tokens: workload.usage.input_tokens,
            output_tokens: workload.usage.output_tokens,
            requests: workload.requests,
            models: rows.collect(),
            total_models: outcome.compared,
            considered: outcome.considered,
            unpriced: outcome.unpriced,
            left_out: outcome.left_out,
            currency: "USD",
            timestamp: now.into(),
            warnings,
            catalog: &book.stamp,
        },
    ))
}

impl Tender {
    /// Reads the fields; what is wrong with them is noted there.
    pub fn read(fields: &mut Fields, book: &Book, now: SystemTime) -> Tender {
        let workload = Workload::read(fields, now);
        // As in an estimate, and unlike in v1's lists, a provider nobody knows is a mistake.
        let provider = naming::provider(fields, book);
        let filter = Filter {
            provider: provider.map(Some),
            ..filter::read(book, fields)
        };
        if filter.mode == Some(Mode::Embedding) && workload.usage.output_tokens > 0 {
            fields.contradiction(
                "An embedding has no output: send output_tokens 0, or another mode".to_owned(),
            );
        }
        let limit = fields.positive("limit", LIMIT_MAX);
        Tender {
            workload,
            filter,
            include_free: fields.flag("include_free"),
            limit: limit.unwrap_or(LIMIT_UNASKED) as usize,
        }
    }

    /// Prices the workload on every model there is.
    fn decide<'a>(&self, book: &'a Book) -> Outcome<'a> {
        let mut outcome = Outcome::default();
        for model in book.catalog.models() {
            if !self.suits(model) || !self.filter.admits(&book.catalog, model) {
                continue;
            }
            outcome.considered += 1;
            if !self.filter.include_retired && self.is_retired(model) {
                outcome.left_out.retired += 1;
            } else if !self.include_free && model.is_free_listing() {
                outcome.left_out.free += 1;
            } else if self.is_too_long_for(model) {
                outcome.left_out.context_window += 1;
            } else {
                match self.bid(book, model) {
                    None => outcome.unpriced += 1,
                    // Its listing is not free, but what this call uses of it is.
                    Some(bid) if !self.include_free && bid.costs.is_free() => {
                        outcome.left_out.free += 1;
                    }
                    Some(bid) => {
                        outcome.compared += 1;
                        keep(&mut outcome.best, bid, self.limit);
                    }
                }
            }
        }
        outcome
    }

    /// Whether the model is made for such a workload. Output is text unless a mode is asked for, so that no
    /// embedding and no speech model wins with it.
    fn suits(&self, model: &Model) -> bool {
        let writes_text = matches!(
            model.facts.mode,
            Some(Mode::Chat | Mode::Completion | Mode::Responses)
        );
        writes_text || self.filter.mode.is_some() || self.workload.usage.output_tokens == 0
    }

    fn is_retired(&self, model: &Model) -> bool {
        model.status(self.workload.terms.at.date()) == Status::Retired
    }

    fn is_too_long_for(&self, model: &Model) -> bool {
        let window = model.facts.max_input_tokens;
        window.is_some_and(|window| window < self.workload.usage.input_tokens)
    }

    /// `None` when not all of the price is known: what is billed by another unit would win at no cost, and
    /// a router at its own fee.
    fn bid<'a>(&self, book: &Book, model: &'a Model) -> Option<Bid<'a>> {
        if !book.has_list_price(model) {
            return None;
        }
        let (costs, all) = price(book, model, &self.workload).ok()?;
        (!costs.is_partial()).then_some(Bid { model, costs, all })
    }
}

/// Keeps a bid when it is one of the best. Of equal ones the earlier stays ahead, and models come by id.
fn keep<'a>(best: &mut Vec<Bid<'a>>, bid: Bid<'a>, limit: usize) {
    let cost = bid.costs.total_cost;
    let place = best.partition_point(|other| other.costs.total_cost <= cost);
    if place < limit {
        best.insert(place, bid);
        best.truncate(limit);
    }
}
