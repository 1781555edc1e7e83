//! The filter of a request.

use std::time::SystemTime;

use super::book::Book;
use super::fields::{Fields, TOKENS_MAX};
use crate::catalog::capability::Capability;
use crate::catalog::{Filter, Mode};
use crate::money::Usd;
use crate::telemetry::{Feature, Telemetry};

/// Longer words are in no name.
const SEARCH_BYTES_MAX: usize = 256;

/// A round number that amounts can hold, far above any price.
const PRICE_MAX: Usd = Usd::from_attos(100_000_000_000_000_000_000 * 1_000_000_000_000_000_000);

/// Reads a filter; what is wrong with it is noted in the fields.
pub fn read(book: &Book, fields: &mut Fields) -> Filter {
    Filter {
        provider: fields
            .text("provider")
            .map(|text| book.catalog.provider_named(&text)),
        mode: fields.word("mode", &Mode::NAMES),
        search: fields.parsed(
            "search",
            |text| (text.len() <= SEARCH_BYTES_MAX).then(|| text.into()),
            &format!("Input should have at most {SEARCH_BYTES_MAX} bytes"),
        ),
        supports: fields.words("supports", &Capability::NAMES),
        min_context: fields
            .optional_number("min_context", TOKENS_MAX)
            .unwrap_or(0),
        max_input_price: price(fields, "max_input_price"),
        max_output_price: price(fields, "max_output_price"),
        // Two names of one thing, and nobody who gives either means no.
        include_retired: fields.flag("include_retired") | fields.flag("include_deprecated"),
    }
}

/// Counts the conditions that were used.
pub fn take_note(filter: &Filter, telemetry: &Telemetry) {
    for (feature, used) in [
        (Feature::ProviderFilter, filter.provider.is_some()),
        (Feature::ModeFilter, filter.mode.is_some()),
        (Feature::Search, filter.search.is_some()),
        (Feature::CapabilityFilter, !filter.supports.is_empty()),
        (Feature::ContextFilter, filter.min_context > 0),
        (
            Feature::PriceFilter,
            filter.max_input_price.or(filter.max_output_price).is_some(),
        ),
        (Feature::IncludeRetired, filter.include_retired),
    ] {
        if used {
            telemetry.record_feature(feature, SystemTime::now());
        }
    }
}

fn price(fields: &mut Fields, name: &str) -> Option<Usd> {
    fields.decimal(
        name,
        |text| {
            let price = Usd::parse(text).ok()?;
            (Usd::ZERO..=PRICE_MAX).contains(&price).then_some(price)
        },
        "Input should be a number from 0 to 1e20: USD per million tokens",
    )
}
