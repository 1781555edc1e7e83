//! The filter of a request.

use super::book::Book;
use super::query::Query;
use crate::catalog::capability::Capability;
use crate::catalog::{Filter, Mode};

/// Longer words are in no name.
const SEARCH_BYTES_MAX: usize = 256;

/// Reads a filter from a query; what is wrong with it is kept there.
pub fn from_query(book: &Book, query: &mut Query) -> Filter {
    Filter {
        provider: query
            .text("provider")
            .map(|text| book.catalog.provider_named(text)),
        mode: query.word("mode", &Mode::NAMES),
        search: query.short_text("search", SEARCH_BYTES_MAX).map(Box::from),
        supports: query.words("supports", &Capability::NAMES),
        min_context: query.number("min_context").unwrap_or(0),
        max_input_price: query.usd_per_million("max_input_price"),
        max_output_price: query.usd_per_million("max_output_price"),
        // Two names of one thing, and nobody who gives either means no.
        include_retired: query.flag("include_retired") | query.flag("include_deprecated"),
    }
}
