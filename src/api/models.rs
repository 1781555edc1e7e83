//! The handlers of the overview, the four lists and a single model: what is always the same is ready,
//! what was selected is put together.

use std::time::SystemTime;

use percent_encoding::percent_decode_str;

use super::book::Book;
use super::details::model_details;
use super::document::{Sent, reply_once};
use super::error::Fault;
use super::lists::{List, models_list};
use super::naming::{Naming, SUGGESTIONS_MAX};
use super::selection::Selection;
use crate::exchange::{Call, Reply};
use crate::router;
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
    let selection = Selection::parse(book, call.query, None)?;
    selection.take_note(telemetry);
    let reply = document.selection(&book.catalog, call, || {
        models_list(book, &selection.find(book))
    });
    Ok(noted(telemetry, reply))
}

/// `GET /pricing`, `GET /performance` and `GET /use-cases`
pub fn rows(book: &Book, telemetry: &Telemetry, call: &Call, list: List) -> Result<Reply, Fault> {
    let rows = book.rows(list);
    if call.query.is_empty() {
        return Ok(noted(telemetry, rows.document().reply(call)));
    }
    let selection = Selection::parse(book, call.query, Some(list))?;
    selection.take_note(telemetry);
    let reply = rows.document().selection(&book.catalog, call, || {
        rows.select(book, list, &selection.find(book))
    });
    Ok(noted(telemetry, reply))
}

/// `GET /models/{model}`
pub fn details(book: &Book, telemetry: &Telemetry, call: &Call) -> Result<Reply, Fault> {
    let encoded = router::placeholder(call.path);
    let name = percent_decode_str(encoded).decode_utf8_lossy();
    let resolved = Naming::STRICT
        .resolve(&book.catalog, &name, SUGGESTIONS_MAX)
        .map_err(|misnomer| misnomer.into_fault("path", "model"))?;
    telemetry.record_feature(Feature::ModelDetails, SystemTime::now());
    let reply = reply_once(call, model_details(book, resolved.model));
    Ok(noted(telemetry, reply))
}

/// Counts what the caller's headers have saved.
pub fn noted(telemetry: &Telemetry, (reply, sent): (Reply, Sent)) -> Reply {
    let feature = match sent {
        Sent::Plain => return reply,
        Sent::Compressed => Feature::CompressedReply,
        Sent::NotModified => Feature::ConditionalRequest,
    };
    telemetry.record_feature(feature, SystemTime::now());
    reply
}
