//! The handlers of the overview and the four lists: what is always the same is ready, what was
//! selected is put together.

use std::time::SystemTime;

use super::book::Book;
use super::document::Sent;
use super::error::Fault;
use super::lists::{List, models_list};
use super::query::Query;
use super::selection::Selection;
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
    let selection = Selection::parse(book, &Query::parse(call.query), None)?;
    selection.take_note(telemetry);
    let reply = document.selection(call, || {
        let models = book.catalog.models();
        let matching: Vec<&Model> = selection
            .matching(book)
            .iter()
            .map(|&at| &models[at])
            .collect();
        models_list(book, &matching)
    });
    Ok(noted(telemetry, reply))
}

/// `GET /pricing`, `GET /performance` and `GET /use-cases`
pub fn rows(book: &Book, telemetry: &Telemetry, call: &Call, list: List) -> Result<Reply, Fault> {
    let rows = book.rows(list);
    if call.query.is_empty() {
        return Ok(noted(telemetry, rows.document().reply(call)));
    }
    let selection = Selection::parse(book, &Query::parse(call.query), Some(list))?;
    selection.take_note(telemetry);
    let reply = rows.document().selection(call, || {
        let matching = selection.matching(book);
        rows.select(book, list, &matching, selection.page(&matching))
    });
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
