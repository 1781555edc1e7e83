//! Everything a model's publisher charges for.

use std::sync::Arc;

use super::off_peak::OffPeak;
use super::rates::Rates;
use super::vocabulary::name_of;
use crate::money::{Factor, Rate, Usd};

/// All prices of a model. Most models have rates only; the rest stands behind one pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    pub rates: Rates,
    pub rare: Option<Box<RarePrices>>,
}

/// The prices few models have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RarePrices {
    /// Rates by input length. Where there are any, they come before thresholds and service tiers.
    pub steps: Box<[Step]>,
    pub off_peak: Option<OffPeak>,
    /// Prices that are not per token, sorted by unit.
    pub units: Box<[(Unit, Usd)]>,
    pub search: SearchPrices,
    /// Multipliers on the whole cost, sorted by occasion.
    pub uplifts: Box<[(Uplift, Factor)]>,
}

/// One step of a `tiered_pricing` array: the whole request is priced at it when its input is in
/// `above_tokens < input <= up_to_tokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub above_tokens: u64,
    pub up_to_tokens: u64,
    pub rates: Rates,
}

/// What the tools of a model cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPrices {
    /// USD per web search.
    pub per_search: Option<SearchCost>,
    pub billing: SearchBilling,
    pub free_requests: Option<FreeRequests>,
    /// USD per query grounded in Google Maps.
    pub google_maps_query: Option<Usd>,
}

/// USD per web search, by how much context the search returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchCost {
    pub low: Usd,
    pub medium: Usd,
    pub high: Usd,
}

/// What counts as a web search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchBilling {
    /// The publisher does not say.
    #[default]
    Unsaid,
    /// Each query the model sends, rather than each prompt.
    PerQuery,
}

/// Searches that are not charged. A fact to report: the account's use of it is unknown here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeRequests {
    pub count: u64,
    pub period: Period,
    /// Models of one group share one allowance.
    pub shared_group: Option<Arc<str>>,
}

/// How often an allowance is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
}

impl Period {
    /// Every period with its name in LiteLLM's map and in the catalogue file.
    pub const NAMES: [(Period, &str); 2] = [(Period::Day, "day"), (Period::Month, "month")];

    pub fn name(self) -> &'static str {
        name_of(&Period::NAMES, self).unwrap_or_default()
    }
}

/// The occasions on which a whole cost is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Uplift {
    /// The data stays in the EU (OpenAI).
    ProcessingEu,
    /// The data stays in the US (OpenAI).
    ProcessingUs,
    /// A regional instead of the global endpoint (Vertex AI).
    RegionalEndpoint,
    /// Inference in the US only (Anthropic).
    InferenceUs,
    /// Fast mode (Anthropic).
    SpeedFast,
}

impl Uplift {
    /// Every uplift with its name in the catalogue file.
    pub const NAMES: [(Uplift, &str); 5] = [
        (Uplift::ProcessingEu, "processing_eu"),
        (Uplift::ProcessingUs, "processing_us"),
        (Uplift::RegionalEndpoint, "regional_endpoint"),
        (Uplift::InferenceUs, "inference_us"),
        (Uplift::SpeedFast, "speed_fast"),
    ];

    pub fn name(self) -> &'static str {
        name_of(&Uplift::NAMES, self).unwrap_or_default()
    }
}

/// A unit other than the token. It keeps LiteLLM's field name, which says what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit(&'static str);

impl Unit {
    /// Every unit there is.
    pub const NAMES: [&str; 45] = [
        "annotation_cost_per_page",
        "annotation_cost_per_page_batches",
        "code_interpreter_cost_per_session",
        "computer_use_input_cost_per_1k_tokens",
        "computer_use_output_cost_per_1k_tokens",
        "cost_per_second",
        "file_search_cost_per_1k_calls",
        "file_search_cost_per_gb_per_day",
        "input_cost_per_audio_per_second",
        "input_cost_per_audio_per_second_above_128k_tokens",
        "input_cost_per_character",
        "input_cost_per_character_above_128k_tokens",
        "input_cost_per_image",
        "input_cost_per_image_above_128k_tokens",
        "input_cost_per_pixel",
        "input_cost_per_query",
        "input_cost_per_second",
        "input_cost_per_text_message",
        "input_cost_per_video_per_second",
        "input_cost_per_video_per_second_above_128k_tokens",
        "input_cost_per_video_per_second_above_15s_interval",
        "input_cost_per_video_per_second_above_8s_interval",
        "ocr_cost_per_credit",
        "ocr_cost_per_page",
        "ocr_cost_per_page_batches",
        "output_cost_per_character",
        "output_cost_per_character_above_128k_tokens",
        "output_cost_per_image",
        "output_cost_per_image_0.5K",
        "output_cost_per_image_1024",
        "output_cost_per_image_1536",
        "output_cost_per_image_1K",
        "output_cost_per_image_2K",
        "output_cost_per_image_4K",
        "output_cost_per_image_512",
        "output_cost_per_pixel",
        "output_cost_per_second",
        "output_cost_per_second_1080p",
        "output_cost_per_second_2k",
        "output_cost_per_second_480p",
        "output_cost_per_second_4k",
        "output_cost_per_second_720p",
        "output_cost_per_second_768p",
        "output_cost_per_video_per_second",
        "vector_store_cost_per_gb_per_day",
    ];

    /// The unit of that name.
    pub fn named(text: &str) -> Option<Unit> {
        Unit::NAMES.into_iter().find(|name| *name == text).map(Unit)
    }

    pub fn name(self) -> &'static str {
        self.0
    }
}

impl RarePrices {
    /// The price of one unit.
    pub fn unit(&self, name: &str) -> Option<Usd> {
        self.units
            .iter()
            .find(|(unit, _)| unit.name() == name)
            .map(|&(_, usd)| usd)
    }
}

impl Prices {
    /// The rare prices, boxed only when there are any.
    pub fn new(rates: Rates, rare: RarePrices) -> Prices {
        let rare = (rare != RarePrices::default()).then(|| Box::new(rare));
        Prices { rates, rare }
    }

    /// Changes every price per token: flat ones, those by input length and those of certain hours.
    pub fn change_rates(&mut self, change: impl Fn(Rate) -> Rate) {
        self.rates.change(&change);
        let Some(rare) = &mut self.rare else { return };
        rare.steps
            .iter_mut()
            .for_each(|step| step.rates.change(&change));
        if let Some(off_peak) = &mut rare.off_peak {
            off_peak.rates.change(&change);
        }
    }
}
