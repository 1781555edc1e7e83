//! What the tables take from the documents of the API.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::money::Usd;

/// A number as the document has it, to the last digit.
#[derive(Deserialize)]
pub struct Figure(Box<RawValue>);

#[derive(Deserialize)]
pub struct PricingList {
    pub models: Vec<PricingRow>,
}

#[derive(Deserialize)]
pub struct PricingRow {
    pub id: String,
    pub cost_at_1m_tokens: PerMillion,
    pub context_window: Option<u64>,
    pub status: String,
}

#[derive(Deserialize)]
pub struct PerMillion {
    pub input_cost: Figure,
    pub output_cost: Figure,
}

#[derive(Deserialize)]
pub struct Estimated {
    pub resolved_model: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub input_cost: Figure,
    pub output_cost: Figure,
    pub total_cost: Figure,
    pub breakdown: Vec<Line>,
    pub all_requests: Option<AllRequests>,
    pub warnings: Vec<String>,
    pub price_as_of: String,
}

#[derive(Deserialize)]
pub struct Line {
    pub what: String,
    pub tokens: Option<u64>,
    pub requests: Option<u64>,
    pub rate: Figure,
    pub cost: Figure,
}

#[derive(Deserialize)]
pub struct AllRequests {
    pub requests: u64,
    pub total_cost: Figure,
}

#[derive(Deserialize)]
pub struct Compared {
    pub models: Vec<ComparedRow>,
    pub cheapest_resolved_model: Option<String>,
    pub requests: u64,
}

#[derive(Deserialize)]
pub struct ComparedRow {
    pub model_name: String,
    pub resolved_model: Option<String>,
    pub input_cost: Figure,
    pub output_cost: Figure,
    pub total_cost: Figure,
    pub all_requests: Option<AllRequests>,
    pub is_available: bool,
    pub error_message: Option<String>,
    pub warnings: Vec<String>,
    #[serde(default)]
    pub suggestions: Vec<String>,
    #[serde(default)]
    pub candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
pub struct Candidate {
    pub model: String,
}

impl Figure {
    pub fn text(&self) -> &str {
        self.0.get()
    }

    pub fn usd(&self) -> Usd {
        Usd::parse(self.text()).expect("the document's amounts are amounts")
    }
}
