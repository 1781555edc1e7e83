//! The field names of LiteLLM's price map, and what becomes of each.
//!
//! A rate's field is `<stem>[_above_<N>k_tokens][_<tier>]`, for any N. A field that
//! looks like a price and is in none of the tables here stops the import, so that a price family new to
//! the map is never lost in silence.

use crate::catalog::capability::Capability;
use crate::catalog::prices::{Unit, Uplift};
use crate::catalog::rates::{Component, RateKey, Tier};
use crate::catalog::vocabulary::named;

/// What a field of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Rate(RateKey),
    Unit(Unit),
    Uplift(Uplift),
    Capability(Capability),
    Fact(Fact),
    /// Left out on purpose, or no concern of a price catalogue.
    Ignored,
    /// Looks like a price, and nobody has said what it is.
    UnknownPrice,
}

/// A field with a form of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Provider,
    Mode,
    MaxInputTokens,
    MaxOutputTokens,
    OutputVectorSize,
    DeprecationDate,
    Source,
    InputModalities,
    OutputModalities,
    Steps,
    OffPeak,
    PerSearch,
    SearchBilling,
    FreeRequests,
    GoogleMapsQuery,
    ProviderSpecific,
}

const FACTS: [(Fact, &str); 16] = [
    (Fact::Provider, "litellm_provider"),
    (Fact::Mode, "mode"),
    (Fact::MaxInputTokens, "max_input_tokens"),
    (Fact::MaxOutputTokens, "max_output_tokens"),
    (Fact::OutputVectorSize, "output_vector_size"),
    (Fact::DeprecationDate, "deprecation_date"),
    (Fact::Source, "source"),
    (Fact::InputModalities, "supported_modalities"),
    (Fact::OutputModalities, "supported_output_modalities"),
    (Fact::Steps, "tiered_pricing"),
    (Fact::OffPeak, "off_peak_pricing"),
    (Fact::PerSearch, "search_context_cost_per_query"),
    (Fact::SearchBilling, "web_search_billing_unit"),
    (Fact::FreeRequests, "search_free_requests"),
    (
        Fact::GoogleMapsQuery,
        "google_maps_grounding_cost_per_query",
    ),
    (Fact::ProviderSpecific, "provider_specific_entry"),
];

const STEMS: [(Component, &str); 16] = [
    (Component::Input, "input_cost_per_token"),
    (Component::Output, "output_cost_per_token"),
    (Component::CacheRead, "cache_read_input_token_cost"),
    (Component::CacheWrite, "cache_creation_input_token_cost"),
    (
        Component::CacheWrite1h,
        "cache_creation_input_token_cost_above_1hr",
    ),
    (
        Component::CacheWrite12h,
        "cache_creation_input_token_cost_above_12hr",
    ),
    (
        Component::ExplicitCacheRead,
        "explicit_cache_read_input_token_cost",
    ),
    (Component::Reasoning, "output_cost_per_reasoning_token"),
    (Component::AudioInput, "input_cost_per_audio_token"),
    (Component::AudioOutput, "output_cost_per_audio_token"),
    (
        Component::AudioCacheRead,
        "cache_read_input_audio_token_cost",
    ),
    (Component::ImageInput, "input_cost_per_image_token"),
    (Component::ImageOutput, "output_cost_per_image_token"),
    (Component::VideoInput, "input_cost_per_video_token"),
    (Component::VideoOutput, "output_cost_per_video_token"),
    (Component::Citation, "citation_cost_per_token"),
];

const TIER_SUFFIXES: [(Tier, &str); 6] = [
    (Tier::Flex, "_flex"),
    (Tier::Balanced, "_balanced"),
    (Tier::Priority, "_priority"),
    (Tier::Ultrafast, "_ultrafast"),
    (Tier::Batch, "_batches"),
    (Tier::Decisions, "_decisions"),
];

const UPLIFTS: [(Uplift, &str); 3] = [
    (
        Uplift::ProcessingEu,
        "regional_processing_uplift_multiplier_eu",
    ),
    (
        Uplift::ProcessingUs,
        "regional_processing_uplift_multiplier_us",
    ),
    (
        Uplift::RegionalEndpoint,
        "regional_endpoint_uplift_multiplier",
    ),
];

/// Members of `provider_specific_entry` that multiply a cost.
pub(super) const PROVIDER_UPLIFTS: [(Uplift, &str); 2] =
    [(Uplift::InferenceUs, "us"), (Uplift::SpeedFast, "fast")];

/// Price fields that are left out, each with the reason.
const IGNORED_PRICES: [(&str, &str); 7] = [
    (
        "input_cost_per_token_cache_hit",
        "repeats the cache read price; nothing in LiteLLM reads it",
    ),
    (
        "input_dbu_cost_per_token",
        "Databricks units, not dollars; the dollar price stands beside it",
    ),
    (
        "output_dbu_cost_per_token",
        "Databricks units, not dollars; the dollar price stands beside it",
    ),
    (
        "cache_read_input_image_token_cost",
        "nothing in LiteLLM reads it",
    ),
    (
        "cache_creation_input_audio_token_cost",
        "nothing in LiteLLM reads it",
    ),
    (
        "input_cost_per_request",
        "on four old Perplexity models; LiteLLM's calculator does not read it",
    ),
    (
        "guardrail_cost_per_unit",
        "a table of content filter prices; a filter is not a model",
    ),
];

/// Members of `provider_specific_entry` that are not prices, each with the reason.
pub(super) const IGNORED_PROVIDER_ENTRIES: [(&str, &str); 4] = [
    ("bedrock_invocation_schema", "the shape of a request"),
    ("dashscope_video_reference_input", "the shape of a request"),
    (
        "volcengine_video_frames",
        "frame sizes of video models, which are not billed per token",
    ),
    (
        "minimax_free_input_images",
        "an allowance of image models, which are not billed per token",
    ),
];

/// What gives a price field away.
const PRICE_WORDS: [&str; 5] = ["cost", "price", "pricing", "multiplier", "uplift"];

impl Field {
    pub fn named(name: &str) -> Field {
        let known = rate_key(name)
            .map(Field::Rate)
            .or_else(|| named(&FACTS, name).map(Field::Fact))
            .or_else(|| named(&UPLIFTS, name).map(Field::Uplift))
            .or_else(|| Unit::named(name).map(Field::Unit))
            .or_else(|| Capability::named(name.strip_prefix("supports_")?).map(Field::Capability));
        match known {
            Some(field) => field,
            None if IGNORED_PRICES.iter().any(|(ignored, _)| *ignored == name) => Field::Ignored,
            None if PRICE_WORDS.iter().any(|word| name.contains(word)) => Field::UnknownPrice,
            None => Field::Ignored,
        }
    }
}

/// The rate a field states, if it is a field of a rate.
pub(super) fn rate_key(name: &str) -> Option<RateKey> {
    let (rest, tier) = TIER_SUFFIXES
        .iter()
        .find_map(|&(tier, suffix)| Some((name.strip_suffix(suffix)?, tier)))
        .unwrap_or((name, Tier::Standard));
    // A stem may itself hold `_above_` (the cache times), so the whole is tried as a stem first.
    if let Some(component) = named(&STEMS, rest) {
        return Some(RateKey {
            component,
            above_tokens: 0,
            tier,
        });
    }
    let (stem, thousands) = rest.strip_suffix("k_tokens")?.rsplit_once("_above_")?;
    let above_tokens = thousands.parse::<u32>().ok()?.checked_mul(1000)?;
    Some(RateKey {
        component: named(&STEMS, stem)?,
        above_tokens,
        tier,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_field_names_component_threshold_and_tier() {
        for (field, key) in [
            ("input_cost_per_token", "input"),
            (
                "output_cost_per_token_above_272k_tokens_flex",
                "output>272k@flex",
            ),
            ("input_cost_per_token_above_333k_tokens", "input>333k"),
            (
                "cache_creation_input_token_cost_above_1hr",
                "cache_write_1h",
            ),
            (
                "cache_creation_input_token_cost_above_12hr_above_272k_tokens_batches",
                "cache_write_12h>272k@batch",
            ),
            ("citation_cost_per_token", "citation"),
        ] {
            assert_eq!(
                rate_key(field).map(|key| key.to_string()).as_deref(),
                Some(key),
                "{field}"
            );
        }
    }

    #[test]
    fn a_price_field_nobody_knows_is_not_ignored() {
        for field in [
            "input_cost_per_haptic_token",
            "input_cost_per_token_above_1hr",
            "input_cost_per_token_nightly",
        ] {
            assert_eq!(Field::named(field), Field::UnknownPrice, "{field}");
        }
        assert_eq!(Field::named("input_dbu_cost_per_token"), Field::Ignored);
        assert_eq!(Field::named("supports_system_messages"), Field::Ignored);
        assert_eq!(
            Field::named("supports_vision"),
            Field::Capability(Capability::Vision)
        );
    }
}
