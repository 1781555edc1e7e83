//! The fields that say what is to be priced: tokens, terms, and how often.

use std::time::SystemTime;

use time::OffsetDateTime;

use super::fields::Fields;
use crate::catalog::prices::Uplift;
use crate::clock::Timestamp;
use crate::estimate::{Occasions, Region, SearchSize, ServiceTier, Terms, Usage};
use crate::money::Factor;

/// More calls than anyone makes in a year.
const REQUESTS_MAX: u64 = 1_000_000_000_000;

/// What is to be priced, whichever the model.
pub struct Workload {
    pub usage: Usage,
    pub terms: Terms,
    /// How many such calls.
    pub requests: u64,
}

impl Workload {
    /// Reads the fields; what is wrong with them is noted there. `now` is when a call is made that does
    /// not say.
    pub fn read(fields: &mut Fields, now: SystemTime) -> Workload {
        let usage = usage(fields);
        let region = fields.parsed("region", Region::parse, PLACE);
        let occasions = occasions(fields, region);
        let requests = fields.positive("requests", REQUESTS_MAX);
        Workload {
            usage,
            requests: requests.unwrap_or(1),
            terms: Terms {
                service_tier: fields
                    .word("service_tier", &ServiceTier::NAMES)
                    .unwrap_or_default(),
                occasions,
                region,
                search_size: fields.word("search_context_size", &SearchSize::NAMES),
                explicit_cache: fields.word("cache_type", &CACHE_TYPES).unwrap_or(false),
                at: moment(fields, now),
                after_discount: fields.decimal(
                    "discount_percent",
                    |text| Factor::after_discount(text).ok(),
                    "Input should be a number from 0 to 100 with at most four decimals",
                ),
            },
        }
    }
}

const INFERENCE_GEOS: [(Region, &str); 2] = [(Region::Us, "us"), (Region::Global, "global")];
const DATA_RESIDENCIES: [(Region, &str); 3] = [
    (Region::Eu, "eu"),
    (Region::Us, "us"),
    (Region::Global, "global"),
];
const SPEEDS: [(Option<Uplift>, &str); 2] = [(Some(Uplift::SpeedFast), "fast"), (None, "standard")];
const CACHE_TYPES: [(bool, &str); 2] = [(true, "ephemeral"), (false, "implicit")];
const PLACE: &str = "Input should be a region, such as eu, us-east5 or global";

fn usage(fields: &mut Fields) -> Usage {
    let usage = Usage {
        input_tokens: fields.tokens("input_tokens"),
        output_tokens: fields.tokens("output_tokens"),
        cache_read_tokens: fields.count("cache_read_input_tokens"),
        cache_write_tokens: fields.count("cache_creation_input_tokens"),
        cache_write_1h_tokens: fields.count("cache_creation_1h_input_tokens"),
        audio_input_tokens: fields.count("audio_input_tokens"),
        reasoning_tokens: fields.count("reasoning_tokens"),
        audio_output_tokens: fields.count("audio_output_tokens"),
        citation_tokens: fields.count("citation_tokens"),
        web_searches: fields.count("web_search_requests"),
    };
    // A part that is larger than the whole would be billed twice or not at all, so it is refused before a
    // price is looked up. A whole that could not be read has been refused already.
    if fields.is_sound() {
        let special_input = usage.cache_read_tokens
            + usage.cache_write_tokens
            + usage.cache_write_1h_tokens
            + usage.audio_input_tokens;
        if special_input > usage.input_tokens {
            fields.contradiction(format!(
                "cache_read_input_tokens, cache_creation_input_tokens, cache_creation_1h_input_tokens and \
                 audio_input_tokens are part of input_tokens, but their sum {special_input} is more than \
                 {}",
                usage.input_tokens
            ));
        }
        let special_output = usage.reasoning_tokens + usage.audio_output_tokens;
        if special_output > usage.output_tokens {
            fields.contradiction(format!(
                "reasoning_tokens and audio_output_tokens are part of output_tokens, but their sum \
                 {special_output} is more than {}",
                usage.output_tokens
            ));
        }
    }
    usage
}

/// The occasions the request names in the words of the providers. A place among them that is not `region`
/// would be charged beside it, or although it was declined.
fn occasions(fields: &mut Fields, region: Option<Region>) -> Occasions {
    let inference_geo = fields.word("inference_geo", &INFERENCE_GEOS);
    let data_residency = fields.word("data_residency", &DATA_RESIDENCIES);
    let vertex_location = fields.parsed("vertex_location", Region::parse, PLACE);
    for (name, place) in [
        ("inference_geo", inference_geo),
        ("data_residency", data_residency),
        ("vertex_location", vertex_location),
    ] {
        if place.is_some() && region.is_some() && place != region {
            fields.contradiction(format!(
                "region and {name} are different places: send one of them, or the same in both"
            ));
        }
    }
    let is_regional = vertex_location.is_some_and(|place| place != Region::Global);
    let mut occasions = Occasions::default();
    for occasion in [
        (inference_geo == Some(Region::Us)).then_some(Uplift::InferenceUs),
        (data_residency == Some(Region::Eu)).then_some(Uplift::ProcessingEu),
        (data_residency == Some(Region::Us)).then_some(Uplift::ProcessingUs),
        is_regional.then_some(Uplift::RegionalEndpoint),
        fields.word("speed", &SPEEDS).flatten(),
    ]
    .into_iter()
    .flatten()
    {
        occasions.add(occasion);
    }
    occasions
}

fn moment(fields: &mut Fields, now: SystemTime) -> OffsetDateTime {
    fields
        .parsed(
            "as_of",
            Timestamp::parse,
            "Input should be a moment in RFC 3339, such as 2026-11-23T02:00:00Z",
        )
        .unwrap_or_else(|| now.into())
        .into()
}
