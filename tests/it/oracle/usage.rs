//! What was used, by the names the wire has for it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::hours::Moment;

/// The optional part of a request for an estimate, with the names of the worked examples as
/// second ones.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_input_tokens: u64,
    #[serde(alias = "cache_creation_5m_input_tokens")]
    pub cache_creation_input_tokens: u64,
    pub cache_creation_1h_input_tokens: u64,
    pub reasoning_tokens: u64,
    pub audio_input_tokens: u64,
    pub audio_output_tokens: u64,
    pub web_search_requests: u64,
    pub search_context_size: Option<&'static str>,
    pub citation_tokens: u64,
    pub cache_type: Option<&'static str>,
    pub service_tier: Option<&'static str>,
    pub inference_geo: Option<&'static str>,
    pub data_residency: Option<&'static str>,
    pub vertex_location: Option<&'static str>,
    pub speed: Option<&'static str>,
    #[serde(alias = "billing_time_utc")]
    pub as_of: Option<&'static str>,
}

impl Usage {
    /// Nothing at all, now, at the standard price.
    pub const NONE: Usage = Usage {
        input_tokens: 0,
        output_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
        cache_creation_1h_input_tokens: 0,
        reasoning_tokens: 0,
        audio_input_tokens: 0,
        audio_output_tokens: 0,
        web_search_requests: 0,
        search_context_size: None,
        citation_tokens: 0,
        cache_type: None,
        service_tier: None,
        inference_geo: None,
        data_residency: None,
        vertex_location: None,
        speed: None,
        as_of: None,
    };

    /// When the call was made, where the usage says so.
    pub fn moment(&self) -> Option<Moment> {
        let parse = |text| OffsetDateTime::parse(text, &Rfc3339).expect("RFC 3339");
        Some(Moment::from(parse(self.as_of?)))
    }

    pub fn is_batch(&self) -> bool {
        self.service_tier == Some("batch")
    }
}
