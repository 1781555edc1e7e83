//! What was used, by the names the wire has for it; and when.

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

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
        Some(Moment(parse(self.as_of?)))
    }

    pub fn is_batch(&self) -> bool {
        self.service_tier == Some("batch")
    }
}

/// A moment, as far as opening hours are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Moment(OffsetDateTime);

impl Moment {
    pub fn now() -> Moment {
        Moment(OffsetDateTime::now_utc())
    }

    /// Minutes since midnight in UTC.
    pub fn minute(self) -> u32 {
        let utc = self.0.to_offset(UtcOffset::UTC);
        u32::from(utc.hour()) * 60 + u32::from(utc.minute())
    }

    /// The day of the week somewhere, from 1 for Monday to 7.
    pub fn weekday(self, timezone: &str) -> u8 {
        let hours_ahead = match timezone {
            "UTC" => 0,
            "Asia/Shanghai" => 8,
            other => panic!("no model has its weekdays in {other}"),
        };
        let offset = UtcOffset::from_hms(hours_ahead, 0, 0).expect("an offset");
        self.0.to_offset(offset).weekday().number_from_monday()
    }
}

#[test]
fn a_weekday_is_that_of_the_place() {
    let usage = Usage {
        as_of: Some("2026-11-22T17:30:00Z"),
        ..Usage::NONE
    };
    let moment = usage.moment().expect("a moment");
    assert_eq!(moment.minute(), 17 * 60 + 30);
    assert_eq!(moment.weekday("UTC"), 7, "Sunday");
    assert_eq!(moment.weekday("Asia/Shanghai"), 1, "Monday already");
}
