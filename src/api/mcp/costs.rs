//! `estimate_cost` and `compare_costs`: the estimates of `POST /cost-estimate`, in fewer words.

use std::time::SystemTime;

use serde::Serialize;

use super::arguments::{Arguments, Fault};
use super::tools::{Asked, Desk, written};
use crate::api::comparisons::{Priced, cheapest, may_win, most_expensive};
use crate::api::estimates::price;
use crate::api::naming::{self, Misnomer, Naming, SUGGESTIONS_MAX};
use crate::api::workload::Workload;
use crate::catalog::{Match, Model, Resolved};
use crate::clock::Timestamp;
use crate::estimate::{Estimate, Part, Terms, Usage, What};
use crate::money::Usd;

const TOKENS_MAX: u64 = 1_000_000_000_000;
const REQUESTS_MAX: u64 = 1_000_000_000;
const NAME_CHARS_MAX: usize = 200;
const NAMES_MAX: usize = 20;

/// Names that a wrong one may have meant; more than is suggested of an unknown one, for those of which
/// there are several.
const NEAREST_MAX: usize = 10;

/// What all requests cost. The parts add up to the total.
#[derive(Serialize)]
struct Costs {
    input_cost_usd: Usd,
    /// Of input that is read from the cache, which is not in the cost of input then.
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input_cost_usd: Option<Usd>,
    output_cost_usd: Usd,
    total_cost_usd: Usd,
}

/// As applied, for a million tokens; left out where there is none.
#[derive(Serialize)]
struct Prices {
    #[serde(skip_serializing_if = "Option::is_none")]
    input_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_input_usd_per_mtok: Option<Usd>,
}

#[derive(Serialize)]
struct One<'a> {
    model: &'a str,
    provider: &'a str,
    #[serde(flatten)]
    costs: Costs,
    requests: u64,
    prices: Prices,
    prices_as_of: Timestamp,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Several<'a> {
    costs: Vec<Row<'a>>,
    cheapest: &'a str,
    most_expensive: &'a str,
    difference_usd: Usd,
    not_found: Vec<NotFound>,
    prices_as_of: Timestamp,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    provider: &'a str,
    #[serde(flatten)]
    costs: Costs,
}

#[derive(Serialize)]
struct NotFound {
    model_name: String,
    nearest: Vec<String>,
}

pub fn estimate(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let mut arguments = asked.arguments;
    let name = arguments.text("model_name", NAME_CHARS_MAX)?;
    let workload = workload(&mut arguments)?;
    arguments.finish()?;
    let name = name.ok_or_else(|| Fault("model_name is missing.".to_owned()))?;
    let resolved = resolve(desk, name)?;
    let model = resolved.model;
    let (estimate, costs) = priced(desk, model, &workload)
        .ok_or_else(|| Fault(format!("{} has no published price for this.", model.id)))?;
    let mut notes: Vec<String> = note_on_name(desk, name, &resolved).into_iter().collect();
    notes.extend(estimate.warnings.iter().map(ToString::to_string));
    written(&One {
        model: &model.id,
        provider: &desk.book.catalog.provider(model.provider).name,
        costs,
        requests: workload.requests,
        prices: prices(&estimate),
        prices_as_of: desk.prices_as_of(),
        notes,
    })
}

pub fn compare(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let mut arguments = asked.arguments;
    let names = arguments.needed_texts("model_names", NAMES_MAX, NAME_CHARS_MAX)?;
    let workload = workload(&mut arguments)?;
    arguments.finish()?;
    let (mut costs, mut not_found, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut bids: Vec<Priced> = Vec::new();
    for name in names {
        let resolved = match resolve(desk, name) {
            Ok(resolved) => resolved,
            Err(misnomer) => {
                not_found.push(NotFound {
                    model_name: name.to_owned(),
                    nearest: nearest(&misnomer),
                });
                continue;
            }
        };
        let model = resolved.model;
        notes.extend(note_on_name(desk, name, &resolved));
        match priced(desk, model, &workload) {
            Some((estimate, costs_of_it)) => {
                let warnings = estimate.warnings.iter();
                notes.extend(warnings.map(|warning| format!("{}: {warning}", model.id)));
                bids.push(Priced {
                    model,
                    total_cost: costs_of_it.total_cost_usd,
                    may_win: may_win(model, &workload, &estimate),
                });
                costs.push(Row {
                    model: &model.id,
                    provider: &desk.book.catalog.provider(model.provider).name,
                    costs: costs_of_it,
                });
            }
            None => notes.push(format!("{} has no published price for this.", model.id)),
        }
    }
    costs.sort_by_key(|row| row.costs.total_cost_usd);
    // As in the comparisons of the API, what is free or retired does not win.
    let (Some(cheapest), Some(dearest)) = (cheapest(&bids), most_expensive(&bids)) else {
        let names: Vec<String> = not_found.into_iter().flat_map(|row| row.nearest).collect();
        return Err(Fault(format!(
            "None of these models has a price here.{} search_models finds more.",
            hint(&names)
        )));
    };
    written(&Several {
        cheapest: &cheapest.model.id,
        most_expensive: &dearest.model.id,
        difference_usd: dearest.total_cost - cheapest.total_cost,
        prices_as_of: desk.prices_as_of(),
        not_found,
        notes,
        costs,
    })
}

fn workload(arguments: &mut Arguments) -> Result<Workload, Fault> {
    let mut usage = Usage::text(
        arguments.needed_whole("input_tokens", TOKENS_MAX)?,
        arguments.needed_whole("output_tokens", TOKENS_MAX)?,
    );
    let cached = arguments.whole("cached_input_tokens", 0, TOKENS_MAX)?;
    usage.cache_read_tokens = cached.unwrap_or(0);
    if usage.cache_read_tokens > usage.input_tokens {
        return Err(Fault(format!(
            "cached_input_tokens is a part of input_tokens, but {} is more than {}.",
            usage.cache_read_tokens, usage.input_tokens
        )));
    }
    let requests = arguments.whole("requests", 1, REQUESTS_MAX)?;
    Ok(Workload {
        usage,
        terms: Terms::at(SystemTime::now().into()),
        requests: requests.unwrap_or(1),
    })
}

pub fn resolve<'a>(desk: &Desk<'a>, name: &str) -> Result<Resolved<'a>, Misnomer> {
    Naming::default().resolve(&desk.book.catalog, name, SUGGESTIONS_MAX)
}

/// What to know of a name that was not taken as it stands: an approximation, or one price of several.
fn note_on_name(desk: &Desk, name: &str, resolved: &Resolved) -> Option<String> {
    let one_of_several = || {
        let provider = &desk.book.catalog.provider(resolved.model.provider).name;
        let id = &resolved.model.id;
        format!(
            "'{name}' has different prices at several providers; {id} is that of its maker, {provider}"
        )
    };
    naming::warning(name, resolved)
        .or_else(|| (resolved.by == Match::FirstParty).then(one_of_several))
}

/// `None` when a price that is needed is not published.
fn priced(desk: &Desk, model: &Model, workload: &Workload) -> Option<(Estimate, Costs)> {
    let (estimate, all) = price(desk.book, model, workload).ok()?;
    let of = |is_cached: bool| {
        let lines = estimate.lines.iter();
        let lines = lines.filter(|line| line.part_of == Part::Input);
        let lines = lines.filter(|line| (line.what == What::CacheRead) == is_cached);
        let one = lines.fold(Usd::ZERO, |sum, line| sum + line.cost);
        one.times(workload.requests)
    };
    let is_cached = workload.usage.cache_read_tokens > 0;
    let costs = Costs {
        input_cost_usd: of(false)?,
        cached_input_cost_usd: if is_cached { Some(of(true)?) } else { None },
        output_cost_usd: estimate.output_cost.times(workload.requests)?,
        total_cost_usd: all.total_cost(),
    };
    let provider = &desk.book.catalog.provider(model.provider).name;
    let total = all.total_cost();
    desk.telemetry
        .record_estimate(provider, &model.id, total, SystemTime::now());
    Some((estimate, costs))
}

fn prices(estimate: &Estimate) -> Prices {
    let of = |what| {
        let line = estimate.lines.iter().find(|line| line.what == what);
        line.map(|line| line.price_of(1_000_000))
    };
    Prices {
        input_usd_per_mtok: of(What::Input),
        output_usd_per_mtok: of(What::Output),
        cached_input_usd_per_mtok: of(What::CacheRead),
    }
}

/// Names that a wrong one may have meant.
fn nearest(misnomer: &Misnomer) -> Vec<String> {
    let names: Vec<String> = match (misnomer.suggestions(), misnomer.candidates()) {
        (Some(names), _) => names.to_vec(),
        (_, Some(candidates)) => candidates
            .iter()
            .map(|one| one.model().to_owned())
            .collect(),
        _ => Vec::new(),
    };
    names.into_iter().take(NEAREST_MAX).collect()
}

/// Names as a sentence of an error, if there are any.
fn hint(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(
            " Nearest: {}.",
            names[..names.len().min(NEAREST_MAX)].join(", ")
        ),
    }
}

impl From<Misnomer> for Fault {
    fn from(misnomer: Misnomer) -> Fault {
        let hint = hint(&nearest(&misnomer));
        Fault(format!(
            "{}.{hint} search_models finds more.",
            misnomer.brief()
        ))
    }
}
