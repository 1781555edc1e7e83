//! Which models of a list a query asks for, in which order, and how many of them.

use std::cmp::Reverse;
use std::time::SystemTime;

use super::book::Book;
use super::error::Fault;
use super::lists::List;
use super::query::Query;
use super::rows::{mean_price, name, value_score};
use crate::catalog::{Mode, Model, ProviderId};
use crate::telemetry::{Feature, Telemetry};

/// Longer words are in no name.
const SEARCH_BYTES_MAX: usize = 256;

/// What a query asks of a list.
pub struct Selection {
    /// The inner one is `None` for a provider that does not exist, who has no models.
    provider: Option<Option<ProviderId>>,
    mode: Option<Mode>,
    /// In lower case.
    search: Option<String>,
    include_retired: bool,
    order: Option<Order>,
    offset: usize,
    limit: Option<usize>,
}

/// What a list can be sorted by: best first, unknown last, ties by id.
#[derive(Clone, Copy)]
enum Order {
    /// Nobody measured throughput or latency, so all models tie.
    Unmeasured,
    Name,
    Provider,
    ContextWindow,
    InputPrice,
    OutputPrice,
    MeanPrice,
    Value,
}

/// The words for them, by list.
const PRICING_ORDERS: [(&str, Order); 5] = [
    ("model_name", Order::Name),
    ("provider", Order::Provider),
    ("cost_per_input_token", Order::InputPrice),
    ("cost_per_output_token", Order::OutputPrice),
    ("context_window", Order::ContextWindow),
];
const PERFORMANCE_ORDERS: [(&str, Order); 5] = [
    ("throughput", Order::Unmeasured),
    ("latency", Order::Unmeasured),
    ("context_window", Order::ContextWindow),
    ("cost", Order::MeanPrice),
    ("value", Order::Value),
];

impl Selection {
    /// Reads a query for a list of rows, or for the list of names.
    ///
    /// # Errors
    /// The first parameter that has no meaning.
    pub fn parse(book: &Book, query: &Query, list: Option<List>) -> Result<Selection, Fault> {
        let orders: &[_] = match list {
            Some(List::Pricing) => &PRICING_ORDERS,
            Some(List::Performance) => &PERFORMANCE_ORDERS,
            Some(List::UseCases) | None => &[],
        };
        let search = query.get("search").map(str::to_ascii_lowercase);
        if search
            .as_ref()
            .is_some_and(|text| text.len() > SEARCH_BYTES_MAX)
        {
            let message = format!("String should have at most {SEARCH_BYTES_MAX} bytes");
            return Err(query.problem("search", "string_too_long", message));
        }
        Ok(Selection {
            provider: query
                .get("provider")
                .map(|text| book.catalog.provider_named(text)),
            mode: query
                .get("mode")
                .map(|text| mode(query, text))
                .transpose()?,
            search,
            include_retired: query.flag("include_retired")?,
            order: match query.get("sort_by") {
                Some(text) if !orders.is_empty() => Some(order(query, text, orders)?),
                _ => None,
            },
            offset: query.count("offset")?.unwrap_or(0),
            limit: query.count("limit")?,
        })
    }

    /// Counts what was used.
    pub fn take_note(&self, telemetry: &Telemetry) {
        for (feature, used) in [
            (Feature::ProviderFilter, self.provider.is_some()),
            (Feature::ModeFilter, self.mode.is_some()),
            (Feature::Search, self.search.is_some()),
            (Feature::IncludeRetired, self.include_retired),
            (Feature::Sorting, self.order.is_some()),
            (Feature::Paging, self.limit.is_some()),
        ] {
            if used {
                telemetry.record_feature(feature, SystemTime::now());
            }
        }
    }

    /// The models asked for, by their place in the catalogue, in the order asked for.
    pub fn matching(&self, book: &Book) -> Vec<usize> {
        let models = book.catalog.models();
        let mut matching: Vec<usize> = (0..models.len())
            .filter(|&at| self.wants(book, &models[at]))
            .collect();
        if let Some(order) = self.order {
            sort(book, &mut matching, order);
        }
        matching
    }

    /// The part of them that is to be shown.
    pub fn page<'a>(&self, matching: &'a [usize]) -> &'a [usize] {
        let rest = &matching[self.offset.min(matching.len())..];
        &rest[..self.limit.unwrap_or(rest.len()).min(rest.len())]
    }

    fn wants(&self, book: &Book, model: &Model) -> bool {
        (book.is_listed(model) || self.include_retired && book.has_list_price(model))
            && self
                .provider
                .is_none_or(|provider| provider == Some(model.provider))
            && self.mode.is_none_or(|mode| model.facts.mode == Some(mode))
            && self
                .search
                .as_deref()
                .is_none_or(|text| is_found(book, model, text))
    }
}

/// Whether a lower-case text is part of the id, the name or the provider's name.
fn is_found(book: &Book, model: &Model, text: &str) -> bool {
    let provider: &str = &book.catalog.provider(model.provider).name;
    [&model.id, name(model), provider]
        .iter()
        .any(|part| part.to_ascii_lowercase().contains(text))
}

fn mode(query: &Query, text: &str) -> Result<Mode, Fault> {
    Mode::named(text).ok_or_else(|| {
        let names = Mode::NAMES.map(|(_, name)| name);
        query.problem("mode", "enum", expected(&names))
    })
}

fn order(query: &Query, text: &str, orders: &[(&str, Order)]) -> Result<Order, Fault> {
    let found = orders.iter().find(|(name, _)| *name == text);
    found.map(|(_, order)| *order).ok_or_else(|| {
        let names: Vec<&str> = orders.iter().map(|(name, _)| *name).collect();
        query.problem("sort_by", "enum", expected(&names))
    })
}

/// "Input should be 'one', 'two' or 'three'"
fn expected(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("Input should be {} or {last}", others.join(", "))
        }
        _ => format!("Input should be {}", quoted.concat()),
    }
}

fn sort(book: &Book, matching: &mut [usize], order: Order) {
    let model = |at: &usize| &book.catalog.models()[*at];
    match order {
        Order::Unmeasured => {}
        Order::Name => matching.sort_by_key(|at| name(model(at)).to_ascii_lowercase()),
        Order::Provider => {
            matching.sort_by_key(|at| &book.catalog.provider(model(at).provider).name)
        }
        Order::ContextWindow => {
            matching.sort_by_key(|at| Reverse(model(at).facts.max_input_tokens));
        }
        Order::InputPrice => matching.sort_by_key(|at| model(at).input_rate()),
        Order::OutputPrice => matching.sort_by_key(|at| {
            let rate = model(at).output_rate();
            (rate.is_none(), rate)
        }),
        Order::MeanPrice => matching.sort_by_key(|at| mean_price(model(at))),
        Order::Value => matching.sort_by(|one, two| {
            let score = |at| value_score(model(at)).unwrap_or(f64::NEG_INFINITY);
            score(two).total_cmp(&score(one))
        }),
    }
}
