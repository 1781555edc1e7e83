//! `get_performance_metrics` and `get_use_cases`: what is known of models besides their prices.

use std::cmp::Reverse;

use serde::Serialize;

use super::arguments::Fault;
use super::costs::resolve;
use super::lists::{Page, Paging, provider};
use super::tools::{Asked, Desk, written};
use crate::api::order::{self, Order};
use crate::api::rows::{latency_ms, throughput, value_score};
use crate::api::selection::Selection;
use crate::catalog::{Filter, Model};
use crate::clock::Timestamp;
use crate::money::Usd;
use crate::use_case::{self, CostTier};

#[derive(Serialize)]
struct PerformanceRow<'a> {
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured_by: Option<&'a str>,
}

/// The first of all that match, by each figure; left out where nobody knows the figure.
#[derive(Default, Serialize)]
struct Best<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

#[derive(Serialize)]
struct Performance<'a> {
    #[serde(flatten)]
    page: Page,
    best: Best<'a>,
    prices_as_of: Timestamp,
}

#[derive(Serialize)]
struct UseCaseRow<'a> {
    model: &'a str,
    provider: &'a str,
    best_for: String,
    use_cases: Vec<&'static str>,
    strengths: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_tier: Option<&'static str>,
}

#[derive(Serialize)]
struct UseCases {
    #[serde(flatten)]
    page: Page,
    prices_as_of: Timestamp,
}

pub fn performance(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let Asked {
        mut arguments,
        listing,
    } = asked;
    let catalog = &desk.book.catalog;
    let filter = Filter {
        provider: provider(&mut arguments, desk.book)?,
        ..Filter::default()
    };
    let only = match arguments.text("model_name", 200)? {
        None => None,
        Some(name) => Some(&*resolve(desk, name)?.model.id),
    };
    let with_cost = arguments.flag("include_cost", true)?;
    let orders = [
        ("throughput", order::THROUGHPUT),
        ("latency", order::LATENCY),
        ("context", order::CONTEXT_WINDOW),
        ("value", order::VALUE),
    ];
    let order = arguments
        .word("sort", &orders)?
        .unwrap_or(order::THROUGHPUT);
    let paging = Paging::read(&mut arguments, listing, 10, 50)?;
    arguments.finish()?;
    let mut matching = Selection::of(filter, order).find(desk.book).matching;
    matching.retain(|&at| only.is_none_or(|id| *catalog.models()[at].id == *id));
    // Sorted a second time for each figure, the first is found by looking at all.
    let first = |order: Order, is_known: fn(&Model) -> bool| {
        let mut all = matching.clone();
        all.retain(|&at| is_known(&catalog.models()[at]));
        order.arrange(desk.book, &mut all);
        all.first().map(|&at| &*catalog.models()[at].id)
    };
    let best = Best {
        throughput: first(order::THROUGHPUT, |model| throughput(model).is_some()),
        latency: first(order::LATENCY, |model| latency_ms(model).is_some()),
        context: first(order::CONTEXT_WINDOW, |model| {
            model.facts.max_input_tokens.is_some()
        }),
        value: first(order::VALUE, |model| value_score(model).is_some()),
    };
    let row = |at: usize| {
        let model = &catalog.models()[at];
        let measured = model.measured.as_deref();
        let measured = measured.and_then(|all| all.throughput.as_ref().or(all.latency.as_ref()));
        let price = |rate: Option<crate::money::Rate>| {
            rate.filter(|_| with_cost).map(|rate| rate.per_million())
        };
        PerformanceRow {
            model: &model.id,
            provider: &catalog.provider(model.provider).name,
            output_tokens_per_second: throughput(model),
            latency_ms: latency_ms(model),
            context_tokens: model.facts.max_input_tokens,
            input_usd_per_mtok: price(model.input_rate()),
            output_usd_per_mtok: price(model.output_rate()),
            measured_by: measured.map(|measurement| &*measurement.source),
        }
    };
    written(&Performance {
        page: paging.page(&matching, row)?,
        best,
        prices_as_of: desk.prices_as_of(),
    })
}

pub fn use_cases(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let Asked {
        mut arguments,
        listing,
    } = asked;
    let book = desk.book;
    let wanted = arguments
        .text("use_case", 128)?
        .unwrap_or_default()
        .to_lowercase();
    let filter = Filter {
        provider: provider(&mut arguments, book)?,
        ..Filter::default()
    };
    let paging = Paging::read(&mut arguments, listing, 10, 50)?;
    arguments.finish()?;
    let mut matching = Selection::of(filter, Order::BY_ID).find(book).matching;
    let words: Vec<&str> = wanted.split_whitespace().collect();
    if !words.is_empty() {
        let mut scored: Vec<(usize, usize)> = matching
            .iter()
            .map(|&at| (hits(desk, &book.catalog.models()[at], &words), at))
            .filter(|(hits, _)| *hits > 0)
            .collect();
        scored.sort_by_key(|(hits, _)| Reverse(*hits));
        matching = scored.into_iter().map(|(_, at)| at).collect();
    }
    let row = |at: usize| {
        let model = &book.catalog.models()[at];
        let profile = use_case::profile(model, book.today);
        UseCaseRow {
            model: &model.id,
            provider: &book.catalog.provider(model.provider).name,
            best_for: profile.best_for,
            use_cases: profile.use_cases,
            strengths: profile.strengths,
            price_tier: match profile.cost_tier {
                CostTier::Free | CostTier::UltraLow | CostTier::Low => Some("low"),
                CostTier::Medium => Some("medium"),
                CostTier::High => Some("high"),
                CostTier::Unknown => None,
            },
        }
    };
    written(&UseCases {
        page: paging.page(&matching, row)?,
        prices_as_of: desk.prices_as_of(),
    })
}

/// How many of the words occur in what is said of a model.
fn hits(desk: &Desk, model: &Model, words: &[&str]) -> usize {
    let profile = use_case::profile(model, desk.book.today);
    let mut said = profile.best_for;
    for text in profile.use_cases {
        said.push(' ');
        said.push_str(text);
    }
    for text in profile.strengths {
        said.push(' ');
        said.push_str(&text);
    }
    let said = said.to_lowercase();
    words.iter().filter(|word| said.contains(**word)).count()
}
