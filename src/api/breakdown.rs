//! An estimate's figures and reasons as they stand in a reply.

use schemars::JsonSchema;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::catalog::prices::Uplift;
use crate::estimate::{Estimate, Line, Part, What};
use crate::money::{Factor, Usd};

/// The rates applied, by what they are for: what a token costs, and what a million do.
pub struct Rates<'a>(pub &'a [Line]);

/// A rate with every multiplier in it.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AppliedRate {
    Token { per_token: Usd, per_million: Usd },
    Request { per_request: Usd },
}

impl Serialize for Rates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for line in self.0 {
            let (name, one) = (line.what.as_str(), line.price_of(1));
            let rate = if line.what == What::WebSearch {
                AppliedRate::Request { per_request: one }
            } else {
                AppliedRate::Token {
                    per_token: one,
                    per_million: line.price_of(1_000_000),
                }
            };
            map.serialize_entry(name, &rate)?;
        }
        map.end()
    }
}

/// One line per component: what, how many, at which rate, and what that costs.
pub struct Breakdown<'a>(pub &'a [Line]);

/// A component of the cost. Searches are counted in requests, everything else in tokens.
#[derive(Serialize, JsonSchema)]
pub struct CostLine {
    /// The component: input, output, cache_read, and so on.
    what: &'static str,
    /// The cost it is part of.
    part_of: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
    rate: Usd,
    cost: Usd,
}

impl Serialize for Breakdown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for line in self.0 {
            let counts_requests = line.what == What::WebSearch;
            rows.serialize_element(&CostLine {
                what: line.what.as_str(),
                part_of: match line.part_of {
                    Part::Input => "input_cost",
                    Part::Output => "output_cost",
                    Part::Tools => "tool_cost",
                },
                tokens: (!counts_requests).then_some(line.quantity),
                requests: counts_requests.then_some(line.quantity),
                rate: line.price_of(1),
                cost: line.cost,
            })?;
        }
        rows.end()
    }
}

/// What the rates are multiplied by, and why. The caller's own discount comes last; it is on the costs, and
/// not in the rates.
pub struct Multipliers<'a> {
    pub in_rates: &'a [(Uplift, Factor)],
    pub after_discount: Option<Factor>,
}

/// What rates or costs are multiplied by.
#[derive(Serialize, JsonSchema)]
pub struct Multiplier {
    reason: &'static str,
    factor: Factor,
}

impl Serialize for Multipliers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let in_rates = self.in_rates.iter().map(|&(uplift, factor)| Multiplier {
            reason: uplift.name(),
            factor,
        });
        let discount = self.after_discount.map(|factor| Multiplier {
            reason: "discount",
            factor,
        });
        serializer.collect_seq(in_rates.chain(discount))
    }
}

/// The costs of a number of calls.
#[derive(Serialize, JsonSchema)]
pub struct AllRequests {
    requests: u64,
    input_cost: Usd,
    output_cost: Usd,
    tool_cost: Usd,
    total_cost: Usd,
}

impl AllRequests {
    /// So many times an estimate; `None` when the sum is beyond what can be stated.
    pub fn of(estimate: &Estimate, requests: u64) -> Option<AllRequests> {
        Some(AllRequests {
            requests,
            input_cost: estimate.input_cost.times(requests)?,
            output_cost: estimate.output_cost.times(requests)?,
            tool_cost: estimate.tool_cost.times(requests)?,
            total_cost: estimate.total_cost.times(requests)?,
        })
    }

    pub fn total_cost(&self) -> Usd {
        self.total_cost
    }
}
