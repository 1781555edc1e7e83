//! `GET /models`, `/pricing`, `/performance` and `/use-cases`: the rows, serialised once per
//! model, and the documents and filtered lists put together from them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use super::book::Book;
use super::document::Document;
use super::rows::{performance_row, pricing_row, use_case_row, value_score};
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
        let listed: Vec<usize> = (0..models.len())
            .filter(|&at| book.is_listed(&models[at]))
            .collect();
        let mut rows = vec![0..0; models.len()];
        let mut row = |bytes: &mut Vec<u8>, at: usize| {
            let start = bytes.len();
            write_row(book, list, &models[at], bytes);
            rows[at] = start..bytes.len();
        };
        write_list(book, list, &listed, &listed, &mut bytes, &mut row);
        let whole = 0..bytes.len();
        for at in (0..models.len()).filter(|at| listed.binary_search(at).is_err()) {
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

    /// The list of these models, by their place in the catalogue: `page` of them as rows, while
    /// what is said of the whole is said of all that are `matching`.
    pub fn select(&self, book: &Book, list: List, matching: &[usize], page: &[usize]) -> Vec<u8> {
        let rows: usize = page.iter().map(|&at| self.rows[at].len() + 1).sum();
        let mut bytes = Vec::with_capacity(rows + 16 * 1_024);
        write_list(book, list, matching, page, &mut bytes, &mut |bytes, at| {
            bytes.extend_from_slice(self.document.part(self.rows[at].clone()));
        });
        bytes
    }
}

/// `{"models": [<row>, ...], <what belongs to the list as a whole>}`
fn write_list(
    book: &Book,
    list: List,
    matching: &[usize],
    page: &[usize],
    bytes: &mut Vec<u8>,
    row: &mut dyn FnMut(&mut Vec<u8>, usize),
) {
    bytes.extend_from_slice(b"{\"models\":[");
    for (position, &at) in page.iter().enumerate() {
        if position > 0 {
            bytes.push(b',');
        }
        row(bytes, at);
    }
    bytes.extend_from_slice(b"],");
    let models: Vec<&Model> = matching
        .iter()
        .map(|&at| &book.catalog.models()[at])
        .collect();
    let start = bytes.len();
    match list {
        List::Pricing => write(bytes, &PricingTail::of(book, &models)),
        List::Performance => write(bytes, &PerformanceTail::of(book, &models)),
        List::UseCases => write(bytes, &UseCasesTail::of(book, &models)),
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

#[derive(Serialize)]
struct ProviderStatus<'a> {
    provider_name: &'a str,
    is_available: bool,
    error_message: Option<&'a str>,
    models_count: usize,
}

#[derive(Serialize)]
struct PricingTail<'a> {
    total_models: usize,
    provider_status: Vec<ProviderStatus<'a>>,
    timestamp: Timestamp,
}

#[derive(Serialize)]
struct PerformanceTail<'a> {
    total_models: usize,
    best_throughput: Option<&'a str>,
    lowest_latency: Option<&'a str>,
    largest_context: Option<&'a str>,
    best_value: Option<&'a str>,
    provider_status: Vec<ProviderStatus<'a>>,
    timestamp: Timestamp,
}

#[derive(Serialize)]
struct UseCasesTail<'a> {
    total_models: usize,
    providers: Vec<&'a str>,
    timestamp: Timestamp,
}

impl<'a> PricingTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model]) -> Self {
        PricingTail {
            total_models: models.len(),
            provider_status: provider_status(book, models),
            timestamp: Timestamp::start_of(book.today),
        }
    }
}

impl<'a> PerformanceTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model]) -> Self {
        // Of equals the first by id wins, so that the answer does not depend on the order asked for.
        let largest = models
            .iter()
            .filter(|model| !book.is_retired(model))
            .filter_map(|model| Some((model.facts.max_input_tokens?, Reverse(&model.id), model)))
            .max_by_key(|(window, id, _)| (*window, *id));
        let best = models
            .iter()
            .filter(|model| book.may_win(model))
            .filter_map(|model| Some((value_score(model)?, Reverse(&model.id), model)))
            .max_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
        PerformanceTail {
            total_models: models.len(),
            best_throughput: None,
            lowest_latency: None,
            largest_context: largest.map(|(_, _, model)| model.listed_name()),
            best_value: best.map(|(_, _, model)| model.listed_name()),
            provider_status: provider_status(book, models),
            timestamp: Timestamp::start_of(book.today),
        }
    }
}

impl<'a> UseCasesTail<'a> {
    fn of(book: &'a Book, models: &[&'a Model]) -> Self {
        UseCasesTail {
            total_models: models.len(),
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

/// The models under their providers' display names, both in alphabetical order.
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

/// `GET /models` without filters.
pub fn models_document(book: &Book) -> Document {
    let listed: Vec<&Model> = book
        .catalog
        .models()
        .iter()
        .filter(|model| book.is_listed(model))
        .collect();
    let bytes = models_list(book, &listed);
    let whole = 0..bytes.len();
    Document::new(&bytes, whole)
}

/// The names of these models, each one that finds this very model.
pub fn models_list(book: &Book, models: &[&Model]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Models<'a> {
        total_models: usize,
        providers: Vec<&'a str>,
        models_by_provider: BTreeMap<&'a str, Vec<&'a str>>,
        all_models: Vec<&'a str>,
    }
    let models_by_provider: BTreeMap<&str, Vec<&str>> = by_provider(book, models)
        .into_iter()
        .map(|(provider, models)| (provider, models.iter().map(|m| m.listed_name()).collect()))
        .collect();
    let mut bytes = Vec::with_capacity(models.len() * 100);
    write(
        &mut bytes,
        &Models {
            total_models: models.len(),
            providers: models_by_provider.keys().copied().collect(),
            all_models: models_by_provider.values().flatten().copied().collect(),
            models_by_provider,
        },
    );
    bytes
}
