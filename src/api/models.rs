//! The handlers of the overview and the four lists: what is always the same is ready, what was
//! selected is put together.

use std::cmp::Reverse;
use std::time::SystemTime;

use super::book::Book;
use super::document::Sent;
use super::error::Fault;
use super::lists::{List, models_list};
use super::query::Query;
use super::rows::{mean_price, value_score};
use crate::catalog::Model;
use crate::exchange::{Call, Reply};
use crate::telemetry::{Feature, Telemetry};

/// `GET /`
pub fn overview(book: &Book, telemetry: &Telemetry, call: &Call) -> Reply {
    noted(telemetry, book.overview().reply(call))
}

/// `GET /models`
pub fn models(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let document = book.models();
    if call.query.is_empty() {
        return Ok(noted(telemetry, document.reply(call)));
    }
    let selected = select(book, telemetry, &Query::parse(call.query))?;
    let reply = document.selection(call, || {
        let models: Vec<&Model> = selected
            .iter()
            .map(|&at| &book.catalog.models()[at])
            .collect();
        models_list(book, &models)
    });
    Ok(noted(telemetry, reply))
}

/// `GET /pricing`, `GET /performance` and `GET /use-cases`
pub fn rows(book: &Book, telemetry: &Telemetry, call: &Call, list: List) -> Result<Reply, Fault> {
    let rows = book.rows(list);
    if call.query.is_empty() {
        return Ok(noted(telemetry, rows.document().reply(call)));
    }
    let query = Query::parse(call.query);
    let order = match (list, query.get("sort_by")) {
        (List::Performance, Some(text)) => Some(order(&query, text)?),
        _ => None,
    };
    let mut selected = select(book, telemetry, &query)?;
    let reply = rows.document().selection(call, || {
        if let Some(order) = order {
            sort(book, &mut selected, order);
        }
        rows.select(book, list, &selected)
    });
    if order.is_some() {
        telemetry.record_feature(Feature::Sorting, SystemTime::now());
    }
    Ok(noted(telemetry, reply))
}

/// Counts what the caller's headers have saved.
fn noted(telemetry: &Telemetry, (reply, sent): (Reply, Sent)) -> Reply {
    let feature = match sent {
        Sent::Plain => return reply,
        Sent::Compressed => Feature::CompressedReply,
        Sent::NotModified => Feature::ConditionalRequest,
    };
    telemetry.record_feature(feature, SystemTime::now());
    reply
}

/// The models a query asks for, by their place in the catalogue.
fn select(book: &Book, telemetry: &Telemetry, query: &Query) -> Result<Vec<usize>, Fault> {
    let include_retired = query.flag("include_retired")?;
    let provider = query
        .get("provider")
        .map(|text| book.catalog.provider_named(text));
    for (feature, used) in [
        (Feature::ProviderFilter, provider.is_some()),
        (Feature::IncludeRetired, include_retired),
    ] {
        if used {
            telemetry.record_feature(feature, SystemTime::now());
        }
    }
    let wanted = |model: &Model| {
        (book.is_listed(model) || include_retired && book.has_list_price(model))
            && provider.is_none_or(|provider| provider == Some(model.provider))
    };
    let models = book.catalog.models();
    Ok((0..models.len())
        .filter(|&at| wanted(&models[at]))
        .collect())
}

/// What `/performance` can be sorted by: best first, unknown last, ties by id.
#[derive(Clone, Copy)]
enum Order {
    /// Nobody measured throughput or latency, so all models tie.
    Unmeasured,
    ContextWindow,
    Cost,
    Value,
}

fn order(query: &Query, text: &str) -> Result<Order, Fault> {
    match text {
        "throughput" | "latency" => Ok(Order::Unmeasured),
        "context_window" => Ok(Order::ContextWindow),
        "cost" => Ok(Order::Cost),
        "value" => Ok(Order::Value),
        _ => Err(query.problem(
            "sort_by",
            "enum",
            "Input should be 'throughput', 'latency', 'context_window', 'cost' or 'value'",
        )),
    }
}

fn sort(book: &Book, selected: &mut [usize], order: Order) {
    let model = |at: &usize| &book.catalog.models()[*at];
    match order {
        Order::Unmeasured => {}
        Order::ContextWindow => {
            selected.sort_by_key(|at| Reverse(model(at).facts.max_input_tokens));
        }
        Order::Cost => selected.sort_by_key(|at| mean_price(model(at))),
        Order::Value => selected.sort_by(|one, two| {
            let score = |at| value_score(model(at)).unwrap_or(f64::NEG_INFINITY);
            score(two).total_cmp(&score(one))
        }),
    }
}
