//! `GET /models/{model}`: everything known of one model.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::{Book, Stamp};
use super::rows::{MeasuredBy, latency_ms, name, source, status_word, throughput};
use crate::catalog::capability::Known;
use crate::catalog::off_peak::OffPeak;
use crate::catalog::prices::{SearchBilling, SearchPrices};
use crate::catalog::rates::Rates;
use crate::catalog::{Mode, Model};
use crate::clock::Timestamp;
use crate::estimate::tier_word;
use crate::money::{Factor, Usd};
use crate::use_case;

/// Everything known of one model.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ModelDetails")]
pub struct Details<'a> {
    /// The name that is this model's alone.
    id: &'a str,
    /// What it is called in lists.
    model_name: &'a str,
    /// Its keys in LiteLLM's price map.
    keys: &'a [Box<str>],
    /// What v1 called it, if it had it.
    v1_name: Option<&'a str>,
    /// Display name.
    provider: &'a str,
    /// The first part of the id.
    provider_slug: &'a str,
    /// What it is made for: chat, embedding, and so on.
    mode: Option<&'static str>,
    /// Tokens of input.
    context_window: Option<u64>,
    /// Tokens of output.
    max_output_tokens: Option<u64>,
    /// Numbers in an embedding.
    output_vector_size: Option<u64>,
    capabilities: Capabilities,
    /// `active`, `retiring` (within 90 days) or `retired`.
    status: &'static str,
    /// The day it stops, if that is announced.
    deprecation_date: Option<String>,
    currency: &'static str,
    /// Whether every price per token is zero.
    is_free_listing: bool,
    /// As published.
    rates: Vec<RateRow>,
    /// By length of input; these come before `rates`.
    steps: Vec<StepRow>,
    off_peak: Option<OffPeakRow<'a>>,
    /// Prices that are not per token.
    units: Vec<UnitRow>,
    web_search: Option<SearchRow<'a>>,
    /// What the whole cost is multiplied by on an occasion.
    uplifts: Vec<UpliftRow>,
    best_for: String,
    /// By rule from capabilities, mode, context window and price, as are `strengths` and `best_for`.
    use_cases: Vec<&'static str>,
    strengths: Vec<String>,
    /// `free`, `ultra-low`, `low`, `medium`, `high` or `unknown`.
    cost_tier: &'static str,
    /// What the tier goes by, where that is a price per token: three parts of input and one of output.
    blended_usd_per_1m_tokens: Option<Usd>,
    /// Tokens per second; null where nobody measured.
    throughput: Option<f64>,
    /// Until the first token; null where nobody measured.
    latency_ms: Option<f64>,
    measured: Option<MeasuredBy<'a>>,
    /// Where the prices are published.
    source: &'a str,
    /// The day they were taken.
    price_as_of: Timestamp,
    #[schemars(with = "Stamp")]
    catalog: &'a RawValue,
}

/// What is in neither list is unknown.
#[derive(Serialize, JsonSchema)]
struct Capabilities {
    can: Vec<&'static str>,
    cannot: Vec<&'static str>,
}

/// A published price.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PublishedRate")]
struct RateRow {
    /// As the catalogue file names it: `input>272k@batch`.
    rate: String,
    /// What it is a price of: input, output, cache_read, and so on.
    component: &'static str,
    /// It holds for calls with more input than this; 0 without a threshold.
    above_input_tokens: u32,
    service_tier: &'static str,
    per_token: Usd,
    per_million: Usd,
}

/// Prices of calls whose input has a length within bounds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RateStep")]
struct StepRow {
    above_input_tokens: u64,
    up_to_input_tokens: u64,
    rates: Vec<RateRow>,
}

/// Prices that hold at certain hours.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OffPeak")]
struct OffPeakRow<'a> {
    windows: Vec<WindowRow<'a>>,
    /// Where the weekdays begin and end; an IANA name.
    weekday_timezone: &'a str,
    rates: Vec<RateRow>,
}

/// Hours of some weekdays.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OffPeakWindow")]
struct WindowRow<'a> {
    /// `16:30-00:30`; `00:00-00:00` is the whole day.
    hours_utc: Vec<String>,
    /// 1 is Monday.
    weekdays: &'a [u8],
}

/// A price that is not per token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnitPrice")]
struct UnitRow {
    /// What one of costs that much.
    unit: &'static str,
    usd: Usd,
}

/// What searches cost that the model makes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebSearchPrices")]
struct SearchRow<'a> {
    usd_per_search: Option<SearchCostRow>,
    /// `per_query` where each query counts, not each call.
    billing_unit: Option<&'static str>,
    free_requests: Option<FreeRequestsRow<'a>>,
    usd_per_google_maps_query: Option<Usd>,
}

/// USD for a search, by how much it returns.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PricePerSearch")]
struct SearchCostRow {
    low: Usd,
    medium: Usd,
    high: Usd,
}

/// Searches that cost nothing. No estimate subtracts them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FreeSearches")]
struct FreeRequestsRow<'a> {
    count: u64,
    period: &'static str,
    /// Models that share them.
    shared_group: Option<&'a str>,
}

/// What the whole cost is multiplied by on an occasion.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Surcharge")]
struct UpliftRow {
    reason: &'static str,
    factor: Factor,
}

/// The reply's body. It follows from the catalogue and the day alone.
pub fn model_details(book: &Book, model: &Model) -> Vec<u8> {
    let facts = &model.facts;
    let provider = book.catalog.provider(model.provider);
    let profile = use_case::profile(model, book.today);
    let rare = facts.prices.rare.as_deref();
    let details = Details {
        id: &model.id,
        model_name: name(model),
        keys: &model.keys,
        v1_name: model.v1.as_ref().map(|v1| &*v1.name),
        provider: &provider.name,
        provider_slug: &provider.slug,
        mode: facts.mode.map(Mode::name),
        context_window: facts.max_input_tokens,
        max_output_tokens: facts.max_output_tokens,
        output_vector_size: facts.output_vector_size,
        capabilities: Capabilities {
            can: facts.capabilities.names(Known::Yes).collect(),
            cannot: facts.capabilities.names(Known::No).collect(),
        },
        status: status_word(model.status(book.today)),
        deprecation_date: facts.deprecation_date.map(|date| date.to_string()),
        currency: "USD",
        is_free_listing: model.is_free_listing(),
        rates: rate_rows(model.rates()),
        steps: step_rows(model),
        off_peak: rare
            .and_then(|rare| rare.off_peak.as_ref())
            .map(off_peak_row),
        units: rare.map_or_else(Vec::new, |rare| {
            let units = rare.units.iter();
            units
                .map(|&(unit, usd)| UnitRow {
                    unit: unit.name(),
                    usd,
                })
                .collect()
        }),
        web_search: rare.and_then(|rare| search_row(&rare.search)),
        uplifts: rare.map_or_else(Vec::new, |rare| {
            let uplifts = rare.uplifts.iter();
            uplifts
                .map(|&(uplift, factor)| UpliftRow {
                    reason: uplift.name(),
                    factor,
                })
                .collect()
        }),
        best_for: profile.best_for,
        use_cases: profile.use_cases,
        strengths: profile.strengths,
        cost_tier: profile.cost_tier.word(),
        blended_usd_per_1m_tokens: profile.blended_usd_per_million,
        throughput: throughput(model),
        latency_ms: latency_ms(model),
        measured: model.measured.as_deref().map(MeasuredBy::of),
        source: source(book, model),
        price_as_of: Timestamp::start_of(book.catalog.header().date),
        catalog: &book.stamp,
    };
    serde_json::to_vec(&details).expect("details hold only strings, numbers and lists of them")
}

fn rate_rows(rates: &Rates) -> Vec<RateRow> {
    rates
        .iter()
        .map(|(key, rate)| RateRow {
            rate: key.to_string(),
            component: key.component.name(),
            above_input_tokens: key.above_tokens,
            service_tier: tier_word(key.tier),
            per_token: rate.usd(),
            per_million: rate.per_million(),
        })
        .collect()
}

fn step_rows(model: &Model) -> Vec<StepRow> {
    model
        .steps()
        .iter()
        .map(|step| StepRow {
            above_input_tokens: step.above_tokens,
            up_to_input_tokens: step.up_to_tokens,
            rates: rate_rows(&step.rates),
        })
        .collect()
}

fn off_peak_row(off_peak: &OffPeak) -> OffPeakRow<'_> {
    let windows = off_peak.windows.iter().map(|window| WindowRow {
        hours_utc: window.hours_utc.iter().map(ToString::to_string).collect(),
        weekdays: &window.weekdays,
    });
    OffPeakRow {
        windows: windows.collect(),
        weekday_timezone: off_peak
            .weekday_zone
            .as_ref()
            .and_then(|zone| zone.iana_name())
            .unwrap_or("UTC"),
        rates: rate_rows(&off_peak.rates),
    }
}

/// `None` when nothing is known of searches.
fn search_row(search: &SearchPrices) -> Option<SearchRow<'_>> {
    (*search != SearchPrices::default()).then(|| SearchRow {
        usd_per_search: search.per_search.map(|cost| SearchCostRow {
            low: cost.low,
            medium: cost.medium,
            high: cost.high,
        }),
        billing_unit: match search.billing {
            SearchBilling::PerQuery => Some("per_query"),
            SearchBilling::Unsaid => None,
        },
        free_requests: search.free_requests.as_ref().map(|free| FreeRequestsRow {
            count: free.count,
            period: free.period.name(),
            shared_group: free.shared_group.as_deref(),
        }),
        usd_per_google_maps_query: search.google_maps_query,
    })
}
