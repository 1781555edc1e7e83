//! The catalogue as of one day, with every list that is sent again and again put together once.
//!
//! Models retire at midnight UTC, so a book is good for a day; the [`Shelf`] turns the page. All
//! instances with the same catalogue have the same bytes, and so the same ETags, whichever of
//! them a balancer asks.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use time::Date;

use super::document::Document;
use super::info;
use super::lists::{self, List};
use super::openapi;
use crate::catalog::{Catalog, Mode, Model, Status};
use crate::clock::{Timestamp, today};
use crate::config::Access;

/// One catalogue on one day.
pub struct Book {
    pub catalog: Arc<Catalog>,
    pub today: Date,
    /// `{version, date}` of the catalogue, as replies with prices carry it.
    pub stamp: Box<RawValue>,
    overview: OnceLock<Document>,
    openapi: OnceLock<Document>,
    models: OnceLock<Document>,
    pricing: OnceLock<lists::Rows>,
    performance: OnceLock<lists::Rows>,
    use_cases: OnceLock<lists::Rows>,
}

impl Book {
    pub fn new(catalog: Arc<Catalog>, today: Date) -> Book {
        Book {
            stamp: stamp(&catalog),
            catalog,
            today,
            overview: OnceLock::new(),
            openapi: OnceLock::new(),
            models: OnceLock::new(),
            pricing: OnceLock::new(),
            performance: OnceLock::new(),
            use_cases: OnceLock::new(),
        }
    }

    /// What there is to ask for.
    pub fn overview(&self) -> &Document {
        self.overview.get_or_init(|| info::overview(self))
    }

    /// The description of the interface, for those who are let in like that.
    pub fn openapi(&self, access: &Access) -> &Document {
        self.openapi
            .get_or_init(|| openapi::description(self, access))
    }

    /// The list of names.
    pub fn models(&self) -> &Document {
        self.models.get_or_init(|| lists::models_document(self))
    }

    /// A list of rows.
    pub fn rows(&self, list: List) -> &lists::Rows {
        let slot = match list {
            List::Pricing => &self.pricing,
            List::Performance => &self.performance,
            List::UseCases => &self.use_cases,
        };
        slot.get_or_init(|| lists::Rows::new(self, list))
    }

    /// Puts all lists together, so that no request has to wait for one.
    pub fn prepare(&self) {
        self.overview();
        self.models();
        for list in [List::Pricing, List::Performance, List::UseCases] {
            self.rows(list);
        }
    }

    pub fn is_retired(&self, model: &Model) -> bool {
        model.status(self.today) == Status::Retired
    }

    /// Whether lists show a model unasked: retired ones only when v1 had them.
    pub fn is_listed(&self, model: &Model) -> bool {
        self.has_list_price(model) && (model.v1.is_some() || !self.is_retired(model))
    }

    /// Whether both of v1's prices are known. v1 has no way to say that one is not, and a zero
    /// would say that it is free. An embedding has no output to pay for.
    pub fn has_list_price(&self, model: &Model) -> bool {
        let is_embedding = model.facts.mode == Some(Mode::Embedding);
        model.input_rate().is_some() && (is_embedding || model.output_rate().is_some())
    }

    /// Whether a model may win a comparison unasked: it can be called, and its price is one.
    pub fn may_win(&self, model: &Model) -> bool {
        !self.is_retired(model) && !model.is_free_listing()
    }
}

/// Which prices were used.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Catalog")]
pub struct Stamp<'a> {
    version: &'a str,
    date: Timestamp,
}

fn stamp(catalog: &Catalog) -> Box<RawValue> {
    let header = catalog.header();
    let stamp = Stamp {
        version: &header.version,
        date: Timestamp::start_of(header.date),
    };
    to_raw_value(&stamp).expect("a text and a moment always serialise")
}

/// Where the current book is; empty until the catalogue is loaded.
#[derive(Default)]
pub struct Shelf {
    current: RwLock<Option<Arc<Book>>>,
}

impl Shelf {
    /// Replaces the current book. Requests under way finish with the one they took.
    pub fn put(&self, book: Arc<Book>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(book);
    }

    /// The current book; `None` until there is one.
    pub fn take(&self) -> Option<Arc<Book>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Turns the page when the day of the current book is over. Meant for a thread that has time:
    /// the new book's lists are ready before anyone sees it.
    pub fn turn_page(&self, now: SystemTime, prepare: impl FnOnce(&Book)) {
        let Some(book) = self.take() else { return };
        if book.today != today(now) {
            let next = Arc::new(Book::new(Arc::clone(&book.catalog), today(now)));
            prepare(&next);
            self.put(next);
        }
    }
}
