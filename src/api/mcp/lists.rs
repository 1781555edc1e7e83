//! `search_models` and `get_all_pricing`: rows of prices, page by page.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::arguments::{Arguments, Fault};
use super::cursor::Listing;
use super::tools::{Asked, Desk, written};
use crate::api::book::Book;
use crate::api::naming::SUGGESTIONS_MAX;
use crate::api::order::{self, Order};
use crate::api::selection::Selection;
use crate::catalog::capability::Capability;
use crate::catalog::{Filter, Model, ProviderId};
use crate::clock::Timestamp;
use crate::money::Usd;

/// Clients refuse what is much longer, or put it into a file.
const ROWS_BYTES_MAX: usize = 24 << 10;

/// Providers that are counted beside the rows.
const PROVIDERS_MAX: usize = 150;

const CAPABILITIES: [(&str, Capability); 6] = [
    ("tools", Capability::FunctionCalling),
    ("vision", Capability::Vision),
    ("audio", Capability::AudioInput),
    ("reasoning", Capability::Reasoning),
    ("json_schema", Capability::ResponseSchema),
    ("prompt_caching", Capability::PromptCaching),
];

#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    provider: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_usd_per_mtok: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_tokens: Option<u64>,
}

#[derive(Serialize)]
struct ProviderRow<'a> {
    provider: &'a str,
    models: usize,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    page: Page,
    prices_as_of: Timestamp,
    /// Of the first page of all prices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    providers: Vec<ProviderRow<'a>>,
    /// Of a search that found nothing: names like it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<&'a str>,
}

/// Rows, as many as were asked for and as have room.
#[derive(Serialize)]
pub struct Page {
    models: Vec<Box<RawValue>>,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which page of a list is asked for.
pub struct Paging {
    limit: usize,
    offset: usize,
    listing: Listing,
}

impl Paging {
    pub fn read(
        arguments: &mut Arguments,
        listing: Listing,
        unsaid: u64,
        max: u64,
    ) -> Result<Paging, Fault> {
        let limit = arguments.whole("limit", 1, max)?.unwrap_or(unsaid);
        let offset = listing.offset(arguments.text("cursor", 256)?)?;
        Ok(Paging {
            // At most 200.
            limit: limit as usize,
            offset,
            listing,
        })
    }

    pub fn is_first(&self) -> bool {
        self.offset == 0
    }

    pub fn page<R: Serialize>(
        &self,
        all: &[usize],
        row: impl Fn(usize) -> R,
    ) -> Result<Page, Fault> {
        let start = self.offset.min(all.len());
        let mut models = Vec::new();
        let mut bytes = 0;
        for &at in all[start..].iter().take(self.limit) {
            let row = to_raw_value(&row(at)).map_err(|why| Fault(format!("No row: {why}.")))?;
            bytes += row.get().len() + 1;
            if bytes > ROWS_BYTES_MAX && !models.is_empty() {
                break;
            }
            models.push(row);
        }
        let next = start + models.len();
        Ok(Page {
            next_cursor: (next < all.len()).then(|| self.listing.cursor(next)),
            total: all.len(),
            models,
        })
    }
}

pub fn search(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let Asked {
        mut arguments,
        listing,
    } = asked;
    let book = desk.book;
    let query = arguments.text("query", 128)?.unwrap_or_default();
    let filter = Filter {
        provider: provider(&mut arguments, book)?,
        supports: arguments.words("capabilities", &CAPABILITIES)?,
        min_context: arguments
            .whole("min_context_tokens", 1, u64::MAX)?
            .unwrap_or(0),
        max_input_price: arguments.price("max_input_usd_per_mtok")?,
        max_output_price: arguments.price("max_output_usd_per_mtok")?,
        ..Filter::default()
    };
    let orders = [
        ("input_price", order::INPUT_PRICE),
        ("output_price", order::OUTPUT_PRICE),
        ("context", order::CONTEXT_WINDOW),
        ("name", Order::BY_ID),
    ];
    let order = arguments
        .word("sort", &orders)?
        .unwrap_or(order::INPUT_PRICE);
    let is_by_price = [order::INPUT_PRICE, order::OUTPUT_PRICE].contains(&order);
    let paging = Paging::read(&mut arguments, listing, 10, 50)?;
    arguments.finish()?;
    let provider = filter.provider.flatten();
    let mut matching = Selection::of(filter, order).find(book).matching;
    if is_by_price {
        // Nobody who looks for a low price means what is listed at none, or is gone.
        matching.sort_by_key(|&at| !book.may_win(&book.catalog.models()[at]));
    }
    for word in query.split_whitespace() {
        let filter = Filter {
            search: Some(word.into()),
            ..Filter::default()
        };
        matching.retain(|&at| filter.admits(&book.catalog, &book.catalog.models()[at]));
    }
    let nearest = match matching.is_empty() {
        true => book.catalog.closest(query, provider, SUGGESTIONS_MAX),
        false => Vec::new(),
    };
    written(&Answer {
        page: paging.page(&matching, |at| row(book, &book.catalog.models()[at]))?,
        prices_as_of: desk.prices_as_of(),
        providers: Vec::new(),
        nearest,
    })
}

pub fn all(desk: &Desk, asked: Asked) -> Result<String, Fault> {
    let Asked {
        mut arguments,
        listing,
    } = asked;
    let book = desk.book;
    let filter = Filter {
        provider: provider(&mut arguments, book)?,
        ..Filter::default()
    };
    let paging = Paging::read(&mut arguments, listing, 50, 200)?;
    arguments.finish()?;
    let matching = Selection::of(filter, Order::BY_PROVIDER)
        .find(book)
        .matching;
    // A catalogue of one's own may have more than fit beside the rows.
    let has_room = book.catalog.providers().len() <= PROVIDERS_MAX;
    let providers = match paging.is_first() && has_room {
        true => count_by_provider(book, &matching),
        false => Vec::new(),
    };
    written(&Answer {
        page: paging.page(&matching, |at| row(book, &book.catalog.models()[at]))?,
        prices_as_of: desk.prices_as_of(),
        providers,
        nearest: Vec::new(),
    })
}

/// Of a list that is in the order of its providers.
fn count_by_provider<'a>(book: &'a Book, matching: &[usize]) -> Vec<ProviderRow<'a>> {
    let mut rows: Vec<ProviderRow> = Vec::new();
    for &at in matching {
        let id = book.catalog.models()[at].provider;
        let provider: &str = &book.catalog.provider(id).name;
        match rows.last_mut() {
            Some(last) if last.provider == provider => last.models += 1,
            _ => rows.push(ProviderRow {
                provider,
                models: 1,
            }),
        }
    }
    rows
}

fn row<'a>(book: &'a Book, model: &'a Model) -> Row<'a> {
    Row {
        model: &model.id,
        provider: &book.catalog.provider(model.provider).name,
        input_usd_per_mtok: model.input_rate().map(|rate| rate.per_million()),
        output_usd_per_mtok: model.output_rate().map(|rate| rate.per_million()),
        context_tokens: model.facts.max_input_tokens,
    }
}

/// The provider a tool is asked about, as [`Filter`] has it.
pub fn provider(
    arguments: &mut Arguments,
    book: &Book,
) -> Result<Option<Option<ProviderId>>, Fault> {
    let Some(name) = arguments.text("provider", 64)? else {
        return Ok(None);
    };
    match book.catalog.provider_named(name) {
        Some(id) => Ok(Some(Some(id))),
        None => Err(Fault(format!(
            "Unknown provider '{name}'. The first page of get_all_pricing names all providers."
        ))),
    }
}
