//! Which models of a list a query asks for, in which order, and how many of them.

use std::ops::Range;
use std::time::SystemTime;

use super::book::Book;
use super::error::Fault;
use super::fields::Fields;
use super::filter;
use super::lists::List;
use super::order::{self, Order};
use crate::catalog::Filter;
use crate::telemetry::{Feature, Telemetry};

/// What a query asks of a list.
pub struct Selection {
    /// `None` for the list of names.
    list: Option<List>,
    filter: Filter,
    order: Order,
    offset: usize,
    limit: Option<usize>,
}

/// What a selection finds, by the models' places in the catalogue.
pub struct Found {
    /// All that match, in the order asked for.
    pub matching: Vec<usize>,
    /// The part of them that is to be shown.
    page: Range<usize>,
    /// How many would match but for being retired.
    pub retired_left_out: usize,
}

impl Found {
    /// The models to be shown.
    pub fn page(&self) -> &[usize] {
        &self.matching[self.page.clone()]
    }
}

impl Selection {
    /// What a filter admits of the listed models, in an order.
    pub fn of(filter: Filter, order: Order) -> Selection {
        Selection {
            filter,
            order,
            ..Selection::unasked(None)
        }
    }

    /// What a list shows unasked; `None` for the list of names.
    pub fn unasked(list: Option<List>) -> Selection {
        Selection {
            list,
            filter: Filter::default(),
            order: unasked_order(list),
            offset: 0,
            limit: None,
        }
    }

    /// Reads a query for a list of rows, or for the list of names.
    ///
    /// # Errors
    /// Every parameter that has no meaning.
    pub fn parse(book: &Book, query: &str, list: Option<List>) -> Result<Selection, Fault> {
        let mut fields = Fields::of_query(query);
        let selection = Selection::read(&mut fields, book, list);
        fields.finish()?;
        Ok(selection)
    }

    /// Reads the fields; what is wrong with them is noted there.
    pub fn read(fields: &mut Fields, book: &Book, list: Option<List>) -> Selection {
        let words = match list {
            Some(List::Pricing) | None => &order::PRICES,
            Some(List::Performance) => &order::PERFORMANCE,
            Some(List::UseCases) => &order::USE_CASES,
        };
        Selection {
            list,
            filter: filter::read(book, fields),
            order: Order::read(fields, words, unasked_order(list)),
            offset: length(fields, "offset").unwrap_or(0),
            limit: length(fields, "limit"),
        }
    }

    /// Counts what was used beyond what the list does unasked.
    pub fn take_note(&self, telemetry: &Telemetry) {
        filter::take_note(&self.filter, telemetry);
        for (feature, used) in [
            (Feature::Sorting, self.order != unasked_order(self.list)),
            (Feature::Paging, self.limit.is_some()),
        ] {
            if used {
                telemetry.record_feature(feature, SystemTime::now());
            }
        }
    }

    /// Looks for the models asked for.
    pub fn find(&self, book: &Book) -> Found {
        let mut matching = Vec::new();
        let mut retired_left_out = 0;
        for (at, model) in book.catalog.models().iter().enumerate() {
            if !book.has_list_price(model) || !self.filter.admits(&book.catalog, model) {
                continue;
            }
            if self.filter.include_retired || book.is_listed(model) {
                matching.push(at);
            } else {
                retired_left_out += 1;
            }
        }
        self.order.arrange(book, &mut matching);
        let start = self.offset.min(matching.len());
        let rest = matching.len() - start;
        Found {
            page: start..start + self.limit.unwrap_or(rest).min(rest),
            matching,
            retired_left_out,
        }
    }
}

fn unasked_order(list: Option<List>) -> Order {
    match list {
        Some(_) => Order::BY_ID,
        None => Order::BY_PROVIDER,
    }
}

fn length(fields: &mut Fields, name: &str) -> Option<usize> {
    let length = fields.optional_number(name, u64::MAX)?;
    // No list is longer than that.
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}
