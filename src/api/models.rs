//! The handlers of the four lists: whole ones are ready, filtered ones are put together.

use std::cmp::Reverse;
use std::time::SystemTime;

use super::book::Book;
use super::document::{Document, Sent};
use super::error::Fault;
use super::lists::{List, models_list};
use super::query::Query;
use super::rows::{mean_price, value_score};
use crate::catalog::Model;
use crate::exchange::{Body, Call, Reply};
use crate::telemetry::{Feature, Telemetry};

/// `GET /models`
pub fn models(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    if call.query.is_empty() {
        return Ok(whole(book.models(), telemetry, call));
    }
    let selected = select(book, telemetry, &Query::parse(call.query))?;
    let models: Vec<&Model> = selected
        .iter()
        .map(|&at| &book.catalog.models()[at])
        .collect();
    Ok(Reply::json_bytes(
        200,
        Body::Own(models_list(book, &models)),
    ))
}

/// `GET /pricing` and `GET /use-cases`
pub fn rows(book: &Book, telemetry: &Telemetry, call: &Call, list: List) -> Result<Reply, Fault> {
    let rows = book.rows(list);
    if call.query.is_empty() {
        return Ok(whole(rows.document(), telemetry, call));
    }
    let selected = select(book, telemetry, &Query::parse(call.query))?;
    Ok(Reply::json_bytes(
        200,
        Body::Own(rows.select(book, list, &selected)),
    ))
}

/// `GET /performance`
pub fn performance(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let rows = book.rows(List::Performance);
    if call.query.is_empty() {
        return Ok(whole(rows.document(), telemetry, call));
    }
    let query = Query::parse(call.query);
    let order = query
        .get("sort_by")
        .map(|text| order(&query, text))
        .transpose()?;
    let mut selected = select(book, telemetry, &query)?;
    if let Some(order) = order {
        telemetry.record_feature(Feature::Sorting, SystemTime::now());
        sort(book, &mut selected, order);
    }
    Ok(Reply::json_bytes(
        200,
        Body::Own(rows.select(book, List::Performance, &selected)),
    ))
}

fn whole(document: &Document, telemetry: &Telemetry, call: &Call) -> Reply {
    let (reply, sent) = document.reply(call);
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
        (include_retired || book.is_listed(model))
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
