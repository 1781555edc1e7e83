//! What a call uses, and under which terms.

use time::OffsetDateTime;

use super::What;
use crate::catalog::prices::Uplift;
use crate::catalog::rates::Tier;
use crate::money::{Factor, Usd};

/// What a call uses. Cached, written and audio tokens are part of the input, reasoning and audio tokens
/// part of the output; whoever makes a usage sees to it that the parts fit into the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    /// Written to the cache for the provider's shortest time, usually 5 minutes.
    pub cache_write_tokens: u64,
    pub cache_write_1h_tokens: u64,
    pub audio_input_tokens: u64,
    pub reasoning_tokens: u64,
    pub audio_output_tokens: u64,
    /// Beside the input: tokens of cited search results.
    pub citation_tokens: u64,
    pub web_searches: u64,
}

impl Usage {
    /// A usage of plain text.
    pub fn text(input_tokens: u64, output_tokens: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens,
            ..Usage::default()
        }
    }

    /// The tokens by what they are billed as, plain input and output first. Every token is in one of them.
    pub(super) fn by_kind(&self) -> [(What, u64); 9] {
        let special_input = self.cache_read_tokens
            + self.cache_write_tokens
            + self.cache_write_1h_tokens
            + self.audio_input_tokens;
        let special_output = self.reasoning_tokens + self.audio_output_tokens;
        [
            (What::Input, self.input_tokens.saturating_sub(special_input)),
            (
                What::Output,
                self.output_tokens.saturating_sub(special_output),
            ),
            (What::CacheRead, self.cache_read_tokens),
            (What::CacheWrite, self.cache_write_tokens),
            (What::CacheWrite1h, self.cache_write_1h_tokens),
            (What::AudioInput, self.audio_input_tokens),
            (What::Citation, self.citation_tokens),
            (What::Reasoning, self.reasoning_tokens),
            (What::AudioOutput, self.audio_output_tokens),
        ]
    }
}

/// How a call is made, as far as it matters to its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub service_tier: ServiceTier,
    /// The occasions for a multiplier, those of the request's own words and those of its region.
    pub occasions: Occasions,
    pub region: Option<Region>,
    /// How much a web search returns, if the request says it.
    pub search_size: Option<SearchSize>,
    /// Whether cached tokens were read from a cache that was set up explicitly.
    pub explicit_cache: bool,
    /// When the call is made: off-peak hours and retirement depend on it.
    pub at: OffsetDateTime,
    /// What is left of every price after the caller's own discount, if there is one.
    pub after_discount: Option<Factor>,
}

impl Terms {
    /// The usual terms.
    pub fn at(at: OffsetDateTime) -> Terms {
        Terms {
            service_tier: ServiceTier::default(),
            occasions: Occasions::default(),
            region: None,
            search_size: None,
            explicit_cache: false,
            at,
            after_discount: None,
        }
    }
}

/// The service tiers a call can ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceTier {
    #[default]
    Standard,
    Flex,
    Priority,
    Balanced,
    Ultrafast,
    Batch,
    /// OpenAI's other word for its priority tier.
    Fast,
}

impl ServiceTier {
    /// Every word for a tier, the usual one first.
    pub const NAMES: [(ServiceTier, &str); 9] = [
        (ServiceTier::Standard, "standard"),
        (ServiceTier::Flex, "flex"),
        (ServiceTier::Priority, "priority"),
        (ServiceTier::Balanced, "balanced"),
        (ServiceTier::Ultrafast, "ultrafast"),
        (ServiceTier::Batch, "batch"),
        (ServiceTier::Standard, "auto"),
        (ServiceTier::Standard, "default"),
        (ServiceTier::Fast, "fast"),
    ];
}

/// The word for the tier a call is billed at.
pub fn tier_word(tier: Tier) -> &'static str {
    Tier::NAMES
        .iter()
        .find(|(named, _)| *named == tier)
        .map_or("standard", |(_, word)| word)
}

/// A set of occasions on which the whole cost of a call's tokens is multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasions(u8);

impl Occasions {
    pub fn add(&mut self, occasion: Uplift) {
        self.0 |= 1 << occasion as u8;
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Uplift> {
        let all = Uplift::NAMES.into_iter().map(|(occasion, _)| occasion);
        all.filter(move |occasion| self.0 & (1 << *occasion as u8) != 0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Where a call is to be processed, in the caller's words rather than in those of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    Global,
    Eu,
    Us,
    Other,
}

impl Region {
    /// Reads `eu`, `us-east5`, `europe-west4`, `global`, or the name of any other place.
    pub fn parse(text: &str) -> Option<Region> {
        const CHARS_MAX: usize = 64;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if text.is_empty() || text.len() > CHARS_MAX || !text.bytes().all(is_name) {
            return None;
        }
        let text = text.to_ascii_lowercase();
        let first = text.split('-').next().unwrap_or_default();
        Some(match first {
            _ if text == "global" => Region::Global,
            "eu" | "europe" => Region::Eu,
            "us" => Region::Us,
            _ => Region::Other,
        })
    }

    /// The occasions this region may be to one provider or another, the likeliest first; a model has at
    /// most one of them.
    pub(super) fn occasions(self) -> &'static [Uplift] {
        match self {
            Region::Global => &[],
            Region::Eu => &[Uplift::RegionalEndpoint, Uplift::ProcessingEu],
            Region::Us => &[
                Uplift::RegionalEndpoint,
                Uplift::ProcessingUs,
                Uplift::InferenceUs,
            ],
            Region::Other => &[Uplift::RegionalEndpoint],
        }
    }
}

/// How much context a web search returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchSize {
    Low,
    #[default]
    Medium,
    High,
}

impl SearchSize {
    pub const NAMES: [(SearchSize, &str); 3] = [
        (SearchSize::Low, "low"),
        (SearchSize::Medium, "medium"),
        (SearchSize::High, "high"),
    ];

    pub(super) fn price(self, prices: crate::catalog::prices::SearchCost) -> Usd {
        match self {
            SearchSize::Low => prices.low,
            SearchSize::Medium => prices.medium,
            SearchSize::High => prices.high,
        }
    }
}
