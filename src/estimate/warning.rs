//! What a caller should know of an estimate besides its figures.

use std::fmt;
use std::sync::Arc;

use time::Date;

use super::What;
use super::terms::tier_word;
use crate::catalog::prices::{Period, Uplift};
use crate::catalog::rates::Tier;

/// Why an estimate may not be what the caller thinks it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The model is no longer served, since this day if it is known.
    Retired { since: Option<Date> },
    /// The model will no longer be served from this day on.
    Retiring { on: Date },
    /// Every price of the model is an explicit zero.
    FreeListing,
    /// The input is longer than the model takes.
    AboveContextWindow { max_input_tokens: u64 },
    /// The output is longer than the model gives.
    AboveMaxOutput { max_output_tokens: u64 },
    /// The model has no rate at all of the tier asked for.
    TierNotPublished { tier: Tier },
    /// The provider's tiers are not part of its prices here, though the model may publish some.
    TierIgnored { tier: Tier, is_published: bool },
    /// The tier has no rate for this, so the standard one is used.
    TierIncomplete { tier: Tier, what: What },
    /// The tier has a rate for this, but none above the threshold that was crossed.
    ThresholdIncomplete {
        tier: Tier,
        what: What,
        above_tokens: u64,
    },
    /// No batch price is published; half of the standard price stands in.
    AssumedBatch,
    /// The model publishes batch prices, but not for this.
    BatchIncomplete { what: What },
    /// The model publishes a batch price for this, but none above the threshold that was crossed.
    BatchThresholdIncomplete { what: What, above_tokens: u64 },
    /// The model publishes no multiplier for what was asked.
    NoUplift { occasion: Uplift },
    /// The model publishes no multiplier for the region.
    NoRegionalPrice,
    /// Searches cost what those of the low size do, though another one was asked for.
    SearchSizeIgnored,
    /// All searches of a prompt are one charge.
    SearchesBilledOnce,
    /// An allowance that is not subtracted, as nobody here knows what is left of it.
    FreeSearches {
        count: u64,
        period: Period,
        shared_group: Option<Arc<str>>,
    },
    /// The output of an embedding is not charged.
    OutputNotBilled,
    /// A router's own fee; the model it picks is charged on top.
    RouterFeeOnly,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Retired { since: Some(since) } => write!(
                f,
                "retired since {since}; priced at its last known price"
            ),
            Warning::Retired { since: None } => {
                f.write_str("retired; priced at its last known price")
            }
            Warning::Retiring { on } => write!(f, "retires on {on}"),
            Warning::FreeListing => f.write_str(
                "free listing: every published price is zero, which may be a preview or an omission",
            ),
            Warning::AboveContextWindow { max_input_tokens } => write!(
                f,
                "input is longer than the context window of {max_input_tokens} tokens"
            ),
            Warning::AboveMaxOutput { max_output_tokens } => write!(
                f,
                "output is longer than the model's maximum of {max_output_tokens} tokens"
            ),
            Warning::TierNotPublished { tier } => {
                write!(f, "{} price not published; standard used", tier_word(*tier))
            }
            Warning::TierIgnored { tier, is_published } => {
                let tier = tier_word(*tier);
                write!(
                    f,
                    "this provider's calls are priced without service tiers; standard used instead of {tier}"
                )?;
                if *is_published {
                    write!(f, ", although a {tier} price is published")?;
                }
                Ok(())
            }
            Warning::TierIncomplete { tier, what } => write!(
                f,
                "{} price of {} not published; standard used",
                tier_word(*tier),
                what.words()
            ),
            Warning::ThresholdIncomplete {
                tier,
                what,
                above_tokens,
            } => write!(
                f,
                "{} price of {} above {above_tokens} input tokens not published; the standard price above \
                 {above_tokens} used",
                tier_word(*tier),
                what.words()
            ),
            Warning::AssumedBatch => f.write_str(
                "batch price not published; half of the standard price assumed",
            ),
            Warning::BatchIncomplete { what } => write!(
                f,
                "batch price of {} not published; the nearest published price used",
                what.words()
            ),
            Warning::BatchThresholdIncomplete { what, above_tokens } => write!(
                f,
                "batch price of {} above {above_tokens} input tokens not published; the batch price \
                 below it used",
                what.words()
            ),
            Warning::NoUplift { occasion } => write!(
                f,
                "no surcharge for {} published; standard price used",
                occasion_words(*occasion)
            ),
            Warning::NoRegionalPrice => f.write_str(
                "no surcharge for this region published under this name; standard price used",
            ),
            Warning::SearchSizeIgnored => f.write_str(
                "this provider's web searches are priced at the low size, whatever size is asked for",
            ),
            Warning::SearchesBilledOnce => {
                f.write_str("web searches are billed once per prompt, however many there are")
            }
            Warning::FreeSearches {
                count,
                period,
                shared_group,
            } => {
                let period = match period {
                    Period::Day => "day",
                    Period::Month => "month",
                };
                write!(f, "{count} free web searches a {period}")?;
                if let Some(group) = shared_group {
                    write!(f, ", shared by all models of {group},")?;
                }
                f.write_str(" are not subtracted")
            }
            Warning::OutputNotBilled => f.write_str("the output of an embedding is not billed"),
            Warning::RouterFeeOnly => f.write_str(
                "this is the router's own fee; the model it routes to is billed on top",
            ),
        }
    }
}

fn occasion_words(occasion: Uplift) -> &'static str {
    match occasion {
        Uplift::ProcessingEu => "data residency in the EU",
        Uplift::ProcessingUs => "data residency in the US",
        Uplift::RegionalEndpoint => "a regional endpoint",
        Uplift::InferenceUs => "inference in the US",
        Uplift::SpeedFast => "fast mode",
    }
}
