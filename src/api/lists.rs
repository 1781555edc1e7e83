//! `GET /models`, `/pricing`, `/performance` and `/use-cases`: the rows, serialised once per
//! model, and the documents and filtered lists put together from them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::book::Book;
use super::document::Document;
use super::rows::{
    latency_ms, performance_row, pricing_row, throughput, use_case_row, value_score,
};
use super::selection::{Found, Selection};
use crate::catalog::Model;
use crate::clock::Timestamp;

/// The lists that consist of one row per model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Pricing,
    Performance,
    UseCases,
}

/// All rows of a list, and the document of those that are listed unasked.
///
/// One buffer holds the document and, behind it, the rows that are not part of it.
pub struct Rows {
    document: Document,
    /// By the model's place in the catalogue.
    rows: Box<[Range<usize>]>,
}

impl Rows {
    pub fn new(book: &Book, list: List) -> Rows {
        let models = book.catalog.models();
        // Roomy, so that it never grows: pages that are not written to cost nothing.
        let mut bytes = Vec::with_capacity(models.len() * 2_048);
        let listed = Selection::unasked(Some(list)).find(book);
        let mut rows = vec![0..0; models.len()];
        let mut row = |bytes: &mut Vec<u8>, at: usize| {
            let start = bytes.len();
            write_row(book, list, &models[at], bytes);
            rows[at] = start..bytes.len();
        };
        write_list(book, list, &listed, &mut bytes, &mut row);
        let whole = 0..bytes.len();
        for at in (0..models.len()).filter(|at| listed.matching.binary_search(at).is_err()) {
            row(&mut bytes, at);
        }
        Rows {
            document: Document::new(&bytes, whole),
            rows: rows.into(),
        }
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The list of these models: a page of them as rows, while what is said of the whole is said of
    /// all that match.
    pub fn select(&self, book: &Book, list: List, found: &Found) -> Vec<u8> {
        let rows = found.page().iter().map(|&at| self.rows[at].len() + 1);
        let mut bytes = Vec::with_capacity(rows.sum::<usize>() + 16 * 1_024);
        write_list(book, list, found, &mut bytes, &mut |bytes, at| {
            bytes.extend_from_slice(self.document.part(self.rows[at].clone()));
        });
        bytes
    }
}

/// What [`write_list`] writes, row by row. It has the name of its tail.
#[derive(JsonSchema)]
#[schemars(
    rename = "{Tail}",
    description = "A page of rows, and what is said of all models that match"
)]
#[expect(dead_code, reason = "nothing is of this type but what is written")]
pub struct Written<Row, Tail> {
    models: Vec<Row>,
    #[serde(flatten)]
    tail: Tail,
}

/// `{"models": [<row>, ...], <what belongs to the list as a whole>}`
fn write_list(
    book: &Book,
    list: List,
    found: &Found,
    bytes: &mut Vec<u8>,
    row: &mut dyn FnMut(&mut Vec<u8>, usize),
) {
    bytes.extend_from_slice(b"{\"models\":[");
    for (position, &at) in found.page().iter().enumerate() {
        if position > 0 {
            bytes.push(b',');
        }
        row(bytes, at);
    }
    bytes.extend_from_slice(b"],");
    let models = models_at(book, &found.matching);
    let left_out = found.retired_left_out;
    let start = bytes.len();
    match list {
        List::Pricing => write(bytes, &PricingTail::of(book, &models, left_out)),
        List::Performance => write(bytes, &PerformanceTail::of(book, &models, left_out)),
        List::UseCases => write(bytes, &UseCasesTail::of(book, &models, left_out)),
    }
    // The rest was written as an object of its own, whose brace is already open.
    bytes.remove(start);
}

fn write_row(book: &Book, list: List, model: &Model, bytes: &mut Vec<u8>) {
    match list {
        List::Pricing => write(bytes, &pricing_row(book, model)),
        List::Performance => write(bytes, &performance_row(book, model)),
        List::UseCases => write(bytes, &use_case_row(book, model)),
    }
}

fn write(bytes: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(bytes, value)
        .expect("rows hold only strings, numbers and maps with string keys");
}

/// A provider, and how many of the models are sold by it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderStatusInfo")]
struct ProviderStatus<'a> {
    provider_name: &'a str,
    is_available: bool,
    error_message: Option<&'a str>,
    models_count: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PricingResponse")]
pub struct PricingTail<'a> {
    /// All that match, whatever the page.
    total_models: usize,
    /// Retired models that would match, too.
    retired_left_out: usize,
    provider_status: Vec<ProviderStatus<'a>>,
    /// The start of the day, in UTC, for which this was put together.
    timestamp: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PerformanceResponse")]
pub struct PerformanceTail<'a> {
    /// All that match, whatever the page.
    total_models: usize,
    /// Retired models that would match, too.
    retired_left_out: usize,
    /// The name of a model, as the next three; null where nobody measured.
    best_throughput: Option<&'a str>,
    lowest_latency: Option<&'a str>,
    largest_context: Option<&'a str>,
    best_value: Option<&'a str>,
    provider_status: Vec<ProviderStatus<'a>>,
    /// The start of the day, in UTC, for which this was put together.
    timestamp: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UseCaseResponse")]
pub struct UseCasesTail<'a> {
    /// All that match, whatever the page.
    total_models: usize,
    /// Retired models that would match, too.
    retired_left_out: usize,
    providers: Vec<&'a str>,
    /// The start of the day, in UTC, for which this was put together.
    timestamp: Timestamp,
}

impl<'a> PricingTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model], retired_left_out: usize) -> Self {
        PricingTail {
            total_models: models.len(),
            retired_left_out,
            provider_status: provider_status(book, models),
            timestamp: Timestamp::start_of(book.today),
        }
    }
}

impl<'a> PerformanceTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model], retired_left_out: usize) -> Self {
        // Of equals the first by id wins, so that the answer does not depend on the order asked for.
        let largest = models
            .iter()
            .filter(|model| !book.is_retired(model))
            .filter_map(|model| Some((model.facts.max_input_tokens?, Reverse(&model.id), model)))
            .max_by_key(|(window, id, _)| (*window, *id));
        let best = |score: &dyn Fn(&Model) -> Option<f64>| {
            let scored = models
                .iter()
                .filter(|model| !book.is_retired(model))
                .filter_map(|model| Some((score(model)?, Reverse(&model.id), model)));
            scored
                .max_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)))
                .map(|(_, _, model)| model.listed_name())
        };
        PerformanceTail {
            total_models: models.len(),
            retired_left_out,
            best_throughput: best(&throughput),
            lowest_latency: best(&|model| Some(-latency_ms(model)?)),
            largest_context: largest.map(|(_, _, model)| model.listed_name()),
            best_value: best(&|model| value_score(model).filter(|_| book.may_win(model))),
            provider_status: provider_status(book, models),
            timestamp: Timestamp::start_of(book.today),
        }
    }
}

impl<'a> UseCasesTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model], retired_left_out: usize) -> Self {
        UseCasesTail {
            total_models: models.len(),
            retired_left_out,
            providers: by_provider(book, models).into_keys().collect(),
            timestamp: Timestamp::start_of(book.today),
        }
    }
}

fn provider_status<'a>(book: &'a Book, models: &[&'a Model]) -> Vec<ProviderStatus<'a>> {
    by_provider(book, models)
        .into_iter()
        .map(|(provider_name, models)| ProviderStatus {
            provider_name,
            is_available: true,
            error_message: None,
            models_count: models.len(),
        })
        .collect()
}

/// The models under their providers' display names, which are in alphabetical order.
fn by_provider<'a>(book: &'a Book, models: &[&'a Model]) -> BTreeMap<&'a str, Vec<&'a Model>> {
    let mut providers: BTreeMap<&str, Vec<&Model>> = BTreeMap::new();
    for model in models {
        providers
            .entry(&book.catalog.provider(model.provider).name)
            .or_default()
            .push(model);
    }
    providers
}

fn models_at<'a>(book: &'a Book, places: &[usize]) -> Vec<&'a Model> {
    let models = book.catalog.models();
    places.iter().map(|&at| &models[at]).collect()
}

/// `GET /models` without filters.
pub fn models_document(book: &Book) -> Document {
    let bytes = models_list(book, &Selection::unasked(None).find(book));
    let whole = 0..bytes.len();
    Document::new(&bytes, whole)
}

/// Names of models. Each finds its model in an estimate.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModelsResponse")]
pub struct Models<'a> {
    /// All that match, whatever the page.
    total_models: usize,
    providers: Vec<&'a str>,
    models_by_provider: BTreeMap<&'a str, Vec<&'a str>>,
    all_models: Vec<&'a str>,
    /// Retired models that would match, too.
    retired_left_out: usize,
}

/// The names of a page of these models, each one that finds this very model. Unasked, all of them stand
/// in the order in which they stand under their providers.
pub fn models_list(book: &Book, found: &Found) -> Vec<u8> {
    let page = models_at(book, found.page());
    let mut bytes = Vec::with_capacity(page.len() * 100);
    write(
        &mut bytes,
        &Models {
            total_models: found.matching.len(),
            providers: by_provider(book, &models_at(book, &found.matching))
                .into_keys()
                .collect(),
            models_by_provider: by_provider(book, &page)
                .into_iter()
                .map(|(provider, models)| {
                    (provider, models.iter().map(|m| m.listed_name()).collect())
                })
                .collect(),
            all_models: page.iter().map(|model| model.listed_name()).collect(),
            retired_left_out: found.retired_left_out,
        },
    );
    bytes
}
